"""Reader of paginated collections that may change during the read.

A read is complete if its replies prove it:

1. Every page holds all rows that its own totals count at its offset (`page_reply`). A page that doesn't is
   requested again. Rows that stay missing are counted and fail the stream (`missing_rows`).
2. Neighbouring pages overlap and share a row (`overlap`, `plan`). If two share none, the gap between them is
   read at once, from further back (`overlapping`).
3. The last page is not full, and its totals count no more; or another page that begins elsewhere ends with
   the same row.

Where pages can't overlap, repeated passes are compared (`passes`). `docs/proofs.md` says why that is enough.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from source_snow_atlas.components.basics.errors import ServerError, SnowAtlasError
from source_snow_atlas.components.collection.first_page import first_page
from source_snow_atlas.components.collection.missing_rows import MissingRows
from source_snow_atlas.components.collection.overlapping import (
    SMALLEST_OVERLAPPING,
    CannotOverlap,
    OverlappingPages,
)
from source_snow_atlas.components.collection.page_reply import PageReply, PageRequest, content, keys_of
from source_snow_atlas.components.collection.page_source import NO_SUCH_PAGE, Changes, Fetch, PageSource
from source_snow_atlas.components.collection.passes import RepeatedPasses
from source_snow_atlas.components.collection.plan import OVERLAP
from source_snow_atlas.components.collection.prefetch import NoPrefetch, Prefetch
from source_snow_atlas.components.request.reply import Page, Row

LOGGER = logging.getLogger("airbyte")
FIRST = frozenset({0, 1})
"""The numbers that replies may state for the first page."""
SMALLEST_DEFAULT_SIZE = 10
"""The smallest page size that servers use by default. The vendor's are 25 and 100."""
DEFAULT_SIZES = 5
"""Default page sizes are multiples of it."""
MOST_READINGS = 3
"""Readings after the first one while replicas differ. Each finds some of the rows that one replica lacks."""
MOST_HASHES = 1_000_000
"""Emitted rows whose hashes are remembered, so that a second reading yields only others."""
MOST_COMPARED = 200_000
"""Emitted rows that are compared at the end of each read, in 15 MB: a repeated one may hide another."""


def ignore(*arguments: object) -> None:
    """Do nothing: the default of the callbacks."""


@dataclass
class CollectionReader:
    """Reader of one collection. Not thread-safe; call `rows()` once.

    `pages_declared` is False if the operation has no page parameters: page 1 is then requested without them.
    `accepts_missing`: whether to continue without rows that the API counts and never serves. `on_page` is
    called with every page; `on_changes` at the end, if data changed during the read; `on_missing` with the
    number of missing rows, if they are accepted; `warn` with the kind and the text of each warning.
    """

    label: str
    fetch: Fetch
    page_size: int
    key: tuple[str, ...] = ()
    prefetch: Prefetch = field(default_factory=NoPrefetch)
    pages_declared: bool = True
    accepts_missing: bool = False
    on_page: Callable[[Page], None] = ignore
    on_changes: Callable[[Changes], None] = ignore
    on_missing: Callable[[int], None] = ignore
    warn: Callable[[str, str], None] = lambda kind, message: LOGGER.warning(message)

    def __post_init__(self) -> None:
        self._missing_rows = MissingRows(self.label, self.accepts_missing, self.warn, self.on_missing)
        self._changes = Changes()
        self._source: PageSource | None = None
        self._size = self.page_size
        self._was_read_again = False
        self._keys_are_unique = bool(self.key)
        self._hashes = array("q")

    def rows(self) -> Iterator[list[Row]]:
        """Yield the rows in batches.

        Raises what `fetch` raises, and ServerError if the replies don't prove that the read is complete.
        """
        for batch in self._read():
            if self._missing_rows.is_counted and len(self._hashes) <= MOST_HASHES:
                hashes = self._hashes_of(batch)
                self._keys_are_unique &= len(set(hashes)) == len(hashes)
                self._hashes.extend(hashes)
            yield batch
        yield from self._rows_that_came_later()
        self._missing_rows.check_totals(was_read_again=self._was_read_again)
        self._conclude()

    def _read(self) -> Iterator[list[Row]]:
        """Yield the rows of one reading."""
        page = self.fetch(1, self.page_size, FIRST if self.pages_declared else None)
        if page is not None and self.pages_declared and _is_single(page):
            page = self._page_instead_of_object(page)
        if page is None:
            raise ServerError(
                f"{self.label}: the server sent no content (HTTP 204) instead of rows, so it is not known "
                "whether there are any. If it happens again, report it to Snow Atlas support."
            )
        source = PageSource(
            self.label, self.fetch, self.key, self.prefetch, self._missing_rows, self.on_page, self.warn, page
        )
        if self._is_without_pages(source, page):
            self.on_page(page)
            yield page.rows
            return
        self._changes, self._source = source.changes, source
        size = self.page_size if self.pages_declared else max(1, len(page.rows))
        for batch in self._pages(source, PageReply(PageRequest(1, size), page, self.key)):
            self._missing_rows.emitted += len(batch)
            yield batch
        self._missing_rows.emitted -= self._changes.again

    def _is_without_pages(self, source: PageSource, page: Page) -> bool:
        """Return whether the first reply is all: a single object, or a list of an operation without pages."""
        count = len(page.rows)
        if self.pages_declared or _is_single(page):
            return _is_single(page)
        if page.has_next or (page.total_pages or 0) > 1 or (page.total_items or 0) > count:
            return False
        first = PageReply(PageRequest(1, count), page, self.key)
        # a page of the server's default size may be followed by others
        may_be_full = count == page.size or count % DEFAULT_SIZES == 0
        if first.is_counted or count < SMALLEST_DEFAULT_SIZE or not may_be_full:
            return True
        # its first rows are the last ones here; many of the others again show that page numbers are ignored
        size = count - OVERLAP
        following = self._second_page(size)
        if following is None:
            # the server knows no pages, or no page of this size
            return not source.is_followed(first)
        second = PageReply(PageRequest(2, size), following, self.key)
        known = set(first.identities)
        is_same = len(second.rows) > size and 2 * len(known.intersection(second.identities)) >= len(known)
        return is_same or (len(second.rows) == OVERLAP and second.ends_as(first))

    def _page_instead_of_object(self, page: Page) -> Page | None:
        """Return page 1 once more, as it was a single object that may have replaced a page once.

        Raises ServerError if page 1 is a single object again, but page 2 is a list.
        """
        following = self._second_page(self.page_size)
        if following is not None and _is_single(following):
            return page
        again = self.fetch(1, self.page_size, FIRST)
        if _is_single(again) and following is not None:
            raise ServerError(
                f"{self.label}: page 1 was a single object and page 2 was a list: the rows of page 1 "
                "would be missing. If it happens again, report it to Snow Atlas support."
            )
        return again

    def _second_page(self, size: int) -> Page | None:
        """Return page 2, or None if the server refuses it as one that does not exist."""
        try:
            return self.fetch(2, size, None)
        except SnowAtlasError as error:
            if error.status not in NO_SUCH_PAGE:
                raise
            return None

    def _pages(self, source: PageSource, reply: PageReply) -> Iterator[list[Row]]:
        """Yield the rows of all pages, given the reply to the first request."""
        first, is_all = first_page(source, reply)
        self._size = first.request.size
        self._missing_rows.count(first)
        source.observe(first)
        if is_all:
            self.on_page(first.page)
            yield first.rows
            return
        if first.total_items is None:
            self._warn_without_total(first)
        try:
            yield from OverlappingPages(source, first).rows()
        except CannotOverlap:
            yield from RepeatedPasses(source, first).rows()

    def _warn_without_total(self, first: PageReply) -> None:
        """Warn about a collection whose replies have no total of rows."""
        if first.total_pages is not None:
            limit = "the API counts pages and not rows, so a row that its last page lacks can't be noticed."
        else:
            limit = (
                "the API counts neither rows nor pages, so rows that it does not serve can't be noticed "
                "if no page follows them."
            )
        self.warn("no total", f"{self.label}: {limit}")

    def _conclude(self) -> None:
        """Report changes and missing rows. Raises ServerError if rows are missing and not accepted."""
        self._missing_rows.is_exact &= not self._changes
        self._missing_rows.conclude()
        if self._changes:
            self.on_changes(self._changes)

    def _rows_that_came_later(self) -> Iterator[list[Row]]:
        """Yield rows that were inserted or moved during the read to a page that had been read."""
        missing = self._missing_rows
        if not missing.rows and missing.observed.are_of_replicas(missing.emitted):
            yield from self._read_again()
        elif self._changes or not missing.has_steady_total() or self._repeated_rows():
            yield from self._moved_rows()
            if missing.count_by_total(self._repeated_rows()):
                yield from self._read_again()
        else:
            missing.count_by_total()  # they are not served

    def _repeated_rows(self) -> int:
        """Return how many rows were emitted twice: rows that move may be emitted again, and hide others."""
        are_known = len(self._hashes) <= MOST_COMPARED and self._missing_rows.has_steady_total()
        # on small pages, keys that other rows have, too, seem to be unique
        are_unique = self._keys_are_unique and self._size >= SMALLEST_OVERLAPPING
        return len(self._hashes) - len(set(self._hashes)) if are_known and are_unique else 0

    def _read_again(self) -> Iterator[list[Row]]:
        """Read again, and yield the rows that did not come before. Sets the number of missing rows.

        Totals count more rows than were received: they were inserted, moved to a page that had been read, are
        on other replicas, or are not served, and then missing from all readings. If more rows were emitted
        than are remembered, raises ServerError, unless missing rows are accepted.
        """
        if len(self._hashes) > MOST_HASHES:
            if self.accepts_missing:
                missing = self._missing_rows
                missing.rows = max(missing.rows, missing.observed.least - missing.emitted)
                return
            raise ServerError(
                f"{self.label}: the API counts more rows than it returned while its data changed, and more "
                f"than {MOST_HASHES:,} rows can't be compared in memory. Sync again, at a quieter time."
            )
        emitted = set(self._hashes)
        for _ in range(MOST_READINGS):
            again = replace(
                self, accepts_missing=True, on_page=ignore, on_changes=ignore, on_missing=ignore, warn=ignore
            )
            for batch in again._read():
                hashes = self._hashes_of(batch)
                new = [row for row, value in zip(batch, hashes, strict=True) if value not in emitted]
                if new:
                    emitted.update(hashes)
                    self._missing_rows.emitted += len(new)
                    yield new
            if not again._missing_rows.observed.are_of_replicas(len(emitted)):
                self._was_read_again = True
                break
        else:
            raise ServerError(
                f"{self.label}: the API counts more rows in some replies than in others, and more than it "
                f"returned when it was read {MOST_READINGS + 1} times. Its replicas seem to differ: sync "
                "again later. If it happens again, report it to Snow Atlas support."
            )
        again._missing_rows.count_by_total()
        again._conclude()
        totals = (self._missing_rows.totals | again._missing_rows.totals) - {None}
        self._missing_rows.rows = (
            self._missing_rows.not_emitted(len(emitted), self._repeated_rows())
            if len(totals) == 1
            else again._missing_rows.rows
        )

    def _moved_rows(self) -> Iterator[list[Row]]:
        """Yield rows of the first pages that did not come before: rows that are edited often move there.

        No total shows that such a row is missing, if another one was inserted or deleted.
        """
        if self._source is None or not self._missing_rows.totals - {None}:
            return
        for number in range(1, 2 + self._changes.seen // self._size):
            reply = self._source.get(PageRequest(number, self._size))
            self._missing_rows.rows = max(self._missing_rows.rows, reply.missing)
            hashes = self._hashes_of(reply.rows)
            emitted = set(hashes).intersection(self._hashes)
            new = [row for row, value in zip(reply.rows, hashes, strict=True) if value not in emitted]
            if not new:
                return
            self.on_page(reply.page)
            self._missing_rows.emitted += len(new)
            self._hashes.extend(self._hashes_of(new))
            yield new

    def _hashes_of(self, rows: list[Row]) -> list[int]:
        """Return a number for each row: the hash of its key, or of all its values if it has none."""
        keys = keys_of(rows, self.key)
        return [hash(content(row) if key is None else key) for row, key in zip(rows, keys, strict=True)]


def _is_single(page: Page | None) -> bool:
    """Return whether a reply is a single object, instead of a list of rows."""
    return page is not None and not (page.is_array or page.is_collection)
