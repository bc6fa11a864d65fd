"""The shared pace: a refusal stops everybody, and most of an unknown allowance is used without many refusals."""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from source_snow_atlas.components.request.pace import Pace


class MustWait(Exception):
    """What a caller of the pace sees in a simulation in the place of a wait: seconds, or None for "until one is done"."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def must_wait(condition: threading.Condition, seconds: float | None) -> None:
    raise MustWait(seconds)


class Moment:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


def entered(pace: Pace) -> AbstractContextManager[float]:
    slot = pace.slot()
    slot.__enter__()
    return slot


def leave(slot: AbstractContextManager[float]) -> None:
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
    with pace.slot() as sent_at:
        pace.refused(30, sent_at)
    for now in (0.0, 15.0, 29.9):
        moment.now = now
        with pytest.raises(MustWait) as wait:
            entered(pace)
        assert wait.value.seconds == pytest.approx(30 - now)
    moment.now = 30.0
    entered(pace)


def test_the_number_in_flight_halves_and_rises_again(moment: Moment) -> None:
    """After a refusal the same crowd would run into the limit again; or one refusal would slow the rest of the sync down."""
    pace = Pace(16, moment, must_wait)
    with pace.slot() as sent_at:
        pace.refused(10, sent_at)
    moment.now = 10_000.0  # far beyond what the learnt rate holds back
    held = []
    while True:
        try:
            held.append(entered(pace))
        except MustWait as wait:
            if wait.seconds is None:
                break
            moment.now += wait.seconds
    assert len(held) == 8
    for slot in held:
        leave(slot)
    for _ in range(500):
        pace.succeeded()
    held = []
    while True:
        try:
            held.append(entered(pace))
        except MustWait as wait:
            if wait.seconds is None:
                break
            moment.now += wait.seconds
    assert len(held) == 16


def test_late_refusals_of_the_same_moment_count_once(moment: Moment) -> None:
    """Forty threads that see the same limit would bring the sync down to a single request at a time."""
    alone, crowd = Pace(32, moment, must_wait), Pace(32, moment, must_wait)
    moment.now = 1.0
    for pace, times in ((alone, 1), (crowd, 20)):
        for _ in range(times):
            pace.refused(10, sent_at=0.5)
    assert crowd._window == alone._window == 16
    crowd.refused(25, sent_at=0.9)
    moment.now = 11.0
    entered(alone)
    with pytest.raises(MustWait) as wait:
        entered(crowd)
    assert wait.value.seconds == pytest.approx(15), "the longest wait that was asked for counts"


def test_no_limit_no_delay(moment: Moment) -> None:
    """A server that never refuses would be read slower than it could."""
    pace = Pace(4, moment, must_wait)
    for _ in range(1000):
        with pace.slot():
            pass
        pace.succeeded()
    assert room(pace) == 4


def test_threads_never_exceed_the_number_in_flight() -> None:
    """The limit on requests at once would hold for one thread only."""
    pace = Pace(3)
    lock = threading.Lock()
    running = most = done = 0

    def work() -> None:
        nonlocal running, most, done
        for _ in range(50):
            with pace.slot():
                with lock:
                    running += 1
                    most = max(most, running)
                with lock:
                    running -= 1
            pace.succeeded()
        with lock:
            done += 1

    threads = [threading.Thread(target=work, daemon=True) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert done == 12
    assert most <= 3


# A server with an allowance


@dataclass
class Limited:
    """Grants `rate` requests a second with a reserve of `burst`; a refused client is blocked for `penalty` seconds."""

    rate: float
    burst: float
    penalty: float

    def __post_init__(self) -> None:
        self._level = self.burst
        self._since = 0.0
        self._blocked_until = 0.0
        self.served = 0
        self.refused = 0

    def answer(self, now: float) -> float | None:
        """None for a reply, the Retry-After of a 429 otherwise."""
        self._level = min(self.burst, self._level + (now - self._since) * self.rate)
        self._since = now
        if now < self._blocked_until:
            self.refused += 1
            return max(1.0, float(int(self._blocked_until - now) + 1))
        if self._level < 1:
            self.refused += 1
            self._blocked_until = now + self.penalty
            return self.penalty
        self._level -= 1
        self.served += 1
        return None


def simulate(server: Limited, workers: int, seconds: float, latency: Callable[[], float]) -> None:
    """Workers that send one request after the other through one pace, in simulated time."""
    moment = Moment()
    pace = Pace(workers, moment, must_wait)
    events: list[tuple[float, int, Callable[[], None]]] = []
    idle: list[Callable[[], None]] = []
    order = iter(range(10**9))

    def at(time: float, action: Callable[[], None]) -> None:
        heapq.heappush(events, (time, next(order), action))

    def send() -> None:
        slot = pace.slot()
        try:
            sent_at = slot.__enter__()
        except MustWait as wait:
            if wait.seconds is None:
                idle.append(send)
            else:
                at(moment.now + wait.seconds, send)
            return
        delay = latency()
        at(moment.now + delay, lambda: receive(slot, sent_at, server.answer(moment.now)))

    def receive(slot: AbstractContextManager[float], sent_at: float, wait: float | None) -> None:
        if wait is not None:
            pace.refused(wait, sent_at)
        leave(slot)
        if wait is None:
            pace.succeeded()
        at(moment.now, send)
        while idle:
            at(moment.now, idle.pop())

    for _ in range(workers):
        at(0.0, send)
    while events and events[0][0] <= seconds:
        moment.now, _, action = heapq.heappop(events)
        action()


@pytest.mark.parametrize(("penalty", "used"), [(1.0, 0.9), (2.0, 0.85), (5.0, 0.7)])
@pytest.mark.parametrize("workers", [10, 40])
def test_most_of_an_unknown_allowance_is_used_and_few_requests_are_refused(
    workers: int, penalty: float, used: float
) -> None:
    """A rate-limited sync would take far longer than the limit asks for, or annoy the server until it blocks the client."""
    server = Limited(rate=20, burst=20, penalty=penalty)
    chance = random.Random(1)
    seconds = 600.0
    simulate(server, workers, seconds, lambda: chance.uniform(0.05, 0.4))
    assert server.refused / (server.refused + server.served) < 0.05
    assert server.served >= used * server.rate * seconds


def test_a_server_that_allows_less_than_one_request_a_second_is_read_too() -> None:
    """A small allowance would never let the sync make headway."""
    server = Limited(rate=0.5, burst=1, penalty=4)
    simulate(server, 10, 2000, lambda: 0.2)
    assert server.served >= 0.5 * server.rate * 2000
    assert server.refused <= 0.25 * server.served


def test_the_pace_recovers_when_the_limit_is_lifted() -> None:
    """A short burst of refusals would slow the sync down for hours."""
    server = Limited(rate=20, burst=20, penalty=1)
    chance = random.Random(1)
    lifted: list[int] = []

    def latency() -> float:
        if not lifted and server.served > 600:
            lifted.append(server.served)
            server.rate, server.burst = 1000.0, 1000.0
        return chance.uniform(0.05, 0.2)

    simulate(server, 10, 240, latency)
    assert server.served > lifted[0] + 2 * 20 * 210, "twice what the old allowance gave"


def test_a_long_refusal_is_followed_by_requests_not_by_another_wait_of_that_length(moment: Moment) -> None:
    """After half an hour's refusal at the start of a sync, the second request would wait for another half hour."""
    pace = Pace(4, moment, must_wait)
    for _ in range(3):
        with pace.slot() as sent_at:
            pace.refused(1800, sent_at)
        moment.now += 1800
    opened, sent = moment.now, 0
    while sent < 20:
        try:
            with pace.slot():
                sent += 1
            pace.succeeded()
        except MustWait as wait:
            moment.now += wait.seconds or 0.0
    assert moment.now - opened < 1800
