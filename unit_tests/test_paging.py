"""Paging: every row once, with as few requests as it takes, and no row lost where data changes or
the API does not serve what it counts.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_snow_atlas.components.basics.errors import (
    ServerError,
    SnowAtlasError,
    TransientError,
    failed_request,
)
from source_snow_atlas.components.collection import paging
from source_snow_atlas.components.collection.page_source import Changes, Fetch
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.collection.plan import overlapping
from source_snow_atlas.components.collection.prefetch import NoPrefetch
from source_snow_atlas.components.request.reply import Page, Row, WrongPage, parse_page
from unit_tests.simulation.changes import ChangingRows
from unit_tests.simulation.paged_api import ModelServer, measure_by_request, read_by_request
from unit_tests.simulation.prefetch import InterleavedPrefetch, PoolPrefetch

pytestmark = pytest.mark.spread
TOTALS = st.sampled_from(["both", "pages", "items", "none", "absent"])
COUNTED = st.sampled_from(["both", "items"])


def numbered(count: int) -> list[Row]:
    return [{"id": number} for number in range(count)]


def ids(reader: CollectionReader) -> list[Any]:
    return [row["id"] for batch in reader.rows() for row in batch]


# Data that keeps still


@given(
    count=st.integers(0, 130),
    page_size=st.integers(1, 40),
    clamp=st.integers(1, 40),
    totals=TOTALS,
    links=st.booleans(),
    room=st.integers(0, 6),
    seed=st.integers(0, 5),
    key=st.sampled_from([("id",), ()]),
)
def test_every_row_comes_once_and_in_order(
    count: int,
    page_size: int,
    clamp: int,
    totals: str,
    links: bool,
    room: int,
    seed: int,
    key: tuple[str, ...],
) -> None:
    """A table would lack rows or hold them twice, depending on how many there are and what the replies say of
    themselves.
    """
    if totals == "absent" and not links:
        # a clamp that nothing tells of can't be known: the first page must look like the whole
        clamp = max(clamp, page_size)
    server = ModelServer(numbered(count), clamp, totals, links)
    reader = server.reader(page_size, key, prefetch=InterleavedPrefetch(room, seed))
    given_out = ids(reader)
    if min(page_size, clamp) >= 16:
        assert given_out == list(range(count))
    assert sorted(given_out) == list(range(count))


@pytest.mark.parametrize(
    ("pages", "left_over"), [*itertools.product([1, 2, 3, 10, 40, 200], [0, 1, 499]), (1000, 1)]
)
@pytest.mark.parametrize("totals", ["both", "pages", "items", "none"])
def test_overlapping_pages_cost_seven_requests_more_in_a_hundred(
    pages: int, left_over: int, totals: str
) -> None:
    """A sync would cost more requests than it has pages, and reach rate limits sooner.

    One more is right where a full page may be the last one, and three where nothing counts: a page with the
    same end, and two pages after it, which must be empty.
    """
    count = pages * 500 + left_over
    server = ModelServer(ChangingRows(count), totals=totals)
    assert ids(server.reader(500)) == list(range(count))
    assert len(server.requests) <= 1.07 * -(-count // 500) + 1 + 3 * (totals == "none")


@given(st.integers(0, 15), st.sampled_from(["both", "items", "pages"]))
def test_a_collection_of_one_page_is_one_request(count: int, totals: str) -> None:
    """A hundred thousand computers with a page of children each would cost twice as many requests."""
    server = ModelServer(numbered(count), totals=totals)
    assert ids(server.reader(16)) == list(range(count))
    assert server.requests == [(1, 16)]


@given(st.integers(2, 200), st.integers(1, 15), st.sampled_from(["both", "items", "pages"]))
def test_tiny_pages_are_read_twice(count: int, page_size: int, totals: str) -> None:
    """Pages too small to overlap would be believed after one reading, or read over and over."""
    server = ModelServer(numbered(count), totals=totals)
    assert ids(server.reader(page_size)) == list(range(count))
    pages = -(-count // page_size)
    assert len(server.requests) <= 2 * (pages + 1) + 1
    assert pages == 1 or len(server.requests) >= 2 * pages


def test_a_single_row_that_is_counted_needs_no_warning() -> None:
    """A server without page sizes, whose one row is all that it counts, would be warned of in every sync."""
    warned: list[str] = []

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        return parse_page(b'{"items": [{"id": 1}], "pagination": {"total_items": 1}}', "items", {"id"}, None)

    reader = CollectionReader(
        "Stream rows", fetch, 500, ("id",), warn=lambda kind, message: warned.append(message)
    )
    assert ids(reader) == [1]
    assert warned == []


def test_a_clamped_page_size_is_believed() -> None:
    """A server that serves 100 rows where 500 were asked for would give every fifth hundred only."""
    server = ModelServer(numbered(350), clamp=100)
    assert ids(server.reader(500)) == list(range(350))
    assert len(server.requests) <= 7
    assert all(size <= 100 for _, size in server.requests[2:])


def fetching(server: ModelServer, change: Callable[[int, int, Page], Page | None]) -> Fetch:
    """The replies of a server, changed by their page number, page size and what they would be."""

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
        return change(number, size, server.fetch(number, size))

    return fetch


@pytest.mark.parametrize("count", [40, 57, 60, 300])
def test_a_server_of_one_page_size_is_read_in_passes(count: int) -> None:
    """A server that serves 20 rows whatever is asked for can't overlap its pages: rows would be lost."""
    server = ModelServer(numbered(count))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        return server.fetch(number, 20)

    assert ids(CollectionReader("Stream rows", fetch, 50, ("id",))) == list(range(count))
    assert len(server.requests) <= 2 * (count // 20 + 1) + 5


def test_pages_are_read_ahead_in_several_threads() -> None:
    """A sync would be as slow as one request after the other, or give rows twice when threads interleave."""
    barrier, asked = threading.Barrier(8), itertools.count()
    server = ModelServer(numbered(5000))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        if 1 <= next(asked) <= 8:
            # eight requests have to be under way at once for any of them to go on
            barrier.wait(10)
        return server.fetch(number, size)

    with PoolPrefetch(8) as prefetch:
        reader = CollectionReader("Stream rows", fetch, 20, ("id",), prefetch=prefetch)
        assert ids(reader) == list(range(5000))


def test_prefetch_room_is_given_back() -> None:
    """After some streams no page would be fetched ahead any more, or one stream would take the room of
    all.
    """

    class Counting(InterleavedPrefetch):
        taken = given_back = 0

        def try_submit(self, task: Any) -> Future[Page] | None:
            future = super().try_submit(task)
            self.taken += future is not None
            return future

        def done(self) -> None:
            super().done()
            self.given_back += 1

    whole = Counting(5, 1)
    ids(ModelServer(numbered(100)).reader(7, prefetch=whole))
    left_early = Counting(5, 1)
    batches = ModelServer(numbered(100)).reader(7, prefetch=left_early).rows()
    next(batches), next(batches)
    batches.close()
    failing = Counting(5, 1)
    with pytest.raises(TransientError):
        ids(failing_on(4, numbered(100), failing))
    for prefetch in (whole, left_early, failing):
        assert prefetch.taken == prefetch.given_back > 0


def failing_on(page: int, rows: list[Row], prefetch: Any, error: Exception | None = None) -> CollectionReader:
    server = ModelServer(rows)

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        if number == page:
            raise error or TransientError("page can't be read")
        return server.fetch(number, size)

    return CollectionReader("Stream rows", fetch, 7, ("id",), prefetch=prefetch)


@pytest.mark.parametrize("page", [1, 2, 8, 15])
@pytest.mark.parametrize("room", [0, 4])
def test_a_page_that_cannot_be_read_fails_the_collection(page: int, room: int) -> None:
    """The other pages would be taken for the whole table."""
    with pytest.raises(TransientError, match="page can't be read"):
        ids(failing_on(page, numbered(100), InterleavedPrefetch(room, 1)))


def test_an_echo_of_another_page_fails_the_collection() -> None:
    """A cache that answers every page with page 1 would fill the table with the first rows."""
    with pytest.raises(WrongPage):
        ids(failing_on(3, numbered(100), NoPrefetch(), WrongPage("page 1 was returned for page 3")))


@pytest.mark.parametrize(("count", "requests"), [(9, 1), (13, 1), (20, 2), (700, 2)])
def test_a_server_without_pages_is_asked_twice_at_most(count: int, requests: int) -> None:
    """An unpaged collection would be read again and again, or its rows come twice."""
    server = ModelServer(numbered(count), paged=False)
    assert ids(server.reader(500, pages_declared=False)) == list(range(count))
    assert len(server.requests) == requests


def test_pages_nobody_declared_are_followed() -> None:
    """Operations whose files declare no page parameters, but whose replies name more pages, would give the
    first page only.
    """
    server = ModelServer(numbered(95), clamp=20)
    assert ids(server.reader(500, pages_declared=False)) == list(range(95))


def test_a_single_object_is_one_row() -> None:
    """Details would be paged on and on, or refused for want of a total."""
    reader = CollectionReader("Stream rows", lambda number, size, numbers: Page([{"id": 7}]), 1, ("id",))
    assert ids(reader) == [7]


# Keys


@given(st.lists(st.integers(0, 5), max_size=120), st.integers(16, 40), COUNTED)
def test_rows_without_a_key_all_come(values: list[int], page_size: int, totals: str) -> None:
    """Identical rows (three equal memory modules of a computer) would be merged into one."""
    server = ModelServer([{"value": value} for value in values], totals=totals)
    rows = [row for batch in server.reader(page_size, ()).rows() for row in batch]
    assert Counter(row["value"] for row in rows) == Counter(values)


@example([1, 0, 1], 1, "pages", 0)
@given(
    st.lists(st.integers(0, 30), max_size=80),
    st.integers(1, 40),
    TOTALS,
    st.integers(0, 4),
)
def test_rows_that_share_a_key_all_come(values: list[int], page_size: int, totals: str, room: int) -> None:
    """Where the tenant's data is such that the declared key is not unique, rows would be dropped as
    repeats.
    """
    rows = [{"id": value, "position": position} for position, value in enumerate(values)]
    server = ModelServer(rows, totals=totals)
    reader = server.reader(page_size, prefetch=InterleavedPrefetch(room, 1))
    positions = [row["position"] for batch in reader.rows() for row in batch]
    assert sorted(positions) == list(range(len(values)))


def test_keys_of_several_fields_and_of_unhashable_values() -> None:
    """Rows would be taken for one another by a part of their key."""
    rows = [{"a": a, "b": b, "c": [a]} for a in range(10) for b in (None, "x", "y")]
    for key in (("a", "b"), ("b", "c")):
        server = ModelServer(list(rows))
        assert [row for batch in server.reader(4, key).rows() for row in batch] == rows


# Totals that don't fit


@pytest.mark.parametrize("claimed", [1, 5])
@pytest.mark.parametrize("count", [0, 5, 50, 95])
@pytest.mark.parametrize("key", [("id",), ()])
def test_a_total_that_never_fits_is_an_error(claimed: int, count: int, key: tuple[str, ...]) -> None:
    """Rows would be missing without a word: the API counts more of them than it serves."""
    server = ModelServer(numbered(count))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        page.total_items = count + claimed
        return page

    for page_size in (10, 20):
        with pytest.raises(
            ServerError, match=f"counts {count + claimed} rows, but {claimed} of them are not served"
        ):
            ids(CollectionReader("Stream rows", fetch, page_size, key))


HELD_BACK = st.sets(st.integers(0, 399), min_size=1, max_size=5)


@given(HELD_BACK, st.integers(16, 120), st.sampled_from(["both", "items", "pages"]), st.integers(0, 6))
def test_rows_held_back_anywhere_are_an_error(held: set[int], page_size: int, totals: str, room: int) -> None:
    """The API counts 400 computers and serves 399: the table would lack one, and the sync say COMPLETE."""
    if totals == "pages" and max(held) >= 399 // page_size * page_size:
        # a row that the last page lacks can't be noticed where pages are counted; a warning says so
        held = {0}
    server = holding_back(held, totals)
    reader = CollectionReader(
        "Stream rows", server, page_size, ("id",), prefetch=InterleavedPrefetch(room, 1)
    )
    with pytest.raises(ServerError, match="not served"):
        ids(reader)


@given(HELD_BACK, st.integers(16, 120), st.integers(0, 6))
def test_rows_held_back_may_be_accepted_with_their_number(held: set[int], page_size: int, room: int) -> None:
    """A stream whose API counts rows that it never serves could not be synced, or say a wrong number."""
    missing: list[int] = []
    warned: list[str] = []
    reader = CollectionReader(
        "Stream rows",
        holding_back(held, "both"),
        page_size,
        ("id",),
        prefetch=InterleavedPrefetch(room, 1),
        accepts_missing=True,
        on_missing=missing.append,
        warn=lambda kind, message: warned.append(message),
    )
    assert ids(reader) == sorted(set(range(400)) - held)
    assert missing == [len(held)]
    assert any(f"{len(held)} of them are not served" in message for message in warned)


def holding_back(held: set[int], totals: str) -> Fetch:
    """The replies of a server of 400 rows that leaves some of them out where they would stand."""
    server = ModelServer(numbered(400), totals=totals)

    def without(number: int, size: int, page: Page) -> Page:
        page.rows = [row for row in page.rows if row["id"] not in held]
        return page

    return fetching(server, without)


# Pages that are announced and can't be read


def refuse(status: int) -> Callable[[Page], Page | None]:
    def refused(page: Page) -> Page | None:
        raise failed_request("rows", "/rows", status, b"", None)

    return refused


def empty(page: Page) -> Page:
    page.rows = []
    return page


FAILURES: dict[str, Callable[[Page], Page | None]] = {
    "404": refuse(404),
    "400": refuse(400),
    "416": refuse(416),
    "204": lambda page: None,
    "empty": empty,
    "an object": lambda page: parse_page(b'{"id": 5}', "items", {"id"}, None),
    "an array": lambda page: parse_page(b'[{"id": 5}]', "items", {"id"}, None),
    "an earlier page": lambda page: parse_page(
        b'{"items": [{"id": 1}], "pagination": {"page_number": 1}}', "items", {"id"}, None
    ),
}


def test_a_refusal_behind_a_full_page_is_quoted() -> None:
    """Whoever reads the error would look for data that changes, while the server said what it is."""
    said = b'{"error": {"message": "Result window is too large"}}'

    def change(number: int, size: int, page: Page) -> Page:
        if number * size > 40:
            raise failed_request("rows", "/rows", 400, said, None)
        return page

    for totals in ("both", "none"):
        reader = CollectionReader(
            "Stream rows", fetching(ModelServer(numbered(100), totals=totals), change), 20, ("id",)
        )
        with pytest.raises(ServerError, match=r"HTTP 400\. The server said: .Result window is too large"):
            ids(reader)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("totals", ["both", "items", "pages", "links"])
@pytest.mark.parametrize("which", ["the middle", "the last"])
@pytest.mark.parametrize("page_size", [7, 20])
@pytest.mark.parametrize("room", [0, 4])
def test_an_announced_page_that_cannot_be_read_is_no_end(
    failure: str, totals: str, which: str, page_size: int, room: int
) -> None:
    """A page that a total or a link announces would be taken for the end, and all behind it be lost."""
    count = 95
    links = totals == "links"
    server = ModelServer(numbered(count), totals="none" if links else totals, links=links)
    place = 50 if which == "the middle" else count - 1

    def change(number: int, size: int, page: Page) -> Page | None:
        is_it = (number - 1) * size <= place < number * size and number > 1
        return FAILURES[failure](page) if is_it else page

    reader = CollectionReader(
        "Stream rows",
        fetching(server, change),
        page_size,
        ("id",),
        prefetch=InterleavedPrefetch(room, 1),
    )
    with pytest.raises(ServerError, match=r"could not be read|not served|share no row"):
        ids(reader)


@pytest.mark.parametrize("failure", ["404", "400", "204"])
def test_the_first_page_is_no_exception(failure: str) -> None:
    """A stream whose first page is refused would end COMPLETE and empty."""
    server = ModelServer(numbered(95))
    fetch = fetching(server, lambda number, size, page: FAILURES[failure](page) if number == 1 else page)
    with pytest.raises(SnowAtlasError):
        ids(CollectionReader("Stream rows", fetch, 20, ("id",)))


@pytest.mark.parametrize("failure", ["404", "400", "416", "204", "empty"])
@pytest.mark.parametrize("page_size", [10, 20])
def test_behind_a_full_last_page_a_refusal_is_the_end(failure: str, page_size: int) -> None:
    """Where nothing counts, a stream whose last page is full could never end. A warning says that the end is
    assumed.
    """
    server = ModelServer(numbered(100), totals="none")
    warned: list[str] = []
    fetch = fetching(server, lambda number, size, page: page if page.rows else FAILURES[failure](page))
    reader = CollectionReader(
        "Stream rows", fetch, page_size, ("id",), warn=lambda kind, message: warned.append(kind)
    )
    assert ids(reader) == list(range(100))
    assert ("end" in warned) == (failure != "empty")


@given(st.integers(16, 60), st.integers(0, 60_000), st.integers(1, 8))
@example(16, 1443, 4)
@example(17, 20_163, 4)
def test_the_next_page_reaches_beyond_the_last(size: int, rows: int, overlap: int) -> None:
    """A read would request the same page for ever, because no page of any size begins where it should."""
    page = overlapping(size + rows, overlap, size)
    assert page.start < size + rows < page.end
    assert page.size <= size


def test_a_last_page_that_is_short_once_is_no_end() -> None:
    """A last page that lost rows on the server's side once would end a stream that page 1 counts in full."""
    server = ModelServer(numbered(700), totals="none")
    cut: list[int] = []

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        if number == 1:
            return replace(page, total_items=700)
        if len(page.rows) < size and len(cut) < 1:
            cut.append(number)
            return replace(page, rows=page.rows[:102])
        return page

    assert ids(CollectionReader("Stream rows", fetch, 500, ("id",))) == list(range(700))


@pytest.mark.parametrize("named", [None, 50])
def test_an_empty_page_1_is_no_empty_collection(named: int | None) -> None:
    """Where nothing counts and pages have one size, two empty replies would be believed: no row comes."""
    server = ModelServer(numbered(300), totals="absent")

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, 50)
        return replace(page, size=named, rows=[] if number == 1 else page.rows)

    with pytest.raises(ServerError, match=r"could not be read"):
        ids(CollectionReader("Stream rows", fetch, 500, ("id",)))


@pytest.mark.parametrize("failure", ["404", "400", "416", "204", "empty"])
@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("page_size", [7, 20])
def test_a_page_that_another_one_follows_is_no_end(failure: str, page: int, page_size: int) -> None:
    """Where nothing counts, one page that comes without its rows would end a stream COMPLETE."""
    server = ModelServer(numbered(100), totals="none")
    fetch = fetching(server, lambda number, size, got: FAILURES[failure](got) if number == page else got)
    with pytest.raises(SnowAtlasError, match=r"could not be read|refused|no content"):
        ids(CollectionReader("Stream rows", fetch, page_size, ("id",)))


@pytest.mark.parametrize("page_size", [10, 20])
def test_page_numbers_that_are_ignored_are_an_error(page_size: int) -> None:
    """An endpoint that sends its first page for every number would end COMPLETE with that page alone."""
    server = ModelServer(numbered(100), totals="none")

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        return replace(server.fetch(1, size), number=None)

    with pytest.raises(ServerError, match=r"an earlier page was received"):
        ids(CollectionReader("Stream rows", fetch, page_size, ("id",)))


@pytest.mark.parametrize("failure", ["404", "empty"])
@pytest.mark.parametrize("totals", ["both", "pages"])
def test_a_page_that_is_gone_because_the_collection_became_shorter(failure: str, totals: str) -> None:
    """Every sync would fail in whose course the last computers are deleted."""

    def delete(server: ModelServer) -> None:
        if len(server.requests) == 2:
            del server.rows[50:]

    server = ModelServer(numbered(100), totals=totals, before_request=delete)
    fetch = fetching(server, lambda number, size, page: page if page.rows else FAILURES[failure](page))
    assert set(ids(CollectionReader("Stream rows", fetch, 20, ("id",)))) >= set(range(50))


@pytest.mark.parametrize("cut", [1, 3, 9])
@pytest.mark.parametrize("key", [("id",), ()])
def test_a_short_page_in_the_middle_is_read_again(cut: int, key: tuple[str, ...]) -> None:
    """A page that lost rows on the server's side once would leave a hole in the table."""
    server = ModelServer(numbered(95))
    asked: list[int] = []

    def cut_once(number: int, size: int, page: Page) -> Page:
        asked.append(number)
        if number == 4 and asked.count(4) == 1:
            page.rows = page.rows[cut:]
        return page

    for page_size in (10, 20):
        asked.clear()
        reader = CollectionReader("Stream rows", fetching(server, cut_once), page_size, key)
        assert ids(reader) == list(range(95))


# Data that changes while it is read


@given(
    count=st.integers(1, 120),
    page_size=st.integers(16, 40),
    moment=st.integers(2, 12),
    deleted=st.integers(1, 60),
    seed=st.integers(0, 20),
    room=st.integers(0, 5),
)
@settings(max_examples=300)
def test_rows_deleted_at_one_moment_take_no_other_row_along(
    count: int, page_size: int, moment: int, deleted: int, seed: int, room: int
) -> None:
    """Computers that stayed would be missing because others were deleted while the list was read."""
    chance = random.Random(seed)
    deleted = min(deleted, count)

    def delete(server: ModelServer) -> None:
        if len(server.requests) == moment - 1:
            for _ in range(min(deleted, len(server.rows))):
                server.rows.pop(chance.randrange(len(server.rows)))

    server = ModelServer(numbered(count), before_request=delete)
    assert_nothing_is_lost(server, page_size, room, seed, count, deleted <= page_size // 8)


@given(
    count=st.integers(1, 120),
    page_size=st.integers(16, 40),
    moment=st.integers(2, 12),
    inserted=st.integers(1, 60),
    seed=st.integers(0, 20),
    room=st.integers(0, 5),
)
@settings(max_examples=300)
def test_rows_inserted_at_one_moment_push_no_row_out(
    count: int, page_size: int, moment: int, inserted: int, seed: int, room: int
) -> None:
    """Rows would be missing or come twice because others were added while the list was read."""
    chance = random.Random(seed)

    def insert(server: ModelServer) -> None:
        if len(server.requests) == moment - 1:
            for number in range(inserted):
                server.rows.insert(chance.randint(0, len(server.rows)), {"id": 1000 + number})

    server = ModelServer(numbered(count), before_request=insert)
    assert_nothing_is_lost(server, page_size, room, seed, count, inserted <= page_size // 8)


def assert_nothing_is_lost(
    server: ModelServer, page_size: int, room: int, seed: int, initial: int, is_little: bool
) -> None:
    """All rows that stayed come, and none twice; only where a lot changed may the reading fail instead."""
    emitted, error = read_on(server.reader(page_size, prefetch=InterleavedPrefetch(room, seed)))
    if error is None:
        # rows are only deleted and inserted here, so what is left of the first ones was there all the time
        assert {row["id"] for row in server.rows if row["id"] < initial} <= set(emitted)
    else:
        assert not is_little, error
    # more changes at once than a part of a page may look like another order, which is read in whole
    assert not is_little or max(emitted.values(), default=0) <= 1


def read_on(reader: CollectionReader) -> tuple[Counter[Any], ServerError | None]:
    """The ids that were given out, and the error that the reading ended with."""
    emitted: Counter[Any] = Counter()
    try:
        for batch in reader.rows():
            emitted.update(row["id"] for row in batch)
    except ServerError as failure:
        return emitted, failure
    return emitted, None


@given(st.integers(2, 6), st.integers(0, 50), st.integers(2, 10), st.integers(0, 5))
def test_rows_that_come_and_go_under_the_same_total(moment: int, seed: int, pairs: int, room: int) -> None:
    """As many rows added as deleted leave the total alone: the rows that slipped would be lost."""
    chance = random.Random(seed)

    def swap(server: ModelServer) -> None:
        if len(server.requests) == moment - 1:
            # deleted in front of the reader, so that rows slip; inserted before, so that rows come twice
            for number in range(pairs):
                server.rows.pop(chance.randrange(len(server.rows) // 2, len(server.rows)))
                server.rows.insert(0, {"id": 1000 + number})

    server = ModelServer(numbered(200), before_request=swap)
    assert_nothing_is_lost(server, 20, room, seed, 200, pairs <= 2)


def test_changes_that_leave_the_total_as_it_was_cost_no_row() -> None:
    """A row deleted and another added between two pages leave the total as it was: the row that slipped would
    be lost.
    """

    def change(server: ModelServer) -> None:
        if len(server.requests) == 5:
            server.rows.pop(10)
            server.rows.append({"id": 5000})
        if len(server.requests) == 12:
            server.rows.append({"id": 5001})

    server = ModelServer(numbered(1000), before_request=change)
    given = set(ids(server.reader(50)))
    assert set(range(1000)) - {10} <= given


@pytest.mark.parametrize("totals", ["both", "pages", "none"])
@pytest.mark.parametrize("parallel", [0, 10])
@pytest.mark.parametrize(
    ("inserts", "deletes"), [(0.05, 0.05), (0.5, 0.5), (0.5, 0.0), (0.0, 0.5), (2.0, 2.0)]
)
def test_steady_changes_lose_no_row_and_repeat_none(
    inserts: float, deletes: float, parallel: int, totals: str
) -> None:
    """After every busy day rows would be missing or held twice, and nobody would know."""
    for seed in range(6):
        outcome = read_by_request(
            seed,
            rows=800,
            page_size=40,
            inserts=inserts,
            deletes=deletes,
            parallel=parallel,
            totals=totals,
        )
        assert outcome.repeated == 0
        assert outcome.failed or outcome.lost == 0
        assert not outcome.failed or inserts + deletes > 1


def test_a_plain_reader_loses_rows_under_the_same_changes() -> None:
    """Changes that take no row from anybody would prove nothing."""
    options = {"rows": 800, "page_size": 40, "inserts": 0.5, "deletes": 0.5}
    assert measure_by_request(range(20), plain=True, **options).rows_lost_silently >= 20


def test_a_collection_that_changes_all_the_time_ends() -> None:
    """A changing collection would be read over and over, and never end."""
    for seed in range(12):
        outcome = read_by_request(seed, rows=800, page_size=40, inserts=1.0, deletes=1.0)
        assert outcome.requests <= 3 * 800 / 40


def test_one_change_costs_a_few_pages_only() -> None:
    """One new row would make a large collection be read twice."""

    def insert(server: ModelServer) -> None:
        if len(server.requests) == 50:
            server.rows.insert(0, {"id": -1})

    changes: list[Changes] = []
    quiet = ModelServer(numbered(10_000))
    ids(quiet.reader(100))
    server = ModelServer(numbered(10_000), before_request=insert)
    given_out = ids(server.reader(100, on_changes=changes.append))
    assert [row for row in given_out if row >= 0] == list(range(10_000))
    assert len(server.requests) <= len(quiet.requests) + 6
    assert [(change.seen, change.again) for change in changes] == [(1, 0)]


def test_a_hole_that_more_deletions_tore_than_pages_overlap_by_is_read() -> None:
    """Thirty deletions at once move as many rows in front of the page that is asked for next: they would be
    lost.
    """

    def delete(server: ModelServer) -> None:
        if len(server.requests) == 5:
            del server.rows[100:130]

    server = ModelServer(numbered(1000), before_request=delete)
    changes: list[Changes] = []
    given_out = ids(server.reader(100, on_changes=changes.append))
    assert set(range(1000)) - set(range(100, 130)) <= set(given_out)
    assert len(given_out) == len(set(given_out))
    assert changes[0].read_again >= 1


def test_more_deletions_than_a_page_holds_lose_nothing_without_a_word() -> None:
    """Rows of whole pages would be lost where hundreds of rows before them go at once."""

    def delete(server: ModelServer) -> None:
        if len(server.requests) == 8:
            del server.rows[:450]

    server = ModelServer(numbered(2000), before_request=delete)
    assert_nothing_is_lost(server, 100, 0, 1, 2000, is_little=False)


def test_a_row_that_is_edited_comes_as_it_is_by_then() -> None:
    """A table that keeps the last version of each key would keep the old one."""

    def edit(server: ModelServer) -> None:
        if len(server.requests) == 1:
            server.rows[17] = {"id": 17, "version": 2}
            server.rows[18] = {"id": 18, "version": 2}

    server = ModelServer(numbered(100), before_request=edit)
    latest: dict[Any, Row] = {}
    for batch in server.reader(20).rows():
        latest.update((row["id"], row) for row in batch)
    assert set(latest) == set(range(100))


def test_an_order_that_changes_with_every_request_ends_and_loses_nothing() -> None:
    """A server without an order would serve some rows on no page, and others on two."""
    chance = random.Random(1)

    def shuffle(server: ModelServer) -> None:
        chance.shuffle(server.rows)

    server = ModelServer(numbered(200), before_request=shuffle)
    emitted, error = read_on(server.reader(50))
    assert set(emitted) == set(range(200)) if error is None else "order" in (error.message or "")


@given(
    values=st.lists(st.integers(0, 3), min_size=1, max_size=80),
    page_size=st.integers(2, 30),
    moment=st.integers(2, 8),
    deleted=st.integers(1, 8),
    seed=st.integers(0, 10),
)
def test_rows_without_a_key_survive_changes_too(
    values: list[int], page_size: int, moment: int, deleted: int, seed: int
) -> None:
    """Streams without a primary key would lose rows when others are deleted while they are read."""
    chance = random.Random(seed)

    def delete(server: ModelServer) -> None:
        if len(server.requests) == moment - 1:
            for _ in range(min(deleted, len(server.rows))):
                server.rows.pop(chance.randrange(len(server.rows)))

    server = ModelServer([{"value": value} for value in values], before_request=delete)
    emitted: Counter[int] = Counter()
    try:
        for batch in server.reader(page_size, ()).rows():
            emitted.update(row["value"] for row in batch)
    except ServerError:
        # equal rows can't be told apart: where some of them move, that may be all that can be said
        return
    left = Counter(row["value"] for row in server.rows)
    assert left <= emitted


@pytest.mark.parametrize("key", [("id",), ()])
@pytest.mark.parametrize("page_size", [20, 50, 500])
def test_a_row_left_out_of_pages_that_are_filled_from_behind_is_missed(
    page_size: int, key: tuple[str, ...]
) -> None:
    """A server that filters before it cuts its pages sends full pages, and counts a row that none holds."""
    rows = numbered(300)

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = ModelServer(list(rows)).fetch(number, size)
        if any(row["id"] == 120 for row in page.rows):
            behind = rows[number * size : number * size + 1]
            page.rows = [row for row in page.rows if row["id"] != 120] + [dict(row) for row in behind]
        return page

    with pytest.raises(ServerError, match="1 of them are not served"):
        ids(CollectionReader("Stream rows", fetch, page_size, key))


def test_rows_that_are_edited_all_the_time_are_read() -> None:
    """A field that changes with every request, such as an uptime, would make a stream impossible to sync."""
    server = ModelServer(numbered(300))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        page.rows = [{**row, "uptime": len(server.requests)} for row in page.rows]
        return page

    given = Counter(ids(CollectionReader("Stream rows", fetch, 50, ("id",))))
    assert set(given) == set(range(300))
    assert sum(given.values()) <= 300 * 1.2


@pytest.mark.parametrize("lagging", range(2, 9))
def test_one_reply_of_a_lagging_replica_is_no_end(lagging: int) -> None:
    """A replica that has not got the newest rows yet would end the table early, in silence."""
    server, behind = ModelServer(numbered(100)), ModelServer(numbered(60))
    requests: list[int] = []

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
        requests.append(number)
        return (behind if len(requests) == lagging else server).fetch(number, size, numbers)

    assert sorted(ids(CollectionReader("Stream rows", fetch, 20, ("id",)))) == sorted(ids(server.reader(20)))


def test_a_first_page_from_a_cache_is_noticed_where_pages_have_one_size() -> None:
    """A row that moved from page 2 to page 1 would be lost, as page 1 is served as it was before."""
    server, cached = ModelServer(numbered(41)[1:]), ModelServer(numbered(41))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
        return (cached if number == 1 else server).fetch(number, 10, numbers)

    with pytest.raises(ServerError, match="counts 40 rows on one page and 41 on another"):
        ids(CollectionReader("Stream rows", fetch, 10, ("id",)))


@pytest.mark.parametrize("key", [("id",), ()])
@pytest.mark.parametrize("moved", [1, 3, 40])
def test_a_row_that_moves_to_a_page_that_was_read_comes(moved: int, key: tuple[str, ...]) -> None:
    """A row that is edited while it is read may move to the front: the total counts it, and no page would."""

    def move(server: ModelServer) -> None:
        if len(server.requests) == 3:
            server.rows[:0] = [server.rows.pop() for _ in range(moved)]

    server = ModelServer(numbered(2000), before_request=move)
    assert sorted(ids(server.reader(200, key))) == list(range(2000))


@pytest.mark.parametrize("totals", ["none", "absent", "pages", "both"])
@pytest.mark.parametrize("count", [0, 1, 2, 20, 200, 820])
@pytest.mark.parametrize("change", ["append", "insert", "delete the last", "delete the first"])
@pytest.mark.parametrize("chance", [0.1, 0.3, 1.0])
def test_a_collection_that_changes_at_its_ends_is_read(
    totals: str, count: int, change: str, chance: float
) -> None:
    """Where nothing counts, a stream could not be synced as long as its newest or oldest rows come and go."""
    draw = random.Random(count)

    def change_rows(server: ModelServer) -> None:
        if not server.requests or draw.random() >= chance:
            return
        if change == "append":
            server.rows.append({"id": 1000 + len(server.requests)})
        elif change == "insert":
            server.rows.insert(0, {"id": 1000 + len(server.requests)})
        elif server.rows:
            server.rows.pop(-1 if change == "delete the last" else 0)

    server = ModelServer(numbered(count), totals=totals, before_request=change_rows)
    emitted = ids(server.reader(100))
    assert {row["id"] for row in server.rows if row["id"] < 1000} <= set(emitted)
    assert len(server.requests) <= count // 50 + 15


@pytest.mark.parametrize("totals", ["none", "absent", "pages", "both"])
@pytest.mark.parametrize(("different", "equal"), [(5, 60), (0, 30), (10, 5), (0, 3), (1, 1)])
@pytest.mark.parametrize("page_size", [100, 500])
def test_equal_rows_at_the_end_come(totals: str, different: int, equal: int, page_size: int) -> None:
    """A list of equal memory modules would be refused, because no row tells where it ends."""
    rows = numbered(different) + [{"id": "equal"} for _ in range(equal)]
    server = ModelServer(list(rows), totals=totals)
    assert ids(server.reader(page_size, ())) == [row["id"] for row in rows]
    assert len(server.requests) <= 4


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_rows_with_a_field_that_always_changes_come_once(count: int) -> None:
    """The only row of a collection that counts nothing would be read over and over, and come five times."""
    server = ModelServer(numbered(count), totals="none")

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        return replace(page, rows=[{**row, "seen": len(server.requests)} for row in page.rows])

    assert ids(CollectionReader("Stream rows", fetch, 500, ("id",))) == list(range(count))


@pytest.mark.parametrize("count", [1, 2, 3, 40])
@pytest.mark.parametrize("totals", ["both", "items", "pages"])
def test_a_page_size_of_the_server_costs_no_second_request(count: int, totals: str) -> None:
    """The children of a hundred thousand parents would cost three times as many requests."""
    server = ModelServer(numbered(count), clamp=50, totals=totals)
    assert ids(server.reader(500)) == list(range(count))
    assert len(server.requests) == 1


def test_a_stated_page_size_that_brings_nothing_is_no_empty_collection() -> None:
    """Rows that came in the requested page size would be lost, and the table be empty."""
    server = ModelServer(numbered(20), totals="none")

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        return replace(page, size=50, rows=[] if size == 50 else page.rows)

    assert ids(CollectionReader("Stream rows", fetch, 500, ("id",))) == list(range(20))


@pytest.mark.parametrize("change", ["insert", "delete"])
@pytest.mark.parametrize("remembered", [500, paging.MOST_HASHES])
def test_a_row_that_moves_to_the_front_while_another_one_comes_or_goes_comes(
    change: str, remembered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest first: a computer that is scanned during the sync would be lost, and no total shows it."""
    monkeypatch.setattr(paging, "MOST_HASHES", remembered)

    def move(server: ModelServer) -> None:
        if len(server.requests) == 3:
            server.rows.insert(0, server.rows.pop(1900))
            if change == "insert":
                server.rows.insert(0, {"id": 5000})
            else:
                del server.rows[50]

    server = ModelServer(numbered(2000), before_request=move)
    emitted = set(ids(server.reader(200)))
    assert {row["id"] for row in server.rows} <= emitted
    assert len(server.requests) <= 16


def test_a_row_that_is_missing_from_more_rows_than_are_remembered_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message would say that the row is not served, and send the user to look for permissions."""
    monkeypatch.setattr(paging, "MOST_HASHES", 500)

    def move(server: ModelServer) -> None:
        if len(server.requests) == 3:
            server.rows.insert(250, server.rows.pop(1900))

    server = ModelServer(numbered(2000), before_request=move)
    with pytest.raises(ServerError, match="can't be compared in memory"):
        ids(server.reader(200))

    server = ModelServer(numbered(2000), before_request=move)
    missing: list[int] = []
    assert len(ids(server.reader(200, accepts_missing=True, on_missing=missing.append))) == 1999
    assert missing == [1]


@pytest.mark.parametrize("left", [0, 150, 500])
def test_a_total_that_falls_to_half_is_no_complete_read(left: int) -> None:
    """A table of thousands would be replaced by an empty one while an index is rebuilt."""

    def rebuild(server: ModelServer) -> None:
        if len(server.requests) == 2:
            del server.rows[left:]

    server = ModelServer(numbered(1000), before_request=rebuild)
    with pytest.raises(ServerError, match="counted 1000 rows, and" if left else "could not be read"):
        ids(server.reader(100))


def test_replies_that_lack_a_part_of_the_index_are_noticed() -> None:
    """Rows that one reply lacks would be missing, because its total is lower by as many."""
    server, part = ModelServer(numbered(3000)), ModelServer([{"id": n} for n in range(3000) if n % 5])

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
        return (part if number in (2, 3, 5) else server).fetch(number, size, numbers)

    with pytest.raises(ServerError):
        ids(CollectionReader("Stream rows", fetch, 500, ("id",)))


SIZES = [(10, 25, 50, 100), (50, 100, 200), (5, 10, 20, 50, 100), tuple(range(50, 101, 50))]


@pytest.mark.parametrize("allowed", SIZES)
@pytest.mark.parametrize("shape", ["envelope", "array"])
def test_page_sizes_that_are_rounded_down_to_an_allowed_one(allowed: tuple[int, ...], shape: str) -> None:
    """Only the first page would be read: a smaller page ends with the same row, and more rows follow."""

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        used = max((each for each in allowed if each <= size), default=allowed[0])
        rows = numbered(1000)[(number - 1) * used : number * used]
        pagination = {"page_number": number, "page_size": used}
        body = rows if shape == "array" else {"items": rows, "pagination": pagination}
        return parse_page(orjson.dumps(body), "items", {"id"}, numbers)

    try:
        assert sorted(ids(CollectionReader("Stream rows", fetch, 500, ("id",)))) == list(range(1000))
    except ServerError:
        assert shape == "array"  # it has no page size


@pytest.mark.parametrize("seed", range(10))
def test_rows_that_the_client_may_not_see_are_left_out_of_their_page(seed: int) -> None:
    """Most of a table would be lost if about half of a page is filtered out after it was cut."""
    draw = random.Random(seed)
    visible = [draw.random() < 0.5 for _ in range(5000)]

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        rows = [row for row in numbered(5000)[(number - 1) * size : number * size] if visible[row["id"]]]
        return parse_page(orjson.dumps({"items": rows}), "items", {"id"}, numbers)

    with contextlib.suppress(ServerError):
        assert len(set(ids(CollectionReader("Stream rows", fetch, 500, ("id",))))) == sum(visible)


@pytest.mark.parametrize(
    "pagination",
    [
        {"page_number": 1, "page_size": 45},
        {"page_number": 1, "page_size": 25, "total_items": 45, "total_pages": 2},
        {"page_number": 1, "page_size": 500, "total_items": 45},
        {"page_number": 1, "page_size": 1},
    ],
)
def test_a_list_without_pages_has_the_pagination_of_its_first_page(pagination: dict[str, int]) -> None:
    """A list that came as a whole would be refused, or only its first row be synced."""

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        body = {"items": numbered(45), "pagination": pagination}
        return parse_page(orjson.dumps(body), "items", {"id"}, numbers)

    assert ids(CollectionReader("Stream rows", fetch, 500, ("id",))) == list(range(45))


@pytest.mark.parametrize("end", [404, 400, 204])
def test_a_single_object_has_no_second_page(end: int) -> None:
    """A licence with one file would be skipped as deleted, although its file was received."""

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
        if number == 1:
            return parse_page(b'{"id": 7}', "items", {"id"}, numbers)
        if end == 204:
            return None
        raise failed_request("rows", "/rows", end, b"", None)

    assert ids(CollectionReader("Stream rows", fetch, 500, ("id",))) == [7]


@pytest.mark.parametrize("always", [True, False])
@pytest.mark.parametrize("count", [1, 700])
def test_an_object_instead_of_page_1_is_not_the_collection(always: bool, count: int) -> None:
    """An error that a proxy sends once with status 200 would be the only row of the table."""
    server = ModelServer(numbered(count))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        is_object = number == 1 and (always or len(server.requests) == 1)
        return parse_page(b'{"id": 7}', "items", {"id"}, numbers) if is_object else page

    reader = CollectionReader("Stream rows", fetch, 500, ("id",))
    if always:
        with pytest.raises(ServerError, match="page 1 was a single object and page 2 was a list"):
            ids(reader)
    else:
        assert ids(reader) == list(range(count))


class Replicas:
    """Servers of which each request meets one: the second one with the given chance."""

    def __init__(self, seed: int, chance: float, *, totals: str) -> None:
        draw = random.Random(seed)
        lacking = set(draw.sample(range(4000), 20))
        rows = numbered(4000)
        servers = [rows, [row for row in rows if row["id"] not in lacking]]
        self._servers = [ModelServer(rows, totals=totals) for rows in servers]
        self._draw, self._chance = draw, chance

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None) -> Page:
        return self._servers[self._draw.random() < self._chance].fetch(number, size, numbers)


@pytest.mark.parametrize("chance", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("totals", ["both", "items"])
def test_rows_that_one_replica_lacks_are_read_from_the_other(chance: float, totals: str) -> None:
    """Rows that have not reached one replica would be missing, though half of all replies count them."""
    complete = 0
    for seed in range(8):
        replicas = Replicas(seed, chance, totals=totals)
        with contextlib.suppress(ServerError):
            assert sorted(ids(CollectionReader("Stream rows", replicas.fetch, 100, ("id",)))) == list(
                range(4000)
            )
            complete += 1
    assert complete >= 3


@pytest.mark.parametrize("totals", ["both", "items", "pages"])
@pytest.mark.parametrize("parallel", [0, 6])
@pytest.mark.parametrize("reply", [2, 3, 7])
@pytest.mark.parametrize("part", ["beginning", "four fifths"])
def test_one_reply_of_a_part_of_the_index_costs_no_row(
    totals: str, parallel: int, reply: int, part: str
) -> None:
    """One reply of an index that is being built would end the read in its middle, or hide rows of a page."""
    rows = numbered(350) if part == "beginning" else [{"id": number} for number in range(4000) if number % 5]
    server, other = ModelServer(numbered(4000), totals=totals), ModelServer(rows, totals=totals)
    replies = itertools.count(1)

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        return (other if next(replies) == reply else server).fetch(number, size, numbers)

    prefetch = InterleavedPrefetch(parallel, reply)
    reader = CollectionReader("Stream rows", fetch, 100, ("id",), prefetch=prefetch)
    assert sorted(ids(reader)) == list(range(4000))


def test_a_small_collection_that_is_rebuilt_is_not_read_in_part() -> None:
    """A table of a hundred agreements would lose a third of them while they are loaded again."""

    def rebuild(server: ModelServer) -> None:
        if len(server.requests) >= 2:
            server.rows = numbered(20 * (len(server.requests) - 2))

    server = ModelServer(numbered(150), before_request=rebuild)
    with contextlib.suppress(ServerError):
        assert {*ids(server.reader(50))} >= {*range(150)}


@pytest.mark.parametrize(("stated", "emitted"), [(100, 130), (33, 130), (10, 130), (130, 130), (None, 130)])
def test_a_full_page_of_an_operation_without_page_parameters_is_followed(
    stated: int | None, emitted: int
) -> None:
    """Custom fields after the hundredth would be missing, if the server pages an operation all the same."""
    server = ModelServer(numbered(130))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, min(stated or 100, 100) if number == 1 else size)
        return replace(page, size=stated if number == 1 else size, total_items=None, total_pages=None)

    assert len(ids(CollectionReader("Stream rows", fetch, 500, ("id",), pages_declared=False))) == emitted


@pytest.mark.parametrize("key", [("id",), ()])
def test_a_list_without_pages_may_change_between_its_two_requests(key: tuple[str, ...]) -> None:
    """Custom fields, of which somebody edits one at that moment, would fail the stream."""
    server = ModelServer(numbered(500), paged=False)

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        server.rows[7] = {"id": 7, "version": len(server.requests)}
        page = server.fetch(number, size)
        server.rows.append({"id": 500 + number})
        return page

    assert ids(CollectionReader("Stream rows", fetch, 500, key, pages_declared=False)) == list(range(500))


def test_a_list_of_as_many_rows_as_are_requested_is_not_taken_for_whole() -> None:
    """A server that limits the rows but knows no page numbers would give the first fifty, COMPLETE."""
    rows = numbered(130)

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        return Page(rows[: 50 if number == 1 else size], is_array=True)

    with pytest.raises(ServerError):
        ids(CollectionReader("Stream rows", fetch, 500, ("id",), pages_declared=False))


@pytest.mark.parametrize("start", range(110, 300, 23))
@pytest.mark.parametrize("withheld", [20, 50, 100])
def test_rows_after_those_that_are_not_served_are_not_the_end(start: int, withheld: int) -> None:
    """A server that filters a page after it was cut would lose all later rows if nothing counts, COMPLETE."""
    server = ModelServer(numbered(1000), totals="none")
    hidden = range(start, start + withheld)
    fetch = fetching(
        server,
        lambda number, size, page: replace(page, rows=[row for row in page.rows if row["id"] not in hidden]),
    )
    try:
        emitted = ids(CollectionReader("Stream rows", fetch, 100, ("id",)))
    except ServerError:
        return
    assert emitted == [row for row in range(1000) if row not in hidden]


def test_an_operation_without_page_parameters_may_round_sizes_down() -> None:
    """Custom fields after the hundredth would be missing: page 2 of fifty rows ends as page 1 does."""
    server = ModelServer(numbered(230), totals="none")

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        allowed = max(each for each in (10, 25, 50, 100, 500) if each <= size)
        return replace(server.fetch(number, 100 if number == 1 else allowed), size=None)

    try:
        emitted = ids(CollectionReader("Stream rows", fetch, 500, ("id",), pages_declared=False))
    except ServerError:
        return
    assert emitted == list(range(230))


def test_more_pages_than_the_end_that_two_pages_prove_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A total that is limited to 1,000 rows would hide the others without a word."""
    server = ModelServer(numbered(1000))
    fetch = fetching(server, lambda number, size, page: replace(page, total_pages=60))
    assert len(ids(CollectionReader("Stream rows", fetch, 100, ("id",)))) == 1000
    assert "although a link or the number of pages announces more" in caplog.text
