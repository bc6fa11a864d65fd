"""The parts of `make sync` that need neither PyAirbyte nor a server."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from snow_atlas_sync import inputs
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.observer import ObservedExecutor, SyncReport
from snow_atlas_sync.progress import describe
from snow_atlas_sync.text_table import text_table


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
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1


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
