"""Which rows of a collection are given out: each once, whatever page or look it comes in, and however often.

Rows with a key are told apart by it. A key that was seen before means that the row moved, or that the key is
not unique: such rows are held back until the end tells which. Rows without a key are told apart by their
content, and equal ones are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from source_snow_atlas.components.collection.keys import Key
from source_snow_atlas.components.collection.seen import SeenRows
from source_snow_atlas.components.request.reply import Row

HELD_ROWS = 10_000
"""Rows with a key seen before that are kept until it is known whether the data moved or the key is not
unique.
"""


class GivenRows:
    """The rows that were given out. `expected`: how many there may be, as a hint."""

    def __init__(self, key: Key, expected: int) -> None:
        self._key = key
        self._seen = SeenRows(expected=expected)
        self._repeats: dict[int, int] = {}
        self._from_looks: set[int] = set()
        self._held: list[Row] = []
        self._counts: dict[int, int] | None = None
        self._is_second = False
        self.key_is_unique = bool(key.names)
        self.is_ambiguous = False
        self.emitted = 0
        self.found = 0

    @property
    def held(self) -> int:
        """How many rows are held back."""
        return len(self._held)

    @property
    def has_repeats(self) -> bool:
        """Whether equal rows were given out."""
        return bool(self._repeats)

    def close(self) -> None:
        """Let go of what was remembered."""
        self._seen.close()

    def fresh(
        self, rows: list[Row], hashes: list[int], *, is_look: bool, shared: Sequence[int] = ()
    ) -> list[Row]:
        """The rows of a page, or of a look, that are to be given out. `shared`: hashes that the page was
        meant to have in common with the one before it.
        """
        if self._counts is not None:
            fresh = self._surplus(rows, hashes, self._counts)
            self.found += len(fresh)
        elif not self.key_is_unique and not is_look:
            fresh = self._count_contents(rows, hashes)
        else:
            new = self._seen.add_all(hashes)
            if len(new) == len(rows):
                fresh = rows
            else:
                fresh = [rows[position] for position in new]
                if not is_look and not self._is_second:
                    fresh = fresh + self._hold(rows, hashes, set(new), set(shared))
            if is_look or self._is_second:
                self.found += len(fresh)
            if is_look and not self.key_is_unique:
                self._from_looks.update(hashes[position] for position in new)
        self.emitted += len(fresh)
        return fresh

    def begin_second(self) -> None:
        """All is read once more. Without a key, what comes more often than it was given out is missing: a
        difference of multisets.
        """
        self._is_second = True
        self._counts = None if self.key_is_unique else {}

    def give_up_key(self) -> list[Row]:
        """The key is not unique: the rows that were held back are to be given out."""
        rows = self._release([])
        self.emitted += len(rows)
        return rows

    def _hold(
        self, rows: list[Row], hashes: list[int], new: AbstractSet[int], shared: AbstractSet[int]
    ) -> list[Row]:
        """Keep the rows whose key came before, except those that the page was meant to share; those to give
        out all the same.
        """
        repeated = [
            row for position, row in enumerate(rows) if position not in new and hashes[position] not in shared
        ]
        twice_here = len(set(hashes)) < len(hashes)
        if twice_here or len(self._held) + len(repeated) > HELD_ROWS:
            # one page is one moment: the same key twice in it is no shift, the key is not unique in this
            # tenant's data
            return self._release([row for position, row in enumerate(rows) if position not in new])
        self._held += repeated
        return []

    def _release(self, rows: list[Row]) -> list[Row]:
        released, self._held = self._held + rows, []
        self.key_is_unique = False
        self._key.say_it_repeats(released[0] if released else None)
        return released

    def _count_contents(self, rows: list[Row], hashes: list[int]) -> list[Row]:
        """The rows of a page whose keys don't tell rows apart: all but those that a look has given out
        before. They are counted.
        """
        new = set(self._seen.add_all(hashes))
        if len(new) == len(hashes):
            return rows
        fresh = []
        for position, value in enumerate(hashes):
            if position not in new:
                if value in self._from_looks:
                    self._from_looks.discard(value)
                    self.is_ambiguous = True
                    continue
                self._repeats[value] = self._repeats.get(value, 0) + 1
            fresh.append(rows[position])
        return fresh

    def _surplus(self, rows: list[Row], hashes: list[int], counts: dict[int, int]) -> list[Row]:
        """The rows that came more often now than they were given out."""
        fresh = []
        for row, value in zip(rows, hashes, strict=True):
            count = counts.get(value, 0) + 1
            counts[value] = count
            if self._seen.add(value) or count > 1 + self._repeats.get(value, 0):
                fresh.append(row)
        return fresh
