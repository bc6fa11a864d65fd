"""Variants of dlt's destinations DuckDB and filesystem that replace a table in one step.

dlt empties a table and then fills it, or copies it from a staging table, which takes half a minute for five
million rows and doubles the database file. Here each table comes as one Parquet file, so it can be replaced
in one transaction, or by renaming the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from dlt.destinations import duckdb as duckdb_of_dlt
from dlt.destinations import filesystem
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient, FilesystemLoadJob

from snow_atlas_sync.whole_files import WholeFiles, remove_temporary

PARQUET = ".parquet"
DUCKDB_LIMITS: dict[str, Any] = {"threads": 1, "memory_limit": "150MB"}
"""By default DuckDB takes four fifths of the memory. A second thread does not make loading faster."""


class OneStep:
    """Mixin for dlt's clients: the job that replaces a table also empties it."""

    replace_job: Any
    """Class of the job that replaces a table with a file."""

    def should_truncate_table_before_load(self, table_name: str) -> bool:
        return False

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        client: Any = super()
        prepared = self.prepare_load_table(table["name"])  # type: ignore[attr-defined]
        if file_path.endswith(PARQUET) and prepared["write_disposition"] == "replace":
            return self.replace_job(file_path)
        return client.create_load_job(table, file_path, load_id, restore)


class ReplaceTableJob(DuckDbCopyJob):
    """Job that replaces the rows of a table with those of a file."""

    def run(self) -> None:
        client = self._job_client.sql_client
        # dlt sets 1 GB, with which all rows are written to the log first and to the table afterwards
        client.execute_sql("SET GLOBAL checkpoint_threshold = '16MB'")
        with client.begin_transaction():
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(self.load_table_name)}")
            super().run()


class OneStepDuckDbClient(OneStep, DuckDbClient):
    """DuckDB client that replaces tables in one step."""

    replace_job = ReplaceTableJob


class OneStepDuckDb(duckdb_of_dlt):
    """DuckDB with one transaction per table."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        return OneStepDuckDbClient


class ReplaceFileJob(FilesystemLoadJob):
    """Job that replaces the file of a table."""

    def make_remote_path(self) -> str:
        return path_of_table(self._job_client, self.load_table_name)


class OneStepFilesystemClient(OneStep, FilesystemClient):
    """Filesystem client that writes each file in one step. Object stores do so by themselves."""

    replace_job = ReplaceFileJob

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if self.is_local_filesystem:
            self.fs_client = WholeFiles(**self.fs_client.storage_options)

    def create_dataset(self) -> None:
        # the folder exists if a sync was killed before dlt wrote the file `init`, or if the user made it
        self.fs_client.makedirs(self.dataset_path, exist_ok=True)

    def remove_remnants(self) -> None:
        """Remove the temporary files that killed syncs have left."""
        if self.is_local_filesystem:
            remove_temporary(Path(self.dataset_path))


class OneStepFilesystem(filesystem):
    """Folder or bucket with one file per table."""

    @property
    def client_class(self) -> type[FilesystemClient]:
        return OneStepFilesystemClient


def merge_files(new: Path, old: Path | None, key: Sequence[str], merged: Path) -> int:
    """Merge the rows of two files by their key into a third, and return the number of its rows.

    Of rows with the same key the last one is kept. Rows with a null in their key are all kept.
    """
    keys = ", ".join(f'"{name}"' for name in key)
    has_null = " OR ".join(f'"{name}" IS NULL' for name in key)
    rows = f"""
        SELECT * EXCLUDE (file_row_number) FROM read_parquet('{new}', file_row_number = true)
        QUALIFY {has_null} OR row_number() OVER (PARTITION BY {keys} ORDER BY file_row_number DESC) = 1
    """
    if old is not None:
        rows = f"""
            SELECT * FROM read_parquet('{old}')
            ANTI JOIN (SELECT {keys} FROM read_parquet('{new}')) USING ({keys})
            UNION ALL BY NAME {rows}
        """
    with duckdb.connect(config={**DUCKDB_LIMITS, "temp_directory": str(merged.parent)}) as connection:
        (count,) = connection.execute(f"COPY ({rows}) TO '{merged}' (FORMAT parquet)").fetchall()
    return int(count[0])


def path_of_table(client: FilesystemClient, table: str) -> str:
    """Return the path of the file that holds a table."""
    return str(client.pathlib.join(client.dataset_path, table, table + PARQUET))
