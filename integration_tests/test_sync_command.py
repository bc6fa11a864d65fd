"""`make sync` and `snow-atlas-sync` as a user runs them: what they print, what they leave, and how they end
whatever ends them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from integration_tests.helpers.inside import connector_inside
from integration_tests.helpers.small_server import serving
from integration_tests.helpers.syncing import DuckDB
from sandbox import Sandbox
from snow_atlas_sync import questions
from source_snow_atlas import definitions

pytestmark = [pytest.mark.timeout(600), pytest.mark.spread]

STREAMS = ("--streams", "agreements,computer_applications,computers,licenses,organizations")
COMPUTERS = 12
SLOW = 0.4
"""Seconds of each reply, so that a signal finds the sync in the middle of it."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(computers=COMPUTERS) as running:
        yield running


@pytest.fixture
def filled(sandbox: Sandbox, tmp_path: Path) -> DuckDB:
    return DuckDB(tmp_path, sandbox)


def make(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a make target runs, in the clone."""
    command = [sys.executable, "-m", f"tools.{program}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_sync_fills_the_tables_and_answers(tmp_path: Path) -> None:
    """The first command of the README would end without tables or answers."""
    database = str(tmp_path / "snow_atlas.duckdb")
    streams = sorted({stream for question in questions.QUESTIONS for stream in question.streams})
    done = make("sync", "--database", database, "--computers", "40", "--streams", " ".join(streams))
    assert done.returncode == 0, done.stderr
    for stream in streams:
        assert f"  {stream}" in done.stdout
    for question in questions.QUESTIONS:
        assert question.title in done.stdout


def storage_version(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL"
        ).fetchall()
    ((version,),) = found
    return str(version)


def test_older_duckdb_clients_can_open_the_file(filled: DuckDB) -> None:
    """DBeaver, dbt or a notebook with DuckDB 1.2 to 1.5 would refuse the file."""
    from snow_atlas_sync.report.collect import leave_history

    filled.run("--streams", "organizations")
    assert storage_version(filled.file) == "v1.2.0+"
    leave_history(filled.folder / "report.duckdb")
    assert storage_version(filled.folder / "report.duckdb") == "v1.2.0+"


def test_a_file_of_a_newer_format_is_still_used(filled: DuckDB) -> None:
    """A database of an earlier version could not be synced into."""
    with duckdb.connect(str(filled.file), config={"storage_compatibility_version": "latest"}) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS a")
    newer = storage_version(filled.file)
    filled.run("--streams", "organizations")
    assert storage_version(filled.file) == newer != "v1.2.0+"
    assert filled.rows("organizations")


def test_areas_without_permission_are_named_and_left_out(sandbox: Sandbox, filled: DuckDB) -> None:
    """A registration that may read one product would get nothing, or would not learn what is missing."""
    client = sandbox.control.add_client(["sam.computer.r", "sam.user.r"])
    limited = DuckDB(filled.folder, sandbox, {"client": client})
    said = limited.run()
    assert "licenses (grant the permission sam.license.r)" in said
    assert "computers" in limited.tables()
    assert "licenses" not in limited.tables()
    rows = limited.query("SELECT stream, status, reason FROM _snow_atlas_syncs WHERE stream = 'licenses'")
    assert rows == [{"stream": "licenses", "status": "NOT PERMITTED", "reason": "sam.license.r"}]
    asked = {request.path for request in sandbox.requests if request.parameter("page_size") != "1"}
    assert definitions.parameters("licenses")["path"] not in asked


def test_a_client_that_may_read_no_suggested_stream_gets_one_sentence(tmp_path: Path) -> None:
    """The command would end as if all were loaded, or speak of a catalog that the user never wrote."""
    users = definitions.parameters("user_accounts")["path"]
    with serving(
        {users: [{"id": "u1"}], "": 403}, seen_as=lambda path: path if path == users else ""
    ) as server:
        said = DuckDB(tmp_path, server).inside(code=1)
    assert said.errors.count("\n") == 1
    assert "may read none of the streams" in said.errors
    assert "grant the permission" in said.everything


def test_stream_asked_for_by_name_fails_aloud(sandbox: Sandbox, filled: DuckDB) -> None:
    """A script that names a stream it may not read would take an old table for a new one."""
    client = sandbox.control.add_client(["sam.computer.r"])
    limited = DuckDB(filled.folder, sandbox, {"client": client})
    said = limited.run("--streams", "computers,licenses", code=1)
    assert "licenses was not read completely" in said
    assert "incomplete" in said
    assert len(limited.rows("computers")) == COMPUTERS


@pytest.mark.parametrize(
    ("streams", "wrong", "said"),
    [
        ((), {"client_secret": "wrongwrong"}, "client"),
        (("--streams", "computers,licenses"), {"region": "mars"}, "region"),
    ],
    ids=["found by the check", "found by the connector"],
)
def test_wrong_configuration_gives_one_line(
    filled: DuckDB, streams: tuple[str, ...], wrong: dict[str, Any], said: str
) -> None:
    """The user would have to find the cause in a traceback, or read it once for each stream."""
    wrongly = DuckDB(filled.folder, filled.sandbox, wrong)
    output = wrongly.inside(*streams, code=1)
    (line,) = [line for line in output.errors.splitlines() if "; the connector is starting" not in line]
    assert line.startswith("snow-atlas-sync: ")
    assert said in line
    assert "Reading" not in output.everything
    assert str(filled.sandbox.config()["client_secret"]) not in output.everything


def test_a_folder_that_cannot_be_used_gives_one_line(filled: DuckDB) -> None:
    """A folder that can't be written would be noticed after an hour of reading only."""
    (filled.folder / "waiting").write_text("no folder", encoding="utf-8")
    said = filled.run(*STREAMS, code=1)
    assert "SNOW_ATLAS_SYNC_FOLDER" in said
    assert said.count("snow-atlas-sync:") == 1


def test_a_destination_that_cannot_be_used_is_refused_before_anything_is_read(filled: DuckDB) -> None:
    """A user would wait for an hour of reading to learn that a variable is missing."""
    said = filled.inside("--destination", "postgres", code=1)
    assert said.errors.count("snow-atlas-sync:") == 1
    assert "set DESTINATION__POSTGRES__CREDENTIALS in the environment" in said.errors.splitlines()[-1]
    assert "seconds from start to end" not in said.everything
    asked = [exchange for exchange in filled.sandbox.requests if exchange.path.startswith("/api/")]
    assert {exchange.parameter("page_size") for exchange in asked if exchange.parameter("page_size")} == {"1"}


def test_a_destination_that_cannot_be_used_ends_the_reading_of_named_streams(filled: DuckDB) -> None:
    """Streams that are named are read at once: a user would wait for an hour to learn of a misspelt name."""
    filled.sandbox.control.fault("delay", definitions.parameters("computers")["path"], delay=3.0)
    done = subprocess.run(
        [*filled.command("--streams", "computers"), "--destination", "postgers"],
        env=filled.variables(),
        cwd=filled.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("snow-atlas-sync:") == 1
    assert "did you mean postgres?" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.thorough
def test_an_api_that_nothing_answers_for_is_told_within_seconds(filled: DuckDB) -> None:
    """A user with a wrong URL would look at a progress line for minutes."""
    nowhere = DuckDB(filled.folder, filled.sandbox, {"api_url": "http://127.0.0.1:1"})
    start = time.monotonic()
    said = nowhere.run("--streams", "computers", code=1)
    assert "http://127.0.0.1:1 is down or can't be reached" in said
    assert time.monotonic() - start < 45, "seconds on a quiet machine: the connector and dlt start"


def test_a_locked_database_is_refused_before_anything_is_read(filled: DuckDB) -> None:
    """Two syncs would read for an hour, and the slower one lose all of it."""
    with duckdb.connect(str(filled.file)):
        said = filled.run(*STREAMS, code=1)
    assert "can't be used as the destination" in said
    assert len(filled.sandbox.requests) < 10


def test_a_closed_pipe_is_one_sentence(filled: DuckDB) -> None:
    """`snow-atlas-sync | head` would end with a traceback."""
    with filled.start(*STREAMS) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "snow-atlas-sync: Stopped, as its output is no longer read."
    assert "Traceback" not in errors
    assert "Exception" not in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_standard_output_is_one_sentence(filled: DuckDB) -> None:
    """`snow-atlas-sync > log` on a full disk would end with a traceback, or name the wrong disk."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            filled.command(*STREAMS),
            env=filled.variables(),
            cwd=filled.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    said = "snow-atlas-sync: Standard output can't be used: No space left on device."
    assert done.stderr.splitlines()[-1:] == [said]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", r"\u0141\xf3d\u017a-01"), ("cp1252", r"\u0141ód\u017a-01")]
)
def test_names_that_the_output_cannot_encode_cost_no_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    """A scheduler would take a sync that loaded everything for a failed one, because of a host name."""
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    rows = [{"id": "c1", "hostName": "Łódź-01", "lastScanDate": "2020-01-01T00:00:00Z"}]
    with serving({definitions.parameters("computers")["path"]: rows}) as server:
        destination = DuckDB(tmp_path, server)
        done = subprocess.run(
            destination.command("--streams", "computers"),
            env=destination.variables(),
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=300,
        )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert shown in done.stdout.decode(encoding)
    assert [row["hostname"] for row in destination.rows("computers")] == ["Łódź-01"]


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")


@needs_proc
@pytest.mark.parametrize(
    ("number", "moments"),
    [(signal.SIGINT, (0.2, 1.2)), (signal.SIGTERM, (0.6, 2.0)), (signal.SIGHUP, (1.6,))],
)
def test_a_signal_ends_it_at_any_moment_without_a_traceback(
    number: int, moments: tuple[float, ...], filled: DuckDB
) -> None:
    """Ctrl-C would leave a connector behind that goes on reading, a folder of files, or a page of
    traceback.
    """
    filled.sandbox.control.fault("delay", delay=SLOW)
    for seconds in moments:
        with filled.start(*STREAMS) as process:
            time.sleep(seconds)
            started = children(process.pid)
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert process.returncode == 128 + number, errors
        assert "Traceback" not in errors
        assert errors.splitlines()[-1].startswith("snow-atlas-sync: Stopped")
        # the system may take a moment to clear away what was ended
        until = time.monotonic() + 5
        while any(Path(f"/proc/{child}").exists() for child in started) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(Path(f"/proc/{child}").exists() for child in started)
        assert not list((filled.folder / "waiting").glob("sync-*"))


def test_the_history_of_another_tenant_is_refused_before_anything_is_read(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """It was refused after the whole sync, which takes an hour."""
    from snow_atlas_sync.report.collect import collect
    from snow_atlas_sync.report.errors import ReportError

    path = tmp_path / "report.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA main_snow_atlas_history")
        connection.execute("CREATE TABLE main_snow_atlas_history.tenant AS SELECT 'other' AS id")
    refused = pytest.raises(ReportError, match="keeps the history of another tenant, other")
    with connector_inside(), refused:
        collect(sandbox.config(), path, thorough=False)
    pages = [each for each in sandbox.requests if each.path.endswith("/computers")]
    assert len(pages) == 1, "the check asks once"


def test_a_report_removes_tables_of_the_last_one_only_after_a_sync(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped secret, or Ctrl-C, cost the tables and marts of the last report."""
    from snow_atlas_sync.report import collect as collecting
    from snow_atlas_sync.report.collect import collect

    few = ["agreements", "computers", "licenses", "organizations", "tenant"]
    monkeypatch.setattr(collecting, "wanted_streams", lambda _: few)
    path = tmp_path / "report.duckdb"
    with connector_inside():
        collect(sandbox.config(), path, thorough=False)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA main_snow_atlas")
        connection.execute("CREATE TABLE main_snow_atlas.mart AS SELECT 1 AS a")
    before = rows_by_table(path)
    mistyped = tmp_path / "config.json"
    mistyped.write_text(json.dumps({**sandbox.config(), "client_secret": "mistyped"}), encoding="utf-8")
    command = [sys.executable, "-m", "snow_atlas_sync.report", "--config", str(mistyped)]
    command += ["--database", str(path), "--output", str(tmp_path / "report.html")]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert refused.returncode == 1, refused.stdout
    assert rows_by_table(path) == before
    sandbox.control.fault("status", definitions.parameters("agreements")["path"], status=400)
    with connector_inside():
        collected = collect(sandbox.config(), path, thorough=False)
    assert set(collected.failed) >= {"agreements"}
    gone = {f"main.{name}" for name in collected.failed}
    assert rows_by_table(path).keys() == before.keys() - gone - {"main_snow_atlas.mart"}


def rows_by_table(path: Path) -> dict[str, int]:
    with duckdb.connect(str(path)) as connection:
        found = connection.execute(
            "SELECT schema_name || '.' || table_name, estimated_size FROM duckdb_tables()"
        ).fetchall()
    return dict(found)


def test_report_says_what_the_last_sync_did_not_read_and_why(filled: DuckDB) -> None:
    """A CIO would read figures of half an estate, or be told to grant a permission that is there."""
    filled.run("--streams", "computers,organizations")
    control = filled.sandbox.control
    control.fault("status", definitions.parameters("licenses")["path"], status=500)
    config = filled.folder / "limited.json"
    config.write_text(json.dumps(filled.sandbox.config()), encoding="utf-8")
    from snow_atlas_sync.report.collect import use_tables

    control.fault("status", definitions.parameters("agreements")["path"], status=403)
    filled.run("--streams", "computers,agreements", code=1)
    collected = use_tables(filled.file)
    assert set(collected.failed) == {"agreements"}
    assert "403" in collected.why["agreements"]
    assert "licenses" not in collected.why
