"""Conversion of JSON values to Arrow, by dlt's types.

A whole column is converted at once if all of its values fit; otherwise each value is converted on its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

if "pandas" not in sys.modules:
    # With its first array pyarrow tries once to import pandas, which takes a second and 40 MB if it is
    # installed. Nothing here needs it.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    with suppress(ImportError, AttributeError):
        pa.array([""])
    del sys.modules["pandas"]
pa.set_memory_pool(pa.system_memory_pool())  # returns unused memory: 40 MB less at the peak

DIGITS, PLACES = 38, 9
MAX_INTEGER = 2**63
MAX_DECIMAL = Decimal(10) ** (DIGITS - PLACES)
DOUBLE_DIGITS = 15
"""Number of decimal digits that a double always preserves."""

TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "decimal": pa.decimal128(DIGITS, PLACES),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
"""Arrow types, by the types of dlt."""

TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(?: ?(?:(Z)|([+-])(\d\d):?(\d\d)?))?",
    re.ASCII,
)
UTC_TIMESTAMP = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*Z?$"


class Unfit(Exception):
    """Raised for a value that does not fit the type of its column."""

    def __init__(self, replacement: Any = None) -> None:
        self.replacement = replacement


def json_text(value: Any) -> str:
    """Return a value as JSON."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return nested_json_text(value)


def nested_json_text(value: Any) -> str:
    """Return a value of any depth as JSON.

    orjson writes 254 levels, but reads 1024. The standard library can't write orjson's fragments, which hold
    numbers with all their digits.
    """
    parts: list[bytes] = []
    rest: list[Any] = [value]  # bytes are written as they are
    while rest:
        item = rest.pop()
        if isinstance(item, bytes):
            parts.append(item)
        elif isinstance(item, dict):
            parts.append(b"{")
            entries = [(orjson.dumps(name) + b":", each) for name, each in item.items()]
            rest += [b"}", *_with_commas(entries)]
        elif isinstance(item, list):
            parts.append(b"[")
            rest += [b"]", *_with_commas([(b"", each) for each in item])]
        else:
            parts.append(orjson.dumps(item))
    return b"".join(parts).decode()


def _with_commas(entries: list[tuple[bytes, Any]]) -> Iterator[Any]:
    """Yield the entries of an object or of a list, with commas between them, the last one first."""
    for index, (prefix, value) in reversed(list(enumerate(entries))):
        yield value
        yield b"," + prefix if index else prefix


def check_types(values: list[Any], *types: type) -> list[Any]:
    """Return the values. Raises TypeError if any is neither null nor of the types.

    Arrow would accept a boolean as a number.
    """
    if not set(map(type, values)) <= {type(None), *types}:
        raise TypeError
    return values


def decimal_column(values: list[Any]) -> pa.Array:
    """Convert numbers to decimals by their shortest texts. Raises ValueError if a double may lose digits."""
    texts = pa.array(check_types(values, int, float), pa.float64()).cast(pa.string())
    longest = pc.max(pc.utf8_length(texts)).as_py()
    if longest is not None and longest > DOUBLE_DIGITS:
        raise ValueError("a number has more digits than a double preserves")
    return texts.cast(TYPES["decimal"])


def json_column(values: list[Any]) -> pa.Array:
    """Convert nested values to JSON. Raises ValueError if a double may lose digits of a number in them."""
    array = pa.array([None if value is None else orjson.dumps(value) for value in values], pa.binary())
    texts = array.cast(pa.string())
    if pc.any(pc.match_substring_regex(texts, r"[:\[,][-0-9.]{16}|[:\[,][-0-9.]+e")).as_py():
        raise ValueError("a number has more digits than a double preserves")
    return texts


def timestamp_column(values: list[Any]) -> pa.Array:
    """Convert timestamps in the format of the API. The seventh decimal place of a second is cut off."""
    texts = pa.array(values, pa.string())
    try:
        timestamps = texts.cast(TYPES["timestamp"])
    except pa.ArrowInvalid:
        texts = pc.replace_substring_regex(texts, UTC_TIMESTAMP, r"\1")
        timestamps = texts.cast(pa.timestamp("us")).cast(TYPES["timestamp"])
    pc.min_max(timestamps).as_py()  # raises OverflowError if an offset leads out of the years 1 to 9999
    return timestamps


COLUMN_CONVERTERS: dict[str, Callable[[list[Any]], pa.Array]] = {
    "text": lambda values: pa.array(values, pa.string()),
    "json": json_column,
    "bigint": lambda values: pa.array(check_types(values, int), pa.int64()),
    "decimal": decimal_column,
    "bool": lambda values: pa.array(check_types(values, bool), pa.bool_()),
    "date": lambda values: pa.array(values, pa.string()).cast(pa.date32()),
    "timestamp": timestamp_column,
}
"""Functions that convert all values of a column at once, and raise an exception if one does not fit."""


def parse_number(value: Any) -> Decimal:
    """Convert a whole number, or a text that holds a number."""
    try:
        # Decimal accepts underscores and the digits of other scripts, too
        is_text = isinstance(value, str) and value.isascii() and "_" not in value
        if is_text or (isinstance(value, int) and not isinstance(value, bool)):
            number = Decimal(value)
            if number.is_finite():
                return number
    except InvalidOperation:
        pass
    raise Unfit


def parse_integer(value: Any) -> int:
    """Convert a whole number of 64 bits."""
    number = parse_number(value)
    if not -MAX_INTEGER <= number < MAX_INTEGER or number != number.to_integral_value():
        raise Unfit
    return int(number)


def parse_decimal(value: Any) -> Decimal:
    """Convert a number of up to 29 digits before the decimal point, rounded to nine digits after it."""
    number = parse_number(value)
    if abs(number) >= MAX_DECIMAL:
        raise Unfit
    return number.quantize(Decimal(1).scaleb(-PLACES), context=Context(prec=2 * DIGITS))


def parse_boolean(value: Any) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise Unfit
    return value


def parse_timestamp(value: Any) -> datetime:
    """Parse a timestamp. Without an offset, UTC is assumed."""
    match = TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unfit
    day, minute, second, fraction, _, sign, hours, minutes = match.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}+00:00")
        local += timedelta(microseconds=int(f"{fraction or '0':0<6}"[:6]))
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        raise Unfit from None


def parse_date(value: Any) -> date:
    """Parse a date. Raises Unfit, with the date as the replacement, if it has a time of day."""
    timestamp = parse_timestamp(value)
    day = date.fromisoformat(value[:10])
    if timestamp != datetime(day.year, day.month, day.day, tzinfo=timezone.utc):
        raise Unfit(day)
    return day


VALUE_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "bigint": parse_integer,
    "decimal": parse_decimal,
    "bool": parse_boolean,
    "date": parse_date,
    "timestamp": parse_timestamp,
}
"""Functions that convert a single value, and raise Unfit if it does not fit its column."""
