"""Windows of a list without pages: read whole although the server caps its replies without a word."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import pairwise, product
from typing import Any

import pytest

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT
from source_snow_atlas.components.run.progress import Progress
from source_snow_atlas.components.stream.time_windows import TimeWindow, TimeWindows

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
Row = dict[str, Any]


class AuditServer:
    """Entries at seconds from the start; replies hold at most `cap` of them, the newest or the oldest
    ones.
    """

    def __init__(self, seconds: list[int], cap: int | None, newest_first: bool) -> None:
        self._seconds = sorted(seconds)
        self._cap = cap
        self._newest_first = newest_first
        self.requests = 0

    def read(self, window: TimeWindow) -> list[Row]:
        """The reply to the request for a window."""
        self.requests += 1
        numbers = range(self._place(window[0]), self._place(window[1]))
        if self._newest_first:
            numbers = numbers[::-1]
        return [{"id": number} for number in numbers[: self._cap]]

    def _place(self, moment: datetime) -> int:
        """How many entries are older."""
        return bisect_left(self._seconds, (moment - START).total_seconds())


def days(count: int) -> list[TimeWindow]:
    """Windows of a day."""
    return list(pairwise(START + timedelta(days=day) for day in range(count + 1)))


def reader(request: Callable[[TimeWindow], list[Row]]) -> TimeWindows:
    """Reader of the log."""
    return TimeWindows("audit_logs", "created", None, request, partial(Progress().warn_once, "audit_logs"))


def read_all(server: AuditServer, windows: list[TimeWindow]) -> list[int]:
    """The ids that come, window by window."""
    log = reader(server.read)
    return [row["id"] for window in windows for row in log.rows(window)]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize(
    ("cap", "per_day"),
    [*product([37, 100, 250, 1000, 5000], [30, 900]), (37, 7000), (1000, 7000), (5000, 7000)],
)
def test_a_cap_takes_no_entry(cap: int, newest_first: bool, per_day: int) -> None:
    """Whoever audits would miss what happened on busy days, and no one would know."""
    chance = random.Random(cap + per_day)
    seconds = [
        day * 86_400 + chance.randrange(86_400)
        for day in range(5)
        for _ in range(chance.randrange(per_day // 2, per_day))
    ]
    server = AuditServer(seconds, cap, newest_first)
    ids = read_all(server, days(5))
    assert set(ids) == set(range(len(seconds)))


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_burst_within_a_minute_is_parted(newest_first: bool) -> None:
    """A script that changes thousands of assets at night would leave a hole in the log."""
    chance = random.Random(1)
    server = AuditServer([40_000 + chance.randrange(60) for _ in range(3000)], 100, newest_first)
    assert len(set(read_all(server, days(1)))) == 3000


def test_more_entries_in_one_second_than_a_reply_holds_are_an_error() -> None:
    """The rest of that second can't be had; a table without it must not look whole."""
    server = AuditServer([40_000] * 150 + list(range(0, 30_000, 100)), 100, newest_first=True)
    with pytest.raises(ServerError, match="as many as a reply holds"):
        read_all(server, days(1))


@pytest.mark.parametrize("mean", [40, 800, 1500, 4000])
def test_a_log_without_a_cap_costs_few_requests_more(mean: int) -> None:
    """Every sync would take three times as long, for fear of a cap that is not there."""
    chance = random.Random(mean)
    counts = [max(1, int(chance.gauss(mean, mean**0.5))) for _ in range(90)]
    seconds = [
        day * 86_400 + chance.randrange(86_400) for day, count in enumerate(counts) for _ in range(count)
    ]
    server = AuditServer(seconds, None, newest_first=False)
    assert len(read_all(server, days(90))) == len(seconds)
    assert server.requests <= 90 * 1.2


def test_no_entry_comes_twice_in_a_window() -> None:
    """Parts overlap the whole they were cut from."""
    server = AuditServer(list(range(0, 86_400, 30)), 100, newest_first=True)
    ids = read_all(server, days(1))
    assert len(ids) == len(set(ids)) == 2880


def test_entries_without_an_id_are_not_taken_for_one() -> None:
    """Entries that the system made without an id would be lost on busy days, where the parts of a window are
    put together.
    """
    server = AuditServer(list(range(0, 86_400, 30)), 100, newest_first=True)
    windows = days(1)

    def read(window: TimeWindow) -> list[Row]:
        return [{**row, "id": None, "number": row["id"]} for row in server.read(window)]

    assert sorted(row["number"] for row in reader(read).rows(windows[0])) == list(range(2880))


def odd_windows(times: list[str], windows: list[TimeWindow]) -> list[int]:
    """The ids that come from a server that shows each entry at `times`, although it was made in its
    window.
    """
    entries = {
        window: [{"id": number, "created": time}]
        for number, (window, time) in enumerate(zip(windows, times, strict=True))
    }
    log = reader(entries.__getitem__)
    return [row["id"] for window in windows for row in log.rows(window)]


@pytest.mark.parametrize("zone", ["", "+02:00", "-11:00", "+14:00", "-12:00", "Z"])
@pytest.mark.parametrize("hour", [0, 1, 12, 23])
def test_an_entry_comes_whatever_its_time_zone_looks_like(zone: str, hour: int) -> None:
    """An entry shown in local time would belong to another window than the one that the server returned it
    for, and to no other reply: it would be lost in silence.
    """
    windows = days(3)
    times = [f"{window[0]:%Y-%m-%d}T{hour:02}:00:00{zone}" for window in windows]
    assert odd_windows(times, windows) == [0, 1, 2]


def test_an_entry_on_the_edge_of_two_windows_comes_once() -> None:
    """A server that counts the end of a window to it would give the entry twice."""
    windows = days(2)
    row = {"id": 1, "created": f"{windows[1][0]:{DATETIME_FORMAT}}"}
    for order in (windows, windows[::-1]):
        log = reader(lambda _: [row])
        assert [one for window in order for one in log.rows(window)] == [row]


def test_a_server_that_ignores_the_filter_gives_every_entry_once() -> None:
    """Every window would bring the whole log once more."""
    windows = days(30)
    rows = [
        {"id": number, "created": f"{window[0]:%Y-%m-%d}T08:00:00Z"} for number, window in enumerate(windows)
    ]
    log = reader(lambda _: rows)
    assert [row["id"] for window in windows for row in log.rows(window)] == list(range(30))


def test_entries_that_share_an_id_all_come() -> None:
    """Where ids repeat, half of a day's entries would be taken for the other half."""
    window = days(1)[0]
    rows = [{"id": number // 2, "action": number} for number in range(50)]
    assert len(reader(lambda part: rows if part == window else []).rows(window)) == 50


@pytest.mark.parametrize("cap", [5, 10, 20, 999])
def test_caps_of_any_number_are_found(cap: int) -> None:
    """A cap that is no round number would cut every busy day without a word."""
    seconds = [day * 86_400 + second * 60 for day in range(5) for second in range(cap + 40)]
    server = AuditServer(seconds, cap, newest_first=True)
    assert len(set(read_all(server, days(5)))) == len(seconds)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("cap", [10, 20, 25, 64, 128])
@pytest.mark.parametrize("busy", [0, 3, 6])
def test_one_busy_day_is_read_whole(cap: int, newest_first: bool, busy: int) -> None:
    """The one day on which something happened would be cut, as its number of entries is like no other."""
    chance = random.Random(cap + busy)
    counts = [3] * 7
    counts[busy] = 2 * cap + 9
    seconds = [
        day * 86_400 + chance.randrange(86_400) for day, count in enumerate(counts) for _ in range(count)
    ]
    assert set(read_all(AuditServer(seconds, cap, newest_first), days(7))) == set(range(len(seconds)))


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("per_day", [30, 400, 2000])
@pytest.mark.parametrize("seed", range(6))
def test_a_cap_that_varies_takes_no_entry(per_day: int, newest_first: bool, seed: int) -> None:
    """A server that stops at so many bytes, or hides rows once it has cut, sends another number each time."""
    chance = random.Random(seed)

    class Varying(AuditServer):
        def read(self, window: TimeWindow) -> list[Row]:
            self._cap = chance.randrange(60, 115)
            return super().read(window)

    seconds = [
        day * 86_400 + chance.randrange(86_400)
        for day in range(5)
        for _ in range(chance.randrange(per_day // 2, per_day))
    ]
    assert set(read_all(Varying(seconds, None, newest_first), days(5))) == set(range(len(seconds)))


@pytest.mark.parametrize(("count", "cap"), [(30, 25), (150, 100)])
@pytest.mark.parametrize("others", [0, 10])
def test_a_second_fuller_than_a_reply_is_an_error(count: int, cap: int, others: int) -> None:
    """Its other entries can't be had: a table without them must not look whole."""
    if not others and cap < 50:
        pytest.skip("nothing shows that there are more: a warning")
    server = AuditServer([40_000] * count + [day * 86_400 for day in range(others)], cap, newest_first=True)
    with pytest.raises(ServerError, match="as many as a reply holds"):
        read_all(server, days(10))


class Ignoring(AuditServer):
    """Server that ignores the times."""

    def read(self, window: TimeWindow) -> list[Row]:
        return super().read((days(1)[0][0], days(10)[-1][1]))


def test_a_server_that_ignores_the_times_is_said_to(caplog: pytest.LogCaptureFixture) -> None:
    """Whether it caps as well can't be known: a table that may lack entries would look whole."""
    with caplog.at_level("WARNING"):
        ids = read_all(Ignoring([day * 86_400 for day in range(8)], 5, newest_first=True), days(4))
    assert set(ids) == set(range(3, 8))
    assert caplog.text.count("entries for any time") == 1


@pytest.mark.parametrize("cap", [25, 1000])
def test_a_server_that_ignores_the_times_and_caps_its_replies_is_an_error(cap: int) -> None:
    """The newest thousand entries of a log would be taken for the whole."""
    server = Ignoring([number * 300 for number in range(2 * cap)], cap, newest_first=True)
    with pytest.raises(ServerError, match=f"the same {cap} entries for any time"):
        read_all(server, days(4))
