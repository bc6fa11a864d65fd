"""dlt's destinations DuckDB and filesystem, changed where it matters: a table is replaced in one step.

dlt empties a table first and fills it afterwards, or, in a database, copies it from a second one: half a
minute for five million rows, and twice the file. Here each table comes as one file, so that it can be
replaced in one transaction, or by renaming that file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from dlt.destinations import duckdb as duckdb_of_dlt
from dlt.destinations import filesystem
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient, FilesystemLoadJob

PARQUET = ".parquet"
LITTLE: dict[str, Any] = {"threads": 1, "memory_limit": "150MB"}
"""DuckDB would take four fifths of the memory that there is; a second thread makes nothing faster here."""


class OneStep:
    """What both clients have in common: who replaces a table also empties it."""

    replaces: Any
    """The job that replaces a table with a file."""

    def should_truncate_table_before_load(self, table_name: str) -> bool:
        return False

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        client: Any = super()
        written = self.prepare_load_table(table["name"])["write_disposition"]  # type: ignore[attr-defined]
        if file_path.endswith(PARQUET) and written == "replace":
            return self.replaces(file_path)
        return client.create_load_job(table, file_path, load_id, restore)


class ReplaceTableJob(DuckDbCopyJob):
    """Fill a table with a file, and with nothing else."""

    def run(self) -> None:
        client = self._job_client.sql_client
        # dlt sets a gigabyte: all rows would go into the log first, and into the table afterwards
        client.execute_sql("SET GLOBAL checkpoint_threshold = '16MB'")
        with client.begin_transaction():
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(self.load_table_name)}")
            super().run()


class OneStepDuckDbClient(OneStep, DuckDbClient):
    replaces = ReplaceTableJob


class OneStepDuckDb(duckdb_of_dlt):
    """DuckDB, in a transaction for each table."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        return OneStepDuckDbClient


class ReplaceFileJob(FilesystemLoadJob):
    """Put a file in the place of the one that the table is."""

    def make_remote_path(self) -> str:
        return file_of(self._job_client, self.load_table_name)

    def run(self) -> None:
        files, path = self._job_client.fs_client, self.make_remote_path()
        if not self._job_client.config.is_local_filesystem:
            files.put_file(self._file_path, path)  # an object store shows an object when it is whole
            return
        files.makedirs(os.path.dirname(path), exist_ok=True)
        files.put_file(self._file_path, path + ".new")
        os.replace(path + ".new", path)


class OneStepFilesystemClient(OneStep, FilesystemClient):
    replaces = ReplaceFileJob


class OneStepFilesystem(filesystem):
    """A folder, or a bucket, with one file for each table."""

    @property
    def client_class(self) -> type[FilesystemClient]:
        return OneStepFilesystemClient


def merge_files(new: Path, old: Path | None, key: Sequence[str], merged: Path) -> int:
    """Write a file with the newest row of each key, after the old rows that have another key; the number of
    its rows. A row whose key is null in some part is like no other.
    """
    keys = ", ".join(f'"{name}"' for name in key)
    null = " OR ".join(f'"{name}" IS NULL' for name in key)
    rows = f"""
        SELECT * EXCLUDE (file_row_number) FROM read_parquet('{new}', file_row_number = true)
        QUALIFY {null} OR row_number() OVER (PARTITION BY {keys} ORDER BY file_row_number DESC) = 1
    """
    if old is not None:
        rows = f"""
            SELECT * FROM read_parquet('{old}')
            ANTI JOIN (SELECT {keys} FROM read_parquet('{new}')) USING ({keys})
            UNION ALL BY NAME {rows}
        """
    with duckdb.connect(config={**LITTLE, "temp_directory": str(merged.parent)}) as connection:
        (count,) = connection.execute(f"COPY ({rows}) TO '{merged}' (FORMAT parquet)").fetchall()
    return int(count[0])


def file_of(client: FilesystemClient, table: str) -> str:
    """The file that a table is."""
    return str(client.pathlib.join(client.dataset_path, table, table + PARQUET))
