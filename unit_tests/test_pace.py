"""The shared pace: a refusal stops everybody, and most of an unknown allowance is used without many
refusals.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

import pytest

from source_snow_atlas.components.request.pace import Pace, Ticket
from source_snow_atlas.components.request.window import Window
from unit_tests.simulation.pace_run import Moment, MustWait, must_wait


@pytest.fixture
def moment() -> Moment:
    return Moment()


def entered(pace: Pace) -> AbstractContextManager[Ticket]:
    slot = pace.slot()
    slot.__enter__()
    return slot


def leave(slot: AbstractContextManager[Ticket]) -> None:
    slot.__exit__(None, None, None)


def room(pace: Pace) -> int:
    """How many more requests may leave at this moment."""
    slots: list[AbstractContextManager[Ticket]] = []
    try:
        while len(slots) < 1000:
            slots.append(entered(pace))
    except MustWait:
        pass
    for slot in slots:
        leave(slot)
    return len(slots)


def test_no_more_in_flight_than_allowed(moment: Moment) -> None:
    """More requests than num_workers would hit the tenant at once."""
    pace = Pace(3, moment, must_wait)
    slots = [entered(pace) for _ in range(3)]
    with pytest.raises(MustWait) as wait:
        entered(pace)
    assert wait.value.seconds is None
    leave(slots.pop())
    entered(pace)


def test_a_failed_request_gives_its_place_back(moment: Moment) -> None:
    """After a few connection failures nothing would be sent any more."""
    pace = Pace(1, moment, must_wait)
    for _ in range(3):
        with pytest.raises(ConnectionError), pace.slot():
            raise ConnectionError
    assert room(pace) == 1


def test_a_refusal_closes_the_gate_for_everybody(moment: Moment) -> None:
    """The other threads would go on sending inside the announced wait, each earning another 429."""
    pace = Pace(8, moment, must_wait)
    with pace.slot() as ticket:
        pace.refused(30, ticket)
    for now in (0.0, 15.0, 29.9):
        moment.now = now
        with pytest.raises(MustWait) as wait:
            entered(pace)
        assert wait.value.seconds == pytest.approx(30 - now)
    moment.now = 30.0
    entered(pace)


def test_one_refusal_among_answers_is_soon_forgotten(moment: Moment) -> None:
    """A gateway that sheds load now and then would bring a sync of an hour to a crawl."""
    pace = Pace(10, moment, must_wait)
    for _ in range(50):
        with pace.slot() as ticket:
            moment.now += 0.01
        pace.succeeded(ticket)
    with pace.slot() as ticket:
        pace.refused(1, ticket)
    sent = send_for(pace, moment, 12)
    assert sent > 100
    assert room(pace) == 10


def test_the_longest_wait_that_was_asked_for_counts(moment: Moment) -> None:
    """Threads that saw the refusal first would send inside the wait that another one was told."""
    pace = Pace(32, moment, must_wait)
    slots = [pace.slot() for _ in range(3)]
    tickets = [slot.__enter__() for slot in slots]
    for seconds, ticket in zip((10, 25, 5), tickets, strict=True):
        pace.refused(seconds, ticket)
    for slot in slots:
        leave(slot)
    moment.now = 11.0
    with pytest.raises(MustWait) as wait:
        entered(pace)
    assert wait.value.seconds == pytest.approx(14)


def test_after_a_wait_that_brought_nothing_one_request_goes_first(moment: Moment) -> None:
    """A crowd that knocks at a gate which is still shut earns as many refusals as it is large."""
    pace = Pace(10, moment, must_wait)
    with pace.slot() as ticket:
        pace.refused(5, ticket)
    moment.now = 5.0
    assert room(pace) == 1
    with pace.slot() as ticket:
        pass
    pace.succeeded(ticket)
    assert room(pace) == 10


def test_a_lone_refusal_without_a_wait_is_its_own(moment: Moment) -> None:
    """Where the server names no wait and answers everybody else, nobody else has to stop."""
    pace = Pace(10, moment, must_wait)
    for _ in range(20):
        with pace.slot() as ticket:
            pass
        pace.succeeded(ticket)
    with pace.slot() as ticket:
        assert 0 < pace.refused(None, ticket) < 1
    assert room(pace) == 10


def test_frequent_refusals_without_a_wait_shut_the_gate(moment: Moment) -> None:
    """A server that refuses everything would be asked as fast as it refuses."""
    pace = Pace(10, moment, must_wait)
    waits = []
    for _ in range(10):
        try:
            with pace.slot() as ticket:
                waits.append(pace.refused(None, ticket))
        except MustWait:
            break
    assert len(waits) <= 6
    assert room(pace) == 0


def test_a_server_that_is_down_is_left_alone_as_long_as_it_asks(moment: Moment) -> None:
    """A 503 with `Retry-After` would be answered by more requests."""
    pace = Pace(10, moment, must_wait)
    pace.pause(20)
    moment.now = 19.9
    assert room(pace) == 0
    moment.now = 20.0
    assert room(pace) == 10


def test_a_refusal_does_not_shorten_the_wait_of_a_server_that_is_down(moment: Moment) -> None:
    """A 429 with a short `Retry-After` would let requests out inside the wait that a 503 had announced."""
    pace = Pace(10, moment, must_wait)
    with pace.slot() as ticket:
        pace.pause(60)
        pace.refused(1, ticket)
    moment.now = 59.9
    assert room(pace) == 0
    moment.now = 60.0
    assert room(pace) == 1


def test_threads_never_exceed_the_number_in_flight() -> None:
    """The limit on requests at once would hold for one thread only."""
    pace = Pace(3)
    lock = threading.Lock()
    running = most = done = 0

    def work() -> None:
        nonlocal running, most, done
        for _ in range(50):
            with pace.slot() as ticket:
                with lock:
                    running += 1
                    most = max(most, running)
                with lock:
                    running -= 1
            pace.succeeded(ticket)
        with lock:
            done += 1

    threads = [threading.Thread(target=work, daemon=True) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert done == 12
    assert most <= 3


def send_for(pace: Pace, moment: Moment, seconds: float) -> int:
    """Send one request after the other, each answered at once; return how many were sent."""
    end, sent = moment.now + seconds, 0
    while moment.now < end:
        try:
            with pace.slot() as ticket:
                sent += 1
                moment.now += 0.01
            pace.succeeded(ticket)
        except MustWait as wait:
            moment.now += wait.seconds or 0.01
    return sent


def test_a_long_refusal_is_followed_by_requests_not_by_another_wait_of_that_length(moment: Moment) -> None:
    """After half an hour's refusal at the start of a sync, the second request would wait for another half
    hour.
    """
    pace = Pace(4, moment, must_wait)
    for _ in range(3):
        with pace.slot() as ticket:
            pace.refused(1800, ticket)
        moment.now += 1800
    assert send_for(pace, moment, 1) >= 20


def test_the_log_says_at_most_every_ten_seconds_that_it_waits(
    moment: Moment, caplog: pytest.LogCaptureFixture
) -> None:
    """A limit that is met every second would fill the log."""
    pace = Pace(4, moment, must_wait)
    with caplog.at_level("WARNING", logger="airbyte"):
        for _ in range(25):
            with pace.slot() as ticket:
                pace.refused(1, ticket)
            moment.now += 1
    assert len(caplog.records) == 3


def test_slower_answers_widen_the_window_and_leave_the_rate() -> None:
    """A server that becomes slow would get fewer requests than it allows."""
    window = Window(maximum=10)
    window.learn(2.0, 40, 1.0, latency=0.1, announced=True)
    assert window.size(18, latency=0.1) == pytest.approx(1.8)
    assert window.size(18, latency=0.4) == pytest.approx(7.2)
    assert window.size(18, latency=0.01) == pytest.approx(1.8)
