"""Retriever of one partition: a collection, the child collection of a parent, or a time window.

The CDK's SimpleRetriever reads the pages of a partition one after the other and doesn't verify replies. Here
the pages of a collection are compared, to find lost and repeated rows, and several are fetched at a time
(`collection/paging.py`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.sources.declarative.retrievers import Retriever
from airbyte_cdk.sources.streams.core import StreamData
from airbyte_cdk.sources.types import Record, StreamSlice

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.paths import fill
from source_snow_atlas.components.collection.keys import KeyWarnings
from source_snow_atlas.components.collection.pages import NoPrefetch
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, joined
from source_snow_atlas.components.request.reply import Page, Row
from source_snow_atlas.components.run.progress import estimate
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.cursor_row import CursorRow, bound
from source_snow_atlas.components.stream.endpoint import Endpoint
from source_snow_atlas.components.stream.retention import Retention
from source_snow_atlas.components.stream.window_check import OutsideRows, Window, WindowVerifier
from source_snow_atlas.definitions import BEGINNING

RECORD_KEY = "recordKey"
ROUND_ROWS = 100
"""A list without pages that holds a multiple of this may have been truncated."""


class EmptyRecord(Record):
    """Record without any field. The CDK would treat a false record as the end of the sync."""

    def __bool__(self) -> bool:
        return True


@dataclass
class CollectionRetriever(Retriever):
    """Retriever of all streams but `tenant`. Its fields are the parameters of a stream's definition.

    path: endpoint with `{partition field}` placeholders.
    permission: name of the permission, or several names of which any grants access.
    page_parameters: whether the operation declares page_number and page_size.
    items_field: field of the envelope that holds the rows.
    record_key: fields that identify a row although some may be null. The primary key is then the added field
    `recordKey`.
    cursor_filter: filter of an incremental stream, "from" (a start) or "window" (a half-open interval).
    kept_until: field with the time until which the server keeps a row.
    window_format: format of the query parameters fromDate and toDate of a stream per month.
    """

    config: Mapping[str, Any]
    name: str
    primary_key: str | list[str] | None
    authenticator: DeclarativeAuthenticator
    path: str
    permission: Any = None
    page_parameters: bool = True
    items_field: str = "items"
    record_key: list[str] | None = None
    cursor_field: str | None = None
    cursor_filter: str | None = None
    kept_until: str | None = None
    window_format: str | None = None
    parents: list[dict[str, Any]] | None = None
    _endpoint: Endpoint | None = field(default=None, init=False, repr=False)
    _verifier: WindowVerifier | None = field(default=None, init=False, repr=False)
    _retention: Retention | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._sync = Sync.of(self.config)
        self._outside = OutsideRows(self.cursor_field or "")
        if self.cursor_field and self.kept_until:
            warn = partial(self._sync.progress.warn_once, self.name, "retention")
            self._retention = Retention(self.name, self.cursor_field, self.kept_until, warn)

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[StreamData]:
        """Yield the records of one partition, and an estimate as soon as the total is known.

        Raises the errors of the client and of the reader. The error of one of many parents is raised only if
        it fails the whole stream.
        """
        partition = dict(stream_slice.partition) if stream_slice else {}
        partitions = self._sync.partitions(self.name)
        # the stream has failed already, so its other parents would only cost requests
        if self.parents and partitions.has_failed:
            return
        partitions.raise_if_failed()
        try:
            failure: SnowAtlasError | None = None
            try:
                yield from self._read(records_schema, stream_slice, partition)
            except SnowAtlasError as error:
                if not self.parents:
                    raise
                failure = error
            if not self.parents:
                self._sync.end_stream(self.name)
                return
            self._sync.progress.add(self.name, parents=1)
            if partitions.end(partition, fill(self.path, partition), failure):
                self._sync.end_stream(self.name)
        except Exception as error:
            partitions.fail(error)
            raise

    def _read(
        self, schema: Mapping[str, Any], stream_slice: StreamSlice | None, partition: dict[str, Any]
    ) -> Iterator[StreamData]:
        endpoint = self._endpoint or self._describe(schema)
        self._endpoint = endpoint
        query, window = self._query(stream_slice)
        if window is not None and self._retention is not None:
            self._retention.requested(window)
        announced: list[int] = []
        on_page = self._progress_of(announced) if not self.parents else _ignore
        path_partition = {} if self.window_format else partition
        reader = endpoint.reader(self._sync, path_partition, query, self._sync.prefetch, on_page)
        add_fields = self._field_adder(partition, window)
        name = self.name
        unpaged = not self.page_parameters and not self.parents and window is None
        keys = KeyWarnings(
            endpoint.primary_key,
            f"Stream {name}",
            lambda kind, message: self._sync.progress.warn_once(name, kind, message),
        )
        batches = reader.rows()
        if window is not None:  # a window is verified with all of its rows, even if the server has pages
            batches = iter([[row for batch in batches for row in batch]])
        for rows in batches:
            if announced:
                yield estimate(name, announced.pop())
            if add_fields is not None:
                rows = add_fields(rows)
            if window is not None:
                rows = self._outside.not_emitted(
                    self._window_verifier(endpoint).complete(window, rows), window
                )
                if self._retention is not None:
                    self._retention.received(rows)
            elif unpaged and len(rows) >= ROUND_ROWS and len(rows) % ROUND_ROWS == 0:
                self._sync.progress.warn_once(
                    name,
                    "round",
                    f"Stream {name}: {len(rows)} rows came in a reply without pages and without a total. "
                    "That is a round number: the server may have cut the list without a word.",
                )
            keys.check(rows)
            self._sync.progress.add(name, records=len(rows))
            if self.cursor_field is None:
                for row in rows:
                    yield (Record if row else EmptyRecord)(row, name, stream_slice)
            else:
                end = stream_slice.cursor_slice.get("end_time") if stream_slice else None
                latest = bound(end) if end else None
                for row in rows:
                    cursor_row = CursorRow(row)
                    cursor_row.cursor_field, cursor_row.latest = self.cursor_field, latest
                    yield Record(cursor_row, name, stream_slice)

    def _window_verifier(self, endpoint: Endpoint) -> WindowVerifier:
        """Return the verifier that all windows of the sync share."""

        def read(window: Window) -> list[Row]:
            query = self._filter(self._between(window))
            add_fields = self._field_adder({}, window)
            reader = endpoint.reader(self._sync, {}, query, NoPrefetch())
            rows = [row for batch in reader.rows() for row in batch]
            return add_fields(rows) if add_fields else rows

        with self._lock:
            if self._verifier is None:
                self._verifier = WindowVerifier(self.name, read)
            return self._verifier

    def _describe(self, schema: Mapping[str, Any]) -> Endpoint:
        key = [self.primary_key] if isinstance(self.primary_key, str) else self.primary_key or []
        return Endpoint(
            name=self.name,
            path=self.path,
            permission=self.permission,
            page_parameters=self.page_parameters,
            items_field=self.items_field,
            primary_key=tuple(key),
            record_key=tuple(self.record_key or ()),
            known_fields=frozenset(schema.get("properties", {})),
        )

    def _query(self, stream_slice: StreamSlice | None) -> tuple[dict[str, Any], Window | None]:
        """Return the query without page parameters, and the half-open window of the rows, if any."""
        if self.window_format and stream_slice:
            return dict(stream_slice.extra_fields), None
        window = None
        cursor_filter = None
        if self.cursor_field and stream_slice and stream_slice.cursor_slice:
            start, end = stream_slice.cursor_slice["start_time"], stream_slice.cursor_slice["end_time"]
            if self.cursor_filter == "window":
                window = (start, _second_after(end))
                cursor_filter = self._between(window)
            elif start != BEGINNING:  # without a filter, rows without a cursor value are sent too
                cursor_filter = f'{self.cursor_field} -ge "{start}"'
        return self._filter(cursor_filter), window

    def _between(self, window: Window) -> str:
        return joined([f'{self.cursor_field} -ge "{window[0]}"', f'{self.cursor_field} -lt "{window[1]}"'])

    def _filter(self, cursor_filter: str | None) -> dict[str, Any]:
        """Return the query that combines the user's filter of the stream with that of the cursor."""
        parts = [part for part in (self._sync.settings.filters.get(self.name), cursor_filter) if part]
        return {"filter": joined(parts)} if parts else {}

    def _field_adder(
        self, partition: Mapping[str, Any], window: Window | None
    ) -> Callable[[list[Row]], list[Row]] | None:
        """Return a function that adds parent ids, months and `recordKey` to rows, or None if not needed."""
        added = list(partition.items())
        is_key = self.window_format is not None
        parts = self.record_key
        if not added and not parts:
            return None

        def add_fields(rows: list[Row]) -> list[Row]:
            for row in rows:
                for name, value in added:
                    # the key of a month's row has its last day, while a reply may have the requested day
                    if is_key or row.get(name) is None:
                        row[name] = value
                if parts:
                    row[RECORD_KEY] = json.dumps([row.get(part) for part in parts], ensure_ascii=False)
            return rows

        return add_fields

    def _progress_of(self, announced: list[int]) -> Callable[[Page], None]:
        progress, name = self._sync.progress, self.name
        known: list[bool] = []

        def on_page(page: Page) -> None:
            if not known:
                known.append(True)
                if page.total_items:
                    announced.append(page.total_items)
                    progress.expect(name, total_records=page.total_items)
                if page.total_pages:
                    progress.expect(name, total_pages=page.total_pages)
            progress.add(name, pages=1)

        return on_page


def _ignore(page: Page) -> None:
    """Do nothing: pages of child collections are not counted."""


def _second_after(timestamp: str) -> str:
    return (datetime.strptime(timestamp, DATETIME_FORMAT) + timedelta(seconds=1)).strftime(DATETIME_FORMAT)
