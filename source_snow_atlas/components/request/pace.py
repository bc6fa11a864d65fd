"""When requests leave, decided once for all threads: a gate that a refusal closes, a rate, and a number in
flight.

One refusal (HTTP 429) closes the gate for every thread until its `Retry-After` has passed: a request inside
the announced wait earns another one (vendor's page on rate limiting). What is learnt from refusals is said in
`allowance`. Where a refusal announces no wait, a single one only sends its own request to the back of the
queue; the gate closes when refusals are frequent. After a gate that opened on nothing but refusals one
request goes first, alone. The CDK sleeps in the refused thread while the others keep sending.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from source_snow_atlas.components.request.allowance import Allowance
from source_snow_atlas.components.request.cycle import Cycle

LOGGER = logging.getLogger("airbyte")
FIRST_IN_FLIGHT = 10
"""Requests in flight at the start."""
ANSWERS_FOR_ONE_MORE = 16
"""Answers that allow one more in flight beyond those: what is in flight when an unknown limit is reached is
refused together.
"""
LONGEST_NAP = 1.0
"""Seconds after which a waiting request looks again: the rate rises meanwhile, most of all after a guess that
was too low.
"""
SHORTEST_ANNOUNCED = 0.1
"""Seconds; a shorter announced wait counts as none. Obeyed alone, a server that refuses everything would be
asked without a pause.
"""
LONE_WAIT, WAIT_AT_START, FIRST_WAIT, LONGEST_OWN_WAIT = 0.02, 0.1, 0.25, 30.0
"""Seconds of wait that we choose where a refusal names none: for a lone one, and for all, before the first
answer and later; these grow while nothing else comes. Rows are given out in order, so a lone refused page
soon holds all others up.
"""
GENTLE_GROWTH = 1.2
"""Growth of our own wait where no answer says yet how long one has to be, and where one was measured."""
OWN_SHARE = 0.4
"""Part of the wait that was needed the last time, which the next one begins with."""
RECENT = 12
"""Replies among which refusals without a wait are counted."""
FREQUENT = 6
"""That many refusals among them close the gate."""
SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True)
class Ticket:
    """A request on its way: when it left, the how manieth it was, how many were in flight with it, and the
    cycle it belongs to.
    """

    sent_at: float
    serial: int
    in_flight: int
    cycle: Cycle


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
        self._allowance = Allowance(maximum)
        self._in_flight = 0
        self._sent = 0
        self._ramp = min(FIRST_IN_FLIGHT, maximum)
        self._answers = 0
        self._open_at = clock()
        self._cycle = Cycle(self._open_at)
        self._ended: Cycle | None = None
        self._is_new = False
        self._last_start: float | None = None
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._own_wait, self._own_growth = WAIT_AT_START, 2.0
        self._announced = 0.0
        self._said = float("-inf")

    @contextmanager
    def slot(self) -> Iterator[Ticket]:
        """Wait for permission, hold it for the block. Gives the ticket that `succeeded` and `refused` want
        back.
        """
        ticket = self._acquire()
        try:
            yield ticket
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def in_flight(self) -> int:
        """How many requests are on their way."""
        return self._in_flight

    def succeeded(self, ticket: Ticket) -> None:
        """A request was answered as it should be."""
        with self._changed:
            cycle = ticket.cycle
            cycle.answer(ticket.serial, ticket.sent_at, self._clock())
            self._allowance.concurrency.answered(ticket.in_flight)
            self._recent.append(False)
            if cycle is self._cycle:
                self._is_open_again()
            self._answers += 1
            if self._ramp < self.maximum and (
                self._ramp < FIRST_IN_FLIGHT or self._answers >= ANSWERS_FOR_ONE_MORE
            ):
                self._ramp += 1
                self._answers = 0
                self._changed.notify()

    def refused(self, announced: float | None, ticket: Ticket) -> float:
        """A request earned a 429 that asks for `announced` seconds of quiet; None where it does not say.

        Seconds that the refused request should wait by itself: 0 where the gate holds it back.
        """
        with self._changed:
            if announced is not None and announced < SHORTEST_ANNOUNCED:
                announced = None
            now = self._clock()
            cycle = ticket.cycle
            cycle.refuse(ticket.serial, ticket.sent_at)
            if cycle is not self._cycle or ticket.sent_at < self._open_at:
                # sent before the gate last closed: the same refusal seen by another thread
                if announced is not None:
                    self._open_at = max(self._open_at, now + announced)
                return 0.0
            is_probe = self._allowance.concurrency.step_back(ticket.sent_at, now)
            if announced is None:
                self._announced = 0.0
                return LONE_WAIT if is_probe else self._refused_without_wait(ticket, now)
            self._announced = announced
            cycle.ended_by_probe = is_probe
            self._close(now, announced)
            return 0.0

    def _refused_without_wait(self, ticket: Ticket, now: float) -> float:
        cycle = ticket.cycle
        self._recent.append(True)
        # where nothing but refusals came since the gate opened, it is still shut
        may_be_alone = cycle.answered or self._ended is None
        if sum(self._recent) < FREQUENT and may_be_alone and self._allowance.law is None:
            self._allowance.concurrency.refused(ticket.in_flight)
            return LONE_WAIT
        self._recent.clear()
        cycle.announced = False
        ended = cycle if cycle.answered else self._ended
        if ended is not None and ended.answered:
            self._own_wait = max(FIRST_WAIT, self._own_wait)
            growth = self._own_growth
        else:
            # before the first answer one request is out at a time: doubling would wait minutes for another
            # script's leftover
            growth = GENTLE_GROWTH
        self._close(now, self._own_wait)
        self._own_wait = min(LONGEST_OWN_WAIT, growth * self._own_wait)
        return 0.0

    def pause(self, seconds: float) -> None:
        """Send nothing for a while, for a reason that is no limit: a server that is down says when to come
        again.
        """
        with self._changed:
            self._open_at = max(self._open_at, self._clock() + seconds)

    def _close(self, now: float, seconds: float) -> None:
        """Shut the gate, and end the cycle with it."""
        if self._cycle.answered or self._ended is None:
            self._cycle.sending = max(0.0, now - self._cycle.began)
            self._ended = self._cycle
        self._open_at = now + seconds
        self._cycle = Cycle(self._open_at)
        self._is_new = True
        self._last_start = None
        if now - self._said >= SECONDS_BETWEEN_LINES or seconds >= SECONDS_BETWEEN_LINES:
            self._said = now
            LOGGER.warning(
                "Snow Atlas limits the rate of requests (HTTP 429): nothing is sent for %.1f s; reading goes "
                "on after that.",
                seconds,
            )

    def _begin(self, now: float) -> None:
        """The gate is open again. Where the wait was our own, or brought nothing, one request goes first,
        alone.
        """
        self._is_new = False
        self._cycle.began = now
        ended = self._ended
        if ended is not None and ended.answered and ended.announced:
            self._is_open_again()
        else:
            self._ramp = 1

    def _is_open_again(self) -> None:
        """The wait is over: all replies of the cycle before it are in, so learn from it."""
        ended, self._ended = self._ended, None
        if ended is None:
            return
        ended.total = max(self._cycle.began - ended.began, 0.001)
        waited = ended.total - ended.sending
        self._own_growth = GENTLE_GROWTH if ended.answered else 2.0
        self._own_wait = max(FIRST_WAIT, min(OWN_SHARE * waited, LONGEST_OWN_WAIT))
        self._allowance.conclude(ended)
        first = min(FIRST_IN_FLIGHT, self.maximum)
        self._ramp = first if self._allowance.is_challenging else max(first, self._ramp)

    def _most_in_flight(self, now: float) -> int:
        allowed = self._allowance.concurrency.allowed(now, self._cycle.began, self._announced)
        return min(self._ramp, allowed)

    def _acquire(self) -> Ticket:
        with self._changed:
            while True:
                now = self._clock()
                if now < self._open_at:
                    self._wait(self._changed, self._open_at - now)
                    continue
                if self._is_new:
                    self._begin(now)
                age = max(0.0, now - self._cycle.began)
                law = self._allowance.law
                gap = 0.0 if law is None else 1 / law.rate(age)
                earliest = now if self._last_start is None else self._last_start + gap
                if now < earliest:
                    self._wait(self._changed, min(earliest - now, LONGEST_NAP))
                elif self._in_flight >= self._most_in_flight(now):
                    self._wait(self._changed, None)
                else:
                    break
            self._in_flight += 1
            if gap:
                # one that leaves late takes little from the next one's turn
                self._last_start = now if self._last_start is None else max(earliest, now - gap)
                self._changed.notify()
            else:
                self._last_start = None
            self._sent += 1
            return Ticket(now, self._sent, self._in_flight, self._cycle)
