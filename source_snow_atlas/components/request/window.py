"""Rate of requests and window of requests in flight, which adapt to refusals.

The rate that the server accepts is measured. By Little's law (requests in flight = rate x latency) it is also
a window, so one measurement follows a rate limit or a concurrency limit. If requests become slower, the
window grows, and the rate stays. Measured figures below are relative to a client that knows the limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

INITIAL_WINDOW = 10
"""Requests in flight at the start, as in TCP (RFC 6928). One more is allowed for every 16 answers."""
MARGIN = 0.9
"""Share of the measured limit that is used (Netflix's AIMDLimit: 0.9; CUBIC and botocore: 0.7). A concurrency
limit that rises takes 1.9 times as long with 0.85, 1.5 with 0.9, and 2.0 with 1.0.
"""
RAMP_WAITS = 0.5
"""Duration of the rise to the plateau, in waits. Measured: of 0.25 to 1 the best mean over all limits."""
HOLD_WAITS = 4
"""Duration of the plateau before the next probe, in waits, so that refused probes cost one wait in five.
A token bucket takes 1.8 times as long with 3, and 1.3 with 4; a limit that falls 1.6 with 4, and 1.9 with 5.
"""
EARLY = 0.9
"""Share of the plateau before which a refusal is early, and share of the wait that a plateau has to last. A
token bucket that falls takes 1.6 times as long with 0.9, and 1.9 with 1.0; load shed at random 1.5 with 0.75.
"""
PROBE_GROWTH = 8.0
"""Growth of the rate per wait during a probe: one probe finds a limit that is four times as high."""
PROBE_SHARE = 0.7
"""Weight of the rate at a refused probe (too high after a burst) against the mean before it (too low after a
rise). A concurrency limit that rises takes 2.0 times as long with 0.5, and a token bucket 1.7 with 1.0.
"""


@dataclass
class Window:
    """Number of requests that may be in flight, at most `maximum`, and the rate at which they may be sent.

    After a refusal the rate starts at the mean of the accepted requests, with the wait included. It rises to
    a plateau, holds it, and then probes, as TCP CUBIC does (RFC 9438). After a refused probe the next plateau
    is held twice as long; after an early refusal, half as long. If it would be held for less than the wait,
    slowing down has not helped (load is shed at random). The next 4, 8, 16 … refusals are then ignored.

    `plateau` is 0 while no limit is known; `latency` belongs to the measurement.
    """

    maximum: int
    plateau: float = 0.0
    latency: float = 0.0
    _size: float = INITIAL_WINDOW
    _start: float = 0.0
    _proven: float = 0.0
    _hold: float = 0.0
    _wait: float = 0.0
    _ignored: int = 0
    _ignored_next: int = 4

    def answered(self) -> None:
        """Let the window grow while no limit is known."""
        if not self.plateau:
            self._size += 1 / 16

    def rate(self, age: float) -> float:
        """Return the requests per second `age` seconds after a wait. Forget a limit that no probe finds."""
        if not self.plateau:
            return math.inf
        ramp = min(RAMP_WAITS * self._wait, self._hold)
        if age < ramp:
            return self._start * math.pow(self.plateau / self._start, age / ramp)
        probing = max(0.0, age - self._hold) / max(self._wait, 0.5)
        if probing > 5:
            self.plateau, self._size = 0.0, self.maximum
            return math.inf
        return self.plateau * math.pow(PROBE_GROWTH, probing)

    def size(self, rate: float, latency: float) -> float:
        """Return the number of requests that may be in flight at a rate and the latest latency."""
        return min(self.maximum, rate * max(latency, self.latency) if self.plateau else self._size)

    def learn(self, sending: float, accepted: int, waited: float, latency: float, announced: bool) -> None:
        """Set the rate after a refusal.

        `sending` and `waited` are durations in seconds, `accepted` counts the requests accepted while
        sending.
        """
        if self._ignored:
            self._ignored -= 1
            return
        was_answered = accepted > 1 and sending + waited > latency
        # earlier requests occupy the server until they are answered
        waited, sent_for = max(waited, latency), max(sending, latency)
        mean, start = accepted / sent_for, accepted / (sent_for + waited)
        plateau = MARGIN * mean
        if not self.plateau:
            self._hold = HOLD_WAITS * waited
        elif sending > self._hold:
            refused_at = max(mean, min(self.rate(sending), self.maximum / latency))
            plateau *= math.pow(refused_at / mean, PROBE_SHARE)
            self._proven, self._hold = self.plateau, 2 * self._hold
        else:
            if not announced:
                # the wait is short, so no bucket was filled meanwhile
                plateau = min(plateau, start)
            if self.plateau > self._proven > 0:
                # the last probe went too far
                plateau = max(start, min(plateau, self._proven))
            elif sending < EARLY * self._hold:
                self._hold /= 2
            self._proven = 0.0
        # at least four seconds: without an announced wait, of nine requests a second under 3 % are refused
        self._hold = min(self._hold, HOLD_WAITS * max(waited, 1.0))
        self._wait, self._start, self.plateau, self.latency = waited, min(start, plateau), plateau, latency
        if self._hold < EARLY * waited and was_answered:
            self.plateau, self._size = 0.0, self.maximum
            self._ignored, self._ignored_next = self._ignored_next, 2 * self._ignored_next
