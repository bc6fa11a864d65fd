"""Which rows were seen: 64-bit hashes in one flat table, 8 bytes a slot, so that a million rows take 16 MiB and not 65."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import orjson

from source_snow_atlas.components.request.reply import Row

MASK = 0xFFFFFFFFFFFFFFFF


class SeenRows:
    """Counts how often a hash was added. Open addressing with linear probing; zero marks a free slot."""

    def __init__(self, expected: int = 0) -> None:
        size = 1 << 12
        while size * 2 < expected * 3:
            size *= 2
        self._allocate(size)

    def __len__(self) -> int:
        return self._used

    def add(self, value: int) -> bool:
        """Whether the hash is new."""
        value = (value & MASK) or 1
        table, mask = self._table, self._size - 1
        index = value & mask
        while True:
            held = table[index]
            if held == 0:
                break
            if held == value:
                return False
            index = (index + 1) & mask
        table[index] = value
        self._used += 1
        if self._used * 3 > self._size * 2:
            self._grow()
        return True

    def __contains__(self, value: int) -> bool:
        value = (value & MASK) or 1
        index = value & (self._size - 1)
        while self._table[index]:
            if self._table[index] == value:
                return True
            index = (index + 1) & (self._size - 1)
        return False

    def add_all(self, values: Sequence[int]) -> list[int]:
        """Add the hashes; the positions of those that are new."""
        return [position for position, value in enumerate(values) if self.add(value)]

    def close(self) -> None:
        """Let go of the table."""
        self._allocate(1)

    def _allocate(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._table = array("Q", bytes(8 * size))

    def _grow(self) -> None:
        values = self._table
        self._allocate(self._size * 2)
        for value in values:
            if value:
                self.add(value)


def key_hash(row: Row, key: Sequence[str]) -> int:
    """The hash of the row's primary key; parts that can't be hashed count by their text."""
    try:
        return hash(tuple([row.get(field) for field in key]))
    except TypeError:
        return hash(repr([row.get(field) for field in key]))


def content_hash(row: Row) -> int:
    """The hash of all that the row holds: the identity of rows that have no key."""
    try:
        return hash(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        return hash(repr(row))
