"""Keys of parent records: read once per sync, shared by all child streams, handed on while the parents are
still being read.

Where the parent stream is part of the sync, its own pages supply the keys; otherwise the first child that
needs the next page reads it and the others take what it found. The CDK's SubstreamPartitionRouter reads the
parent once per child, its pages one by one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import FailureType

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.paths import names_nothing, not_safe, shown
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.partitions import Some

Keys = tuple[Any, ...]
FALSE = (None, False, "", "false", "False")
"""What a condition is not; some servers send booleans as texts."""
Batches = Callable[[], Iterator[list[Row]]]


class ParentsUnreadable(SnowAtlasError):
    """The parents of a stream could not be read, for a `cause` of their own."""

    def __init__(self, stream: str, error: Exception) -> None:
        cause: Exception = error.cause if isinstance(error, ParentsUnreadable) else error
        said, failure_type = f"{type(cause).__name__}: {cause}", FailureType.system_error
        if isinstance(cause, SnowAtlasError):
            said, failure_type, self.status = str(cause.message), cause.failure_type, cause.status
        super().__init__(
            f"Stream {stream} can't be read without the list of its parents. {said}", failure_type, stream
        )
        self.cause: Exception = cause


@dataclass(frozen=True)
class KeySource:
    """Where keys stand: a stream and the fields of its records; `licenses.id` is a field of the objects in an
    array.

    `where`: only of records in which this field is true. `lacking`: only of those without this array.
    `identity`: fields that no record can lack, unlike a reference to another resource.
    """

    stream: str
    fields: tuple[str, ...]
    where: str | None = None
    lacking: str | None = None
    identity: frozenset[str] = frozenset()

    @property
    def array(self) -> str | None:
        """The field with the array that the keys stand in, if they do."""
        outer, _, inner = self.fields[0].partition(".")
        return outer if inner else None

    def takes(self, row: Row) -> bool:
        """Whether the keys of the record count."""
        if self.lacking is not None:
            return not isinstance(row.get(self.lacking), list)
        return self.where is None or row.get(self.where) not in FALSE

    def is_told_by(self, row: Row) -> bool:
        """Whether the record says what its keys are, and whether they count."""
        if self.array is not None:
            return isinstance(row.get(self.array), list)
        references = [name for name in self.fields if name not in self.identity]
        return all(row.get(name) is not None for name in references) and (
            self.where is None or self.where in row
        )

    def keys_of(self, row: Row) -> Iterator[Keys]:
        """The keys of a record; none where a reference to another resource is null."""
        if self.array is None:
            if all(row.get(name) is not None for name in self.fields if name not in self.identity):
                yield tuple(row.get(name) for name in self.fields)
            return
        inner = self.fields[0].partition(".")[2]
        items = row.get(self.array)
        for item in items if isinstance(items, list) else ():
            yield (item.get(inner) if isinstance(item, dict) else None,)


class KeyFeed:
    """The distinct keys that a reading of a parent collection finds in one place, in the order they came; any
    number of readers, each from the start.
    """

    def __init__(self, source: KeySource, reading: ParentReading) -> None:
        self.source = source
        self.rows = 0
        self.untold = 0
        """Records that do not say what their keys are."""
        self.nameless = Some()
        self.unsafe = Some()
        self._reading = reading
        self._keys: list[Keys] = []
        self._known: set[tuple[str, ...]] = set()

    def __iter__(self) -> Iterator[Keys]:
        position = 0
        while keys := self._reading.after(self._keys, position):
            position += len(keys)
            yield from keys

    def take(self, rows: list[Row]) -> None:
        """Take the keys out of parent records."""
        for row in rows:
            self.rows += 1
            self.untold += not self.source.is_told_by(row)
            if self.source.takes(row):
                for keys in self.source.keys_of(row):
                    self._add(keys)

    def _add(self, keys: Keys) -> None:
        for name, value in zip(self.source.fields, keys, strict=True):
            for why_not, found in ((names_nothing, self.nameless), (not_safe, self.unsafe)):
                reason = why_not(value)
                if reason:
                    found.add(f"{name} of a record of {self.source.stream} is {shown(value)} ({reason})")
                    return
        # 7 and "7" are one resource
        path = tuple(map(str, keys))
        if path not in self._known:
            self._known.add(path)
            self._keys.append(keys)


class ParentReading:
    """One reading of a parent collection, shared by all that take keys from it.

    Pulled: `batches` reads the parent, driven by whichever reader needs more. Pushed: the selected stream's
    own reading supplies the rows.
    """

    def __init__(self, batches: Batches | None = None) -> None:
        self.has_begun = False
        self._feeds: dict[KeySource, KeyFeed] = {}
        self._batches = batches() if batches else None
        self._changed = threading.Condition()
        self._ended = False
        self._failure: Exception | None = None
        self._pulling = False

    def feed(self, source: KeySource) -> KeyFeed:
        """The keys in this place."""
        return self._feeds.setdefault(source, KeyFeed(source, self))

    def offer(self, rows: list[Row]) -> None:
        """Take the keys out of parent records."""
        with self._changed:
            self.has_begun = True
            for feed in self._feeds.values():
                feed.take(rows)
            self._changed.notify_all()

    def end(self, failure: Exception | None = None) -> None:
        """There will be no more keys; after a failure the readers fail too, for they would miss children."""
        with self._changed:
            self.has_begun = self._ended = True
            self._failure = self._failure or failure
            self._changed.notify_all()

    def after(self, keys: list[Keys], position: int) -> list[Keys]:
        """The keys of a feed from a position on, waited or read for; none at the end. Raises the failure of
        the reading.
        """
        while True:
            with self._changed:
                while position >= len(keys) and not self._ended and (self._batches is None or self._pulling):
                    self._changed.wait()
                if position < len(keys):
                    return keys[position:]
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    return []
                self.has_begun = self._pulling = True
            self._pull()

    def _pull(self) -> None:
        assert self._batches is not None
        try:
            batch = next(self._batches, None)
        except Exception as error:
            self.end(error)
        else:
            if batch is None:
                self.end()
            else:
                self.offer(batch)
        finally:
            with self._changed:
                self._pulling = False
                self._changed.notify_all()


class ParentRegistry:
    """All readings of parents in a sync. Routers ask for their keys when they are built, before anything is
    read.
    """

    def __init__(self, whole_streams: frozenset[str]) -> None:
        self._lock = threading.Lock()
        self._feeds: dict[KeySource, KeyFeed] = {}
        self._readings: dict[str, ParentReading] = {}
        self._pushed = {stream: ParentReading() for stream in whole_streams}

    def feed(self, source: KeySource, batches: Batches) -> KeyFeed:
        """The shared keys of this place: from the selected stream's own reading where the sync reads all of
        it anyway, else from a reading of their own.
        """
        with self._lock:
            if source not in self._feeds:
                reading = self._pushed.get(source.stream) or self._readings.get(source.stream)
                # a feed that comes after the first rows would lack them
                if reading is None or reading.has_begun:
                    reading = self._readings[source.stream] = ParentReading(batches)
                self._feeds[source] = reading.feed(source)
            return self._feeds[source]

    def offer(self, stream: str, rows: list[Row]) -> None:
        """A selected stream has read these records."""
        if stream in self._pushed:
            self._pushed[stream].offer(rows)

    def end(self, stream: str, failure: Exception | None = None) -> None:
        """A selected stream has ended, all partitions of it. With a failure its children fail too: they would
        lack parents.
        """
        if stream in self._pushed:
            self._pushed[stream].end(failure)
