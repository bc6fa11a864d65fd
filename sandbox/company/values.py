"""Helpers for the tables of all areas: random values, and lists and tables parsed from text."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Value = TypeVar("Value")

CURRENCIES = ("EUR", "EUR", "USD", "GBP", "SEK")
# Currencies of the countries outside the euro area.
LOCAL_CURRENCIES = {"Sverige": "SEK", "United Kingdom": "GBP", "United States": "USD"}
# Exchange rates to the tenant's base currency (EUR).
TO_BASE_CURRENCY = {"EUR": 1.0, "USD": 0.9, "GBP": 1.15, "SEK": 0.09}


def or_none(rng: random.Random, value: Value, share: float = 0.04) -> Value | None:
    """Return the value, or `None` in a small share of cases, for fields that the vendor declares nullable."""
    return None if rng.random() < share else value


def money(rng: random.Random, low: float, high: float) -> float:
    """Return a random amount with two decimals."""
    return round(rng.uniform(low, high), 2)


def choose(rng: random.Random, rows: Sequence[Value], count: int) -> list[Value]:
    """Return up to `count` different rows."""
    return rng.sample(rows, min(count, len(rows)))


def fields_of(row: Mapping[str, Any], names: str) -> dict[str, Any]:
    """Return these fields of a row, for another row that repeats them."""
    return {name: row[name] for name in names.split()}


def words(text: str) -> tuple[str, ...]:
    """Split a text at its spaces."""
    return tuple(text.split())


def parts(text: str, divider: str = ",") -> tuple[str, ...]:
    """Split a text at dividers and strip the spaces around each part."""
    return tuple(part.strip() for part in text.split(divider))


def lines(text: str) -> list[tuple[str, ...]]:
    """Parse a table from text: one row per line, with ``|`` between the columns."""
    return [parts(line, "|") for line in text.strip().splitlines()]
