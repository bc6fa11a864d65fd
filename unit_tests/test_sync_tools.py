"""The parts of `snow-atlas-sync` that need neither a server nor a database."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from snow_atlas_sync import command, folder, inputs, process, spool, sync
from snow_atlas_sync.connector import CheckResult
from snow_atlas_sync.errors import Stopped, SyncError
from snow_atlas_sync.outcome import NOT_LOADED, SyncReport
from snow_atlas_sync.progress import bar, describe
from snow_atlas_sync.text_table import counted, text_table


def status(stream: str, value: str, moment: int) -> bytes:
    described = {"stream_descriptor": {"name": stream}, "status": value}
    trace = {"type": "STREAM_STATUS", "emitted_at": moment, "stream_status": described}
    return json.dumps({"type": "TRACE", "trace": trace}).encode()


def failure(message: str, stream: str | None) -> bytes:
    error: dict[str, Any] = {"message": message, "failure_type": "config_error"}
    if stream is not None:
        error["stream_descriptor"] = {"name": stream}
    return json.dumps({"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1, "error": error}}).encode()


def test_report_knows_how_each_stream_ended() -> None:
    """A stream that failed, or that nothing was heard of, would pass for one without records."""
    report = SyncReport.of(["computers", "licenses", "users"])
    for line in (
        b"not a message",
        b"[]",
        status("computers", "STARTED", 1_000),
        status("licenses", "STARTED", 1_500),
        status("computers", "RUNNING", 1_600),
        status("computers", "COMPLETE", 3_000),
        failure("the permission sam.licenses.r is missing", "licenses"),
        status("licenses", "INCOMPLETE", 4_000),
        failure("one stream failed", None),
    ):
        report.update(line)
    assert report.streams["computers"].complete
    assert report.streams["computers"].seconds == 2
    assert [(s.name, s.error) for s in report.failed] == [
        ("licenses", "the permission sam.licenses.r is missing"),
        ("users", ""),
    ]
    assert report.error == "one stream failed"
    assert report.ended == 2


def test_report_gathers_repeated_warnings() -> None:
    """A warning per record would bury the table; a dropped one would hide what was skipped."""
    report = SyncReport.of([])
    for _ in range(3):
        report.update(
            json.dumps({"type": "LOG", "log": {"level": "WARN", "message": "a computer is gone"}}).encode()
        )
    report.update(json.dumps({"type": "LOG", "log": {"level": "INFO", "message": "starting"}}).encode())
    assert report.warnings == {"a computer is gone": 3}


def record(stream: str, number: int, spaced: bool = False) -> bytes:
    message = {"type": "RECORD", "record": {"stream": stream, "data": {"id": str(number)}, "emitted_at": 1}}
    return json.dumps(message, separators=None if spaced else (",", ":")).encode() + b"\n"


def test_files_hold_each_streams_records_and_the_report_their_number(tmp_path: Path) -> None:
    """Rows of streams that are read side by side would get into one another's tables."""
    import pyarrow.parquet as pq

    report = SyncReport.of(["computers", "licenses", "organizations"])
    files = spool.Spool(tmp_path, holds_nul=True)
    lines = [record("computers" if n % 3 else "licenses", n, spaced=n % 2 == 0) for n in range(10_000)]
    files.write([*lines[:5000], status("computers", "STARTED", 1), *lines[5000:]], report)
    for name, count in (("computers", 6_666), ("licenses", 3_334), ("organizations", 0)):
        file = files.file(name)
        file.close()
        assert report.streams[name].records == file.rows == count
        ids = [int(text) for text in pq.read_table(file.path)["id"].to_pylist()]
        assert ids == [n for n in range(10_000) if name == ("computers" if n % 3 else "licenses")][:count]


@pytest.mark.parametrize("count", [1_999, 2_000, 2_001])
def test_a_record_that_is_cut_off_fails_its_stream(tmp_path: Path, count: int) -> None:
    """A connector that is killed as it writes a line would end the sync with a traceback."""
    files = spool.Spool(tmp_path, holds_nul=True)
    lines = [record("computers", number) for number in range(count)]
    files.write([record("licenses", 1), *lines[:-1], lines[-1][:-10]], SyncReport.of(["computers"]))
    for name, error in (("computers", "the connector wrote a record that can't be parsed"), ("licenses", "")):
        files.file(name).close()
        assert files.file(name).error.startswith(error)
        assert bool(files.file(name).error) == bool(error)


def test_a_table_of_unparsed_records_is_not_loaded(tmp_path: Path) -> None:
    """Rows that are missing would be loaded as if they had been deleted in Snow Atlas."""
    files = spool.Spool(tmp_path, holds_nul=True)
    report = SyncReport.of(["computers", "licenses"])
    ends = [status(name, "COMPLETE", 1) for name in report.streams]
    files.write([record("computers", 1)[:-10], record("licenses", 1), *ends], report)
    loaded: list[str] = []

    class Destination:
        def load(self, tables: Any, outcome: Any) -> None:
            loaded.extend(table.stream for table in tables)

    sync.load(files, Destination(), report, ())  # type: ignore[arg-type]
    assert loaded == ["licenses"]
    assert [stream.name for stream in report.failed] == ["computers"]


def test_progress_names_what_is_being_read_and_loaded() -> None:
    """A user would not see whether a long sync is alive and where it is."""
    report = SyncReport.of(["computers", "licenses"])
    assert "the connector is starting" in describe(report, 1)
    report.update(status("computers", "STARTED", 1))
    report.streams["computers"].records = 10
    estimate = {"type": "ESTIMATE", "estimate": {"name": "computers", "type": "STREAM", "row_estimate": 20}}
    report.update(json.dumps({"type": "TRACE", "trace": estimate}).encode())
    assert report.share == 0.25
    assert bar(report.share) == "  [##--------]"
    assert describe(report, 2) == "0 of 2 streams, 10 records (5 a second); reading computers"
    for name in ("computers", "licenses"):
        report.update(status(name, "COMPLETE", 2))
    report.loading = "2 tables"
    assert describe(report, 3).endswith("loading 2 tables")
    assert report.share == 1


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


THREE = ["agreements", "computers", "licenses"]


def test_one_stream_is_no_streams(capsys: pytest.CaptureFixture[str]) -> None:
    assert (counted(1, "stream"), counted(0, "record")) == ("1 stream", "0 records")
    command.print_report(SyncReport.of(["computers"]), 2.0)
    assert "1 stream, 0 records, 2 seconds from start to end" in capsys.readouterr().out


def test_a_failed_load_is_not_called_a_failed_read(capsys: pytest.CaptureFixture[str]) -> None:
    """The user would look for the cause in Snow Atlas."""
    report = SyncReport.of(["computers", "licenses"])
    report.streams["computers"].fail("the disk is full", NOT_LOADED)
    report.streams["licenses"].fail("HTTP 500")
    command.print_report(report, 2.0)
    printed = capsys.readouterr().out
    assert "computers could not be loaded, so its table is unchanged: the disk is full" in printed
    assert "licenses was not read completely, so its table is unchanged: HTTP 500" in printed


def test_streams_are_picked_by_comma_or_space() -> None:
    """`make sync STREAMS=...` would read something else than was asked for."""
    assert inputs.choose("licenses,agreements", THREE) == ["agreements", "licenses"]
    assert inputs.choose(" licenses  agreements ", THREE) == ["agreements", "licenses"]
    assert inputs.choose("all", THREE) == THREE
    assert inputs.choose("", THREE) == []
    with pytest.raises(SyncError, match=",, names no stream"):
        inputs.choose(",,", THREE)
    with pytest.raises(SyncError, match="The name all stands alone"):
        inputs.choose("all,licenses", THREE)


def test_misspelt_stream_gets_the_nearest_names() -> None:
    """A typing error would read nothing, or print 168 names."""
    with pytest.raises(SyncError, match=r"There is no stream computer; did you mean computers\?$"):
        inputs.choose("computer", THREE)
    with pytest.raises(SyncError) as raised:
        inputs.choose("zzz", inputs.available_streams())
    assert "did you mean" not in str(raised.value)
    assert len(str(raised.value)) < 200


def test_all_misspelt_streams_are_named_at_once() -> None:
    """A user with three typing errors would need four attempts."""
    with pytest.raises(SyncError) as raised:
        inputs.choose("licences,zzz,computers,licences,agreement", inputs.available_streams())
    said = str(raised.value)
    assert [said.count(f"no stream {name}") for name in ("licences", "zzz", "agreement")] == [1, 1, 1]
    assert "did you mean licenses" in said
    assert "no stream computers" not in said


def test_a_stream_that_cannot_be_incremental_is_refused() -> None:
    """The user would believe that only news are read."""
    assert inputs.incremental("audit_logs computers") == {"audit_logs", "computers"}
    with pytest.raises(SyncError, match=r"licenses is not incremental; these are: .*audit_logs"):
        inputs.incremental("licenses")


def test_suggested_streams_are_those_of_the_metadata() -> None:
    """The command in the wheel, which has no metadata.yaml, would read other tables than Airbyte does."""
    metadata = Path(__file__).parent.parent / "metadata.yaml"
    data = yaml.safe_load(metadata.read_text(encoding="utf-8"))["data"]
    assert sorted(inputs.suggested_streams()) == data["suggestedStreams"]["streams"]


def test_a_stream_lacks_the_permission_of_its_parents_too() -> None:
    """A stream would be asked for that can't be read, or be left out though it can."""
    result = CheckResult("", frozenset({("computers", "sam.computer.r")}))
    assert result.missing_permission("computers") == "sam.computer.r"
    assert result.missing_permission("computer_details") == "sam.computer.r"
    assert result.missing_permission("licenses") == ""


def exits(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The code and the error output of the command."""
    kept = {number: signal.getsignal(number) for number in process.SIGNALS}
    try:
        code = process.exit_code("snow-atlas-sync", lambda: command.main(arguments))
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not valid JSON (line 1, column 2"),
        ("[]", "must hold a JSON object"),
        (None, "can't be read: No such file or directory."),
    ],
)
def test_bad_configuration_file_gives_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    """The user would get a traceback for a typing error in the configuration."""
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    code, printed = exits(capsys, "--config", str(path))
    assert code == 1
    assert said in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("old.json", "old.json is not a DuckDB file: name another file"),
        ("old.csv", "old.csv is not a DuckDB file"),
        ("old.parquet", "old.parquet is not a DuckDB file"),
        (":memory:", ":memory: is no file: name a file"),
        ("md:analytics", "md:analytics is no file"),
    ],
)
def test_a_database_that_keeps_no_tables_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    """DuckDB opens such a file as a database in memory: a sync would end well, and its tables be lost."""
    from snow_atlas_sync.report import command as report_command

    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text("{}", encoding="utf-8")
    if name.startswith("old"):
        Path(name).write_text("PAR1, a, b\n1, 2, 3\n", encoding="utf-8")
    code, printed = exits(capsys, "--config", "config.json", "--database", name)
    assert code == 1
    assert printed.startswith(f"snow-atlas-sync: {said}")
    assert printed.count("\n") == 1
    with pytest.raises(SyncError, match=said):
        report_command.main(["--no-sync", "--database", name])


def test_a_database_may_be_new_or_duckdbs_own(tmp_path: Path) -> None:
    """Nobody could sync a second time."""
    import duckdb

    path = tmp_path / "new.duckdb"
    inputs.check_database(path)
    duckdb.connect(str(path)).close()
    inputs.check_database(path)


def test_a_configuration_may_have_the_encodings_that_the_connector_reads(tmp_path: Path) -> None:
    """A file of Windows PowerShell, in UTF-16, would work with one of the two commands only."""
    path = tmp_path / "config.json"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text('{"region": "\u00e5"}', encoding=encoding)
        assert inputs.load(path) == {"region": "\u00e5"}


def test_command_without_configuration_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The sandbox is not in the wheel: a user who tries the command would get a traceback."""
    code, printed = exits(capsys)
    assert code == 1
    assert "--config FILE" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--config", "no/such/file"],
        ["--config", "config.json", "--streams", "computer"],
        ["--config", "config.json", "--streams", "all,licenses"],
        ["--config", "config.json", "--incremental", "licenses"],
    ],
)
def test_messages_are_whole_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """A message without an end looks cut off, and the user searches for the rest."""
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text("{}", encoding="utf-8")
    code, printed = exits(capsys, *arguments)
    assert code == 1
    assert re.fullmatch(r"snow-atlas-sync: [A-Z].*[.?]\n", printed)


def test_what_is_not_installed_is_named_with_its_extra() -> None:
    """Whoever installed the connector alone would get a traceback of imports."""
    script = (
        "import sys; sys.modules.update(dict.fromkeys(['dlt', 'duckdb', 'pyarrow'])); "
        "sys.argv[1:] = ['--help']; from snow_atlas_sync.process import run_sync; run_sync()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert 'pip install ".[sync]"' in done.stderr


def test_signals_end_with_their_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A scheduler would not know a sync that was stopped from one that failed."""
    for number in process.SIGNALS:

        def stopped(number: int = number) -> int:
            os.kill(os.getpid(), number)
            raise AssertionError("not stopped")

        kept = {each: signal.getsignal(each) for each in process.SIGNALS}
        try:
            assert process.exit_code("x", stopped) == 128 + number
        finally:
            for each, handler in kept.items():
                signal.signal(each, handler)
        assert "Stopped" in capsys.readouterr().err
    assert not issubclass(Stopped, Exception), "a library would take it for a failure of its own"


def test_nohup_protects_a_sync(capsys: pytest.CaptureFixture[str]) -> None:
    """A sync that shall outlive its terminal would end with it."""

    def hung_up() -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        return 0

    kept = {number: signal.getsignal(number) for number in process.SIGNALS}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert process.exit_code("x", hung_up) == 0
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream_costs_its_output_only(tmp_path: Path, closed: str) -> None:
    """A scheduler that closes standard output would get a traceback, or a sync that loads nothing."""
    script = (
        "import os, sys; from snow_atlas_sync.process import run; "
        "run('x', lambda: print('out', flush=True) or print('err', file=sys.stderr, flush=True) or "
        "os.write(os.open('opened', os.O_CREAT | os.O_WRONLY), b'own') and 0)"
    )
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("" if " >" in f" {closed}" else "out\n")
    assert done.stderr == ("" if "2>" in closed else "err\n")
    assert (tmp_path / "opened").read_text() == "own"


def test_temporary_files_go_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are as large as what is read, and would fill another disk."""
    monkeypatch.delenv(folder.FOLDER, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert folder.root_folder() == tmp_path / "cache" / "snow-atlas-sync"
    monkeypatch.setenv(folder.FOLDER, str(tmp_path / "named"))
    with folder.sync_folder() as made:
        assert made.parent == tmp_path / "named"
    assert not made.exists()
    (tmp_path / "file").touch()
    monkeypatch.setenv(folder.FOLDER, str(tmp_path / "file" / "x"))
    with pytest.raises(SyncError, match=folder.FOLDER), folder.sync_folder():
        pass


def test_what_a_killed_sync_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gigabytes would stay on the disk for each sync that ran out of memory."""
    monkeypatch.setenv(folder.FOLDER, str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f"sync-{gone.pid}-a", f"sync-{os.getpid()}-b", "other"):
        (tmp_path / name).mkdir()
    with folder.sync_folder():
        assert not (tmp_path / f"sync-{gone.pid}-a").exists()
        assert (tmp_path / f"sync-{os.getpid()}-b").exists()
        assert (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The disk of {} is full"),
        (errno.EFBIG, "temporary files, {}, can't be written: File too"),
    ],
)
def test_a_full_disk_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    said: str,
) -> None:
    """The user would get a traceback after an hour of reading, or look for the wrong disk."""
    monkeypatch.setenv(folder.FOLDER, str(tmp_path))
    with pytest.raises(SyncError, match=said.format(tmp_path)), folder.report_unwritable_folder():
        raise OSError(number, os.strerror(number))

    def write_text(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    config = tmp_path / "config.json"
    config.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(Path, "write_text", write_text)
    code, printed = exits(capsys, "--config", str(config), "--streams", "computers")
    assert code == 1
    assert said.format(tmp_path) in printed


def test_a_full_destination_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user would free space on the disk of the temporary files, which a failed copy names."""
    from fsspec.implementations.local import LocalFileSystem

    from snow_atlas_sync.dlt_pipeline import reason
    from snow_atlas_sync.whole_files import WholeFiles

    def put_file(_: object, source: str, *__: object, **___: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), source)

    monkeypatch.setattr(LocalFileSystem, "put_file", put_file)
    with pytest.raises(OSError, match="No space left") as raised:
        WholeFiles().put_file(str(tmp_path / "temporary"), str(tmp_path / "lake" / "computers.parquet"))
    assert reason(raised.value, "filesystem") == f"the disk of {tmp_path}/lake/computers.parquet is full"
    monkeypatch.setenv(folder.FOLDER, str(tmp_path))
    assert reason(OSError(errno.ENOSPC, "full"), "filesystem") == f"the disk of {tmp_path} is full"
