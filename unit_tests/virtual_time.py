"""A collection that changes by the clock, read by many requests at once, in virtual time: nobody waits, and a seed decides it all.

Requests are served in the order of their moments; a change falls between two of them. Rows are kept as ranges of numbers, so that
a collection of fifty million rows takes no memory.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import accumulate
from typing import Any, TypeVar

from source_snow_atlas.components.collection.paging import Changes, CollectionReader
from source_snow_atlas.components.request.reply import Page

Result = TypeVar("Result")


class ChangingRows:
    """The numbers 0 to `count`, from which single ones go and between which new ones come, at random places."""

    def __init__(self, count: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._ranges: list[range] = [range(count)] if count else []
        self._ends = list(accumulate(map(len, self._ranges)))
        self._fresh = 10**12
        self.deleted: set[int] = set()
        self.changes = 0

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def slice(self, start: int, end: int) -> list[int]:
        """The numbers from one place to another."""
        found: list[int] = []
        index = bisect_right(self._ends, start)
        while start < end and index < len(self._ranges):
            part = self._ranges[index]
            offset = start - (self._ends[index] - len(part))
            taken = part[offset : offset + end - start]
            found += taken
            start += len(taken)
            index += 1
        return found

    def change(self, insert_share: float = 0.5) -> None:
        """One row comes or goes."""
        self.changes += 1
        place = self._random.randrange(len(self) + 1)
        if self._random.random() < insert_share or place == len(self):
            self._put(place, range(self._fresh, self._fresh + 1), 0)
            self._fresh += 1
        else:
            self.deleted.add(self.slice(place, place + 1)[0])
            self._put(place, range(0), 1)

    def _put(self, place: int, new: range, removed: int) -> None:
        index = bisect_right(self._ends, place)
        parts = [new]
        if index < len(self._ranges):
            part = self._ranges[index]
            offset = place - (self._ends[index] - len(part))
            parts = [part[:offset], new, part[offset + removed :]]
        self._ranges[index : index + 1] = [part for part in parts if len(part)]
        self._ends = list(accumulate(map(len, self._ranges)))


class VirtualTime:
    """A server and a reader's threads in virtual time, as the reader's prefetch.

    `latency` seconds a request, give or take `jitter` of it; `work` seconds of the reader's own for each page; `workers` requests at
    once. `rate` changes a second.
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
        self._random = random.Random(seed)
        self._latency, self._jitter, self._work = latency, jitter, work
        self._rate, self._insert_share = rate, insert_share
        self._next_change = self._random.expovariate(rate) if rate else float("inf")
        self._room = workers + workers // 4 + 1
        self._idle = workers
        self._queued: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._running: list[tuple[float, int, Future[Any], Callable[[], Any]]] = []
        self._started = 0
        self._totals = totals

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None = None) -> Page:
        """The page, served now."""
        self.requests += 1
        size = min(size, 1000)
        numbers = self.rows.slice((number - 1) * size, number * size)
        page = Page([{"id": value} for value in numbers], True, number, size)
        if self._totals:
            page.total_items = len(self.rows)
        page.total_pages = -(-len(self.rows) // size)
        return page

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Start the task as soon as a thread is free, if there is room."""
        if self._room == 0:
            return None
        self._room -= 1
        future = _Lazy(self._run_until)
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
        future.set_result(task())
        self._start()

    def _run_until(self, future: Future[Any]) -> None:
        while not future.done():
            self._serve_next()

    def _advance(self, moment: float) -> None:
        while self._next_change <= moment:
            self.rows.change(self._insert_share)
            self._next_change += self._random.expovariate(self._rate)
        self.now = max(self.now, moment)


class _Lazy(Future[Any]):
    def __init__(self, run_until: Callable[[Future[Any]], None]) -> None:
        super().__init__()
        self._run_until = run_until

    def result(self, timeout: float | None = None) -> Any:
        self._run_until(self)
        return super().result(timeout)


class Outcome:
    """What one read came to."""

    def __init__(
        self, count: int, seed: int, page_size: int, key: Sequence[str] = ("id",), **options: Any
    ) -> None:
        rows = ChangingRows(count, seed)
        time = VirtualTime(rows, seed=seed + 1, **options)
        self.reports: list[Changes] = []
        reader = CollectionReader(
            "Stream rows",
            time.fetch,
            page_size,
            key,
            time,
            on_changes=self.reports.append,
            clock=lambda: time.now,
        )
        given: set[int] = set()
        self.repeated = 0
        for batch in reader.rows():
            before = len(given)
            given.update(row["id"] for row in batch)
            self.repeated += len(batch) - (len(given) - before)
        self.lost = _lost(count, rows, given)
        self.seconds = time.now
        self.requests = time.requests
        self.changes = rows.changes


def _lost(count: int, rows: ChangingRows, given: set[int]) -> int:
    return sum(1 for value in range(count) if value not in given and value not in rows.deleted)
