"""Paginated API in memory, with maximum page sizes, totals, links and changes between requests.

`measure_by_request` counts the stable rows that the connector's reader or a serial one lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.collection.prefetch import NoPrefetch, Prefetch
from source_snow_atlas.components.request.reply import Page, Row, parse_page
from unit_tests.simulation.changes import ChangesByRequest, ChangingRows
from unit_tests.simulation.outcome import Outcome, Summary
from unit_tests.simulation.prefetch import InterleavedPrefetch


@dataclass
class ModelServer:
    """Server of `rows` in pages.

    `totals` are "both", "pages" (only total_pages), "items" (only total_items), "none" (neither) or "absent"
    (no pagination object).
    """

    rows: list[Row] | ChangingRows
    clamp: int = 1000
    totals: str = "both"
    links: bool = False
    paged: bool = True
    """Whether page parameters are supported. If not, every reply has all rows."""
    before_request: Callable[[ModelServer], None] = lambda server: None
    requests: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def body(self, number: int, size: int) -> bytes:
        """Return the body of the reply to a request."""
        with self._lock:
            self.before_request(self)
            self.requests.append((number, size))
            if not self.paged:
                return orjson.dumps({"items": self.rows[:]})
            size = min(size, self.clamp)
            pages = -(-len(self.rows) // size)
            document: dict[str, Any] = {"items": self.rows[(number - 1) * size : number * size]}
            if self.totals != "absent":
                document["pagination"] = {"page_number": number, "page_size": size}
                if self.totals in ("both", "pages"):
                    document["pagination"]["total_pages"] = pages
                if self.totals in ("both", "items"):
                    document["pagination"]["total_items"] = len(self.rows)
            if self.links:
                document["_links"] = [{"rel": "first", "href": "/?page_number=1"}]
                if number < pages:
                    document["_links"].append({"rel": "next", "href": f"/?page_number={number + 1}"})
            return orjson.dumps(document)

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None = None) -> Page:
        """Return the page that the connector parses from the reply."""
        return parse_page(self.body(number, size), "items", {"id"}, numbers)

    def reader(self, page_size: int, key: tuple[str, ...] = ("id",), **options: Any) -> CollectionReader:
        """Return the connector's reader of this server."""
        return CollectionReader("Stream rows", self.fetch, page_size, key, **options)


def serial_rows(server: ModelServer, page_size: int) -> Iterator[Sequence[Row]]:
    """Yield the rows of one page after the other, until a page is short."""
    number = 1
    while True:
        page = server.fetch(number, page_size)
        yield page.rows
        if len(page.rows) < (page.size or page_size):
            return
        number += 1


def read_by_request(
    seed: int,
    *,
    plain: bool = False,
    rows: int = 1000,
    page_size: int = 50,
    inserts: float = 0.5,
    deletes: float = 0.5,
    parallel: int = 0,
    totals: str = "both",
    last_request: int | None = None,
) -> Outcome:
    """Read a collection that changes with each request, with the connector's reader or a serial one."""
    changing = ChangingRows(rows)
    changes = ChangesByRequest(changing, seed, inserts, deletes, last_request)
    server = ModelServer(
        changing, totals=totals, before_request=lambda server: changes.before(len(server.requests) + 1)
    )
    prefetch: Prefetch = InterleavedPrefetch(parallel, seed) if parallel else NoPrefetch()
    batches = serial_rows(server, page_size) if plain else server.reader(page_size, prefetch=prefetch).rows()
    emitted: list[int] = []
    failed = False
    try:
        for batch in batches:
            emitted += [row["id"] for row in batch]
    except ServerError:
        failed = True
    distinct = set(emitted)
    return Outcome(
        stable=changing.stable,
        lost=changing.lost(distinct),
        repeated=len(emitted) - len(distinct),
        requests=len(server.requests),
        changes=changing.changes,
        failed=failed,
    )


def measure_by_request(seeds: Sequence[int], **options: Any) -> Summary:
    """Read once per seed, with options of `read_by_request`."""
    return Summary.of(read_by_request(seed, **options) for seed in seeds)
