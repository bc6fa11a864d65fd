"""Keys of parent records, read once per sync and shared by all child streams.

The child that first needs the next page of parents reads it for all. If the parent stream was read completely
before, its keys are used. The CDK's SubstreamPartitionRouter reads the parents once per child.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from source_snow_atlas.components.basics.paths import reason_not_an_id, reason_unsafe, shown
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.partitions import NamedCount

Keys = tuple[Any, ...]
Batches = Callable[[], Iterator[list[Row]]]
FALSE = (False, "false", "False")
"""Values of a condition that is not met; some servers send booleans as strings."""


@dataclass(frozen=True)
class KeySource:
    """Fields of a stream's records that hold keys. `licenses.id` is a field of the objects in an array.

    where: records in which this field is false don't count. lacking: only records without this array count.
    identity: fields that every record must have; the others are references, which may be null.
    """

    stream: str
    fields: tuple[str, ...]
    where: str | None = None
    lacking: str | None = None
    identity: frozenset[str] = frozenset()

    @classmethod
    def of(cls, parent: Mapping[str, Any]) -> KeySource:
        """Return the source of a parent, as `definitions.compose` describes it."""
        fields = tuple(parent["keys"].values())
        identity = frozenset(parent.get("identity", fields))
        return cls(parent["stream"], fields, parent.get("where"), parent.get("lacking"), identity)

    @property
    def array(self) -> str | None:
        """The field of the array that the keys stand in, if any."""
        outer, _, inner = self.fields[0].partition(".")
        return outer if inner else None

    def is_complete_in(self, row: Row) -> bool:
        """Return whether a record has the fields that its keys depend on."""
        if self.array is not None:
            return isinstance(row.get(self.array), list)
        return self._has_references(row)

    def keys_of(self, row: Row) -> list[Keys]:
        """Return the keys of a record; none if it does not count, or if a reference is null."""
        if self.lacking is not None and isinstance(row.get(self.lacking), list):
            return []
        if self.where is not None and row.get(self.where) in FALSE:
            return []
        if self.array is None:
            return [tuple(row.get(name) for name in self.fields)] if self._has_references(row) else []
        inner = self.fields[0].partition(".")[2]
        items = row.get(self.array)
        items = items if isinstance(items, list) else []
        return [(item.get(inner) if isinstance(item, dict) else None,) for item in items]

    def _has_references(self, row: Row) -> bool:
        return all(row.get(name) is not None for name in self.fields if name not in self.identity)


class KeyFeed:
    """The distinct keys of one source, in their order. Any number of threads can iterate over them.

    `batches` returns the parent records in batches.
    """

    def __init__(self, source: KeySource, batches: Batches) -> None:
        self.source = source
        self.rows = 0
        self.incomplete = 0
        """Records without the fields that their keys depend on."""
        self.invalid, self.unsafe = NamedCount(), NamedCount()
        self._keys: list[Keys] = []
        self._paths: set[tuple[str, ...]] = set()
        self._unread = batches()
        self._failure: Exception | None = None
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[Keys]:
        """Yield the keys. Raises the failure of the reading, because children would be missing."""
        position = 0
        while position < len(self._keys) or self._read_more(position):
            yield self._keys[position]
            position += 1

    def _read_more(self, position: int) -> bool:
        """Read until there is a key at a position. Return False if the records end before."""
        with self._lock:
            while position >= len(self._keys):
                if self._failure is not None:
                    raise self._failure
                try:
                    rows = next(self._unread, None)
                except Exception as error:
                    self._failure = error
                    raise
                if rows is None:
                    return False
                self.add(rows)
            return True

    def add(self, rows: list[Row]) -> None:
        """Add the keys of records that were read, here or by the parent stream."""
        with self._lock:
            for row in rows:
                self.rows += 1
                self.incomplete += not self.source.is_complete_in(row)
                for keys in self.source.keys_of(row):
                    self._add(keys)

    def _add(self, keys: Keys) -> None:
        for name, value in zip(self.source.fields, keys, strict=True):
            for check, found in ((reason_not_an_id, self.invalid), (reason_unsafe, self.unsafe)):
                if reason := check(value):
                    found.add(f"{name} of a record of {self.source.stream} is {shown(value)} ({reason})")
                    return
        path = tuple(map(str, keys))  # 7 and "7" are one resource
        if path not in self._paths:
            self._paths.add(path)
            self._keys.append(keys)
