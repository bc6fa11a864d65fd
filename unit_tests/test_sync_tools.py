"""The parts of `snow-atlas-sync` and `make sync` that need neither PyAirbyte nor a server."""

from __future__ import annotations

import json
import sys
import sysconfig
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from snow_atlas_sync import command, errors, inputs, warehouse
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.observer import ObservedExecutor, SyncReport
from snow_atlas_sync.progress import describe
from snow_atlas_sync.text_table import text_table
from tools import sync

needs_pyairbyte = pytest.mark.skipif(
    find_spec("airbyte") is None, reason="needs PyAirbyte (Python 3.10 to 3.12)"
)


def status(stream: str, value: str, moment: int) -> str:
    described = {"stream_descriptor": {"name": stream}, "status": value}
    return json.dumps(
        {
            "type": "TRACE",
            "trace": {"type": "STREAM_STATUS", "emitted_at": moment, "stream_status": described},
        }
    )


def failure(message: str, stream: str | None) -> str:
    error: dict[str, Any] = {"message": message, "failure_type": "config_error"}
    if stream is not None:
        error["stream_descriptor"] = {"name": stream}
    return json.dumps({"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1, "error": error}})


def test_report_counts_records_however_the_line_is_spaced() -> None:
    """The table at the end would show wrong numbers of records."""
    report = SyncReport.of(["computers", "licenses"])
    report.see('{"type":"RECORD","record":{"stream":"computers","data":{"id":"1"},"emitted_at":1}}')
    report.see('{"type": "RECORD", "record": {"stream": "computers", "data": {}, "emitted_at": 1}}')
    report.see('{"record": {"data": {"stream": "computers"}, "stream": "licenses"}, "type": "RECORD"}')
    report.see("not a message")
    report.see("[]")
    assert {name: stream.records for name, stream in report.streams.items()} == {
        "computers": 2,
        "licenses": 1,
    }
    assert report.records == 3


def test_report_knows_how_each_stream_ended() -> None:
    """A stream that failed would pass for one without records."""
    report = SyncReport.of(["computers", "licenses"])
    for line in (
        status("computers", "STARTED", 1_000),
        status("licenses", "STARTED", 1_500),
        status("computers", "RUNNING", 1_600),
        status("computers", "COMPLETE", 3_000),
        failure("the permission sam.licenses.r is missing", "licenses"),
        status("licenses", "INCOMPLETE", 4_000),
        failure("one stream failed", None),
    ):
        report.see(line)
    assert report.streams["computers"].complete
    assert report.streams["computers"].seconds == 2
    assert [(s.name, s.error) for s in report.failed] == [
        ("licenses", "the permission sam.licenses.r is missing")
    ]
    assert report.error == "one stream failed"
    assert report.ended == 2


def test_report_gathers_repeated_warnings() -> None:
    """A warning per record would bury the table; a dropped one would hide what was skipped."""
    report = SyncReport.of([])
    for _ in range(3):
        report.see(json.dumps({"type": "LOG", "log": {"level": "WARN", "message": "a computer is gone"}}))
    report.see(json.dumps({"type": "LOG", "log": {"level": "INFO", "message": "starting"}}))
    assert report.warnings == {"a computer is gone": 3}


def test_observed_executor_passes_everything_on() -> None:
    """PyAirbyte would not get what the connector wrote."""

    class Executor:
        name = "source-snow-atlas"

        def execute(self, args: list[str], **_options: Any) -> list[str]:
            return [*args, '{"type":"RECORD","record":{"stream":"computers","data":{}}}']

    report = SyncReport.of(["computers"])
    observed = ObservedExecutor(Executor(), report)
    assert observed.name == "source-snow-atlas"
    assert len(list(observed.execute(["read"], stdin=None, suppress_stderr=True))) == 2
    assert report.records == 1


def test_progress_names_what_is_being_read() -> None:
    """A user would not see whether a long sync is alive and where it is."""
    report = SyncReport.of(["computers", "licenses"])
    assert "the connector is starting" in describe(report, 1)
    report.see(status("computers", "STARTED", 1))
    report.see('{"type":"RECORD","record":{"stream":"computers","data":{}}}')
    assert describe(report, 2).strip() == "2 s  0 of 2 streams, 1 records; reading computers"
    for name in ("computers", "licenses"):
        report.see(status(name, "COMPLETE", 2))
    assert describe(report, 3).endswith("writing the tables")


def test_table_lines_columns_up() -> None:
    """Numbers of different length would be hard to compare."""
    moment = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)
    table = text_table(
        ("name", "count", "seen", ""), [("a", 12345, moment, ""), ("bcd", 6, None, "incomplete")]
    )
    assert table.splitlines() == [
        "  name   count  seen",
        "  ----  ------  ----------------",
        "  a     12,345  2026-01-02 03:04",
        "  bcd        6  -                 incomplete",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ("[]", "must hold one JSON object"), (None, "can't be read")],
)
def test_bad_configuration_file_gives_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    """The user would get a traceback for a typing error in the configuration."""
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert command.main(["--config", str(path)]) == 1
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


THREE = ["agreements", "computers", "licenses"]


def test_streams_are_picked_by_comma_or_space() -> None:
    """`make sync STREAMS=...` would read something else than was asked for."""
    assert inputs.choose("licenses,agreements", THREE) == ["agreements", "licenses"]
    assert inputs.choose(" licenses  agreements ", THREE) == ["agreements", "licenses"]


def test_misspelt_stream_gets_a_suggestion() -> None:
    """A typing error would read nothing and say nothing."""
    with pytest.raises(SyncError, match="no stream computer; did you mean computers"):
        inputs.choose("computer", THREE)
    with pytest.raises(SyncError, match="there are: agreements, computers, licenses"):
        inputs.choose("zzz", THREE)


def test_suggested_streams_are_those_of_the_metadata() -> None:
    """The command in the wheel, which has no metadata.yaml, would read other tables than Airbyte does."""
    metadata = Path(__file__).parent.parent / "metadata.yaml"
    data = yaml.safe_load(metadata.read_text(encoding="utf-8"))["data"]
    assert sorted(inputs.suggested_streams()) == data["suggestedStreams"]["streams"]


CONFIG = {"region": "westeurope", "client_id": "a", "client_secret": "s3cret"}


def refused(capsys: pytest.CaptureFixture[str], folder: Path, config: dict[str, Any], *arguments: str) -> str:
    """The one line with which the command refuses a configuration and further options."""
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    assert command.main(["--config", str(path), *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("snow-atlas-sync: ")
    assert said.count("\n") == 1
    assert "s3cret" not in said
    return said


@pytest.mark.parametrize(
    ("config", "arguments", "said"),
    [
        ({"region": "mars"}, (), "Set region to one of"),
        ({"client_secret": " s3cret"}, (), "client_secret"),
        ({"client_secret": {"s3cret": 1}}, (), "client_secret"),
        ({"page_size": 0}, (), "page_size"),
        ({"filters": [{"stream": "s", "filter": 'a -eq "b"'}]}, (), "filters the stream 's'"),
        ({"accept_missing_rows": ["nothing"]}, (), "accept_missing_rows"),
        ({}, ("--streams", "computer"), "did you mean computers"),
    ],
)
def test_mistakes_are_said_before_pyairbyte_is_looked_for(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, Any],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    """The user would wait ten seconds for a typing error, or install hundreds of megabytes to learn of it."""
    monkeypatch.setattr(warehouse, "require_pyairbyte", lambda: pytest.fail("PyAirbyte comes last"))
    assert said in refused(capsys, tmp_path, {**CONFIG, **config}, *arguments)


def test_command_without_configuration_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The sandbox is not in the wheel: a user who tries the command would get a traceback."""
    assert command.main([]) == 1
    assert "--config FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (10, 'Install it with: pip install "airbyte-source-snow-atlas[sync]"'),
        (12, "Install it with"),
        (13, "supports Python up to 3.12, and this is Python 3.13"),
    ],
)
def test_missing_pyairbyte_gives_the_way_to_it(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    python: int,
    said: str,
) -> None:
    """On Python 3.13 the extra installs nothing: the user would install it again and again."""
    monkeypatch.setattr(warehouse, "find_spec", lambda _name: None)
    monkeypatch.setattr(errors, "sys", SimpleNamespace(version_info=SimpleNamespace(minor=python)))
    assert said in refused(capsys, tmp_path, CONFIG)


def test_missing_pyairbyte_in_a_clone_gives_the_make_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user of `make sync` would install into another environment than the one that make uses."""
    monkeypatch.setenv("AIRBYTE_CACHE_ROOT", "")
    monkeypatch.setattr(warehouse, "find_spec", lambda _name: None)
    assert sync.main([]) == 1
    assert "make sync PYTHON=python3.12" in capsys.readouterr().err


@needs_pyairbyte
@pytest.mark.parametrize("database", [".", "file.txt/x.duckdb", "file.txt"])
def test_database_that_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    """The user would learn of it when all was read and nothing can be kept."""
    monkeypatch.setattr(warehouse, "pyairbyte", lambda: pytest.fail("PyAirbyte comes last"))
    (tmp_path / "file.txt").write_text("a text", encoding="utf-8")
    assert "can't be used as the database" in refused(
        capsys, tmp_path, CONFIG, "--database", str(tmp_path / database)
    )


def test_connector_is_found_without_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command would work only in an environment that is activated, or run another connector."""
    monkeypatch.setenv("PATH", "")
    assert warehouse.executable().parent == Path(sys.executable).parent


def test_connector_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyAirbyte would say that it can't execute `spec`."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    with pytest.raises(SyncError, match="source-snow-atlas is missing"):
        warehouse.executable()


def test_temporary_files_go_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are as large as what is read, and would fill another disk, or lie in site-packages."""
    monkeypatch.delenv("AIRBYTE_CACHE_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert warehouse.scratch() == tmp_path / "cache" / "snow-atlas-sync"
    monkeypatch.setenv("AIRBYTE_CACHE_ROOT", str(tmp_path / "named"))
    assert warehouse.scratch() == tmp_path / "named"
    (tmp_path / "file").touch()
    monkeypatch.setenv("AIRBYTE_CACHE_ROOT", str(tmp_path / "file" / "x"))
    with pytest.raises(SyncError, match="AIRBYTE_CACHE_ROOT"):
        warehouse.scratch()


@needs_pyairbyte
def test_two_syncs_at_a_time_keep_what_they_read_apart(tmp_path: Path) -> None:
    """A value that one database refused would be looked for, and named, in what the other had read."""
    caches = [warehouse.duckdb_cache(tmp_path / f"{name}.duckdb") for name in ("one", "two")]
    folders = [Path(cache.cache_dir) for cache in caches]
    for cache in caches:
        cache.close()
    assert folders[0] != folders[1]
    assert all(folder.is_dir() for folder in folders)


def test_the_databases_own_words_are_found() -> None:
    """The user would be told that some SQL failed, and not why."""
    wrapped = RuntimeError(
        "Error when executing SQL:\nDROP TABLE computers\n"
        "InternalError(psycopg2.errors.DependentObjectsStillExist) cannot drop table computers\nDETAIL: a "
        "view"
    )
    assert warehouse.database_message(wrapped) == "cannot drop table computers"
    assert warehouse.database_message(RuntimeError("one\ntwo")) == "one"
