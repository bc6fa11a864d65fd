"""One sync: read with the connector, keep what was read in files, and load the streams that are complete."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from snow_atlas_sync import connector
from snow_atlas_sync.destination import Destination, Table
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.spool import Spool
from source_snow_atlas import definitions


def sync(
    config: Path, folder: Path, destination: Destination, report: SyncReport, incremental: Collection[str] = ()
) -> None:
    """Read the streams of the report into the destination; those that are `incremental` go on from their state.

    At the end each stream is complete, and its table what was read, or it has an error, and its table is as it was.
    """
    states = {name: state for name, state in destination.states().items() if name in incremental}
    spool = Spool(folder, holds_nul=destination.holds_nul)
    read(config, folder, spool, report, incremental, states)
    load(spool, destination, report, incremental)


def read(
    config: Path,
    folder: Path,
    spool: Spool,
    report: SyncReport,
    incremental: Collection[str],
    states: Mapping[str, Any],
) -> None:
    """Let the connector read, and note for each stream that is not whole why."""
    files = {"config": config, "catalog": folder / "catalog.json", "state": folder / "state.json"}
    files["catalog"].write_text(json.dumps(catalog(report.streams, incremental)), encoding="utf-8")
    files["state"].write_text(json.dumps([state_message(*each) for each in states.items()]), encoding="utf-8")
    with connector.reading(files, folder) as process:
        spool.take(connector.lines(process), report)
        ended = connector.how_it_ended(process, folder)
    for stream in report.streams.values():
        if connector.killed(process) or not stream.complete:
            stream.fail(report.error or ended)


def load(spool: Spool, destination: Destination, report: SyncReport, incremental: Collection[str]) -> None:
    """Write the streams that are complete: all at once, and one by one where that fails."""
    tables = []
    for stream in report.complete:
        file = spool.file(stream.name)
        file.close()
        state = stream.state or {} if stream.name in incremental else None
        tables.append(Table(stream.name, file, key(stream.name), state))
        for field, count in file.unfit.items():
            report.warn(
                f"{stream.name}: {count:,} {'values' if count > 1 else 'value'} of the field {field} did not fit its"
                " column; the column _extra has what was sent"
            )
    if not tables:
        return
    report.loading = f"{len(tables)} tables"
    try:
        destination.load(tables)
    except SyncError:
        for table in tables:
            report.loading = table.stream
            try:
                destination.load([table])
            except SyncError as error:
                report.streams[table.stream].fail(str(error))
    report.loading = ""


def catalog(streams: Collection[str], incremental: Collection[str]) -> dict[str, Any]:
    """The configured catalog of these streams."""
    return {"streams": [configured(name, "incremental" if name in incremental else "full_refresh") for name in streams]}


def configured(stream: str, mode: str) -> dict[str, Any]:
    return {
        "stream": {"name": stream, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]},
        "sync_mode": mode,
        "destination_sync_mode": "overwrite" if mode == "full_refresh" else "append_dedup",
    }


def key(stream: str) -> list[str]:
    named = definitions.stream_definitions()[stream].get("primary_key") or []
    return [named] if isinstance(named, str) else list(named)


def state_message(stream: str, state: Any) -> dict[str, Any]:
    described = {"stream_descriptor": {"name": stream}, "stream_state": state}
    return {"type": "STREAM", "stream": described}
