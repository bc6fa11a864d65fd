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
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import accumulate

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
UNSHOWN = 2
"""Cycles after which a rate is doubted that no burst of refusals ever showed; doubled by each doubt."""
MOST_FOR_DOUBTS = 10
"""Requests in flight up to which a rate is doubted."""
CONFIRMING = 1.3
"""Full speed over a doubted rate up to which the rate is believed."""
CROSSING = 0.005
"""Seconds between two requests that may arrive in the other order."""
MEMORY = 4
"""Cycles that are compared."""


@dataclass
class Cycle:
    """From one opening of the gate to the next: requests answered and refused, seconds of sending, seconds
    with the wait at the end.

    What was in flight beside a request is counted by moments, and not by the order in which requests left:
    those that leave together arrive in any order.
    """

    began: float
    answered: int = 0
    refused: int = 0
    sending: float = 0.0
    total: float = 0.0
    announced: bool = True
    _first_refused: float = float("inf")
    _latest: deque[tuple[int, float, float]] = field(default_factory=lambda: deque(maxlen=64))
    _refused_at: deque[float] = field(default_factory=lambda: deque(maxlen=64))

    def answer(self, serial: int, sent_at: float, now: float) -> None:
        """A request was answered now: the how manieth it was, and when it left."""
        self.answered += 1
        self._latest.append((serial, sent_at, now))

    def refuse(self, serial: int, sent_at: float) -> None:
        """A request was refused."""
        self.refused += 1
        self._first_refused = min(self._first_refused, serial)
        self._refused_at.append(sent_at)

    @property
    def highest_answered(self) -> int:
        """The most requests in flight side by side that were all answered."""
        moments = sorted(
            (moment, step) for _, sent, ended in self._latest for moment, step in ((sent, 1), (ended, -1))
        )
        return max(accumulate(step for _, step in moments), default=0)

    @property
    def lowest_refused(self) -> int:
        """The fewest requests in flight at which one was refused, itself included."""
        return min(
            1 + sum(sent <= refused_at + CROSSING and ended > refused_at for _, sent, ended in self._latest)
            for refused_at in self._refused_at
        )

    @property
    def answered_behind(self) -> int:
        """Requests that left after the first refused one and were answered."""
        return sum(serial > self._first_refused for serial, _, _ in self._latest)

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
class Doubt:
    """The doubt about a rate that single refusals made and no burst of them ever showed: it grows with every
    cycle, and full speed settles it.
    """

    _cycles: int = 0
    _after: int = UNSHOWN
    _rate: float | None = None

    def grows(self, unshown: Law | None) -> bool:
        """Count a cycle under such a rate, or begin anew where there is none. Whether it is to be doubted."""
        self._cycles = self._cycles + 1 if unshown is not None else 0
        return self._cycles >= self._after

    def begin(self, doubted: Law | None) -> None:
        """Full speed is tried, for this reason or, without a rate, for another one."""
        self._cycles = 0
        if doubted is not None:
            self._after *= 2
            self._rate = doubted.low

    def is_settled(self, at_full_speed: Collection[Cycle]) -> bool:
        """Whether full speed brings no more than the rate: two cycles tell, once."""
        if self._rate is None or len(at_full_speed) < 2:
            return False
        rate, self._rate = self._rate, None
        answered = sum(cycle.answered for cycle in at_full_speed)
        return answered <= CONFIRMING * rate * sum(cycle.total for cycle in at_full_speed)


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
    _lowered: int = 0
    _doubt: Doubt = field(default_factory=Doubt)
    _probe_after: float = PROBE_SECONDS

    def conclude(self, cycle: Cycle) -> None:
        """Learn from a cycle that has ended with a refusal."""
        if not cycle.answered:
            return
        if cycle.refused > max(2, cycle.answered):
            self._limit_seen = True
        if self._limits_in_flight(cycle):
            return
        if self.law is None and not self.cause_unknown and cycle.lets_most_in():
            return
        self._against.append(any(cycle.speaks_against_a_rate(earlier) for earlier in self._cycles))
        self._cycles.append(cycle)
        if self.law is None and cycle.shuts_out():
            self._limit_seen = True
            self.cause_unknown = False
        # not with many in flight: there full speed earns too many refusals to be tried on a doubt
        may_doubt = not self._limit_seen and self.maximum <= MOST_FOR_DOUBTS
        is_doubted = self._doubt.grows(self.law if may_doubt else None)
        if not self.cause_unknown and (is_doubted or sum(self._against) >= (3 if self._limit_seen else 2)):
            self.cause_unknown = True
            self._without_law = 0
            self._cycles.clear()
            self._doubt.begin(self.law if is_doubted else None)
        elif self.cause_unknown and (self._is_confirmed() or self._are_alike()):
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
        if not cycle.refused:
            return False
        known, lowest, highest = self.in_flight, cycle.lowest_refused, cycle.highest_answered
        is_probing = cycle.sending >= self._probe_after
        if known is not None and (lowest > known or (is_probing and lowest == known)):
            # a probe; beside it a reply may still have been on its way
            reached = max(known, min(highest, lowest - 1))
            self._probe_after = (
                PROBE_SECONDS if reached > known else min(2 * self._probe_after, LONGEST_PROBE_SECONDS)
            )
            self.in_flight = reached
            self._lowered = 0
            return True
        if lowest <= highest:
            self.in_flight = None
            return False
        # without a number known before, one refusal may be chance, and a long cycle may have seen another
        # limit
        shown = cycle.answered <= 2 * self.maximum and (
            cycle.refused >= 2 or (not self.cause_unknown and highest > 1 and cycle.answered <= self.maximum)
        )
        if not shown or highest >= self.maximum:
            return False
        self._lowered = self._lowered + 1 if known is not None and highest < known else 0
        if self._lowered >= 2:
            # a limit is the same number every time; numbers that fall and fall come from chance
            self._lowered = 0
            self.law, self.in_flight, self.cause_unknown = None, None, True
            return True
        self.in_flight = highest
        self.law = None
        self.cause_unknown = False
        return True

    def _is_confirmed(self) -> bool:
        """Whether full speed brought no more than the rate that was doubted."""
        if not self._doubt.is_settled(self._cycles):
            return False
        self._limit_seen = True
        return True

    def _are_alike(self) -> bool:
        """Whether as much went through in each of the last cycles, which chance seldom does."""
        self._without_law += 1
        if self._without_law < self._patience or len(self._cycles) < MEMORY:
            return False
        answered = [cycle.answered for cycle in self._cycles]
        return max(answered) <= 1.3 * min(answered)
