"""Reads what the marts need from Snow Atlas, into a new DuckDB file."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snow_atlas_sync.report.marts import MARTS, permissions, streams_of
from snow_atlas_sync import inputs, warehouse
from snow_atlas_sync.command import print_report
from snow_atlas_sync.observer import SyncReport
from snow_atlas_sync.progress import shown
from source_snow_atlas import definitions

ONE_REQUEST_EACH = {
    "application_metrics": "one request for every application of the registry",
    "computer_details": "one request for every computer",
    "user_account_details": "one request for every user account",
}
"""Streams that marts have a little more from, and that cost too much to be read unless they are asked for."""


@dataclass(frozen=True)
class Collected:
    """What became of the streams that were not read: the reason for each."""

    why: Mapping[str, str]
    failed: Mapping[str, str]


def wanted_streams(thorough: bool) -> list[str]:
    """The streams that the marts of the report read, and the tenant's name, in the order of the catalog."""
    needed = {"tenant"}.union(*(streams_of(mart) for mart in MARTS))
    if not thorough:
        needed -= ONE_REQUEST_EACH.keys()
    return [name for name in inputs.available_streams() if name in needed]


def collect(config: dict[str, Any], database: Path, thorough: bool) -> Collected:
    """Read all of them that the configuration may. The file starts empty, so that nothing old looks like
    new.
    """
    wanted = wanted_streams(thorough)
    start = time.monotonic()
    print("Starting PyAirbyte and checking the connection ...", flush=True)
    readable = inputs.check_connection(config)
    print(readable, flush=True)
    streams = [name for name in wanted if not forbidden(name, readable)]
    for path in (database, database.with_name(database.name + ".wal")):
        path.unlink(missing_ok=True)
    report = SyncReport.of(streams)
    print(f"Reading {len(streams)} streams into {database}:", flush=True)
    with contextlib.closing(warehouse.duckdb_cache(database)) as cache, shown(report):
        warehouse.sync(warehouse.source(config), cache, streams, report=report)
    print_report(report, time.monotonic() - start)
    failed = {stream.name: stream.error or "it was not read to the end" for stream in report.failed}
    why = {name: f"grant {permissions(name)}" for name in wanted if name not in streams}
    why |= {name: f"could not be read: {error}" for name, error in failed.items()}
    if not thorough:
        why |= {
            name: f"left out, as it costs {cost}; THOROUGH=1 reads it"
            for name, cost in ONE_REQUEST_EACH.items()
        }
    return Collected(why, failed)


def forbidden(stream: str, readable: str) -> bool:
    """Whether `check` named the permission of a stream, or that of one of its parents, among those to be
    granted.
    """
    return any(
        inputs.lacks_permission(each, readable) for each in (stream, *definitions.parent_streams(stream))
    )
