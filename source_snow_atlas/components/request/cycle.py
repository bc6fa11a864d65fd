"""What is seen between two openings of the gate: how many requests were answered and refused, and how many
were in flight beside them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate

CROSSING = 0.005
"""Seconds between two requests that may arrive in the other order."""


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
    answered_behind: int = 0
    """Requests that left after the first refused one and were answered."""
    ended_by_probe: bool = False
    """Whether what ended it was one request more in flight than is known to be allowed."""
    _first_refused: float = float("inf")
    _latest: deque[tuple[int, float, float]] = field(default_factory=lambda: deque(maxlen=64))
    _refused_at: deque[float] = field(default_factory=lambda: deque(maxlen=64))

    def answer(self, serial: int, sent_at: float, now: float) -> None:
        """A request was answered now: the how manieth it was, and when it left."""
        self.answered += 1
        self._latest.append((serial, sent_at, now))
        self.answered_behind += serial > self._first_refused

    def refuse(self, serial: int, sent_at: float) -> None:
        """A request was refused."""
        self.refused += 1
        if serial < self._first_refused:
            self._first_refused = serial
            self.answered_behind = sum(answered > serial for answered, _, _ in self._latest)
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

    def lets_most_in(self) -> bool:
        """Whether at full speed most requests behind the first refused one were answered: no limit was
        reached then.
        """
        return self.answered_behind >= 2 and self.answered_behind >= 4 * (self.refused - 1)

    def shuts_out(self) -> bool:
        """Whether the first refused one was followed by far more refusals than answers: chance does not do
        that, a limit does.
        """
        return self.refused >= 3 and 2 * self.answered_behind < self.refused
