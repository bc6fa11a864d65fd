"""The shared pace: a refusal stops everybody, and most of an unknown allowance is used without many
refusals.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

import pytest

from source_snow_atlas.components.request.allowance import Allowance
from source_snow_atlas.components.request.concurrency import Concurrency
from source_snow_atlas.components.request.cycle import Cycle
from source_snow_atlas.components.request.pace import Pace, Ticket
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
    slots = []
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


def test_one_refusal_among_answers_slows_nothing_down(moment: Moment) -> None:
    """A gateway that sheds load now and then would bring a sync of an hour to a crawl."""
    pace = Pace(10, moment, must_wait)
    refused = pace.slot()
    ticket = refused.__enter__()
    for _ in range(50):
        with pace.slot() as answered:
            moment.now += 0.01
        pace.succeeded(answered)
    pace.refused(1, ticket)
    leave(refused)
    moment.now += 1
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


def test_no_limit_no_delay(moment: Moment) -> None:
    """A server that never refuses would be read slower than it could."""
    pace = Pace(4, moment, must_wait)
    for _ in range(1000):
        with pace.slot() as ticket:
            pass
        pace.succeeded(ticket)
    assert room(pace) == 4


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


def test_a_long_refusal_is_followed_by_requests_not_by_another_wait_of_that_length(moment: Moment) -> None:
    """After half an hour's refusal at the start of a sync, the second request would wait for another half
    hour.
    """
    pace = Pace(4, moment, must_wait)
    for _ in range(3):
        with pace.slot() as ticket:
            pace.refused(1800, ticket)
        moment.now += 1800
    opened, sent = moment.now, 0
    while sent < 20:
        try:
            with pace.slot() as ticket:
                sent += 1
            pace.succeeded(ticket)
        except MustWait as wait:
            moment.now += wait.seconds or 0.0
    assert moment.now - opened < 1800


def test_requests_that_leave_together_arrive_in_any_order() -> None:
    """A limit of four in flight would be taken for a rate, and read at half its speed."""
    cycle = Cycle(began=0.0)
    sent = {serial: serial / 10_000 for serial in range(1, 6)}
    cycle.refuse(2, sent[2])
    for serial in (1, 3, 4, 5):
        cycle.answer(serial, sent[serial], sent[serial] + 0.05)
    assert (cycle.highest_answered, cycle.lowest_refused) == (4, 5)
    allowance = Allowance(maximum=10)
    allowance.conclude(cycle)
    assert allowance.concurrency.number == 4
    assert allowance.law is None


def ended(answered: int, sending: float, wait: float = 1.0, refused: int = 1) -> Cycle:
    """A cycle of requests spread evenly over its seconds of sending, the last ones refused."""
    cycle = Cycle(began=0.0, sending=sending, total=sending + wait)
    for serial in range(answered):
        at = sending * serial / answered
        cycle.answer(serial, at, at + 0.05)
    for serial in range(answered, answered + refused):
        cycle.refuse(serial, sending)
    return cycle


def test_a_rate_that_brings_no_more_is_given_up() -> None:
    """Where a gateway sheds load, each refusal would lower the rate, until a sync takes 70 times as long."""
    allowance = Allowance(maximum=10)
    allowance.conclude(ended(30, 0.15))
    assert allowance.law is not None
    allowance.conclude(ended(25, 1.5))
    allowance.conclude(ended(28, 2.5))
    assert allowance.law is None
    assert allowance.cause_unknown


def test_a_rate_that_brings_more_is_kept() -> None:
    """A bucket would be emptied at full speed again and again, and read at half its rate."""
    allowance = Allowance(maximum=10)
    for answered, sending in ((22, 0.1), (60, 2.3), (118, 5.1), (130, 5.6)):
        allowance.conclude(ended(answered, sending, wait=2.0, refused=2))
        assert allowance.law is not None


def test_full_speed_is_tried_once_in_a_while_under_a_rate() -> None:
    """A rate that an unlucky refusal after a few answers made would be kept for hours: what chance lets
    through later is always more.
    """
    allowance = Allowance(maximum=10)
    for answered, sending in ((14, 0.07), (76, 5.0), (80, 6.0), (90, 6.0)):
        allowance.conclude(ended(answered, sending))
    assert allowance.is_challenging
    assert allowance.law is None
    allowance.conclude(ended(100, 0.5))
    assert not allowance.is_challenging
    assert allowance.law is None
    assert allowance.cause_unknown


def test_full_speed_that_brings_no_more_confirms_the_rate() -> None:
    """Every trial of full speed would cost the rate, and with it half of the speed."""
    allowance = Allowance(maximum=10)
    for answered, sending in ((22, 0.1), (60, 5.0), (118, 9.0), (130, 9.0)):
        allowance.conclude(ended(answered, sending))
    assert allowance.is_challenging
    allowance.conclude(ended(22, 0.1))
    assert allowance.law is not None


def burst(allowed: int, refused: int = 1) -> Cycle:
    """All leave together; so many are answered, the others refused."""
    cycle = Cycle(began=0.0, sending=0.01, total=1.01)
    for serial in range(allowed):
        cycle.answer(serial, serial / 10_000, 0.05)
    for serial in range(allowed, allowed + refused):
        cycle.refuse(serial, serial / 10_000)
    return cycle


def test_a_number_in_flight_that_falls_and_falls_is_no_limit() -> None:
    """Refusals by chance would leave one request in flight."""
    allowance = Allowance(maximum=10)
    for allowed in (9, 7, 5, 3):
        allowance.conclude(burst(allowed, refused=2))
    assert allowance.concurrency.number is None
    assert allowance.cause_unknown


def probing(number: int) -> Concurrency:
    """A server that allows so many, held long enough for a probe."""
    concurrency = Concurrency(maximum=10)
    concurrency.explains(burst(number, refused=10 - number))
    assert concurrency.allowed(1.0, 0.0, 1.0) == number
    assert concurrency.allowed(5.0, 0.0, 1.0) == number + 1
    return concurrency


def test_a_probe_that_holds_becomes_the_number() -> None:
    """A limit that was raised would never be used."""
    concurrency = probing(4)
    for _ in range(10):
        concurrency.answered(5)
    assert concurrency.allowed(5.1, 0.0, 1.0) == 6
    assert concurrency.number == 5


def test_a_probe_that_is_refused_changes_nothing() -> None:
    """Every probe would count as held, because answers are seen late, and earn another refusal."""
    concurrency = probing(4)
    for _ in range(9):
        concurrency.answered(5)
    assert concurrency.step_back(sent_at=5.01, now=5.02)
    assert concurrency.number == 4
    assert concurrency.allowed(6.1, 6.02, 1.0) == 4


def test_a_refusal_from_before_the_probe_is_none_of_its_own() -> None:
    """A limit that was lowered would be taken for a failed probe, and run into again and again."""
    assert not probing(4).step_back(sent_at=4.99, now=5.02)


def test_what_a_probe_had_held_is_given_up_at_the_first_refusal() -> None:
    """A rate that looks like a number would be exceeded twice after every probe, for a whole wait each."""
    concurrency = probing(4)
    for _ in range(10):
        concurrency.answered(5)
    concurrency.allowed(5.1, 0.0, 1.0)
    assert concurrency.number == 5
    assert concurrency.explains(ended(300, 5.0))
    assert concurrency.number == 4


def test_a_number_that_held_until_the_next_probe_is_not_given_up_for_one_refusal() -> None:
    """One refusal by chance would take back what was found out minutes ago."""
    concurrency = probing(4)
    for _ in range(10):
        concurrency.answered(5)
    concurrency.allowed(5.1, 0.0, 1.0)
    assert concurrency.step_back(sent_at=5.2, now=5.2)
    assert concurrency.allowed(12.0, 6.2, 1.0) == 6
    assert concurrency.step_back(sent_at=12.0, now=12.0)
    assert concurrency.explains(ended(300, 5.0))
    assert concurrency.number == 5


def test_after_refusals_by_chance_a_number_has_to_show_twice() -> None:
    """Load shed at random would look like a limit of nine, seven, eight in flight, again and again."""
    concurrency = Concurrency(maximum=10)
    for allowed in (9, 7, 5, 3):
        concurrency.explains(burst(allowed, refused=2))
    assert not concurrency.explains(burst(8, refused=2))
    assert not concurrency.explains(burst(6, refused=2))
    assert concurrency.explains(burst(6, refused=4))
    assert concurrency.number == 6


def test_a_probe_waits_the_longer_the_more_a_refusal_costs() -> None:
    """A server that asks for a minute of quiet would be probed every four seconds."""
    concurrency = Concurrency(maximum=10)
    concurrency.explains(burst(4, refused=6))
    assert concurrency.allowed(239.0, 0.0, 60.0) == 4
    assert concurrency.allowed(241.0, 0.0, 60.0) == 5


def test_refusals_at_the_number_itself_lower_it() -> None:
    """A server that counts a request a moment longer than we do would refuse every tenth for ever."""
    concurrency = Concurrency(maximum=10)
    concurrency.explains(burst(4, refused=6))
    for _ in range(2):
        assert concurrency.explains(ended(12, 0.2))
    assert concurrency.number == 3


def test_lone_refusals_show_a_number_as_well() -> None:
    """Where no wait is announced, every fifth request would be refused for ever: eight are let in, ten are
    sent.
    """
    concurrency = Concurrency(maximum=10)
    shown = False
    for _ in range(8):
        for in_flight in (6, 7, 8):
            concurrency.answered(in_flight)
        shown = shown or concurrency.refused(9)
    assert shown
    assert concurrency.number == 8


def test_lone_refusals_by_chance_show_no_number() -> None:
    """A gateway that sheds load without a word would be read with fewer and fewer in flight."""
    concurrency = Concurrency(maximum=10)
    for _ in range(20):
        for _ in range(6):
            concurrency.answered(10)
        assert not concurrency.refused(10)
    assert concurrency.number is None
