"""Turn the records of a stream into Arrow tables, with the types of its schema.

A table has a column for each field that the schema declares, named after it in lower case, and two more:
`_airbyte_extracted_at`, when the record was read, and `_extra`, a JSON object of what fits in no column:
fields that
the schema does not declare, and values that are not of their column's type. So a row always holds all that
was read.
"""

from __future__ import annotations

import json
import pkgutil
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Context, Decimal, InvalidOperation
from functools import cache, cached_property
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from source_snow_atlas import definitions

if "pandas" not in sys.modules:
    # With its first array pyarrow imports pandas, where it is installed, and needs nothing of it here: a
    # second, and 40 MB. It tries once.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    with suppress(ImportError, AttributeError):
        pa.array([""])
    del sys.modules["pandas"]
pa.set_memory_pool(pa.system_memory_pool())  # gives back what it does not need: 40 MB less at the peak

HOLD_NUL = frozenset({"duckdb", "motherduck", "filesystem"})
"""Destinations of dlt whose texts can hold the character U+0000."""
EXTRA, EXTRACTED_AT = "_extra", "_airbyte_extracted_at"
DIGITS, PLACES = 38, 9
LARGEST_WHOLE = 2**63
LARGEST_NUMBER = Decimal(10) ** (DIGITS - PLACES)
EXACT = 15
"""Digits of a number that a double always holds."""

TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "decimal": pa.decimal128(DIGITS, PLACES),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
"""The Arrow type of each of dlt's types that is used here."""

FORMATS = {"date": "date", "date-time": "timestamp"}
SCALARS = {"string": "text", "integer": "bigint", "number": "decimal", "boolean": "bool"}
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(?: ?(?:(Z)|([+-])(\d\d):?(\d\d)?))?",
    re.ASCII,
)
UTC_MOMENT = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*Z?$"


class Unfit(Exception):
    """A value is not of its column's type. `instead` is what the column has in its place."""

    def __init__(self, instead: Any = None) -> None:
        self.instead = instead


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, the field that it holds, and its type."""

    name: str
    field: str
    kind: str


@dataclass(frozen=True)
class Layout:
    """The columns of a stream's table."""

    columns: Sequence[Column]

    @classmethod
    @cache
    def of(cls, stream: str) -> Layout:
        document = json.loads(pkgutil.get_data(definitions.PACKAGE, f"schemas/{stream}.json") or b"{}")
        return cls([Column(name.lower(), name, kind(of)) for name, of in document["properties"].items()])

    @property
    def types(self) -> dict[str, str]:
        """The type of each column, in dlt's words."""
        own = {column.name: column.kind for column in self.columns}
        return {**own, EXTRACTED_AT: "timestamp", EXTRA: "text"}

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, TYPES[kind]) for name, kind in self.types.items()])

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset(column.field for column in self.columns)


def kind(declared: dict[str, Any]) -> str:
    """The type of a column, in dlt's words. Nested values are JSON; what may be of several types is text."""
    first, *others = (each for each in declared["type"] if each != "null")
    if others:
        return "text"
    if first in ("array", "object"):
        return "json"
    return FORMATS.get(declared.get("format", ""), SCALARS[first])


@dataclass
class Batch:
    """A part of a stream as a table, the fields whose values fit in no column, with how many there are, and
    the fields that have no column.
    """

    table: pa.RecordBatch
    unfit: dict[str, int]
    undeclared: set[str]


def batch_of(layout: Layout, lines: Sequence[bytes], *, holds_nul: bool = True) -> Batch:
    """The record lines of a stream as a table. `holds_nul` says whether the destination's texts can hold
    U+0000.
    """
    text = b"[" + b",".join(lines) + b"]"
    records = [message["record"] for message in orjson.loads(text)]
    rows = [record["data"] for record in records]
    extras = Extras(lines)
    without_nul = not holds_nul and b"\\u0000" in text
    arrays = [
        extras.column(column, [row.get(column.field) for row in rows], without_nul)
        for column in layout.columns
    ]
    undeclared = set().union(*rows) - layout.fields
    extras.undeclared(rows, undeclared)
    moments = pa.array([int(record["emitted_at"]) for record in records], pa.timestamp("ms", "UTC"))
    arrays += [moments.cast(TYPES["timestamp"]), extras.array()]
    return Batch(pa.RecordBatch.from_arrays(arrays, schema=layout.schema), extras.unfit, undeclared)


class Extras:
    """What the rows of a batch hold beside their columns."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines
        self._rows: dict[int, dict[str, Any]] = {}
        self._exact: dict[int, dict[str, Any]] = {}
        self.unfit: dict[str, int] = {}

    def column(self, column: Column, values: list[Any], without_nul: bool) -> pa.Array:
        """The values as a column: at once where all fit, else one by one."""
        if not (without_nul and column.kind == "text"):
            try:
                return QUICK[column.kind](values)
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                pass
        fitting = []
        for place, value in enumerate(values):
            try:
                fitting.append(None if value is None else self._fitted(column, place, value, without_nul))
            except Unfit as unfit:
                fitting.append(unfit.instead)
                self._rows.setdefault(place, {})[column.field] = self._as_sent(place, column.field)
                self.unfit[column.field] = self.unfit.get(column.field, 0) + 1
        return pa.array(fitting, TYPES[column.kind])

    def undeclared(self, rows: Sequence[dict[str, Any]], fields: set[str]) -> None:
        """Keep the fields that have no column."""
        if fields:
            for place, row in enumerate(rows):
                for field in fields.intersection(row):
                    value = row[field]
                    if isinstance(value, (float, list, dict)):
                        value = self._as_sent(place, field)
                    self._rows.setdefault(place, {})[field] = value

    def array(self) -> pa.Array:
        texts = {place: orjson.dumps(row).decode() for place, row in self._rows.items()}
        return pa.array([texts.get(place) for place in range(len(self._lines))], pa.string())

    def _fitted(self, column: Column, place: int, value: Any, without_nul: bool) -> Any:
        if column.kind == "text":
            text = value if isinstance(value, str) else json_text(self._as_sent(place, column.field))
            if without_nul and "\0" in text:
                raise Unfit(text.replace("\0", "\ufffd"))
            return text
        if column.kind == "json":
            return json_text(self._as_sent(place, column.field))
        if isinstance(value, float):
            value = json_text(self._as_sent(place, column.field))
        return SLOW[column.kind](value)

    def _as_sent(self, place: int, field: str) -> Any:
        """A value with the digits of its numbers as they were sent."""
        if place not in self._exact:
            message = json.loads(self._lines[place], parse_float=orjson.Fragment, parse_int=orjson.Fragment)
            self._exact[place] = message["record"]["data"]
        return self._exact[place][field]


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def quick_numbers(values: list[Any]) -> pa.Array:
    """Numbers as decimals, from their shortest texts: a double is never multiplied. Those of many digits are
    left to be read again as they were sent.
    """
    if not set(map(type, values)) <= {int, float, type(None)}:
        raise TypeError
    texts = pa.array(values, pa.float64()).cast(pa.string())
    longest = pc.max(pc.utf8_length(texts)).as_py()
    if longest is not None and longest > EXACT:
        raise ValueError("more digits than a double always holds")
    return texts.cast(TYPES["decimal"])


def quick_json(values: list[Any]) -> pa.Array:
    """Nested values as JSON; those with numbers that a double may not hold are left to be read again."""
    array = pa.array([None if value is None else orjson.dumps(value) for value in values], pa.binary())
    texts = array.cast(pa.string())
    if pc.any(pc.match_substring_regex(texts, r"[:\[,][-0-9.]{16}|[:\[,][-0-9.]+e")).as_py():
        raise ValueError("more digits than a double always holds")
    return texts


def quick_booleans(values: list[Any]) -> pa.Array:
    if not set(map(type, values)) <= {bool, type(None)}:
        raise TypeError
    return pa.array(values, pa.bool_())


def quick_integers(values: list[Any]) -> pa.Array:
    if not set(map(type, values)) <= {int, type(None)}:
        raise TypeError
    return pa.array(values, pa.int64())


def quick_moments(values: list[Any]) -> pa.Array:
    """Moments as the API writes them, in UTC. Of a second there are six digits; a seventh is cut."""
    texts = pa.array(values, pa.string())
    try:
        moments = texts.cast(TYPES["timestamp"])
    except pa.ArrowInvalid:
        texts = pc.replace_substring_regex(texts, UTC_MOMENT, r"\1")
        moments = texts.cast(pa.timestamp("us")).cast(TYPES["timestamp"])
    pc.min_max(moments).as_py()  # an OverflowError before the year 1 and after 9999, where an offset leads to
    return moments


QUICK: dict[str, Callable[[list[Any]], pa.Array]] = {
    "text": lambda values: pa.array(values, pa.string()),
    "json": quick_json,
    "bigint": quick_integers,
    "decimal": quick_numbers,
    "bool": quick_booleans,
    "date": lambda values: pa.array(values, pa.string()).cast(pa.date32()),
    "timestamp": quick_moments,
}
"""From values of a type to its column, with an exception where one does not fit."""


def number(value: Any) -> Decimal:
    """A number, also where it came as a text."""
    try:
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            found = Decimal(value)
            if found.is_finite():
                return found
    except InvalidOperation:
        pass
    raise Unfit


def whole_number(value: Any) -> int:
    found = number(value)
    if not -LARGEST_WHOLE <= found < LARGEST_WHOLE or found != found.to_integral_value():
        raise Unfit
    return int(found)


def decimal_number(value: Any) -> Decimal:
    """A number of 29 digits before the point; behind it there are nine, to which longer ones are rounded."""
    found = number(value)
    if abs(found) >= LARGEST_NUMBER:
        raise Unfit
    return found.quantize(Decimal(1).scaleb(-PLACES), context=Context(prec=2 * DIGITS))


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit
    return value


def moment(value: Any) -> datetime:
    """A moment in UTC; one without an offset is taken for UTC."""
    found = MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Unfit
    day, minute, second, fraction, _, sign, hours, minutes = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}+00:00")
        at += timedelta(microseconds=int(f"{fraction or '0':0<6}"[:6]))
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return at + offset if sign == "-" else at - offset
    except (ValueError, OverflowError):
        raise Unfit from None


def day(value: Any) -> date:
    """A day. Where a time of the day came with it, the column has the day alone, and that does not fit."""
    at = moment(value)
    local = date.fromisoformat(value[:10])
    if at != datetime(local.year, local.month, local.day, tzinfo=timezone.utc):
        raise Unfit(local)
    return local


SLOW: dict[str, Callable[[Any], Any]] = {
    "bigint": whole_number,
    "decimal": decimal_number,
    "bool": boolean,
    "date": day,
    "timestamp": moment,
}
"""From a value to what its column has of it; Unfit where it is none of its type."""
