"""Prefetching of pages for tests, in an order that a seed determines or with threads."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class LazyFuture(Future[Result]):
    """Future whose task runs in the thread that requests the result."""

    def __init__(self, run_until: Callable[[Future[Result]], None]) -> None:
        super().__init__()
        self._run_until = run_until

    def result(self, timeout: float | None = None) -> Result:
        """Run the pending tasks up to this one, and return the result."""
        self._run_until(self)
        return super().result(timeout)


class InterleavedPrefetch:
    """Prefetching without threads, in an order that a seed determines, so that it can be reproduced."""

    def __init__(self, slots: int, seed: int) -> None:
        self._slots = slots
        self._random = random.Random(seed)
        self._pending: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Queue the task if a slot is free."""
        if self._slots == 0:
            return None
        self._slots -= 1
        future: Future[Result] = LazyFuture(self._run_until)
        self._pending.append((future, task))
        return future

    def done(self) -> None:
        """Release a slot."""
        self._slots += 1

    def _run_until(self, wanted: Future[Any]) -> None:
        while not wanted.done():
            self._pending.rotate(self._random.randrange(len(self._pending)))
            future, task = self._pending.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(task())
            except Exception as error:
                future.set_exception(error)


class PoolPrefetch:
    """Prefetching with threads."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads)
        self._slots = threading.BoundedSemaphore(threads + 2)

    def __enter__(self) -> PoolPrefetch:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=True)

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Start the task if a slot is free."""
        return self._executor.submit(task) if self._slots.acquire(blocking=False) else None

    def done(self) -> None:
        """Release a slot. Raises ValueError if it is called more often than tasks were submitted."""
        self._slots.release()
