"""Pages of all streams fetched ahead of their use, by a bounded number of threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class PagePrefetch:
    """Pages of all streams fetched ahead of their use: as many as requests may be in flight, and a quarter as
    many waiting for use.

    That bounds memory, whatever the number of streams: a page of 1000 records takes about 3 MB.
    """

    def __init__(self, pages: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=pages, thread_name_prefix="pages")
        self._room = threading.BoundedSemaphore(pages + pages // 4 + 1)

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Start the task in another thread, if there is room."""
        if not self._room.acquire(blocking=False):
            return None
        return self._executor.submit(task)

    def done(self) -> None:
        """A submitted page was used up: there is room for another."""
        self._room.release()

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)
