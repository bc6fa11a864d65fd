"""Pages in flight: several requests of one collection at once, their replies handed on in the order they were
asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from source_snow_atlas.components.request.reply import Page

Fetched = TypeVar("Fetched")


@dataclass(frozen=True)
class PageRequest:
    """A page to ask for: `number` from 1, `size` in rows. It holds the rows from offset `start` to `end`."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """The offset of its first row."""
        return (self.number - 1) * self.size

    @property
    def end(self) -> int:
        """The offset behind its last row, where it is full."""
        return self.number * self.size


@dataclass(frozen=True)
class Changes:
    """What a reading saw of data that changed: rows that came or went at least, pages read for their sake,
    and rows given out again because another page held them with other values.
    """

    seen: int
    read_again: int
    again: int


class Prefetch(Protocol):
    """Runs fetches ahead of their use. `try_submit` gives None where enough pages are under way or
    waiting.
    """

    def try_submit(self, task: Callable[[], Fetched]) -> Future[Fetched] | None:
        """Start the task in another thread, if there is room."""

    def done(self) -> None:
        """A submitted page was used up: there is room for another."""


class NoPrefetch:
    """One page after the other, in the caller's thread."""

    def try_submit(self, task: Callable[[], Fetched]) -> Future[Fetched] | None:
        """No room, ever."""
        return None

    def done(self) -> None:
        """Nothing was submitted."""


Fetch = Callable[[int, int, "frozenset[int] | None"], "Page | None"]
"""Fetches a page: its number, the page size asked for, and the numbers that the reply may name as its own
(None: any). None where the server sends no content.
"""


def in_flight(
    following: Callable[[], PageRequest | None],
    fetch: Callable[[PageRequest], Fetched],
    prefetch: Prefetch,
) -> Generator[tuple[PageRequest, Fetched], None, None]:
    """The replies to the requests that `following` gives, in order, as many under way as there is room for.

    `following` is asked again after every reply that was taken, so that a reply may call for more requests;
    it ends when it has none and none is under way. Raises what `fetch` raises.
    """
    waiting: deque[tuple[PageRequest, Future[Fetched]]] = deque()
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
