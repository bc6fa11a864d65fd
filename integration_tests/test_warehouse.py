"""A database that keeps up: after a second sync its tables hold what Snow Atlas holds, in DuckDB, in
PostgreSQL and in Parquet files.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.expected import Expected
from integration_tests.helpers.syncing import KINDS, Target, target
from sandbox import Sandbox
from source_snow_atlas import definitions

pytestmark = [pytest.mark.timeout(900), pytest.mark.spread]

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
HISTORY = timedelta(days=15)
USEFUL_TYPES = {
    "boolean": {"BOOLEAN"},
    "integer": {"BIGINT"},
    "number": {"DECIMAL(38,9)", "NUMERIC"},
    "date": {"DATE"},
    "date-time": {"TIMESTAMP WITH TIME ZONE"},
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(computers=14, ugly=True) as running:
        yield running
        assert not running.internal_errors


@pytest.fixture
def filled(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[Target]:
    """A destination of the kind that the test names."""
    start = (datetime.now(timezone.utc) - HISTORY).strftime("%Y-%m-%dT00:00:00Z")
    with target(request.param, tmp_path, sandbox, start_date=start) as made:
        yield made


every_kind = pytest.mark.parametrize("filled", KINDS, indirect=True)
only_duckdb = pytest.mark.parametrize("filled", ["duckdb"], indirect=True)


def filters_sent(sandbox: Sandbox, stream: str) -> list[str]:
    """The filters of the requests for a stream since the counts were reset; those of the check ask for one
    row.
    """
    path = definitions.parameters(stream)["path"]
    asked = [request for request in sandbox.requests if request.path == path]
    return [request.parameter("filter") or "" for request in asked if request.parameter("page_size") != "1"]


def schema_of(stream: str) -> dict[str, dict[str, Any]]:
    path = Path(definitions.__file__).parent / "schemas" / f"{stream}.json"
    properties: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["properties"]
    return {name: declared for name, declared in properties.items() if name != "recordKey"}


def comparable(row: dict[str, Any], schema: dict[str, dict[str, Any]]) -> str:
    """A row in one form, from the API or from a database: its declared fields that are not null."""
    lower = {name.lower(): value for name, value in row.items()}
    values = {
        name: plain(lower[name.lower()], declared)
        for name, declared in schema.items()
        if lower.get(name.lower()) is not None
    }
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def plain(value: Any, declared: dict[str, Any]) -> Any:
    kinds = set(declared["type"]) - {"null"}
    if len(kinds) > 1:
        return value if isinstance(value, str) else json.dumps(value)
    if "array" in kinds or "object" in kinds:
        return json.loads(value) if isinstance(value, str) else value
    if declared.get("format") in ("date", "date-time"):
        return moment(value)
    if "number" in kinds:
        return float(round(Decimal(str(value)), 6))
    return value


def moment(value: str | date = False) -> str:
    """A time to the microsecond in UTC; what is finer is cut."""
    if isinstance(value, str):
        parts = re.fullmatch(r"([^.Z]+)(?:\.(\d+))?Z?", value)
        assert parts is not None, value
        digits = parts[2] or "0"
        micros = int(f"{digits[:6]:0<6}")
        value = datetime.fromisoformat(parts[1]) + timedelta(microseconds=micros)
    if not isinstance(value, datetime):
        return f"{value} 00:00:00"
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return str(value)


def assert_same(filled: Target, stream: str, expected: list[dict[str, Any]]) -> None:
    schema = schema_of(stream)
    in_table = Counter(comparable(row, schema) for row in filled.rows(stream))
    at_source = Counter(comparable(row, schema) for row in expected)
    assert in_table - at_source == Counter(), f"{stream}: in the table, not in the sandbox"
    assert at_source - in_table == Counter(), f"{stream}: in the sandbox, not in the table"


def assert_tables_equal_the_sandbox(filled: Target) -> None:
    expected = Expected(filled.sandbox)
    for stream in STREAMS:
        assert_same(filled, stream, expected.records(stream))


def assert_types_are_useful(filled: Target) -> None:
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


@every_kind
def test_second_sync_makes_the_tables_equal_again(filled: Target) -> None:
    """Reports would show computers that were scrapped, miss new ones, or count audit entries twice."""
    streams = ("--streams", ",".join([*STREAMS, AUDIT]))
    filled.run(*streams)
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
    filled.run(*streams)

    assert_tables_equal_the_sandbox(filled)
    assert filled.rows("mobile_devices") == filled.rows("mobile_device_details") == []
    assert_same(filled, AUDIT, [*history, *new])
    newest = max(row["created"] for row in history)
    asked_from = min(filter_start(text) for text in filters_sent(filled.sandbox, AUDIT))
    assert asked_from >= moment(newest - timedelta(minutes=10)), "known entries were asked for again"
    assert {stream: filled.columns(stream) for stream in STREAMS} == types


@only_duckdb
def test_incremental_computers_are_asked_for_by_date_and_kept_once(filled: Target) -> None:
    """An incremental sync would read the whole estate again, or keep two rows of a computer that was scanned
    anew.
    """
    options = ("--streams", "computers", "--incremental", "computers")
    filled.run(*options)
    before = {row["id"]: row for row in filled.rows("computers")}
    newest = max(row["lastscandate"] for row in before.values())
    apply = filled.sandbox.control.change_row
    scanned = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    rescanned = apply("update", "computers", position=2, row={"hostName": "NEW", "lastScanDate": scanned})
    deleted = apply("delete", "computers", position=9)
    filled.sandbox.reset_counts()
    filled.run(*options)

    after = {row["id"]: row["hostname"] for row in filled.rows("computers")}
    assert len(filled.rows("computers")) == len(after)
    assert after[rescanned] == "NEW"
    assert (deleted in after) == (deleted in before), "only a full refresh can know of deletions"
    assert {filter_start(text) for text in filters_sent(filled.sandbox, "computers")} == {
        moment(newest - timedelta(days=1))
    }


@only_duckdb
def test_failed_stream_leaves_its_table_and_the_others_go_on(filled: Target) -> None:
    """One missing permission would empty a table, or keep all other tables from being filled."""
    streams = ("--streams", "agreements,computers,licenses,organizations")
    control = filled.sandbox.control
    control.fault("status", definitions.parameters("organizations")["path"], status=403)
    filled.run(*streams, code=1)
    assert filled.tables() == {"agreements", "computers", "licenses"}, (
        "an empty table looks like there are none"
    )
    before = filled.rows("licenses")
    control.fault("status", definitions.parameters("licenses")["path"], status=403)
    control.change_row("delete", "computers", position=1)
    said = filled.run(*streams, code=1)
    assert re.search(r"licenses was not read completely, so its table is unchanged: .*403", said)
    assert filled.rows("licenses") == before
    assert_same(filled, "computers", Expected(filled.sandbox).records("computers"))


HELD = {
    "half a character": ('"a\\ud800b"', "a\ufffdb"),
    "40 digits": ('"' + "0123456789" * 4 + '"', "0123456789" * 4),
    "10 MB": ('"' + "ä" * 5_000_000 + '"', "ä" * 5_000_000),
    "U+0000": ('"c\\u0000d"', "c\0d"),
    "empty": ('""', ""),
}
"""Texts of a host name: as JSON, and as the table has them."""
UNFIT = {
    "processorCount": ['""', '"12,5"', "1" * 20, "[1]", "true", "2.5"],
    "lastScanDate": ['""', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.9999999Z"', '"soon"', "5"],
    "isServer": ['"yes"', "1"],
    "_links": ['"none"'],
}
FIT = {
    "lastScanDate": {'"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.9999999Z"'},
    "_links": {'"none"'},
}
NAMES = {"HostName": "other", "n" * 80: "long", "select": "reserved", "a b": "spaced"}
"""Fields that no schema declares."""


def spoil(sandbox: Sandbox, values: dict[str, list[str]], added: dict[str, str]) -> None:
    """The first computers get these JSON texts in the place of their values, field by field; all of them get
    the added fields.
    """
    for field, texts in values.items():
        for position, _ in enumerate(texts):
            sandbox.control.change_row(
                "update", "computers", position=position, row={field: f"<{field} {position}>"}
            )
    fields = "".join(f', "{name}": "{value}"' for name, value in added.items()).encode()

    def edit(body: bytes) -> bytes:
        body = re.sub(rb'("hostName": ?"[^"]*")', lambda found: found[1] + fields, body)
        for field, texts in values.items():
            for position, text in enumerate(texts):
                body = body.replace(f'"<{field} {position}>"'.encode(), text.encode())
        return body

    sandbox.control.fault("edit", definitions.parameters("computers")["path"], edit=edit)


@every_kind
def test_odd_values_and_names_lose_nothing_and_are_named_once(filled: Target) -> None:
    """One odd text, value or name would cost the whole table, or be gone, and nobody would know where to look
    for it.
    """
    spoil(filled.sandbox, {"hostName": [sent for sent, _ in HELD.values()], **UNFIT}, NAMES)
    said = filled.run("--streams", "computers,organizations")
    rows = filled.rows("computers")
    assert len(rows) == len(filled.sandbox.estate.computers)
    extra = {row["hostname"]: json.loads(row["_extra"]) for row in rows}
    for name, (_, wanted) in HELD.items():
        if name == "U+0000" and "postgres" in filled.arguments:
            assert extra["c\ufffdd"]["hostName"] == wanted
        else:
            assert wanted in extra, name
    assert "other" not in extra
    assert all(each.items() >= NAMES.items() for each in extra.values())

    kept = Counter(
        (field, json.dumps(value))
        for row in rows
        for field, value in json.loads(row["_extra"]).items()
        if field in UNFIT
    )
    for field, texts in UNFIT.items():
        expected = [text for text in texts if text not in FIT.get(field, set())]
        assert sorted(text for name, text in kept if name == field) == sorted(expected), field
        assert said.count(f"of the field {field} did not fit") == bool(expected), field
    assert {str(row["lastscandate"])[:4] for row in rows if row["lastscandate"]} >= {"9999"}
    assert "soon" not in said
