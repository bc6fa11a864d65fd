"""Whole passes over a collection whose pages can't overlap: the server serves one page size only, its pages
are tiny, or it puts its rows in another order for each request.

Each pass yields the rows that no pass before it held, and of equal rows as many as it holds more than those
before it. Reading ends after two passes that brought the same pages, or where as many different keys came as
a total counts that never moved.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.not_served import NotServed
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.pages import PageRequest, Prefetch, in_flight
from source_snow_atlas.components.collection.served import FEW_ROWS, Served, content
from source_snow_atlas.components.request.reply import Page, Row

LOGGER = logging.getLogger("airbyte")
MOST_PASSES = 5
"""Passes over data that changes, of which one has to be the same as the one before."""
MOST_PASSES_OF_STEADY_TOTAL = 20
"""Passes that collect the rows of a server without an order: each brings two thirds of what is missing."""
IDLE_PAGES = 40
"""Pages without a new row, after which the server serves the same rows for ever."""
ANNOUNCED_IDLE_PAGES = 1000
"""The same where its replies announce them: rows may well be equal."""
MOST_ROWS = 1_000_000
"""Rows whose hashes are kept in memory, some 100 MB."""


@dataclass
class WholePasses:
    """Reads all pages of `size` rows until nothing is missing, by what was given out and what came before."""

    label: str
    size: int
    source: PageSource
    not_served: NotServed
    prefetch: Prefetch
    on_page: Callable[[Page], None]
    _given: Counter[int] = field(default_factory=Counter, init=False)
    _keys: set[int] = field(default_factory=set, init=False)
    _totals: set[int | None] = field(default_factory=set, init=False)
    _counted: list[int | None] = field(default_factory=list, init=False)
    _keys_are_whole: bool = field(default=True, init=False)
    _asked: int = field(default=0, init=False)
    _taken: int = field(default=0, init=False)
    _has_ended: bool = field(default=False, init=False)

    def rows(self, given: list[Row]) -> Iterator[list[Row]]:
        """The rows of the collection but those `given` out before. Raises ServerError."""
        LOGGER.info("%s: its pages can't overlap; all of them are read twice and compared.", self.label)
        self._given.update(map(_hash, given))
        earlier: list[list[int]] = []
        counted: list[int | None] = []
        passes = quiet_passes = 0
        while True:
            passes += 1
            pages: list[list[int]] = []
            is_new = False
            for rows in self._pass(pages):
                is_new |= bool(rows)
                yield rows
            if pages == earlier and self._counted == counted:
                distinct = [set(page) for page in pages]
                if sum(map(len, distinct)) == len(set[int]().union(*distinct)):
                    return
                raise ServerError(
                    f"{self.label}: the server sends the same rows on several pages, also when asked "
                    "again, and does not serve pages that overlap: whether they are other rows can't be "
                    "known, and those of a page may be missing. If it happens again, report it to Snow "
                    "Atlas support."
                )
            self.not_served.is_exact &= passes == 1 or not is_new
            quiet_passes = 0 if is_new else quiet_passes + 1
            if self._is_steady() and quiet_passes > 1 and {len(self._keys)} == self._totals:
                return
            collects = self._is_steady() and len(self._keys) < max(filter(None, self._totals), default=0)
            if passes >= (MOST_PASSES_OF_STEADY_TOTAL if collects else MOST_PASSES):
                raise ServerError(
                    f"{self.label}: {passes} readings of all pages brought different rows, and its pages "
                    "share none that proves an overlap. The order of its rows changes between requests, or "
                    "its data changes too fast. Whether all rows came can't be known: sync again, at a "
                    "quieter time."
                )
            earlier, counted = pages, self._counted

    def _pass(self, pages: list[list[int]]) -> Iterator[list[Row]]:
        """The new rows of one pass. `pages` takes the hashes of its rows, page by page."""
        self._asked = self._taken = 0
        self._counted = []
        self._has_ended = False
        self.not_served.restart()
        found: Counter[int] = Counter()
        seen: set[Hashable] = set()
        before: Served | None = None
        idle = 0
        for _, reply in in_flight(self._following, self.source.serve, self.prefetch):
            hashes = [_hash(row) for row in reply.rows]
            # what a row with a key of its own holds may be new each time
            tokens: list[Hashable] = reply.keys if reply.has_unique_keys else [*hashes]
            page = tuple(tokens if len(tokens) >= FEW_ROWS else hashes)
            served = self._judged(reply, before, page in seen)
            hashes = hashes if served.rows else []
            self._take(served, is_behind=served is not reply)
            pages.append(hashes)
            idle = idle + 1 if seen.issuperset(tokens) else 0
            seen.update(tokens, [page] if page else [])
            if idle > (ANNOUNCED_IDLE_PAGES if served.request.end <= self.source.announced else IDLE_PAGES):
                raise ServerError(
                    f"{self.label}: {idle} pages in a row brought no row that had not come before, and "
                    "nothing says where the collection ends. Report it to Snow Atlas support."
                )
            new = []
            is_keyed = served.has_unique_keys and len(hashes) >= FEW_ROWS
            for row, value in zip(served.rows, hashes, strict=True):
                # a row with a key of its own is the same one wherever it comes
                found[value] = 1 if is_keyed else found[value] + 1
                if found[value] > self._given[value]:
                    self._given[value] += 1
                    new.append(row)
            if len(self._given) + len(self._keys) > 2 * MOST_ROWS:
                raise ServerError(
                    f"{self.label}: the server does not serve pages that overlap, and more than "
                    f"{MOST_ROWS:,} rows can't be compared in memory: whether all of them came can't be "
                    "known. Narrow the stream with a filter, or report it to Snow Atlas support."
                )
            before = served
            yield new
            if self._has_ended:
                return

    def _judged(self, served: Served, before: Served | None, is_repeated: bool) -> Served:
        """The page; an empty one where it is the page before it once more or the server does not have it."""
        if before is None:
            if served.failure is not None:
                raise served.failure
            return served
        if served.rows and not (before.rows or before.missing):
            # an empty page in front of one with rows lacks all of its own
            self.not_served.note_uncounted(before)
        if served.failure is None and served.rows and is_repeated:
            if before.says_more or served.request.start < self.source.announced:
                # rows that moved by a page look like this; if it was not that, the next pass shows it again
                return served
            if len(set(map(_hash, served.rows))) == 1 and not (served.has_unique_keys or before.is_counted):
                raise ServerError(
                    f"{self.label}: page {served.request.number} holds the same rows as the page before "
                    "it, and nothing says how many there are: whether it is the last page once more can't "
                    "be known."
                )
            served = self.source.repeated(served)
        if served.failure is not None or not (served.rows or served.missing):
            return self.source.behind(served, before)
        return served

    def _following(self) -> PageRequest | None:
        """The next page, or None until one is taken."""
        if self._has_ended or (
            self._asked * self.size >= self.source.announced and self._asked > self._taken
        ):
            return None
        self._asked += 1
        return PageRequest(self._asked, self.size)

    def _take(self, served: Served, is_behind: bool) -> None:
        self._taken += 1
        self.source.learn(served)
        self.not_served.note(served, shared=len(served.rows))
        self.on_page(served.page)
        self._totals.add(served.page.total_items)
        self._counted.append(served.page.total_items)
        if served.has_unique_keys:
            self._keys.update(map(hash, served.keys))
        else:
            self._keys_are_whole &= not served.rows
        if served.rows and not served.is_end and not served.is_full and not served.missing:
            self._has_ended = self.source.ends_behind(served)
            if served.says_more and not self._has_ended:
                self.not_served.note_uncounted(served)
        else:
            nothing = not served.rows and not served.missing and not served.says_more
            self._has_ended = is_behind or served.is_end or nothing

    def _is_steady(self) -> bool:
        """Whether the total never moved and all keys are whole."""
        return self._keys_are_whole and len(self._totals) == 1 and None not in self._totals


def _hash(row: Row) -> int:
    return hash(content(row))
