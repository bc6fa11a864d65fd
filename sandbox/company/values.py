"""What the tables of all areas are written with: random values, and lists and tables written as texts."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Value = TypeVar("Value")

CURRENCIES = ("EUR", "EUR", "USD", "GBP", "SEK")
# Exchange rates to the tenant's base currency (EUR).
TO_BASE_CURRENCY = {"EUR": 1.0, "USD": 0.9, "GBP": 1.15, "SEK": 0.09}


def or_none(rng: random.Random, value: Value, share: float = 0.04) -> Value | None:
    """The value, but null in a small share of cases: only for fields the vendor declares nullable."""
    return None if rng.random() < share else value


def money(rng: random.Random, low: float, high: float) -> float:
    """An amount with two decimals."""
    return round(rng.uniform(low, high), 2)


def choose(rng: random.Random, rows: Sequence[Value], count: int) -> list[Value]:
    """Up to `count` different rows."""
    return rng.sample(rows, min(count, len(rows)))


def taken(row: Mapping[str, Any], names: str) -> dict[str, Any]:
    """These fields of a row, for another one that repeats them."""
    return {name: row[name] for name in names.split()}


def words(text: str) -> tuple[str, ...]:
    """The words of a text: names and the like, which have no spaces."""
    return tuple(text.split())


def parts(text: str, divider: str = ",") -> tuple[str, ...]:
    """The parts of a text between dividers, without the spaces around them."""
    return tuple(part.strip() for part in text.split(divider))


def lines(text: str) -> list[tuple[str, ...]]:
    """A table written as a text: a line a row, with ``|`` between the columns."""
    return [parts(line, "|") for line in text.strip().splitlines()]
