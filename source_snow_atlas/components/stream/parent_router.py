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

from source_snow_atlas.components.basics.errors import ConfigurationError, NotFound, SnowAtlasError
from source_snow_atlas.components.basics.paths import fill, names_nothing, not_safe, shown
from source_snow_atlas.components.collection.pages import NoPrefetch
from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.parents import Batches, KeyFeed, Keys, KeySource, ParentsUnreadable
from source_snow_atlas.components.run.partitions import Partitions, RowsMissing
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.endpoint import Endpoint
from source_snow_atlas.components.stream.partition_router import PathPartitionRouter
from source_snow_atlas.definitions import schema_fields

LOGGER = logging.getLogger("airbyte")


@dataclass
class ParentPartitionRouter(PathPartitionRouter):
    """One partition for every distinct parent of a stream, as the stream's `parents` say.

    `parents`: a list of {stream, keys: {partition field: field of the parent's record}, where?, lacking?,
    asset_kind?, identity, definition} as the source composes it; several parents give the union of their
    keys. `values_from` crosses the keys with a list of the configuration: {partition field: name of the
    option}.
    """

    config: Mapping[str, Any]
    name: str
    parents: list[dict[str, Any]]
    values_from: Mapping[str, str] | None = None
    _feeds: list[tuple[tuple[str, ...], KeyFeed]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._sync = Sync.of(self.config)
        self._feeds = []
        self._batches: list[Batches] = []
        for parent in self.parents:
            if "asset_kind" in parent and parent["asset_kind"] not in self._sync.settings.asset_kinds:
                continue
            keys: Mapping[str, str] = parent["keys"]
            source = KeySource(
                parent["stream"],
                tuple(keys.values()),
                parent.get("where"),
                parent.get("lacking"),
                frozenset(parent.get("identity", keys.values())),
            )
            batches = parent_batches(self._sync, parent["definition"])
            self._feeds.append((tuple(keys), self._sync.parents.feed(source, batches)))
            self._batches.append(batches)
        self._told_elsewhere = {
            (source["stream"], source["lacking"])
            for parent in self.parents
            for source in parent["definition"].get("parents", ())
            if "lacking" in source
        }

    def stream_slices(self) -> Iterable[StreamSlice]:
        """The partitions, while the parents are still being read."""
        partitions = self._sync.partitions(self.name)
        partitions.listed_again = self.listed_again
        try:
            for partition in self.partitions(partitions):
                if partitions.has_failed:
                    return
                self._sync.progress.expect(self.name, total_parents=partitions.begin())
                yield StreamSlice(partition=partition, cursor_slice={})
            if partitions.all_begun():
                self._sync.ended(self.name)
        except Exception as error:
            self._sync.fail(self.name, error)
            raise

    def partitions(self, partitions: Partitions) -> Iterator[dict[str, Any]]:
        """The distinct partitions as mappings of partition fields to values; `partitions` is told of parents
        that can't be asked for. Raises ParentsUnreadable.
        """
        options = self._option_values()
        given: set[tuple[str, ...]] = set()
        for fields, feed in self._feeds:
            try:
                for keys in feed:
                    if len(self._feeds) > 1:
                        path = tuple(map(str, keys))
                        if path in given:
                            continue
                        given.add(path)
                    yield from _crossed(fields, keys, options)
            except RowsMissing as missing:
                partitions.some_are_unknown(missing)
            except Exception as error:
                raise ParentsUnreadable(self.name, error) from None
            if options:
                partitions.nameless.include(feed.nameless)
                partitions.unsafe.include(feed.unsafe)
                self._warn_of_untold(feed)

    def _warn_of_untold(self, feed: KeyFeed) -> None:
        """Say where keys stand in a field that the parents' list leaves out: a list in some of its records, a
        reference in all of them.
        """
        source = feed.source
        if not feed.untold or (source.array is None and feed.untold < feed.rows):
            return
        if (source.stream, source.array) not in self._told_elsewhere:
            LOGGER.warning(
                "Stream %s may lack rows: %d of %d records of %s came without %s, so what belongs to them is "
                "not known.",
                self.name,
                feed.untold,
                feed.rows,
                source.stream,
                source.array or source.where or " and ".join(source.fields),
            )

    def listed_again(self) -> Iterator[dict[str, Any]]:
        """The partitions by the lists of parents as they are now, page by page."""
        options = self._option_values()
        for (fields, feed), batches in zip(self._feeds, self._batches, strict=True):
            for rows in batches():
                for row in filter(feed.source.takes, rows):
                    for keys in feed.source.keys_of(row):
                        if not any(map(names_nothing, keys)):
                            yield from _crossed(fields, keys, options)

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
            for value in values:
                if reason := names_nothing(value) or not_safe(value):
                    raise ConfigurationError(
                        f"Correct {option}: {shown(value)} can't be the id of anything ({reason}).", self.name
                    )
            combined = [{**held, partition_field: value} for held in combined for value in values]
        return combined


def _crossed(fields: tuple[str, ...], keys: Keys, options: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for values in options:
        yield {**dict(zip(fields, keys, strict=True)), **values}


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
        known_fields=schema_fields(definition.get("schema", definition["name"])),
    )
    user_filter = sync.settings.filters.get(endpoint.name)
    query = {"filter": user_filter} if user_filter else {}

    # built now, not when the first child asks: a parent that the sync reads anyway might have ended by then
    router = (
        ParentPartitionRouter(config=sync.config, name=endpoint.name, parents=definition["parents"])
        if definition.get("parents")
        else None
    )

    # read for records that lack an array: one that is gone lacks it here, too, and the children say so
    completes = any("lacking" in parent for parent in definition.get("parents", ()))

    def read_all() -> Iterator[list[Row]]:
        yield from endpoint.reader(sync, {}, query, sync.prefetch).rows()
        if missing := sync.rows_not_served(endpoint.name):
            raise missing

    def read_children(router: ParentPartitionRouter) -> Iterator[list[Row]]:
        partitions = Partitions(endpoint.name)
        partitions.listed_again = router.listed_again

        def read(partition: dict[str, Any]) -> list[Row]:
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
                {**partition, **{name: value for name, value in row.items() if value is not None}}
                for row in rows
            ]

        given_out = router.partitions(partitions)
        for partition, rows in children_rows(sync.prefetch, given_out, read, partitions.begin):
            failure = rows if isinstance(rows, SnowAtlasError) else None
            partitions.end(partition, fill(endpoint.path, partition), failure)
            if not isinstance(rows, SnowAtlasError):
                yield rows
        partitions.all_begun()
        if missing := partitions.missing():
            raise missing

    return read_all if router is None else lambda: read_children(router)


def children_rows(
    prefetch: PagePrefetch,
    partitions: Iterator[dict[str, Any]],
    read: Callable[[dict[str, Any]], list[Row]],
    begin: Callable[[], Any] = lambda: None,
) -> Iterator[tuple[dict[str, Any], list[Row] | SnowAtlasError]]:
    """Every partition with the rows of its child collection, or why it could not be read; several are read
    side by side.
    """

    def outcome(partition: dict[str, Any]) -> list[Row] | SnowAtlasError:
        try:
            return read(partition)
        except SnowAtlasError as error:
            return error

    def next_one() -> dict[str, Any] | None:
        following = next(partitions, None)
        if following is not None:
            begin()
        return following

    waiting: deque[tuple[dict[str, Any], Future[list[Row] | SnowAtlasError]]] = deque()
    try:
        following = next_one()
        while following is not None or waiting:
            while following is not None:
                future = prefetch.try_submit(partial(outcome, following))
                if future is None:
                    break
                waiting.append((following, future))
                following = next_one()
            if waiting:
                partition, future = waiting.popleft()
                try:
                    rows = future.result()
                finally:
                    prefetch.done()
            else:
                assert following is not None
                partition, rows = following, outcome(following)
                following = next_one()
            yield partition, rows
    finally:
        for _, future in waiting:
            future.cancel()
            prefetch.done()
