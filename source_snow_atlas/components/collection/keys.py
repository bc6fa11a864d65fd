"""What the user is told of a primary key that does not tell the rows apart.

A destination that merges by the key loses rows where a part of it is null or where it repeats, so either is
one warning a stream. Both are judged on the rows as they are given out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from source_snow_atlas.components.basics.errors import plain
from source_snow_atlas.components.request.reply import Row


class KeyWarnings:
    """Looks at the rows of one stream whose primary key is `names` (empty: none).

    `warn` is told once of each kind of trouble: the kind and a sentence.
    """

    def __init__(self, names: Sequence[str], label: str, warn: Callable[[str, str], None]) -> None:
        self._names = tuple(names)
        self._label = label
        self._warn = warn

    def look_at(self, rows: list[Row]) -> None:
        """Say where a part of the key is null in rows that came together, or where the key repeats."""
        names = self._names
        if not names:
            return
        parts = [[row.get(name) for row in rows] for name in names]
        keys: list[object] = list(zip(*parts, strict=True))
        if any(None in part for part in parts):
            self._say_it_is_null(rows)
        try:
            repeats = len(set(keys)) < len(keys)
        except TypeError:
            keys = [repr(key) for key in keys]
            repeats = len(set(keys)) < len(keys)
        if repeats:
            self._say_it_repeats(rows, keys)

    def _say_it_is_null(self, rows: list[Row]) -> None:
        for name in self._names:
            row = next((row for row in rows if row.get(name) is None), None)
            if row is not None:
                self._warn(
                    "null key",
                    f"{self._label}: {name}, a part of the primary key, is null in some "
                    f"rows{self._example(row)}. They are given out; a destination that merges by the key "
                    "may refuse or lose them.",
                )

    def _say_it_repeats(self, rows: list[Row], keys: Sequence[object]) -> None:
        seen: set[object] = set()
        for row, key in zip(rows, keys, strict=True):
            if key in seen and any(row.get(name) is not None for name in self._names):
                self._warn(
                    "key",
                    f"{self._label}: the primary key {', '.join(self._names)} is not unique in the "
                    f"data{self._example(row)}; every row is given out, none is taken for a repeat.",
                )
                return
            seen.add(key)

    def _example(self, row: Row) -> str:
        """The key of a row for a message; empty where a part of it may be personal or secret."""
        if not all(map(may_be_shown, self._names)):
            return ""
        shown = ", ".join(f"{name} = {plain(str(row.get(name)), 60)!r}" for name in self._names)
        return f" (for example {shown})"


def may_be_shown(name: str) -> bool:
    """Whether the values of a key's field may stand in a message: identifiers of things, not of people."""
    return name.lower().endswith("id") and "user" not in name.lower()
