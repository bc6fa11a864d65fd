"""Turn JSON values into columns of Arrow tables, by dlt's types: at once where all fit, else one by one."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

if "pandas" not in sys.modules:
    # With its first array pyarrow imports pandas, where it is installed, and needs nothing of it here: a
    # second, and 40 MB. It tries once.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    with suppress(ImportError, AttributeError):
        pa.array([""])
    del sys.modules["pandas"]
pa.set_memory_pool(pa.system_memory_pool())  # gives back what it does not need: 40 MB less at the peak

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

MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(?: ?(?:(Z)|([+-])(\d\d):?(\d\d)?))?",
    re.ASCII,
)
UTC_MOMENT = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)\d*Z?$"


class Unfit(Exception):
    """A value is not of its column's type. `instead` is what the column has in its place."""

    def __init__(self, instead: Any = None) -> None:
        self.instead = instead


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def only(values: list[Any], *types: type) -> list[Any]:
    """The values, where they are null or of these types: Arrow would take a boolean for a number."""
    if not set(map(type, values)) <= {type(None), *types}:
        raise TypeError
    return values


def quick_numbers(values: list[Any]) -> pa.Array:
    """Numbers as decimals, from their shortest texts: a double is never multiplied. Those of many digits are
    left to be read again as they were sent.
    """
    texts = pa.array(only(values, int, float), pa.float64()).cast(pa.string())
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
    "bigint": lambda values: pa.array(only(values, int), pa.int64()),
    "decimal": quick_numbers,
    "bool": lambda values: pa.array(only(values, bool), pa.bool_()),
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
