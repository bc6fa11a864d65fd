"""Partition routers: months of the KPI endpoints, and parents of streams that cost a request per parent."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.partition_routers import SinglePartitionRouter
from airbyte_cdk.sources.types import StreamSlice

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.paths import fill
from source_snow_atlas.components.collection.prefetch import NoPrefetch, Prefetch, in_flight
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.endpoint import Endpoint
from source_snow_atlas.components.run.parents import KeyFeed, Keys, KeySource
from source_snow_atlas.components.run.partitions import Partition, Partitions, RowsMissing
from source_snow_atlas.components.run.sync import Sync

LOGGER = logging.getLogger("airbyte")


@dataclass
class MonthlyWindowRouter(SinglePartitionRouter):
    """Router that yields a partition for every calendar month since the start date, or for the last twelve.

    The current month is requested until today, but its row has the last day of the month as its `toDate`. So
    the row of the next sync replaces it if the destination deduplicates by fromDate and toDate. `isComplete`
    is false for it.

    `window_format` is "date" for YYYY-MM-DD, or "date_time" for midnight UTC of these days (users KPI).
    """

    config: Mapping[str, Any]
    window_format: str

    def stream_slices(self) -> Iterable[StreamSlice]:
        """Yield the months, oldest first. Extra fields of a slice are its query parameters."""
        today = datetime.now(timezone.utc).date()
        configured = Configuration.parse(self.config).start_date
        start = configured.date() if configured else _following(today.replace(year=today.year - 1, day=1))
        suffix = "T00:00:00Z" if self.window_format == "date_time" else ""
        for first, last in months(start, today):
            window = {"fromDate": f"{first}{suffix}", "toDate": f"{last}{suffix}"}
            yield StreamSlice(
                partition={**window, "isComplete": last < today},
                cursor_slice={},
                extra_fields={**window, "toDate": f"{min(last, today)}{suffix}"},
            )


def months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of every calendar month from `start` to `end`."""
    first = start.replace(day=1)
    while first <= end:
        following = _following(first)
        yield first, following - timedelta(days=1)
        first = following


def _following(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


@dataclass
class ParentPartitionRouter(SinglePartitionRouter):
    """Router that yields a partition for every distinct parent of a stream.

    parents: {stream, keys: {partition field: field of the parent's record}, where?, lacking?, asset_kind?,
    identity, definition} each, as `definitions.compose` makes them; the keys of several parents are united.
    values_from: {partition field: name of an option}; every key is combined with every value of the option.
    """

    config: Mapping[str, Any]
    name: str
    parents: list[dict[str, Any]]
    values_from: Mapping[str, str] | None = None

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._sync = Sync.of(self.config)
        self._options: list[dict[str, Any]] = [{}]
        for field, option in (self.values_from or {}).items():
            values = getattr(self._sync.settings, option)
            self._options = [{**each, field: value} for each in self._options for value in values]
        self._keys = ParentKeys(self._sync, self.name, self.parents, self._options)

    def stream_slices(self) -> Iterable[StreamSlice]:
        """Yield the partitions, while the parents are still being read."""
        for field, option in (self.values_from or {}).items():
            if not getattr(self._sync.settings, option):
                LOGGER.warning(
                    f"Stream {self.name} reads nothing, because the API does not list the values of {field}. "
                    f"Name them in the option {option}."
                )
        partitions = self._sync.partitions(self.name)
        try:
            for partition in self._keys.partitions(partitions):
                if partitions.error is not None:
                    return
                self._sync.progress.expect(self.name, total_parents=partitions.begun)
                yield StreamSlice(partition=partition, cursor_slice={})
            if partitions.all_begun():
                self._sync.end_stream(self.name, is_whole=True)
        except Exception as error:
            partitions.fail(error)
            raise


class ParentKeys:
    """The keys of a stream's parents, as partitions. Each is combined with each of the `options`."""

    def __init__(
        self, sync: Sync, name: str, parents: list[dict[str, Any]], options: Sequence[Partition] = ({},)
    ) -> None:
        self._sync = sync
        self._name = name
        self._options = options
        self._parents = [
            (tuple(parent["keys"]), KeySource.of(parent), ParentCollection(sync, parent["definition"]))
            for parent in parents
            if parent.get("asset_kind") in (None, *sync.settings.asset_kinds)
        ]
        for _, source, _ in self._parents:
            sync.expect_keys(source)
        self._completed_elsewhere = {
            (source["stream"], source.get("lacking"))
            for parent in parents
            for source in parent["definition"].get("parents", ())
        }

    def partitions(self, partitions: Partitions) -> Iterator[Partition]:
        """Yield the distinct partitions, and report to `partitions` them and parents that can't be requested.

        Raises SnowAtlasError if the list of parents can't be read.
        """
        partitions.listed_again = self._listed_again
        known: set[tuple[str, ...]] = set()
        for fields, source, collection in self._parents if self._options else ():
            feed = self._sync.parent_keys(source, collection.batches)
            try:
                for keys in feed:
                    path = tuple(map(str, keys))
                    if path in known:
                        continue
                    if len(self._parents) > 1:
                        known.add(path)
                    for partition in self._combined(fields, keys):
                        partitions.begin()
                        yield partition
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

    def _listed_again(self) -> Iterator[Partition]:
        for fields, source, collection in self._parents:
            for keys in KeyFeed(source, collection.batches):
                yield from self._combined(fields, keys)

    def _combined(self, fields: tuple[str, ...], keys: Keys) -> Iterator[Partition]:
        for option in self._options:
            yield {**dict(zip(fields, keys, strict=True)), **option}

    def _warn_about_incomplete_records(self, feed: KeyFeed) -> None:
        """Warn if the list of parents omits the array of the keys in some records, or a reference in all."""
        source = feed.source
        lacks = feed.incomplete and (source.array is not None or feed.incomplete == feed.rows)
        if lacks and (source.stream, source.array or "") not in self._completed_elsewhere:
            missing = source.array or " and ".join(source.fields)
            LOGGER.warning(
                f"Stream {self._name} may lack rows: {feed.incomplete} of {feed.rows} records of "
                f"{source.stream} have no {missing}, so their children are unknown."
            )


class ParentCollection:
    """Collection that is read for the keys of its records.

    `definition` is made by `definitions.compose`. The records of a collection per parent have the keys of
    their parent, too.
    """

    def __init__(self, sync: Sync, definition: Mapping[str, Any]) -> None:
        self._prefetch = sync.prefetch
        self._endpoint = Endpoint.of(sync, definition)
        parents = definition.get("parents", [])
        self._parents = ParentKeys(sync, self._endpoint.name, parents) if parents else None
        # these records complete those that lack an array: one that is gone lacks it here, too
        self._completes = any("lacking" in parent for parent in parents)

    def batches(self) -> Iterator[list[Row]]:
        """Yield the records in batches. Raises RowsMissing at the end if some are not known."""
        not_served: list[int] = []
        if self._parents is None:
            yield from self._batches({}, self._prefetch, not_served)
        else:
            yield from self._read_per_parent(self._parents, not_served)
        if not_served:
            name, rows = self._endpoint.name, sum(not_served)
            reason = f"the API counts {rows} more rows of {name} than it serves."
            raise RowsMissing(name, reason, FailureType.system_error, rows)

    def _batches(
        self, partition: Partition, prefetch: Prefetch, not_served: list[int]
    ) -> Iterator[list[Row]]:
        query = self._endpoint.filtered()
        return self._endpoint.reader(partition, query, prefetch, on_missing=not_served.append).rows()

    def _read_per_parent(self, parents: ParentKeys, not_served: list[int]) -> Iterator[list[Row]]:
        partitions = Partitions(self._endpoint.name)

        def read(partition: Partition) -> list[Row]:
            rows: list[Row] = []
            failure = None
            try:
                rows = [*partitions.read(partial(self._read, partition, not_served))]
            except SnowAtlasError as error:
                failure = error
            partitions.end(partition, fill(self._endpoint.path, partition), failure)
            return rows

        following = parents.partitions(partitions)
        yield from in_flight(lambda newest: next(following, None), read, self._prefetch)
        if missing := partitions.missing():
            raise missing

    def _read(self, partition: Partition, not_served: list[int]) -> Iterator[Row]:
        """Yield the records of one parent, without null fields, and with the parent's keys."""
        rows = [row for batch in self._batches(partition, NoPrefetch(), not_served) for row in batch]
        if self._completes and not rows:
            rows = [{}]
        for row in rows:
            yield {**partition, **{name: value for name, value in row.items() if value is not None}}
