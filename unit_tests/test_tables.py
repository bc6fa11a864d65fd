"""From record lines to tables: every value is in its column, or in `_extra` as it was sent."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snow_atlas_sync.tables import EXTRA, Batch, Layout, batch_of
from source_snow_atlas import definitions

LAYOUT = Layout.of("licenses")
COMPUTERS = Layout.of("computers")


def line(field: str, text: str) -> bytes:
    record = f'{{"stream":"s","data":{{"id":"1",{json.dumps(field)}:{text}}},"emitted_at":1795893134455}}'
    return f'{{"type":"RECORD","record":{record}}}'.encode()


def one(layout: Layout, field: str, text: str, **options: bool) -> tuple[Any, Any]:
    """What the column of a field has of a value, and what `_extra` has of it."""
    (row,) = batch_of(layout, [line(field, text)], **options).table.to_pylist()
    extra = json.loads(row[EXTRA], parse_int=str, parse_float=str) if row[EXTRA] else {}
    assert row["id"] == "1"
    return row.get(field.lower()), extra.get(field)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "text", "column", "extra"),
    [
        ("processorCount", "7", 7, None),
        ("processorCount", '"7"', 7, None),
        ("processorCount", "5.0", 5, None),
        ("processorCount", "9223372036854775807", 2**63 - 1, None),
        ("processorCount", "9223372036854775808", None, "9223372036854775808"),
        ("processorCount", "12345678901234567890123", None, "12345678901234567890123"),
        ("processorCount", "2.5", None, "2.5"),
        ("processorCount", '""', None, ""),
        ("processorCount", '"12,5"', None, "12,5"),
        ("processorCount", '"1_000"', None, "1_000"),
        ("processorCount", '"\u0663"', None, "\u0663"),
        ("processorCount", "true", None, True),
        ("processorCount", "[1, 2.50]", None, ["1", "2.50"]),
        ("processorCount", "null", None, None),
        ("hostName", '"0042"', "0042", None),
        ("hostName", '""', "", None),
        ("hostName", "5", "5", None),
        ("hostName", '{"a": 12345678901234567890123}', '{"a":12345678901234567890123}', None),
        ("isServer", "true", True, None),
        ("isServer", "1", None, "1"),
        ("isServer", '"true"', None, "true"),
        ("lastScanDate", '"2024-05-01T10:00:00.1234567Z"', utc(2024, 5, 1, 10, 0, 0, 123456), None),
        ("lastScanDate", '"2024-05-01T10:00:00"', utc(2024, 5, 1, 10), None),
        ("lastScanDate", '"2024-05-01T10:00:00+02:00"', utc(2024, 5, 1, 8), None),
        ("lastScanDate", '"2024-05-01"', utc(2024, 5, 1), None),
        ("lastScanDate", '"0001-01-01T00:00:00Z"', utc(1, 1, 1), None),
        ("lastScanDate", '"9999-12-31T23:59:59.9999999Z"', utc(9999, 12, 31, 23, 59, 59, 999999), None),
        ("lastScanDate", '"9999-12-31T23:59:59-05:00"', None, "9999-12-31T23:59:59-05:00"),
        ("lastScanDate", '"2024-02-30T00:00:00Z"', None, "2024-02-30T00:00:00Z"),
        ("lastScanDate", '""', None, ""),
        ("lastScanDate", "1714557600", None, "1714557600"),
        ("_links", '"none"', '"none"', None),
        ("_links", '[{"n": 12345678901234567890123}]', '[{"n":12345678901234567890123}]', None),
        ("HostName", '"other"', None, "other"),
        ("brandNew", "0.1234567890123456789", None, "0.1234567890123456789"),
    ],
)
def test_a_value_is_in_its_column_or_in_extra_as_sent(field: str, text: str, column: Any, extra: Any) -> None:
    """One odd value would cost its row, its table, or be changed without a word."""
    held, kept = one(COMPUTERS, field, text)
    if field.lower() in COMPUTERS.types and field in COMPUTERS.kinds:
        assert held == column
    assert kept == extra


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("0.1", "0.1"),
        ("123456789.12", "123456789.12"),
        ("1e3", "1000"),
        ("-1e-7", "-0.0000001"),
        ("9007199254740993", "9007199254740993"),
        ("12345678901234567890.123456789", "12345678901234567890.123456789"),
        ("0.33333333333333331", "0.333333333"),
        ('"1.50"', "1.5"),
        ("1e29", None),
        ("true", None),
        ('"NaN"', None),
    ],
)
def test_money_is_exact(text: str, column: str | None) -> None:
    """A sum of licence costs would differ from the invoices by fractions."""
    held, kept = one(LAYOUT, "purchaseValue", text)
    assert held == (None if column is None else Decimal(column))
    assert (kept is None) == (column is not None)


def test_a_day_with_a_time_keeps_both() -> None:
    """The time of a date would be gone."""
    layout, field = next(
        (Layout.of(stream), field)
        for stream in definitions.stream_definitions()
        for field, kind in Layout.of(stream).kinds.items()
        if kind == "date"
    )

    def day(text: str) -> tuple[Any, Any]:
        (row,) = batch_of(
            layout, [line(field, json.dumps(text)).replace(b'"id":"1",', b"")]
        ).table.to_pylist()
        return row[field.lower()], row[EXTRA] and json.loads(row[EXTRA])[field]

    assert day("2024-05-01") == (date(2024, 5, 1), None)
    assert day("2024-05-01T00:00:00Z") == (date(2024, 5, 1), None)
    assert day("2024-05-01T10:30:00Z") == (date(2024, 5, 1), "2024-05-01T10:30:00Z")
    assert day("") == (None, "")


def test_a_zero_character_is_replaced_only_where_the_destination_has_none() -> None:
    """PostgreSQL would refuse the table; in DuckDB the text would be another than in Snow Atlas."""
    assert one(COMPUTERS, "hostName", '"a\\u0000b"') == ("a\0b", None)
    assert one(COMPUTERS, "hostName", '"a\\u0000b"', holds_nul=False) == ("a\ufffdb", "a\0b")


def test_one_odd_value_changes_nothing_for_the_other_rows() -> None:
    """A typing error in one computer would turn the others' counts into nothing."""
    values = ["1", '"x"', "3", "null", '""', "6"]
    batch: Batch = batch_of(COMPUTERS, [line("coreCount", value) for value in values])
    assert batch.table["corecount"].to_pylist() == [1, None, 3, None, None, 6]
    assert batch.unfit == {"coreCount": 2}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=3,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*sorted(COMPUTERS.kinds), "HostName", "x" * 80]), json_values))
def test_nothing_is_ever_lost(data: dict[str, Any]) -> None:
    """Some value that nobody thought of would be gone."""
    record = {"stream": "computers", "data": data, "emitted_at": 1}
    (row,) = batch_of(
        COMPUTERS, [json.dumps({"type": "RECORD", "record": record}, ensure_ascii=False).encode()]
    ).table.to_pylist()
    extra = json.loads(row[EXTRA]) if row[EXTRA] else {}
    for field, value in data.items():
        held = row[field.lower()] if field in COMPUTERS.kinds else None
        assert field in extra or held is not None or value is None
        if field in extra:
            assert extra[field] == value


def test_every_stream_has_columns_of_their_own() -> None:
    """Two fields that differ in case only would share a column, and one of them be lost."""
    for stream in definitions.stream_definitions():
        layout = Layout.of(stream)
        assert len(layout.schema) == len(layout.kinds) + 2, stream
        assert all(len(name) <= 63 for name in layout.schema.names), stream


@pytest.mark.parametrize("field", ["_links", "hostName", "processorCount", "brandNew"])
def test_a_value_of_any_depth_is_kept(field: str) -> None:
    """A value with more than 254 levels would end the sync with a traceback."""
    text = '[1.50,{"a":' * 150 + "null" + ',"b":"\\u00e5"},12345678901234567890123,[],{}]' * 150
    (row,) = batch_of(COMPUTERS, [line(field, text)]).table.to_pylist()
    kept = row[EXTRA] or json.dumps({field: json.loads(row[field.lower()], parse_float=str, parse_int=str)})
    found = json.loads(kept, parse_float=str, parse_int=str)
    assert found == {field: json.loads(text, parse_float=str, parse_int=str)}
