"""Whatever the API sends as a value or as a field's name is found again, row by row, in every destination:
values drawn at random, read by the connector from a server that sends them as JSON texts of its own.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.scripted_server import (
    TOKEN_PATH,
    Answer,
    Asked,
    ScriptedServer,
    grant,
    serving,
)
from integration_tests.helpers.syncing import KINDS, Target, target
from snow_atlas_sync.tables import HOLD_NUL, Layout
from source_snow_atlas import definitions

pytestmark = [pytest.mark.timeout(300), pytest.mark.spread]

FULL, MERGED = ("saas_applications", "licenses"), "computers"
PATHS = {definitions.parameters(stream)["path"]: stream for stream in (*FULL, MERGED)}
ROWS = 50

Drawn = dict[str, str]
"""A row: its fields, each with the JSON text of its value."""

FITTING = {
    "text": (
        '"0042"',
        '"+46 70"',
        '""',
        '"ä😀"',
        '"O\'Hara \\"x\\""',
        '"\\\\N"',
        '"a\\tb\\nc\\r\\\\"',
        '"NULL"',
    ),
    "json": ("[]", "{}", '[{"a": [1, {"b": null}]}]', '{"n": 12345678901234567890123, "": "\\"\\\\"}'),
    "bigint": ("0", "-7", '"7"', "5.0", "1e3", "9223372036854775807", "-9223372036854775808"),
    "decimal": ("0.1", "-0.0", "123456789.12", '"1.50"', "12345678901234567890", "1e-7", "99e20"),
    "bool": ("true", "false"),
    "date": ('"2024-05-01"', '"0001-01-01"', '"9999-12-31"', '"2024-05-01T00:00:00Z"'),
    "timestamp": (
        '"2024-05-01T10:00:00Z"',
        '"2024-05-01T10:00:00.1234567Z"',
        '"2024-05-01T10:00:00.1234567+05:30"',
        '"2024-05-01 10:00"',
        '"2024-05-01"',
        '"0001-01-01T00:00:00Z"',
        '"9999-12-31T23:59:59.9999999Z"',
        '"1900-01-01T00:32:00-08:00"',
    ),
}
"""Values that belong into a column of the type."""
PLAIN = {
    "bigint": ("0", "-7", "9223372036854775807"),
    "decimal": ("0.1", "123456789.12", "12345678901234567890", "1e-7"),
    "timestamp": ('"2024-05-01T10:00:00Z"', '"2024-05-01T10:00:00.1234567Z"', '"0001-01-01T00:00:00Z"'),
}
"""Those of them that are as the schema has them, which are converted another way."""
ODD = (
    '""', '" "', '"12,5"', '"1.2.3"', '"NaN"', '"-Infinity"', '"0x10"', '"yes"', '"null"', '"2024-02-30"',
    '"9999-12-31T23:59:59-05:00"', '"0001-01-01T00:00:00+05:00"', '"2024-05-01T25:00:00Z"', '"soon"',
    "1" * 20, "-" + "9" * 70, "0.1234567890123456789", "1e300", "2.5", "true", "0", "[]", "[1, 2.50]", "{}",
    '{"a": {"b": [null, "\\u0000", 1e22]}}', '{"\\u0000": "x"}', '"c\\u0000d"', '"\\ud800x"', '"\\u0000"',
    '["\\udfff"]', '"' + "ö" * 40_000 + '"', "[" * 40 + "]" * 40,
)  # fmt: skip
"""Values that may stand anywhere."""
NAMES = (
    "", " ", ".", "a.b", 'a"b', "a'b;--", "😀", "_extra", "_Extra", "_airbyte_extracted_at",
    "_airbyte_raw_id", "_dlt_id", "_dlt_load_id", "select", "null", "n" * 64, "m" * 300, "a\0b",
    "ID", "HOSTNAME", "hostname", "%s", "{}", "a b", "é", "1",
)  # fmt: skip
"""Names of fields that no schema declares."""


def draw(chance: random.Random, stream: str, first: int) -> dict[str, Drawn]:
    """Rows of a stream by their keys: a half of the values fit, a quarter is odd, a few are undeclared. Some
    columns are as they should be.
    """
    layout, key = Layout.of(stream), "id"
    plain = {field for field in layout.kinds if chance.random() < 0.4}
    rows = {}
    for number in range(first, first + ROWS):
        row = {key: json.dumps(f"key {number}")}
        for field, kind in layout.kinds.items():
            if field not in (key, "recordKey"):
                pools = (FITTING[kind], ODD, ("null",), ())
                if field in plain:
                    pools = (PLAIN.get(kind, FITTING[kind]), (), ("null",), ())
                pool = chance.choices(pools, (4, 2, 1, 1))[0]
                if pool:
                    row[field] = chance.choice(pool)
        if stream == MERGED:  # the field by which it is read
            row["lastScanDate"] = f'"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"'
        row.update((name, chance.choice(ODD)) for name in chance.sample(NAMES, 3) if name not in row)
        rows[f"key {number}"] = row
    return rows


class Company:
    """A server with drawn rows."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Drawn]] = {}

    def answer(self, asked: Asked) -> Answer:
        if asked.path == TOKEN_PATH:
            return grant(asked)
        stream = PATHS.get(asked.path)
        if stream is None:
            return Answer(404, {"error": {"code": 404, "message": "no"}})
        items = [
            "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in row.items()) + "}"
            for row in self.rows[stream].values()
        ]
        totals = {"page_size": 500, "page_number": 1, "total_items": len(items), "total_pages": 1}
        return Answer(body=f'{{"items":[{",".join(items)}],"pagination":{json.dumps(totals)}}}'.encode())


@pytest.fixture
def company() -> Iterator[tuple[Company, ScriptedServer]]:
    drawn = Company()
    with serving(drawn.answer) as server:
        yield drawn, server


def parsed(text: str) -> Any:
    """A JSON text with all digits of its numbers. Half characters are replaced, as no UTF-8 holds them."""
    whole = re.sub(r"\\ud[89a-f]..", "\ufffd", text)
    return json.loads(whole, parse_float=Decimal, parse_int=Decimal)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, numbers as the nearest double."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return one == other or float(one) == float(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    return type(one) is type(other) and bool(one == other)


def moment(text: str) -> datetime:
    """A moment in UTC, cut to six digits of a second."""
    parts = re.fullmatch(r"(\S{10})(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6})\d*)?(Z|[-+]\d\d:\d\d)?)?", text)
    assert parts is not None, text
    day, minute, second, fraction, offset = parts.groups()
    offset = "+00:00" if offset in (None, "Z") else offset
    at = datetime.fromisoformat(f"{day}T{minute or '00:00'}{second or ':00'}{offset}")
    return at.astimezone(timezone.utc) + timedelta(microseconds=int(f"{fraction or '0':0<6}"))


def held(kind: str, sent: Any, cell: Any) -> bool:
    """Whether a cell of a column of this type holds what was sent."""
    if cell is None:
        return False
    if kind == "text":
        return bool(cell == sent) if isinstance(sent, str) else same(parsed(cell), sent)
    if kind == "json":
        return same(parsed(cell), sent)
    if kind == "bool":
        return cell is sent
    if kind == "date":
        return bool(cell == date.fromisoformat(sent[:10]))
    if kind == "timestamp":
        return bool(cell.astimezone(timezone.utc) == moment(sent))
    number = Decimal(sent)
    return abs(Decimal(cell) - number) <= (Decimal("5e-10") if kind == "decimal" else 0)


def assert_found_again(filled: Target, stream: str, rows: Mapping[str, Drawn], holds_nul: bool) -> None:
    """Each row once, and each value in its column or in `_extra`."""
    kinds = Layout.of(stream).kinds
    table = filled.rows(stream)
    assert sorted(row["id"] for row in table) == sorted(rows)
    for row in table:
        extra = parsed(row["_extra"] or "{}")
        for field, text in rows[row["id"]].items():
            sent, kind = parsed(text), kinds.get(field)
            where = (
                f"{stream}.{field}: {text:.80} is {row.get(field.lower())!r:.80}, {extra.get(field)!r:.80}"
            )
            fits = kind is not None and text in FITTING[kind]
            if sent is None:
                assert kind is None or (row[field.lower()] is None and field not in extra), where
            elif field in extra:
                assert same(extra[field], sent), where
                assert not fits or (not holds_nul and "\\u0000" in text), where
            else:
                assert kind is not None, where
                assert held(kind, sent, row[field.lower()]), where


@pytest.mark.parametrize("kind", KINDS)
def test_every_drawn_value_is_found_again(
    kind: str, company: tuple[Company, ScriptedServer], tmp_path: Path
) -> None:
    """One odd value or name would cost its row, its table, or its own digits, in one of the destinations."""
    drawn, server = company
    chance = random.Random(f"values for {kind}")
    streams = ("--streams", ",".join((*FULL, MERGED)), "--incremental", MERGED)
    merged: dict[str, Drawn] = {}
    with target(kind, tmp_path, server) as filled:
        for first in (0, ROWS // 2):
            drawn.rows = {stream: draw(chance, stream, first) for stream in (*FULL, MERGED)}
            said = filled.run(*streams)
            assert "not read completely" not in said
            holds_nul = {"files": "filesystem"}.get(kind, kind) in HOLD_NUL
            for stream in FULL:
                assert_found_again(filled, stream, drawn.rows[stream], holds_nul)
            merged |= drawn.rows[MERGED]
            assert_found_again(filled, MERGED, merged, holds_nul)
            for note in re.findall(r"of the field (.*) did not fit", said):
                assert said.count(f"of the field {note} did not fit") <= len(PATHS)
