"""Rate of requests and window of requests in flight, which adapt to refusals.

Both are measured: the rate of the requests that the server accepts, and by Little's law the window that they need
(requests in flight = rate x latency). So one measurement can follow a rate limit or a concurrency limit. If the
latency rises later, the window grows with it, and the rate stays as measured.

Measured figures below are durations compared with those of a client that knows the limit.
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
"""Share of the plateau before which a refusal is early, and of the wait below which a plateau is too short to
help. A token bucket that falls takes 1.6 times as long with 0.9, and 1.9 with 1.0; load shed at random takes 1.4
times as long with 0.9, and 1.5 with 0.75.
"""
PROBE_GROWTH = 8.0
"""Growth of the rate per wait during a probe: one probe finds a limit that is four times as high."""
PROBE_SHARE = 0.7
"""Weight of the rate at a refused probe, compared with the mean before it. The first is too high if a token
bucket let a burst pass; the second is too low if the limit rose. A concurrency limit that rises takes 2.0
times as long with 0.5, and 1.5 with 0.7; a token bucket that rises takes 1.7 with 1.0.
"""


@dataclass
class Window:
    """Number of requests that may be in flight, at most `maximum`, and the rate at which they may be sent.

    After a refusal the rate starts at the mean of the accepted requests, with the wait included. It rises to a
    plateau, holds it, and then probes, as TCP CUBIC does (RFC 9438). If a probe is refused, the next plateau
    is held twice as long; after an early refusal, half as long. If it would be held for less than the wait,
    slowing down has not helped (load is shed at random). The next 4, 8, 16 … refusals are then ignored.
    """

    maximum: int
    latency: float = 0.0
    """Seconds that an answer took when the limit was measured."""
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
        """Return whether a limit of the server is known."""
        return self._plateau > 0

    def answered(self) -> None:
        """Let the window grow while no limit is known."""
        if not self.is_limited:
            self._size = min(self._size + 1 / 16, self.maximum)

    def rate(self, age: float) -> float:
        """Return the requests per second `age` seconds after the wait. Forget the limit if a probe finds none."""
        if not self.is_limited:
            return math.inf
        ramp = min(RAMP_WAITS * self._wait, self._hold)
        if age < ramp:
            return self._start * math.pow(self._plateau / self._start, age / ramp)
        if age <= self._hold:
            return self._plateau
        probing = (age - self._hold) / max(self._wait, 0.5)
        if probing > 5:
            self._forget()
            return math.inf
        return self._plateau * math.pow(PROBE_GROWTH, probing)

    def size(self, rate: float, latency: float) -> float:
        """Return the number of requests that may be in flight at a rate and the latest latency."""
        return min(rate * max(latency, self.latency), self.maximum) if self.is_limited else self._size

    def learn(self, sending: float, accepted: int, waited: float, latency: float, announced: bool) -> None:
        """Set the rate after a refusal: after so many seconds of sending, requests accepted in them, and
        seconds of waiting, with `latency` seconds an answer. `announced`: whether the refusal named the wait.
        """
        if self._ignored:
            self._ignored -= 1
            return
        was_answered = accepted > 1 and sending + waited > latency
        # the requests of the time before occupy the server until they are answered
        waited = max(waited, latency)
        sent_for = max(sending, latency)
        mean, start = accepted / sent_for, accepted / (sent_for + waited)
        refused_at = max(mean, min(self.rate(sending), self.maximum / latency))
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
            elif sending < EARLY * self._hold:
                self._hold /= 2
            self._proven = 0.0
        # without an announced wait, of nine requests a second under 3 % are refused
        self._hold = min(self._hold, HOLD_WAITS * max(waited, 1.0))
        self._wait, self._start, self._plateau = waited, min(start, plateau), plateau
        self.latency = latency
        if self._hold < EARLY * waited and was_answered:
            self._forget()
            self._ignored, self._ignored_next = self._ignored_next, 2 * self._ignored_next

    def _forget(self) -> None:
        """Return to full speed."""
        self._plateau, self._size = 0.0, float(self.maximum)
