"""What the server allows, learnt from its refusals: a rate, a number in flight, or nothing that slowing down
would change.

The vendor limits by address, client and user, and publishes no figures; a gateway may shed load besides, and
other scripts share the limits. So a refusal has one of several causes, and what to do differs:

- a limit of the **rate** (a bucket that is refilled, a fixed window): go on at what went through, and rise
  from there;
- a limit of the number **in flight** (`concurrency`): hold that number, at full speed;
- **anything else** (load shed at random, a share that another client takes): slowing down only costs time.

Time is seen in cycles: from one opening of the gate to the next (`cycle`). Who obeys a rate gets far more
through before the next refusal than at full speed; where slower sending brings no more, no rate is the cause.
Every cycle under a rate is a vote for it or against it. The rate returns fast to what worked and then probes
beyond it, as in TCP CUBIC (RFC 9438) and in botocore's adaptive retry mode; unlike there, one refusal is no
law.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import mean

from source_snow_atlas.components.request.concurrency import Concurrency
from source_snow_atlas.components.request.cycle import Cycle

RISE_SECONDS = 4.0
"""Seconds in which the rate rises from what surely worked to what was just refused."""
RISE_BEYOND = 1.4
"""Growth a second beyond that."""
STEEPEST = 3.0
"""Growth a second below it."""
MEMORY = 4
"""Cycles that are compared."""
MORE, NO_MORE = 2.0, 1.3
"""Times what full speed brings: from the one on, a cycle speaks for a rate; up to the other, against it."""
MOST_VOTES = 3
"""Votes for a rate that are remembered."""
DISPROVED, DISPROVED_UNANNOUNCED = -2, -4
"""Votes at which it is given up. Without an announced wait, only frequent refusals make a rate."""
CHALLENGE_WAITS = 16
"""Waits' worth of time under a rate after which full speed is tried once; doubled each time."""
PATIENCE, LONGEST_PATIENCE = 8, 64
"""Cycles at full speed after which, if as much went through in each, a rate is tried again; doubled each
time.
"""


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
    cause_unknown: bool = False
    _full_speed: deque[int] = field(default_factory=lambda: deque(maxlen=MEMORY))
    _under_law: deque[int] = field(default_factory=lambda: deque(maxlen=MEMORY))
    _votes: int = 0
    _challenged: Law | None = None
    _seconds_under_law: float = 0.0
    _challenge_waits: int = CHALLENGE_WAITS
    _at_once: int = 0
    _patience: int = PATIENCE
    _without_law: int = 0

    def __post_init__(self) -> None:
        self.concurrency = Concurrency(self.maximum)

    @property
    def is_challenging(self) -> bool:
        """Whether full speed is tried once, to see whether the rate still brings more."""
        return self._challenged is not None

    def conclude(self, cycle: Cycle) -> None:
        """Learn from a cycle that has ended with a refusal."""
        if not cycle.answered or cycle.ended_by_probe:
            return
        challenged, self._challenged = self._challenged, None
        if self.concurrency.explains(cycle):
            self.law = None
            self.cause_unknown = False
        elif self.concurrency.is_chance:
            self.concurrency.is_chance = False
            self._give_up_rate()
        elif challenged is not None:
            self._full_speed.append(cycle.answered)
            self.law = challenged
            if mean(self._under_law) < MORE * mean(self._full_speed):
                self._give_up_rate()
        elif self.law is not None:
            self._judge(cycle)
        else:
            self._look_for_rate(cycle)

    def _look_for_rate(self, cycle: Cycle) -> None:
        """Take a cycle at full speed for a rate, unless it looks like chance."""
        if not self.cause_unknown and cycle.lets_most_in():
            return
        self._full_speed.append(cycle.answered)
        if self.cause_unknown and not (cycle.shuts_out() or self._are_alike()):
            return
        self.cause_unknown = False
        self._votes = 0
        self._under_law.clear()
        self._seconds_under_law = 0.0
        self._at_once = cycle.answered
        self.law = self._rate_of(cycle)

    def _judge(self, cycle: Cycle) -> None:
        """Let a cycle under a rate vote: go on with what it shows, give the rate up, or challenge it."""
        self._under_law.append(cycle.answered)
        self._seconds_under_law += cycle.total
        at_full_speed = mean(self._full_speed)
        if cycle.answered >= MORE * at_full_speed:
            self._votes = min(MOST_VOTES, self._votes + 1)
        elif cycle.answered <= NO_MORE * at_full_speed:
            self._votes -= 1
        if self._votes <= (DISPROVED if cycle.announced else DISPROVED_UNANNOUNCED):
            self._give_up_rate()
            return
        self.law = self._rate_of(cycle)
        wait = cycle.total - cycle.sending
        if cycle.announced and self._seconds_under_law > self._challenge_waits * wait:
            self._challenged, self.law = self.law, None
            self._seconds_under_law = 0.0
            self._challenge_waits *= 2

    def _rate_of(self, cycle: Cycle) -> Law:
        sending = max(cycle.sending, 0.001)
        # with the wait or, of a bucket, without what it held at first: both surely went through
        refilled = (cycle.answered - self._at_once) / sending
        low = max(cycle.answered / max(cycle.total, sending), refilled)
        # where refusals don't say how long to wait, they cost more than they tell
        return Law(low, cycle.answered / sending, RISE_SECONDS if cycle.announced else 2 * RISE_SECONDS)

    def _give_up_rate(self) -> None:
        self.law = None
        self.cause_unknown = True
        self._without_law = 0
        self._full_speed.clear()
        self._under_law.clear()

    def _are_alike(self) -> bool:
        """Whether as much went through in each of the last cycles, which chance seldom does."""
        self._without_law += 1
        if self._without_law < self._patience or len(self._full_speed) < MEMORY:
            return False
        if max(self._full_speed) > NO_MORE * min(self._full_speed):
            return False
        self._patience = min(LONGEST_PATIENCE, 2 * self._patience)
        return True
