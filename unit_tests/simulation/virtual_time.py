"""A collection that changes by the clock, read by many requests at once, in virtual time: nobody waits, and a
seed decides it all.

Requests are served in the order of their moments; a change falls between two of them.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from source_snow_atlas.components.collection.pages import Changes
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page
from unit_tests.simulation.changes import ChangesByClock, ChangingRows
from unit_tests.simulation.outcome import Outcome
from unit_tests.simulation.prefetch import LazyFuture

Result = TypeVar("Result")


class VirtualTime:
    """A server and a reader's threads in virtual time, as the reader's prefetch.

    `latency` seconds a request, give or take `jitter` of it; `work` seconds of the reader's own for each
    page; `workers` requests at once. `rate` changes a second.
    """

    def __init__(
        self,
        rows: ChangingRows,
        *,
        seed: int,
        latency: float,
        rate: float,
        workers: int = 10,
        work: float = 0.006,
        jitter: float = 0.05,
        insert_share: float = 0.5,
        totals: bool = True,
    ) -> None:
        self.rows = rows
        self.now = 0.0
        self.requests = 0
        self._random = random.Random(seed + 1)
        self._latency, self._jitter, self._work = latency, jitter, work
        self._changes = ChangesByClock(rows, seed, rate, self._random, insert_share)
        self._room = workers + workers // 4 + 1
        self._idle = workers
        self._queued: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._running: list[tuple[float, int, Future[Any], Callable[[], Any]]] = []
        self._started = 0
        self._is_serving = False
        self._totals = totals

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None = None) -> Page:
        """The page: served now to a thread of the prefetch, after its latency to whoever asks in person."""
        if not self._is_serving:
            self._until(self.now + self._wait())
        self.requests += 1
        size = min(size, 1000)
        page = Page(self.rows[(number - 1) * size : number * size], True, number, size)
        if self._totals:
            page.total_items = len(self.rows)
        page.total_pages = -(-len(self.rows) // size)
        return page

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Start the task as soon as a thread is free, if there is room."""
        if self._room == 0:
            return None
        self._room -= 1
        future: Future[Result] = LazyFuture(self._run_until)
        self._queued.append((future, task))
        self._start()
        return future

    def done(self) -> None:
        """A page was used up."""
        self._room += 1
        self._until(self.now + self._work)

    def _wait(self) -> float:
        return self._latency * (1 + self._jitter * (2 * self._random.random() - 1))

    def _start(self) -> None:
        while self._idle and self._queued:
            future, task = self._queued.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            self._idle -= 1
            self._started += 1
            heapq.heappush(self._running, (self.now + self._wait(), self._started, future, task))

    def _until(self, moment: float) -> None:
        while self._running and self._running[0][0] <= moment:
            self._serve_next()
        self._advance(moment)

    def _serve_next(self) -> None:
        moment, _, future, task = heapq.heappop(self._running)
        self._advance(moment)
        self._idle += 1
        self._is_serving = True
        future.set_result(task())
        self._is_serving = False
        self._start()

    def _run_until(self, future: Future[Any]) -> None:
        while not future.done():
            self._serve_next()

    def _advance(self, moment: float) -> None:
        self._changes.until(moment)
        self.now = max(self.now, moment)


def read_by_clock(
    count: int, seed: int, page_size: int, key: Sequence[str] = ("id",), **options: Any
) -> Outcome:
    """Read a collection of that many rows once, with the connector's reader; `options` are those of
    `VirtualTime`.
    """
    rows = ChangingRows(count)
    time = VirtualTime(rows, seed=seed, **options)
    reports: list[Changes] = []
    reader = CollectionReader(
        "Stream rows",
        time.fetch,
        page_size,
        key,
        prefetch=time,
        on_changes=reports.append,
    )
    given: set[int] = set()
    repeated = 0
    for batch in reader.rows():
        before = len(given)
        given.update(row["id"] for row in batch)
        repeated += len(batch) - (len(given) - before)
    return Outcome(
        stable=rows.stable,
        lost=rows.lost(given),
        repeated=repeated,
        requests=time.requests,
        changes=rows.changes,
        seconds=time.now,
        reports=reports,
    )
