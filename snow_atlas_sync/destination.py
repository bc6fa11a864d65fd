"""Where the tables go: a destination of dlt, and what it keeps of the syncs before."""

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
from snow_atlas_sync.tables import EXTRA, EXTRACTED_AT
from snow_atlas_sync.values import DIGITS, PLACES
from source_snow_atlas import definitions

# before dlt is imported: nothing is reported about its use, and what goes wrong is said here, in one sentence
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")

import dlt
import duckdb
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.destination import reference
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.destinations.impl.postgres.postgres import PostgresParquetCopyJob
from dlt.destinations.job_client_impl import SqlLoadJob

from snow_atlas_sync.one_step import LITTLE, OneStepDuckDb, OneStepFilesystem, file_of, merge_files

PostgresParquetCopyJob._ingest_per_rowgroup = True  # in one piece the driver would keep all of it in memory

DUCKDB, FILESYSTEM, POSTGRES = "duckdb", "filesystem", "postgres"
DDL = re.compile(r"^\s*(ALTER|CREATE|DROP)\b", re.IGNORECASE | re.MULTILINE)


def _has_ddl(self: SqlLoadJob, sql: str) -> bool:
    return DDL.search(sql) is not None


# dlt takes a column such as createdDate for a CREATE, and where that can't be undone uses no transaction
SqlLoadJob._string_contains_ddl_statements = _has_ddl  # type: ignore[method-assign]

NAME = "snow_atlas"
STATES = "states"
HISTORY = "_snow_atlas_syncs"
"""The table with a row for each stream of each sync: how it ended, and why."""
HOLD_JSON = frozenset({DUCKDB, "motherduck", POSTGRES})
"""Destinations that take JSON from a text in a Parquet file. Elsewhere nested values are text."""
IN_TRANSACTIONS = frozenset({DUCKDB, "motherduck", POSTGRES, "redshift", "snowflake", "bigquery", "mssql"})
"""Destinations with transactions. dlt uses none that are not asked for, and a load that is killed would leave
a table empty, between the two statements that replace it.
"""
TRUNCATE = frozenset({POSTGRES, "mssql"})
"""Those where TRUNCATE can be a part of a transaction; elsewhere rows are deleted."""

SETTINGS = {
    # lastScanDate becomes lastscandate, so that SQL finds it in whatever case
    "schema.naming": "sql_ci_v1",
    "destination.staging_dataset_name_layout": "%s_loading",
    "load.workers": 4,
}
DUCKDB_SETTINGS = {**LITTLE, "force_compression": "zstd"}
"""zstd is for texts: half the time and half the file of what DuckDB chooses for them."""


@dataclass(frozen=True)
class Table:
    """A stream that is complete, as a file. With a state, its rows are merged by the key's columns into the
    table that is there.
    """

    stream: str
    file: StreamFile
    key: Sequence[str] = ()
    state: dict[str, Any] | None = None

    @property
    def merged(self) -> bool:
        return self.state is not None

    def lacks_keys(self) -> bool:
        """Whether some part of some row's key is null."""
        places = [self.file.layout.schema.get_field_index(name) for name in self.key]
        known = pq.read_metadata(self.file.path)
        groups = map(known.row_group, range(known.num_row_groups))
        return any(group.column(place).statistics.null_count for group in groups for place in places)


class Destination:
    """A database, or a folder, that keeps the tables and the states of their streams."""

    def __init__(self, name: str, database: Path, dataset: str, folder: Path, title: str) -> None:
        self.name = name
        self.title = title
        self._connection: Any = None
        self._alone = ExitStack()
        self._worker = ThreadPoolExecutor(1)  # dlt would take signals for itself in the main thread
        for key, value in SETTINGS.items():
            dlt.config[key] = value
        in_one_step = name in (DUCKDB, FILESYSTEM)  # by ourselves: one_step.py
        dlt.config["destination.replace_strategy"] = (
            "truncate-and-insert" if in_one_step else "insert-from-staging"
        )
        try:
            self._pipeline: Any = dlt.pipeline(
                NAME,
                str(folder / "dlt"),
                destination=self._opened(name, database),
                dataset_name=dataset,
            )
            self._worker.submit(self._look).result()
        except Exception as error:
            self.close()
            if isinstance(error, SyncError):
                raise
            raise SyncError(f"{self.title} can't be used as the destination: {reason(error, name)}") from None

    def states(self) -> dict[str, Any]:
        """The state of each stream that goes on from it; one whose table was removed begins anew."""
        return self._states

    def load(self, tables: Sequence[Table], outcome: pa.Table) -> None:
        """Write all tables, and add to the history what became of each stream. SyncError where that is
        refused.
        """
        try:
            self._worker.submit(self._load, tables, outcome).result()
        except Exception as error:
            with suppress(Exception):
                self._pipeline.abort_packages()
            raise SyncError(f"{self.title} refused it: {reason(error, self.name)}") from None

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a query of the DuckDB file gives."""
        found = self._connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def close(self) -> None:
        self._worker.submit(self._alone.close).result()
        if self._connection is not None:
            self._connection.close()

    def _opened(self, name: str, database: Path) -> Any:
        if name == FILESYSTEM:
            return OneStepFilesystem(destination_name=name)
        able: dict[str, Any] = {"destination_name": name}
        if name in IN_TRANSACTIONS:
            able |= {"supports_transactions": True, "supports_truncate_command": name in TRUNCATE}
        if name != DUCKDB:
            return reference.Destination.from_reference(name, **able)
        # open as long as the sync takes, so that nobody else locks the file in the meantime
        database.parent.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(str(database), config=DUCKDB_SETTINGS)
        return OneStepDuckDb(self._connection, **able)

    def _look(self) -> None:
        """Take over what is known of the syncs before. SyncError where the tables are another loader's."""
        self._pipeline.sync_destination()
        states = self._pipeline.state.get("sources", {}).get(NAME, {}).get(STATES, {})
        with self._pipeline.destination_client() as client:
            if not client.is_storage_initialized():
                client.initialize_storage()  # what can't be written is noticed now, not after the reading
            self._be_alone()
            there = {name for name, columns in client.get_storage_tables(states) if columns}
        self._states = {name: state for name, state in states.items() if name in there}
        found: Any = ()
        with self._pipeline.destination_client() as client, suppress(Exception):  # not all have such a view
            found = client.sql_client.execute_sql(
                "SELECT table_name FROM information_schema.columns WHERE table_schema = %s"
                " GROUP BY table_name HAVING count(CASE WHEN lower(column_name) = %s THEN 1 END) = 0",
                client.sql_client.dataset_name,
                EXTRA,
            )
        foreign = sorted({name.lower() for (name,) in found} & definitions.stream_definitions().keys())
        if foreign:
            raise SyncError(
                f"{self.title} holds tables that another loader wrote, such as {foreign[0]} "
                "(as PyAirbyte does): name another database, or remove these tables"
            )

    def _be_alone(self) -> None:
        """Keep other syncs from writing here until this one is closed: two that fill the same tables would
        leave each row twice. DuckDB does so by itself. SyncError where another sync was first.
        """
        client = self._alone.enter_context(self._pipeline.destination_client())
        free = True
        if self.name == POSTGRES:
            name = client.sql_client.fully_qualified_dataset_name()
            ((free,),) = client.sql_client.execute_sql("SELECT pg_try_advisory_lock(hashtext(%s))", name)
        elif self.name == FILESYSTEM and client.config.is_local_filesystem:
            folder = os.open(client.dataset_path, os.O_RDONLY)
            self._alone.callback(os.close, folder)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                free = False
        if not free:
            raise SyncError(f"{self.title} can't be used as the destination: another sync is writing into it")

    def _load(self, tables: Sequence[Table], outcome: pa.Table) -> None:
        def history(rows: pa.Table) -> Any:
            return dlt.resource([rows], name=HISTORY, write_disposition="append")

        anew = self._made_anew(tables)
        resources = [self._resource(table) for table in anew]
        if self._removed(HISTORY):
            resources.append(history(outcome.slice(0, 0)))
        if resources:  # dlt neither changes a type nor looks whether a table is there
            self._pipeline.run(self._source(resources), refresh="drop_resources")
        left = [self._resource(table) for table in tables if table not in anew]
        self._pipeline.run(self._source([*left, history(outcome)]))
        if self.name != FILESYSTEM:
            with self._pipeline.destination_client() as client, client.with_staging_dataset():
                if client.is_storage_initialized():
                    client.sql_client.drop_dataset()

    def _source(self, resources: Iterable[Any]) -> Any:
        return dlt.source(lambda: list(resources), name=NAME, max_table_nesting=0)()

    def _removed(self, table: str) -> bool:
        """Whether a table that was there is not any more."""
        if self.name == FILESYSTEM:
            return False
        with self._pipeline.destination_client() as client:
            ((_, columns),) = client.get_storage_tables([table])
            return table in client.schema.tables and not columns

    def _made_anew(self, tables: Sequence[Table]) -> list[Table]:
        """The tables that were removed, those with a column that was, and those with columns that had another
        type in an earlier version of the connector. SyncError where one of the latter two is merged.
        """
        by_name = {table.stream: table for table in tables}
        found = []
        with self._pipeline.destination_client() as client:
            for name, columns in client.get_storage_tables(by_name.keys() & client.schema.tables.keys()):
                table, types = by_name[name], by_name[name].file.layout.types
                changed = [
                    f"{column} ({of['data_type']}, now {types[column]})"
                    for column, of in columns.items()
                    if column in types and of["data_type"] != self._type(types[column])
                ]
                there = {column.lower() for column in columns}
                removed = [
                    column
                    for column in client.schema.get_table_columns(name)
                    if columns and column in types and column.lower() not in there
                ]
                if removed and table.merged:
                    raise SyncError(
                        f"the table {name} lacks columns that it had, {', '.join(removed)}: add them again, "
                        "or remove the table, and the next sync makes it anew"
                    )
                if changed and table.merged:
                    raise SyncError(
                        f"the table {name} has columns of another type, {', '.join(changed)}: remove the "
                        "table, and the next sync makes it anew"
                    )
                if (changed or removed or not columns) and self.name != FILESYSTEM:
                    found.append(table)
        return found

    def _type(self, kind: str) -> Any:
        """The type of a column in this destination, in dlt's words."""
        return "text" if kind == "json" and self.name not in HOLD_JSON else kind

    def _resource(self, table: Table) -> Any:
        imported = self._takes_parquet()
        here = table.merged and (self.name == FILESYSTEM or table.lacks_keys())
        # else by the database, which takes less memory, but keeps only one of the rows whose key is null

        def parts() -> Iterator[Any]:
            path, rows = table.file.path, table.file.rows
            if table.merged:
                dlt.current.source_state().setdefault(STATES, {})[table.stream] = table.state
            if here:
                path = path.with_suffix(".merged")
                rows = merge_files(table.file.path, self._old_file(table), table.key, path)
            if imported:
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
            columns[EXTRACTED_AT]["dedup_sort"] = "desc"  # of two rows with one key the newer
            merge = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": here}
            hints = {"write_disposition": merge, "primary_key": table.key}
        if imported:
            hints["file_format"] = "parquet"
        return dlt.resource(parts, name=table.stream, columns=columns, **hints)

    def _old_file(self, table: Table) -> Path | None:
        """A copy of the file that a table is, where tables are files."""
        if self.name != FILESYSTEM:
            return None
        copy = table.file.path.with_suffix(".old")
        with self._pipeline.destination_client() as client, suppress(FileNotFoundError):
            client.fs_client.get_file(file_of(client, table.stream), str(copy))
        return copy if copy.exists() else None

    def _takes_parquet(self) -> bool:
        able = self._pipeline.destination.capabilities()
        formats = able.supported_loader_file_formats or []
        if able.loader_file_format_selector is not None:
            _, formats = able.loader_file_format_selector(
                able.preferred_loader_file_format, formats, table_schema={"name": NAME}
            )
        return "parquet" in formats


def reason(error: BaseException, name: str) -> str:
    """What the database, dlt or the system said, in one line."""
    while error.__cause__ is not None and not isinstance(
        error, (ConfigFieldMissingException, UnknownDestinationModule)
    ):
        error = error.__cause__
    if isinstance(error, UnknownDestinationModule):
        close = difflib.get_close_matches(name, dlt.destinations.__all__, n=3, cutoff=0)
        return f"dlt has no destination of this name; the nearest are {', '.join(close)}"
    if isinstance(error, ConfigFieldMissingException):
        where = f"DESTINATION__{name.upper()}__"
        fields = " and ".join(f"{where}{field.upper()}" for field in error.fields)
        return f"set {fields} in the environment, or the same in .dlt/secrets.toml"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return " ".join(str(error).split())[:300] or type(error).__name__
