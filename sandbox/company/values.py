"""Small helpers that the software tables (applications, agreements, licenses) have in common."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

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
