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

import pyarrow as pa
import pyarrow.parquet as pq
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.destinations import duckdb, filesystem
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient, FilesystemLoadJob

PARQUET = ".parquet"


def replaced(client: Any, table: str) -> bool:
    return bool(client.prepare_load_table(table)["write_disposition"] == "replace")


class ReplaceTableJob(DuckDbCopyJob):
    """Fill a table with a file, and with nothing else."""

    def run(self) -> None:
        client = self._job_client.sql_client
        # dlt sets a gigabyte: all rows would go into the log first, and into the table afterwards
        client.execute_sql("SET GLOBAL checkpoint_threshold = '16MB'")
        with client.begin_transaction():
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(self.load_table_name)}")
            super().run()


class OneStepDuckDbClient(DuckDbClient):
    def should_truncate_table_before_load(self, table_name: str) -> bool:
        return False

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        if file_path.endswith(PARQUET) and replaced(self, table["name"]):
            return ReplaceTableJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


class OneStepDuckDb(duckdb):
    """DuckDB, in a transaction for each table; of a merge dlt would make two, and lose rows in between."""

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        able = super()._raw_capabilities()
        able.supports_transactions = True
        return able

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


class OneStepFilesystemClient(FilesystemClient):
    def should_truncate_table_before_load(self, table_name: str) -> bool:
        return False

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        if file_path.endswith(PARQUET) and replaced(self, table["name"]):
            return ReplaceFileJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


class OneStepFilesystem(filesystem):
    """A folder, or a bucket, with one file for each table."""

    @property
    def client_class(self) -> type[FilesystemClient]:
        return OneStepFilesystemClient


def merge_files(client: FilesystemClient, table: str, new: Path, key: Sequence[str], merged: Path) -> int:
    """Write a file with the rows of a table that have none of the new rows' keys, and the new rows; the
    number of its rows.
    """
    fresh = pq.read_table(new)
    last = {each: place for place, each in enumerate(keys_of(fresh, key))}
    fresh = fresh.take(pa.array(sorted(last.values()), pa.int64()))
    rows: int = fresh.num_rows
    old = file_of(client, table)
    with pq.ParquetWriter(merged, fresh.schema) as writer:
        if client.fs_client.exists(old):
            with client.fs_client.open(old, "rb") as file:
                for batch in pq.ParquetFile(file).iter_batches():
                    part = pa.Table.from_batches([batch])
                    kept = [each not in last for each in keys_of(part, key)]
                    part = part.filter(pa.array(kept, pa.bool_()))
                    writer.write_table(with_columns(part, fresh.schema))
                    rows += part.num_rows
        writer.write_table(fresh)
    return rows


def keys_of(table: pa.Table, key: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in key), strict=True))


def with_columns(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns of a schema; those that it lacks are null."""
    return pa.table(
        [
            table[field.name].cast(field.type)
            if field.name in table.column_names
            else pa.nulls(len(table), field.type)
            for field in schema
        ],
        schema=schema,
    )


def file_of(client: FilesystemClient, table: str) -> str:
    """The file that a table is."""
    return str(client.pathlib.join(client.dataset_path, table, table + PARQUET))
