"""What dlt would send to Snowflake, BigQuery and SQL Server, without a server: the statements for all
streams, read back in their dialects, and the rows as they would be loaded.

The drivers are stand-ins: nothing is asked of them before a connection is made.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pyarrow.parquet as pq
import pytest
import sqlglot
from dlt.destinations.job_client_impl import SqlLoadJob
from sqlglot import exp

from snow_atlas_sync import inputs, spool
from snow_atlas_sync.destination import Destination
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.resources import Table
from snow_atlas_sync.sync import key

DRIVERS = ("google.api_core", "google.cloud", "pyodbc", "snowflake")
ACCOUNT = {"type": "service_account", "project_id": "p", "client_email": "a@b.c", "token_uri": "https://b.c"}
CREDENTIALS = {
    "snowflake": "snowflake://loader:secret@account/analytics?warehouse=w&role=r",
    "bigquery": json.dumps({**ACCOUNT, "private_key": "k"}),
    "mssql": "mssql://loader:secret@localhost/analytics?driver=ODBC+Driver+18+for+SQL+Server",
}
DIALECTS = {"mssql": "tsql"}
LONGEST = {"snowflake": 255, "bigquery": 300, "mssql": 128}
NOT_FOR_COLUMNS = ("_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier")
"""What BigQuery allows no column's name to begin with."""
TYPES = {
    "snowflake": {
        "text": "VARCHAR",
        "json": "VARCHAR",
        "bigint": "DECIMAL(19, 0)",
        "decimal": "DECIMAL(38, 9)",
        "bool": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMPLTZ",
    },
    "bigquery": {
        "text": "STRING",
        "json": "STRING",
        "bigint": "INT64",
        "decimal": "NUMERIC(38, 9)",
        "bool": "BOOL",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    },
    "mssql": {
        "text": "NVARCHAR(MAX)",
        "json": "NVARCHAR(MAX)",
        "bigint": "BIGINT",
        "decimal": "NUMERIC(38, 9)",
        "bool": "BIT",
        "date": "DATE",
        "timestamp": "DATETIMEOFFSET",
    },
}
MERGED = ("audit_logs", "computers")
ROWS = (
    {"id": "1", "externalId": "it's \\ 5 %s \u00e5\u4e2d", "purchaseValue": 1234567.25},
    {"id": "2", "quantity": 2**63 - 1, "createdDate": "0001-01-01T00:00:00Z", "isUpgrade": True},
    {"id": "3", "updatedDate": "9999-12-31T23:59:59.999999Z", "quantity": "12,5", "_links": [{"a": 1}]},
)


@dataclass
class Prepared:
    """A destination that nothing was sent to yet, with the tables of all streams."""

    kind: str
    destination: Destination
    tables: dict[str, Table]
    schema: Any
    client: Any

    def parsed(self, sql: str) -> list[exp.Expression]:
        return [each for each in sqlglot.parse(sql, dialect=DIALECTS.get(self.kind, self.kind)) if each]

    def columns(self, stream: str) -> list[str]:
        return list(self.tables[stream].file.layout.types)

    def follow_up(self, stream: str) -> Path:
        """The file with what follows when the second table of a stream has been filled."""
        (job,) = self.client.create_table_chain_completed_followup_jobs(
            [self.client.prepare_load_table(stream)]
        )
        return Path(job.new_file_path())


@pytest.fixture(scope="module")
def monkeypatch_of_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module", params=CREDENTIALS)
def prepared(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch_of_module: pytest.MonkeyPatch,
) -> Iterator[Prepared]:
    kind, tmp_path, monkeypatch = request.param, tmp_path_factory.mktemp("prepared"), monkeypatch_of_module
    before = set(sys.modules)

    class StandIns:
        """Finds a stand-in for each module of the drivers."""

        def find_spec(self, name: str, *_: object) -> Any:
            if name.startswith(DRIVERS):
                from importlib.machinery import ModuleSpec

                return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
            return None

        def create_module(self, spec: Any) -> Any:
            return MagicMock(__spec__=spec, __path__=[], __name__=spec.name)

        def exec_module(self, module: Any) -> None: ...

    monkeypatch.setattr(sys, "meta_path", [StandIns(), *sys.meta_path])
    monkeypatch.setattr(Destination, "_open", lambda _: None)
    monkeypatch.setenv(f"DESTINATION__{kind.upper()}__CREDENTIALS", CREDENTIALS[kind])
    destination = Destination(kind, tmp_path, "snow_atlas", tmp_path, kind)
    files = spool.Spool(tmp_path, holds_nul=False)
    message = {"type": "RECORD", "record": {"stream": "licenses", "data": {}, "emitted_at": 1}}
    for row in ROWS:
        message["record"] = {"stream": "licenses", "data": row, "emitted_at": 1}
        files.write([json.dumps(message).encode()], SyncReport.of(["licenses"]))
    names = inputs.available_streams()
    tables = {
        name: Table(name, files.file(name), key(name), {} if name in MERGED else None) for name in names
    }
    for name in ("licenses", *MERGED):
        tables[name].file.close()
    source = destination.loader.source(tables.values())
    schema = source.discover_schema()
    client = destination._pipeline._get_destination_clients(schema)[0]
    yield Prepared(kind, destination, tables, schema, client)
    for name in set(sys.modules) - before:
        if name.startswith((*DRIVERS, f"dlt.destinations.impl.{kind}")):
            del sys.modules[name]


def test_every_stream_has_a_table_with_all_of_its_columns(prepared: Prepared) -> None:
    """A column would be missing, be of a type that loses digits, or have a name that can't be created."""
    kinds = set()
    for stream, table in prepared.tables.items():
        columns = list(prepared.schema.tables[stream]["columns"].values())
        statements = prepared.client._get_table_update_sql(stream, columns, False)
        (create,) = [each for sql in statements for each in prepared.parsed(sql)]
        found = {
            column.name.lower(): column.kind.sql(DIALECTS.get(prepared.kind, prepared.kind))
            for column in create.find_all(exp.ColumnDef)
        }
        types = table.file.layout.types
        assert found == {name: TYPES[prepared.kind][kind] for name, kind in types.items()}, stream
        assert len(list(create.find_all(exp.ColumnDef))) == len(types), stream
        assert create.find(exp.Table).name.lower() == stream
        assert max(map(len, [stream, *types])) <= LONGEST[prepared.kind]
        assert not any(name.startswith(NOT_FOR_COLUMNS) for name in types), stream
        kinds |= set(types.values())
    assert kinds == TYPES[prepared.kind].keys()


def test_a_table_is_replaced_and_merged_in_one_transaction(prepared: Prepared) -> None:
    """Rows would lose fields on their way, or a load that is killed would leave an empty table."""
    for stream in prepared.tables:
        file = prepared.follow_up(stream)
        remove, insert = (each for line in file.read_text().splitlines() for each in prepared.parsed(line))
        into, select = insert.this, insert.expression
        columns = prepared.columns(stream)
        assert [each.name.lower() for each in into.expressions] == columns, stream
        assert [each.name.lower() for each in select.expressions] == columns, stream
        assert into.this.db.lower() == "snow_atlas"
        assert select.find(exp.Table).db.lower() == "snow_atlas_loading"
        if stream in MERGED:
            assert {each.name.lower() for each in remove.find(exp.Where).find_all(exp.Column)} == {"id"}
        else:
            assert isinstance(remove, exp.TruncateTable if prepared.kind == "mssql" else exp.Delete)
        done = MagicMock(capabilities=prepared.client.capabilities)
        job = SqlLoadJob(str(file))
        job._job_client = done
        job.run()
        names = [name.rpartition(".")[2] for name, *_ in done.sql_client.mock_calls]
        assert names == ["begin_transaction", "__enter__", "execute_many", "__exit__"], stream
        assert len(done.sql_client.execute_many.call_args.args[0]) == 2


def test_rows_are_loaded_as_they_were_read(prepared: Prepared) -> None:
    """A value would be changed by a format that nobody looked at."""
    pipeline = prepared.destination._pipeline
    pipeline.extract(prepared.destination.loader.source([prepared.tables["licenses"]]))
    pipeline.normalize()
    folder = Path(pipeline.working_dir) / "load" / "normalized"
    (file,) = (path for path in folder.rglob("licenses.*") if path.is_file())
    wanted = pq.read_table(prepared.tables["licenses"].file.path).to_pylist()
    if file.suffix == ".parquet":
        assert pq.read_table(file).to_pylist() == wanted
        return
    statement = gzip.decompress(file.read_bytes()).decode().replace("{}", "licenses")
    (insert,) = prepared.parsed(statement)
    names = [each.name for each in insert.this.expressions]
    rows = [dict(zip(names, row.expressions, strict=True)) for row in insert.expression.expressions]
    assert [{name for name in row if not isinstance(row[name], exp.Null)} for row in rows] == [
        {name for name in row if row[name] is not None} for row in wanted
    ]
    texts = {each.name for row in rows for each in row.values()}
    assert {"it's \\ 5 %s \u00e5\u4e2d", "1234567.250000000", str(2**63 - 1)} <= texts
    assert {text[:19].replace("T", " ") for text in texts} >= {"0001-01-01 00:00:00", "9999-12-31 23:59:59"}
