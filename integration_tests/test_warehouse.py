"""A warehouse that keeps up: after a second sync its tables hold what Snow Atlas holds, in DuckDB and in
PostgreSQL.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.helpers.expected import Expected
from integration_tests.helpers.postgres_server import PostgresUnavailable, private_postgres
from integration_tests.helpers.pyairbyte import needs_pyairbyte, postgres_cache
from sandbox import Sandbox
from snow_atlas_sync import warehouse
from snow_atlas_sync.observer import SyncReport
from source_snow_atlas import definitions

if TYPE_CHECKING:
    from airbyte import Source
    from airbyte.caches import CacheBase

pytestmark = [
    needs_pyairbyte,
    pytest.mark.timeout(900),
]

# One of each kind: paged, unpaged, a tree, with and without a key, with a key put together, per parent.
STREAMS = [
    "agreements",
    "applications",
    "computer_applications",
    "computer_network_adapters",
    "computers",
    "custom_field_values",
    "licenses",
    "mobile_device_details",
    "mobile_devices",
    "oracle_database_installations",
    "organizations",
    "saas_users",
    "user_accounts",
]
AUDIT = "audit_logs"
HISTORY = timedelta(days=40)
USEFUL_TYPES = {
    "boolean": {"BOOLEAN"},
    "integer": {"BIGINT"},
    "number": {"DECIMAL(38,9)", "NUMERIC"},
    "date": {"DATE"},
    "date-time": {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITHOUT TIME ZONE"},
}


@dataclass(frozen=True)
class Warehouse:
    """A warehouse, and the connector that fills it from a sandbox."""

    cache: CacheBase
    sandbox: Sandbox
    connector: Source
    rounds: bool = False

    def sync(self, streams: list[str], growing: Iterable[str] = ()) -> SyncReport:
        report = warehouse.sync(self.connector, self.cache, streams, growing=frozenset(growing))
        assert {stream.name: stream.error for stream in report.failed} == {}
        assert all(stream.complete for stream in report.streams.values())
        return report

    def rows(self, stream: str) -> list[dict[str, Any]]:
        return warehouse.query(self.cache, f'SELECT * FROM "{self.cache.schema_name}"."{stream}"')

    def columns(self, stream: str) -> dict[str, str]:
        """The type of each column of a table, those of PyAirbyte's own left out."""
        rows = warehouse.query(
            self.cache,
            "SELECT column_name, data_type FROM information_schema.columns"
            f" WHERE table_schema = '{self.cache.schema_name}' AND table_name = '{stream}'",
        )
        return {row["column_name"]: row["data_type"].upper() for row in rows if row["column_name"][0] != "_"}

    def filters_sent(self, stream: str) -> list[str]:
        """The filters of the requests for a stream since the counts were reset."""
        path = definitions.parameters(stream)["path"]
        return [
            request.parameter("filter") or "" for request in self.sandbox.requests if request.path == path
        ]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(computers=24, ugly=True) as running:
        yield running
        assert not running.internal_errors


def source_of(sandbox: Sandbox) -> Source:
    start = (datetime.now(timezone.utc) - HISTORY).strftime("%Y-%m-%dT00:00:00Z")
    return warehouse.source(sandbox.config(start_date=start))


@pytest.fixture
def duckdb(sandbox: Sandbox, tmp_path: Path) -> Iterator[Warehouse]:
    cache = warehouse.duckdb_cache(tmp_path / "snow_atlas.duckdb")
    yield Warehouse(cache, sandbox, source_of(sandbox))
    cache.close()


@pytest.fixture
def postgres(sandbox: Sandbox, tmp_path: Path) -> Iterator[Warehouse]:
    try:
        with private_postgres() as server:
            cache = postgres_cache(server, "snow_atlas", tmp_path)
            yield Warehouse(cache, sandbox, source_of(sandbox), rounds=True)
            cache.close()
    except PostgresUnavailable as reason:
        pytest.skip(str(reason))


def schema_of(stream: str) -> dict[str, dict[str, Any]]:
    path = Path(definitions.__file__).parent / "schemas" / f"{stream}.json"
    properties: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["properties"]
    return {name: declared for name, declared in properties.items() if name != "recordKey"}


def comparable(row: dict[str, Any], schema: dict[str, dict[str, Any]], rounded: bool) -> str:
    """A row in one form, from the API or from a database: its declared fields that are not null."""
    lower = {name.lower(): value for name, value in row.items()}
    values = {
        name: plain(lower[name.lower()], declared, rounded)
        for name, declared in schema.items()
        if lower.get(name.lower()) is not None
    }
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def plain(value: Any, declared: dict[str, Any], rounded: bool) -> Any:
    kinds = declared["type"]
    if "array" in kinds or "object" in kinds:
        return json.loads(value) if isinstance(value, str) else value
    if declared.get("format") in ("date", "date-time"):
        return moment(value, rounded)
    if "number" in kinds:
        return float(round(Decimal(str(value)), 6))
    return value


def moment(value: str | date, rounded: bool = False) -> str:
    """A time to the microsecond in UTC, which both databases keep: PostgreSQL rounds to it, DuckDB cuts."""
    if isinstance(value, str):
        parts = re.fullmatch(r"([^.Z]+)(?:\.(\d+))?Z?", value)
        assert parts is not None, value
        digits = parts[2] or "0"
        micros = round(float(f"0.{digits}") * 1_000_000) if rounded else int(f"{digits[:6]:0<6}")
        value = datetime.fromisoformat(parts[1]) + timedelta(microseconds=micros)
    if not isinstance(value, datetime):
        return f"{value} 00:00:00"
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return str(value)


def assert_same(filled: Warehouse, stream: str, expected: list[dict[str, Any]]) -> None:
    schema = schema_of(stream)
    in_table = Counter(comparable(row, schema, filled.rounds) for row in filled.rows(stream))
    at_source = Counter(comparable(row, schema, filled.rounds) for row in expected)
    assert in_table - at_source == Counter(), f"{stream}: in the table, not in the sandbox"
    assert at_source - in_table == Counter(), f"{stream}: in the sandbox, not in the table"


def assert_tables_equal_the_sandbox(filled: Warehouse) -> None:
    expected = Expected(filled.sandbox)
    for stream in STREAMS:
        assert_same(filled, stream, expected.records(stream))


def assert_types_are_useful(filled: Warehouse) -> None:
    for stream in [*STREAMS, AUDIT]:
        columns = filled.columns(stream)
        for name, declared in schema_of(stream).items():
            kinds = set(declared["type"]) - {"null"}
            wanted = USEFUL_TYPES.get(declared.get("format") or kinds.pop())
            if wanted is not None and not kinds:
                assert columns[name.lower()] in wanted, f"{stream}.{name}"


def change(sandbox: Sandbox) -> None:
    """Rows come, go and change; one table becomes empty."""
    apply = sandbox.control.change_row
    apply("delete", "computers", position=3)
    apply("update", "computers", position=5, row={"hostName": "RENAMED-1"})
    apply("insert", "computers")
    apply("update", "users", position=2, row={"fullName": "Zoë Ångström"})
    apply("delete", "users", position=4)
    apply("insert", "custom_field_values")
    apply("delete", "custom_field_values", position=0)
    sandbox.churn.watch("computer_applications", ("computerId", "applicationId", "bundleApplicationId"))
    apply("delete", "computer_applications", position=7)
    for _ in sandbox.rows("/api/sam/estate/v1/mobiledevices"):
        apply("delete", "mobile_devices", position=0)


def add_audit_entries(sandbox: Sandbox, count: int) -> list[dict[str, Any]]:
    """Entries as they come: after all that are there, several in the same second."""
    created = (datetime.now(timezone.utc) - timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    latest = sandbox.rows("/api/audit/v2/logs")[0]
    entries = [
        {**latest, "id": sandbox.estate.guid("new audit entry", number), "created": created}
        for number in range(count)
    ]
    for entry in entries:
        sandbox.control.change_row("insert", "audit_logs", row=entry)
    return entries


def filter_start(text: str) -> str:
    """The time after `-ge` in a filter."""
    found = re.search(r'-ge "([^"]+)"', text)
    assert found is not None, text
    return moment(found[1])


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_second_sync_makes_the_tables_equal_again(kind: str, request: pytest.FixtureRequest) -> None:
    """Reports would show computers that were scrapped, miss new ones, or count audit entries twice."""
    filled: Warehouse = request.getfixturevalue(kind)
    filled.sync([*STREAMS, AUDIT], growing=[AUDIT])
    assert_tables_equal_the_sandbox(filled)
    assert_types_are_useful(filled)
    types = {stream: filled.columns(stream) for stream in STREAMS}
    history = filled.rows(AUDIT)
    start = moment((datetime.now(timezone.utc) - HISTORY).date())
    all_entries = filled.sandbox.rows("/api/audit/v2/logs")
    assert_same(filled, AUDIT, [entry for entry in all_entries if moment(entry["created"]) >= start])

    change(filled.sandbox)
    new = add_audit_entries(filled.sandbox, 3)
    filled.sandbox.reset_counts()
    filled.sync([*STREAMS, AUDIT], growing=[AUDIT])

    assert_tables_equal_the_sandbox(filled)
    assert filled.rows("mobile_devices") == filled.rows("mobile_device_details") == []
    assert_same(filled, AUDIT, [*history, *new])
    newest = max(row["created"] for row in history)
    asked_from = min(filter_start(text) for text in filled.filters_sent(AUDIT))
    assert asked_from >= moment(newest - timedelta(minutes=10)), "known entries were asked for again"
    assert {stream: filled.columns(stream) for stream in STREAMS} == types


def test_incremental_computers_are_asked_for_by_date_and_kept_once(duckdb: Warehouse) -> None:
    """An incremental sync would read the whole estate again, or keep two rows of a computer that was scanned
    anew.
    """
    duckdb.sync(["computers"], growing=["computers"])
    before = {row["id"]: row for row in duckdb.rows("computers")}
    newest = max(row["lastscandate"] for row in before.values())
    apply = duckdb.sandbox.control.change_row
    scanned = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rescanned = apply("update", "computers", position=2, row={"hostName": "NEW", "lastScanDate": scanned})
    deleted = apply("delete", "computers", position=9)
    duckdb.sandbox.reset_counts()
    report = duckdb.sync(["computers"], growing=["computers"])

    after = [row["id"] for row in duckdb.rows("computers")]
    assert len(after) == len(set(after))
    assert {row["id"]: row["hostname"] for row in duckdb.rows("computers")}[rescanned] == "NEW"
    assert (deleted in after) == (deleted in before), "only a full refresh can know of deletions"
    assert {filter_start(text) for text in duckdb.filters_sent("computers")} == {
        moment(newest - timedelta(days=1))
    }
    assert report.records < len(before)


def test_failed_stream_leaves_its_table_and_the_others_go_on(duckdb: Warehouse) -> None:
    """One missing permission would empty a table, or keep all other tables from being filled."""
    streams = ["agreements", "computers", "licenses"]
    duckdb.sync(streams)
    before = duckdb.rows("licenses")
    duckdb.sandbox.control.fault("status", definitions.parameters("licenses")["path"], status=403)
    duckdb.sandbox.control.change_row("delete", "computers", position=1)
    report = warehouse.sync(duckdb.connector, duckdb.cache, streams)

    assert [stream.name for stream in report.failed] == ["licenses"]
    assert "403" in report.failed[0].error
    assert report.streams["computers"].complete
    assert duckdb.rows("licenses") == before
    assert_same(duckdb, "computers", Expected(duckdb.sandbox).records("computers"))


HELD = {
    "half a character": ('"a\\ud800b"', "a\ufffdb"),
    "40 digits": ('"' + "0123456789" * 4 + '"', "0123456789" * 4),
    "10 MB": ('"' + "ä" * 5_000_000 + '"', "ä" * 5_000_000),
    "U+0000": ('"a\\u0000b"', "a\0b"),
}
"""Texts of a host name: as JSON, and as the table has them."""


def spoil(sandbox: Sandbox, values: dict[str, list[str]]) -> None:
    """The first computers get these JSON texts in the place of their values, field by field."""
    for field, texts in values.items():
        for position, _ in enumerate(texts):
            sandbox.control.change_row(
                "update", "computers", position=position, row={field: f"<{field} {position}>"}
            )

    def edit(body: bytes) -> bytes:
        for field, texts in values.items():
            for position, text in enumerate(texts):
                body = body.replace(f'"<{field} {position}>"'.encode(), text.encode())
        return body

    sandbox.control.fault("edit", definitions.parameters("computers")["path"], edit=edit)


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_odd_texts_are_in_the_table_as_sent(kind: str, request: pytest.FixtureRequest) -> None:
    """Rows with odd texts would be missing, or their texts be others than in Snow Atlas."""
    filled: Warehouse = request.getfixturevalue(kind)
    held = [value for name, value in HELD.items() if kind == "duckdb" or name != "U+0000"]
    spoil(filled.sandbox, {"hostName": [sent for sent, _ in held]})
    filled.sync(["computers"])
    in_table = [row["hostname"] for row in filled.rows("computers")]
    assert len(in_table) == len(filled.sandbox.estate.computers)
    for _, wanted in held:
        assert in_table.count(wanted) == 1, wanted[:50]


@pytest.mark.parametrize(
    ("kind", "field", "text", "said"),
    [
        ("duckdb", "processorCount", "1" * 40, "a whole number of 40 digits"),
        ("duckdb", "processorCount", '"four"', "a text of 4 characters where a whole number belongs"),
        ("postgres", "processorCount", "1" * 40, "a whole number of 40 digits"),
        ("postgres", "hostName", '"a\\u0000b"', "U+0000"),
    ],
    ids=["duckdb-40 digits", "duckdb-text for a number", "postgres-40 digits", "postgres-U+0000"],
)
def test_a_value_that_is_refused_is_named_and_costs_its_stream(
    kind: str, field: str, text: str, said: str, request: pytest.FixtureRequest
) -> None:
    """One odd value would cost all tables, and nobody would know where to look for it."""
    filled: Warehouse = request.getfixturevalue(kind)
    spoil(filled.sandbox, {field: [text]})
    streams = ["agreements", "computers", "organizations"]
    report = warehouse.sync(filled.connector, filled.cache, streams)
    (failed,) = report.failed
    assert failed.name == "computers"
    assert f"the field {field}: " in failed.error
    assert said in failed.error
    assert "four" not in failed.error
    for stream in ("agreements", "organizations"):
        assert report.streams[stream].complete
        assert_same(filled, stream, Expected(filled.sandbox).records(stream))
