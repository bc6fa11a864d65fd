"""Emulators of Snowflake and BigQuery: fakesnow and bqemulator, both based on DuckDB.

Each runs in an environment of its own with dbt's adapter. dbt and the tests use HTTP, as with the real
services.
"""

from __future__ import annotations

import pickle
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_tests.dbt_package.scenarios import NOW, Rows
from integration_tests.dbt_package.warehouses import Table, Warehouse
from integration_tests.helpers.warehouse_loader import cell, column_types
from tools.schemas import schema

HERE = Path(__file__).resolve().parent / "emulators"
CACHE = HERE.parents[2] / ".cache"
EMULATED = ("snowflake", "bigquery")
START_SECONDS = 60
ADDED = {
    "_airbyte_raw_id": "VARCHAR",
    "_airbyte_extracted_at": "TIMESTAMP",
    "_airbyte_meta": "JSON",
    "_airbyte_generation_id": "BIGINT",
}
META = '{"changes": [], "sync_id": 1}'


@dataclass(frozen=True)
class Emulator(Warehouse):
    """Running emulator, with columns as Airbyte's destinations write them."""

    name: str
    port: int
    scratch: Path

    @property
    def target(self) -> str:  # type: ignore[override]
        return self.name

    @property
    def schema(self) -> str:  # type: ignore[override]
        return {"snowflake": "ATLAS", "bigquery": "atlas"}[self.name]

    @property
    def environment(self) -> dict[str, str]:
        return {"SNOW_ATLAS_EMULATOR_PORT": str(self.port), "DBT_PROFILES_DIR": str(HERE)}

    def fill(self, rows: Rows) -> None:
        self._fill("load", rows)

    def refill(self, rows: Rows) -> None:
        self._fill("reload", rows)

    def _fill(self, command: str, rows: Rows) -> None:
        tables = {stream: self._table(stream, records) for stream, records in rows.items()}
        file = self.scratch / "load.pickle"
        file.write_bytes(pickle.dumps(tables))
        self._run(command, file)

    def _table(
        self, stream: str, records: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, str], list[list[Any]]]:
        properties = schema(stream)["properties"]
        kinds = {
            name: "JSON" if len(properties[name]["type"]) > 2 else kind
            for name, kind in column_types(properties).items()
        }
        added = [NOW.isoformat(), META, 1]
        rows = [
            [*(cell(record.get(name), kind) for name, kind in kinds.items()), str(number), *added]
            for number, record in enumerate(records)
        ]
        return {**kinds, **ADDED}, rows

    def fill_schema(self, schema: str, rows: Rows) -> None:
        raise NotImplementedError

    def query(self, sql: str) -> Table:
        raise NotImplementedError

    def execute(self, sql: str) -> None:
        raise NotImplementedError

    def tables(self) -> dict[str, Table]:
        file = self.scratch / "tables.pickle"
        self._run("tables", file)
        made: dict[str, Table] = pickle.loads(file.read_bytes())
        return made

    def _run(self, command: str, file: Path) -> None:
        done = subprocess.run(
            [*program(self.name), command, str(self.port), str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]


def program(name: str) -> list[str]:
    return [str(CACHE / f"dbt-{name}" / "bin" / "python"), str(HERE / f"{name}_emulator.py")]


@contextmanager
def emulator(name: str, scratch: Path) -> Iterator[Emulator]:
    """Run an emulator on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = scratch / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*program(name), "serve", str(port)], cwd=scratch, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(port, server, log)
        yield Emulator(name, port, scratch)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the emulator did not start: {log.read_text()[-2000:]}")
