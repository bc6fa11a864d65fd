"""What a load does to tables that are there, whatever they are like, in every destination."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.syncing import KINDS, DuckDB, PostgreSQL, Target, target
from snow_atlas_sync import spool, sync
from snow_atlas_sync.destination import Destination
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.folder import FOLDER, sync_folder
from snow_atlas_sync.origin import Origin
from snow_atlas_sync.outcome import StreamReport, SyncReport
from snow_atlas_sync.tables import Layout

pytestmark = [pytest.mark.timeout(300), pytest.mark.spread]

STREAM = "computers"
COLUMNS = {"id": "text", "hostName": "text", "coreCount": "bigint"}
DLT_NAMES = {"files": "filesystem"}


@dataclass
class Loader:
    """Loads rows of one stream as a sync does that has read them."""

    filled: Target
    kind: str
    monkeypatch: pytest.MonkeyPatch

    def open(self, folder: Path) -> Destination:
        name = DLT_NAMES.get(self.kind, self.kind)
        dataset = "main" if self.kind == "duckdb" else "snow_atlas"
        return Destination(name, self.filled.folder / "snow_atlas.duckdb", dataset, folder, self.kind)

    def load(
        self,
        rows: Sequence[Mapping[str, Any]],
        columns: Mapping[str, str] = COLUMNS,
        *,
        merged: bool = False,
        origin: Origin | None = None,
    ) -> StreamReport:
        layout = Layout(columns)
        self.monkeypatch.setattr(Layout, "of", lambda _: layout)
        report = SyncReport.of([STREAM])
        with sync_folder() as folder:
            files = spool.Spool(folder, holds_nul=True)
            messages = [
                {"type": "RECORD", "record": {"stream": STREAM, "data": row, "emitted_at": number}}
                for number, row in enumerate(rows)
            ]
            files.write((json.dumps(message).encode() for message in messages), report)
            stream = report.streams[STREAM]
            stream.status, stream.state = "COMPLETE", {"lastScanDate": "2026-01-01T00:00:00Z"}
            destination = self.open(folder)
            try:
                if origin is not None:
                    destination.refuse_other_origin(origin)
                sync.load(files, destination, report, [STREAM] if merged else [])
            finally:
                destination.close()
        return stream

    def states(self) -> dict[str, Any]:
        """What a sync would go on from."""
        with sync_folder() as folder:
            destination = self.open(folder)
            try:
                return destination.states()
            finally:
                destination.close()

    def execute(self, sql: str) -> None:
        if isinstance(self.filled, DuckDB):
            import duckdb

            with duckdb.connect(str(self.filled.file)) as connection:
                connection.execute(sql.replace("snow_atlas.", ""))
        elif isinstance(self.filled, PostgreSQL):
            import psycopg2

            connection = psycopg2.connect(self.filled.address)
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
            connection.close()

    def names(self) -> dict[str, Any]:
        rows = self.filled.rows(STREAM)
        found = {row["id"]: row["hostname"] for row in rows}
        assert len(found) == len(rows)
        return found


@pytest.fixture
def loader(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Loader]:
    monkeypatch.setenv(FOLDER, str(tmp_path / "waiting"))
    with target(request.param, tmp_path) as filled:
        for name, value in filled.environment.items():
            monkeypatch.setenv(name, value)
        yield Loader(filled, request.param, monkeypatch)


every_kind = pytest.mark.parametrize("loader", KINDS, indirect=True)
databases = pytest.mark.parametrize("loader", ["duckdb", "postgres"], indirect=True)


@pytest.mark.parametrize(
    ("name", "variables", "database", "said"),
    [
        ("postgers", {}, "x.duckdb", "did you mean postgres?"),
        ("nope", {}, "x.duckdb", "dlt has no destination of this name; it has athena, bigquery, "),
        ("postgres", {}, "x.duckdb", "set DESTINATION__POSTGRES__CREDENTIALS in the environment"),
        ("postgres", {}, "x.duckdb", "postgresql://user:password@host:5432/database"),
        ("snowflake", {}, "x.duckdb", 'pip install "dlt[snowflake]"'),
        ("mssql", {}, "x.duckdb", 'pip install "dlt[mssql]"'),
        ("filesystem", {}, "x.duckdb", "set DESTINATION__FILESYSTEM__BUCKET_URL"),
        ("filesystem", {"DESTINATION__FILESYSTEM__BUCKET_URL": "/proc/lake"}, "x.duckdb", "/proc/lake"),
        ("duckdb", {}, "/proc/snow_atlas.duckdb", "/proc/snow_atlas.duckdb"),
        ("duckdb", {}, "text", "can't be used as the destination"),
    ],
    ids=[
        "misspelt",
        "unlike any",
        "no credentials",
        "form of credentials",
        "no driver",
        "no driver, says dlt",
        "no folder named",
        "folder",
        "database",
        "no database",
    ],
)
def test_a_destination_that_cannot_be_used_is_named(
    name: str,
    variables: dict[str, str],
    database: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The user would not learn what to set, or read a traceback of dlt."""
    (tmp_path / "text").write_text("a text", encoding="utf-8")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SyncError, match="can't be used as the destination") as refused:
        Destination(name, tmp_path / database, "snow_atlas", tmp_path, name)
    assert said in str(refused.value)


@pytest.mark.parametrize("loader", ["duckdb", "files"], indirect=True)
def test_tables_of_two_tenants_are_not_mixed(loader: Loader) -> None:
    """After a try with the sandbox, made-up computers would stand among those of the tenant."""
    sandbox, tenant = {"api_url": "http://127.0.0.1:4711"}, {"region": "westeurope"}
    row = [{"id": "1", "hostName": "a"}]
    loader.load(row, origin=Origin.of(sandbox, None))
    with pytest.raises(SyncError, match="holds the tables of a sandbox, and this sync reads a tenant: name"):
        loader.load(row, origin=Origin.of(tenant, None))
    loader.load(row, origin=Origin.of(sandbox, "made-up"))
    loader.load(row, origin=Origin.of({"api_url": "http://localhost:8080"}, None))
    with pytest.raises(
        SyncError, match=r"a sandbox \(made-up\), and this sync reads a tenant \(real\): name"
    ):
        loader.load(row, origin=Origin.of(tenant, "real"))


@databases
def test_a_merge_that_fails_in_its_middle_deletes_nothing(loader: Loader) -> None:
    """The rows that the new ones should have replaced would be gone, with nothing in their place."""
    loader.load([{"id": "1", "hostName": "a"}, {"id": "2", "hostName": "b"}], merged=True)
    loader.execute("ALTER TABLE snow_atlas.computers ALTER COLUMN hostname SET NOT NULL")
    stream = loader.load([{"id": "1", "hostName": None}, {"id": "3", "hostName": "c"}], merged=True)
    assert not stream.complete
    assert "null" in stream.error.lower()
    assert loader.names() == {"1": "a", "2": "b"}


@databases
def test_a_replacement_that_fails_leaves_the_table(loader: Loader) -> None:
    """A table would be empty in the morning, and look like "there are none"."""
    loader.load([{"id": "1", "hostName": "a"}])
    loader.execute("ALTER TABLE snow_atlas.computers ALTER COLUMN hostname SET NOT NULL")
    if loader.load([{"id": "3", "hostName": "c"}, {"id": "1", "hostName": None}]).complete:
        assert loader.names() == {"3": "c", "1": None}  # PostgreSQL: another table came in its place
    else:
        assert loader.names() == {"1": "a"}


@every_kind
def test_of_two_rows_with_one_key_the_newer_is_kept(loader: Loader) -> None:
    """A row that was changed while it was read comes twice, and the older one would win by chance."""
    for round_ in range(2):
        old = [{"id": str(number), "hostName": f"old {round_}"} for number in range(50)]
        new = [{"id": str(number), "hostName": f"new {round_}"} for number in range(50)]
        assert loader.load([*old, *new], merged=True).complete
        assert loader.names() == {str(number): f"new {round_}" for number in range(50)}


@pytest.mark.parametrize("loader", ["postgres", "files"], indirect=True)
def test_a_second_sync_at_the_same_time_is_refused(loader: Loader, tmp_path: Path) -> None:
    """Two that fill the same tables would leave each row twice."""
    loader.load([{"id": "a"}])
    (tmp_path / "other").mkdir()
    with (
        closing(loader.open(tmp_path)),
        pytest.raises(SyncError, match="another sync is writing into it"),
    ):
        loader.open(tmp_path / "other")
    loader.load([{"id": "b"}])
    assert [row["id"] for row in loader.filled.rows(STREAM)] == ["b"]


@every_kind
def test_a_type_that_a_new_version_changes_costs_no_row(loader: Loader) -> None:
    """After an upgrade a stream would fail for ever, in words of the database."""
    assert loader.load([{"id": "1", "hostName": "a", "coreCount": 4}]).complete
    changed = {"id": "text", "hostName": "text", "coreCount": "text", "isServer": "bool"}
    assert loader.load(
        [{"id": "2", "hostName": "b", "coreCount": "four", "isServer": True}], changed
    ).complete
    (row,) = loader.filled.rows(STREAM)
    assert (row["id"], row["corecount"], row["isserver"]) == ("2", "four", True)
    fewer = {"id": "text", "hostName": "text"}
    assert loader.load([{"id": "3", "hostName": "c", "coreCount": 1}], fewer).complete
    (row,) = loader.filled.rows(STREAM)
    assert json.loads(row["_extra"]) == {"coreCount": 1}

    stream = loader.load([{"id": "4", "hostName": 1}], {"id": "text", "hostName": "bigint"}, merged=True)
    assert not stream.complete
    assert "hostname (text, now bigint): remove the table" in stream.error
    assert loader.names() == {"3": "c"}


@every_kind
def test_a_table_that_was_removed_begins_anew(loader: Loader) -> None:
    """Who removes a table to have it whole again would get what is new since then, and nothing else."""
    loader.load([{"id": "1", "hostName": "a"}], merged=True)
    assert loader.states().keys() == {STREAM}
    loader.execute("DROP TABLE snow_atlas.computers")
    for path in (loader.filled.folder / "lake").rglob(f"{STREAM}/*.parquet"):
        path.unlink()
    assert loader.states() == {}
    assert loader.load([{"id": "2", "hostName": "b"}], merged=True).complete
    assert loader.names() == {"2": "b"}


@databases
def test_a_column_that_was_removed_comes_again(loader: Loader) -> None:
    """Every sync of the stream would fail, in words of the database."""
    loader.load([{"id": "1", "hostName": "a"}])
    loader.execute("ALTER TABLE snow_atlas.computers DROP COLUMN hostname")
    assert loader.load([{"id": "2", "hostName": "b"}]).complete
    assert loader.names() == {"2": "b"}
    loader.execute("ALTER TABLE snow_atlas.computers DROP COLUMN hostname")
    stream = loader.load([{"id": "3", "hostName": "c"}], merged=True)
    assert not stream.complete
    assert "lacks columns that it had, hostname: add them again" in stream.error
    assert [row["id"] for row in loader.filled.rows(STREAM)] == ["2"]


@databases
def test_a_table_of_somebody_else_is_left_alone(loader: Loader, tmp_path: Path) -> None:
    """An inventory of one's own, called computers, would be emptied and filled."""
    loader.load([{"id": "1", "hostName": "a"}])
    loader.execute("DROP TABLE snow_atlas.computers")
    loader.execute("CREATE TABLE snow_atlas.computers AS SELECT '1' AS id, 'b' AS hostname")
    with pytest.raises(SyncError, match="another loader wrote, such as computers"):
        loader.open(tmp_path)
    assert loader.names() == {"1": "b"}


@databases
def test_a_history_that_was_removed_begins_anew(loader: Loader) -> None:
    """Who tidies it away would have no sync any more."""
    loader.load([{"id": "1", "hostName": "a"}])
    loader.execute("DROP TABLE snow_atlas._snow_atlas_syncs")
    for number in "2", "3":
        assert loader.load([{"id": number, "hostName": "b"}]).complete
    assert loader.names() == {"3": "b"}
    assert [row["stream"] for row in loader.filled.rows("_snow_atlas_syncs")] == [STREAM, STREAM]


@every_kind
def test_rows_without_a_key_are_all_kept(loader: Loader) -> None:
    """Of computers that a server gave no id, a merge would keep one, and say nothing."""
    assert loader.load([{"id": "1", "hostName": "a"}, {"id": None, "hostName": "b"}], merged=True).complete
    new = [{"id": "1", "hostName": "c"}, {"id": None, "hostName": "d"}, {"id": None, "hostName": "e"}]
    assert loader.load(new, merged=True).complete
    names = [row["hostname"] for row in loader.filled.rows(STREAM)]
    assert sorted(names) == ["b", "c", "d", "e"]
