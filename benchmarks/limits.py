"""Limits of the mock server, and the time that an ideal client needs, which knows the limit.

They are independent of the connector's own simulation, so that the two don't share a mistake. Times are in
seconds since the first request.
"""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Limit:
    """Limit that refuses nothing. Subclasses override `refusal` and `opens_in`."""

    served: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)

    def arrive(self, now: float, in_flight: int) -> float | None:
        """Count a request, and return None if it is allowed, else the seconds of `Retry-After`."""
        wait = self.refusal(now, in_flight)
        if wait is None:
            self.served += 1
        else:
            self.refused += 1
        return wait

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Return None if a request is allowed now, else the seconds of `Retry-After`."""
        return None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """Return the seconds until a request is allowed, or None if another one has to end first."""
        return 0.0


@dataclass
class Bucket(Limit):
    """Token bucket. Another client uses `other` tokens a second in every second `period`."""

    rate: float
    size: float
    retry_after: float = 2.0
    other: float = 0.0
    period: float = 5.0
    changes_after: int = 0
    """Number of requests after which the rate changes."""
    changed_rate: float = 0.0
    _level: float = field(default=math.inf, init=False)
    _at: float = field(default=0.0, init=False)

    def _refill(self, now: float) -> float:
        rate = self.changed_rate if self.changes_after and self.served >= self.changes_after else self.rate
        rate -= self.other if int(now / self.period) % 2 else 0.0
        self._level = min(self.size, self._level + rate * (now - self._at))
        self._at = now
        return rate

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Take a token, if there is one."""
        self._refill(now)
        if self._level < 1:
            return self.retry_after
        self._level -= 1
        return None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """Return the time until there is a token or the other client starts or stops."""
        rate = self._refill(now)
        if self._level >= 1:
            return 0.0
        change = self.period - now % self.period if self.other else math.inf
        return min((1 - self._level) / rate, change) + 1e-9


@dataclass
class Window(Limit):
    """Fixed window of requests. `Retry-After` is the time until its end, in whole seconds."""

    allowed: int
    seconds: float
    _number: int = field(default=0, init=False)
    _used: int = field(default=0, init=False)

    def _left(self, now: float) -> float:
        if (number := int(now / self.seconds)) != self._number:
            self._number, self._used = number, 0
        return (self._number + 1) * self.seconds - now

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Count the requests of the window."""
        left = self._left(now)
        if self._used >= self.allowed:
            return float(max(1, math.ceil(left)))
        self._used += 1
        return None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """Return the time until the next window."""
        left = self._left(now)
        return 0.0 if self._used < self.allowed else left + 1e-9


@dataclass
class InFlight(Limit):
    """Limit of concurrent requests, which may change after `changes_after` requests."""

    allowed: int
    retry_after: float = 1.0
    changes_after: int = 0
    changed: int = 0

    def _current(self) -> int:
        return self.changed if self.changes_after and self.served >= self.changes_after else self.allowed

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Compare the number of requests in flight with the limit."""
        return self.retry_after if in_flight >= self._current() else None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """Return None at the limit."""
        return None if in_flight >= self._current() else 0.0


@dataclass
class Shedding(Limit):
    """Load shedding, which refuses a share of the requests at random."""

    share: float
    seed: int
    retry_after: float = 1.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Refuse at random."""
        return self.retry_after if self._random.random() < self.share else None


@dataclass
class EveryNth(Limit):
    """Limit that refuses every nth request."""

    nth: int
    retry_after: float = 1.0

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Refuse if it is the nth request."""
        return self.retry_after if (self.served + self.refused) % self.nth == self.nth - 1 else None


@dataclass
class Leftover(Limit):
    """Limit that refuses the first requests, as if another client had used it up."""

    first: int
    retry_after: float = 2.0

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Refuse if it is one of the first requests."""
        return self.retry_after if self.refused < self.first else None


REFUSAL = 0.001
"""Seconds until a client receives a refusal."""
FIXED = ("bucket", "window", "in-flight")
"""Limits that do not change, so that few refusals are needed to find them."""
TITLES = {
    "none": "no limit",
    "bucket": "bucket of 20, refilled 20/s",
    "window": "window: 100 per 10 s",
    "in-flight": "at most 4 in flight",
    "shedding": "5 % refused at random",
    "every-11th": "every 11th refused",
    "shared": "20/s, of which another client takes 15 in every other 5 s",
    "leftover": "the first ten refused, then no limit",
    "bucket-up": "bucket: 20/s, then 80/s",
    "bucket-down": "bucket: 80/s, then 20/s",
    "in-flight-up": "at most 2 in flight, then 8",
    "in-flight-down": "at most 8 in flight, then 2",
}


def make(kind: str, work: int, seed: int) -> Limit:
    """Return a new limit. If it changes, it does so after half of the requests."""
    half = work // 2
    limits: dict[str, Callable[[], Limit]] = {
        "none": Limit,
        "bucket": lambda: Bucket(20, 20),
        "window": lambda: Window(100, 10),
        "in-flight": lambda: InFlight(4),
        "shedding": lambda: Shedding(0.05, seed),
        "every-11th": lambda: EveryNth(11),
        "shared": lambda: Bucket(20, 20, other=15),
        "leftover": lambda: Leftover(10),
        "bucket-up": lambda: Bucket(20, 20, changes_after=half, changed_rate=80),
        "bucket-down": lambda: Bucket(80, 20, changes_after=half, changed_rate=20),
        "in-flight-up": lambda: InFlight(2, changes_after=half, changed=8),
        "in-flight-down": lambda: InFlight(8, changes_after=half, changed=2),
    }
    return limits[kind]()


def ideal_seconds(limit: Limit, work: int, workers: int, latency: float, announces: bool) -> float:
    """Return the seconds that an ideal client, which knows the limit, needs for `work` requests.

    At most `workers` requests are in flight. The client is refused only if the limit can't be predicted.
    Then it waits as long as the refusal announces, or continues at once if it announces nothing. Requests
    that are sent at the same time share one wait.
    """
    now = wait_until = refused_at = 0.0
    in_flight: list[float] = []
    while limit.served < work:
        while in_flight and in_flight[0] <= now:
            heapq.heappop(in_flight)
        wait = limit.opens_in(now, len(in_flight))
        if refused_at < now < wait_until:
            now = wait_until
        elif len(in_flight) >= workers or wait is None:
            now = in_flight[0]
        elif wait > 0:
            now += wait
        else:
            retry_after = limit.arrive(now, len(in_flight))
            heapq.heappush(in_flight, now + (latency if retry_after is None else REFUSAL))
            if retry_after is not None and announces:
                refused_at, wait_until = now, max(wait_until, now + retry_after)
    return max(in_flight)
