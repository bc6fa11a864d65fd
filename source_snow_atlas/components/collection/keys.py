"""What a collection's primary key looks like in the data, and what the user is told of it.

A destination that merges by the key loses rows where a part of it is null or where it repeats, so either is
one warning a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from source_snow_atlas.components.basics.errors import plain
from source_snow_atlas.components.collection.seen import content_hash, key_hash
from source_snow_atlas.components.request.reply import Row


class Key:
    """The key of one collection; empty where it has none. `warn` is told once of each kind of trouble: the
    kind and a sentence.

    `may_be_null`: nulls are provided for; such streams get a field of their own that joins the parts of the
    key.
    """

    def __init__(
        self, names: Sequence[str], label: str, warn: Callable[[str, str], None], *, may_be_null: bool = False
    ) -> None:
        self.names = names
        self._label = label
        self._warn = warn
        self._may_be_null = may_be_null

    def hashes(self, rows: list[Row]) -> list[int]:
        """What tells the rows apart: the hashes of their keys or, without a key, of all that they hold."""
        names = self.names
        if names:
            return [key_hash(row, names) for row in rows]
        return [content_hash(row) for row in rows]

    def look_at_whole(self, rows: list[Row]) -> None:
        """Say where a part of the key is null or the key repeats in a collection that came in one reply."""
        self.look_for_nulls(rows)
        if not self.names or len(rows) < 2:
            return
        seen: set[int] = set()
        for row, value in zip(rows, self.hashes(rows), strict=True):
            if value in seen:
                self.say_it_repeats(row)
                return
            seen.add(value)

    def look_for_nulls(self, rows: list[Row]) -> None:
        """Say where a part of the key is null: a destination that merges by the key would refuse or lose
        rows.
        """
        if self._may_be_null:
            return
        for name in self.names:
            row = next((row for row in rows if row.get(name) is None), None)
            if row is not None:
                self._warn(
                    "null key",
                    f"{self._label}: {name}, a part of the primary key, is null in some "
                    f"rows{self._example(row)}. They are "
                    "given out; a destination that merges by the key may refuse or lose them.",
                )

    def say_it_repeats(self, row: Row | None) -> None:
        """Say that the key is not unique, with a row that shows it."""
        self._warn(
            "key",
            f"{self._label}: the primary key {', '.join(self.names)} is not unique in the data"
            f"{self._example(row) if row else ''}; every row is given out, none is taken for a repeat.",
        )

    def _example(self, row: Row) -> str:
        """The key of a row for a message; only parts that identify things are shown, others may be personal
        or secret.
        """
        shown = ", ".join(
            f"{name} = {plain(str(row.get(name)), 60)!r}" if may_be_shown(name) else f"{name} = …"
            for name in self.names
        )
        return f" (for example {shown})"


def may_be_shown(name: str) -> bool:
    """Whether the values of a key's field may stand in a message: identifiers of things, not of people."""
    return name.lower().endswith("id") and "user" not in name.lower()
