"""Thread pool that fetches pages of all streams ahead of their use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class PagePrefetch:
    """Prefetch shared by all streams: `pages` requests in flight, and a quarter as many replies waiting.

    This bounds memory for any number of streams. A page of 1,000 records takes about 3 MB.
    """

    def __init__(self, pages: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=pages, thread_name_prefix="pages")
        self._slots = threading.BoundedSemaphore(pages + pages // 4 + 1)

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Start the task in another thread; return None if no slot is free."""
        if not self._slots.acquire(blocking=False):
            return None
        return self._executor.submit(task)

    def done(self) -> None:
        """Release the slot of a page that has been consumed."""
        self._slots.release()

    def close(self) -> None:
        """Cancel pending tasks and let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)
