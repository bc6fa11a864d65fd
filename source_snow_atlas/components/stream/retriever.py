"""Retrievers of one partition: a collection, the child collection of a parent, a time window, or the tenant.

The CDK's SimpleRetriever reads the pages of a partition one after the other and doesn't verify replies. Here
the pages of a collection are compared, to find lost and repeated rows, and several are fetched at a time
(`collection/paging.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from airbyte_cdk.sources.declarative.retrievers import Retriever
from airbyte_cdk.sources.streams.core import StreamData
from airbyte_cdk.sources.types import Record, StreamSlice

from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError
from source_snow_atlas.components.basics.paths import fill
from source_snow_atlas.components.collection.prefetch import NoPrefetch
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, parse_timestamp
from source_snow_atlas.components.identity.oauth import (
    IdentityUnavailable,
    SnowAtlasOauth2Authenticator,
    read_tenant,
)
from source_snow_atlas.components.request.reply import Page, Row
from source_snow_atlas.components.run.endpoint import Endpoint
from source_snow_atlas.components.run.progress import estimate
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.keys import KeyWarnings
from source_snow_atlas.components.stream.time_windows import TimeWindow, TimeWindows, timestamp_of
from source_snow_atlas.definitions import BEGINNING


class EmptyRecord(Record):
    """Record without any field. The CDK would treat a false record as the end of the sync."""

    def __bool__(self) -> bool:
        return True


class CursorRow(dict[str, Any]):
    """Row whose `get`, which the CDK's cursor calls, returns a usable cursor value.

    A server's clock that is wrong by years must not move the state beyond later rows, and the CDK can't read
    the year 1 (.NET's "no date") from a state. So the value lies between 1970 and `latest`, in whole
    seconds. `latest` is the end of the requested window; None stands for the current time. The emitted record
    is made from the items and keeps the value of the server.
    """

    def __init__(self, row: Mapping[str, Any], cursor_field: str, latest: datetime | None = None) -> None:
        super().__init__(row)
        self._cursor_field = cursor_field
        self._latest = latest

    def get(self, key: str, default: Any = None) -> Any:
        value = super().get(key, default)
        if key != self._cursor_field:
            return value
        timestamp, latest = timestamp_of(value), self._latest or datetime.now(timezone.utc)
        return None if timestamp is None else min(timestamp, latest).strftime(DATETIME_FORMAT)


@dataclass
class CollectionRetriever(Retriever):
    """Retriever of all streams but `tenant`. It reads these parameters of a stream's definition:

    path: endpoint with `{partition field}` placeholders.
    permission: name of the permission, or several names of which any grants access.
    page_parameters: whether the operation declares page_number and page_size.
    items_field: field of the envelope that holds the rows.
    record_key: fields that identify a row although some may be null. The primary key is then the added field
    `recordKey`.
    parents: parents of a stream that costs a request per parent.
    cursor_field: field whose value is compared with the state of an incremental stream.
    cursor_filter: filter of an incremental stream, "from" (a start) or "window" (a half-open interval).
    kept_until: field with the time until which the server keeps a row.
    window_format: format of the query parameters fromDate and toDate of a stream per month.
    """

    config: Mapping[str, Any]
    name: str
    primary_key: str | list[str] | None
    authenticator: SnowAtlasOauth2Authenticator
    parameters: Mapping[str, Any]

    def __post_init__(self) -> None:
        parameters = self.parameters
        self._sync = Sync.of(self.config)
        self._warn = partial(self._sync.progress.warn_once, self.name)
        key = self.primary_key or []
        self._primary_key = [key] if isinstance(key, str) else key
        self._record_key: list[str] = parameters.get("record_key", [])
        self._endpoint = Endpoint.of(self._sync, {**parameters, "key": self._record_key or self._primary_key})
        self._is_per_parent = "parents" in parameters
        self._is_per_month = "window_format" in parameters
        self._cursor_field: str | None = parameters.get("cursor_field")
        self._cursor_filter: str | None = parameters.get("cursor_filter")
        self._time_windows = TimeWindows(
            self.name,
            self._cursor_field or "",
            parameters.get("kept_until"),
            self._read_time_window,
            self._warn,
        )
        self._is_estimated = False

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[StreamData]:
        """Yield the records of one partition, and an estimate as soon as the total is known.

        Raises the errors of the client and of the reader. The error of one of many parents is raised only if
        it fails the whole stream.
        """
        stream_slice = stream_slice or StreamSlice(partition={}, cursor_slice={})
        partitions = self._sync.partitions(self.name)
        if partitions.error is not None:
            if self._is_per_parent:
                return  # other parents of a stream that has failed would only cost requests
            # other windows must not count as read; the traceback would grow each time it is raised
            raise partitions.error.with_traceback(None)
        try:
            failure: SnowAtlasError | None = None
            try:
                yield from partitions.read(partial(self._read, stream_slice))
            except SnowAtlasError as error:
                if not self._is_per_parent:
                    raise
                failure = error
            is_last = True
            if self._is_per_parent:
                self._sync.progress.add(self.name, parents=1)
                partition = stream_slice.partition
                is_last = partitions.end(partition, fill(self._endpoint.path, partition), failure)
            if is_last:
                self._sync.end_stream(self.name, is_whole=self._cursor_field is None)
        except Exception as error:
            partitions.fail(error)
            raise

    def _read(self, stream_slice: StreamSlice) -> Iterator[StreamData]:
        keys = KeyWarnings(self._primary_key, f"Stream {self.name}", self._warn)
        end = stream_slice.cursor_slice.get("end_time")
        latest = parse_timestamp(end) if end else None
        for rows in self._read_batches(stream_slice, latest):
            total = self._sync.progress.count(self.name, "total_records")
            if total and not self._is_estimated:
                self._is_estimated = True
                yield estimate(self.name, total)
            keys.check(rows)
            self._sync.progress.add(self.name, records=len(rows))
            self._sync.add_rows(self.name, rows)
            for row in rows:
                data = row if self._cursor_field is None else CursorRow(row, self._cursor_field, latest)
                yield (Record if row else EmptyRecord)(data, self.name, stream_slice)

    def _read_batches(self, stream_slice: StreamSlice, latest: datetime | None) -> Iterator[list[Row]]:
        """Yield the rows of a partition. Those of a time window come at once: they are verified together."""
        partition = stream_slice.partition
        start = stream_slice.cursor_slice.get("start_time", BEGINNING)
        if self._cursor_filter == "window" and latest is not None:
            yield self._time_windows.rows((parse_timestamp(start), latest + timedelta(seconds=1)))
            return
        if self._is_per_month:
            query = dict(stream_slice.extra_fields)
        elif start == BEGINNING:  # with a filter, rows without a cursor value would be missing
            query = self._endpoint.filtered()
        else:
            query = self._endpoint.filtered(f'{self._cursor_field} -ge "{start}"')
        in_path = {} if self._is_per_month else partition
        # pages of child collections are not counted
        on_page = None if self._is_per_parent else self._count_page
        for rows in self._endpoint.reader(in_path, query, self._sync.prefetch, on_page).rows():
            yield self._with_fields(rows, partition)

    def _read_time_window(self, window: TimeWindow) -> list[Row]:
        start, end = (f"{timestamp:{DATETIME_FORMAT}}" for timestamp in window)
        query = self._endpoint.filtered(
            f'{self._cursor_field} -ge "{start}"', f'{self._cursor_field} -lt "{end}"'
        )
        batches = self._endpoint.reader({}, query, NoPrefetch(), self._count_page).rows()
        return self._with_fields([row for batch in batches for row in batch], {})

    def _with_fields(self, rows: list[Row], partition: Mapping[str, Any]) -> list[Row]:
        """Return the rows after parent ids, months and `recordKey` were added to them."""
        added = list(partition.items())
        for row in rows if added or self._record_key else ():
            for name, value in added:
                # the key of a month's row has its last day, while a reply may have the requested day
                if self._is_per_month or row.get(name) is None:
                    row[name] = value
            if self._record_key:
                row["recordKey"] = json.dumps(
                    [row.get(part) for part in self._record_key], ensure_ascii=False
                )
        return rows

    def _count_page(self, page: Page) -> None:
        self._sync.progress.expect(
            self.name, total_records=page.total_items or 0, total_pages=page.total_pages or 0
        )
        self._sync.progress.add(self.name, pages=1)


@dataclass
class TenantRetriever(Retriever):
    """Retriever of the one record, which costs no request to the APIs."""

    config: Mapping[str, Any]
    name: str
    authenticator: SnowAtlasOauth2Authenticator

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[StreamData]:
        """Yield the tenant as {id, name, region}. Raises ConfigurationError if it is not known."""
        try:
            tenant = read_tenant(self.authenticator)
        except IdentityUnavailable as reason:
            raise ConfigurationError(
                f"Stream {self.name}: the tenant is not known, because {reason}. Leave the stream out of the "
                "connection. All other streams are unaffected.",
                self.name,
            ) from None
        yield Record({"id": tenant.id, "name": tenant.name, "region": tenant.region}, self.name, stream_slice)
