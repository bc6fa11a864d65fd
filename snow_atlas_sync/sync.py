"""One sync: read with the connector, keep what was read in files, and load the streams that are complete."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from snow_atlas_sync import connector
from snow_atlas_sync.errors import SyncError, stop_if_asked
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.spool import Spool
from snow_atlas_sync.text_table import counted
from source_snow_atlas import definitions

NAMED = 5
"""Fields that a note names."""
NOT_PERMITTED = "NOT PERMITTED"

if TYPE_CHECKING:
    from snow_atlas_sync.destination import Destination


def sync(
    process: connector.Process,
    folder: Path,
    opening: Future[Destination],
    report: SyncReport,
    incremental: Collection[str],
    *,
    holds_nul: bool,
) -> None:
    """Load what the connector reads: the streams of the report; those that are `incremental` are merged.

    At the end each stream is complete, and its table what was read, or it has an error, and its table is as
    it was.
    """
    spool = Spool(folder, holds_nul=holds_nul)
    spool.take(process.stdout or (), report)
    destination = opening.result()
    ended = connector.how_it_ended(process, folder)
    stop_if_asked()
    for stream in report.streams.values():
        if connector.killed(process) or not stream.complete:
            stream.fail(report.error or ended)
    reasons = {stream.error for stream in report.streams.values()}
    if not report.complete and reasons == {report.error}:
        raise SyncError(report.error)
    load(spool, destination, report, incremental)


def load(spool: Spool, destination: Destination, report: SyncReport, incremental: Collection[str]) -> None:
    """Write the streams that are complete: all at once, and one by one where that fails."""
    from snow_atlas_sync.destination import Table

    tables, undeclared = [], []
    for stream in report.complete:
        file = spool.file(stream.name)
        file.close()
        state = stream.state or {} if stream.name in incremental else None
        tables.append(Table(stream.name, file, key(stream.name), state))
        for field, count in file.unfit.items():
            report.warn(
                f"{stream.name}: {counted(count, 'value')} of the field {field} did not fit its column; "
                "the column _extra has what was sent"
            )
        if file.undeclared:
            names = ", ".join(map(repr, sorted(file.undeclared)[:NAMED]))
            undeclared.append(f"{stream.name} ({names}{', ...' * (len(file.undeclared) > NAMED)})")
    if undeclared:
        report.warn(
            "nothing is lost: fields that the API sends and does not document are in the column _extra: "
            f"{', '.join(undeclared)}"
        )
    pa.default_memory_pool().release_unused()  # what the reading took, before the database takes as much
    report.loading = counted(len(tables), "table")
    try:
        destination.load(tables, history(report))
    except SyncError:
        for table in tables:
            report.loading = table.stream
            try:
                destination.load([table], history(report).slice(0, 0))
            except SyncError as error:
                report.streams[table.stream].fail(str(error))
        with suppress(SyncError):
            destination.load([], history(report))
    report.loading = ""
    stop_if_asked()


def history(report: SyncReport) -> pa.Table:
    """What became of each stream, for the history of the syncs in the destination."""
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
    """The columns of a stream's primary key."""
    named = definitions.stream_definitions()[stream].get("primary_key") or []
    return [name.lower() for name in ([named] if isinstance(named, str) else named)]
