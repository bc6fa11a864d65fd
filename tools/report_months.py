"""Earlier months of the sandbox's company, for the report's history.

A sync for each of twelve months would take minutes. The tables are therefore made directly from the sandbox's
rows, and a test compares them with those of a sync.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from sandbox import Sandbox
from sandbox.api.settings import Settings
from sandbox.company.estate import Estate
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.progress import show_progress
from snow_atlas_sync.report.build import Dbt
from snow_atlas_sync.report.collect import (
    leave_history,
    refuse_other_tenant,
    refuse_tables_of_others,
    wanted_streams,
)
from snow_atlas_sync.report.marts import KEPT
from snow_atlas_sync.report.text import count
from snow_atlas_sync.tables import Layout, batch_of
from source_snow_atlas import definitions
from tools.sandbox_records import Expected, Record

NO_HISTORY = frozenset({"saas_application_kpis"})
"""Streams whose marts have no history."""


def rebuild_history(options: argparse.Namespace, dbt: Dbt, variables: Mapping[str, Any]) -> None:
    """Delete the history in the database and build that of the sandbox's months."""
    present = Estate(options.computers, ugly=options.ugly)
    try:
        *months, _ = present.month_ends(options.months)
    except ValueError as error:
        raise SyncError(f"--months: {error}") from None
    refuse_other_tenant(options.database, Settings().tenant)
    refuse_tables_of_others(options.database, Settings().tenant)
    leave_history(options.database)
    with duckdb.connect(str(options.database)) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{KEPT}" CASCADE')
    if months:
        print(f"Building {count(len(months), 'earlier month')} of its history ...", flush=True)
    done = 0
    with show_progress(lambda _: (done / max(1, len(months)), f"{done} of {len(months)} months")):
        for month in months:
            write_tables(options.database, present.at(month))
            dbt.build_history({**variables, "snow_atlas_today": f"{month:%Y-%m-%d}"}, staged=done > 0)
            done += 1
    leave_history(options.database)  # a sync does not replace tables that dlt has not made


def write_tables(database: Path, estate: Estate) -> None:
    """Replace the tables with those of a day, in one transaction."""
    sandbox = Sandbox(estate=estate)
    expected = Expected(sandbox)
    with duckdb.connect(str(database)) as connection:
        connection.begin()
        for stream in wanted_streams(thorough=True):
            if stream not in NO_HISTORY:
                rows = list(records(sandbox, expected, stream))
                connection.register("read", table(stream, rows, estate.now))
                connection.execute(f'CREATE OR REPLACE TABLE "{stream}" AS SELECT * FROM read')
                connection.unregister("read")
        connection.commit()


def records(sandbox: Sandbox, expected: Expected, stream: str) -> Iterator[Record]:
    """Yield the records that a sync reads from a stream."""
    if stream == "tenant":
        settings = sandbox.settings
        yield {"id": settings.tenant, "name": settings.tenant_name, "region": settings.region}
        return
    made_of = definitions.parameters(stream).get("record_key")
    for record in expected.records(stream):
        key = [record.get(name) for name in made_of or ()]
        yield {**record, "recordKey": json.dumps(key, ensure_ascii=False)} if made_of else record


def table(stream: str, rows: list[Record], read_at: datetime) -> pa.Table:
    """Return the rows as a sync loads them."""
    layout = Layout.of(stream)
    emitted_at = int(read_at.timestamp() * 1000)
    lines = [orjson.dumps({"record": {"data": row, "emitted_at": emitted_at}}) for row in rows]
    return pa.Table.from_batches([batch_of(layout, lines).table] if lines else [], schema=layout.schema)
