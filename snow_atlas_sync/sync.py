"""One sync: read with the connector, keep what was read in files, and load the streams that are complete."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
HISTORY = pa.schema(
    {
        "synced_at": pa.timestamp("us", "UTC"),
        "stream": pa.string(),
        "status": pa.string(),
        "records": pa.int64(),
        "reason": pa.string(),
    }
)

if TYPE_CHECKING:
    from snow_atlas_sync.destination import Destination


def sync(
    process: subprocess.Popen[bytes],
    folder: Path,
    opening: Future[Destination],
    report: SyncReport,
    incremental: Collection[str] = (),
    *,
    holds_nul: bool = True,
) -> None:
    """Load what the connector reads: the streams of the report; those that are `incremental` are merged.

    At the end each stream is complete, and its table what was read, or it has an error, and its table is as
    it was.
    """
    spool = Spool(folder, holds_nul=holds_nul)
    spool.take(connector.lines(process), report)
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


def reading(
    config: Path,
    folder: Path,
    streams: Collection[str],
    incremental: Collection[str],
    states: Mapping[str, Any],
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """The connector as it reads these streams; those that are `incremental` go on from their state."""
    files = {"config": config, "catalog": folder / "catalog.json", "state": folder / "state.json"}
    files["catalog"].write_text(json.dumps(catalog(streams, incremental)), encoding="utf-8")
    messages = [state_message(name, state) for name, state in states.items() if name in incremental]
    files["state"].write_text(json.dumps(messages), encoding="utf-8")
    return connector.reading(files, folder)


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
            f"fields that their schemas do not declare are in the column _extra: {', '.join(undeclared)}"
        )
    pa.default_memory_pool().release_unused()  # what the reading took, before the database takes as much
    report.loading = counted(len(tables), "table")
    try:
        destination.load(tables, outcome_of(report))
    except SyncError:
        for table in tables:
            report.loading = table.stream
            try:
                destination.load([table], outcome_of(report).slice(0, 0))
            except SyncError as error:
                report.streams[table.stream].fail(str(error))
        with suppress(SyncError):
            destination.load([], outcome_of(report))
    report.loading = ""
    stop_if_asked()


def outcome_of(report: SyncReport) -> pa.Table:
    """What became of each stream, for the history of the syncs in the destination."""
    rows = [(each.name, each.status, each.records, each.error) for each in report.streams.values()]
    rows += [(name, NOT_PERMITTED, 0, permission) for name, permission in report.refused.items()]
    names, statuses, records, reasons = zip(*rows, strict=True)
    return pa.table(
        {
            "synced_at": pa.array([datetime.now(timezone.utc)] * len(rows), pa.timestamp("us", "UTC")),
            "stream": names,
            "status": statuses,
            "records": records,
            "reason": [reason or None for reason in reasons],
        },
        schema=HISTORY,
    )


def catalog(streams: Collection[str], incremental: Collection[str]) -> dict[str, Any]:
    """The configured catalog of these streams."""
    return {
        "streams": [
            configured(name, "incremental" if name in incremental else "full_refresh") for name in streams
        ]
    }


def configured(stream: str, mode: str) -> dict[str, Any]:
    return {
        "stream": {
            "name": stream,
            "json_schema": {},
            "supported_sync_modes": ["full_refresh", "incremental"],
        },
        "sync_mode": mode,
        "destination_sync_mode": "overwrite" if mode == "full_refresh" else "append_dedup",
    }


def key(stream: str) -> list[str]:
    named = definitions.stream_definitions()[stream].get("primary_key") or []
    return [named] if isinstance(named, str) else list(named)


def state_message(stream: str, state: Any) -> dict[str, Any]:
    described = {"stream_descriptor": {"name": stream}, "stream_state": state}
    return {"type": "STREAM", "stream": described}
