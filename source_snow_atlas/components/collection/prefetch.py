"""Page requests in flight: a thread pool that all streams share, and a generator that keeps it busy."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

Requested = TypeVar("Requested")
Fetched = TypeVar("Fetched")


class Prefetch(Protocol):
    """Runner of fetches ahead of their use."""

    def try_submit(self, task: Callable[[], Fetched]) -> Future[Fetched] | None:
        """Start the task in another thread; return None if enough pages are in flight or waiting."""

    def done(self) -> None:
        """Release the slot of a page that has been consumed."""


class NoPrefetch:
    """Prefetch that never starts a task: pages are fetched one by one in the caller's thread."""

    def try_submit(self, task: Callable[[], Fetched]) -> Future[Fetched] | None:
        return None

    def done(self) -> None:
        pass


class PagePrefetch:
    """Prefetch shared by all streams: `pages` requests in flight, and a quarter as many replies waiting.

    This bounds memory for any number of streams. A page of 1,000 records takes about 3 MB.
    """

    def __init__(self, pages: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=pages, thread_name_prefix="pages")
        self._slots = threading.BoundedSemaphore(pages + pages // 4 + 1)

    def try_submit(self, task: Callable[[], Fetched]) -> Future[Fetched] | None:
        if not self._slots.acquire(blocking=False):
            return None
        return self._executor.submit(task)

    def done(self) -> None:
        self._slots.release()

    def close(self) -> None:
        """Cancel pending tasks and let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def in_flight(
    following: Callable[[Requested | None], Requested | None],
    fetch: Callable[[Requested], Fetched],
    prefetch: Prefetch,
) -> Generator[Fetched, None, None]:
    """Yield the replies to requests, in the order of the requests, with as many in flight as possible.

    `following` returns the next request, or None, given the newest one in flight, if any. It is called again
    after every reply, because a reply may announce more pages. The generator ends when it returns None while
    no request is in flight.
    """
    waiting: deque[tuple[Requested, Future[Fetched]]] = deque()
    upcoming = following(None)
    try:
        while upcoming is not None or waiting:
            while upcoming is not None:
                future = prefetch.try_submit(partial(fetch, upcoming))
                if future is None:
                    break
                waiting.append((upcoming, future))
                upcoming = following(upcoming)
            if waiting:
                try:
                    fetched = waiting.popleft()[1].result()
                finally:
                    prefetch.done()
                yield fetched
            elif upcoming is not None:
                request, upcoming = upcoming, None
                yield fetch(request)
            if upcoming is None:
                upcoming = following(waiting[-1][0] if waiting else None)
    finally:
        for _, future in waiting:
            future.cancel()
            prefetch.done()
