"""The partitions of a stream by the keys of its parents, and the reading of parents that are not selected."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from source_snow_atlas.components.basics.errors import ConfigurationError, NotFound, SnowAtlasError
from source_snow_atlas.components.basics.paths import fill, reason_not_an_id, reason_unsafe, shown
from source_snow_atlas.components.collection.pages import NoPrefetch
from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.parents import Batches, KeyFeed, Keys, KeySource, ParentsUnreadable
from source_snow_atlas.components.run.partitions import Partitions, RowsMissing
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.endpoint import Endpoint
from source_snow_atlas.definitions import schema_fields

LOGGER = logging.getLogger("airbyte")
Partition = dict[str, Any]


class ParentKeys:
    """The keys of a stream's parents, as partitions."""

    def __init__(
        self, sync: Sync, name: str, parents: list[dict[str, Any]], values_from: Mapping[str, str]
    ) -> None:
        self._sync = sync
        self._name = name
        self._values_from = values_from
        self._parents: list[tuple[tuple[str, ...], KeyFeed, Batches]] = []
        for parent in parents:
            if parent.get("asset_kind", sync.settings.asset_kinds[0]) not in sync.settings.asset_kinds:
                continue
            keys: Mapping[str, str] = parent["keys"]
            source = KeySource(
                parent["stream"],
                tuple(keys.values()),
                parent.get("where"),
                parent.get("lacking"),
                frozenset(parent.get("identity", keys.values())),
            )
            batches = parent_batches(sync, parent["definition"])
            self._parents.append((tuple(keys), sync.parents.feed(source, batches), batches))
        self._completed_elsewhere = {
            (source["stream"], source["lacking"])
            for parent in parents
            for source in parent["definition"].get("parents", ())
            if "lacking" in source
        }

    def partitions(self, partitions: Partitions) -> Iterator[Partition]:
        """Yield the distinct partitions, and report parents that can't be requested to `partitions`.

        Raises ParentsUnreadable.
        """
        options = self._option_values()
        known: set[tuple[str, ...]] = set()
        for fields, feed, _ in self._parents:
            try:
                for keys in feed:
                    if len(self._parents) > 1:
                        path = tuple(map(str, keys))
                        if path in known:
                            continue
                        known.add(path)
                    yield from _combined(fields, keys, options)
            except RowsMissing as missing:
                partitions.add_unknown(missing)
            except Exception as error:
                raise ParentsUnreadable(self._name, error) from None
            if options:
                partitions.invalid.include(feed.invalid)
                partitions.unsafe.include(feed.unsafe)
                self._warn_about_incomplete_records(feed)

    def _warn_about_incomplete_records(self, feed: KeyFeed) -> None:
        """Warn if the list of parents omits the array of the keys in some records, or a reference in all."""
        source = feed.source
        if not feed.incomplete or (source.array is None and feed.incomplete < feed.rows):
            return
        if (source.stream, source.array) not in self._completed_elsewhere:
            LOGGER.warning(
                "Stream %s may lack rows: %d of %d records of %s have no %s, so their children are unknown.",
                self._name,
                feed.incomplete,
                feed.rows,
                source.stream,
                source.array or source.where or " and ".join(source.fields),
            )

    def listed_again(self) -> Iterator[Partition]:
        """Yield the partitions from the current lists of parents."""
        options = self._option_values()
        for fields, feed, batches in self._parents:
            for rows in batches():
                for row in filter(feed.source.accepts, rows):
                    for keys in feed.source.keys_of(row):
                        if not any(map(reason_not_an_id, keys)):
                            yield from _combined(fields, keys, options)

    def _option_values(self) -> list[Partition]:
        """Return the combinations of the options' values. Raises ConfigurationError for a wrong value."""
        combined: list[Partition] = [{}]
        for partition_field, option in self._values_from.items():
            values = getattr(self._sync.settings, option)
            if not values:
                LOGGER.warning(
                    "Stream %s reads nothing, because the API does not list the values of %s. "
                    "Name them in the option %s.",
                    self._name,
                    partition_field,
                    option,
                )
            for value in values:
                if reason := reason_not_an_id(value) or reason_unsafe(value):
                    raise ConfigurationError(
                        f"Correct {option}: {shown(value)} can't be the id of anything ({reason}).",
                        self._name,
                    )
            combined = [{**held, partition_field: value} for held in combined for value in values]
        return combined


def _combined(fields: tuple[str, ...], keys: Keys, options: list[Partition]) -> Iterator[Partition]:
    for values in options:
        yield {**dict(zip(fields, keys, strict=True)), **values}


def parent_batches(sync: Sync, definition: Mapping[str, Any]) -> Batches:
    """Return a function that reads a parent collection in batches of rows.

    `definition` is made by `definitions.compose`.
    """
    endpoint = Endpoint(
        name=definition["name"],
        path=definition["path"],
        permission=definition.get("permission"),
        page_parameters=definition.get("page_parameters", True),
        items_field=definition.get("items_field", "items"),
        known_fields=schema_fields(definition.get("schema", definition["name"])),
    )
    user_filter = sync.settings.filters.get(endpoint.name)
    query = {"filter": user_filter} if user_filter else {}

    def read_all() -> Iterator[list[Row]]:
        yield from endpoint.reader(sync, {}, query, sync.prefetch).rows()
        if missing := sync.rows_not_served(endpoint.name):
            raise missing

    if not definition.get("parents"):
        return read_all

    # built now, before the first child asks: a selected parent may have been read by then
    parents = ParentKeys(sync, endpoint.name, definition["parents"], {})
    # these records complete those that lack an array: one that is gone lacks it here, too
    completes = any("lacking" in parent for parent in definition["parents"])

    def read(partition: Partition) -> list[Row]:
        reader = endpoint.reader(sync, partition, query, NoPrefetch())
        try:
            rows = [row for batch in reader.rows() for row in batch]
        except NotFound:
            if not completes:
                raise
            rows = []
        if completes and not rows:
            rows = [{}]
        return [
            {**partition, **{name: value for name, value in row.items() if value is not None}} for row in rows
        ]

    def read_per_parent() -> Iterator[list[Row]]:
        partitions = Partitions(endpoint.name)
        partitions.listed_again = parents.listed_again
        begun = (partition for partition in parents.partitions(partitions) if partitions.begin())
        for partition, rows in children_rows(sync.prefetch, begun, read):
            failure = rows if isinstance(rows, SnowAtlasError) else None
            partitions.end(partition, fill(endpoint.path, partition), failure)
            if not isinstance(rows, SnowAtlasError):
                yield rows
        partitions.all_begun()
        if missing := partitions.missing():
            raise missing

    return read_per_parent


def children_rows(
    prefetch: PagePrefetch, partitions: Iterable[Partition], read: Callable[[Partition], list[Row]]
) -> Iterator[tuple[Partition, list[Row] | SnowAtlasError]]:
    """Yield every partition with its rows, or with the error. Several partitions are read at a time."""

    def outcome(partition: Partition) -> list[Row] | SnowAtlasError:
        try:
            return read(partition)
        except SnowAtlasError as error:
            return error

    waiting: deque[tuple[Partition, Future[list[Row] | SnowAtlasError]]] = deque()

    def first() -> tuple[Partition, list[Row] | SnowAtlasError]:
        partition, future = waiting.popleft()
        try:
            return partition, future.result()
        finally:
            prefetch.done()

    try:
        for partition in partitions:
            while (future := prefetch.try_submit(partial(outcome, partition))) is None and waiting:
                yield first()
            if future is None:
                yield partition, outcome(partition)
            else:
                waiting.append((partition, future))
        while waiting:
            yield first()
    finally:
        for _, future in waiting:
            future.cancel()
            prefetch.done()
