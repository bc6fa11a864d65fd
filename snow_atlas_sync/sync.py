"""Sync: write the connector's records to files, and load those of the streams that are complete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from snow_atlas_sync import connector
from snow_atlas_sync.errors import SyncError, stop_if_asked
from snow_atlas_sync.outcome import NOT_LOADED, SyncReport
from snow_atlas_sync.spool import Spool
from snow_atlas_sync.text_table import counted
from source_snow_atlas import definitions

MAX_FIELDS = 5
"""Number of fields that a note names."""
NOT_PERMITTED = "NOT PERMITTED"

if TYPE_CHECKING:
    from snow_atlas_sync.destination import Destination


def sync(
    process: connector.Process,
    first_lines: Sequence[bytes],
    folder: Path,
    destination: Destination,
    report: SyncReport,
    incremental: Collection[str],
    *,
    holds_nul: bool,
) -> None:
    """Load the records that the connector reads. Those of `incremental` streams are merged.

    `first_lines` are those lines of the connector's output that were read already.
    In the end each stream of the report is either complete and loaded, or has an error and its table is
    unchanged. Raises SyncError if all streams failed for the same reason.
    """
    spool = Spool(folder, holds_nul=holds_nul)
    spool.write(chain(first_lines, process.stdout or ()), report)
    exit_reason = connector.exit_reason(process, folder)
    stop_if_asked()
    for stream in report.streams.values():
        if not stream.complete:
            stream.fail(report.error or exit_reason)
        elif connector.was_killed(process):
            stream.fail(report.error or exit_reason, NOT_LOADED)
    reasons = {stream.error for stream in report.streams.values()}
    if not report.complete and reasons == {report.error}:
        raise SyncError(report.error)
    load(spool, destination, report, incremental)


def load(spool: Spool, destination: Destination, report: SyncReport, incremental: Collection[str]) -> None:
    """Load the streams that are complete: all at once, or one by one if that fails."""
    from snow_atlas_sync.resources import Table

    tables, undeclared = [], []
    for stream in report.complete:
        file = spool.file(stream.name)
        file.close()
        if file.error:
            stream.fail(file.error)
            continue
        state = stream.state or {} if stream.name in incremental else None
        tables.append(Table(stream.name, file, key(stream.name), state))
        for field, count in file.unfit.items():
            report.warn(
                f"{stream.name}: {counted(count, 'value')} of the field {field} did not fit its column; "
                "the original is in the column _extra"
            )
        if file.undeclared:
            names = ", ".join(map(repr, sorted(file.undeclared)[:MAX_FIELDS]))
            undeclared.append(f"{stream.name} ({names}{', ...' * (len(file.undeclared) > MAX_FIELDS)})")
    if undeclared:
        report.warn(
            "fields that the API sends but does not document were kept in the column "
            f"_extra: {', '.join(undeclared)}"
        )
    pa.default_memory_pool().release_unused()  # the database is going to need as much
    report.loading = counted(len(tables), "table")
    try:
        destination.load(tables, history(report))
    except SyncError:
        for table in tables:
            report.loading = table.stream
            try:
                destination.load([table], history(report).slice(0, 0))
            except SyncError as error:
                report.streams[table.stream].fail(str(error), NOT_LOADED)
        with suppress(SyncError):
            destination.load([], history(report))
    report.loading = ""
    stop_if_asked()


def history(report: SyncReport) -> pa.Table:
    """Return the outcome of each stream as rows for the history of syncs in the destination."""
    rows = [(each.name, each.status, each.records, each.error) for each in report.streams.values()]
    rows += [(name, NOT_PERMITTED, 0, permission) for name, permission in report.refused.items()]
    names, statuses, records, reasons = zip(*rows, strict=True)
    return pa.table(
        {
            "synced_at": pa.array([datetime.now(timezone.utc)] * len(rows), pa.timestamp("us", "UTC")),
            "stream": pa.array(names, pa.string()),
            "status": pa.array(statuses, pa.string()),
            "records": pa.array(records, pa.int64()),
            "reason": pa.array([reason or None for reason in reasons], pa.string()),
        }
    )


def key(stream: str) -> list[str]:
    """Return the columns of a stream's primary key."""
    fields = definitions.stream_definitions()[stream].get("primary_key") or []
    return [field.lower() for field in ([fields] if isinstance(fields, str) else fields)]
