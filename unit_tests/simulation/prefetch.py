"""Pages fetched ahead as a test needs it: in an order that a seed decides, or by real threads."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class LazyFuture(Future[Result]):
    """A future whose task is run, by the thread that wants the result, when it is wanted."""

    def __init__(self, run_until: Callable[[Future[Result]], None]) -> None:
        super().__init__()
        self._run_until = run_until

    def result(self, timeout: float | None = None) -> Result:
        """Run what has to be run first, and give the result."""
        self._run_until(self)
        return super().result(timeout)


class InterleavedPrefetch:
    """Pages fetched ahead without threads, in an order that a seed decides: what threads do, but the same
    every time.
    """

    def __init__(self, room: int, seed: int) -> None:
        self._room = room
        self._random = random.Random(seed)
        self._pending: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Keep the task for when a result is wanted, if there is room."""
        if self._room == 0:
            return None
        self._room -= 1
        future: Future[Result] = LazyFuture(self._run_until)
        self._pending.append((future, task))
        return future

    def done(self) -> None:
        """There is room for another."""
        self._room += 1

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
    """Pages fetched ahead by real threads."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads)
        self._room = threading.BoundedSemaphore(threads + 2)

    def __enter__(self) -> PoolPrefetch:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=True)

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Start the task, if there is room."""
        return self._executor.submit(task) if self._room.acquire(blocking=False) else None

    def done(self) -> None:
        """There is room for another. More `done` than tasks is an error of the caller."""
        self._room.release()
