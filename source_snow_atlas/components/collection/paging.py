"""All rows of one collection: pages in parallel, every row once, and no row lost where the API shows that the
data moved.

The first page says how many there are (`total_items`, `total_pages`); the rest are fetched side by side. Rows
come and go while pages are read, so rows shift between pages: one may be served twice, one not at all.
`passes` finds the places and mends them while reading goes on, and `given_rows` gives every row out once.
Where the count does not fit in the end, all is read once more; if the API still counts more rows than were
seen, reading fails: a table that lacks rows without a word is worse than a failed sync.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from source_snow_atlas.components.basics.errors import ServerError, SnowAtlasError
from source_snow_atlas.components.collection.evidence import Evidence
from source_snow_atlas.components.collection.given_rows import GivenRows
from source_snow_atlas.components.collection.keys import Key
from source_snow_atlas.components.collection.moments import Moments
from source_snow_atlas.components.collection.pages import (
    Fetch,
    NoPrefetch,
    PageRequest,
    Prefetch,
    in_flight,
)
from source_snow_atlas.components.collection.passes import Pass
from source_snow_atlas.components.collection.plan import other_page_size
from source_snow_atlas.components.collection.seams import Look, Taken
from source_snow_atlas.components.request.reply import Page, Row

LOGGER = logging.getLogger("airbyte")
BEHIND_THE_END = frozenset({400, 404, 416})
"""HTTP statuses by which a server may say that a page does not exist."""
FIRST = frozenset({0, 1})
"""The numbers by which replies may call the first page."""
FAR = 1_000_003
"""Pages behind the end where no collection can have rows."""
ROUND = 25
NOTICEABLE = 0.05
"""Rows expected to have been lost without a sign, from which on the log says so."""


@dataclass(frozen=True)
class Changes:
    """What a reading saw of the changes: rows that came or went at least, pages read for their sake, rows
    that those brought, rows that came twice, and whether single rows may be missing all the same.
    """

    seen: int
    read_again: int
    found: int
    twice: int
    may_be_missing: bool


@dataclass
class CollectionReader:
    """Reads one collection. Not for use by several threads at once; `rows()` may be called once."""

    label: str
    fetch: Fetch
    page_size: int
    key: Sequence[str] = ()
    prefetch: Prefetch = field(default_factory=NoPrefetch)
    key_may_be_null: bool = False
    """Whether nulls in the key are provided for: such streams get a field of their own that joins its parts.
    """
    pages_declared: bool = True
    """False where the operation declares no page parameters: page 1 is then asked for without them."""
    accepts_missing: bool = False
    """Whether rows that the API counts and never serves are the user's to accept."""
    on_page: Callable[[Page], None] = lambda page: None
    """Told of every page of the first pass, for progress."""
    on_changes: Callable[[Changes], None] = lambda changes: None
    """Told in the end, where the data changed while it was read."""
    on_missing: Callable[[int], None] = lambda rows: None
    """Told how many rows the API counts and does not serve, where that is accepted."""
    warn: Callable[[str, str], None] = lambda kind, message: LOGGER.warning(message)
    """Told of what contradicts itself: the kind, to be said once a stream, and the sentence."""
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._echo_shift = 0
        self._last_rows: list[Row] = []
        self._is_second = False
        self._moments = Moments(self.clock)
        self._warn = _Once(self.warn)
        self._evidence = Evidence(self.label, self._warn)
        self._key = Key(self.key, self.label, self._warn, may_be_null=self.key_may_be_null)

    def rows(self) -> Iterator[list[Row]]:
        """The rows in batches, a page each. Raises what `fetch` raises, and ServerError where rows are
        missing in the end.
        """
        request = PageRequest(1, self.page_size)
        page = self.fetch(1, self.page_size, FIRST if self.pages_declared else None)
        epoch = self._moments.stamp(page)
        self._learn_numbering(page)
        self.on_page(page)
        if not page.is_collection:
            self._key.look_at_whole(page.rows)
            yield page.rows
            return
        request = PageRequest(1, self._size(page))
        if not self._evidence.says_more(request, page) and (
            page.total_items is None or page.total_items == len(page.rows)
        ):
            self._key.look_at_whole(page.rows)
            yield page.rows
            return
        try:
            yield from self._whole(request, page, epoch)
        finally:
            self._given.close()

    def _whole(self, request: PageRequest, page: Page, epoch: int) -> Iterator[list[Row]]:
        self._given = GivenRows(self._key, expected=page.total_items or 0)
        self._evidence.note(request, page)
        first = Pass(
            request.size,
            self._evidence,
            self._moments,
            mends=True,
            may_overlap=self._given.key_is_unique and self.pages_declared and bool(page.size),
            # without a total a deletion leaves no sign, so every seam has to be proved
            overlaps=not self._evidence.has_total,
        )
        yield from self._begin(first, request, page, epoch)
        yield from self._run(first)
        second = self._second_pass(first)
        if second is not None:
            LOGGER.info("%s: what was read does not add up; all of it is read once more.", self.label)
            self._is_second = True
            self._given.begin_second()
            before = self._given.emitted
            yield from self._run(second)
            yield from self._conclude_key(first, second, self._given.emitted - before)
        self._report(first, second)
        self._check_total(first, second)

    def _begin(self, first: Pass, request: PageRequest, page: Page, epoch: int) -> Iterator[list[Row]]:
        hashes = self._key.hashes(page.rows)
        rows = self._given.fresh(page.rows, hashes, is_look=False)
        self._last_rows = page.rows
        self._key.look_for_nulls(page.rows)
        first.first(request, page, _taken(request, page, hashes, epoch))
        yield rows

    def _run(self, reading: Pass) -> Iterator[list[Row]]:
        for request, (sent, epoch) in in_flight(reading.following, self._fetch, self.prefetch):
            if sent.refusal is not None and not reading.is_behind(request):
                self._raise_unless_shrunk(request, sent.refusal)
            page = self._verified(request, sent, reading)
            if page is None:
                reading.skip(request)
                continue
            hashes = self._key.hashes(page.rows)
            left = reading.neighbours(request)
            if left is not None and self._is_served_again(request, page, hashes, left, reading):
                reading.skip(request)
                continue
            if not reading.take(request, page, _taken(request, page, hashes, epoch)):
                continue
            if not isinstance(request, Look):
                self._last_rows = page.rows
                if not self._is_second:
                    self._key.look_for_nulls(page.rows)
                    self.on_page(page)
            shared = left.hashes if left is not None and request.start < left.end else ()
            rows = self._given.fresh(page.rows, hashes, is_look=isinstance(request, Look), shared=shared)
            if rows:
                yield rows

    # one page

    def _fetch(self, request: PageRequest, strictly: bool = False) -> tuple[Page, int]:
        """The page, and the epoch it belongs to. A refusal of any page but the first may mean that there is
        none such.

        A page that is counted must name itself; of one that may not be there, anything may come back.
        """
        total = self._evidence.total
        strictly = strictly or (total is not None and request.start < total)
        numbers = frozenset({request.number + self._echo_shift}) if strictly else None
        try:
            page = self.fetch(request.number, request.size, numbers)
        except SnowAtlasError as error:
            if request.number == 1 or error.status not in BEHIND_THE_END:
                raise
            page = Page([], is_collection=True, refusal=error)
        return page, self._moments.stamp(page)

    def _raise_unless_shrunk(self, request: PageRequest, refusal: Exception) -> None:
        """A page that was counted is refused: right where the collection has become shorter since, an error
        otherwise.
        """
        if self._evidence.has_total:
            now, _ = self._fetch(PageRequest(1, request.size))
            if now.total_items is None or now.total_items > request.start:
                raise refusal

    def _learn_numbering(self, page: Page) -> None:
        """Some servers number the pages of their replies from zero although they are asked for from one."""
        if page.number == 0 and page.rows:
            self._echo_shift = -1
            self._warn(
                "numbering",
                f"{self.label}: the API calls page 1 page 0 in its reply; its pages are taken to be counted "
                "from zero there.",
            )

    def _verified(self, request: PageRequest, page: Page, reading: Pass) -> Page | None:
        """The page, if it says that it is the one asked for; else it is asked for again, and must be.

        None where nothing says that the page exists: a server may send another one for it.
        """
        expected = request.number + self._echo_shift
        if page.number is None or page.number == expected:
            return page
        if not self.pages_declared or reading.is_behind(request):
            return None
        if page.number < expected and len(page.rows) < request.size:
            # a last page that is served for every page behind it
            return page
        return self._fetch(request, strictly=True)[0]

    def _is_served_again(
        self,
        request: PageRequest,
        page: Page,
        hashes: list[int],
        left: Taken,
        reading: Pass,
    ) -> bool:
        """Whether the page is the one before it once more, as servers do that send their last page for every
        page behind it.

        Rows may be equal for a whole page, so a page is asked for that can't be there.
        """
        counted = self._evidence.has_total and not reading.is_behind(request)
        if self._given.key_is_unique and hashes and not counted:
            if not reading.brings_nothing(hashes):
                return False
            if set(hashes) <= set(left.hashes):
                return self._agrees(page.rows, hashes, left)
            # rows of earlier pages are gone and can't be compared
            return self._is_repeated_behind(request, page)
        if not hashes or request.start < left.end or list(hashes) != list(left.hashes):
            return False
        return self._is_last_page(page.rows) and self._is_repeated_behind(request, page)

    def _is_repeated_behind(self, request: PageRequest, page: Page) -> bool:
        """Whether the same rows come for a page that can't be there."""
        far, _ = self._fetch(PageRequest(request.number + FAR, request.size))
        return len(far.rows) == len(page.rows) and all(map(_same, page.rows, far.rows))

    def _agrees(self, rows: list[Row], hashes: list[int], left: Taken) -> bool:
        """Whether rows that share their key with one of the last page are that row: else the key is not
        unique.
        """
        places = {value: place for place, value in enumerate(left.hashes)}
        before = self._last_rows
        return all(
            _same(row, before[places[value]])
            for row, value in zip(rows, hashes, strict=True)
            if places[value] < len(before)
        )

    def _is_last_page(self, rows: list[Row]) -> bool:
        """Whether the rows are those of the last page that was given out, what was added to them apart."""
        before = self._last_rows
        return len(rows) == len(before) and all(map(_same, rows, before))

    def _size(self, page: Page) -> int:
        """The page size the server goes by: the one of the reply; where it names none, what a full page
        held.
        """
        if not page.size:
            if not self.pages_declared:
                return len(page.rows) if page.has_next else len(page.rows) + 1
            return len(page.rows) if page.has_next else self.page_size
        is_all = page.total_items == len(page.rows) and (page.total_pages or 1) == 1 and not page.has_next
        if is_all and page.size == len(page.rows) < self.page_size and page.size % ROUND:
            # some name the number of their rows as their page size; a clamp would be a round number
            return self.page_size
        return page.size

    # the end

    def _second_pass(self, first: Pass) -> Pass | None:
        """Another pass over all, where the first one does not add up; None where it does."""
        lacks = self._lacks(first.moved) > 0
        ambiguous = (
            not self._given.key_is_unique
            and first.moved
            and (self._given.is_ambiguous or self._given.has_repeats or bool(self.key))
        )
        undecided = bool(self._given.held) and not first.moved
        if not (lacks or ambiguous or undecided or first.unproved):
            return None
        reading = Pass(
            other_page_size(first.size),
            self._evidence,
            self._moments,
            mends=self._given.key_is_unique,
            may_overlap=self._given.key_is_unique and self.pages_declared and first.moved,
            overlaps=first.moved,
        )
        return reading if self.pages_declared or first.pages > 1 else None

    def _lacks(self, moved: bool) -> int:
        """How many rows are missing by the lowest total. Rows that came behind the reader and rows that went
        before it explain as many as there were changes: what came there was counted and not read, and need
        not be.
        """
        lowest = self._evidence.lowest_total
        if lowest is None:
            return 0
        return lowest - (2 * self._moments.changes if moved else 0) - self._given.emitted

    def _conclude_key(self, first: Pass, second: Pass, found: int) -> Iterator[list[Row]]:
        """Nothing moved in either pass, and yet keys repeat: they are not unique."""
        still = not first.moved and not second.moved and not found and first.rows == second.rows
        if self._given.held and self._given.key_is_unique and still:
            yield self._given.give_up_key()

    def _report(self, first: Pass, second: Pass | None) -> None:
        if not first.moved and not (second and second.moved):
            return
        last = second or first
        unseen = first.expected_unseen if second is None else second.expected_unseen
        self.on_changes(
            Changes(
                seen=self._moments.changes,
                read_again=first.looks + (second.pages + second.looks if second else 0),
                found=self._given.found,
                twice=self._given.held,
                may_be_missing=bool(last.unproved)
                or unseen > NOTICEABLE
                or (second is not None and second.moved and not self._given.key_is_unique),
            )
        )

    def _check_total(self, first: Pass, second: Pass | None) -> None:
        """Fail where fewer rows were given out than the API ever counted while it was read."""
        total = self._evidence.lowest_total
        moved = first.moved or (second is not None and second.moved)
        if total is None or self._lacks(moved) <= 0 or (second is not None and second.rows >= total):
            return
        if moved or second is None or first.rows != second.rows:
            raise ServerError(
                f"{self.label}: the API counts {total} rows, but only {self._given.emitted} could be read, "
                "twice. "
                "The data may be changing too fast, or this client may not see all of it: sync again, at a "
                "quieter time."
            )
        missing = total - self._given.emitted
        if self.accepts_missing:
            self._warn(
                "missing",
                f"{self.label}: the API counts {total} rows and serves {self._given.emitted}. {missing} rows "
                "are not served; "
                "the stream goes on without them, as accept_missing_rows asks for.",
            )
            self.on_missing(missing)
            return
        raise ServerError(
            f"{self.label}: the API counts {total} rows, but serves only {self._given.emitted}: two whole "
            "readings with different page sizes "
            f"agree, and nothing changed meanwhile. Check whether this client may see the other {missing}, "
            "or ask Snow Atlas support; "
            "to sync without them, name the stream in the option accept_missing_rows."
        )


class _Once:
    """Passes a warning on, one of each kind. It does not know the reader: a circle of references would
    outlive it for long.
    """

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self._warn = warn
        self._said: set[str] = set()

    def __call__(self, kind: str, message: str) -> None:
        if kind not in self._said:
            self._said.add(kind)
            self._warn(kind, message)


def _same(row: Row, given: Row) -> bool:
    """Whether a row is one that was given out, what was added to it apart."""
    return all(given.get(name) == value or value is None for name, value in row.items())


def _taken(request: PageRequest, page: Page, hashes: Sequence[int], epoch: int) -> Taken:
    """What to remember of a page. A reply that names the number of its rows as its size (a last page) keeps
    the size asked for.
    """
    size = page.size if page.size and page.size != len(page.rows) else request.size
    return Taken((request.number - 1) * size, size, hashes, page.total_items, page.total_pages, epoch)
