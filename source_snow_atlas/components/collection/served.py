"""What one reply says of itself: whether it holds all rows that it counts, and whether there are more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import orjson

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.collection.pages import PageRequest
from source_snow_atlas.components.request.reply import Page, Row

FEW_ROWS = 4
"""Fewer rows may have the keys of others by chance, where several rows share a key."""


@dataclass(frozen=True)
class Served:
    """The reply to one request for a page of a collection whose primary key is `key` (empty: none).

    `failure` says why there is no page: the server refused it, sent no content or sent another one. No end is
    seen in a reply that `is_malformed`.
    """

    request: PageRequest
    page: Page
    key: tuple[str, ...] = ()
    failure: SnowAtlasError | None = None
    is_malformed: bool = False

    @property
    def rows(self) -> list[Row]:
        """Its rows."""
        return self.page.rows

    @property
    def reached(self) -> int:
        """The offset behind its last row."""
        return self.request.start + len(self.page.rows)

    @property
    def total_items(self) -> int | None:
        """How many rows it counts; None where its own rows prove the count wrong."""
        total = self.page.total_items
        return None if total is None or (self.page.rows and total < self.reached) else total

    @property
    def total_pages(self) -> int | None:
        """How many pages of its size it counts; None where it is a later one itself."""
        total = self.page.total_pages
        return None if total is None or (self.page.rows and total < self.request.number) else total

    @property
    def miscounts(self) -> bool:
        """Whether its own rows prove one of its counts wrong."""
        counted = (self.page.total_items, self.page.total_pages)
        return (self.total_items, self.total_pages) != counted

    @property
    def is_counted(self) -> bool:
        """Whether it counts the rows or the pages of the collection, not wrongly."""
        return self.total_items is not None or self.total_pages is not None

    @property
    def is_full(self) -> bool:
        """Whether it holds as many rows as were asked for."""
        return len(self.page.rows) >= self.request.size

    @cached_property
    def missing(self) -> int:
        """How many rows it counts and does not hold: with a total, those up to it; without, a page that is
        not the last one is full.
        """
        request, page, pages = self.request, self.page, self.total_pages
        if self.failure is not None:
            return 0
        expected = 0
        if self.total_items is not None:
            expected = min(request.size, max(0, self.total_items - request.start))
        if pages is not None and (self.total_items is None or not page.rows):
            # many servers count one page where there are no rows
            last = 1 if request.number == pages > 1 else 0
            expected = max(expected, request.size if request.number < pages else last)
        if not self.is_counted and page.has_next:
            expected = request.size
        return max(0, expected - len(page.rows))

    @property
    def announced(self) -> int:
        """The offset up to which it announces rows; 0 where it counts none behind itself."""
        by_pages = (self.total_pages or 0) * self.request.size
        if self.total_items is None:
            return by_pages
        # both count the same rows where they differ by less than a page
        return by_pages if by_pages - self.total_items >= self.request.size else self.total_items

    @property
    def says_more(self) -> bool:
        """Whether it announces a page behind itself, by rows, pages or link."""
        return not self.denies and (self.page.has_next or self.announced > self.request.end)

    @property
    def denies(self) -> bool:
        """Whether it counts no row at its own place: it lies behind the end of the collection."""
        items, pages, number = self.total_items, self.total_pages, self.request.number
        if self.page.rows or not self.is_counted or (number == 1 and self.page.has_next):
            return False
        # many servers count one page where there are no rows
        is_counted_out = pages is None or pages < number or pages <= 1
        return is_counted_out and (items is None or items <= self.request.start)

    @property
    def is_end(self) -> bool:
        """Whether the collection ends in it by its own account: it could hold more rows, and announces
        none.
        """
        return self.is_counted and not self.is_full and not self.says_more

    @property
    def is_of_other_size(self) -> bool:
        """Whether the server served a page of another size than the one asked for."""
        size = self.page.size
        if self.failure is not None or not self.rows:
            return False
        if len(self.rows) > self.request.size:
            return True
        return size is not None and size != self.request.size

    @cached_property
    def keys(self) -> list[Hashable]:
        """The keys of its rows; None for a key that is not whole."""
        if len(self.key) == 1:
            keys: list[Hashable] = [row.get(self.key[0]) for row in self.rows]
        else:
            values = [tuple([row.get(name) for name in self.key]) for row in self.rows]
            keys = [None if None in value else value for value in values]
        try:
            set(keys)
        except TypeError:
            # a part of the key is an array or an object
            return [None if key is None else repr(key) for key in keys]
        return keys

    @cached_property
    def has_unique_keys(self) -> bool:
        """Whether every row has a whole key of its own."""
        return bool(self.key) and len(set(self.keys)) == len(self.rows) and None not in self.keys

    @cached_property
    def has_unique_rows(self) -> bool:
        """Whether every row can be told from the others, by its key or by all it holds."""
        return self.has_unique_keys or len(set(self.contents)) == len(self.rows)

    def repeats(self, other: Served) -> bool:
        """Return whether it repeats the rows of another page, compared by key where rows have unique keys.

        A page with more rows than its total allows repeats the other one if it holds no other rows.
        """
        if self.has_unique_keys and other.has_unique_keys:
            if self.page.total_items != self.total_items:
                return set(self.keys) <= set(other.keys)
            if len(self.rows) >= FEW_ROWS:
                return self.keys == other.keys
        return self.rows == other.rows

    def holds(self, row: Row) -> bool:
        """Whether it has a row with the same key and the same values, what was added to it since apart."""
        key = row.get(self.key[0]) if len(self.key) == 1 else tuple([row.get(name) for name in self.key])
        try:
            place = self._places.get(key)
        except TypeError:
            return False
        if place is None:
            return False
        held = self.rows[place]
        return all(value is None or held.get(name) == value for name, value in row.items())

    @cached_property
    def _places(self) -> dict[Hashable, int]:
        return {key: place for place, key in enumerate(self.keys)}

    @cached_property
    def contents(self) -> list[Hashable]:
        """All that its rows hold, and of equal rows in a row the place of each among them. At the edges of
        the page their number isn't known.
        """
        runs = [(held, len(list(group))) for held, group in groupby(map(content, self.rows))]
        often = Counter(held for held, _ in runs)
        edges = {runs[0][0], runs[-1][0]} if runs else set()
        return [
            (held, place, count) if count > 1 and often[held] == 1 and held not in edges else held
            for held, count in runs
            for place in range(count)
        ]


def content(row: Row) -> bytes:
    """Return all that a row holds, whatever the order of its fields."""
    try:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, TypeError):
        return repr(sorted(row.items())).encode("utf-8", "surrogatepass")
