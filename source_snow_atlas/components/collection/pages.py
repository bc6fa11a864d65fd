"""Page requests, and a generator that keeps several of them in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from source_snow_atlas.components.request.reply import Page

Requested = TypeVar("Requested")
Fetched = TypeVar("Fetched")


@dataclass(frozen=True)
class PageRequest:
    """Request for page `number`, counted from 1, of `size` rows: those from offset `start` up to `end`."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Return the offset of the first row."""
        return (self.number - 1) * self.size

    @property
    def end(self) -> int:
        """Return the offset after the last row of a full page."""
        return self.number * self.size


@dataclass(frozen=True)
class Changes:
    """Changes of the data that were seen during a read.

    `seen` is the least number of rows inserted or deleted, `read_again` the number of pages read because of
    them, and `again` the number of rows emitted once more because another page held them with other values.
    """

    seen: int
    read_again: int
    again: int

    def __add__(self, other: Changes) -> Changes:
        return Changes(self.seen + other.seen, self.read_again + other.read_again, self.again + other.again)

    def __bool__(self) -> bool:
        """Return whether the data changed."""
        return bool(self.seen or self.again)


class Prefetch(Protocol):
    """Runner of fetches ahead of their use."""

    def try_submit(self, task: Callable[[], Fetched]) -> Future[Fetched] | None:
        """Start the task in another thread; return None if enough pages are in flight or waiting."""

    def done(self) -> None:
        """Release the slot of a page that has been consumed."""


class NoPrefetch:
    """Prefetch that never starts a task: pages are fetched one by one in the caller's thread."""

    def try_submit(self, task: Callable[[], Fetched]) -> Future[Fetched] | None:
        """Return None."""
        return None

    def done(self) -> None:
        """Do nothing."""


Fetch = Callable[[int, int, "frozenset[int] | None"], "Page | None"]
"""Fetches a page, given its number, the page size and the page numbers that the reply may state (None: any).
Returns None if the server sends no content.
"""


def in_flight(
    following: Callable[[], Requested | None],
    fetch: Callable[[Requested], Fetched],
    prefetch: Prefetch,
) -> Generator[tuple[Requested, Fetched], None, None]:
    """Yield requests with their replies, in the order of the requests, with as many in flight as possible.

    `following` returns the next request, or None. It is called again after every reply, because a reply may
    announce more pages. The generator ends when it returns None while no request is in flight.
    """
    waiting: deque[tuple[Requested, Future[Fetched]]] = deque()
    upcoming = following()
    try:
        while upcoming is not None or waiting:
            while upcoming is not None:
                future = prefetch.try_submit(partial(fetch, upcoming))
                if future is None:
                    break
                waiting.append((upcoming, future))
                upcoming = following()
            if waiting:
                request, future = waiting.popleft()
                try:
                    fetched = future.result()
                finally:
                    prefetch.done()
                yield request, fetched
            elif upcoming is not None:
                request, upcoming = upcoming, None
                yield request, fetch(request)
            if upcoming is None:
                upcoming = following()
    finally:
        for _, future in waiting:
            future.cancel()
            prefetch.done()
