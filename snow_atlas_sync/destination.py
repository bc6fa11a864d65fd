"""Destination of a sync: a database or folder that dlt loads, with the states of earlier syncs."""

from __future__ import annotations

import difflib
import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.spool import StreamFile
from snow_atlas_sync.tables import DUCKDB_FILE, EXTRA, EXTRACTED_AT
from snow_atlas_sync.values import DIGITS, PLACES
from source_snow_atlas import definitions

# Set before dlt is imported: no telemetry, and no log, as errors are reported by this module.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")

import dlt
import duckdb
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.destination import reference
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.exceptions import MissingDependencyException
from dlt.destinations.impl.postgres.postgres import PostgresParquetCopyJob
from dlt.destinations.job_client_impl import SqlLoadJob

from snow_atlas_sync.one_step import (
    DUCKDB_LIMITS,
    OneStepDuckDb,
    OneStepFilesystem,
    merge_files,
    path_of_table,
)

PostgresParquetCopyJob._ingest_per_rowgroup = True  # else the driver holds the whole file in memory

DUCKDB, FILESYSTEM, POSTGRES = "duckdb", "filesystem", "postgres"
DDL = re.compile(r"^\s*(ALTER|CREATE|DROP)\b", re.IGNORECASE | re.MULTILINE)


def _has_ddl(self: SqlLoadJob, sql: str) -> bool:
    return DDL.search(sql) is not None


# dlt mistakes a column such as createdDate for a CREATE statement, for which it may use no transaction.
SqlLoadJob._string_contains_ddl_statements = _has_ddl  # type: ignore[method-assign]

NAME = "snow_atlas"
STATES = "states"
HISTORY = "_snow_atlas_syncs"
"""Table with the outcome of each stream in each sync."""
HOLD_JSON = frozenset({DUCKDB, "motherduck", POSTGRES})
"""Destinations that load JSON from texts in a Parquet file. In others, nested values are text."""
IN_TRANSACTIONS = frozenset({DUCKDB, "motherduck", POSTGRES, "redshift", "snowflake", "bigquery", "mssql"})
"""Destinations that support transactions. dlt has to be told, or a load that is killed between the two
statements that replace a table would leave it empty.
"""
TRUNCATE = frozenset({POSTGRES, "mssql"})
"""Destinations that support TRUNCATE in a transaction. In others, rows are deleted."""

FORMS = {POSTGRES: "postgresql://user:password@host:5432/database"}
"""The form of a destination's credentials, for messages."""

SETTINGS = {
    # lastScanDate becomes lastscandate, which SQL finds in any case
    "schema.naming": "sql_ci_v1",
    "destination.staging_dataset_name_layout": "%s_loading",
    "load.workers": 4,
}
DUCKDB_SETTINGS = {**DUCKDB_LIMITS, **DUCKDB_FILE, "force_compression": "zstd"}
"""For texts, zstd takes half the time and half the space of DuckDB's own choice."""


@dataclass(frozen=True)
class Table:
    """Table to load, from the file of a complete stream."""

    stream: str
    file: StreamFile
    key: Sequence[str] = ()
    """Columns of the primary key."""
    state: dict[str, Any] | None = None
    """State of an incremental stream. With a state, rows are merged into the table by their key."""

    @property
    def merged(self) -> bool:
        """Return whether the rows are merged into the table, rather than replace it."""
        return self.state is not None

    def has_null_keys(self) -> bool:
        """Return whether a row has a null in its primary key."""
        indexes = [self.file.layout.schema.get_field_index(name) for name in self.key]
        metadata = pq.read_metadata(self.file.path)
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        return any(group.column(index).statistics.null_count for group in groups for index in indexes)


class Destination:
    """Database or folder that is open for loading. Only one sync at a time can open it."""

    def __init__(self, name: str, database: Path, dataset: str, folder: Path, title: str) -> None:
        self.name = name
        self.title = title
        self._connection: Any = None
        self._lock = ExitStack()
        self._worker = ThreadPoolExecutor(1)  # in the main thread dlt would replace the signal handlers
        for key, value in SETTINGS.items():
            dlt.config[key] = value
        dlt.config["destination.replace_strategy"] = (
            "truncate-and-insert" if name in (DUCKDB, FILESYSTEM) else "insert-from-staging"
        )  # for the first two, one_step.py truncates and inserts in one step
        try:
            self._pipeline: Any = dlt.pipeline(
                NAME,
                str(folder / "dlt"),
                destination=self._dlt_destination(name, database),
                dataset_name=dataset,
            )
            self._worker.submit(self._open).result()
        except Exception as error:
            self.close()
            if isinstance(error, SyncError):
                raise
            raise SyncError(f"{self.title} can't be used as the destination: {reason(error, name)}") from None

    def states(self) -> dict[str, Any]:
        """Return the states of the incremental streams, except those whose tables were removed."""
        return self._states

    def load(self, tables: Sequence[Table], outcome: pa.Table) -> None:
        """Load the tables, and append the outcome to the history. Raises SyncError if loading fails."""
        try:
            self._worker.submit(self._load, tables, outcome).result()
        except Exception as error:
            with suppress(Exception):
                self._pipeline.abort_packages()
            raise SyncError(f"loading into {self.title} failed: {reason(error, self.name)}") from None

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query of the DuckDB file."""
        result = self._connection.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def close(self) -> None:
        """Close the destination for other syncs to open it."""
        self._worker.submit(self._lock.close).result()
        if self._connection is not None:
            self._connection.close()

    def _dlt_destination(self, name: str, database: Path) -> Any:
        if name == FILESYSTEM:
            return OneStepFilesystem(destination_name=name)
        options: dict[str, Any] = {"destination_name": name}
        if name in IN_TRANSACTIONS:
            options |= {"supports_transactions": True, "supports_truncate_command": name in TRUNCATE}
        if name != DUCKDB:
            destination: Any = reference.Destination.from_reference(name, **options)
            try:
                _ = destination.client_class  # imports the driver: dlt asks for the credentials first
            except (ModuleNotFoundError, MissingDependencyException):
                raise SyncError(
                    f"{self.title} can't be used as the destination: its driver is not installed; install it "
                    f'with: pip install "dlt[{name}]"'
                ) from None
            return destination
        # stays open during the sync, so that no other process can lock the file
        database.parent.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(str(database), config=DUCKDB_SETTINGS)
        return OneStepDuckDb(self._connection, **options)

    def _open(self) -> None:
        """Restore the states, lock the destination, and refuse tables that another loader wrote."""
        self._pipeline.sync_destination()
        states = self._pipeline.state.get("sources", {}).get(NAME, {}).get(STATES, {})
        with self._pipeline.destination_client() as client:
            if not client.is_storage_initialized():
                client.initialize_storage()  # to notice now, and not after reading, if it can't be written
            self._acquire_lock()
            existing = {name for name, columns in client.get_storage_tables(states) if columns}
        self._states = {name: state for name, state in states.items() if name in existing}
        unmarked: Any = ()
        with self._pipeline.destination_client() as client, suppress(Exception):  # some have no such view
            unmarked = client.sql_client.execute_sql(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = %s"
                " GROUP BY table_name HAVING count(CASE WHEN lower(column_name) = %s THEN 1 END) = 0",
                client.sql_client.dataset_name,
                EXTRA,
            )
        foreign = sorted({name.lower() for (name,) in unmarked} & definitions.stream_definitions().keys())
        if foreign:
            raise SyncError(
                f"{self.title} holds tables that another loader wrote, such as {foreign[0]}: "
                "name another database, or remove these tables"
            )

    def _acquire_lock(self) -> None:
        """Lock the destination until it is closed. Raises SyncError if another sync holds the lock.

        Two syncs that fill the same tables at the same time would duplicate rows. DuckDB locks its file.
        """
        client = self._lock.enter_context(self._pipeline.destination_client())
        acquired = True
        if self.name == POSTGRES:
            name = client.sql_client.fully_qualified_dataset_name()
            ((acquired,),) = client.sql_client.execute_sql("SELECT pg_try_advisory_lock(hashtext(%s))", name)
        elif self.name == FILESYSTEM and client.config.is_local_filesystem:
            folder = os.open(client.dataset_path, os.O_RDONLY)
            self._lock.callback(os.close, folder)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                acquired = False
        if not acquired:
            raise SyncError(f"{self.title} can't be used as the destination: another sync is writing into it")

    def _load(self, tables: Sequence[Table], outcome: pa.Table) -> None:
        def history(rows: pa.Table) -> Any:
            return dlt.resource([rows], name=HISTORY, write_disposition="append")

        recreated = self._tables_to_recreate(tables)
        resources = [self._resource(table) for table in recreated]
        if self._was_removed(HISTORY):
            resources.append(history(outcome.slice(0, 0)))
        if resources:  # dlt itself neither changes a type nor notices that a table was removed
            self._pipeline.run(self._source(resources), refresh="drop_resources")
        others = [self._resource(table) for table in tables if table not in recreated]
        self._pipeline.run(self._source([*others, history(outcome)]))
        if self.name != FILESYSTEM:
            with self._pipeline.destination_client() as client, client.with_staging_dataset():
                if client.is_storage_initialized():
                    client.sql_client.drop_dataset()

    def _source(self, resources: Iterable[Any]) -> Any:
        return dlt.source(lambda: list(resources), name=NAME, max_table_nesting=0)()

    def _was_removed(self, table: str) -> bool:
        """Return whether a table that was loaded before no longer exists."""
        if self.name == FILESYSTEM:
            return False
        with self._pipeline.destination_client() as client:
            ((_, columns),) = client.get_storage_tables([table])
            return table in client.schema.tables and not columns

    def _tables_to_recreate(self, tables: Sequence[Table]) -> list[Table]:
        """Return the tables that were removed, that lost columns, or whose columns have other types now.

        Raises SyncError if rows are to be merged into a table that lost columns or has other types.
        """
        by_name = {table.stream: table for table in tables}
        recreated = []
        with self._pipeline.destination_client() as client:
            for name, columns in client.get_storage_tables(by_name.keys() & client.schema.tables.keys()):
                table, types = by_name[name], by_name[name].file.layout.types
                changed = [
                    f"{column} ({existing['data_type']}, now {types[column]})"
                    for column, existing in columns.items()
                    if column in types and existing["data_type"] != self._type(types[column])
                ]
                existing_names = {column.lower() for column in columns}
                removed = [
                    column
                    for column in client.schema.get_table_columns(name)
                    if columns and column in types and column.lower() not in existing_names
                ]
                if removed and table.merged:
                    raise SyncError(
                        f"the table {name} lacks columns that it had, {', '.join(removed)}: add them again, "
                        "or remove the table for the next sync to create it"
                    )
                if changed and table.merged:
                    raise SyncError(
                        f"the table {name} has columns of another type, {', '.join(changed)}: "
                        "remove the table for the next sync to create it"
                    )
                if (changed or removed or not columns) and self.name != FILESYSTEM:
                    recreated.append(table)
        return recreated

    def _type(self, kind: str) -> Any:
        """Return the dlt type of a column in this destination."""
        return "text" if kind == "json" and self.name not in HOLD_JSON else kind

    def _resource(self, table: Table) -> Any:
        """Return the dlt resource that loads a table."""
        takes_parquet = self._takes_parquet()
        # A database merges with less memory, but keeps only one of the rows with a null key.
        merge_here = table.merged and (self.name == FILESYSTEM or table.has_null_keys())

        def parts() -> Iterator[Any]:
            path, rows = table.file.path, table.file.rows
            if table.merged:
                dlt.current.source_state().setdefault(STATES, {})[table.stream] = table.state
            if merge_here:
                path = path.with_suffix(".merged")
                rows = merge_files(table.file.path, self._existing_file(table), table.key, path)
            if takes_parquet:
                yield dlt.mark.with_file_import(str(path), "parquet", rows)
            else:
                with pq.ParquetFile(path) as file:
                    yield from map(file.read_row_group, range(file.num_row_groups))

        columns: Any = {
            name: {
                "name": name,
                "data_type": self._type(kind),
                "nullable": True,
                **({"precision": DIGITS, "scale": PLACES} if kind == "decimal" else {}),
            }
            for name, kind in table.file.layout.types.items()
        }
        hints: dict[str, Any] = {"write_disposition": "replace"}
        if table.merged and self.name != FILESYSTEM:
            columns[EXTRACTED_AT]["dedup_sort"] = "desc"  # keeps the newer of two rows with the same key
            merge = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": merge_here}
            hints = {"write_disposition": merge, "primary_key": table.key}
        if takes_parquet:
            hints["file_format"] = "parquet"
        return dlt.resource(parts, name=table.stream, columns=columns, **hints)

    def _existing_file(self, table: Table) -> Path | None:
        """Return a copy of the table's file in a filesystem, or None if there is none."""
        if self.name != FILESYSTEM:
            return None
        copy = table.file.path.with_suffix(".old")
        with self._pipeline.destination_client() as client, suppress(FileNotFoundError):
            client.fs_client.get_file(path_of_table(client, table.stream), str(copy))
        return copy if copy.exists() else None

    def _takes_parquet(self) -> bool:
        capabilities = self._pipeline.destination.capabilities()
        formats = capabilities.supported_loader_file_formats or []
        if capabilities.loader_file_format_selector is not None:
            _, formats = capabilities.loader_file_format_selector(
                capabilities.preferred_loader_file_format, formats, table_schema={"name": NAME}
            )
        return "parquet" in formats


def reason(error: BaseException, name: str) -> str:
    """Return the message of the database, of dlt or of the system in one line."""
    while error.__cause__ is not None and not isinstance(
        error, (ConfigFieldMissingException, UnknownDestinationModule)
    ):
        error = error.__cause__
    if isinstance(error, UnknownDestinationModule):
        nearest = difflib.get_close_matches(name, dlt.destinations.__all__, n=3, cutoff=0)
        return f"dlt has no destination of this name; the nearest are {', '.join(nearest)}"
    if isinstance(error, ConfigFieldMissingException):
        prefix = f"DESTINATION__{name.upper()}__"
        variables = " and ".join(f"{prefix}{field.upper()}" for field in error.fields)
        form = f", in the form {FORMS[name]}" if name in FORMS else ""
        return f"set {variables} in the environment, or the same in .dlt/secrets.toml{form}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return " ".join(str(error).split())[:300] or type(error).__name__
