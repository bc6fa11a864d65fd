"""A collection API that draws its own nature, and the verdict on what a reader makes of it.

A nature says how the server counts, what it holds back, which requests it refuses, how it ends, which page
sizes it serves, what its keys are like, whether its order holds and what changes while it is read, all
combined. The verdict is one sentence: COMPLETE means that every row that was there during the whole reading
and that the server counts or serves was given out; anything else ends INCOMPLETE with the reason; and it
ends.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import orjson

from simulation.prefetch import InterleavedPrefetch
from source_snow_atlas.components.basics.errors import MalformedReply, ServerError, failed_request
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page, parse_page

CLAIMS = (
    *("right", "absent", "stale", "a moment old", "3 high", "3 low", "half", "double", "zero"),
    *("of the page", "huge", "text", "null", "negative"),
)
CHOICES: dict[str, tuple[Any, ...]] = {
    "rows": (0, 1, 7, 15, 16, 17, 20, 31, 32, 33, 40, 45, 60, 64, 100, 137, 200),
    "page_size": (20, 1, 2, 3, 7, 10, 16, 17, 25, 32, 50, 100),
    "room": (0, 1, 3, 6),
    "seed": tuple(range(64)),
    "items": CLAIMS,
    "pages": CLAIMS,
    "links": ("none", "right", "never end"),
    "names_page": ("yes", "no", "from zero"),
    "names_size": ("yes", "no", "as asked", "rows"),
    "shape": ("envelope", "envelope", "envelope", "array"),
    "sizes": ("as asked", "clamped", "fixed", "rounded down"),
    "clamp": (100, 5, 16, 18, 20, 33),
    "keys": (
        *("unique", "none", "none and equal", "null", "null and equal", "shared", "shared and equal"),
        *("edited", "of two fields"),
    ),
    "held_back": ("nothing", "rows", "rows without a gap", "a page", "all after"),
    "held_rows": (1, 2, 5, 20),
    "held_at": tuple(range(0, 200, 7)),
    "refused": ("nothing", "once", "for ever"),
    "refusal": (
        *("404", "400", "410", "416", "204", "empty", "array", "object"),
        *("page before", "page 1", "partial"),
    ),
    "refused_page": (2, 1, 3, 4, 6),
    "behind": ("empty", "404", "400", "416", "204", "last page", "last page by its number", "null"),
    "order": ("holds", "changes once", "changes always"),
    "changes": (
        *("none", "one", "deletes at once", "inserts at once", "pairs at once", "some", "many"),
        *("inserts", "deletes", "moves"),
    ),
    "change_at": (2, 1, 3, 4, 5, 7, 9),
    "accepts": (False, True),
}
"""The values of each property of a nature; the first one is the plainest."""
USUAL = {
    "items": 0.4,
    "pages": 0.4,
    "links": 0.5,
    "names_page": 0.6,
    "names_size": 0.6,
    "sizes": 0.6,
    "held_back": 0.6,
    "refused": 0.6,
    "order": 0.85,
    "changes": 0.3,
    "keys": 0.4,
    "accepts": 0.5,
}
"""How often the plainest value is drawn, where that is not as often as any other."""
ALLOWED_SIZES = (5, 16, 25, 50, 100)
LAST_CHANGE = 500
"""The request after which nothing changes: a collection that grows as fast as it is read has no end."""
MOST_REQUESTS = 6000


@dataclass(frozen=True)
class Nature:
    """What a drawn server is like."""

    rows: int = 100
    page_size: int = 20
    room: int = 3
    seed: int = 0
    items: str = "right"
    pages: str = "right"
    links: str = "none"
    names_page: str = "yes"
    names_size: str = "yes"
    shape: str = "envelope"
    sizes: str = "as asked"
    clamp: int = 100
    keys: str = "unique"
    held_back: str = "nothing"
    held_rows: int = 1
    held_at: int = 0
    refused: str = "nothing"
    refusal: str = "404"
    refused_page: int = 2
    behind: str = "empty"
    order: str = "holds"
    changes: str = "none"
    change_at: int = 2
    accepts: bool = False

    @classmethod
    def drawn(cls, chance: random.Random) -> Nature:
        """A nature by chance."""
        values = {}
        for one in fields(cls):
            choices = CHOICES[one.name]
            usual = USUAL.get(one.name)
            is_usual = usual is not None and chance.random() < usual
            values[one.name] = choices[0] if is_usual else chance.choice(choices)
        return cls(**values)

    def __str__(self) -> str:
        """What differs from the plainest nature."""
        plain = Nature()
        differences = [
            f"{one.name}={getattr(self, one.name)!r}"
            for one in fields(self)
            if getattr(self, one.name) != getattr(plain, one.name)
        ]
        return f"Nature({', '.join(differences)})"

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key that the reader is told of."""
        if self.keys.startswith("none"):
            return ()
        return ("id", "part") if self.keys == "of two fields" else ("id",)

    @property
    def counts_rows(self) -> bool:
        """Whether its replies say how many rows there are, held back or not."""
        return self.items == "right" and self.shape == "envelope"

    @property
    def counts_anything(self) -> bool:
        """Whether something in its replies counts rows or pages, or links them, and is right."""
        right = ("right", "a moment old")
        return self.shape == "envelope" and (
            self.items in right or self.pages in right or self.links == "right"
        )

    @property
    def counts_nothing(self) -> bool:
        """Whether nothing in its replies tells the end from a page that is not served."""
        return not self.counts_anything or (self.items, self.pages, self.links) == (
            "absent",
            "absent",
            "none",
        )

    @property
    def is_honest(self) -> bool:
        """Whether nothing is wrong with it: a reader that fails on it is of no use."""
        return (
            self.items in ("right", "a moment old")
            and self.pages in ("right", "absent", "null", "text")
            and self.links != "never end"
            and self.names_size in ("yes", "no")
            and self.shape == "envelope"
            and self.sizes in ("as asked", "clamped")
            and self.held_back == "nothing"
            and (self.refused == "nothing" or (self.refused == "once" and self.refused_page > 1))
            and self.order == "holds"
            and self.behind != "null"
            and not (self.keys.endswith("equal") and self.size < 16)
            and not (self.behind.startswith("last") and self.size < 16)
        )

    @property
    def size(self) -> int:
        """The rows of a page of the size asked for, unless it is fixed."""
        return min(self.page_size, self.clamp) if self.sizes == "clamped" else self.page_size

    @property
    def begins_with_another_shape(self) -> bool:
        """Whether its first page comes as what it is not, which is all that is known where nothing follows
        it.
        """
        return self.refused != "nothing" and self.refusal in ("object", "array") and self.refused_page == 1

    @property
    def is_exact(self) -> bool:
        """Whether the rows that it counts and does not serve can be counted exactly."""
        return (
            self.is_still
            and self.refused == "nothing"
            and self.pages == "right"
            and not self.keys.endswith("equal")
            and not self.behind.startswith("last")
            and (self.sizes == "as asked" or self.names_size == "yes")
        )

    @property
    def is_steady(self) -> bool:
        """Whether changes are few, and its pages large enough to overlap."""
        return self.changes in ("none", "one", "some") and self.keys == "unique" and self.size >= 16

    @property
    def is_still(self) -> bool:
        """Whether nothing changes while it is read."""
        return self.changes == "none" and self.keys != "edited"


@dataclass
class Entry:
    """A row of the collection, which keeps its number whatever happens to it."""

    number: int
    row: dict[str, Any]
    is_held_back: bool = False
    has_moved: bool = False


class DrawnServer:
    """Serves a collection of a nature. `fetch` is what the reader is given."""

    def __init__(self, nature: Nature) -> None:
        self.nature = nature
        self._random = random.Random(nature.seed)
        self.requests = 0
        self._refused = 0
        self._next = nature.rows
        self.entries = [self._entry(number) for number in range(nature.rows)]
        self._initial = {entry.number for entry in self.entries}
        self._counts = [len(self.entries)]
        self._hold_back()

    def _entry(self, number: int) -> Entry:
        keys = self.nature.keys
        row: dict[str, Any] = {"id": f"k{number}", "n": number}
        if keys in ("none and equal", "null and equal", "shared and equal"):
            del row["n"]
            row["id"] = f"k{number % 4 if self._random.random() < 0.5 else number}"
        if keys == "shared":
            row["id"] = f"k{number // 3 if number % 5 else number % 7}"
        if keys in ("null", "null and equal") and self._random.random() < 0.5:
            row["id"] = None
        if keys == "of two fields":
            row = {"id": f"k{number // 2}", "part": number % 2 if number % 9 else None, "n": number}
        return Entry(number, row)

    def _hold_back(self) -> None:
        nature, count = self.nature, len(self.entries)
        if not count or nature.held_back == "nothing":
            return
        start = nature.held_at % count
        if nature.held_back in ("rows", "rows without a gap"):
            held = {(start + 13 * number) % count for number in range(nature.held_rows)}
        elif nature.held_back == "a page":
            start = min(start, max(0, count - 1)) // nature.page_size * nature.page_size
            held = set(range(start, min(count, start + nature.page_size)))
        else:
            held = set(range(start, count))
        for place in held:
            self.entries[place].is_held_back = True

    # what the judge asks

    def required(self) -> Counter[Any]:
        """The rows that a COMPLETE reading must have given out, by what tells them apart."""
        entries = self.entries
        if self.nature.held_back != "nothing" and not self.nature.counts_anything:
            if self.nature.order != "holds":
                return Counter()
            # a page that is not full is the end where nothing counts: what lies behind can't be known
            first = next((place for place, entry in enumerate(entries) if entry.is_held_back), len(entries))
            entries = entries[: max(0, first - 2 * self.nature.page_size)]
        return Counter(
            label(entry.row)
            for entry in entries
            if entry.number in self._initial and not entry.has_moved and not entry.is_held_back
        )

    def held_back(self) -> int:
        """How many rows that were there all the time are counted and not served."""
        return sum(entry.is_held_back and entry.number in self._initial for entry in self.entries)

    # what the reader asks

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
        """The reply to one request. Raises what the connector's client raises."""
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise AssertionError(f"more than {MOST_REQUESTS} requests")
        self._change()
        body = self._body(number, size)
        if body is None:
            return None
        if isinstance(body, int):
            raise failed_request("rows", "/rows", body, b"", None)
        try:
            return parse_page(orjson.dumps(body), "items", {"id"}, numbers)
        except MalformedReply as error:
            raise ServerError(f"GET /rows: {error}") from None

    def _change(self) -> None:
        nature, chance = self.nature, self._random
        self._counts.append(len(self.entries))
        if self.requests == 1 or self.requests > LAST_CHANGE:
            return
        if nature.keys == "edited" and self.entries and chance.random() < 0.5:
            entry = chance.choice(self.entries)
            entry.row = {**entry.row, "version": self.requests}
        is_moment = self.requests == nature.change_at + 1
        if nature.changes in ("one", "deletes at once", "inserts at once", "pairs at once"):
            if not is_moment:
                return
            count = 1 if nature.changes == "one" else chance.choice((2, 5, 12, 30, 70))
            for _ in range(count):
                if nature.changes != "inserts at once" and (nature.changes != "one" or chance.random() < 0.5):
                    self._delete()
                if nature.changes in ("inserts at once", "pairs at once"):
                    self._insert()
        elif nature.changes == "moves":
            if self.entries and chance.random() < 0.3:
                entry = self.entries.pop(chance.randrange(len(self.entries)))
                entry.has_moved = True
                self.entries.insert(chance.randint(0, len(self.entries)), entry)
        elif nature.changes != "none":
            rate = {"some": 0.15, "many": 1.5}.get(nature.changes, 0.5)
            for _ in range(int(rate) + (chance.random() < rate % 1)):
                if nature.changes != "deletes" and (nature.changes == "inserts" or chance.random() < 0.5):
                    self._insert()
                else:
                    self._delete()

    def _delete(self) -> None:
        if self.entries:
            self.entries.pop(self._random.randrange(len(self.entries)))

    def _insert(self) -> None:
        self.entries.insert(self._random.randint(0, len(self.entries)), self._entry(self._next))
        self._next += 1

    def _size(self, asked: int) -> int:
        nature = self.nature
        if nature.sizes == "clamped":
            return min(asked, nature.clamp)
        if nature.sizes == "fixed":
            return nature.clamp
        if nature.sizes == "rounded down":
            return max((size for size in ALLOWED_SIZES if size <= asked), default=ALLOWED_SIZES[0])
        return asked

    def _ordered(self) -> list[Entry]:
        order, seed = self.nature.order, self.nature.seed * 7919
        if order == "changes always" or (order == "changes once" and self.requests > self.nature.change_at):
            seed += self.requests if order == "changes always" else 1
            return sorted(self.entries, key=lambda entry: random.Random(seed + 1009 * entry.number).random())
        return self.entries

    def _body(self, number: int, asked: int) -> Any:
        nature = self.nature
        size = self._size(asked)
        slots = self._ordered()
        if nature.held_back in ("rows without a gap", "all after"):
            slots = [entry for entry in slots if not entry.is_held_back]
        last = max(1, -(-len(slots) // size))
        served = number
        if number > last:
            if nature.behind in ("404", "400", "416"):
                return int(nature.behind)
            if nature.behind == "204":
                return None
            if nature.behind == "null":
                return {"items": None}
            if nature.behind != "empty":
                served = last
        named = served if nature.behind == "last page by its number" else number
        is_refused = (
            nature.refused != "nothing"
            and nature.refused_page == number
            and (nature.refused == "for ever" or self._refused == 0)
        )
        self._refused += is_refused
        if is_refused:
            if nature.refusal in ("404", "400", "410", "416"):
                return int(nature.refusal)
            if nature.refusal == "204":
                return None
            if nature.refusal == "object":
                return {"id": "k1"}
            if nature.refusal in ("page before", "page 1"):
                served = max(1, number - 1) if nature.refusal == "page before" else 1
        entries = [entry for entry in slots[(served - 1) * size : served * size] if not entry.is_held_back]
        rows = [entry.row for entry in entries]
        if is_refused:
            if nature.refusal == "empty":
                rows = []
            if nature.refusal == "partial":
                rows = rows[: len(rows) // 2]
            if nature.refusal == "array":
                return rows if nature.shape == "envelope" else {"items": rows}
        if nature.shape == "array":
            return rows
        pagination: dict[str, Any] = {}
        if nature.names_page != "no":
            pagination["page_number"] = named - (nature.names_page == "from zero")
        if nature.names_size != "no":
            pagination["page_size"] = {"yes": size, "as asked": asked, "rows": len(rows)}[nature.names_size]
        self._claim(pagination, "total_items", nature.items, lambda count: count, len(rows))
        self._claim(pagination, "total_pages", nature.pages, lambda count: max(1, -(-count // size)), named)
        body: dict[str, Any] = {"items": rows, "pagination": pagination}
        if nature.links == "never end" or (
            nature.links == "right" and number < -(-len(self.entries) // size)
        ):
            body["_links"] = [{"rel": "next", "href": f"/rows?page_number={number + 1}"}]
        return body

    def _claim(
        self, pagination: dict[str, Any], name: str, claim: str, of: Callable[[int], int], of_the_page: int
    ) -> None:
        if claim == "absent":
            return
        right = of(len(self.entries))
        pagination[name] = {
            "right": right,
            "stale": of(self._counts[0]),
            "a moment old": of(self._counts[-1]),
            "3 high": right + 3,
            "3 low": max(0, right - 3),
            "half": right // 2,
            "double": right * 2,
            "zero": 0,
            "of the page": of_the_page,
            "huge": 10**12,
            "text": "many",
            "null": None,
            "negative": -1,
        }[claim]


@dataclass
class Verdict:
    """What a reading came to: `wrong` says what the promise forbids; empty where nothing is wrong."""

    nature: Nature
    error: str
    requests: int
    missing: int | None = None
    wrong: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the reading ended without an error."""
        return not self.error


def label(row: dict[str, Any]) -> Any:
    """What tells a row from others in the eyes of whoever asked for it, other values of it apart."""
    return row["n"] if "n" in row else row["id"]


def read(nature: Nature) -> Verdict:
    """Read the collection of a drawn server once, and judge the reading."""
    server = DrawnServer(nature)
    missing: list[int] = []
    warnings: list[str] = []
    reader = CollectionReader(
        "Stream rows",
        server.fetch,
        nature.page_size,
        nature.key,
        prefetch=InterleavedPrefetch(nature.room, nature.seed),
        accepts_missing=nature.accepts,
        on_missing=missing.append,
        warn=lambda kind, message: warnings.append(kind),
    )
    given: Counter[Any] = Counter()
    error = ""
    try:
        for batch in reader.rows():
            given.update(map(label, batch))
            for row in batch:
                row["added"] = True
    except AssertionError as failure:
        return Verdict(nature, str(failure), server.requests, wrong=str(failure))
    except ServerError as failure:
        error = failure.message or "no message"
    except Exception as failure:
        if not hasattr(failure, "failure_type"):
            return Verdict(nature, repr(failure), server.requests, wrong=f"not an error of ours: {failure!r}")
        error = str(failure)
    verdict = Verdict(nature, error, server.requests, missing[0] if missing else None, warnings=warnings)
    verdict.wrong = _wrong(verdict, server, given)
    return verdict


def _wrong(verdict: Verdict, server: DrawnServer, given: Counter[Any]) -> str:
    nature, held = verdict.nature, server.held_back()
    is_still = nature.is_honest and nature.is_still
    if not verdict.is_complete:
        if is_still:
            return f"INCOMPLETE, although nothing is wrong: {verdict.error}"
        if nature.is_honest and nature.is_steady:
            return f"INCOMPLETE for a few changes: {verdict.error}"
        return ""
    lost = server.required() - given
    if lost and not _can_not_be_known(verdict, sum(lost.values())):
        return f"COMPLETE without {sum(lost.values())} rows: {list(lost)[:5]}"
    if not nature.begins_with_another_shape and nature.counts_rows and nature.order == "holds":
        if held and not verdict.missing:
            return f"COMPLETE although {held} rows are counted and not served"
        if nature.is_exact and (verdict.missing or 0) != held:
            return f"{verdict.missing} rows are said to be missing, but {held} are"
    if is_still and nature.refused == "nothing" and given != server.required():
        return f"rows came twice: {list(given - server.required())[:5]}"
    return ""


def _can_not_be_known(verdict: Verdict, lost: int) -> bool:
    """Whether nothing in the replies tells of the rows that were lost, or the loss was accepted and
    counted.
    """
    nature = verdict.nature
    if nature.accepts and lost <= (verdict.missing or 0):
        return True
    if nature.begins_with_another_shape:
        return True
    lacks_rows = nature.refused != "nothing" and nature.refusal in ("empty", "partial")
    names_sizes_wrongly = nature.sizes != "as asked" and nature.names_size != "yes"
    if nature.counts_nothing:
        return lacks_rows or names_sizes_wrongly or "end" in verdict.warnings
    if nature.items == "right":
        return False
    # pages are counted, if anything: how many rows the last one should have is not known, and neither is
    # whether
    # an empty first page is one; nor is a page size that the reply names wrongly
    size = nature.clamp if nature.sizes == "fixed" else nature.page_size
    has_few_rows = nature.refusal == "partial" or nature.rows <= size
    return (lacks_rows and has_few_rows) or names_sizes_wrongly
