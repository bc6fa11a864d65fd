"""Servers that limit in every way, in virtual time: seeded, nobody waits."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class Server:
    """Answers at once whether a request is let in. `announces`: whether refusals carry the wait that they ask
    for.
    """

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

    def duration(self, latency: float) -> float:
        """Seconds that the request takes which was let in last."""
        is_slow = self.slow > 0 and self.served > self.slow_after and self.random.random() < self.slow_share
        return self.slow if is_slow else latency

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

    is_predictable: bool = field(default=False, init=False)
    share: float = 0.05
    retry_after: float = 1.0

    def wait(self, now: float) -> float | None:
        """Draw."""
        return self.retry_after if self.random.random() < self.share else None


@dataclass
class Every(Server):
    """Refuses every `nth` request, whatever the pace."""

    is_predictable: bool = field(default=False, init=False)
    nth: int = 11
    retry_after: float = 1.0

    def wait(self, now: float) -> float | None:
        """Count."""
        return self.retry_after if (self.served + self.refused + 1) % self.nth == 0 else None


@dataclass
class Leftover(Server):
    """Refuses the first requests, for another script's sake."""

    is_predictable: bool = field(default=False, init=False)
    first: int = 10
    retry_after: float = 2.0

    def wait(self, now: float) -> float | None:
        """Count."""
        return self.retry_after if self.refused < self.first else None
