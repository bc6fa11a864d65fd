"""An emulated BigQuery, bqemulator, in an environment of its own, which has nothing of this project:

python bigquery_emulator.py serve PORT          until it is stopped
python bigquery_emulator.py load PORT FILE      the tables of a pickled {name: ({column: type}, rows)}
python bigquery_emulator.py reload PORT FILE    these, and what dbt has made stays
python bigquery_emulator.py tables PORT FILE    all that dbt has made, pickled as {name: rows}
"""

from __future__ import annotations

import pickle
import socket
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

PROJECT, DATASET = "warehouse-project", "atlas"
ROWS_AT_ONCE = 500
TYPES = {"VARCHAR": "STRING", "BIGINT": "INT64", "DECIMAL(38, 9)": "NUMERIC", "BOOLEAN": "BOOL"}


def serve(port: int) -> None:
    """Serve, with fixes for what bqemulator 1.4.0 does unlike BigQuery."""
    from bqemulator.cli import main
    from bqemulator.storage.engine import DuckDBEngine
    from sqlglot import exp
    from sqlglot.dialects.duckdb import DuckDB

    # the spatial extension would be a download
    DuckDBEngine._load_spatial = lambda self: None

    # NUMERIC has three decimals: select cast(1.2345 as numeric)
    inner = DuckDB.Generator.datatype_sql

    def datatype(self: Any, expression: Any) -> str:
        if expression.this == exp.DataType.Type.DECIMAL and not expression.expressions:
            return "DECIMAL(38, 9)"
        return str(inner(self, expression))

    DuckDB.Generator.datatype_sql = datatype
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        other = free.getsockname()[1]
    ports = ["--rest-port", str(port), "--grpc-port", str(other)]
    main(["start", *ports, "--project", PROJECT])


def connected(port: int) -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://127.0.0.1:{port}"},  # ignore-https-check
    )


def load(port: int, file: Path, *, whole: bool = True) -> None:
    from google.cloud import bigquery

    client = connected(port)
    for dataset in client.list_datasets():
        if whole or dataset.dataset_id == DATASET:
            client.delete_dataset(dataset.reference, delete_contents=True)
    client.create_dataset(DATASET)
    for name, (columns, rows) in pickle.loads(file.read_bytes()).items():
        fields = [bigquery.SchemaField(column, TYPES.get(kind, kind)) for column, kind in columns.items()]
        table = f"{PROJECT}.{DATASET}.{name}"
        client.create_table(bigquery.Table(table, schema=fields))
        found = [
            {
                column: str(value)
                if kind == "NUMERIC" or not isinstance(value, (bool, int, float))
                else value
                for column, kind, value in zip(
                    columns, (TYPES.get(each, each) for each in columns.values()), row, strict=True
                )
                if value is not None
            }
            for row in rows
        ]
        for start in range(0, len(found), ROWS_AT_ONCE):
            errors = client.insert_rows_json(table, found[start : start + ROWS_AT_ONCE])
            if errors:
                raise SystemExit(f"{name}: {errors[0]}")


def reload(port: int, file: Path) -> None:
    load(port, file, whole=False)


def tables(port: int, file: Path) -> None:
    client = connected(port)
    made = {}
    for dataset in client.list_datasets():
        if dataset.dataset_id.startswith(f"{DATASET}_snow_atlas"):
            for table in client.list_tables(dataset.reference):
                query = f"SELECT * FROM `{PROJECT}.{dataset.dataset_id}.{table.table_id}`"
                rows = client.query(query).result()
                made[table.table_id] = [{key: plain(value) for key, value in row.items()} for row in rows]
    file.write_bytes(pickle.dumps(made))


def plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


if __name__ == "__main__":
    command, port, *files = sys.argv[1:]
    {"serve": serve, "load": load, "reload": reload, "tables": tables}[command](int(port), *map(Path, files))
