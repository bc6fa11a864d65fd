"""Read what the marts need from Snow Atlas into a DuckDB file, or use the tables that a file has."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from snow_atlas_sync import inputs
from snow_atlas_sync.command import DUCKDB, print_report, synced
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.marts import BUILT, KEPT, MARTS, SHARED, STAGED, SYNCED, streams_of
from snow_atlas_sync.sync import NOT_PERMITTED
from snow_atlas_sync.tables import DUCKDB_FILE

ONE_REQUEST_EACH = {
    "application_metrics": "one request for every application of the registry",
    "computer_details": "one request for every computer",
    "user_account_details": "one request for every user account",
}
"""Streams that add little to the marts and cost many requests: read with --thorough only."""

NOT_WORTH_IT = {
    "computer_costs": "one request for every computer",
    "license_costs": "one request for every licence",
}
"""Streams that are never read for the report: only one check of data quality needs them, for currencies."""

OUTCOMES = "_snow_atlas_syncs"
"""The table with the outcome of each stream of each sync."""

OF_SYNCS = ("_dlt", "_snow_atlas")
"""Prefixes of the tables that a sync writes beside those of its streams."""

LAST_OUTCOMES = f"""
    SELECT stream, status, reason, CAST(synced_at AT TIME ZONE 'UTC' AS DATE) AS synced_on
    FROM {OUTCOMES}
    QUALIFY row_number() OVER (PARTITION BY stream ORDER BY synced_at DESC) = 1
"""


@dataclass(frozen=True)
class Collected:
    """Streams that were not read, with the reason, and which of them failed or were refused."""

    why: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    """The permission that each refused stream needs."""
    read_on: tuple[date, date] | None = None
    """The days on which the first and the last of the streams were read."""


def wanted_streams(thorough: bool) -> list[str]:
    """Return the streams that the marts of the report need, and `tenant`, in the order of the catalog."""
    needed = {"tenant"}.union(*(streams_of(mart) for mart in MARTS)) - NOT_WORTH_IT.keys()
    if not thorough:
        needed -= ONE_REQUEST_EACH.keys()
    return [name for name in inputs.available_streams() if name in needed]


def collect(config: dict[str, Any], database: Path, thorough: bool) -> Collected:
    """Read the streams that the configuration may read.

    Tables and marts of an earlier report are removed after the sync has succeeded, so that they don't look
    new. A sync that is refused or stopped loses nothing.
    """
    start = time.monotonic()
    options = argparse.Namespace(
        destination=DUCKDB, database=database, dataset=None, streams="", incremental=""
    )
    with _opened(database) as connection:
        if _keeps_history(connection):
            _note_tenant(connection)
        before = _tenant(connection, KEPT)

    def refuse(now: str | None) -> None:
        _refuse(database, before, now)

    with synced(config, options, wanted_streams(thorough), refuse) as (report, _):
        print_report(report, time.monotonic() - start)
    refuse_other_tenant(database)
    failed = {stream.name: stream.error for stream in report.failed}
    if not report.complete:
        raise ReportError(
            f"No report was made, because no stream could be read: {'; '.join(set(failed.values()))}"
        )
    leave_history(database, read=[stream.name for stream in report.complete])
    left_out = {} if thorough else ONE_REQUEST_EACH
    why = {name: f"left out, as it costs {cost} for one check" for name, cost in NOT_WORTH_IT.items()}
    why |= {name: f"left out, as it costs {cost}; --thorough reads it" for name, cost in left_out.items()}
    return Collected(why | reasons(report.refused, failed), failed, report.refused)


def leave_history(database: Path, read: Sequence[str] = ()) -> None:
    """Remove what an earlier report has made, except the history and the tables of the streams just `read`.

    The history notes its tenant. Tables of others are left alone, and so is a file that is no database.
    """
    streams = set(inputs.available_streams())
    with _opened(database) as connection:
        found = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        ).fetchall()
        if _keeps_history(connection):
            _note_tenant(connection)
        connection.begin()
        for schema in BUILT, STAGED, SHARED:
            connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        for schema, table in found:
            is_old = table in streams.difference(read) or (not read and table.startswith(OF_SYNCS))
            if schema == SYNCED and is_old:
                connection.execute(f'DROP TABLE "{schema}"."{table}"')
        if (SYNCED, OUTCOMES) in found and read:
            connection.execute(
                f"DELETE FROM {OUTCOMES} WHERE synced_at < (SELECT max(synced_at) FROM {OUTCOMES})"
            )
        connection.commit()


def refuse_tables_of_others(database: Path, tenant: str) -> None:
    """Raise ReportError where the database holds the tables of another, or of an unknown, tenant."""
    streams = set(inputs.available_streams())
    with _opened(database) as connection:
        found = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [SYNCED]
        ).fetchall()
        held = _tenant(connection, SYNCED)
    if held != tenant and not streams.isdisjoint(name for (name,) in found):
        raise ReportError(
            f"{database} holds the tables of another tenant, which the sandbox's would replace: name another "
            "file with --database"
        )


def refuse_other_tenant(database: Path, now: str | None = None) -> None:
    """Raise ReportError where the history is of another tenant than the tables, or than `now` if given.

    The two would be compared with each other.
    """
    with _opened(database) as connection:
        before, now = _tenant(connection, KEPT), now or _tenant(connection, SYNCED)
    _refuse(database, before, now)


def note_tenant(database: Path) -> None:
    """Note the tenant of the history that the database keeps."""
    with _opened(database) as connection:
        _note_tenant(connection)


def _keeps_history(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute("SELECT 1 FROM information_schema.tables WHERE table_schema = ?", [KEPT])
    return found.fetchone() is not None


def _note_tenant(connection: duckdb.DuckDBPyConnection) -> None:
    if _tenant(connection, SYNCED) is not None:
        connection.execute(f'CREATE TABLE IF NOT EXISTS "{KEPT}".tenant AS SELECT id FROM {SYNCED}.tenant')


def _refuse(database: Path, before: str | None, now: str | None) -> None:
    if None not in (before, now) and before != now:
        raise ReportError(
            f"{database} keeps the history of another tenant, {before}, and this one is {now}: name another "
            "file with --database"
        )


@contextmanager
def _opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(database), config=DUCKDB_FILE) as connection:
            yield connection
    except duckdb.Error as error:
        raise ReportError(f"{database} can't be used as the database: {str(error).splitlines()[0]}") from None


def _tenant(connection: duckdb.DuckDBPyConnection, schema: str) -> str | None:
    try:
        row = connection.execute(f'SELECT id FROM "{schema}".tenant').fetchone()
    except duckdb.CatalogException:
        return None
    return None if row is None else row[0]


def use_tables(database: Path) -> Collected:
    """Check that a database has tables of the connector, and return why it lacks others."""
    if not database.is_file():
        raise ReportError(f"{database} does not exist. Leave out --no-sync to create it")
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            found = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [SYNCED]
            ).fetchall()
            tables = {name for (name,) in found}
            outcomes = connection.execute(LAST_OUTCOMES).fetchall() if OUTCOMES in tables else []
    except duckdb.Error as error:
        raise ReportError(f"{database} can't be used as the database: {str(error).splitlines()[0]}") from None
    if tables.isdisjoint(wanted_streams(thorough=True)):
        raise ReportError(f"{database} has no table that the report needs")
    refuse_other_tenant(database)
    wanted = set(wanted_streams(thorough=True))
    outcomes = [each for each in outcomes if each[0] in wanted]
    refused = {stream: reason for stream, status, reason, _ in outcomes if status == NOT_PERMITTED}
    whole = [day for _, status, _, day in outcomes if status == "COMPLETE"]
    failed = {
        stream: reason or "no reason was given"
        for stream, status, reason, _ in outcomes
        if status not in ("COMPLETE", NOT_PERMITTED)
    }
    read_on = (min(whole), max(whole)) if whole else None
    return Collected(reasons(refused, failed), failed, refused, read_on)


def reasons(refused: Mapping[str, str], failed: Mapping[str, str]) -> dict[str, str]:
    """Return why streams were not read; a permission is named only where the API asked for one."""
    why = {name: f"grant the permission {permission}" for name, permission in refused.items()}
    return why | {name: f"could not be read or loaded: {error}" for name, error in failed.items()}
