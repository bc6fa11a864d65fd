"""All rows of one collection: pages in parallel, every row once, and no row lost where the API shows that the data moved.

The first page says how many there are (`total_pages`, `total_items`); the rest are fetched side by side. Where the reply has no
total, reading goes page by page until a page is short and names no next one. The page size that counts is the one of the reply.

Rows are added and removed while pages are read, so rows shift between pages: one may be served twice, one not at all. Signs of it:
the total differs between two pages, a row comes twice, a page before the last is short, the number of rows is not the total.
Then the pages on both sides of every place that moved are read once more, with another page size, so that no boundary of the
second pass lies where one of the first lay; rows that come to light are given out, rows already given out are not. If the API
still counts more rows than were seen, reading fails: a table that lacks rows without a word is worse than a failed sync.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Protocol

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.seen import SeenRows, content_hash, key_hash
from source_snow_atlas.components.request.reply import Page, Row

LOGGER = logging.getLogger("airbyte")
FEW_CHANGES = 2
"""Signs of change up to which only the pages around them are read again."""
HELD_ROWS = 10_000
"""Rows with a key seen before that are kept until it is known whether the data moved or the key is not unique."""

Fetch = Callable[[int, int], Page]
"""Fetches a page: number from 1, page size asked for."""


class Prefetch(Protocol):
    """Runs fetches ahead of their use. `try_submit` gives None where enough pages are under way or waiting."""

    def try_submit(self, task: Callable[[], Page]) -> Future[Page] | None:
        """Start the task in another thread, if there is room."""

    def done(self) -> None:
        """A submitted page was used up: there is room for another."""


class NoPrefetch:
    """One page after the other, in the caller's thread."""

    def try_submit(self, task: Callable[[], Page]) -> Future[Page] | None:
        """No room, ever."""
        return None

    def done(self) -> None:
        """Nothing was submitted."""


@dataclass
class Served:
    """What one page said of itself and of the collection when it was served."""

    number: int
    rows: int
    size: int
    total_items: int | None
    total_pages: int | None

    def moved_since(self, other: Served) -> bool:
        """Whether the collection changed between the serving of the two pages, as far as they say."""
        return _differ(self.total_items, other.total_items) or _differ(self.total_pages, other.total_pages)


@dataclass
class CollectionReader:
    """Reads one collection. Not for use by several threads at once; `rows()` may be called once."""

    label: str
    fetch: Fetch
    page_size: int
    key: Sequence[str] = ()
    prefetch: Prefetch = field(default_factory=NoPrefetch)
    pages_declared: bool = True
    """False where the operation declares no page parameters: page 1 is then asked for without them."""
    on_page: Callable[[Page], None] = lambda page: None
    """Told of every page of the first pass, for progress."""

    def __post_init__(self) -> None:
        self._served: dict[int, Served] = {}
        self._seen = SeenRows()
        self._repeats: dict[int, int] = {}
        self._held: list[Row] = []
        self._held_pages: set[int] = set()
        self._key_is_unique = bool(self.key)
        self.emitted = 0

    def rows(self) -> Iterator[list[Row]]:
        """The rows in batches, a page each. Raises what `fetch` raises, and ServerError where rows are missing in the end."""
        first = self.fetch(1, self.page_size)
        self.on_page(first)
        if not first.is_collection or not self._may_have_more(first):
            self.emitted += len(first.rows)
            yield first.rows
            if first.is_collection and first.total_items is not None and len(first.rows) < first.total_items:
                yield from self._whole_again(first)
            return
        self._seen = SeenRows(expected=first.total_items or 0)
        yield self._take(1, first)
        yield from self._rest(first)
        yield from self._settle(first)

    def _may_have_more(self, page: Page) -> bool:
        """Whether there can be rows behind this page."""
        if not page.rows:
            return False
        if page.has_next:
            return True
        number = page.number or 1
        if page.total_items is not None and page.size is not None:
            return number * page.size < page.total_items
        if page.total_pages is not None and number < page.total_pages:
            return True
        return len(page.rows) >= (
            page.size or (self.page_size if self.pages_declared else len(page.rows) + 1)
        )

    def _size(self, page: Page) -> int:
        """The page size the server goes by: the one of the reply; where it names none, what a full page held."""
        if page.size:
            return page.size
        return len(page.rows) if page.has_next or not self.pages_declared else self.page_size

    def _rest(self, first: Page) -> Iterator[list[Row]]:
        """Pages 2 to the last: the announced ones in parallel, then page by page while there are more."""
        size = self._size(first)
        announced = _page_count(first, size)
        last = first
        if announced > 1:
            for number, page in self._pages(range(2, announced + 1), size):
                self.on_page(page)
                yield self._take(number, page, size)
                last = page
        number = max(announced, 1)
        while self._goes_on(last, number, size):
            number += 1
            page = self.fetch(number, size)
            if not self.pages_declared and page.number not in (None, number):
                # the server has no pages: it sent the same reply once more
                return
            self.on_page(page)
            yield self._take(number, page, size)
            last = page

    def _goes_on(self, page: Page, number: int, size: int) -> bool:
        """Whether to ask for the page behind `page`, which is the last one known of."""
        if not page.rows:
            return False
        if page.has_next:
            return True
        if page.total_items is not None:
            return number * size < page.total_items
        return len(page.rows) >= size

    def _pages(self, numbers: Iterable[int], size: int) -> Iterator[tuple[int, Page]]:
        """The pages in order, fetched ahead as far as there is room."""
        waiting: deque[tuple[int, Future[Page]]] = deque()
        remaining = iter(numbers)
        following = next(remaining, None)
        try:
            while following is not None or waiting:
                while following is not None:
                    future = self.prefetch.try_submit(partial(self.fetch, following, size))
                    if future is None:
                        break
                    waiting.append((following, future))
                    following = next(remaining, None)
                if waiting:
                    number, future = waiting.popleft()
                    try:
                        page = future.result()
                    finally:
                        self.prefetch.done()
                    yield number, page
                elif following is not None:
                    number, following = following, next(remaining, None)
                    yield number, self.fetch(number, size)
        finally:
            for _, future in waiting:
                future.cancel()
                self.prefetch.done()

    def _take(self, number: int, page: Page, size: int | None = None) -> list[Row]:
        """Note what the page says, and give the rows of it that are new."""
        self._served[number] = _served(number, page, size or self._size(page))
        return self._new_rows(number, page.rows)

    def _new_rows(self, number: int, rows: list[Row]) -> list[Row]:
        seen, key = self._seen, self.key
        if not key:
            self._count_contents(rows)
            self.emitted += len(rows)
            return rows
        before = len(seen)
        hashes = [key_hash(row, key) for row in rows]
        new = [seen.add(value) for value in hashes]
        if len(seen) - before == len(rows) or not self._key_is_unique:
            self.emitted += len(rows)
            return rows
        fresh = [row for row, is_new in zip(rows, new, strict=True) if is_new]
        repeated = [row for row, is_new in zip(rows, new, strict=True) if not is_new]
        self.emitted += len(fresh)
        if len(set(hashes)) < len(hashes) or len(self._held) + len(repeated) > HELD_ROWS:
            # one page is one moment: the same key twice in it is no shift, the key is not unique in this tenant's data
            return fresh + self._give_up_key(repeated)
        self._held += repeated
        self._held_pages.add(number)
        return fresh

    def _give_up_key(self, rows: list[Row]) -> list[Row]:
        LOGGER.warning(
            "%s: the primary key %s is not unique in the data; every row is given out, none is taken for a repeat.",
            self.label,
            ", ".join(self.key),
        )
        self._key_is_unique = False
        released, self._held = self._held + rows, []
        self._held_pages.clear()
        self.emitted += len(released)
        return released

    def _count_contents(self, rows: list[Row]) -> None:
        """Remember rows without a key by their content, as often as they came."""
        for row in rows:
            value = content_hash(row)
            if not self._seen.add(value):
                self._repeats[value] = self._repeats.get(value, 0) + 1

    def _settle(self, first: Page) -> Iterator[list[Row]]:
        """Look for signs that the data moved while it was read, and read again what moved."""
        pages = [self._served[number] for number in sorted(self._served)]
        ranges = self._moved_ranges(pages)
        if not ranges:
            return
        if not self._key_is_unique:
            # without a key only two whole passes can be compared
            ranges = [(0, None)]
        LOGGER.info(
            "%s: the data changed while it was read; the pages that moved are read once more.", self.label
        )
        yield from self._second_pass(ranges, pages)

    def _moved_ranges(self, pages: list[Served]) -> list[tuple[int, int | None]]:
        """Row ranges (from, to; None is the end) whose pages don't fit together. Empty where nothing moved.

        A change or two are mended where they happened. Where there were more, some will have cancelled out in the total
        between two pages and left no sign, so all that lies behind the first sign is read again; where the replies have no
        total of rows, hardly any change leaves a sign, so one sign is enough to read everything again.
        """
        ranges: list[tuple[int, int | None]] = []
        size = pages[0].size
        capacity = size * len(pages)
        total = pages[-1].total_items
        counted = sum(page.rows for page in pages)
        if any(page.size != size for page in pages):
            return [(0, None)]
        # rows slip as far as the data moved, then and later
        far = sum(_difference(page.total_items, following.total_items) for page, following in pairwise(pages))
        for index, (page, following) in enumerate(pairwise(pages)):
            if following.moved_since(page) or page.rows != size:
                ranges.append((max(0, index * size - far), min((index + 2) * size + far, capacity)))
        signs = len(ranges) + len(self._held_pages)
        if total is None:
            return [(0, None)] if signs else []
        if not ranges and (counted != total or self._held):
            return [(0, None)]
        for number in self._held_pages:
            ranges.append((max(0, (number - 2) * size - far), min((number + 1) * size + far, capacity)))
        if signs > FEW_CHANGES:
            return [(min(start for start, _ in ranges), None)]
        return _joined(ranges)

    def _second_pass(self, ranges: list[tuple[int, int | None]], pages: list[Served]) -> Iterator[list[Row]]:
        size = other_page_size(pages[-1].size)
        whole = ranges == [(0, None)]
        found = 0
        fallen_to = _fallen_to(pages)
        again: dict[int, Served] = {}
        repeats_before = len(self._held)
        tally = None if self.key else _Tally(self._seen, self._repeats)
        for start, end in ranges:
            for number, page in self._numbered(start, end, size, again, fallen_to):
                again[number] = _served(number, page, size)
                rows = tally.surplus(page.rows) if tally else self._unseen(page.rows)
                found += len(rows)
                self.emitted += len(rows)
                if rows:
                    yield rows
        read_again = sum(page.rows for page in again.values())
        if whole and repeats_before and not found and self._is_stable(pages, again):
            # nothing moved in either pass, and yet keys repeat: they are not unique
            yield self._give_up_key([])
        LOGGER.info(
            "%s: %d rows had slipped between pages and were found; %d came twice and were given out once.",
            self.label,
            found,
            repeats_before,
        )
        if len({page.total_items for page in again.values()} - {None}) > 1:
            LOGGER.warning(
                "%s: the data went on changing while it was read again, so single rows may be missing: "
                "to be sure of every row, sync at a quieter time.",
                self.label,
            )
        self._check_total([*pages, *again.values()], read_again if whole else None)

    def _numbered(
        self, start: int, end: int | None, size: int, done: dict[int, Served], fallen_to: int | None
    ) -> Iterator[tuple[int, Page]]:
        """The pages of the second pass that hold the rows `start` to `end`, those read already left out."""
        first_number = start // size + 1
        if end is None and fallen_to is not None:
            yield from self._downwards(first_number, max(first_number, -(-fallen_to // size)), size)
            return
        if end is not None:
            yield from self._one_by_one(
                (n for n in range(first_number, -(-end // size) + 1) if n not in done), size
            )
            return
        page = self.fetch(first_number, size)
        yield first_number, page
        actual = page.size or size
        announced = max(_page_count(page, actual), first_number)
        last = page
        for number, last in self._one_by_one(range(first_number + 1, announced + 1), actual):
            yield number, last
        number = announced
        while self._goes_on(last, number, actual):
            number += 1
            last = self.fetch(number, actual)
            yield number, last

    def _downwards(self, first_number: int, top: int, size: int) -> Iterator[tuple[int, Page]]:
        """The pages from the end to `first_number`, for data that shrinks.

        Read upwards, a row is lost when a deletion before it moves it into a page that was read already. Read downwards it moves
        towards the pages still to come: what deletions took from the first pass, further ones can't take from this one.
        """
        number, last = top, self.fetch(top, size)
        yield number, last
        while self._goes_on(last, number, size):
            number += 1
            last = self.fetch(number, size)
            yield number, last
        yield from self._one_by_one(range(top - 1, first_number - 1, -1), size)

    def _one_by_one(self, numbers: Iterable[int], size: int) -> Iterator[tuple[int, Page]]:
        """The pages in their order, none ahead: side by side, a change falls between more pages and takes more rows along."""
        for number in numbers:
            yield number, self.fetch(number, size)

    def _unseen(self, rows: list[Row]) -> list[Row]:
        return [row for row in rows if self._seen.add(key_hash(row, self.key))]

    def _is_stable(self, pages: list[Served], again: dict[int, Served]) -> bool:
        totals = {page.total_items for page in pages} | {page.total_items for page in again.values()}
        counts = {sum(page.rows for page in pages), sum(page.rows for page in again.values())}
        return len(totals) == len(counts) == 1 and totals <= counts | {None}

    def _check_total(self, served: list[Served], read_again: int | None) -> None:
        """Fail where fewer rows were given out than the API ever counted while it was read."""
        totals = [page.total_items for page in served if page.total_items is not None]
        if (
            not totals
            or self.emitted >= min(totals)
            or (read_again is not None and read_again >= min(totals))
        ):
            return
        raise ServerError(
            f"{self.label}: the API counts {min(totals)} rows, but only {self.emitted} could be read, twice. "
            "The data may be changing too fast, or this client may not see all of it: sync again, at a quieter time.",
        )

    def _whole_again(self, first: Page) -> Iterator[list[Row]]:
        """The one page of a small collection held fewer rows than its own total: read it all once more."""
        self._take(1, first)
        self.emitted -= len(first.rows)
        pages = [self._served[1]]
        LOGGER.info(
            "%s: %d rows came where %s were counted; reading once more.",
            self.label,
            len(first.rows),
            first.total_items,
        )
        yield from self._second_pass([(0, None)], pages)


class _Tally:
    """What a second whole pass holds more of than the first, for rows without a key: a difference of two multisets."""

    def __init__(self, seen: SeenRows, repeats: dict[int, int]) -> None:
        self._seen = seen
        self._repeats = repeats
        self._counts: dict[int, int] = {}

    def surplus(self, rows: list[Row]) -> list[Row]:
        """The rows that came more often now than they were given out."""
        fresh = []
        for row in rows:
            value = content_hash(row)
            count = self._counts.get(value, 0) + 1
            self._counts[value] = count
            if self._seen.add(value) or count > 1 + self._repeats.get(value, 0):
                fresh.append(row)
        return fresh


def _served(number: int, page: Page, asked: int) -> Served:
    """What to remember of a page. A reply that names the number of its rows as its size (a last page) keeps the size asked for."""
    size = page.size if page.size and page.size != len(page.rows) else asked
    return Served(number, len(page.rows), size, page.total_items, page.total_pages)


def _differ(first: int | None, second: int | None) -> bool:
    return first is not None and second is not None and first != second


def _fallen_to(pages: list[Served]) -> int | None:
    """The total of the last page where it is below that of the first; None where the data did not shrink."""
    before, after = pages[0].total_items, pages[-1].total_items
    return after if before is not None and after is not None and after < before else None


def _difference(first: int | None, second: int | None) -> int:
    return 0 if first is None or second is None else abs(first - second)


def other_page_size(size: int) -> int:
    """A page size whose boundaries keep away from those of `size`: about 0.907 of it, and smaller wherever that is possible."""
    return max(1, min(size - 1, round(size * 0.907))) if size > 2 else size


def _page_count(page: Page, size: int) -> int:
    """How many pages the reply announces; 0 where it announces none."""
    by_items = -(-page.total_items // size) if page.total_items is not None else 0
    return max(page.total_pages or 0, by_items)


def _joined(ranges: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """The ranges in order, overlapping ones made one."""
    joined: list[tuple[int, int | None]] = []
    for start, end in sorted(ranges, key=lambda bounds: bounds[0]):
        if joined and joined[-1][1] is not None and start <= joined[-1][1]:
            previous = joined[-1]
            joined[-1] = (previous[0], None if end is None else max(end, previous[1] or 0))
        else:
            joined.append((start, end))
    return joined
