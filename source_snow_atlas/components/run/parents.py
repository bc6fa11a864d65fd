"""Keys of parent records: read once per sync, shared by all child streams, handed on while the parents are
still being read.

Where the parent stream is part of the sync, its own pages supply the keys; otherwise the first child that
needs the next page reads it and the others take what it found. The CDK's SubstreamPartitionRouter reads the
parent once per child, its pages one by one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.request.reply import Row

LOGGER = logging.getLogger("airbyte")
Keys = tuple[Any, ...]
Batches = Callable[[], Iterator[list[Row]]]


class KeyFeed:
    """The distinct keys of one parent collection, in the order they came; any number of readers, each from
    the start.

    Pulled: `batches` reads the parent, driven by whichever reader needs more. Pushed: another stream's
    reading supplies them.
    """

    def __init__(self, fields: tuple[str, ...], where: str | None, batches: Batches | None) -> None:
        self._fields = fields
        self._where = where
        self._batches = batches() if batches else None
        self._changed = threading.Condition()
        self._keys: list[Keys] = []
        self._known: set[Keys] = set()
        self._ended = False
        self._failure: Exception | None = None
        self._pulling = False

    def offer(self, rows: list[Row]) -> None:
        """Take the keys out of parent records."""
        with self._changed:
            for row in rows:
                if self._where is not None and row.get(self._where) is not True:
                    continue
                for keys in _keys_of(row, self._fields):
                    if keys not in self._known:
                        self._known.add(keys)
                        self._keys.append(keys)
            self._changed.notify_all()

    def end(self, failure: Exception | None = None) -> None:
        """There will be no more keys; after a failure the readers fail too, for they would miss children."""
        with self._changed:
            self._ended = True
            self._failure = self._failure or failure
            self._known = set()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Keys]:
        position = 0
        while True:
            with self._changed:
                while (
                    position >= len(self._keys)
                    and not self._ended
                    and (self._batches is None or self._pulling)
                ):
                    self._changed.wait()
                available = self._keys[position:]
                if not available and self._ended:
                    if self._failure is not None:
                        raise self._failure
                    return
                must_pull = not available
                if must_pull:
                    self._pulling = True
            if must_pull:
                self._pull()
            position += len(available)
            yield from available

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


def _keys_of(row: Row, fields: tuple[str, ...]) -> Iterator[Keys]:
    """The keys of a record; several where a field lies in an array (`licenses.id`), none where a part is
    null.
    """
    if len(fields) == 1 and "." in fields[0]:
        outer, inner = fields[0].split(".", 1)
        items = row.get(outer)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and item.get(inner) is not None:
                yield (item[inner],)
        return
    keys = tuple(row.get(name) for name in fields)
    if None not in keys:
        yield keys


class ParentRegistry:
    """All key feeds of a sync. Routers ask for theirs when they are built, before anything is read."""

    def __init__(self, whole_streams: frozenset[str]) -> None:
        self._whole_streams = whole_streams
        self._lock = threading.Lock()
        self._feeds: dict[tuple[str, tuple[str, ...], str | None], KeyFeed] = {}
        self._pushed: dict[str, list[KeyFeed]] = {}
        self._open_partitions: dict[str, int] = {}
        self._generated: set[str] = set()
        self._begun: set[str] = set()

    def feed(self, stream: str, fields: tuple[str, ...], where: str | None, batches: Batches) -> KeyFeed:
        """The shared feed of these keys: pushed where the sync reads the whole parent stream anyway, pulled
        otherwise.
        """
        with self._lock:
            name = (stream, fields, where)
            if name not in self._feeds:
                # a feed that comes after the stream's first rows would lack them
                pushed = stream in self._whole_streams and stream not in self._begun
                self._feeds[name] = KeyFeed(fields, where, None if pushed else batches)
                if pushed:
                    self._pushed.setdefault(stream, []).append(self._feeds[name])
            return self._feeds[name]

    def offer(self, stream: str, rows: list[Row]) -> None:
        """A selected stream has read these records."""
        self._begun.add(stream)
        for feed in self._pushed.get(stream, ()):
            feed.offer(rows)

    def partition_begins(self, stream: str) -> None:
        """A partition of a stream with several was generated."""
        with self._lock:
            self._open_partitions[stream] = self._open_partitions.get(stream, 0) + 1

    def partition_ended(self, stream: str) -> bool:
        """A partition of a stream with several was read to its end. Whether it was the last one."""
        with self._lock:
            self._open_partitions[stream] -= 1
            return stream in self._generated and self._open_partitions[stream] == 0

    def generation_ended(self, stream: str) -> bool:
        """All partitions of the stream were generated. Whether all were read as well."""
        with self._lock:
            self._generated.add(stream)
            return self._open_partitions.get(stream, 0) == 0

    def collection_ended(self, stream: str) -> None:
        """A stream was read to its end, all partitions of it."""
        self._end(stream, None)

    def fail(self, stream: str, failure: Exception) -> None:
        """A stream could not be read whole: its children would lack parents, so they fail too."""
        self._end(stream, failure)

    def _end(self, stream: str, failure: Exception | None) -> None:
        self._begun.add(stream)
        for feed in self._pushed.get(stream, ()):
            feed.end(failure and _parent_failed(stream, failure))


def _parent_failed(stream: str, failure: Exception) -> ServerError:
    return ServerError(
        f"The parent stream {stream} could not be read whole, so its children can't be either: see the error "
        f"of {stream}. "
        f"({type(failure).__name__})"
    )
