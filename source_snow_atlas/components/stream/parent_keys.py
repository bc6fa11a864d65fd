"""The partitions of a stream by the keys of its parents, and the collections that the keys are read from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from airbyte_cdk.models import FailureType

from source_snow_atlas.components.basics.errors import NotFound, SnowAtlasError
from source_snow_atlas.components.basics.paths import fill
from source_snow_atlas.components.collection.pages import NoPrefetch, in_flight
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.parents import KeyFeed, Keys, KeySource
from source_snow_atlas.components.run.partitions import Partitions, RowsMissing
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.endpoint import Endpoint
from source_snow_atlas.definitions import schema_fields

LOGGER = logging.getLogger("airbyte")
Partition = dict[str, Any]


class ParentKeys:
    """The keys of a stream's parents, as partitions. Each is combined with each of the `options`."""

    def __init__(
        self, sync: Sync, name: str, parents: list[dict[str, Any]], options: list[Partition] | None = None
    ) -> None:
        self._sync = sync
        self._name = name
        self.options = [{}] if options is None else options
        self._parents: list[tuple[tuple[str, ...], KeySource, ParentCollection]] = []
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
            sync.expect_keys(source)
            self._parents.append((tuple(keys), source, ParentCollection(sync, parent["definition"])))
        self._completed_elsewhere = {
            (source["stream"], source["lacking"])
            for parent in parents
            for source in parent["definition"].get("parents", ())
            if "lacking" in source
        }

    def partitions(self, partitions: Partitions) -> Iterator[Partition]:
        """Yield the distinct partitions, and report parents that can't be requested to `partitions`.

        Raises SnowAtlasError if the list of parents can't be read.
        """
        if not self.options:
            return
        known: set[tuple[str, ...]] = set()
        for fields, source, collection in self._parents:
            feed = self._sync.parent_keys(source, collection.batches)
            try:
                for keys in feed:
                    if len(self._parents) > 1:
                        path = tuple(map(str, keys))
                        if path in known:
                            continue
                        known.add(path)
                    yield from self._combined(fields, keys)
            except RowsMissing as missing:
                partitions.unknown.append(missing)
            except SnowAtlasError as error:
                raise SnowAtlasError(
                    f"Stream {self._name} can't be read without the list of its parents. {error.message}",
                    self._name,
                    error.failure_type,
                ) from None
            partitions.invalid.include(feed.invalid)
            partitions.unsafe.include(feed.unsafe)
            self._warn_about_incomplete_records(feed)

    def listed_again(self) -> Iterator[Partition]:
        """Yield the partitions from the current lists of parents."""
        for fields, source, collection in self._parents:
            for keys in KeyFeed(source, collection.batches):
                yield from self._combined(fields, keys)

    def _combined(self, fields: tuple[str, ...], keys: Keys) -> Iterator[Partition]:
        for option in self.options:
            yield {**dict(zip(fields, keys, strict=True)), **option}

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


class ParentCollection:
    """Collection that is read for the keys of its records.

    `definition` is made by `definitions.compose`. The records of a collection per parent have the keys of
    their parent, too.
    """

    def __init__(self, sync: Sync, definition: Mapping[str, Any]) -> None:
        self._sync = sync
        self._endpoint = Endpoint(
            name=definition["name"],
            path=definition["path"],
            permission=definition.get("permission"),
            page_parameters=definition.get("page_parameters", True),
            items_field=definition.get("items_field", "items"),
            key=tuple(definition.get("key", ())),
            known_fields=schema_fields(definition.get("schema", definition["name"])),
        )
        user_filter = sync.settings.filters.get(self._endpoint.name)
        self._query = {"filter": user_filter} if user_filter else {}
        parents = definition.get("parents")
        self._parents = ParentKeys(sync, self._endpoint.name, parents) if parents else None
        # these records complete those that lack an array: one that is gone lacks it here, too
        self._completes = any("lacking" in parent for parent in parents or ())

    def batches(self) -> Iterator[list[Row]]:
        """Yield the records in batches. Raises RowsMissing at the end if some are not known."""
        not_served: list[int] = []
        if self._parents is None:
            reader = self._endpoint.reader(
                self._sync, {}, self._query, self._sync.prefetch, on_missing=not_served.append
            )
            yield from reader.rows()
        else:
            yield from self._read_per_parent(self._parents, not_served.append)
        if not_served:
            name, rows = self._endpoint.name, sum(not_served)
            reason = f"the API counts {rows} more rows of {name} than it serves."
            raise RowsMissing(name, reason, FailureType.system_error, rows)

    def _read_per_parent(self, parents: ParentKeys, on_missing: Callable[[int], None]) -> Iterator[list[Row]]:
        """Yield the records of each parent. Several are read at a time."""
        partitions = Partitions(self._endpoint.name)
        partitions.listed_again = parents.listed_again
        begun = (partition for partition in parents.partitions(partitions) if partitions.begin())

        def read(partition: Partition) -> list[Row] | SnowAtlasError:
            try:
                return self._read(partition, on_missing)
            except SnowAtlasError as error:
                return error

        for partition, rows in in_flight(partial(next, begun, None), read, self._sync.prefetch):
            path = fill(self._endpoint.path, partition)
            if isinstance(rows, SnowAtlasError):
                partitions.end(partition, path, rows)
            else:
                partitions.end(partition, path)
                yield rows
        if missing := partitions.missing():
            raise missing

    def _read(self, partition: Partition, on_missing: Callable[[int], None]) -> list[Row]:
        """Return the records of one parent, without null fields, and with the parent's keys."""
        reader = self._endpoint.reader(
            self._sync, partition, self._query, NoPrefetch(), on_missing=on_missing
        )
        try:
            rows = [row for batch in reader.rows() for row in batch]
        except NotFound:
            if not self._completes:
                raise
            rows = []
        if self._completes and not rows:
            rows = [{}]
        return [
            {**partition, **{name: value for name, value in row.items() if value is not None}} for row in rows
        ]
