"""The partitions of streams that cost a request per parent record: one for every distinct parent.

The CDK's SubstreamPartitionRouter reads the parent once per child, its pages one by one.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_snow_atlas.components.basics.errors import NotFound
from source_snow_atlas.components.collection.pages import NoPrefetch
from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.parents import Batches, KeyFeed, Keys
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.endpoint import Endpoint
from source_snow_atlas.components.stream.partition_router import PathPartitionRouter
from source_snow_atlas.definitions import schema_fields

LOGGER = logging.getLogger("airbyte")


@dataclass
class ParentPartitionRouter(PathPartitionRouter):
    """One partition for every distinct parent of a stream, as the stream's `parents` say.

    `parents`: a list of {stream, keys: {partition field: field of the parent's record}, where?, asset_kind?,
    definition} as the source composes it; several parents give the union of their keys. `values_from` crosses
    the keys with a list of the configuration: {partition field: name of the option}.
    """

    config: Mapping[str, Any]
    name: str
    parents: list[dict[str, Any]]
    values_from: Mapping[str, str] | None = None
    _feeds: list[tuple[tuple[str, ...], KeyFeed]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._sync = Sync.of(self.config)
        self._feeds = []
        for parent in self.parents:
            if "asset_kind" in parent and parent["asset_kind"] not in self._sync.settings.asset_kinds:
                continue
            keys: Mapping[str, str] = parent["keys"]
            feed = self._sync.parents.feed(
                parent["stream"],
                tuple(keys.values()),
                parent.get("where"),
                parent_batches(self._sync, parent["definition"]),
            )
            self._feeds.append((tuple(keys), feed))

    def stream_slices(self) -> Iterable[StreamSlice]:
        """The partitions, while the parents are still being read."""
        registry, progress = self._sync.parents, self._sync.progress
        try:
            for count, partition in enumerate(self.partitions(), start=1):
                if progress.has_failed(self.name):
                    return
                registry.partition_begins(self.name)
                progress.expect(self.name, total_parents=count)
                yield StreamSlice(partition=partition, cursor_slice={})
        except Exception as error:
            progress.failed(self.name, error)
            registry.fail(self.name, error)
            raise
        if registry.generation_ended(self.name):
            self._sync.children_ended(self.name)

    def partitions(self) -> Iterator[dict[str, Any]]:
        """The distinct partitions as mappings of partition fields to values."""
        options = self._option_values()
        given: set[Keys] = set()
        for fields, feed in self._feeds:
            for keys in feed:
                if len(self._feeds) > 1:
                    if keys in given:
                        continue
                    given.add(keys)
                for values in options:
                    yield {**dict(zip(fields, keys, strict=True)), **values}

    def _option_values(self) -> list[dict[str, Any]]:
        combined: list[dict[str, Any]] = [{}]
        for partition_field, option in (self.values_from or {}).items():
            values = getattr(self._sync.settings, option)
            if not values:
                LOGGER.warning(
                    "Stream %s reads nothing: the API does not list the values of %s; name them in the "
                    "configuration (%s).",
                    self.name,
                    partition_field,
                    option,
                )
            combined = [{**held, partition_field: value} for held in combined for value in values]
        return combined


def parent_batches(sync: Sync, definition: Mapping[str, Any]) -> Batches:
    """A function that reads the parent collection (`definition` as the source composes it) in batches of
    rows.
    """
    endpoint = Endpoint(
        name=definition["name"],
        path=definition["path"],
        permission=definition.get("permission"),
        page_parameters=definition.get("page_parameters", True),
        items_field=definition.get("items_field", "items"),
        known_fields=schema_fields(definition["name"]),
    )
    user_filter = sync.settings.filters.get(endpoint.name)
    query = {"filter": user_filter} if user_filter else {}

    # built now, not when the first child asks: a parent that the sync reads anyway might have ended by then
    router = (
        ParentPartitionRouter(config=sync.config, name=endpoint.name, parents=definition["parents"])
        if definition.get("parents")
        else None
    )

    def read_all() -> Iterator[list[Row]]:
        yield from endpoint.reader(sync, {}, query, sync.prefetch).rows()

    def read_children(partitions: Iterator[dict[str, Any]]) -> Iterator[list[Row]]:
        def read(partition: dict[str, Any]) -> list[Row]:
            rows = [
                row for batch in endpoint.reader(sync, partition, query, NoPrefetch()).rows() for row in batch
            ]
            return [
                {**partition, **{name: value for name, value in row.items() if value is not None}}
                for row in rows
            ]

        yield from children_rows(sync.prefetch, partitions, read)

    return read_all if router is None else lambda: read_children(router.partitions())


def children_rows(
    prefetch: PagePrefetch, partitions: Iterator[dict[str, Any]], read: Callable[[dict[str, Any]], list[Row]]
) -> Iterator[list[Row]]:
    """The rows of every partition's child collection, several read side by side, in batches of one partition.

    A partition that is gone (404) has none.
    """
    waiting: deque[Future[Any]] = deque()
    following = next(partitions, None)
    while following is not None or waiting:
        while following is not None:
            future = prefetch.try_submit(partial(read, following))
            if future is None:
                break
            waiting.append(future)
            following = next(partitions, None)
        try:
            if waiting:
                try:
                    rows = waiting.popleft().result()
                finally:
                    prefetch.done()
            else:
                assert following is not None
                partition, following = following, next(partitions, None)
                rows = read(partition)
        except NotFound:
            continue
        yield rows
