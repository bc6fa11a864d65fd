"""A collection API as paging sees it, in memory: clamps, totals, links, and rows that come and go between two
requests.

`measure_by_request` says how many rows a reader lost that were there all the time: the connector's reader, or
a plain one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.pages import NoPrefetch, Prefetch
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page, Row, parse_page
from unit_tests.simulation.changes import ChangesByRequest, ChangingRows
from unit_tests.simulation.outcome import Outcome, Summary
from unit_tests.simulation.prefetch import InterleavedPrefetch


@dataclass
class ModelServer:
    """Serves `rows` in pages. `totals`: "both", "pages" (total_pages alone), "items" (total_items alone),
    "none" (neither), "absent" (no pagination object).
    """

    rows: list[Row] | ChangingRows
    clamp: int = 1000
    totals: str = "both"
    links: bool = False
    paged: bool = True
    """False: page parameters are unknown to it; every request gets all rows."""
    before_request: Callable[[ModelServer], None] = lambda server: None
    requests: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def body(self, number: int, size: int) -> bytes:
        """The reply to one request."""
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
        """The reply as the connector reads it."""
        return parse_page(self.body(number, size), "items", {"id"}, numbers)

    def reader(self, page_size: int, key: Sequence[str] = ("id",), **options: Any) -> CollectionReader:
        """The connector's reader on this server."""
        return CollectionReader("Stream rows", self.fetch, page_size, key, **options)


def serial_rows(server: ModelServer, page_size: int) -> Iterator[Sequence[Row]]:
    """The plain reader: page after page until one is short."""
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
    """Read a collection once that changes with each request: with the connector's reader, or with the plain
    serial one.
    """
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
    given = set(emitted)
    return Outcome(
        stable=changing.stable,
        lost=changing.lost(given),
        repeated=len(emitted) - len(given),
        requests=len(server.requests),
        changes=changing.changes,
        failed=failed,
    )


def measure_by_request(seeds: Sequence[int], **options: Any) -> Summary:
    """Read once per seed; `options` are those of `read_by_request`."""
    return Summary.of(read_by_request(seed, **options) for seed in seeds)
