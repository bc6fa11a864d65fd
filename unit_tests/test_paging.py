"""Paging: every row once, with as few requests as it takes, and no row lost where the API shows that the data
moved.
"""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulation.paged_api import ModelServer, measure_by_request, read_by_request
from simulation.prefetch import InterleavedPrefetch, PoolPrefetch
from source_snow_atlas.components.basics.errors import ServerError, TransientError
from source_snow_atlas.components.collection.pages import NoPrefetch
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.collection.plan import other_page_size
from source_snow_atlas.components.request.reply import Page, Row, WrongPage

pytestmark = pytest.mark.spread
TOTALS = st.sampled_from(["both", "pages", "items", "none", "absent"])


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
    assert ids(reader) == list(range(count))


@given(st.integers(0, 200), st.integers(1, 50), st.sampled_from(["both", "items"]), st.integers(0, 6))
def test_no_request_too_many_where_the_number_of_rows_is_known(
    count: int, page_size: int, totals: str, room: int
) -> None:
    """A sync would cost more requests than it has pages, and reach rate limits sooner.

    One more is right where a full page is all that speaks for the end, or where the total may be that of the
    page.
    """
    server = ModelServer(numbered(count), totals=totals)
    ids(server.reader(page_size, prefetch=InterleavedPrefetch(room, 1)))
    expected = max(1, -(-count // page_size))
    full = count > 0 and count % page_size == 0
    doubtful = full and (totals == "items" or count == page_size)
    assert sorted(server.requests) == [(number, page_size) for number in range(1, expected + 1 + doubtful)]


@given(st.integers(0, 200), st.integers(1, 50), st.sampled_from(["pages", "none"]), st.booleans())
def test_few_requests_too_many_where_the_number_of_rows_is_not_known(
    count: int, page_size: int, totals: str, links: bool
) -> None:
    """A sync would ask for page after page behind the end. Pages overlap here, as no total shows what is
    deleted.
    """
    server = ModelServer(numbered(count), totals=totals, links=links)
    ids(server.reader(page_size))
    overlapping = 1.6 if page_size >= 16 else 1
    assert len(server.requests) <= overlapping * count / page_size + 2


def test_a_clamped_page_size_is_believed() -> None:
    """A server that serves 100 rows where 500 were asked for would give every fifth hundred only."""
    server = ModelServer(numbered(350), clamp=100)
    assert ids(server.reader(500)) == list(range(350))
    assert [number for number, _ in server.requests] == [1, 2, 3, 4]
    assert {size for _, size in server.requests[1:]} <= {100, 500}


def test_pages_are_read_ahead_in_several_threads() -> None:
    """A sync would be as slow as one request after the other, or give rows twice when threads interleave."""
    server = ModelServer(numbered(5000))
    with PoolPrefetch(8) as prefetch:
        assert ids(server.reader(7, prefetch=prefetch)) == list(range(5000))
    assert len(server.requests) == -(-5000 // 7)


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
        ids(failing_on(3, numbered(100), NoPrefetch(), WrongPage("page 1 came back for page 3")))


def test_a_server_without_pages_is_asked_once() -> None:
    """An unpaged collection would be read again and again, or its rows come twice."""
    server = ModelServer(numbered(700), paged=False)
    assert ids(server.reader(500, pages_declared=False)) == list(range(700))
    assert len(server.requests) == 1


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


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 10), TOTALS)
def test_rows_without_a_key_all_come(values: list[int], page_size: int, totals: str) -> None:
    """Identical rows (three equal memory modules of a computer) would be merged into one."""
    server = ModelServer([{"value": value} for value in values], totals=totals)
    rows = [row for batch in server.reader(page_size, ()).rows() for row in batch]
    assert [row["value"] for row in rows] == values


@example([1, 0, 1], 1, "pages", 0)
@given(
    st.lists(st.integers(0, 30), max_size=80),
    st.integers(1, 12),
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

    with pytest.raises(ServerError, match=f"counts {count + claimed} rows"):
        ids(CollectionReader("Stream rows", fetch, 10, key))


@pytest.mark.parametrize("key", [("id",), ()])
def test_a_total_that_never_fits_may_be_accepted(key: tuple[str, ...]) -> None:
    """A stream whose API counts rows that it never serves could not be synced at all."""
    server = ModelServer(numbered(95))

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        page.total_items = 98
        return page

    missing: list[int] = []
    warned: list[str] = []
    reader = CollectionReader(
        "Stream rows",
        fetch,
        10,
        key,
        accepts_missing=True,
        on_missing=missing.append,
        warn=lambda kind, message: warned.append(message),
    )
    assert sorted(ids(reader)) == list(range(95))
    assert missing == [3]
    assert any("3 rows are not served" in message for message in warned)


@pytest.mark.parametrize("cut", [1, 3, 9])
@pytest.mark.parametrize("key", [("id",), ()])
def test_a_short_page_in_the_middle_is_read_again(cut: int, key: tuple[str, ...]) -> None:
    """A page that lost rows on the server's side once would leave a hole in the table."""
    server = ModelServer(numbered(95))
    asked: list[int] = []

    def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page:
        page = server.fetch(number, size)
        asked.append(number)
        if number == 4 and asked.count(4) == 1:
            page.rows = page.rows[cut:]
        return page

    assert sorted(ids(CollectionReader("Stream rows", fetch, 10, key))) == list(range(95))


# Data that changes while it is read


@given(
    count=st.integers(1, 120),
    page_size=st.integers(2, 25),
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
    gone: set[int] = set()

    def delete(server: ModelServer) -> None:
        if len(server.requests) == moment - 1:
            for _ in range(min(deleted, len(server.rows))):
                gone.add(server.rows.pop(chance.randrange(len(server.rows)))["id"])

    server = ModelServer(numbered(count), before_request=delete)
    emitted = Counter(ids(server.reader(page_size, prefetch=InterleavedPrefetch(room, seed))))
    assert set(range(count)) - gone <= set(emitted)
    assert max(emitted.values()) == 1


@given(
    count=st.integers(1, 120),
    page_size=st.integers(2, 25),
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
    emitted = Counter(ids(server.reader(page_size, prefetch=InterleavedPrefetch(room, seed))))
    assert set(range(count)) <= set(emitted)
    assert max(emitted.values()) == 1


@given(st.integers(2, 6), st.integers(0, 50), st.integers(2, 10), st.integers(0, 5))
def test_rows_that_come_and_go_under_the_same_total(moment: int, seed: int, pairs: int, room: int) -> None:
    """As many rows added as deleted leave the total alone: a key that comes twice must be sign enough."""
    chance = random.Random(seed)
    gone: set[int] = set()

    def swap(server: ModelServer) -> None:
        if len(server.requests) == moment - 1:
            # deleted in front of the reader, so that rows slip; inserted before, so that rows come twice
            for number in range(pairs):
                gone.add(server.rows.pop(chance.randrange(60, len(server.rows)))["id"])
                server.rows.insert(0, {"id": 1000 + number})

    server = ModelServer(numbered(100), before_request=swap)
    emitted = Counter(ids(server.reader(10, prefetch=InterleavedPrefetch(room, seed))))
    assert set(range(100)) - gone <= set(emitted)
    assert max(emitted.values()) == 1


def test_changes_that_cancelled_out_before_the_first_sign_are_looked_for() -> None:
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


@pytest.mark.parametrize("parallel", [0, 10])
@pytest.mark.parametrize(
    ("inserts", "deletes"), [(0.05, 0.05), (0.5, 0.5), (0.5, 0.0), (0.0, 0.5), (2.0, 2.0)]
)
def test_no_key_comes_twice_under_steady_churn(inserts: float, deletes: float, parallel: int) -> None:
    """A table would hold rows twice after every busy day."""
    for seed in range(12):
        outcome = read_by_request(
            seed, rows=400, page_size=20, inserts=inserts, deletes=deletes, parallel=parallel
        )
        assert outcome.repeated == 0


def test_hardly_a_row_is_lost_under_steady_churn_where_a_plain_reader_loses_many() -> None:
    """Rows would be missing after every busy day, and nobody would know."""
    seeds = range(60)
    options = {"rows": 500, "page_size": 25, "inserts": 0.2, "deletes": 0.2}
    plain = measure_by_request(seeds, plain=True, **options)
    own = measure_by_request(seeds, **options)
    assert plain.rows_lost_silently >= 50
    assert own.rows_lost_silently <= plain.rows_lost_silently / 50


def test_a_second_pass_costs_at_most_as_much_as_the_first() -> None:
    """A changing collection would be read over and over, and never end."""
    for seed in range(12):
        outcome = read_by_request(seed, rows=400, page_size=20, inserts=1.0, deletes=1.0)
        pages = 400 / 20
        assert outcome.requests <= pages + 1 + pages / 0.85 + 3


def test_one_change_costs_a_few_pages_only() -> None:
    """One new row would make a large collection be read twice."""

    def insert(server: ModelServer) -> None:
        if len(server.requests) == 50:
            server.rows.insert(0, {"id": -1})

    server = ModelServer(numbered(10_000), before_request=insert)
    assert len(set(ids(server.reader(100)))) >= 10_000
    assert len(server.requests) <= 101 + 6


@given(
    values=st.lists(st.integers(0, 3), min_size=1, max_size=80),
    page_size=st.integers(2, 10),
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
    emitted = Counter(row["value"] for batch in server.reader(page_size, ()).rows() for row in batch)
    left = Counter(row["value"] for row in server.rows)
    assert left <= emitted


@given(st.integers(3, 1000))
def test_the_second_pass_has_no_boundary_where_the_first_had_one(size: int) -> None:
    """A row that slips at a page boundary in the first pass would slip at the same one in the second."""
    other = other_page_size(size)
    assert 1 <= other < size
