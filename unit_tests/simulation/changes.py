"""Collection that changes with each request, or over time.

Rows are stored as ranges of numbers, so that fifty million rows take no memory. The module does not depend on
the connector, as servers use it, too.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence, Set
from itertools import accumulate
from typing import Any, overload

Row = dict[str, Any]
FIRST_NEW = 10**9
"""Number of the first inserted row."""


class ChangingRows(Sequence[Row]):
    """Rows with the ids 0 to `count` (exclusive), from which rows can be deleted and between which they can
    be inserted.
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
        offset = range(len(self))[index]
        return {"id": self.numbers(offset, offset + 1)[0]}

    def numbers(self, start: int, end: int) -> list[int]:
        """Return the ids of the rows from one offset to another."""
        numbers: list[int] = []
        index = bisect_right(self._ends, start)
        while start < end and index < len(self._ranges):
            part = self._ranges[index]
            offset = start - (self._ends[index] - len(part))
            slice_ = part[offset : offset + end - start]
            numbers += slice_
            start += len(slice_)
            index += 1
        return numbers

    def insert_at(self, offset: int) -> None:
        """Insert a row before the one at an offset, or at the end."""
        self.changes += 1
        self._replace(offset, range(self._next, self._next + 1), 0)
        self._next += 1

    def delete_at(self, offset: int) -> None:
        """Delete the row at an offset."""
        self.changes += 1
        self.deleted.add(self.numbers(offset, offset + 1)[0])
        self._replace(offset, range(0), 1)

    @property
    def stable(self) -> int:
        """Return the number of rows that were never deleted or inserted."""
        return self.initial - sum(1 for number in self.deleted if number < self.initial)

    def lost(self, emitted: Set[int]) -> int:
        """Return the number of stable rows that were not emitted."""
        return sum(1 for row in range(self.initial) if row not in emitted and row not in self.deleted)

    def _replace(self, offset: int, new: range, removed: int) -> None:
        index = bisect_right(self._ends, offset)
        parts = [new]
        if index < len(self._ranges):
            part = self._ranges[index]
            within = offset - (self._ends[index] - len(part))
            parts = [part[:within], new, part[within + removed :]]
        self._ranges[index : index + 1] = [part for part in parts if len(part)]
        self._ends = list(accumulate(map(len, self._ranges)))


class ChangesByRequest:
    """Inserts and deletes at random offsets before each request except the first.

    `inserts` and `deletes` are means per request. There are no changes after `last_request`.
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
        """Change the rows before a request. The first request is 1."""
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
    """Inserts and deletes at random offsets, on average `rate` times a second from `start` on.

    The seed determines the offsets, and `chance` the times.
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
        self._offsets = random.Random(seed)
        self._chance = chance
        self._rate = rate
        self._insert_share = insert_share
        self._due = start + self._pause()

    def until(self, time: float) -> None:
        """Make the changes that are due at a time."""
        while self._due <= time:
            offset = self._offsets.randrange(len(self._rows) + 1)
            if self._offsets.random() < self._insert_share or offset == len(self._rows):
                self._rows.insert_at(offset)
            else:
                self._rows.delete_at(offset)
            self._due += self._pause()

    def _pause(self) -> float:
        return self._chance.expovariate(self._rate) if self._rate else float("inf")
