"""Replies that contradict themselves, in every combination: no row is lost without a word, and nothing runs
for ever.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from simulation.prefetch import InterleavedPrefetch
from source_snow_atlas.components.basics.errors import MalformedReply, SnowAtlasError, failed_request
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page, parse_page

pytestmark = pytest.mark.spread
PAGE_SIZE = 20
CLAIMS = (
    "absent",
    "right",
    "zero",
    "of the page",
    "too small",
    "half",
    "too large",
    "huge",
    "text",
    "null",
    "negative",
)
LINKS = ("none", "right", "never ends")
ECHOES = ("echoed", "absent", "from zero")
LAST_PAGES = {"short": 45, "full": 40, "one full page": 20, "one short page": 7}
BEHIND = ("empty", "404", "400", "last page again", "last page again by its number")
REQUESTS = 60
"""More than any case needs: three pages, each read twice, a few looks and a few pages behind the end."""


@dataclass
class LyingServer:
    """Serves `rows` rows in pages and says of them what it is told to."""

    rows: int
    items: str
    pages: str
    links: str
    echo: str
    behind: str
    requests: list[tuple[int, int]] = field(default_factory=list)

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None) -> Page:
        """The reply as the connector reads it. Raises what its client raises for a refusal."""
        self.requests.append((number, size))
        if len(self.requests) > REQUESTS:
            raise AssertionError(f"more than {REQUESTS} requests: {self.requests}")
        last = max(1, -(-self.rows // size))
        served = number
        if number > last:
            if self.behind in ("404", "400"):
                raise failed_request("rows", "/rows", int(self.behind), b"", None)
            if self.behind != "empty":
                served = last
        rows = [{"id": row} for row in range((served - 1) * size, min(served * size, self.rows))]
        named = served if self.behind == "last page again by its number" else number
        pagination: dict[str, Any] = {"page_size": size}
        if self.echo != "absent":
            pagination["page_number"] = named - (self.echo == "from zero")
        self._claim(pagination, "total_items", self.items, self.rows, len(rows))
        self._claim(pagination, "total_pages", self.pages, last, named)
        document: dict[str, Any] = {"items": rows, "pagination": pagination}
        if self.links == "never ends" or (self.links == "right" and number < last):
            document["_links"] = [{"rel": "next", "href": f"/rows?page_number={number + 1}"}]
        return parse_page(orjson.dumps(document), "items", {"id"}, numbers)

    @staticmethod
    def _claim(pagination: dict[str, Any], name: str, claim: str, right: int, of_the_page: int) -> None:
        if claim != "absent":
            pagination[name] = {
                "right": right,
                "zero": 0,
                "of the page": of_the_page,
                "too small": max(0, right - 1),
                "half": right // 2,
                "too large": right + 3,
                "huge": 10**12,
                "text": "many",
                "null": None,
                "negative": -1,
            }[claim]


def cases() -> Iterator[tuple[str, str, str, str, str, str]]:
    """Every combination."""
    return itertools.product(CLAIMS, CLAIMS, LINKS, ECHOES, LAST_PAGES, BEHIND)


def read(server: LyingServer, key: tuple[str, ...], room: int) -> tuple[Counter[int], Exception | None]:
    """The rows given out, and the error that the stream ended with."""
    reader = CollectionReader(
        "Stream rows",
        server.fetch,
        PAGE_SIZE,
        key,
        prefetch=InterleavedPrefetch(room, 1),
        warn=lambda kind, message: None,
        clock=itertools.count().__next__,
    )
    given: Counter[int] = Counter()
    try:
        for batch in reader.rows():
            given.update(row["id"] for row in batch)
    except (SnowAtlasError, MalformedReply) as error:
        return given, error
    return given, None


def test_the_matrix_is_as_large_as_the_page_says() -> None:
    """A dimension that is lost by mistake would leave its contradictions untried."""
    size = f"{2 * sum(1 for _ in cases()):,} readings"
    assert size == "43,560 readings"
    assert size in (Path(__file__).parent.parent / "docs" / "behavior.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("items", CLAIMS)
@pytest.mark.parametrize("last_page", LAST_PAGES)
@pytest.mark.parametrize("key", [("id",), ()], ids=["keyed", "keyless"])
def test_no_combination_loses_rows_without_a_word(items: str, last_page: str, key: tuple[str, ...]) -> None:
    """A stream would end COMPLETE with half its rows, because the API counts wrongly, or would never end."""
    rows = LAST_PAGES[last_page]
    failed = 0
    for pages, links, echo, behind in itertools.product(CLAIMS, LINKS, ECHOES, BEHIND):
        server = LyingServer(rows, items, pages, links, echo, behind)
        given, error = read(server, key, room=6)
        case = (items, pages, links, echo, behind, last_page)
        assert error is not None or set(given) == set(range(rows)), case
        assert max(given.values()) == 1, case
        # a page that names itself another one is a cache's mistake as likely as the end
        names_another = behind == "last page again by its number" and pages in ("too large", "huge")
        failed += error is not None and not names_another
    # an error is right where the API counts rows that it does not serve, and nowhere else
    assert failed == 0 or items in ("too large", "huge"), (items, last_page, failed)
