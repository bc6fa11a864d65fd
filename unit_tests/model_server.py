"""A collection API as paging sees it, in memory: clamps, totals, links, and rows that come and go between two requests.

Churn is measured with it too: `read_under_churn` says how many rows a reader lost that were there all the time.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.pages import NoPrefetch, Prefetch
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page, Row, parse_page


@dataclass
class ModelServer:
    """Serves `rows` in pages. `totals`: "both", "pages" (total_pages alone), "items" (total_items alone), "none" (neither),
    "absent" (no pagination object)."""

    rows: list[Row]
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
                return orjson.dumps({"items": self.rows})
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
        options.setdefault("clock", count().__next__)
        return CollectionReader("Stream rows", self.fetch, page_size, key, **options)


class InterleavedPrefetch:
    """Pages fetched ahead without threads, in an order that a seed decides: what threads do, but the same every time."""

    def __init__(self, room: int, seed: int) -> None:
        self._room = room
        self._random = random.Random(seed)
        self._pending: deque[tuple[Future[Page], Callable[[], Page]]] = deque()

    def try_submit(self, task: Callable[[], Page]) -> Future[Page] | None:
        """Keep the task for when a result is wanted, if there is room."""
        if self._room == 0:
            return None
        self._room -= 1
        future = _LazyFuture(self._run_until)
        self._pending.append((future, task))
        return future

    def done(self) -> None:
        """There is room for another."""
        self._room += 1

    def _run_until(self, wanted: Future[Page]) -> None:
        while not wanted.done():
            self._pending.rotate(self._random.randrange(len(self._pending)))
            future, task = self._pending.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(task())
            except Exception as error:
                future.set_exception(error)


class _LazyFuture(Future[Page]):
    def __init__(self, run_until: Callable[[Future[Page]], None]) -> None:
        super().__init__()
        self._run_until = run_until

    def result(self, timeout: float | None = None) -> Page:
        self._run_until(self)
        return super().result(timeout)


class PoolPrefetch:
    """Pages fetched ahead by real threads."""

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads)
        self._room = threading.BoundedSemaphore(threads + 2)

    def __enter__(self) -> PoolPrefetch:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=True)

    def try_submit(self, task: Callable[[], Page]) -> Future[Page] | None:
        """Start the task, if there is room."""
        return self._executor.submit(task) if self._room.acquire(blocking=False) else None

    def done(self) -> None:
        """There is room for another. More `done` than tasks is an error of the caller."""
        self._room.release()


class Churn:
    """Inserts and deletes rows at random places before requests; remembers which rows were there from beginning to end.

    `inserts` and `deletes` are the mean numbers of either per request; `last_request` ends the churn.
    """

    def __init__(self, seed: int, inserts: float, deletes: float, last_request: int | None = None) -> None:
        self._random = random.Random(seed)
        self._inserts = inserts
        self._deletes = deletes
        self._last_request = last_request
        self._next_id = 1_000_000
        self.changes = 0
        self.deleted: set[int] = set()

    def __call__(self, server: ModelServer) -> None:
        """Change the rows, before any request but the first."""
        request = len(server.requests) + 1
        if request == 1 or (self._last_request is not None and request > self._last_request):
            return
        for _ in range(self._count(self._inserts)):
            server.rows.insert(self._random.randint(0, len(server.rows)), {"id": self._next_id})
            self._next_id += 1
            self.changes += 1
        for _ in range(min(self._count(self._deletes), len(server.rows))):
            row = server.rows.pop(self._random.randrange(len(server.rows)))
            self.deleted.add(row["id"])
            self.changes += 1

    def _count(self, mean: float) -> int:
        whole = int(mean)
        return whole + (self._random.random() < mean - whole)


@dataclass(frozen=True)
class ChurnOutcome:
    """What one read under churn came to. `stable` counts the rows that were there from the first request to the last."""

    stable: int
    lost: int
    repeated: int
    requests: int
    changes: int
    failed: bool


def serial_rows(server: ModelServer, page_size: int) -> Iterator[list[Row]]:
    """The plain reader: page after page until one is short."""
    number = 1
    while True:
        page = server.fetch(number, page_size)
        yield page.rows
        if len(page.rows) < (page.size or page_size):
            return
        number += 1


def read_under_churn(
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
) -> ChurnOutcome:
    """Read a changing collection once: with the connector's reader, or with the plain serial one."""
    churn = Churn(seed, inserts, deletes, last_request)
    server = ModelServer([{"id": number} for number in range(rows)], totals=totals, before_request=churn)
    prefetch: Prefetch = InterleavedPrefetch(parallel, seed) if parallel else NoPrefetch()
    batches = serial_rows(server, page_size) if plain else server.reader(page_size, prefetch=prefetch).rows()
    emitted: list[int] = []
    failed = False
    try:
        for batch in batches:
            emitted += [row["id"] for row in batch]
    except ServerError:
        failed = True
    stable = set(range(rows)) - churn.deleted
    return ChurnOutcome(
        stable=len(stable),
        lost=len(stable - set(emitted)),
        repeated=len(emitted) - len(set(emitted)),
        requests=len(server.requests),
        changes=churn.changes,
        failed=failed,
    )


@dataclass(frozen=True)
class ChurnSummary:
    """Many reads under churn: in how many of them rows were lost without an error, and how many rows."""

    reads: int
    reads_with_silent_loss: int
    reads_failed: int
    rows_lost_silently: int
    rows_repeated: int
    stable_rows: int
    requests: int


def measure_churn(seeds: Sequence[int], **options: Any) -> ChurnSummary:
    """Read once per seed; `options` are those of `read_under_churn`."""
    outcomes = [read_under_churn(seed, **options) for seed in seeds]
    silent = [outcome for outcome in outcomes if outcome.lost and not outcome.failed]
    return ChurnSummary(
        reads=len(outcomes),
        reads_with_silent_loss=len(silent),
        reads_failed=sum(outcome.failed for outcome in outcomes),
        rows_lost_silently=sum(outcome.lost for outcome in silent),
        rows_repeated=sum(outcome.repeated for outcome in outcomes),
        stable_rows=sum(outcome.stable for outcome in outcomes),
        requests=sum(outcome.requests for outcome in outcomes),
    )
