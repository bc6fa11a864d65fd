"""Runs of `snow-atlas-sync` into each of the tested destinations, and queries of the results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import psycopg2.extras
import pytest

from integration_tests.helpers.inside import Said, sync_inside
from integration_tests.helpers.postgres_server import PostgresServer, PostgresUnavailable, new_database

SECONDS = 240
KINDS = ("duckdb", "postgres", "files")

Row = dict[str, Any]


@dataclass(frozen=True)
class Target(ABC):
    """Destination, with a folder in which the command runs."""

    folder: Path
    sandbox: Any = None
    """Server to read, with a method `config`."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    @abstractmethod
    def arguments(self) -> list[str]: ...

    @property
    def environment(self) -> dict[str, str]:
        return {}

    @abstractmethod
    def rows(self, table: str) -> list[Row]:
        """Return all rows of a table."""

    @abstractmethod
    def columns(self, table: str) -> dict[str, str]:
        """Return the type of each column of a table, without the added columns."""

    @abstractmethod
    def tables(self) -> set[str]:
        """Return the streams that have a table."""

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snow_atlas_sync", *self._arguments(arguments)]

    def _arguments(self, added: Iterable[str]) -> list[str]:
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.sandbox.config(**self.options)), encoding="utf-8")
        return ["--config", str(config), *self.arguments, *added]

    def variables(self) -> dict[str, str]:
        return {**os.environ, "SNOW_ATLAS_SYNC_FOLDER": str(self.folder / "waiting"), **self.environment}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run the command inside this process, and return its stdout and stderr."""
        return self.inside(*arguments, code=code).everything

    def inside(self, *arguments: str, code: int = 0) -> Said:
        """Run the command inside this process, and return its output and what of it went to stderr."""
        ended, said = sync_inside(self._arguments(arguments), self.variables(), self.folder)
        assert ended == code, said.everything
        assert "Traceback" not in said.everything
        return said

    def run_process(self, *arguments: str, code: int = 0) -> str:
        """Run the command as a process to its end, and return its stdout and stderr."""
        with self.start(*arguments) as process:
            output, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == code, output + errors
        assert "Traceback" not in output + errors
        return output + errors


def plain_names(rows: list[tuple[Any, ...]], names: list[str]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def own(names: Mapping[str, str]) -> dict[str, str]:
    return {
        name: kind.upper()
        for name, kind in names.items()
        if not name.startswith(("_airbyte", "_extra", "_dlt"))
    }


class DuckDB(Target):
    @property
    def file(self) -> Path:
        return self.folder / "snow_atlas.duckdb"

    @property
    def arguments(self) -> list[str]:
        return ["--database", str(self.file)]

    def query(self, sql: str) -> list[Row]:
        with closing(duckdb.connect(str(self.file), read_only=True)) as connection:
            found = connection.execute(sql)
            return plain_names(found.fetchall(), [column[0] for column in found.description or ()])

    def rows(self, table: str) -> list[Row]:
        return self.query(f'SELECT * FROM "{table}"')

    def columns(self, table: str) -> dict[str, str]:
        return own({row["column_name"]: row["column_type"] for row in self.query(f'DESCRIBE "{table}"')})

    def tables(self) -> set[str]:
        found = self.query(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'main'"
        )
        return {row["name"] for row in found if row["name"][0] != "_"}


@dataclass(frozen=True)
class PostgreSQL(Target):
    server: PostgresServer = field(kw_only=True)

    @property
    def arguments(self) -> list[str]:
        return ["--destination", "postgres"]

    @property
    def address(self) -> str:
        server = self.server
        return (
            f"postgresql://{server.username}:{server.password}@{server.host}:{server.port}/{server.database}"
        )

    @property
    def environment(self) -> dict[str, str]:
        return {"DESTINATION__POSTGRES__CREDENTIALS": self.address}

    def query(self, sql: str) -> list[Row]:
        with closing(psycopg2.connect(self.address)) as connection, connection.cursor() as cursor:
            # as texts, like in the other destinations
            psycopg2.extras.register_default_json(connection, loads=str)
            psycopg2.extras.register_default_jsonb(connection, loads=str)
            cursor.execute(sql)
            return plain_names(cursor.fetchall(), [column[0] for column in cursor.description or ()])

    def rows(self, table: str) -> list[Row]:
        return self.query(f'SELECT * FROM snow_atlas."{table}"')

    def columns(self, table: str) -> dict[str, str]:
        found = self.query(
            "SELECT column_name, data_type FROM information_schema.columns"
            f" WHERE table_schema = 'snow_atlas' AND table_name = '{table}'"
        )
        return own({row["column_name"]: row["data_type"] for row in found})

    def tables(self) -> set[str]:
        found = self.query(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'snow_atlas'"
        )
        return {row["name"] for row in found if row["name"][0] != "_"}


class Files(Target):
    @property
    def arguments(self) -> list[str]:
        return ["--destination", "filesystem"]

    @property
    def environment(self) -> dict[str, str]:
        return {"DESTINATION__FILESYSTEM__BUCKET_URL": str(self.folder / "lake")}

    @property
    def dataset(self) -> Path:
        """Return the folder of the tables."""
        return self.folder / "lake" / "snow_atlas"

    def query(self, sql: str) -> list[Row]:
        with closing(duckdb.connect()) as connection:
            found = connection.execute(sql)
            return plain_names(found.fetchall(), [column[0] for column in found.description or ()])

    def table(self, name: str) -> str:
        return f"read_parquet('{self.dataset / name / '*.parquet'}')"

    def rows(self, table: str) -> list[Row]:
        return self.query(f"SELECT * FROM {self.table(table)}")

    def columns(self, table: str) -> dict[str, str]:
        found = self.query(f"DESCRIBE FROM {self.table(table)}")
        return own({row["column_name"]: row["column_type"] for row in found})

    def tables(self) -> set[str]:
        return {path.name for path in self.dataset.iterdir() if path.is_dir() and path.name[0] != "_"}


@contextmanager
def target(kind: str, folder: Path, sandbox: Any = None, **options: Any) -> Iterator[Target]:
    """Create a destination. The test is skipped if this machine has none."""
    if kind == "duckdb":
        yield DuckDB(folder, sandbox, options)
    elif kind == "files":
        yield Files(folder, sandbox, options)
    else:
        try:
            server = new_database()
        except PostgresUnavailable as reason:
            pytest.skip(str(reason))
        yield PostgreSQL(folder, sandbox, options, server=server)
