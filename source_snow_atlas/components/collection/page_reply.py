"""A page request and its reply, and what the reply states about itself and the collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import orjson

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.request.reply import Page, Row

FEW_ROWS = 4
"""Fewer rows than these may share their keys with others by chance, if keys are not unique."""


@dataclass(frozen=True)
class PageRequest:
    """Request for page `number`, counted from 1, of `size` rows: those from offset `start` up to `end`."""

    number: int
    size: int

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size

    @property
    def end(self) -> int:
        return self.number * self.size


@dataclass(frozen=True)
class PageReply:
    """Reply to one request for a page of a collection whose primary key is `key` (empty: none).

    `failure` is set if there is no page: the server refused it, sent no content or sent another page, whose
    rows are not those of this one.
    `is_malformed` is set if the reply is not even of the right shape, so that it can't mark the end.
    """

    request: PageRequest
    page: Page
    key: tuple[str, ...] = ()
    failure: SnowAtlasError | None = None
    is_malformed: bool = False

    @property
    def rows(self) -> list[Row]:
        return self.page.rows if self.failure is None else []

    @property
    def reached(self) -> int:
        """Return the offset after the last row."""
        return self.request.start + len(self.rows)

    @property
    def is_short(self) -> bool:
        """Return whether the page is not full, and its totals count no more rows."""
        return bool(self.rows) and not (self.is_full or self.missing)

    @property
    def end(self) -> int:
        """Return the offset at which the next page continues: after a short page, where its rows end."""
        return self.reached if self.is_short else self.request.end

    @property
    def total_items(self) -> int | None:
        """Return the total number of rows, or None if absent or contradicted by the rows of the page."""
        total = self.page.total_items
        return None if total is None or (self.rows and total < self.reached) else total

    @property
    def total_pages(self) -> int | None:
        """Return the total number of pages, or None if absent or less than the number of this page."""
        total = self.page.total_pages
        return None if total is None or (self.rows and total < self.request.number) else total

    @property
    def is_miscounted(self) -> bool:
        """Return whether the rows of the page contradict one of its totals."""
        return (self.total_items, self.total_pages) != (self.page.total_items, self.page.total_pages)

    @property
    def is_counted(self) -> bool:
        """Return whether the reply has a usable total of rows or pages."""
        return self.total_items is not None or self.total_pages is not None

    @property
    def counted(self) -> tuple[int, int]:
        """Return how many rows the collection has at least and at most by the totals, (0, 0) without any."""
        if self.total_items is not None:
            return self.total_items, self.total_items
        # many servers count one page for a collection without rows
        before_last = max(0, (self.total_pages or 0) - 1) * self.request.size
        return before_last + bool(before_last), (self.total_pages or 0) * self.request.size

    @property
    def is_full(self) -> bool:
        """Return whether the page holds as many rows as requested."""
        return len(self.rows) >= self.request.size

    @property
    def expected(self) -> int:
        """Return the number of rows that the page should hold by its own totals.

        With a total of rows, those up to the total are expected. Without, every page but the last is full.
        """
        request, items, pages = self.request, self.total_items, self.total_pages
        if not self.is_counted:
            return request.size if self.page.has_next else 0
        expected = 0 if items is None else min(request.size, max(0, items - request.start))
        if pages is not None and (items is None or not self.rows):
            # many servers count one page for a collection without rows
            last = 1 if request.number == pages > 1 else 0
            expected = max(expected, request.size if request.number < pages else last)
        return expected

    @cached_property
    def missing(self) -> int:
        """Return the number of expected rows that the page doesn't hold."""
        return max(0, self.expected - len(self.rows)) if self.failure is None else 0

    @property
    def announced(self) -> int:
        """Return the offset up to which the totals announce rows, 0 without totals."""
        by_pages = (self.total_pages or 0) * self.request.size
        if self.total_items is None:
            return by_pages
        # the totals agree if they differ by less than a page
        return by_pages if by_pages - self.total_items >= self.request.size else self.total_items

    @property
    def announces_more(self) -> bool:
        """Return whether a total or a link announces another page."""
        # the link of an empty page is wrong if its totals count no rows there, unless it is page 1
        is_after_end = not (self.rows or self.expected) and self.request.number > 1
        return self.announced > self.request.end or (self.page.has_next and not is_after_end)

    @property
    def is_beyond_total(self) -> bool:
        """Return whether totals count no rows at the offset of the page, which are those of another then."""
        if self.page.total_items is not None:
            return self.page.total_items <= self.request.start
        return (self.page.total_pages or self.request.number) < self.request.number

    @property
    def is_end(self) -> bool:
        """Return whether this is the last page by its own totals: not full, and no more is announced."""
        return self.is_counted and not self.is_full and not self.announces_more

    @property
    def has_other_size(self) -> bool:
        """Return whether the server used another page size than the requested one."""
        if self.failure is not None:
            return False
        is_other = self.page.size not in (None, 0, self.request.size) and not self.states_its_rows
        return is_other or len(self.rows) > self.request.size

    @property
    def states_its_rows(self) -> bool:
        """Return whether a last page states the number of its rows as its size, as some servers do."""
        is_last = (self.is_end or not self.is_counted) and self.page.total_items in (None, self.reached)
        return self.page.size == len(self.rows) and self.is_short and is_last

    @cached_property
    def keys(self) -> list[Hashable]:
        """Return the primary key of each row, None where a part of it is null."""
        return keys_of(self.rows, self.key)

    @cached_property
    def has_unique_keys(self) -> bool:
        """Return whether every row has a primary key that no other row of the page has."""
        return bool(self.key) and len(set(self.keys)) == len(self.rows) and None not in self.keys

    @cached_property
    def has_unique_rows(self) -> bool:
        """Return whether no two rows are the same, compared by key or by content."""
        return self.has_unique_keys or len(set(self.contents)) == len(self.rows)

    @cached_property
    def identities(self) -> list[Hashable]:
        """Return what identifies each row: its key, or its content if keys are not unique or rows are few."""
        return self.keys if self.is_keyed else [content(row) for row in self.rows]

    @property
    def is_keyed(self) -> bool:
        """Return whether keys identify the rows. Few rows may have different keys by chance."""
        return self.has_unique_keys and len(self.rows) >= FEW_ROWS

    def adds_to(self, other: PageReply) -> bool:
        """Return whether the page has a row that another page lacks."""
        if self.has_unique_keys and other.has_unique_keys:
            return not set(self.keys) <= set(other.keys)
        return any(row not in other.rows for row in self.rows)

    def ends_as(self, other: PageReply, before_end: int = 0) -> bool:
        """Return whether the rows are the last ones of another page, or those `before_end` rows earlier."""
        is_keyed = self.has_unique_keys and other.is_keyed
        rows: Sequence[object] = self.keys if is_keyed else self.rows
        others: Sequence[object] = other.keys if is_keyed else other.rows
        end = len(others) - before_end
        return 0 < len(rows) <= end and rows == others[end - len(rows) : end]

    @cached_property
    def contents(self) -> list[Hashable]:
        """Return the content of each row, with its position in a run of equal rows.

        The length of a run at the edge of the page is not known, so its rows get no position.
        """
        runs = [(text, len(list(group))) for text, group in groupby(map(content, self.rows))]
        often = Counter(text for text, _ in runs)
        edges = {runs[0][0], runs[-1][0]} if runs else set()
        return [
            (text, position, count) if count > 1 and often[text] == 1 and text not in edges else text
            for text, count in runs
            for position in range(count)
        ]


def keys_of(rows: list[Row], key: Sequence[str]) -> list[Hashable]:
    """Return the primary key of each row, None where a part of it is null or the rows have no key."""
    keys: list[Hashable]
    if len(key) == 1:
        keys = [row.get(key[0]) for row in rows]
    else:
        values = [tuple([row.get(name) for name in key]) for row in rows]
        keys = [None if not value or None in value else value for value in values]
    try:
        set(keys)
    except TypeError:
        # a part of the key is an array or an object
        return [None if value is None else repr(value) for value in keys]
    return keys


def content(row: Row) -> bytes:
    """Return all fields of a row as bytes, independent of their order."""
    try:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, TypeError):
        return repr(sorted(row.items())).encode("utf-8", "surrogatepass")
