"""Warnings about primary keys that are null or not unique.

A destination that merges by the primary key loses rows if part of it is null or if it is not unique. Each
problem is reported once per stream, for the rows as they are emitted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from source_snow_atlas.components.basics.errors import plain
from source_snow_atlas.components.request.reply import Row


class KeyWarnings:
    """Checker of the rows of one stream whose primary key is `names` (empty: none).

    `warn` is called with the kind and the text of each warning.
    """

    def __init__(self, names: Sequence[str], label: str, warn: Callable[[str, str], None]) -> None:
        self._names = tuple(names)
        self._label = label
        self._warn = warn

    def check(self, rows: list[Row]) -> None:
        """Warn if part of a key is null, or if a key occurs twice among these rows."""
        names = self._names
        if not names:
            return
        parts = [[row.get(name) for row in rows] for name in names]
        keys: list[object] = list(zip(*parts, strict=True))
        for name, part in zip(names, parts, strict=True):
            if None in part:
                self._warn_about_null(name, rows[part.index(None)])
        try:
            if len(set(keys)) == len(keys):
                return
        except TypeError:  # a part of a key is an array or an object
            keys = [repr(key) for key in keys]
        self._warn_about_repeats(rows, keys)

    def _warn_about_null(self, name: str, row: Row) -> None:
        self._warn(
            "null key",
            f"{self._label}: {name}, a part of the primary key, is null in some rows{self._example(row)}. "
            "They are emitted, but a destination that merges by the key may reject or lose them.",
        )

    def _warn_about_repeats(self, rows: list[Row], keys: Sequence[object]) -> None:
        seen: set[object] = set()
        for row, key in zip(rows, keys, strict=True):
            if key in seen and any(row.get(name) is not None for name in self._names):
                self._warn(
                    "key",
                    f"{self._label}: the primary key {', '.join(self._names)} is not unique in the "
                    f"data{self._example(row)}. All rows are emitted; none is treated as a duplicate.",
                )
                return
            seen.add(key)

    def _example(self, row: Row) -> str:
        """Return the key of a row for a message, or nothing if it may be personal or secret."""
        if not all(map(may_be_shown, self._names)):
            return ""
        shown = ", ".join(f"{name} = {plain(str(row.get(name)), 60)!r}" for name in self._names)
        return f" (for example {shown})"


def may_be_shown(name: str) -> bool:
    """Return whether values of a key field may appear in a message: ids, except those of users."""
    return name.lower().endswith("id") and "user" not in name.lower()
