"""Server of a randomly drawn nature."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from source_snow_atlas.components.basics.errors import MalformedReply, ServerError, failed_request
from source_snow_atlas.components.request.reply import Page, parse_page
from unit_tests.simulation.nature import Nature

LAST_CHANGE = 500
"""Request after which nothing changes, as a collection that grows as fast as it is read has no end."""
MOST_REQUESTS = 15000


@dataclass
class Entry:
    """Row of the collection with a number that never changes."""

    number: int
    row: dict[str, Any]
    is_held_back: bool = False
    has_moved: bool = False


class DrawnServer:
    """Server of a collection with a nature. Readers call `fetch`."""

    def __init__(self, nature: Nature) -> None:
        self.nature = nature
        self._random = random.Random(nature.seed)
        self.requests = 0
        self._refused = 0
        self.counted: int | None = None
        """The number of rows in the newest reply that counts them."""
        self._next = nature.rows
        self.entries = [self._entry(number) for number in range(nature.rows)]
        self._initial = {entry.number for entry in self.entries}
        self._hold_back()
        self._states = [self.entries]

    def _entry(self, number: int) -> Entry:
        keys = self.nature.keys
        row: dict[str, Any] = {"id": f"k{number}", "n": number}
        if keys in ("none and equal", "null and equal", "shared and equal"):
            del row["n"]
            row["id"] = f"k{number % 4 if self._random.random() < 0.5 else number}"
        if keys == "none in threes":
            row = {"id": f"k{number // 3}"}
        if keys == "of several types":
            row["id"] = (number, str(number), float(number), bool(number % 2))[number % 4]
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
        for offset in held:
            self.entries[offset].is_held_back = True

    # for the verdict

    def required(self) -> Counter[Any]:
        """Return the labels of the rows that a COMPLETE read must emit."""
        entries = self.entries
        if self.nature.held_back != "nothing" and not self.nature.counts_anything:
            if self.nature.order != "holds":
                return Counter()
            # without a total, a page that is not full is the end: rows after it can't be known
            first = next((offset for offset, entry in enumerate(entries) if entry.is_held_back), len(entries))
            entries = entries[: max(0, first - 2 * self.nature.page_size)]
        return Counter(
            label(entry.row)
            for entry in entries
            if entry.number in self._initial and not entry.has_moved and not entry.is_held_back
        )

    def held_back(self) -> int:
        """Return the number of initial rows that are counted but not served."""
        return sum(entry.is_held_back and entry.number in self._initial for entry in self.entries)

    # for the reader

    def fetch(self, number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
        """Return the reply to a request. Raises the errors of the connector's client."""
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise AssertionError(f"more than {MOST_REQUESTS} requests")
        self.entries = list(self.entries)
        self._change()
        self._states.append(self.entries)
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
        if self.requests == 1 or self.requests > LAST_CHANGE:
            return
        if nature.keys == "edited" and self.entries and chance.random() < 0.5:
            entry = chance.choice(self.entries)
            entry.row = {**entry.row, "version": self.requests}
        is_due = self.requests == nature.change_at + 1
        if nature.changes in ("one", "deletes at once", "inserts at once", "pairs at once"):
            if not is_due:
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

    def _ordered(self, entries: list[Entry]) -> list[Entry]:
        order, seed = self.nature.order, self.nature.seed * 7919
        if order == "ties":
            ties = (2, 3, 5, 12)[self.nature.seed % 4]
            return [
                entry
                for group in (entries[start : start + ties] for start in range(0, len(entries), ties))
                for entry in self._random.sample(group, len(group))
            ]
        if order == "changes always" or (order == "changes once" and self.requests > self.nature.change_at):
            seed += self.requests if order == "changes always" else 1
            chance = random.Random(seed)
            order_by = [chance.random() for _ in range(self._next)]
            return sorted(entries, key=lambda entry: order_by[entry.number])
        return entries

    def _body(self, number: int, asked: int) -> Any:
        nature = self.nature
        if nature.parameters != "declared" and number == 1:
            asked = nature.default_size
        elif nature.parameters == "refused" or nature.refuses(asked):
            return 400
        size = nature.size_of(asked) if nature.follows != "nothing" else nature.page_size
        if nature.follows != "page number":
            number = 1
        # the second replica lags by some requests
        late = nature.replicas > 1 and self._random.random() < 0.5
        held = self._states[max(0, len(self._states) - 4)] if late else self.entries
        slots = self._ordered(held)
        if nature.held_back in ("rows without a gap", "all after"):
            slots = [entry for entry in slots if not entry.is_held_back]
        if nature.is_whole:
            number, size = 1, max(1, len(slots))
        last = max(1, -(-len(slots) // size))
        served = number
        if number > last:
            if nature.after_end in ("404", "400", "416"):
                return int(nature.after_end)
            if nature.after_end == "204":
                return None
            if nature.after_end == "null":
                return {"items": None}
            if nature.after_end != "empty":
                served = last if nature.after_end != "page 1" else 1
        named = served if nature.after_end == "last page by its number" else number
        is_refused = (
            nature.refused != "nothing"
            and (
                nature.refused_page == number
                if nature.refused != "at random"
                else self._random.random() < 0.1
            )
            and (nature.refused != "once" or self._refused == 0)
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
        begin = (served - 1) * size
        if begin:
            begin += {"in place": 0, "one early": -1, "one late": 1}[nature.begins]
        entries = [entry for entry in slots[begin : begin + size] if not entry.is_held_back]
        rows = [entry.row for entry in entries]
        if nature.keys == "volatile":
            rows = [{**row, "served": self.requests} for row in rows]
        if rows and (nature.drops != "a row of full pages" or len(rows) == size):
            if nature.drops in ("the last row of a page", "a row of full pages"):
                rows = rows[:-1]
            if nature.drops == "a row at random" and self._random.random() < 0.2:
                rows.pop(self._random.randrange(len(rows)))
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
        states = self._states
        counts = (len(states[0]), len(states[-2]), len(held))
        claims = partial(self._claim, pagination, counts, number)
        claims("total_items", nature.items, lambda count: count, len(rows))
        claims("total_pages", nature.pages, lambda count: max(1, -(-count // size)), named)
        body: dict[str, Any] = {"items": rows, "pagination": pagination}
        if nature.links == "never end" or (nature.links == "right" and number < -(-len(held) // size)):
            body["_links"] = [{"rel": "next", "href": f"/rows?page_number={number + 1}"}]
        return body

    def _claim(
        self,
        pagination: dict[str, Any],
        counts: tuple[int, int, int],
        number: int,
        name: str,
        claim: str,
        of: Callable[[int], int],
        of_the_page: int,
    ) -> None:
        if claim in ("absent", "on page 1" if number > 1 else "after page 1"):
            return
        right = of(counts[-1])
        count = {
            "right": right,
            "stale": of(counts[0]),
            "one request old": of(counts[1]),
            "flickering": max(0, right + self._random.choice((-2, 0, 0, 2))),
            "on page 1": right,
            "after page 1": right,
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
        pagination[name] = count
        if name == "total_items" and isinstance(count, int):
            self.counted = count


def label(row: dict[str, Any]) -> Any:
    """Return the value that identifies a row."""
    return row["n"] if "n" in row else row["id"]
