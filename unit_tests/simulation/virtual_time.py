"""Concurrent reads of a collection that changes over time, in virtual time.

Requests are served in the order of their times, with changes between them. A seed determines everything.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from source_snow_atlas.components.collection.page_source import Changes
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page
from unit_tests.simulation.changes import ChangesByClock, ChangingRows
from unit_tests.simulation.outcome import Outcome
from unit_tests.simulation.prefetch import LazyFuture

Result = TypeVar("Result")


class VirtualTime:
    """Server and prefetch of a reader, in virtual time.

    A request takes `latency` seconds, plus or minus the share `jitter`. The reader spends `work` seconds on
    each page. There are `workers` concurrent requests and `rate` changes a second.
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
        self._slots = workers + workers // 4 + 1
        self._idle = workers
        self._queued: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._running: list[tuple[float, int, Future[Any], Callable[[], Any]]] = []
        self._started = 0
        self._is_serving = False
        self._totals = totals

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None = None) -> Page:
        """Return a page: at once in a task of the prefetch, else after the latency."""
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
        """Queue the task if a slot is free. It starts when a worker is free."""
        if self._slots == 0:
            return None
        self._slots -= 1
        future: Future[Result] = LazyFuture(self._run_until)
        self._queued.append((future, task))
        self._start()
        return future

    def done(self) -> None:
        """Release a slot after the reader's work on a page."""
        self._slots += 1
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

    def _until(self, time: float) -> None:
        while self._running and self._running[0][0] <= time:
            self._serve_next()
        self._advance(time)

    def _serve_next(self) -> None:
        time, _, future, task = heapq.heappop(self._running)
        self._advance(time)
        self._idle += 1
        self._is_serving = True
        future.set_result(task())
        self._is_serving = False
        self._start()

    def _run_until(self, future: Future[Any]) -> None:
        while not future.done():
            self._serve_next()

    def _advance(self, time: float) -> None:
        self._changes.until(time)
        self.now = max(self.now, time)


def read_by_clock(
    count: int, seed: int, page_size: int, key: tuple[str, ...] = ("id",), **options: Any
) -> Outcome:
    """Read a collection of `count` rows with the connector's reader, with options of `VirtualTime`."""
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
    emitted: set[int] = set()
    repeated = 0
    for batch in reader.rows():
        before = len(emitted)
        emitted.update(row["id"] for row in batch)
        repeated += len(batch) - (len(emitted) - before)
    return Outcome(
        stable=rows.stable,
        lost=rows.lost(emitted),
        repeated=repeated,
        requests=time.requests,
        changes=rows.changes,
        seconds=time.now,
        reports=reports,
    )
