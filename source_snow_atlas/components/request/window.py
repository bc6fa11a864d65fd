"""The window: how many requests may be in flight, learned from refusals.

The window is a real number. From one on, it is a number of requests in flight; below one, it is a gap of
`latency / window` seconds between two requests. By Little's law (requests in flight = rate x latency) it
stands for a rate limit and for a concurrency limit alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

INITIAL_WINDOW = 10
"""Requests in flight at first, as in TCP (RFC 6928); one more is allowed for every 16 answers."""
MARGIN = 0.9
"""Part of what was seen to be allowed that is used (Netflix's AIMDLimit: 0.9; CUBIC and botocore: 0.7).
Measured: with 0.85 a concurrency limit that rises costs 1.9 times the time instead of 1.5, with 1.0 2.0.
"""
RAMP_WAITS = 0.5
"""Waits in which the window rises to the plateau. Measured: of 0.25 to 1 the best mean over all limits."""
HOLD_WAITS = 4
"""Waits for which the plateau is held before more is tried: a refused probe costs one wait in five. Measured:
with 3 a bucket costs 1.8 times the time instead of 1.3, with 5 a limit that falls 1.9 instead of 1.6.
"""
LONGEST_OWN_HOLD = 4.0
"""Seconds for which it is held where no wait is announced: below 3 % are refused then of nine a second."""
PROBE_GROWTH = 8.0
"""Growth of the window in one wait while it probes: one probe finds a limit that rose by four times."""
PROBE_SHARE = 0.7
"""Weight of the window at a refused probe against the mean before it: a bucket lets a burst pass, so the one
is too high; the other is too low where the limit rose. Measured: with 0.5 a concurrency limit that rises
costs 2.0 times the time instead of 1.5, with 1.0 a bucket that rises 1.7.
"""


@dataclass
class Window:
    """Requests in flight that are allowed, at most `maximum`.

    After a refusal it starts from what got through, the wait included, rises to a plateau, holds it, and then
    probes, as TCP CUBIC does (RFC 9438). Where a refusal comes only when it probes, it holds twice as long
    the next time; where it comes earlier, half as long. Once it would hold for less than the wait, slowing
    down has not helped (load is shed at random), and the next 4, 8, 16 … refusals change nothing.
    """

    maximum: int
    _size: float = 0.0
    _start: float = 0.0
    _plateau: float = 0.0
    _proven: float = 0.0
    _hold: float = 0.0
    _wait: float = 0.0
    _ignored: int = 0
    _ignored_next: int = 4

    def __post_init__(self) -> None:
        self._size = float(min(INITIAL_WINDOW, self.maximum))

    @property
    def is_limited(self) -> bool:
        """Whether a limit of the server is known."""
        return self._plateau > 0

    def answered(self) -> None:
        """Let the window grow while no limit is known."""
        if not self.is_limited:
            self._size = min(self._size + 1 / 16, self.maximum)

    def size(self, age: float) -> float:
        """Return the window `age` seconds after the wait. Forget the limit where a probe finds none."""
        if not self.is_limited:
            return self._size
        ramp = min(RAMP_WAITS * self._wait, self._hold)
        if age < ramp:
            return self._start * math.pow(self._plateau / self._start, age / ramp)
        if age <= self._hold:
            return self._plateau
        probing = (age - self._hold) / max(self._wait, 0.5)
        if probing > 5:
            self._forget()
            return self._size
        return min(float(self.maximum), self._plateau * math.pow(PROBE_GROWTH, probing))

    def learn(self, sending: float, answered: int, waited: float, latency: float, announced: bool) -> None:
        """Set the window after a refusal: after so many seconds of sending, requests answered in them, and
        seconds of waiting, with `latency` seconds an answer. `announced`: whether the refusal named the wait.
        """
        if self._ignored:
            self._ignored -= 1
            return
        mean = min(answered * latency / max(sending, latency), self.maximum)
        start = min(answered * latency / (max(sending, latency) + waited), self.maximum)
        refused_at = max(mean, self.size(sending))
        plateau = MARGIN * mean
        if not self.is_limited:
            self._hold = HOLD_WAITS * waited
        elif sending > self._hold:
            self._proven = self._plateau
            self._hold *= 2
            plateau = MARGIN * math.pow(mean, 1 - PROBE_SHARE) * math.pow(refused_at, PROBE_SHARE)
        else:
            if not announced:
                # the wait is short, so no bucket was filled meanwhile
                plateau = min(plateau, start)
            if self._plateau > self._proven > 0:
                # the last probe went too far
                plateau = max(start, min(plateau, self._proven))
            else:
                self._hold /= 2
            self._proven = 0.0
        self._hold = min(self._hold, max(HOLD_WAITS * waited, LONGEST_OWN_HOLD))
        self._wait, self._start, self._plateau = waited, min(start, plateau), plateau
        if self._hold < 0.75 * waited and answered > 1:
            self._forget()
            self._ignored, self._ignored_next = self._ignored_next, 2 * self._ignored_next

    def _forget(self) -> None:
        """Return to full speed."""
        self._plateau, self._size = 0.0, float(self.maximum)
