"""Reads one partition of a stream: a whole collection, one parent's child collection, or one window of time.

The CDK's SimpleRetriever reads the pages of a partition one after the other and believes every reply. Here
the collection is the partition, and its pages are fetched side by side (`paging`). There are two reasons.
Lost and repeated rows can be found only where all pages of a collection are compared. And the state of a
cursor is right only where a partition holds exactly what the cursor asked for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.sources.declarative.retrievers import Retriever
from airbyte_cdk.sources.streams.core import StreamData
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.datetime_helpers import ab_datetime_parse

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.paths import fill
from source_snow_atlas.components.collection.pages import NoPrefetch
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, EPOCH
from source_snow_atlas.components.identity.filters import both
from source_snow_atlas.components.request.reply import Page, Row
from source_snow_atlas.components.run.progress import estimate
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.endpoint import Endpoint
from source_snow_atlas.components.stream.window_proof import Window, WindowProofs

RECORD_KEY = "recordKey"
ROUND_ROWS = 100
BEGINNING = "1970-01-01T00:00:00Z"
"""The start of an incremental stream without a start date: no filter is sent, so rows without a cursor value
come too.
"""


@dataclass
class CollectionRetriever(Retriever):
    """The retriever of every stream; its fields are the parameters of the stream's definition.

    path: endpoint with `{partition field}` placeholders. permission: name(s) any of which grants access.
    page_parameters: whether the operation declares page_number and page_size. items_field: the envelope's
    array. record_key: parts of the key of streams whose parts may be null; the stream's key is then the added
    field `recordKey`. cursor_filter: how the window of an incremental stream is asked for ("from": open end,
    "window": half-open window). window_parameters: query parameters that carry the window.
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
    window_format: str | None = None
    parents: list[dict[str, Any]] | None = None
    _endpoint: Endpoint | None = field(default=None, init=False, repr=False)
    _proofs: WindowProofs | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._sync = Sync.of(self.config)

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[StreamData]:
        """The records of one partition, with an estimate as soon as the total is known.

        Raises the errors of the client and of the reader; what is wrong with one parent of many only where
        the whole stream is lost.
        """
        partition = dict(stream_slice.partition) if stream_slice else {}
        partitions = self._sync.partitions(self.name)
        # the first failure of a stream is its error; what is left of it would only cost requests
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
                self._sync.ended(self.name)
                return
            self._sync.progress.add(self.name, parents=1)
            if partitions.end(partition, fill(self.path, partition), failure):
                self._sync.ended(self.name)
        except Exception as error:
            self._sync.fail(self.name, error)
            raise

    def _read(
        self, schema: Mapping[str, Any], stream_slice: StreamSlice | None, partition: dict[str, Any]
    ) -> Iterator[StreamData]:
        endpoint = self._endpoint or self._describe(schema)
        self._endpoint = endpoint
        query, window = self._query(stream_slice)
        announced: list[int] = []
        on_page = self._progress_of(announced) if not self.parents else self._count_page
        path_partition = {} if self.window_format else partition
        reader = endpoint.reader(self._sync, path_partition, query, self._sync.prefetch, on_page)
        finish = self._finisher(partition, window)
        name = self.name
        unpaged = not self.page_parameters and not self.parents and window is None
        for rows in reader.rows():
            if announced:
                yield estimate(name, announced.pop())
            if finish is not None:
                rows = finish(rows)
            if window is not None:
                rows = self._window_proofs(endpoint).whole(window, rows)
            elif unpaged and len(rows) >= ROUND_ROWS and len(rows) % ROUND_ROWS == 0:
                self._sync.progress.warn_once(
                    name,
                    "round",
                    f"Stream {name}: {len(rows)} rows came in a reply without pages and without a total. "
                    "That is a round number: the "
                    "server may have cut the list without a word.",
                )
            self._sync.parents.offer(name, rows)
            if self.cursor_field is None:
                for row in rows:
                    yield Record(row, name, stream_slice)
            else:
                for row in rows:
                    cursor_row = CursorRow(row)
                    cursor_row.cursor_field = self.cursor_field
                    yield Record(cursor_row, name, stream_slice)

    def _window_proofs(self, endpoint: Endpoint) -> WindowProofs:
        """What is known of how much the endpoint sends for a window; the same for all windows of the sync."""

        def read(window: Window) -> list[Row]:
            query = self._filter(self._between(window))
            finish = self._finisher({}, window)
            reader = endpoint.reader(self._sync, {}, query, NoPrefetch())
            rows = [row for batch in reader.rows() for row in batch]
            return finish(rows) if finish else rows

        with self._lock:
            if self._proofs is None:
                self._proofs = WindowProofs(self.name, endpoint.key, read)
            return self._proofs

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
        """The query without page parameters, and the half-open window [from, to) that the rows must lie in,
        if any.
        """
        if self.window_format and stream_slice:
            return dict(stream_slice.partition), None
        window = None
        cursor_filter = None
        if self.cursor_field and stream_slice and stream_slice.cursor_slice:
            start, end = stream_slice.cursor_slice["start_time"], stream_slice.cursor_slice["end_time"]
            if self.cursor_filter == "window":
                window = (start, _second_after(end))
                cursor_filter = self._between(window)
            elif start != BEGINNING:
                cursor_filter = f'{self.cursor_field} -ge "{start}"'
        return self._filter(cursor_filter), window

    def _between(self, window: Window) -> str:
        return both(f'{self.cursor_field} -ge "{window[0]}"', f'{self.cursor_field} -lt "{window[1]}"')

    def _filter(self, cursor_filter: str | None) -> dict[str, Any]:
        """The query with the user's filter of the stream and the cursor's."""
        parts = [part for part in (self._sync.settings.filters.get(self.name), cursor_filter) if part]
        if not parts:
            return {}
        return {"filter": both(*parts) if len(parts) == 2 else parts[0]}

    def _finisher(
        self, partition: Mapping[str, Any], window: Window | None
    ) -> Callable[[list[Row]], list[Row]] | None:
        """What is done to the rows of the partition, if anything: parent ids where they lack, the added key,
        the window's bounds.
        """
        added = list(partition.items())
        parts = self.record_key
        cursor_field = self.cursor_field
        if not added and not parts and window is None:
            return None

        def finish(rows: list[Row]) -> list[Row]:
            if window is not None and cursor_field is not None:
                # a server that ignores the filter must not give the same rows in every window
                rows = [row for row in rows if _within(row.get(cursor_field), window)]
            for row in rows:
                for name, value in added:
                    if row.get(name) is None:
                        row[name] = value
                if parts:
                    row[RECORD_KEY] = json.dumps([row.get(part) for part in parts], ensure_ascii=False)
            return rows

        return finish

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
            progress.add(name, records=len(page.rows), pages=1)

        return on_page

    def _count_page(self, page: Page) -> None:
        self._sync.progress.add(self.name, records=len(page.rows))


class CursorRow(dict[str, Any]):
    """A row that tells the CDK's cursor, which asks with `get`, a value it can use: no seventh digit, never
    in the future.

    A clock that is wrong by years must not move the state past everything that is still to come, and the year
    1, which stands for "no date" in .NET, can't be written so that the CDK reads it again. What is emitted is
    a copy of the mapping's items, which are as the server sent them.
    """

    cursor_field: str = ""

    def get(self, key: str, default: Any = None) -> Any:
        """The item; the cursor value as UTC seconds, from 1970 to now, or None where it is no moment."""
        value = super().get(key, default)
        if key != self.cursor_field:
            return value
        moment = _moment(value)
        if moment is None:
            return None
        return max(EPOCH, min(moment, datetime.now(timezone.utc))).strftime(DATETIME_FORMAT)


def _second_after(moment: str) -> str:
    return (datetime.strptime(moment, DATETIME_FORMAT) + timedelta(seconds=1)).strftime(DATETIME_FORMAT)


def _moment(value: Any) -> datetime | None:
    try:
        moment: datetime = ab_datetime_parse(value)
        return moment.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None


def _within(value: Any, window: Window) -> bool:
    """Whether a moment lies in [from, to). What can't be read as a moment is not the window's to refuse."""
    moment = _moment(value)
    if moment is None:
        return True
    start, end = (datetime.strptime(bound, DATETIME_FORMAT).replace(tzinfo=timezone.utc) for bound in window)
    return start <= moment < end
