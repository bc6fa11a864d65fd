"""Rate limiter of all threads: a pause after a refusal, and a window of requests in flight (`window`).

After a refusal (HTTP 429) no thread sends until its `Retry-After` has passed, because requests during the
announced wait are refused as well (vendor's page on rate limiting). After a wait that was not announced, or
after which all requests were refused, a single request is sent first as a probe.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from source_snow_atlas.components.request.window import Window

LOGGER = logging.getLogger("airbyte")
BACKOFF, LONGEST_BACKOFF = 0.25, 30.0
"""Seconds to wait after a refusal that announces no wait, and at most. The wait grows by half with every
further refusal, and starts at 0.4 of the last one. While other requests are accepted, and before the first
reply, only a fifth of it is waited. With 0.35, reads that are refused at random take 5 to 8 times as long.
"""
PATIENCE = 2
"""Number of latencies (or of longer gaps between requests) after which a request is sent beyond the window,
as slow requests must not hold up others. If only the gaps count, concurrency limits take 1.2 times as long.
"""


@dataclass(frozen=True)
class Ticket:
    """Request in flight: when it was sent, and the number of pauses before it."""

    sent_at: float
    pauses: int


class Pace:
    """Rate limiter of at most `maximum` requests in flight. Thread-safe."""

    def __init__(
        self,
        maximum: int,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Condition, float | None], object] | None = None,
    ) -> None:
        self._clock = clock
        self._wait = wait or (lambda condition, seconds: condition.wait(seconds))
        self._changed = threading.Condition()
        self._window = Window(maximum)
        self._latency = 0.0
        self._in_flight = 0
        self._last_sent = float("-inf")
        self._resume_at = self._began = clock()
        self._is_paused = self._probing = self._is_announced = False
        self._pauses = self._accepted = self._answered = 0
        self._ended: tuple[float, float, int] | None = None
        self._recent: deque[bool] = deque(maxlen=16)
        self._backoff = BACKOFF / 5
        self._logged_at = float("-inf")

    @contextmanager
    def slot(self) -> Iterator[Ticket]:
        """Wait until a request may be sent, and yield its ticket for `succeeded` or `refused`."""
        ticket = self._acquire()
        try:
            yield ticket
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def succeeded(self, ticket: Ticket) -> None:
        """Record that a request succeeded."""
        with self._changed:
            now = self._clock()
            latency = max(now - ticket.sent_at, 0.001)
            # RFC 6298's smoothed round-trip time
            self._latency += (latency - self._latency) / (8 if self._latency else 1)
            self._recent.append(False)
            self._window.answered()
            if ticket.pauses == self._pauses:
                self._answered += 1
                if self._probing and not self._is_paused:
                    self._learn(now, ticket.sent_at)
            self._changed.notify()

    def refused(self, announced: float | None, ticket: Ticket) -> float:
        """Record a 429, with the `announced` seconds to wait, if any. Return the seconds that this request
        should wait by itself: 0 if all requests are paused.
        """
        with self._changed:
            now = self._clock()
            if ticket.pauses == self._pauses:
                self._accepted -= 1
            # a shorter wait is treated as none, or a server that refuses all gets requests without a pause
            announced = None if announced is None or announced < 0.1 else announced
            if ticket.pauses != self._pauses or self._is_paused:
                # sent before the pause: another thread has recorded the refusal
                if announced is not None:
                    self._resume_at = max(self._resume_at, now + announced)
                return 0.0
            self._is_announced = announced is not None
            if announced is None:
                self._recent.append(True)
                if self._answered and not self._window.plateau and 2 * sum(self._recent) < 16:
                    return BACKOFF / 5
                self._recent.clear()
                announced = max(self._backoff, BACKOFF) if self._answered else self._backoff
                self._backoff = min(1.5 * announced, LONGEST_BACKOFF)
            self._is_paused = True
            # a longer wait may have been announced before, to another request
            self._resume_at = max(self._resume_at, now + announced)
            self._ended = self._ended or (now, now - self._began, 0)
            if now - self._logged_at >= 10 or announced >= 10:
                self._logged_at = now
                LOGGER.warning(
                    "Snow Atlas limits the rate of requests (HTTP 429): nothing is sent for %.1f s. "
                    "Then the sync continues.",
                    announced,
                )
            return 0.0

    def pause(self, seconds: float) -> None:
        """Send nothing for a while because the server is down."""
        with self._changed:
            self._resume_at = max(self._resume_at, self._clock() + seconds)

    def _resume(self, now: float) -> None:
        """Resume after a pause, with a probe unless the wait was announced and there were answers before."""
        if self._ended and not self._probing:
            self._ended = *self._ended[:2], self._accepted
        probes = self._probing or not self._answered or not self._is_announced
        self._is_paused, self._probing, self._pauses = False, True, self._pauses + 1
        self._accepted = self._answered = 0
        if not probes:
            self._learn(now, now)

    def _learn(self, now: float, waited_until: float) -> None:
        """End a pause, and adapt the window to it."""
        refused_at, sending, accepted = self._ended or (now, 0.0, 0)
        if accepted:
            waited = max(waited_until - refused_at, 0.001)
            self._backoff = max(BACKOFF, min(0.4 * waited, LONGEST_BACKOFF))
            self._window.learn(sending, accepted, waited, self._latency, self._is_announced)
        self._began, self._probing, self._ended = now, False, None

    def _acquire(self) -> Ticket:
        with self._changed:
            while True:
                now = self._clock()
                if now < self._resume_at:
                    self._wait(self._changed, self._resume_at - now)
                    continue
                if self._is_paused:
                    self._resume(now)
                rate = self._window.rate(max(0.0, now - self._began))
                size, gap = (
                    (1.0, 0.0) if self._probing else (self._window.size(rate, self._latency), 1 / rate)
                )
                last, latency = max(self._last_sent, self._resume_at), self._window.latency or self._latency
                patience = last + PATIENCE * max(gap, latency) - now if latency else math.inf
                if self._in_flight >= (max(1, round(size)) if patience > 0 else self._window.maximum):
                    self._wait(self._changed, min(patience, 0.25) if 0 < patience < math.inf else None)
                elif self._probing and self._in_flight:
                    self._learn(now, last)
                elif now < self._last_sent + gap:
                    # the rate may grow meanwhile
                    self._wait(self._changed, min(self._last_sent + gap - now, 0.25))
                else:
                    break
            self._in_flight += 1
            self._accepted += 1
            # a request that is sent late hardly delays the next one
            self._last_sent = max(self._last_sent + gap, now - gap) if gap else now
            if gap:
                self._changed.notify()
            return Ticket(now, self._pauses)
