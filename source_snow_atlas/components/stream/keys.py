"""Warnings about primary keys that are null or not unique.

A destination that merges by the primary key loses rows if part of it is null or if it is not unique. Each
problem is reported once per stream, for the rows as they are emitted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from source_snow_atlas.components.basics.errors import plain
from source_snow_atlas.components.collection.page_reply import keys_of
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
        keys = keys_of(rows, self._names) if self._names else []
        if None in keys:
            self._warn_about_null(rows[keys.index(None)])
        if len(set(keys)) < len(keys):
            counts = Counter(key for key in keys if key is not None)
            repeated = [row for row, key in zip(rows, keys, strict=True) if counts[key] > 1]
            if repeated:
                self._warn_about_repeat(repeated[0])

    def _warn_about_null(self, row: Row) -> None:
        name = next(name for name in self._names if row.get(name) is None)
        self._warn(
            "null key",
            f"{self._label}: {name}, a part of the primary key, is null in some rows{self._example(row)}. "
            "They are emitted, but a destination that merges by the key may reject or lose them.",
        )

    def _warn_about_repeat(self, row: Row) -> None:
        self._warn(
            "key",
            f"{self._label}: the primary key {', '.join(self._names)} is not unique in the "
            f"data{self._example(row)}. All rows are emitted; none is treated as a duplicate.",
        )

    def _example(self, row: Row) -> str:
        """Return the key of a row for a message, or nothing if it is null, or may be personal or secret."""
        is_null = all(row.get(name) is None for name in self._names)
        if is_null or not all(map(may_be_shown, self._names)):
            return ""
        shown = ", ".join(f"{name} = {_quoted(row.get(name))}" for name in self._names)
        return f" (for example {shown})"


def _quoted(value: object) -> str:
    return "null" if value is None else repr(plain(str(value), 60))


def may_be_shown(name: str) -> bool:
    """Return whether values of a key field may appear in a message: ids, except those of users."""
    return name.lower().endswith("id") and "user" not in name.lower()
