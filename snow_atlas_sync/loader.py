"""Loader of the tables of a sync, which recreates tables that were removed or changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dlt
import pyarrow as pa

from snow_atlas_sync.dlt_pipeline import FILESYSTEM, NAME
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.resources import Resources, Table

HISTORY = "_snow_atlas_syncs"
"""Table with the outcome of each stream in each sync."""

ORIGIN = "origin"
"""Key of the tables' origin in the state."""


class Loader:
    """Loader of tables with a dlt pipeline."""

    def __init__(self, pipeline: Any, name: str) -> None:
        self.name = name
        self.origin: dict[str, Any] | None = None
        self._pipeline = pipeline
        self._resources = Resources(pipeline, name)

    def load(self, tables: Sequence[Table], outcome: pa.Table) -> None:
        """Load the tables, and append the outcome to the history."""

        def history(rows: pa.Table) -> Any:
            def parts() -> Iterator[pa.Table]:
                if self.origin is not None:
                    dlt.current.source_state()[ORIGIN] = self.origin
                yield rows

            return dlt.resource(parts, name=HISTORY, write_disposition="append")

        recreated = self._tables_to_recreate(tables)
        new_history = [history(outcome.slice(0, 0))] if self._was_removed(HISTORY) else []
        if recreated or new_history:  # dlt itself neither changes a type nor notices that a table was removed
            self._run(self.source(recreated, *new_history), refresh="drop_resources")
        others = [table for table in tables if table not in recreated]
        self._run(self.source(others, history(outcome)))
        if self.name != FILESYSTEM:
            with self._pipeline.destination_client() as client, client.with_staging_dataset():
                if client.is_storage_initialized():
                    client.sql_client.drop_dataset()

    def _run(self, source: Any, **options: Any) -> None:
        # dlt raises the error itself, unless the user's own settings of dlt say otherwise
        self._pipeline.run(source, **options).raise_on_failed_jobs()

    def source(self, tables: Iterable[Table], *more: Any) -> Any:
        """Return dlt's source of the tables and of `more` resources."""
        resources = [*map(self._resources.of, tables), *more]
        return dlt.source(lambda: resources, name=NAME, max_table_nesting=0)()

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
        with self._pipeline.destination_client() as client:
            loaded = by_name.keys() & client.schema.tables.keys()
            declared = {name: client.schema.get_table_columns(name) for name in loaded}
            existing = list(client.get_storage_tables(loaded))
        return [
            by_name[name]
            for name, columns in existing
            if self._is_outdated(by_name[name], declared[name], columns)
        ]

    def _is_outdated(self, table: Table, declared: Iterable[str], existing: Mapping[str, Any]) -> bool:
        """Compare the columns that a table had after the last load, those that exist, and those to load."""
        types = table.file.layout.types
        changed = [
            f"{name} ({column['data_type']}, now {types[name]})"
            for name, column in existing.items()
            if name in types and column["data_type"] != self._resources.data_type(types[name])
        ]
        names = {name.lower() for name in existing}
        removed = [name for name in declared if names and name in types and name.lower() not in names]
        if removed and table.merged:
            raise SyncError(
                f"the table {table.stream} lacks columns that it had, {', '.join(removed)}: add them again, "
                "or remove the table for the next sync to create it"
            )
        if changed and table.merged:
            raise SyncError(
                f"the table {table.stream} has columns of another type, {', '.join(changed)}: "
                "remove the table for the next sync to create it"
            )
        return self.name != FILESYSTEM and bool(changed or removed or not existing)
