"""What the server allows, learnt from its refusals: a rate, a number in flight, or nothing that slowing down
would change.

The vendor limits by address, client and user, and publishes no figures; a gateway may shed load besides, and
other scripts share the limits. So a refusal has one of several causes, and what to do differs:

- a limit of the **rate** (a bucket that is refilled, a fixed window): go on at what went through, and rise
  from there;
- a limit of the number **in flight**: hold that number, at full speed;
- **anything else** (load shed at random, a share that another client takes): slowing down only costs time.

Time is seen in cycles: from one opening of the gate to the next. A cycle tells how many requests went
through, in how many seconds of sending, and how long it was with the wait at its end. Rate laws make cycles
alike: who sends more slowly gets more through before the next refusal. A cycle that was longer than an
earlier one and brought no more speaks against them, and two such cycles among four are believed. The rate
returns fast to what worked and then probes beyond it, as in TCP CUBIC (RFC 9438) and in botocore's adaptive
retry mode; unlike there, one refusal is no law.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

RISE_SECONDS = 4.0
"""Seconds in which the rate rises from what surely worked to what was just refused."""
RISE_BEYOND = 1.3
"""Growth a second beyond that."""
STEEPEST = 3.0
"""Growth a second below it."""
PROBE_SECONDS, LONGEST_PROBE_SECONDS = 4.0, 16.0
"""Seconds after which one more request in flight is tried; doubled by every refusal that it earns, up to the
longest.
"""
MEMORY = 4
"""Cycles that are compared."""


@dataclass
class Cycle:
    """From one opening of the gate to the next: requests answered, seconds of sending, seconds with the wait
    at the end.

    `answered_at` and `refused_at` are the numbers in flight at which requests were sent that were answered,
    or refused.
    """

    began: float
    answered: int = 0
    refused: int = 0
    sending: float = 0.0
    total: float = 0.0
    highest_answered: int = 0
    lowest_refused: int = 0
    announced: bool = True
    _first_refused: float = float("inf")
    _latest: deque[int] = field(default_factory=lambda: deque(maxlen=64))

    def answer(self, serial: int, in_flight: int) -> None:
        """A request was answered: the how manieth it was, and how many were in flight with it when it
        left.
        """
        self.answered += 1
        self.highest_answered = max(self.highest_answered, in_flight)
        self._latest.append(serial)

    def refuse(self, serial: int, in_flight: int) -> None:
        """A request was refused."""
        self.refused += 1
        self.lowest_refused = min(self.lowest_refused or in_flight, in_flight)
        self._first_refused = min(self._first_refused, serial)

    @property
    def answered_behind(self) -> int:
        """Requests that left after the first refused one and were answered."""
        return sum(serial > self._first_refused for serial in self._latest)

    def lets_most_in(self) -> bool:
        """Whether at full speed most requests behind the first refused one were answered: no limit was
        reached then.
        """
        return self.answered_behind >= 2 and self.answered_behind >= 4 * (self.refused - 1)

    def shuts_out(self) -> bool:
        """Whether the first refused one was followed by more refusals than answers: chance does not do that,
        a limit does.
        """
        return self.refused >= 3 and self.answered_behind < self.refused

    def speaks_against_a_rate(self, earlier: Cycle) -> bool:
        """Whether a rate law that explains the earlier cycle can't explain this one."""
        fewer_in_longer = self.answered < 0.7 * earlier.answered and self.sending >= earlier.sending
        longer_without_more = self.answered <= 1.1 * earlier.answered and self.total >= 1.3 * earlier.total
        return fewer_in_longer or longer_without_more


@dataclass
class Law:
    """A rate: `low` requests a second surely went through, `high` were refused in the end."""

    low: float
    high: float
    rise: float = RISE_SECONDS

    def rate(self, age: float) -> float:
        """Requests a second, `age` seconds after the gate opened."""
        steep = min((self.high / self.low) ** (1 / self.rise), STEEPEST)
        reached = self.low * steep ** min(age, self.rise)
        return float(reached * RISE_BEYOND ** (max(0.0, age - self.rise) * RISE_SECONDS / self.rise))


@dataclass
class Allowance:
    """Decides after every cycle. `maximum` is the most requests in flight that the user allows."""

    maximum: int
    law: Law | None = None
    in_flight: int | None = None
    """The number in flight that the server allows, where that is what it limits."""
    cause_unknown: bool = False
    _cycles: deque[Cycle] = field(default_factory=lambda: deque(maxlen=MEMORY))
    _against: deque[bool] = field(default_factory=lambda: deque(maxlen=MEMORY))
    _limit_seen: bool = False
    _at_once: int = 0
    _patience: int = 2 * MEMORY
    _without_law: int = 0
    _probe_after: float = PROBE_SECONDS

    def conclude(self, cycle: Cycle) -> None:
        """Learn from a cycle that has ended with a refusal."""
        if not cycle.answered:
            return
        if self._limits_in_flight(cycle):
            return
        if self.law is None and not self.cause_unknown and cycle.lets_most_in():
            return
        self._against.append(any(cycle.speaks_against_a_rate(earlier) for earlier in self._cycles))
        self._cycles.append(cycle)
        if self.law is None and cycle.shuts_out():
            self._limit_seen = True
            self.cause_unknown = False
        if not self.cause_unknown and sum(self._against) >= (3 if self._limit_seen else 2):
            self.cause_unknown = True
            self._without_law = 0
            self._cycles.clear()
        elif self.cause_unknown and self._are_alike():
            # at full speed as much goes through every time: there is a law after all
            self.cause_unknown = False
            self._patience = min(64, 2 * self._patience)
            self._cycles = deque([cycle], maxlen=MEMORY)
            self._against.clear()
        if self.cause_unknown:
            self.law = None
            self.in_flight = None
        else:
            sending = max(cycle.sending, 0.001)
            if self.law is None:
                self._at_once = cycle.answered
            # with the wait or, of a bucket, without what it held at first: both surely went through
            refilled = (cycle.answered - self._at_once) / sending
            low = max(cycle.answered / max(cycle.total, sending), refilled)
            # where refusals don't say how long to wait, they cost more than they tell
            self.law = Law(
                low, cycle.answered / sending, RISE_SECONDS if cycle.announced else 2 * RISE_SECONDS
            )

    def window(self, age: float) -> int:
        """The most requests in flight, `age` seconds after the gate opened: one more than the limit after a
        while, to probe it.
        """
        if self.in_flight is None:
            return self.maximum
        if age < self._probe_after:
            return self.in_flight
        # where one more is let in for a second, the limit may be gone
        steps = 1 + int(age - self._probe_after)
        return min(self.maximum, self.in_flight + (1 << min(steps, 10)) - 1)

    def _limits_in_flight(self, cycle: Cycle) -> bool:
        """Whether the cycle shows a limit of requests in flight: all were answered up to a number, and none
        above it.
        """
        known = self.in_flight
        if known is not None and cycle.lowest_refused > known:
            # a probe; of two that cross on the way, a reply and a request, either may be counted first
            reached = max(known, min(cycle.highest_answered, cycle.lowest_refused - 1))
            self._probe_after = (
                PROBE_SECONDS if reached > known else min(2 * self._probe_after, LONGEST_PROBE_SECONDS)
            )
            self.in_flight = reached
            return True
        if cycle.lowest_refused <= cycle.highest_answered:
            self.in_flight = None
            return False
        # without a number known before, one refusal may be chance, and a long cycle may have seen another
        # limit
        shown = cycle.answered <= 2 * self.maximum and (
            cycle.refused >= 2 or (not self.cause_unknown and cycle.answered <= self.maximum)
        )
        if not shown or cycle.highest_answered >= self.maximum:
            return False
        self.in_flight = cycle.highest_answered
        self.law = None
        self.cause_unknown = False
        return True

    def _are_alike(self) -> bool:
        """Whether as much went through in each of the last cycles, which chance seldom does."""
        self._without_law += 1
        if self._without_law < self._patience or len(self._cycles) < MEMORY:
            return False
        answered = [cycle.answered for cycle in self._cycles]
        return max(answered) <= 1.3 * min(answered)
