"""Incremental streams over real HTTP: what a second sync asks for, and what a sync that was killed leaves
behind.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.connector import Connector, Outcome, Record
from integration_tests.helpers.expected import Expected, difference
from integration_tests.helpers.small_server import page, serving
from sandbox import Sandbox
from sandbox.api.recording import Exchange
from source_snow_atlas.components.stream import routers

COMPUTERS = 100
NOW = datetime.now(timezone.utc)
START = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=40)
AUDIT_PATH = "/api/audit/v2/logs"
COMPUTERS_PATH = "/api/sam/estate/v1/computers"
MOMENT = re.compile(r'-ge "([^"]+)"')


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The module's sandbox, whose tables are afterwards as they were."""
    tables = [sandbox.estate.computers, sandbox.estate.built("audit_logs")]
    before = [list(table) for table in tables]
    yield sandbox
    for table, rows in zip(tables, before, strict=True):
        table[:] = rows


@pytest.fixture
def incremental(connector_with: Callable[..., Connector]) -> Connector:
    """A connector that begins forty days ago."""
    return connector_with(start_date=stamp(START), num_workers=3)


def stamp(moment: datetime) -> str:
    """The moment as the API prints it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The moment that the API, a filter or a state means, to the second."""
    return datetime.fromisoformat(text[:19] + "+00:00")


def audit_logs(sandbox: Sandbox) -> list[Record]:
    """The entries since the start date."""
    rows = Expected(sandbox).rows(AUDIT_PATH)
    return [row for row in rows if moment(row["created"]) >= START]


def merged(*runs: Iterable[Record]) -> list[Record]:
    """The table that a destination makes of several runs: the last record of each key."""
    return list({record["id"]: record for run in runs for record in run}.values())


def first_moments(requests: Iterable[Exchange], path: str) -> list[datetime]:
    """From when on each request asked for rows."""
    filters = [exchange.parameter("filter") or "" for exchange in requests if exchange.path == path]
    return [moment(found.group(1)) for found in map(MOMENT.search, filters) if found]


def add_entry(sandbox: Sandbox, name: str, created: datetime) -> None:
    """One more entry of the audit log."""
    row = {**sandbox.estate.built("audit_logs")[0], "id": f"new-{name}", "created": stamp(created)}
    sandbox.control.change_row("insert", "audit_logs", row=row)


def test_audit_logs_go_on_where_they_ended(sandbox: Sandbox, incremental: Connector) -> None:
    """Every sync would read months of entries again, or lose those of the night."""
    streams = ["audit_logs"]
    first = incremental.read_here(streams, incremental=streams)
    assert first.exit_code == 0
    assert difference(first.records["audit_logs"], audit_logs(sandbox)) == ""
    assert min(first_moments(sandbox.requests, AUDIT_PATH)) == START
    (state,) = first.state
    reached = moment(state["stream"]["stream_state"]["created"])

    add_entry(sandbox, "late", reached - timedelta(minutes=2))
    add_entry(sandbox, "fresh", datetime.now(timezone.utc))
    sandbox.reset_counts()
    second = incremental.read_here(streams, incremental=streams, state=first.state)
    assert second.exit_code == 0
    asked = first_moments(sandbox.requests, AUDIT_PATH)
    assert min(asked) == reached - timedelta(minutes=5)
    assert len(asked) <= 2 + (NOW - reached).days
    table = merged(first.records["audit_logs"], second.records["audit_logs"])
    assert difference(table, audit_logs(sandbox)) == ""
    assert moment(second.state[0]["stream"]["stream_state"]["created"]) >= reached


def test_windows_are_bounded_and_meet(sandbox: Sandbox, incremental: Connector) -> None:
    """Replies are not paged: a window of years is one huge reply; a gap between windows is a day without
    entries.
    """
    incremental.read_here(["audit_logs"], incremental=["audit_logs"])
    windows = []
    for exchange in sandbox.requests:
        if exchange.path == AUDIT_PATH:
            bounds = re.findall(r'created -(ge|lt) "([^"]+)"', exchange.parameter("filter") or "")
            assert [operator for operator, _ in bounds] == ["ge", "lt"]
            windows.append((moment(bounds[0][1]), moment(bounds[1][1])))
    # parts of a window are asked for to prove that it came whole
    windows = [
        window
        for window in sorted(set(windows))
        if not any(one != window and one[0] <= window[0] and window[1] <= one[1] for one in windows)
    ]
    assert windows[0][0] == START
    assert windows[-1][1] >= NOW - timedelta(seconds=1)
    assert all(end - start <= timedelta(days=1) for start, end in windows)
    assert all(following[0] == window[1] for window, following in pairwise(windows))


def test_a_clock_in_the_future_does_not_move_the_state(sandbox: Sandbox, incremental: Connector) -> None:
    """One entry dated years ahead would hide all entries until then."""
    add_entry(sandbox, "ahead", NOW + timedelta(days=700))
    outcome = incremental.read_here(["audit_logs"], incremental=["audit_logs"])
    assert moment(outcome.state[0]["stream"]["stream_state"]["created"]) <= datetime.now(timezone.utc)


def audit_state(value: Any) -> list[dict[str, Any]]:
    """The state of the audit log as a state file holds it."""
    stream = {"stream_descriptor": {"name": "audit_logs"}, "stream_state": {"created": value}}
    return [{"type": "STREAM", "stream": stream}]


@pytest.mark.parametrize("start_date", [None, START - timedelta(days=300), START])
def test_the_state_wins_over_the_start_date(
    sandbox: Sandbox, connector_with: Callable[..., Connector], start_date: datetime | None
) -> None:
    """A connection that slept for four months would lose all but the last 90 days, in silence."""
    old = NOW - timedelta(days=120)
    for days in (119, 105, 91):
        add_entry(sandbox, f"{days} days", NOW - timedelta(days=days))
    connector = connector_with(**({"start_date": stamp(start_date)} if start_date else {}))
    outcome = connector.read_here(["audit_logs"], ["audit_logs"], state=audit_state(stamp(old)))
    assert outcome.exit_code == 0
    assert min(first_moments(sandbox.requests, AUDIT_PATH)) == moment(stamp(old)) - timedelta(minutes=5)
    rows = Expected(sandbox).rows(AUDIT_PATH)
    since = [row for row in rows if moment(row["created"]) >= moment(stamp(old))]
    assert difference(merged(outcome.records["audit_logs"]), since) == ""
    assert f"Stream audit_logs continues from {stamp(old)}." in outcome.logs


def test_the_start_date_counts_for_the_first_sync(
    sandbox: Sandbox, connector_with: Callable[..., Connector]
) -> None:
    """Without a start date the whole log would be read, or nothing."""
    connector_with().read_here(["audit_logs"], ["audit_logs"])
    assert (NOW - min(first_moments(sandbox.requests, AUDIT_PATH))).days in (89, 90)


@pytest.mark.parametrize("stream", ["audit_logs", "computers"])
def test_a_state_before_the_start_date_is_where_a_stream_goes_on(
    sandbox: Sandbox, incremental: Connector, stream: str
) -> None:
    """Rows between the state and a start date that was moved would be skipped."""
    cursor_field, path, lookback = {
        "audit_logs": ("created", AUDIT_PATH, timedelta(minutes=5)),
        "computers": ("lastScanDate", COMPUTERS_PATH, timedelta(days=1)),
    }[stream]
    old = START - timedelta(days=9)
    descriptor = {"name": stream}
    state = [
        {
            "type": "STREAM",
            "stream": {"stream_descriptor": descriptor, "stream_state": {cursor_field: stamp(old)}},
        }
    ]
    outcome = incremental.read_here([stream], [stream], state=state)
    assert outcome.exit_code == 0
    assert min(first_moments(sandbox.requests, path)) == old - lookback


def test_a_state_in_the_future_hides_nothing_that_comes(sandbox: Sandbox, incremental: Connector) -> None:
    """One wrong clock, or a restored backup, would keep the stream empty for years."""
    first = incremental.read_here(["audit_logs"], ["audit_logs"], state=audit_state("2199-01-01T00:00:00Z"))
    assert first.exit_code == 0
    assert any("is in the future" in text for text in first.logs)
    reached = moment(first.state[0]["stream"]["stream_state"]["created"])
    assert NOW <= reached + timedelta(seconds=1) <= datetime.now(timezone.utc) + timedelta(seconds=1)
    add_entry(sandbox, "after", datetime.now(timezone.utc))
    second = incremental.read_here(["audit_logs"], ["audit_logs"], state=first.state)
    assert "new-after" in {record["id"] for record in second.records["audit_logs"]}


def test_the_state_does_not_move_where_nothing_was_read(sandbox: Sandbox, incremental: Connector) -> None:
    """Entries that the server shows late would be behind the state, and never be asked for."""
    sandbox.estate.built("audit_logs").clear()
    first = incremental.read_here(["audit_logs"], ["audit_logs"])
    assert first.state[0]["stream"]["stream_state"] == {"created": stamp(START)}
    quiet = START + timedelta(days=20)
    second = incremental.read_here(["audit_logs"], ["audit_logs"], state=audit_state(stamp(quiet)))
    assert second.exit_code == 0
    assert second.state[0]["stream"]["stream_state"] == {"created": stamp(quiet)}


@pytest.mark.parametrize(("kept", "warns"), [(30, True), (400, False)])
def test_a_sync_that_can_not_reach_back_says_so(
    sandbox: Sandbox, incremental: Connector, kept: int, warns: bool
) -> None:
    """Entries that the server has archived meanwhile would be missing without a word."""
    entries: list[Record] = sandbox.estate.built("audit_logs")
    for number, row in enumerate(entries):
        until = moment(row["created"]) + timedelta(days=kept, seconds=1)  # `created` has parts of a second
        entries[number] = {**row, "archiveUntil": stamp(until)}
    outcome = incremental.read_here(["audit_logs"], ["audit_logs"])
    found = [text for text in outcome.logs if "may be gone" in text]
    assert len(found) == warns
    assert all(f"keeps a row for {kept} days" in text for text in found)


def test_a_full_refresh_does_not_go_by_the_state(sandbox: Sandbox, incremental: Connector) -> None:
    """Whoever asks for a full refresh wants everything, whatever an earlier sync has left."""
    first = incremental.read_here(["audit_logs"], incremental=["audit_logs"])
    again = incremental.read_here(["audit_logs"], state=first.state)
    assert difference(again.records["audit_logs"], audit_logs(sandbox)) == ""


def test_computers_since_their_last_scan(sandbox: Sandbox, connector: Connector) -> None:
    """The first sync has all computers, those never scanned included; the next ones only what was scanned
    since.
    """
    streams = ["computers"]
    for position in (3, 7):
        sandbox.control.change_row("update", "computers", position=position, row={"lastScanDate": None})
    everything = Expected(sandbox).records("computers")
    assert any(row["lastScanDate"] is None for row in everything)
    first = connector.read_here(streams, incremental=streams)
    assert difference(first.records["computers"], everything) == ""
    assert first_moments(sandbox.requests, COMPUTERS_PATH) == []
    reached = moment(first.state[0]["stream"]["stream_state"]["lastScanDate"])

    scanned = [row["id"] for row in sandbox.estate.computers[10:13]]
    for computer in scanned:
        changes = {"lastScanDate": stamp(datetime.now(timezone.utc)), "status": "Quarantined"}
        sandbox.control.change_row("update", "computers", key=computer, row=changes)
    sandbox.reset_counts()
    second = connector.read_here(streams, incremental=streams, state=first.state)
    assert {*first_moments(sandbox.requests, COMPUTERS_PATH)} == {reached - timedelta(days=1)}
    assert {record["id"] for record in second.records["computers"]} >= set(scanned)
    assert len(second.records["computers"]) < len(everything) / 2
    table = merged(first.records["computers"], second.records["computers"])
    assert difference(table, Expected(sandbox).records("computers")) == ""


def test_computers_in_full_have_no_filter(sandbox: Sandbox, incremental: Connector) -> None:
    """A start date must not take computers that were never scanned out of a full refresh."""
    outcome = incremental.read_here(["computers"])
    assert difference(outcome.records["computers"], Expected(sandbox).records("computers")) == ""
    assert first_moments(sandbox.requests, COMPUTERS_PATH) == []


def test_a_failed_window_is_not_claimed(
    sandbox: Sandbox, incremental: Connector, no_waiting: list[float]
) -> None:
    """A state behind a window that could not be read would lose its entries for good."""
    entries = audit_logs(sandbox)
    lost_day = moment(entries[len(entries) // 2]["created"]).strftime("%Y-%m-%d")
    sandbox.control.fault("status", AUDIT_PATH, status=403, count=1, query={"filter": f'*-ge "{lost_day}T*'})
    broken = incremental.read_here(["audit_logs"], incremental=["audit_logs"])
    assert broken.exit_code == 1
    assert broken.statuses == {"audit_logs": "INCOMPLETE"}
    assert_states_claim_no_more_than_was_given(broken, sandbox)
    sandbox.control.clear_faults()
    resumed = incremental.read_here(["audit_logs"], incremental=["audit_logs"], state=broken.state)
    table = merged(broken.records.get("audit_logs", []), resumed.records["audit_logs"])
    assert difference(table, audit_logs(sandbox)) == ""


def assert_states_claim_no_more_than_was_given(outcome: Outcome, sandbox: Sandbox) -> None:
    """At every state, each entry older than it has been given out before it."""
    wanted = [(moment(row["created"]), row["id"]) for row in audit_logs(sandbox)]
    given: set[str] = set()
    for message in outcome.messages:
        if message["type"] == "RECORD":
            given.add(message["record"]["data"]["id"])
        if message["type"] == "STATE":
            state: dict[str, Any] = message["state"]["stream"]["stream_state"]
            reached = moment(state["created"])
            assert [key for created, key in wanted if created < reached and key not in given] == []


class Clock(datetime):
    """A day that a test sets."""

    today: datetime

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.today.astimezone(tz)


def test_a_running_month_is_replaced_by_the_next_sync(
    connector_with: Callable[..., Connector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is deduplicated would get one more row for the month each day, each taken for a whole."""
    monkeypatch.setattr(routers, "datetime", Clock)
    connector = connector_with(start_date="2026-08-01")
    table: dict[tuple[str, str], Record] = {}
    for day in ("2026-09-15", "2026-09-16", "2026-09-30", "2026-10-01"):
        monkeypatch.setattr(Clock, "today", datetime.fromisoformat(f"{day}T12:00:00+00:00"), raising=False)
        for record in connector.read_here(["saas_applications_kpi"]).records["saas_applications_kpi"]:
            table[record["fromDate"], record["toDate"]] = record
        months = {first: record["isComplete"] for (first, _), record in table.items()}
        assert months == {
            first: first < day[:8] for first in ("2026-08-01", "2026-09-01", "2026-10-01") if first <= day
        }


def test_a_reply_that_repeats_the_days_asked_for_does_not_change_a_months_key(tmp_path: Path) -> None:
    """The running month would stand in a deduplicated table once for every day of a sync."""
    path = "/api/saas/consolidated-view/v1/applications/kpi"
    with serving({path: lambda query: {**query, "isComplete": True, "totalApplications": 7}}) as server:
        connector = Connector(tmp_path, server.config(start_date=stamp(NOW)))
        (row,) = connector.read_here(["saas_applications_kpi"]).records["saas_applications_kpi"]
    following = (NOW.replace(day=1) + timedelta(days=31)).replace(day=1)
    assert row["toDate"] == f"{following - timedelta(days=1):%Y-%m-%d}"
    assert row["isComplete"] is False


def test_an_audit_log_that_has_pages_after_all_comes_once(tmp_path: Path) -> None:
    """Each page would be taken for a capped list, and read again in parts."""
    entries = [
        {"id": f"entry {number}", "created": stamp(NOW - timedelta(minutes=number))} for number in range(90)
    ]

    def pages(query: dict[str, str]) -> dict[str, Any]:
        since, until = re.findall('"([^"]+)"', query["filter"])
        rows = [entry for entry in entries if since <= entry["created"] < until]
        return page(rows, {"page_size": "10", **query})

    with serving({AUDIT_PATH: pages}) as server:
        connector = Connector(tmp_path, server.config(start_date=stamp(NOW - timedelta(days=1))))
        outcome = connector.read_here(["audit_logs"], incremental=["audit_logs"])
    assert outcome.errors == []
    assert sorted(row["id"] for row in outcome.records["audit_logs"]) == sorted(row["id"] for row in entries)


def _killed(connector: Connector, arguments: list[str], after: str, count: int, how: str) -> Outcome:
    """The outcome of a run that is ended after so many lines that contain `after`."""
    process = connector.start(*arguments)
    assert process.stdout is not None
    lines: list[bytes] = []
    seen = 0
    for line in process.stdout:
        lines.append(line)
        seen += after.encode() in line
        if seen >= count:
            break
    if how == "pipe":
        process.stdout.close()
        process.stdout = None
        _, stderr = process.communicate(timeout=60)
    else:
        process.send_signal(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        # not by communicate(): it knows nothing of what the iteration has read ahead
        lines.append(process.stdout.read())
        _, stderr = process.communicate(timeout=60)
    return Outcome.of_process(process.returncode, b"".join(lines), stderr)


@pytest.mark.parametrize(("how", "count"), [("kill", 2), ("terminate", 20), ("pipe", 10)])
def test_a_killed_audit_sync_is_resumed(
    sandbox: Sandbox, incremental: Connector, how: str, count: int
) -> None:
    """A restart of the machine must neither lose entries for good nor leave them twice."""
    sandbox.control.set(latency=0.08)
    arguments = incremental.read_arguments(["audit_logs"], incremental=["audit_logs"])
    killed = _killed(incremental, arguments, '"type":"STATE"', count, how)
    assert killed.exit_code == {"kill": -signal.SIGKILL, "terminate": 143, "pipe": 1}[how]
    assert "Traceback" not in killed.stderr
    assert len(killed.other_lines) <= 1
    assert killed.states
    assert_states_claim_no_more_than_was_given(killed, sandbox)
    sandbox.control.set(latency=0.0)
    resumed = incremental.read_here(["audit_logs"], incremental=["audit_logs"], state=killed.state)
    assert resumed.exit_code == 0
    table = merged(killed.records.get("audit_logs", []), resumed.records["audit_logs"])
    assert difference(table, audit_logs(sandbox)) == ""


def test_a_killed_full_refresh_begins_anew(
    sandbox: Sandbox, connector_with: Callable[..., Connector]
) -> None:
    """A page that counts as read although the data moved since would be a hole in the table."""
    sandbox.control.set(latency=0.05)
    connector = connector_with(page_size=10, num_workers=2)
    streams = ["organizations", "computers", "computer_costs"]
    killed = _killed(connector, connector.read_arguments(streams), '"stream":"computers"', 40, "kill")
    assert killed.exit_code != 0
    assert "computers" not in killed.states
    assert killed.statuses.get("computers") != "COMPLETE"
    sandbox.control.set(latency=0.0)
    again = connector.read_here(streams, state=killed.state)
    assert again.exit_code == 0
    expected = Expected(sandbox)
    for stream in streams:
        assert difference(again.records[stream], expected.records(stream)) == "", stream


@pytest.fixture
def busy_log(sandbox: Sandbox) -> set[str]:
    """The ids of 700 more entries, all of one day: one every two minutes."""
    entries: list[Record] = sandbox.estate.built("audit_logs")
    busy = START + timedelta(days=1)
    added = [
        {**entries[0], "id": f"busy-{number}", "created": stamp(busy + timedelta(minutes=2 * number))}
        for number in range(700)
    ]
    # in order, as the log is: a server that caps it sends its first or its last entries
    entries[:] = sorted([*entries, *added], key=lambda entry: str(entry["created"]))
    return {entry["id"] for entry in added}


@pytest.mark.parametrize(("cap", "newest_first"), [(40, True), (300, False)])
def test_audit_logs_are_whole_where_the_server_caps_replies(
    sandbox: Sandbox, incremental: Connector, busy_log: set[str], cap: int, newest_first: bool
) -> None:
    """Busy days of the audit log would be cut short without a word."""
    sandbox.control.set(array_cap=cap, array_newest_first=newest_first)
    outcome = incremental.read_here(["audit_logs"], ["audit_logs"])
    assert outcome.exit_code == 0
    assert outcome.statuses == {"audit_logs": "COMPLETE"}
    assert busy_log <= {record["id"] for record in outcome.records["audit_logs"]}
    assert difference(merged(outcome.records["audit_logs"]), audit_logs(sandbox)) == ""
    (warning,) = [text for text in outcome.logs if "the server does not say so" in text]
    assert f"at most {cap} entries" in warning


@pytest.mark.usefixtures("busy_log")
def test_a_log_without_a_cap_costs_hardly_a_request_more(sandbox: Sandbox, incremental: Connector) -> None:
    """Every sync would pay for a cap that is not there."""
    outcome = incremental.read_here(["audit_logs"], ["audit_logs"])
    assert difference(outcome.records["audit_logs"], audit_logs(sandbox)) == ""
    asked = sum(exchange.path == AUDIT_PATH for exchange in sandbox.requests)
    windows = (NOW - START).days + 1
    assert windows < asked <= 1.2 * windows, "the busiest days are verified, and nothing else"
