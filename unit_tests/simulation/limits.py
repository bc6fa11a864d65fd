"""Servers with rate limits, in the time of their caller, and the time of a client that knows the limit.

The simulation of the pace reads them in virtual time, and the mock server of the benchmarks by the clock.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

SENDING, SEEING, PARSING, USING = 0.0007, 0.0005, 0.0012, 0.0010
"""Seconds of the interpreter's lock that a page of 100 rows needs: to leave, to be seen, parsed and used."""
STEP = 0.002
"""Seconds after which a client that knows the limit tries again."""


@dataclass
class Server:
    """Server without a limit. `announces`: whether refusals have a `Retry-After`."""

    seed: int = 0
    announces: bool = True
    is_predictable: bool = field(default=True, init=False)
    """Whether a client that knows the limit is never refused."""
    linger: float = 0.0
    """Seconds for which a request still counts as in flight after its answer has left."""
    slow_share: float = 0.0
    """Share of the requests after `slow_after` that take `slow` seconds."""
    slow_after: int = 0
    slow: float = 0.0
    in_flight: int = field(default=0, init=False)
    served: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def arrive(self, now: float) -> float | None:
        """Count a request, and return None if it is accepted, else the seconds of `Retry-After`."""
        wait = self.wait(now)
        self.in_flight += wait is None
        self.served += wait is None
        self.refused += wait is not None
        return wait

    def wait(self, now: float) -> float | None:
        """Return None if a request is accepted now, else the seconds of `Retry-After`."""
        return None

    def duration(self, latency: float) -> float:
        """Return the seconds that the last accepted request takes."""
        is_slow = self.slow > 0 and self.served > self.slow_after and self.random.random() < self.slow_share
        return self.slow if is_slow else latency

    def leave(self) -> None:
        """Count a reply to an accepted request."""
        self.in_flight -= 1


@dataclass
class Bucket(Server):
    """Token bucket of `burst`. Another client uses `other_rate` tokens a second in every second `period`."""

    rate: float = 20.0
    burst: float = 20.0
    retry_after: float = 2.0
    other_rate: float = 0.0
    period: float = 5.0
    change_at: int = 0
    """Number of requests after which the rate changes."""
    change_to: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._level, self._since = self.burst, 0.0

    def wait(self, now: float) -> float | None:
        """Take a token, if there is one."""
        rate = self.change_to if self.change_at and self.served >= self.change_at else self.rate
        rate -= self.other_rate if int(now / self.period) % 2 else 0.0
        self._level = min(self.burst, self._level + (now - self._since) * rate)
        self._since = now
        if self._level < 1:
            return self.retry_after
        self._level -= 1
        return None


@dataclass
class Window(Server):
    """Fixed window of requests. `Retry-After` is the time until its end, in whole seconds."""

    allowed: int = 100
    seconds: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._window, self._used = -1, 0

    def wait(self, now: float) -> float | None:
        """Count the requests of the window."""
        window = int(now / self.seconds)
        if window != self._window:
            self._window, self._used = window, 0
        if self._used >= self.allowed:
            return max(1.0, float(-int(-((window + 1) * self.seconds - now) // 1)))
        self._used += 1
        return None


@dataclass
class InFlight(Server):
    """Limit of concurrent requests, which may change after `change_at` requests."""

    allowed: int = 4
    retry_after: float = 1.0
    change_at: int = 0
    change_to: int = 0

    def wait(self, now: float) -> float | None:
        """Compare the number of requests in flight with the limit."""
        allowed = self.change_to if self.change_at and self.served >= self.change_at else self.allowed
        return self.retry_after if self.in_flight >= allowed else None


@dataclass
class Unpredictable(Server):
    """Server that refuses a share of the requests at random, every `nth`, or the `first` ones."""

    is_predictable: bool = field(default=False, init=False)
    share: float = 0.0
    nth: int = 0
    first: int = 0
    retry_after: float = 1.0

    def wait(self, now: float) -> float | None:
        """Draw or count."""
        is_refused = (
            (self.share > 0 and self.random.random() < self.share)
            or (self.nth > 0 and (self.served + self.refused + 1) % self.nth == 0)
            or self.refused < self.first
        )
        return self.retry_after if is_refused else None


Make = Callable[..., Server]


@dataclass(frozen=True)
class Limit:
    """Limit of the benchmarks: its name in virtual time, and its title by the clock."""

    name: str
    title: str
    server: Make
    is_fixed: bool = False
    """Whether it does not change, so that few refusals are needed to find it."""
    changed: Callable[[int], dict[str, int]] = lambda half: {}
    """Options of the server, by half of the work."""

    def make(self, work: int) -> Make:
        """Return the constructor of the server for this number of requests."""
        return partial(self.server, **self.changed(work // 2))


def _changes(to: int) -> Callable[[int], dict[str, int]]:
    return lambda half: {"change_at": half, "change_to": to}


LEFTOVER = partial(Unpredictable, first=10, retry_after=2.0)
LIMITS = {
    "none": Limit("no limit", "no limit", Server, True),
    "bucket": Limit("bucket of 20, 20 a second", "bucket of 20, refilled 20/s", Bucket, True),
    "window": Limit("window of 100 in 10 s", "window: 100 per 10 s", Window, True),
    "in-flight": Limit("4 in flight", "at most 4 in flight", InFlight, True),
    "shedding": Limit("5 % at random", "5 % refused at random", partial(Unpredictable, share=0.05)),
    "every-11th": Limit("every 11th", "every 11th refused", partial(Unpredictable, nth=11)),
    "shared": Limit(
        "a share of another client",
        "20/s, of which another client takes 15 in every other 5 s",
        partial(Bucket, other_rate=15),
    ),
    "leftover": Limit("the first ten", "the first ten refused, then no limit", LEFTOVER),
    "bucket-up": Limit("bucket up", "bucket: 20/s, then 80/s", Bucket, changed=_changes(80)),
    "bucket-down": Limit(
        "bucket down", "bucket: 80/s, then 20/s", partial(Bucket, rate=80), changed=_changes(20)
    ),
    "in-flight-up": Limit(
        "in flight up", "at most 2 in flight, then 8", partial(InFlight, allowed=2), changed=_changes(8)
    ),
    "in-flight-down": Limit(
        "in flight down", "at most 8 in flight, then 2", partial(InFlight, allowed=8), changed=_changes(2)
    ),
}


WITH_SLOW_REQUESTS: dict[str, Make] = {
    "no limit": Server,
    "bucket of 20, 20 a second": Bucket,
    "bucket of 10, 10 a second": partial(Bucket, rate=10, burst=10),
    "window of 100 in 10 s": Window,
    "4 in flight": InFlight,
}


def slow_requests(work: int) -> dict[str, dict[str, float]]:
    """Return options of servers that become slow after half of the work, or are slow now and then."""
    return {
        "3 s halfway": {"slow_share": 1.0, "slow": 3.0, "slow_after": work // 2},
        "10 % take 4 s": {"slow_share": 0.1, "slow": 4.0},
        "2 % take 10 s": {"slow_share": 0.02, "slow": 10.0},
    }


def knowing_seconds(server: Server, work: int, workers: int, latency: float) -> float:
    """Return the seconds that a client needs for `work` requests that knows the limit.

    It sends as soon as a request is accepted. If the limit can't be predicted, it waits as a refusal
    announces, or continues at once if that announces nothing. Requests sent together share one wait.
    """
    now = refused_at = wait_until = 0.0
    ends: list[float] = []
    jitter = random.Random(server.seed + 7)
    while server.served < work:
        while ends and ends[0] <= now:
            heapq.heappop(ends)
            server.leave()
        if len(ends) == workers:
            now = ends[0]
        elif refused_at < now < wait_until:
            now = wait_until
        elif (wait := server.arrive(now)) is None:
            share = 1.0 if server.is_predictable else jitter.uniform(0.9, 1.0)
            heapq.heappush(ends, now + server.duration(latency) * share)
        elif server.is_predictable:
            now = min([now + STEP, *ends[:1]])
        elif server.announces:
            refused_at, wait_until = now, max(wait_until, now + wait)
    return max(work * (SENDING + SEEING + PARSING + USING), *ends)
