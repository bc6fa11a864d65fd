"""Rules by which a server refuses requests, and how long a client needs that knows them.

Written apart from the connector's own simulation, so that the two don't share a mistake. Times are seconds
since the first request.
"""

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Limit:
    """No limit. `served` and `refused` count what the rule has decided."""

    served: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)

    def arrive(self, now: float, in_flight: int) -> float | None:
        """None where the request is let in, else the seconds of its `Retry-After`."""
        asked = self.refusal(now, in_flight)
        if asked is None:
            self.served += 1
        else:
            self.refused += 1
        return asked

    def refusal(self, now: float, in_flight: int) -> float | None:
        """What the rule says of a request that comes now, with others in flight."""
        return None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """Seconds until a request is let in, as far as a client can know; None where one in flight has to end
        first.
        """
        return 0.0


@dataclass
class Bucket(Limit):
    """A bucket that is refilled; in every other `period` another client takes `other` a second; `rate` may
    change when half is done.
    """

    rate: float
    size: float
    retry_after: float = 2.0
    other: float = 0.0
    period: float = 5.0
    changes_after: int = 0
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
        """Take one out."""
        self._refill(now)
        if self._level < 1:
            return self.retry_after
        self._level -= 1
        return None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """Until one is in it; never further than to where the other client comes or goes."""
        rate = self._refill(now)
        if self._level >= 1:
            return 0.0
        turn = self.period - now % self.period if self.other else math.inf
        return min((1 - self._level) / rate, turn) + 1e-9


@dataclass
class Window(Limit):
    """`allowed` requests in each window of so many seconds; a refusal asks to wait for its end, in whole
    seconds.
    """

    allowed: int
    seconds: float
    _number: int = field(default=0, init=False)
    _used: int = field(default=0, init=False)

    def _turn(self, now: float) -> float:
        if (number := int(now / self.seconds)) != self._number:
            self._number, self._used = number, 0
        return (self._number + 1) * self.seconds - now

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Count."""
        left = self._turn(now)
        if self._used >= self.allowed:
            return float(max(1, math.ceil(left)))
        self._used += 1
        return None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """Until the next window."""
        left = self._turn(now)
        return 0.0 if self._used < self.allowed else left + 1e-9


@dataclass
class InFlight(Limit):
    """So many requests at once; may change when half is done."""

    allowed: int
    retry_after: float = 1.0
    changes_after: int = 0
    changed: int = 0

    def _most(self) -> int:
        return self.changed if self.changes_after and self.served >= self.changes_after else self.allowed

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Look how many are under way."""
        return self.retry_after if in_flight >= self._most() else None

    def opens_in(self, now: float, in_flight: int) -> float | None:
        """When one of them ends."""
        return None if in_flight >= self._most() else 0.0


@dataclass
class Shedding(Limit):
    """Refuses a share of the requests at random, whatever their rate."""

    share: float
    seed: int
    retry_after: float = 1.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Draw."""
        return self.retry_after if self._random.random() < self.share else None


@dataclass
class EveryNth(Limit):
    """Refuses each nth request, whatever the rate."""

    nth: int
    retry_after: float = 1.0

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Count."""
        return self.retry_after if (self.served + self.refused) % self.nth == self.nth - 1 else None


@dataclass
class Leftover(Limit):
    """Refuses the first requests: what another script has left of its limit."""

    first: int
    retry_after: float = 2.0

    def refusal(self, now: float, in_flight: int) -> float | None:
        """Count."""
        return self.retry_after if self.refused < self.first else None


REFUSAL = 0.001
"""Seconds until a client sees that it was refused: no work is done for it."""
FIXED = ("bucket", "window", "in-flight")
"""The allowance stays, so that few refusals are needed to know it."""
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
    """A fresh rule of that kind; one that changes does so when half of the work is done."""
    half = work // 2
    rules: dict[str, Callable[[], Limit]] = {
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
    return rules[kind]()


def all_knowing(limit: Limit, work: int, workers: int, latency: float, announces: bool) -> float:
    """Seconds that a client needs for `work` requests that knows the rule, and of which `workers` are in
    flight at most.

    It is refused only where no knowledge helps (at random, by count). Then it sends nothing until the
    announced wait is over, as every client has to, or goes on at once where none is announced. Requests that
    leave at the same moment share one wait.
    """
    now = gate = refused_at = 0.0
    under_way: list[float] = []
    while limit.served < work:
        while under_way and under_way[0] <= now:
            heapq.heappop(under_way)
        wait = limit.opens_in(now, len(under_way))
        if refused_at < now < gate:
            now = gate
        elif len(under_way) >= workers or wait is None:
            now = under_way[0]
        elif wait > 0:
            now += wait
        else:
            asked = limit.arrive(now, len(under_way))
            heapq.heappush(under_way, now + (latency if asked is None else REFUSAL))
            if asked is not None and announces:
                refused_at, gate = now, max(gate, now + asked)
    return max(under_way)
