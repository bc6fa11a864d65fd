"""How fast requests leave, decided once for all threads: a number in flight, a rate, and a gate that a 429 closes.

The vendor limits by address, client and user, publishes no figures, and answers a request inside the announced wait with another
429 (api conventions, rate limiting). So one refusal closes the gate for every thread until its `Retry-After` has passed. Then the
number in flight is halved and rises by one per round of successes (additive increase, multiplicative decrease), and the rate
starts a little below what went through between two refusals and rises slowly: on a server with a fixed allowance most of the
allowance is used and hardly a request is refused. The CDK sleeps in the refused thread alone while the others keep sending.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger("airbyte")
SAFETY = 0.97
"""Part of the measured rate that is used after a refusal."""
FEW = 5
"""Successes below which a measured rate says nothing."""
LONGEST_NAP = 1.0
"""Seconds after which a waiting request looks again: the rate rises meanwhile, most of all after a guess that was too low."""


class Pace:
    """Grants permission to send. `maximum` is the most requests in flight at once."""

    def __init__(
        self,
        maximum: int,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Condition, float | None], object] | None = None,
    ) -> None:
        self.maximum = maximum
        self._clock = clock
        self._wait = wait or (lambda condition, seconds: condition.wait(seconds))
        self._changed = threading.Condition()
        self._window = float(maximum)
        self._in_flight = 0
        self._open_at = clock()
        self._successes = 0
        self._measured_since = clock()
        self._probing = False
        self._rate: float | None = None
        self._last_start: float | None = None

    @contextmanager
    def slot(self) -> Iterator[float]:
        """Wait for permission, hold it for the block. Gives the moment of sending, which `refused` wants back."""
        sent_at = self._acquire()
        try:
            yield sent_at
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def in_flight(self) -> int:
        """How many requests are on their way."""
        return self._in_flight

    def succeeded(self) -> None:
        """A request was answered as it should be: the number in flight may rise."""
        with self._changed:
            self._successes += 1
            if self._window < self.maximum:
                self._window = min(float(self.maximum), self._window + 1 / self._window)

    def refused(self, seconds: float, sent_at: float) -> None:
        """A request sent at `sent_at` earned a 429 that asks for `seconds` of quiet."""
        with self._changed:
            now = self._clock()
            reopens = now + seconds
            if sent_at < self._open_at:
                # sent before the gate last closed: the same refusal seen by another thread
                self._open_at = max(self._open_at, reopens)
                return
            self._window = max(1.0, self._window / 2)
            self._rate, self._probing = self._rate_after_refusal(now, reopens)
            if self._successes >= FEW:
                self._measured_since, self._successes = reopens, 0
            self._open_at = reopens
            self._last_start = None
        LOGGER.warning(
            "Snow Atlas limits the rate of requests (HTTP 429): nothing is sent for %.0f s, as it asks; reading goes on after that.",
            seconds,
        )

    def _acquire(self) -> float:
        with self._changed:
            while True:
                now = self._clock()
                gap = self._gap(now)
                earliest = self._open_at if self._last_start is None else self._last_start + gap
                if now < self._open_at:
                    self._wait(self._changed, self._open_at - now)
                elif now < earliest:
                    self._wait(self._changed, min(earliest - now, LONGEST_NAP))
                elif self._in_flight >= max(1, int(self._window)):
                    self._wait(self._changed, None)
                else:
                    break
            self._in_flight += 1
            if gap:
                # one that leaves late takes little from the next one's turn
                self._last_start = now if self._last_start is None else max(earliest, now - gap)
                self._changed.notify()
            return now

    def _gap(self, now: float) -> float:
        """Seconds between two requests, by the rate of this moment; 0 where none was learnt."""
        rate = self._current_rate(now)
        return 0.0 if rate is None else 1 / rate

    def _rate_after_refusal(self, now: float, reopens: float) -> tuple[float, bool]:
        """The rate to go on with, and whether it is a guess to be doubled every second until the next refusal."""
        measured = self._successes / max(reopens - self._measured_since, 0.001)
        enough = self._successes >= FEW
        current = self._current_rate(now)
        if current is None:
            return (
                (measured * SAFETY, False) if enough else (max(measured, 1 / max(reopens - now, 1.0)), True)
            )
        if not enough:
            # too little came between two refusals to have learnt anything: a guess stays one
            return current * 0.6, self._probing
        return min(max(measured * SAFETY, current * 0.8), current * SAFETY), False

    def _current_rate(self, now: float) -> float | None:
        """The learnt rate, risen since the gate opened: 4 % after ten seconds, half as much again after a minute."""
        if self._rate is None:
            return None
        age = max(0.0, now - self._open_at)
        if self._probing:
            doublings: float = 2.0 ** min(age, 30.0)
            return self._rate * doublings
        return self._rate * (1 + 0.003 * age + 0.0001 * age * age)
