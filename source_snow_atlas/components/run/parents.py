"""Keys of parent records, read once per sync and shared by all child streams.

If the parent stream is selected, its own reader supplies the keys; otherwise the child that first needs the
next page reads it for all. The CDK's SubstreamPartitionRouter reads the parents once per child.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.models import FailureType

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.paths import reason_not_an_id, reason_unsafe, shown
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.partitions import NamedCount

Keys = tuple[Any, ...]
Batches = Callable[[], Iterator[list[Row]]]
FALSE = (None, False, "", "false", "False")
"""Values of a condition that is not met; some servers send booleans as strings."""


class ParentsUnreadable(SnowAtlasError):
    """The parents of a stream could not be read, because of `cause`."""

    def __init__(self, stream: str, error: Exception) -> None:
        cause: Exception = error.cause if isinstance(error, ParentsUnreadable) else error
        text, failure_type = f"{type(cause).__name__}: {cause}", FailureType.system_error
        if isinstance(cause, SnowAtlasError):
            text, failure_type, self.status = str(cause.message), cause.failure_type, cause.status
        super().__init__(
            f"Stream {stream} can't be read without the list of its parents. {text}", failure_type, stream
        )
        self.cause: Exception = cause


@dataclass(frozen=True)
class KeySource:
    """Fields of a stream's records that hold keys. `licenses.id` is a field of the objects in an array.

    where: only records in which this field is true count. lacking: only records without this array count.
    identity: fields that every record must have; the others are references, which may be null.
    """

    stream: str
    fields: tuple[str, ...]
    where: str | None = None
    lacking: str | None = None
    identity: frozenset[str] = frozenset()

    @property
    def array(self) -> str | None:
        """The field of the array that the keys stand in, if any."""
        outer, _, inner = self.fields[0].partition(".")
        return outer if inner else None

    @property
    def references(self) -> list[str]:
        """The fields that may be null."""
        return [name for name in self.fields if name not in self.identity]

    def accepts(self, row: Row) -> bool:
        """Return whether the keys of a record count."""
        if self.lacking is not None:
            return not isinstance(row.get(self.lacking), list)
        return self.where is None or row.get(self.where) not in FALSE

    def is_complete_in(self, row: Row) -> bool:
        """Return whether a record has the fields that its keys depend on."""
        if self.array is not None:
            return isinstance(row.get(self.array), list)
        is_conditional = self.where is not None and self.where not in row
        return not is_conditional and all(row.get(name) is not None for name in self.references)

    def keys_of(self, row: Row) -> Iterator[Keys]:
        """Yield the keys of a record; none if a reference is null."""
        if self.array is None:
            if all(row.get(name) is not None for name in self.references):
                yield tuple(row.get(name) for name in self.fields)
            return
        inner = self.fields[0].partition(".")[2]
        items = row.get(self.array)
        for item in items if isinstance(items, list) else ():
            yield (item.get(inner) if isinstance(item, dict) else None,)


@dataclass(eq=False)
class KeyFeed:
    """The distinct keys of one source, in their order. Any number of threads can iterate over them."""

    source: KeySource
    reading: ParentReading
    rows: int = 0
    incomplete: int = 0
    """Records without the fields that their keys depend on."""
    invalid: NamedCount = field(default_factory=NamedCount)
    unsafe: NamedCount = field(default_factory=NamedCount)
    keys: list[Keys] = field(default_factory=list)
    _paths: set[tuple[str, ...]] = field(default_factory=set)

    def __iter__(self) -> Iterator[Keys]:
        position = 0
        while keys := self.reading.after(self, position):
            position += len(keys)
            yield from keys

    def add_rows(self, rows: list[Row]) -> None:
        """Add the keys of parent records."""
        for row in rows:
            self.rows += 1
            self.incomplete += not self.source.is_complete_in(row)
            if self.source.accepts(row):
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
            self.keys.append(keys)


class ParentReading:
    """One reading of a parent collection, shared by the feeds of all its keys.

    With `batches`, the thread that needs more keys reads the next batch. Otherwise the reader of the
    selected stream offers its rows.
    """

    def __init__(self, batches: Batches | None = None) -> None:
        self.has_begun = False
        self._feeds: dict[KeySource, KeyFeed] = {}
        self._batches = batches() if batches else None
        self._changed = threading.Condition()
        self._is_pulling = False
        self._ended = False
        self._failure: Exception | None = None

    def feed(self, source: KeySource) -> KeyFeed:
        """Return the keys of this source."""
        return self._feeds.setdefault(source, KeyFeed(source, self))

    def offer(self, rows: list[Row]) -> None:
        """Add parent records."""
        with self._changed:
            self.has_begun = True
            for feed in self._feeds.values():
                feed.add_rows(rows)
            self._changed.notify_all()

    def end(self, failure: Exception | None = None) -> None:
        """End the feeds. With a failure they raise it, because children would be missing."""
        with self._changed:
            self.has_begun = self._ended = True
            self._failure = self._failure or failure
            self._changed.notify_all()

    def after(self, feed: KeyFeed, position: int) -> list[Keys]:
        """Return the keys from a position on, or none at the end; wait for them, or read them.

        Raises the failure of the reading.
        """
        with self._changed:
            while position >= len(feed.keys):
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    return []
                if self._batches is None or self._is_pulling:
                    self._changed.wait()
                else:
                    self._pull(self._batches)
            return feed.keys[position:]

    def _pull(self, batches: Iterator[list[Row]]) -> None:
        """Read the next batch, without the lock."""
        self.has_begun = self._is_pulling = True
        self._changed.release()
        batch, failure = None, None
        try:
            batch = next(batches, None)
        except Exception as error:
            failure = error
        finally:
            self._changed.acquire()
            self._is_pulling = False
        if batch is None:
            self.end(failure)
        else:
            self.offer(batch)


class ParentRegistry:
    """All readings of parents in a sync. Routers call `feed` before anything is read."""

    def __init__(self, read_completely: frozenset[str]) -> None:
        self._lock = threading.Lock()
        self._feeds: dict[KeySource, KeyFeed] = {}
        self._readings: dict[str, ParentReading] = {}
        self._offered = {stream: ParentReading() for stream in read_completely}

    def feed(self, source: KeySource, batches: Batches) -> KeyFeed:
        """Return the shared keys of a source, from the selected stream if it is read from end to end."""
        with self._lock:
            if source not in self._feeds:
                reading = self._offered.get(source.stream) or self._readings.get(source.stream)
                # a feed that starts after the first rows would lack them
                if reading is None or reading.has_begun:
                    reading = self._readings[source.stream] = ParentReading(batches)
                self._feeds[source] = reading.feed(source)
            return self._feeds[source]

    def offer(self, stream: str, rows: list[Row]) -> None:
        """Add records that a selected stream has read."""
        if stream in self._offered:
            self._offered[stream].offer(rows)

    def end(self, stream: str, failure: Exception | None = None) -> None:
        """Conclude a selected stream. With a failure its children fail too: they would lack parents."""
        if stream in self._offered:
            self._offered[stream].end(failure)
