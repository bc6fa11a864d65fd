"""Reads of randomly drawn servers. `python -m unit_tests.simulation.drawn` reads a million of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_snow_atlas.components.collection import overlapping
from source_snow_atlas.components.collection.missing_rows import MissingRows
from source_snow_atlas.components.collection.overlap import Overlap
from source_snow_atlas.components.collection.overlapping import OverlappingPages
from source_snow_atlas.components.collection.page_reply import PageReply
from source_snow_atlas.components.request.reply import Row
from unit_tests.simulation import drawn_server
from unit_tests.simulation.drawn import nature_of
from unit_tests.simulation.nature import CHOICES, Nature
from unit_tests.simulation.verdict import read

pytestmark = pytest.mark.spread
CHUNK = 500
CHUNKS = 20
NATURES = st.builds(Nature, **{name: st.sampled_from(values) for name, values in CHOICES.items()})


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_drawn_server_is_read_wrongly(chunk: int) -> None:
    """Rows would be missing from a sync that says COMPLETE, a good server be refused, or a sync never end."""
    wrong = []
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        verdict = read(nature_of(seed))
        if verdict.wrong:
            wrong.append(f"draw {seed}: {verdict.wrong}\n    {verdict.nature}")
    assert not wrong, "\n".join(wrong)


@given(NATURES)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_server_of_any_nature_is_read_wrongly(nature: Nature) -> None:
    """Rare combinations would be read wrongly. Values are drawn with equal probability."""
    assert read(nature).wrong == ""


EXAMPLES = {
    "a page of an operation without page parameters that lacks rows in the middle": Nature(
        room=0, names_size="no", parameters="undeclared", held_back="a page", held_at=63
    ),
    "a list without page parameters in pages of ten, which says that it has none": Nature(
        rows=31, room=0, items="absent", pages="zero", parameters="undeclared", default_size=10
    ),
    "an empty page 1 with a link, and a wrong total of none": Nature(
        rows=7, page_size=2, room=0, items="zero", pages="absent", links="right", names_size="rows",
        held_back="rows",
    ),
    "an empty page 1, and pages that are numbered from zero": Nature(
        rows=7, page_size=1, room=0, items="absent", pages="absent", names_page="from zero", refused="always",
        refusal="empty", refused_page=1,
    ),
    "page 1 once in place of page 2, and after the end": Nature(
        rows=40, room=0, shape="array", sizes="fixed", clamp=33, refused="once", refusal="page before",
        after_end="page 1",
    ),
    "pages of sizes that are rounded down, and stated as requested": Nature(
        rows=40, room=0, names_size="as asked", sizes="rounded down", accepts=True
    ),
    "pages of sizes that are rounded down and not stated, and rows that are not served": Nature(
        room=0, names_size="no", sizes="rounded down", held_back="rows", held_rows=2, held_at=21, accepts=True
    ),
    "a page of another size that ends where the total says that rows end": Nature(
        rows=16, room=0, seed=8, pages="3 low", sizes="rounded down", keys="none", changes="many"
    ),
    "a full page 1 of the server's own size, and the row after it moves to page 1": Nature(
        rows=17, room=0, seed=1, items="absent", pages="absent", sizes="rounded down", changes="one"
    ),
    "a full page 1 of the server's own size, which its totals call the only one": Nature(
        rows=17, page_size=32, room=6, seed=59, items="3 low", pages="of the page", sizes="fixed", clamp=16,
        after_end="204", changes="deletes", change_at=9,
    ),
    "a last page that is gone when it is requested again": Nature(
        rows=17, page_size=17, room=0, seed=46, items="one request old", after_end="404", changes="some"
    ),
    "accepted missing rows, and rows that were deleted after page 1": Nature(
        rows=31, room=0, seed=2, pages="absent", refused="always", refusal="empty", changes="pairs at once",
        change_at=1, accepts=True,
    ),
    "page 1 in place of page 2, in a size of the server's own": Nature(
        rows=31, page_size=25, room=0, items="absent", sizes="rounded down", refused="once",
        refusal="page before",
    ),
    "a new order after page 1, in which two rows keep their places": Nature(
        rows=40, page_size=32, room=0, seed=27, keys="null", order="changes once", change_at=1
    ),
    "pages of a size below the requested one, which each page states": Nature(
        rows=20, page_size=16, room=6, seed=26, pages="of the page", sizes="rounded down", clamp=5,
        held_rows=5, held_at=154, refusal="array", refused_page=6, after_end="416", changes="many",
        change_at=7,
    ),
    "page 1 for all numbers, which says so": Nature(
        rows=7, room=0, items="absent", pages="absent", sizes="clamped", clamp=5, follows="size only"
    ),
    "an empty page 1, and a count of pages that falls to one": Nature(
        rows=20, page_size=17, room=0, seed=10, items="text", clamp=16, keys="shared", held_back="a page",
        held_rows=20, held_at=189, refused="always", refusal="empty", refused_page=1, after_end="last page",
        changes="deletes", change_at=3,
    ),
    "rows that move off a first page that is all of it by its total": Nature(
        page_size=100, room=0, items="stale", pages="absent", keys="edited", refused="always",
        changes="inserts at once",
    ),
    "one page of the server's only size, with missing rows accepted": Nature(
        rows=20, room=0, sizes="fixed", clamp=20, accepts=True
    ),
    "more missing rows than are said, rows without a key": Nature(
        rows=31, keys="none", held_back="rows", held_rows=5, held_at=21, accepts=True
    ),
    "more missing rows than are said, equal rows": Nature(
        rows=31, page_size=16, seed=1, keys="none and equal", held_back="rows", held_rows=2, held_at=21,
        accepts=True,
    ),
    "sizes of its own, rows counted": Nature(rows=17, pages="absent", sizes="rounded down"),
    "a link to a page that a wrong number of pages denies": Nature(
        rows=31, items="absent", pages="half", links="right", sizes="clamped", clamp=5, refused="always",
        refused_page=4,
    ),
    "a first page cut in half once, with a total of its own": Nature(
        rows=31, items="of the page", held_back="a page", held_at=21, refused="once", refusal="partial",
        refused_page=1,
    ),
    "a first page that is always empty, with a total of nothing": Nature(
        rows=31, items="zero", refused="always", refusal="empty", refused_page=1
    ),
    "a page empty once, with a total of nothing": Nature(
        rows=137, items="zero", sizes="fixed", refused="once", refusal="empty"
    ),
    "a total that is too low, and a row held back": Nature(
        rows=15, page_size=1, items="3 low", held_back="rows", held_at=42
    ),
    "an array that grows and is cut to a size of its own": Nature(
        seed=5, shape="array", sizes="clamped", clamp=16, held_back="rows", changes="inserts at once"
    ),
    "an array that shrinks and is cut to a size of its own": Nature(
        rows=17, shape="array", sizes="rounded down", changes="deletes at once"
    ),
    "one page for all numbers, that lacks rows by a total that is too high": Nature(
        rows=15, page_size=25, room=0, seed=39, items="double", pages="huge", after_end="page 1",
        changes="pairs at once", change_at=4, accepts=True,
    ),
    "an array whose first page is always empty": Nature(
        rows=60, page_size=17, shape="array", refused="always", refusal="empty", refused_page=1
    ),
    "an array whose middle page is not found": Nature(
        rows=100, shape="array", refused="always", refusal="404", refused_page=3
    ),
    "an array whose short page 6 is followed by rows": Nature(
        rows=64, page_size=10, items="half", pages="null", refused="always", refusal="partial",
        refused_page=6,
    ),
    "an array that ignores page numbers": Nature(rows=32, page_size=10, shape="array", follows="size only"),
    "a first page of the server's own size that lacks its last row": Nature(
        rows=137, room=0, items="absent", sizes="fixed", clamp=33, drops="the last row of a page"
    ),
    "a first page of the server's own size that lacks a row": Nature(
        rows=17, room=0, sizes="clamped", clamp=16, held_back="rows", accepts=True
    ),
    "an array that ignores page numbers and cuts its pages": Nature(
        rows=64, shape="array", sizes="clamped", clamp=5, follows="size only"
    ),
    "page numbers ignored by a server that says so, and counts nothing": Nature(
        rows=200, page_size=10, items="absent", pages="absent", names_page="from zero", follows="size only"
    ),
    "a total on page 1 only, and pages that begin one late": Nature(
        rows=20, page_size=7, items="on page 1", begins="one late"
    ),
    "an empty page 1 of a collection that became one page": Nature(
        rows=15, page_size=10, room=1, seed=34, items="negative", pages="one request old", keys="edited",
        refused="always", refusal="empty", refused_page=1, changes="deletes", change_at=5,
    ),
    "rows that come and go in pairs, while page 1 comes in place of others": Nature(
        rows=137, page_size=3, room=6, seed=28, pages="3 low", names_page="no", sizes="clamped", clamp=18,
        held_back="rows", held_rows=2, held_at=196, refused="at random", refusal="page 1", after_end="null",
        changes="pairs at once", change_at=9,
    ),
    "rows that move to a first page whose total is its own": Nature(
        rows=32, page_size=32, room=6, seed=49, items="of the page", pages="after page 1", names_page="no",
        sizes="rounded down", keys="shared", changes="deletes at once", change_at=1,
    ),
    "an array whose page 2 is page 1": Nature(
        rows=31, page_size=32, seed=1, shape="array", refused="always", refusal="page before",
        changes="deletes",
    ),
    "links that never end, all rows from one on held back": Nature(
        rows=64, page_size=16, links="never end", held_back="all after", held_at=161, after_end="last page",
        accepts=True,
    ),
    "the page before once more, once": Nature(
        page_size=50, refused="once", refusal="page before", refused_page=3, after_end="404"
    ),
    "an order that changes once while rows move": Nature(
        rows=40, sizes="clamped", clamp=16, order="changes once", changes="moves"
    ),
    "an empty page 1 that links to rows, few rows a page": Nature(
        rows=7, page_size=1, items="zero", pages="absent", links="right", refused="always",
        refusal="empty", refused_page=1,
    ),
    "the last row of each page, pages counted up to itself": Nature(
        rows=16, page_size=2, items="absent", pages="of the page", links="right",
        drops="the last row of a page",
    ),
    "a page held back, and always the last page": Nature(
        rows=31, page_size=17, pages="huge", held_back="a page", held_at=21, after_end="last page",
        accepts=True,
    ),
    "page 1 after the end, with links that never end": Nature(
        rows=45, page_size=25, seed=56, keys="shared and equal", links="never end", after_end="page 1"
    ),
    "page 1 after the end of an array that changes": Nature(
        rows=100, page_size=16, seed=42, room=0, shape="array", after_end="page 1", changes="many"
    ),
    "values that are new in every reply, and pages counted without end": Nature(
        rows=137, seed=48, pages="huge", keys="volatile", after_end="page 1"
    ),
    "always the preceding page, and a row that is missing": Nature(
        rows=200, seed=4, items="half", held_back="rows", held_rows=2, held_at=35, refused="always",
        refusal="page before", refused_page=3, accepts=True,
    ),
    "a page that is always empty while rows are replaced, few rows a page": Nature(
        rows=45, page_size=7, seed=9, links="right", refused="always", refusal="empty", refused_page=6,
        after_end="last page by its number", changes="pairs at once", change_at=3, accepts=True,
    ),
    "always half a page, equal rows": Nature(
        rows=45, page_size=16, seed=19, pages="null", links="right", keys="none and equal",
        refused="always", refusal="partial", refused_page=3, accepts=True,
    ),
    "all rows from one on held back, page 1 in place of page 2, while rows come and go": Nature(
        rows=33, seed=25, pages="flickering", links="right", names_page="no", clamp=33,
        keys="of several types", held_back="all after", held_at=56, refused="at random",
        refusal="page 1", after_end="last page", changes="many", change_at=3,
    ),
    "more rows than are counted, in place of a page that lacks one": Nature(
        page_size=25, seed=41, links="right", sizes="clamped", held_back="rows without a gap", held_at=14,
        refused="at random", refusal="page before", after_end="last page", replicas=2, changes="some",
        change_at=7,
    ),
    "sizes of its own that it does not name, while rows come and go": Nature(
        rows=33, page_size=32, seed=38, names_size="no", sizes="rounded down", held_back="all after",
        held_rows=5, held_at=63, after_end="416", changes="some", change_at=5, accepts=True,
    ),
    "a page that lacks rows, and then the collection becomes shorter": Nature(
        rows=45, page_size=100, seed=12, names_page="no", names_size="as asked",
        held_back="rows without a gap", held_rows=2, held_at=126, after_end="last page",
        changes="deletes at once", change_at=3,
    ),
    "values that are new in every reply, and page 1 after the end": Nature(
        rows=15, page_size=17, seed=55, names_size="no", keys="volatile", after_end="page 1"
    ),
    "the page before instead of the last one, once": Nature(
        rows=64, page_size=50, seed=14, links="right", refused="once", refusal="page before", after_end="400",
        changes="some", change_at=4,
    ),
    "equal rows next to the end of a page": Nature(
        rows=64, page_size=32, seed=31, links="right", keys="none and equal", after_end="400"
    ),
}  # fmt: skip
"""Natures that were once read wrongly, each simplified as far as possible."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_servers_that_were_once_read_wrongly(name: str) -> None:
    """A fault that was mended would come back."""
    for room in (0, 1, 3):
        nature = EXAMPLES[name]
        verdict = read(Nature(**{**nature.__dict__, "room": room}))
        assert verdict.wrong == "", verdict.nature


@cache
def all_natures() -> list[Nature]:
    """The natures of all draws."""
    return [nature_of(seed) for seed in range(CHUNK * CHUNKS)]


def test_every_property_is_drawn_with_every_value() -> None:
    """A property that is lost by mistake would leave its faults untried."""
    for name, values in CHOICES.items():
        assert {getattr(nature, name) for nature in all_natures()} == set(values), name


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.combinations(("items", "held_back", "refused", "keys", "changes"), 2))
)
def test_properties_are_drawn_combined(first: str, second: str) -> None:
    """Faults that take two conditions would never be met."""
    drawn = {(getattr(nature, first), getattr(nature, second)) for nature in all_natures()}
    assert drawn == set(itertools.product(CHOICES[first], CHOICES[second]))


def _nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PageReply, "missing", 0)
    monkeypatch.setattr(MissingRows, "not_emitted", lambda self, distinct=0, repeated=0: 0)


def _every_overlap_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    def joined(left: PageReply, right: PageReply) -> Overlap:
        shared = max(0, left.request.end - right.request.start)
        return Overlap(right.rows[shared:], shared, reaches=True)

    monkeypatch.setattr(overlapping, "overlap_of", joined)


def _every_end_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_gap(pages: OverlappingPages, right: PageReply) -> Iterator[list[Row]]:
        pages._has_ended = True
        yield from ()

    monkeypatch.setattr(OverlappingPages, "_fill_gap", fill_gap)


@pytest.mark.parametrize("take_out", [_nothing_is_missing, _every_overlap_is_proved, _every_end_is_believed])
def test_a_reader_without_one_of_the_three_conditions_is_found(
    take_out: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws that find nothing would prove nothing."""
    take_out(monkeypatch)
    # such a reader asks some servers without end
    monkeypatch.setattr(drawn_server, "MOST_REQUESTS", 1000)
    assert any("COMPLETE" in read(nature_of(seed)).wrong for seed in range(1000))
