"""The real pace before a model server, in virtual time: threads, their lock, and pages used in order.

What a process has and a plain model lacks decides what the pace can learn: Python's lock lets one thread work
at a time, so that requests leave and answers are seen late; requests that leave together arrive in any order;
and pages are used in order, so that one that was refused soon holds all others up.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import median
from typing import Any

from source_snow_atlas.components.request.pace import Pace, Ticket
from unit_tests.simulation.limits import (
    PARSING,
    SEEING,
    SENDING,
    USING,
    Make,
    Server,
    knowing_seconds,
)

SCATTER = 0.002
"""Seconds by which requests that leave together arrive apart, at most."""


class MustWait(Exception):
    """What a caller of the pace sees in the place of a wait: seconds, or None for "until one is done"."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def must_wait(condition: threading.Condition, seconds: float | None) -> None:
    """Raise instead of waiting."""
    raise MustWait(seconds)


class Moment:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Outcome:
    """What a run came to."""

    seconds: float
    requests: int
    refused: int
    inside_waits: int


class Client:
    """`workers` threads that read `work` pages of one stream through one pace, and a reader that uses them in
    order. Not `in_order`: many streams of one page each, whose pages are used as they come.
    """

    def __init__(
        self,
        server: Server,
        moment: Moment,
        pace: Pace,
        *,
        work: int,
        workers: int,
        latency: float,
        in_order: bool = True,
    ) -> None:
        self._server, self._pace, self._moment = server, pace, moment
        self._work, self._latency = work, latency
        self._in_order = in_order
        self._room = workers + workers // 4 + 1 if in_order else work
        self._free = workers
        self._begun = self._used = 0
        self._parsed: set[int] = set()
        self._is_using = False
        self._lock_free_at = 0.0
        self._waiting: list[Callable[[], None]] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._chance = random.Random(server.seed + 7)
        self._quiet_until = self.last_answer = 0.0
        self.inside_waits = 0

    def read(self, limit: float, first_alone: bool) -> None:
        """All pages, or as many as there is time for. `first_alone`: nothing else is known to be asked for
        until the first answer is there, as with the first page of a stream.
        """
        self._may_begin = 1 if first_alone else self._work
        self._begin()
        while self._used < self._work and self._events and self._events[0][0] < limit:
            self._moment.now, _, action = heapq.heappop(self._events)
            action()
        if self._used < self._work:
            self.last_answer = self._moment.now

    def _at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._order), action))

    def _locked(self, seconds: float) -> float:
        """When a thread that wants the lock now has done its work."""
        self._lock_free_at = max(self._moment.now, self._lock_free_at) + seconds
        return self._lock_free_at

    def _begin(self) -> None:
        while self._free and self._begun < min(self._used + self._room, self._may_begin):
            self._free -= 1
            self._send(self._begun)
            self._begun += 1

    def _send(self, page: int) -> None:
        slot = self._pace.slot()
        try:
            ticket = slot.__enter__()
        except MustWait as wait:
            self._wait(page, wait.seconds)
            return
        self.inside_waits += self._moment.now < self._quiet_until - 1e-6
        way = self._chance.uniform(0, SCATTER)
        self._at(self._locked(SENDING) + way, lambda: self._arrive(page, slot, ticket))

    def _wait(self, page: int, seconds: float | None) -> None:
        """Try again after so many seconds, and before when another request ends."""
        pages = [page]

        def again() -> None:
            if pages:
                self._send(pages.pop())

        self._waiting.append(again)
        if seconds is not None:
            self._at(self._moment.now + seconds + 1e-9, again)

    def _arrive(self, page: int, slot: AbstractContextManager[Ticket], ticket: Ticket) -> None:
        now = self._moment.now
        asked = self._server.arrive(now)
        if asked is None:
            answered_at = now + self._server.duration(self._latency) * self._chance.uniform(0.9, 1.0)
            self._at(answered_at, lambda: self._answer(page, slot, ticket))
            return
        self._at(self._locked(SEEING), lambda: self._refuse(page, slot, ticket, asked, now + asked))

    def _answer(self, page: int, slot: AbstractContextManager[Ticket], ticket: Ticket) -> None:
        now = self.last_answer = self._moment.now
        self._at(now + self._server.linger, self._server.leave)
        seen_at = self._locked(SEEING)
        self._at(seen_at, lambda: self._leave(slot))
        self._at(self._locked(PARSING), lambda: self._parse(page, ticket))

    def _leave(self, slot: AbstractContextManager[Ticket]) -> None:
        slot.__exit__(None, None, None)
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()

    def _parse(self, page: int, ticket: Ticket) -> None:
        self._pace.succeeded(ticket)
        self._parsed.add(page)
        self._free += 1
        self._may_begin = self._work
        self._begin()
        self._use()

    def _use(self) -> None:
        if not self._is_using and (self._used in self._parsed if self._in_order else self._parsed):
            self._is_using = True
            self._at(self._locked(USING), self._use_up)

    def _use_up(self) -> None:
        self._is_using = False
        self._parsed.discard(self._used if self._in_order else next(iter(self._parsed)))
        self._used += 1
        self._begin()
        self._use()

    def _refuse(
        self,
        page: int,
        slot: AbstractContextManager[Ticket],
        ticket: Ticket,
        asked: float,
        quiet_until: float,
    ) -> None:
        if self._server.announces:
            self._quiet_until = max(self._quiet_until, quiet_until)
        own = self._pace.refused(asked if self._server.announces else None, ticket)
        self._at(self._moment.now + own, lambda: self._send(page))
        self._leave(slot)


def run(
    server: Server,
    *,
    work: int,
    workers: int = 10,
    latency: float = 0.05,
    limit: float = 36_000.0,
    first_alone: bool = False,
    in_order: bool = True,
) -> Outcome:
    """One stream of `work` pages, each `latency` seconds on the server; seconds to the last answer."""
    moment = Moment()
    pace = Pace(workers, moment, must_wait)
    client = Client(server, moment, pace, work=work, workers=workers, latency=latency, in_order=in_order)
    client.read(limit, first_alone)
    return Outcome(client.last_answer, server.served + server.refused, server.refused, client.inside_waits)


def measure(
    make: Make, work: int, announces: bool, seeds: Iterable[int] = range(5), **options: Any
) -> tuple[float, float, int]:
    """Return medians over the seeds of the time over that of a client that knows the limit, and of the share
    of refusals; and the number of requests during an announced wait.
    """
    ratios, shares, inside = [], [], 0
    for seed in seeds:
        server = make(seed=seed, announces=announces)
        known = knowing_seconds(server, work, options.get("workers", 10), options.get("latency", 0.05))
        outcome = run(make(seed=seed, announces=announces), work=work, limit=10 * known + 60, **options)
        ratios.append(outcome.seconds / known)
        shares.append(outcome.refused / outcome.requests)
        inside += outcome.inside_waits
    return median(ratios), median(shares), inside
