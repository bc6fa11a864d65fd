"""A collection that changes while it is read, and the two ways it changes: by the request, and by the clock.

Rows are kept as ranges of numbers, so that a collection of fifty million rows takes no memory. Nothing here
knows of the connector: a server in a process of its own uses it too.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence, Set
from itertools import accumulate
from typing import Any, overload

Row = dict[str, Any]
FIRST_NEW = 10**9
"""The number of the first row that comes later; far above those that were there at first."""


class ChangingRows(Sequence[Row]):
    """The numbers 0 to `count`, each as a row with this `id`. Single rows go, and new ones come between
    others.
    """

    def __init__(self, count: int) -> None:
        self.initial = count
        self.deleted: set[int] = set()
        self.changes = 0
        self._next = FIRST_NEW
        self._ranges: list[range] = [range(count)] if count else []
        self._ends = list(accumulate(map(len, self._ranges)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            start, end, step = index.indices(len(self))
            return [{"id": number} for number in self.numbers(start, end)[::step]]
        place = range(len(self))[index]
        return {"id": self.numbers(place, place + 1)[0]}

    def numbers(self, start: int, end: int) -> list[int]:
        """The numbers from one place to another."""
        found: list[int] = []
        index = bisect_right(self._ends, start)
        while start < end and index < len(self._ranges):
            part = self._ranges[index]
            offset = start - (self._ends[index] - len(part))
            taken = part[offset : offset + end - start]
            found += taken
            start += len(taken)
            index += 1
        return found

    def insert_at(self, place: int) -> None:
        """A new row comes in front of the one at this place; at the length, behind all."""
        self.changes += 1
        self._put(place, range(self._next, self._next + 1), 0)
        self._next += 1

    def delete_at(self, place: int) -> None:
        """The row at this place goes."""
        self.changes += 1
        self.deleted.add(self.numbers(place, place + 1)[0])
        self._put(place, range(0), 1)

    @property
    def stable(self) -> int:
        """How many rows were there all the time."""
        return self.initial - sum(1 for number in self.deleted if number < self.initial)

    def lost(self, given: Set[int]) -> int:
        """How many of the rows that were there all the time are not among the given ones."""
        return sum(1 for number in range(self.initial) if number not in given and number not in self.deleted)

    def _put(self, place: int, new: range, removed: int) -> None:
        index = bisect_right(self._ends, place)
        parts = [new]
        if index < len(self._ranges):
            part = self._ranges[index]
            offset = place - (self._ends[index] - len(part))
            parts = [part[:offset], new, part[offset + removed :]]
        self._ranges[index : index + 1] = [part for part in parts if len(part)]
        self._ends = list(accumulate(map(len, self._ranges)))


class ChangesByRequest:
    """Rows come and go at random places before each request but the first.

    `inserts` and `deletes` are the mean numbers of either per request; `last_request` ends the changes.
    """

    def __init__(
        self, rows: ChangingRows, seed: int, inserts: float, deletes: float, last_request: int | None = None
    ) -> None:
        self._rows = rows
        self._random = random.Random(seed)
        self._inserts = inserts
        self._deletes = deletes
        self._last_request = last_request

    def before(self, request: int) -> None:
        """Change the rows before the request of this number, the first being 1."""
        if request == 1 or (self._last_request is not None and request > self._last_request):
            return
        for _ in range(self._count(self._inserts)):
            self._rows.insert_at(self._random.randint(0, len(self._rows)))
        for _ in range(min(self._count(self._deletes), len(self._rows))):
            self._rows.delete_at(self._random.randrange(len(self._rows)))

    def _count(self, mean: float) -> int:
        whole = int(mean)
        return whole + (self._random.random() < mean - whole)


class ChangesByClock:
    """A row comes or goes at a random place, `rate` times a second on average, whatever is asked for.

    The seed decides the places, `chance` the moments, counted from `start`.
    """

    def __init__(
        self,
        rows: ChangingRows,
        seed: int,
        rate: float,
        chance: random.Random,
        insert_share: float = 0.5,
        start: float = 0.0,
    ) -> None:
        self._rows = rows
        self._places = random.Random(seed)
        self._chance = chance
        self._rate = rate
        self._insert_share = insert_share
        self._due = start + self._pause()

    def until(self, moment: float) -> None:
        """Make the changes that are due at this moment."""
        while self._due <= moment:
            place = self._places.randrange(len(self._rows) + 1)
            if self._places.random() < self._insert_share or place == len(self._rows):
                self._rows.insert_at(place)
            else:
                self._rows.delete_at(place)
            self._due += self._pause()

    def _pause(self) -> float:
        return self._chance.expovariate(self._rate) if self._rate else float("inf")
