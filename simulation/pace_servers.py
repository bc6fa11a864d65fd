"""Servers that limit in every way, and the real pace on them in virtual time: seeded, nobody waits.

`ALL_KNOWING` says how long a client needs that knows the limit: it sends what is allowed, when it is allowed,
and waits as told where refusals can't be avoided.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from source_snow_atlas.components.request.pace import Pace, Ticket


class MustWait(Exception):
    """What a caller of the pace sees in the place of a wait: seconds, or None for "until one is done"."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def must_wait(condition: threading.Condition, seconds: float | None) -> None:
    """Raise instead of waiting."""
    raise MustWait(seconds)


class Moment:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    """Answers at once whether a request is let in. `announces`: whether refusals carry the wait that they ask
    for.
    """

    seed: int = 0
    announces: bool = True
    in_flight: int = 0
    served: int = 0
    refused: int = 0
    inside_waits: int = 0
    quiet_until: float = 0.0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def arrive(self, now: float) -> float | None:
        """None where the request is let in, else the seconds of its `Retry-After`."""
        wait = self.wait(now)
        if wait is None:
            self.in_flight += 1
            self.served += 1
            return None
        self.refused += 1
        return wait

    def wait(self, now: float) -> float | None:
        """What the kind of server says to a request."""
        return None

    def leave(self) -> None:
        """A request that was let in is answered."""
        self.in_flight -= 1


@dataclass
class Bucket(Server):
    """A bucket of `burst`, refilled `rate` times a second; `shared` seconds of every other `period` another
    client takes its share.
    """

    rate: float = 20.0
    burst: float = 20.0
    retry_after: float = 2.0
    other_rate: float = 0.0
    period: float = 5.0
    change_at: int = 0
    change_to: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._level, self._since = self.burst, 0.0

    def available(self, now: float) -> float:
        """Requests a second that are left to us."""
        rate = self.change_to if self.change_at and self.served >= self.change_at else self.rate
        return rate - (self.other_rate if int(now / self.period) % 2 else 0.0)

    def wait(self, now: float) -> float | None:
        """Take one out of the bucket."""
        self._level = min(self.burst, self._level + (now - self._since) * self.available(now))
        self._since = now
        if self._level < 1:
            return self.retry_after
        self._level -= 1
        return None


@dataclass
class Window(Server):
    """`allowed` requests in every `seconds`; a refusal asks to wait to the end of the window, in whole
    seconds.
    """

    allowed: int = 100
    seconds: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._window, self._used = -1, 0

    def wait(self, now: float) -> float | None:
        """Count in the window of this moment."""
        window = int(now / self.seconds)
        if window != self._window:
            self._window, self._used = window, 0
        if self._used >= self.allowed:
            return max(1.0, float(-int(-((window + 1) * self.seconds - now) // 1)))
        self._used += 1
        return None


@dataclass
class InFlight(Server):
    """At most `allowed` requests at once."""

    allowed: int = 4
    retry_after: float = 1.0
    change_at: int = 0
    change_to: int = 0

    def wait(self, now: float) -> float | None:
        """Look how many are under way."""
        allowed = self.change_to if self.change_at and self.served >= self.change_at else self.allowed
        return self.retry_after if self.in_flight >= allowed else None


@dataclass
class Shedding(Server):
    """Refuses a share of all requests at random."""

    share: float = 0.05
    retry_after: float = 1.0

    def wait(self, now: float) -> float | None:
        """Draw."""
        return self.retry_after if self.random.random() < self.share else None


@dataclass
class Every(Server):
    """Refuses every `nth` request, whatever the pace."""

    nth: int = 11
    retry_after: float = 1.0

    def wait(self, now: float) -> float | None:
        """Count."""
        return self.retry_after if (self.served + self.refused + 1) % self.nth == 0 else None


@dataclass
class Leftover(Server):
    """Refuses the first requests, for another script's sake."""

    first: int = 10
    retry_after: float = 2.0

    def wait(self, now: float) -> float | None:
        """Count."""
        return self.retry_after if self.refused < self.first else None


@dataclass
class Outcome:
    """What a run came to."""

    seconds: float
    requests: int
    refused: int
    inside_waits: int


def run(
    server: Server,
    *,
    work: int,
    pace: Any = None,
    workers: int = 10,
    latency: float = 0.05,
    limit: float = 36_000.0,
    first_alone: bool = False,
) -> Outcome:
    """`workers` that do `work` requests through one pace. `first_alone`: nothing else is known to be asked
    for until the first answer is there, as with the first page of a stream.
    """
    moment = Moment()
    pace = pace(workers, moment) if pace else Pace(workers, moment, must_wait)
    events: list[tuple[float, int, Callable[[], None]]] = []
    idle: list[Callable[[], None]] = []
    order = iter(range(10**9))
    todo = [work]
    done = [0]
    chance = random.Random(server.seed + 7)

    def at(time: float, action: Callable[[], None]) -> None:
        heapq.heappush(events, (time, next(order), action))

    def take() -> None:
        if todo[0]:
            todo[0] -= 1
            send()

    def send() -> None:
        slot = pace.slot()
        try:
            ticket = slot.__enter__()
        except MustWait as wait:
            if wait.seconds is None:
                idle.append(send)
            else:
                at(moment.now + wait.seconds + 1e-9, send)
            return
        if moment.now < server.quiet_until - 1e-6:
            server.inside_waits += 1
        way = latency * 0.1
        at(moment.now + way, lambda: arrive(slot, ticket, way))

    def arrive(slot: AbstractContextManager[Ticket], ticket: Ticket, way: float) -> None:
        asked = server.arrive(moment.now)
        if asked is None:
            at(moment.now + latency * chance.uniform(0.7, 0.9), lambda: receive(slot, ticket))
        else:
            at(moment.now + way, lambda: receive_refusal(slot, ticket, asked))

    def receive(slot: AbstractContextManager[Ticket], ticket: Ticket) -> None:
        server.leave()
        pace.succeeded(ticket)
        slot.__exit__(None, None, None)
        done[0] += 1
        for _ in range(workers if first_alone and done[0] == 1 else 1):
            at(moment.now, take)
        wake()

    def receive_refusal(slot: AbstractContextManager[Ticket], ticket: Ticket, asked: float) -> None:
        if server.announces:
            server.quiet_until = max(server.quiet_until, moment.now + asked)
        own = pace.refused(asked if server.announces else None, ticket)
        slot.__exit__(None, None, None)
        at(moment.now + own, send)
        wake()

    def wake() -> None:
        while idle:
            at(moment.now, idle.pop())

    for _ in range(1 if first_alone else workers):
        at(0.0, take)
    while done[0] < work and events and events[0][0] < limit:
        moment.now, _, action = heapq.heappop(events)
        action()
    return Outcome(moment.now, server.served + server.refused, server.refused, server.inside_waits)


@dataclass
class FullSpeed:
    """A pace that holds a known number in flight and a known rate, and waits as it is told: what a client
    does that knows the cause.
    """

    maximum: int
    moment: Moment
    _open_at: float = 0.0
    _in_flight: int = 0
    held: list[int] = field(default_factory=list)

    def slot(self) -> AbstractContextManager[Any]:
        """Permission unless an announced wait lasts."""
        return _FullSlot(self)

    def succeeded(self, ticket: Any) -> None:
        """Nothing is learnt."""

    def refused(self, announced: float | None, ticket: Any) -> float:
        """Wait as told; not at all where nothing is."""
        if announced is not None:
            self._open_at = max(self._open_at, self.moment.now + announced)
        return 0.0


class _FullSlot(AbstractContextManager[Any]):
    def __init__(self, pace: FullSpeed) -> None:
        self._pace = pace

    def __enter__(self) -> None:
        if self._pace.moment.now < self._pace._open_at:
            raise MustWait(self._pace._open_at - self._pace.moment.now)

    def __exit__(self, *_: object) -> None:
        pass


def all_knowing(server: Server, work: int, workers: int, latency: float) -> float:
    """Seconds that a client needs that knows the server's rule."""
    unlimited = work / workers * latency * 0.9
    if isinstance(server, Bucket):
        now, sent = 0.0, 0.0
        server.served = 0
        while sent < work - server.burst:
            server.served = int(sent)
            sent += server.available(now) * 0.05
            now += 0.05
        server.served = 0
        return max(unlimited, now)
    if isinstance(server, Window):
        windows, rest = divmod(work - 1, server.allowed)
        return max(unlimited, windows * server.seconds + (rest + 1) / workers * latency)
    if isinstance(server, InFlight):
        first = server.change_at or work
        allowed = min(server.allowed, workers), min(server.change_to or server.allowed, workers)
        return float((first / allowed[0] + (work - first) / allowed[1]) * latency * 0.9)
    return run(server, work=work, pace=FullSpeed, workers=workers, latency=latency).seconds
