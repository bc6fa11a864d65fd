"""The warehouses of the tests, with tables as Airbyte's loaders leave them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import psycopg2
from psycopg2.extras import execute_values

from integration_tests.dbt_package.scenarios import NOW, Rows
from integration_tests.helpers.expected import Record
from integration_tests.helpers.postgres_server import PostgresServer
from integration_tests.helpers.warehouse_loader import cell, column_types
from tools.schemas import schema

MADE = "snow_atlas"
"""Prefix of the schemas that dbt builds, after the target's own schema."""

ROWS_AT_ONCE = 500

Table = list[dict[str, Any]]


class Warehouse(ABC):
    """Database for the dbt target of the same name."""

    target: ClassVar[str]
    schema: ClassVar[str]

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the environment variables that the profile reads."""

    @abstractmethod
    def fill(self, rows: Rows) -> None:
        """Remove everything, and load these streams."""

    @abstractmethod
    def fill_schema(self, schema: str, rows: Rows) -> None:
        """Load streams into a schema of their own."""

    @abstractmethod
    def refill(self, rows: Rows) -> None:
        """Replace the streams, and leave what dbt has built."""

    @abstractmethod
    def query(self, sql: str) -> Table:
        """Return the rows of a query."""

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Run a statement."""

    def make_table(
        self, schema: str, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Create a table of any shape in a schema of its own."""
        self.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        self.execute(f'CREATE TABLE "{schema}"."{name}" ({_declared(columns)})')
        for start in range(0, len(rows), ROWS_AT_ONCE):
            values = ", ".join(
                f"({', '.join(map(_literal, row))})" for row in rows[start : start + ROWS_AT_ONCE]
            )
            self.execute(f'INSERT INTO "{schema}"."{name}" VALUES {values}')

    def tables(self) -> dict[str, Table]:
        """Return everything that dbt has built, by model."""
        made = self.query(
            "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables"
            f" WHERE table_schema LIKE '{self.schema}_{MADE}%'"
        )
        return {
            each["name"]: self.query(f'SELECT * FROM "{each["schema"]}"."{each["name"]}"') for each in made
        }


@dataclass(frozen=True)
class DuckDB(Warehouse):
    """DuckDB file with lower-case columns, as PyAirbyte writes it."""

    path: Path
    target: ClassVar[str] = "duckdb"
    schema: ClassVar[str] = "main"

    @property
    def environment(self) -> dict[str, str]:
        return {"SNOW_ATLAS_DUCKDB": str(self.path)}

    def fill(self, rows: Rows) -> None:
        self.path.unlink(missing_ok=True)
        self.fill_schema(self.schema, rows)

    def fill_schema(self, schema: str, rows: Rows) -> None:
        with closing(duckdb.connect(str(self.path))) as database:
            database.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            database.execute(f'USE "{schema}"')
            for stream, records in rows.items():
                self._load(database, stream, records)

    def refill(self, rows: Rows) -> None:
        held = self.query(
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{self.schema}'"
        )
        with closing(duckdb.connect(str(self.path))) as database:
            for row in held:
                database.execute(f'DROP TABLE "{row["table_name"]}"')
        self.fill_schema(self.schema, rows)

    def _load(self, database: duckdb.DuckDBPyConnection, stream: str, records: Sequence[Record]) -> None:
        types = column_types(schema(stream)["properties"])
        added = {"_airbyte_raw_id": "VARCHAR", "_airbyte_extracted_at": "TIMESTAMP", "_airbyte_meta": "JSON"}
        columns = {name.lower(): kind for name, kind in {**types, **added}.items()}
        database.execute(f'CREATE TABLE "{stream}" ({_declared(columns)})')
        if not records:
            return
        lines = self.path.with_suffix(".jsonl")
        with lines.open("w", encoding="utf-8") as file:
            for number, record in enumerate(records):
                values = {name.lower(): _plain(cell(record.get(name), kind)) for name, kind in types.items()}
                values |= {
                    "_airbyte_raw_id": str(number),
                    "_airbyte_extracted_at": _plain(NOW.replace(tzinfo=None)),
                }
                file.write(json.dumps(values) + "\n")
        shape = ", ".join(
            f"'{name}': '{kind if kind != 'JSON' else 'VARCHAR'}'" for name, kind in columns.items()
        )
        database.execute(
            f"INSERT INTO \"{stream}\" SELECT * FROM read_json('{lines}', format='newline_delimited', "
            f"columns={{{shape}}})"
        )
        lines.unlink()

    def query(self, sql: str) -> Table:
        with closing(duckdb.connect(str(self.path), read_only=True)) as database:
            found = database.execute(sql)
            return _named([column[0] for column in found.description or ()], found.fetchall())

    def execute(self, sql: str) -> None:
        with closing(duckdb.connect(str(self.path))) as database:
            database.execute(sql)


@dataclass(frozen=True)
class PostgreSQL(Warehouse):
    """PostgreSQL server with columns in the vendor's own case, as Airbyte's destination writes them."""

    server: PostgresServer
    target: ClassVar[str] = "postgres"
    schema: ClassVar[str] = "public"
    types: ClassVar[Mapping[str, str]] = {"TIMESTAMP": "TIMESTAMP WITH TIME ZONE", "JSON": "JSONB"}

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SNOW_ATLAS_POSTGRES_HOST": self.server.host,
            "SNOW_ATLAS_POSTGRES_PORT": str(self.server.port),
            "SNOW_ATLAS_POSTGRES_USER": self.server.username,
            "SNOW_ATLAS_POSTGRES_PASSWORD": self.server.password,
            "SNOW_ATLAS_POSTGRES_DATABASE": self.server.database,
        }

    def fill(self, rows: Rows) -> None:
        with closing(self._connection()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP SCHEMA "{name}" CASCADE')
            connection.commit()
        self.fill_schema(self.schema, rows)

    def fill_schema(self, schema: str, rows: Rows) -> None:
        with closing(self._connection()) as connection, connection.cursor() as cursor:
            cursor.execute(f'CREATE SCHEMA "{schema}"')
            cursor.execute(f'SET search_path = "{schema}"')
            for stream, records in rows.items():
                self._load(cursor, stream, records)
            connection.commit()

    def refill(self, rows: Rows) -> None:
        self.execute(f'DROP SCHEMA "{self.schema}" CASCADE')
        self.fill_schema(self.schema, rows)

    def _load(self, cursor: Any, stream: str, records: Sequence[Record]) -> None:
        properties = schema(stream)["properties"]
        kinds = {
            name: "JSON" if len(properties[name]["type"]) > 2 else kind
            for name, kind in column_types(properties).items()
        }
        added = {
            "_airbyte_raw_id": "VARCHAR",
            "_airbyte_extracted_at": "TIMESTAMP",
            "_airbyte_generation_id": "BIGINT",
        }
        columns = {name: self.types.get(kind, kind) for name, kind in {**kinds, **added}.items()}
        cursor.execute(f'CREATE TABLE "{stream}" ({_declared(columns)})')
        values = [
            [*(cell(record.get(name), kind) for name, kind in kinds.items()), str(number), NOW, 1]
            for number, record in enumerate(records)
        ]
        execute_values(cursor, f'INSERT INTO "{stream}" VALUES %s', values, page_size=500)

    def query(self, sql: str) -> Table:
        with closing(self._connection()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return _named([column[0] for column in cursor.description], cursor.fetchall())

    def execute(self, sql: str) -> None:
        with closing(self._connection()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            connection.commit()

    def _connection(self) -> Any:
        server = self.server
        return psycopg2.connect(
            host=server.host,
            port=server.port,
            user=server.username,
            password=server.password,
            dbname=server.database,
        )


def _declared(columns: Mapping[str, str]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in columns.items())


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, (bool, int, float)) else "'" + str(value).replace("'", "''") + "'"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    return [dict(zip(columns, row, strict=True)) for row in rows]
