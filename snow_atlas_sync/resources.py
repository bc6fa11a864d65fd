"""dlt's resources: how each table of a sync is loaded into a destination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import pyarrow.parquet as pq

from snow_atlas_sync.dlt_pipeline import DUCKDB, FILESYSTEM, NAME, POSTGRES
from snow_atlas_sync.one_step import merge_files, path_of_table
from snow_atlas_sync.spool import StreamFile
from snow_atlas_sync.tables import EXTRACTED_AT
from snow_atlas_sync.values import DIGITS, PLACES

STATES = "states"
HOLD_JSON = frozenset({DUCKDB, "motherduck", POSTGRES})
"""Destinations that load JSON from texts in a Parquet file. In others, nested values are text."""


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


class Resources:
    """dlt's resources for the tables of a sync."""

    def __init__(self, pipeline: Any, name: str) -> None:
        self.name = name
        self._pipeline = pipeline

    def data_type(self, kind: str) -> Any:
        """Return the dlt type of a column in this destination."""
        return "text" if kind == "json" and self.name not in HOLD_JSON else kind

    def of(self, table: Table) -> Any:
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
                "data_type": self.data_type(kind),
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
