"""How often rows are lost when data changes while it is read: this connector's reader against a serial page loop.

Both read the same model of a collection whose rows are inserted and deleted at random places between requests. A row counts as
lost when it existed during the whole read and was not given out; as repeated when it was given out more than once. Run it with
`python -m benchmarks.churn`; it prints a Markdown table.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from source_snow_atlas.components.errors import ServerError
from source_snow_atlas.components.paging import CollectionReader
from source_snow_atlas.components.reply import Page, Row

TOTALS = ("items and pages", "pages only", "none")


class ChangingCollection:
    """Rows behind pages; before every reply a change may happen: an insert or a delete at a random place."""

    def __init__(self, rows: int, rate: float, seed: int, totals: str, keyed: bool = True) -> None:
        self._random = random.Random(seed)
        self._rate = rate
        self._totals = totals
        self._next = rows
        self._keyed = keyed
        self.rows = list(range(rows))
        self.survivors = set(self.rows)
        self.requests = 0

    def fetch(self, number: int, size: int) -> Page:
        """The page as it is now, after the change that the schedule has for this moment."""
        self.requests += 1
        if self.requests > 1:
            self._change()
        start = (number - 1) * size
        total = len(self.rows)
        return Page(
            rows=[self._row(value) for value in self.rows[start : start + size]],
            is_collection=True,
            number=number,
            size=size,
            total_pages=-(-total // size) if self._totals != "none" else None,
            total_items=total if self._totals == "items and pages" else None,
        )

    def _row(self, value: int) -> Row:
        return {"id": value} if self._keyed else {"name": value}

    def _change(self) -> None:
        while self._random.random() < self._rate:
            place = self._random.randrange(len(self.rows) + 1)
            if self._random.random() < 0.5 or not self.rows:
                self.rows.insert(place, self._next)
                self._next += 1
            else:
                self.survivors.discard(self.rows.pop(min(place, len(self.rows) - 1)))


def serial(collection: ChangingCollection, size: int) -> Iterator[list[Row]]:
    """The loop that users write: page after page until one is short."""
    number = 1
    while True:
        page = collection.fetch(number, size)
        yield page.rows
        if len(page.rows) < size:
            return
        number += 1


def ours(collection: ChangingCollection, size: int) -> Iterator[list[Row]]:
    """The connector's reader."""
    yield from CollectionReader("churn", collection.fetch, size, key=("id",)).rows()


@dataclass
class Outcome:
    """Sums over many reads."""

    reads: int = 0
    lost: int = 0
    repeated: int = 0
    reads_with_loss: int = 0
    refused: int = 0
    requests: int = 0
    pages: int = 0


def measure(
    read: Callable[[ChangingCollection, int], Iterator[list[Row]]],
    totals: str,
    rate: float,
    reads: int,
    rows: int = 5_000,
    size: int = 100,
) -> Outcome:
    """Read a changing collection many times, with other changes each time."""
    outcome = Outcome(reads=reads, pages=-(-rows // size) * reads)
    for seed in range(reads):
        collection = ChangingCollection(rows, rate, seed, totals)
        given: Counter[int] = Counter()
        try:
            for batch in read(collection, size):
                given.update(row["id"] for row in batch)
        except ServerError:
            outcome.refused += 1
            continue
        lost = len(collection.survivors - given.keys())
        outcome.lost += lost
        outcome.reads_with_loss += lost > 0
        outcome.repeated += sum(count - 1 for count in given.values())
        outcome.requests += collection.requests
    return outcome


def main() -> None:
    """Print the table."""
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=200)
    arguments = parser.parse_args()
    print(
        "| totals in the reply | changes per request | reader | reads | reads with a loss | rows lost | rows repeated | refused | requests per page |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for totals in TOTALS:
        for rate in (0.02, 0.2, 0.5):
            for name, read in (("serial loop", serial), ("this connector", ours)):
                outcome = measure(read, totals, rate, arguments.reads)
                print(
                    f"| {totals} | {rate / (1 - rate):.2f} | {name} | {outcome.reads} | {outcome.reads_with_loss} | {outcome.lost} "
                    f"| {outcome.repeated} | {outcome.refused} | {outcome.requests / outcome.pages:.2f} |"
                )


if __name__ == "__main__":
    main()
