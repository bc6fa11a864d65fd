"""Destination of a sync: a database or folder that dlt loads, with the states of earlier syncs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from snow_atlas_sync.dlt_pipeline import DUCKDB, FILESYSTEM, NAME, new_pipeline, reason
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.loader import ORIGIN, Loader
from snow_atlas_sync.lock import locked
from snow_atlas_sync.one_step import DUCKDB_LIMITS, OneStepFilesystemClient
from snow_atlas_sync.origin import Origin
from snow_atlas_sync.resources import STATES, Table
from snow_atlas_sync.tables import DUCKDB_FILE, EXTRA
from source_snow_atlas import definitions

DUCKDB_SETTINGS = {**DUCKDB_LIMITS, **DUCKDB_FILE, "force_compression": "zstd"}
"""For texts, zstd takes half the time and half the space of DuckDB's own choice."""


class Destination:
    """Database or folder that is open for loading. Only one sync at a time can open it."""

    def __init__(self, name: str, database: Path, dataset: str, folder: Path, title: str) -> None:
        self.name = name
        self.title = title
        self._dataset = dataset
        self._origin: Origin | None = None
        self._connection: Any = None
        self._lock = ExitStack()
        self._worker = ThreadPoolExecutor(1)  # in the main thread dlt would replace the signal handlers
        try:
            if name == DUCKDB:
                # stays open during the sync, so that no other process can lock the file
                database.parent.mkdir(parents=True, exist_ok=True)
                self._connection = duckdb.connect(str(database), config=DUCKDB_SETTINGS)
            self._pipeline = new_pipeline(name, dataset, folder, self._connection)
            self.loader = Loader(self._pipeline, name)
            self._worker.submit(self._open).result()
        except Exception as error:
            self.close()
            raise SyncError(f"{self.title} can't be used as the destination: {reason(error, name)}") from None

    def states(self) -> dict[str, Any]:
        """Return the states of the incremental streams, except those whose tables were removed."""
        return self._states

    def refuse_other_origin(self, origin: Origin) -> None:
        """Raise SyncError if the tables are of another tenant. Note the origin with the next load."""
        if self._origin is not None and origin.is_other(self._origin):
            another = "file with --database" if self.name == DUCKDB else "schema with --dataset"
            raise SyncError(
                f"{self.title} holds the tables of {self._origin.title}, and this sync reads {origin.title}: "
                f"name another {another}"
            )
        self.loader.origin = origin.state(self._origin)

    def load(self, tables: Sequence[Table], outcome: pa.Table) -> None:
        """Load the tables, and append the outcome to the history. Raises SyncError if loading fails."""
        try:
            self._worker.submit(self.loader.load, tables, outcome).result()
        except Exception as error:
            with suppress(Exception):
                self._pipeline.abort_packages()
            raise SyncError(f"Loading into {self.title} failed: {reason(error, self.name)}") from None

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

    def _open(self) -> None:
        """Lock the destination, restore the states, and refuse tables that another loader wrote."""
        with self._pipeline.destination_client() as client:
            if self.name == FILESYSTEM:
                is_local = client.is_local_filesystem
                path = client.dataset_path if is_local else f"{client.config}/{self._dataset}"
                self.title = path.rstrip("/")
            if not client.is_storage_initialized():
                client.initialize_storage()  # to notice now, and not after reading, if it can't be written
            self._lock.enter_context(locked(self._pipeline, self.name))
            if isinstance(client, OneStepFilesystemClient):
                client.remove_remnants()
        self._pipeline.sync_destination()
        state = self._pipeline.state.get("sources", {}).get(NAME, {})
        states = state.get(STATES, {})
        self._origin = Origin(**state[ORIGIN]) if ORIGIN in state else None
        with self._pipeline.destination_client() as client:
            existing = {name for name, columns in client.get_storage_tables(states) if columns}
        self._states = {name: state for name, state in states.items() if name in existing}
        self._refuse_other_loaders()

    def _refuse_other_loaders(self) -> None:
        """Raise SyncError if tables that have the names of streams lack the column `_extra`."""
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
                f"it holds tables that another loader wrote, such as {foreign[0]}: "
                "name another database, or remove these tables"
            )
