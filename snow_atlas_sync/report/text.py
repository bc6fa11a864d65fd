"""Format numbers, money and dates for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

NOTHING = "–"  # noqa: RUF001
"""Placeholder for a missing value."""
MINUS = "\u2212"
GLUE = "\u00a0"
"""Non-breaking space."""
SOFT_BREAK = "\u200b"
"""Zero-width space, at which a line may break."""
LONGEST, LONGEST_WORD = 160, 24
"""Maximum letters of a text in a table, and of a word in it."""
SCALES = ((10**9, "bn"), (10**6, "m"), (10**3, "k"))

Amounts = Mapping[str | None, Decimal]
"""Money by currency; None is the key of amounts whose currency Snow Atlas does not name."""


def number(value: float | Decimal | None) -> str:
    return NOTHING if value is None else f"{round(value):,}"


def short_number(value: float | Decimal) -> str:
    """Return a number as in finance: 127k, 1.3m, 17.2m."""
    exact = Decimal(value)
    for size, name in SCALES:
        # 999,600 is 1.0m, not 1000k
        if abs(exact) >= size - size // 2000:
            scaled = exact / size
            return f"{scaled:.0f}{name}" if abs(scaled) >= Decimal("99.95") else f"{scaled:.1f}{name}"
    return f"{exact:.0f}"


def money(value: Decimal | None, currency: str | None) -> str:
    """Return an amount in whole units, as EUR 5,558,771."""
    return NOTHING if value is None else _with_currency(value, f"{abs(value):,.0f}", currency)


def unit_price(value: Decimal | None, currency: str | None) -> str:
    """Return a price with its cents, if it has any, so that a row multiplies visibly."""
    if value is None:
        return NOTHING
    places = 0 if value == round(value) else 2
    return _with_currency(value, f"{abs(value):,.{places}f}", currency)


def short_money(value: Decimal, currency: str | None) -> str:
    return _with_currency(value, short_number(abs(value)), currency)


def _with_currency(value: Decimal, size: str, currency: str | None) -> str:
    sign = MINUS if value < 0 and any(digit in size for digit in "123456789") else ""
    return f"{sign}{currency}{GLUE}{size}" if currency else f"{sign}{size} (currency unknown)"


def day(value: date | None) -> str:
    return NOTHING if value is None else f"{value.day}{GLUE}{value:%b}{GLUE}{value.year}"


def share(part: float, whole: float) -> str:
    if not whole:
        return NOTHING
    percent = 100 * part / whole
    return "under 1 %" if 0 < percent < 1 else f"{percent:.0f} %"


def count(value: float | Decimal, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def breakable(text: str) -> str:
    """Return a text for a table: long words can break, and a long text is cut; the workbook has all of it."""
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", "\\1" + SOFT_BREAK, cut)


def price_evidence(row: Mapping[str, Any]) -> str:
    """Return what a price is based on: purchases, licences and when the last was bought."""
    if not row["purchases"]:
        return NOTHING if row["price"] is None else "list price"
    bought = (
        f", last{GLUE}{row['bought_on']:%b}{GLUE}{row['bought_on'].year}"
        if row["bought_on"] is not None
        else ""
    )
    return f"{count(row['licenses'], 'licence')} in {count(row['purchases'], 'purchase')}{bought}"


def listed(words: Sequence[str]) -> str:
    """Join words in a sentence: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def amounts(rows: Iterable[Mapping[str, Any]], column: str, currency: str = "currency") -> Amounts:
    """Return sums by currency, that of most rows first.

    Currencies without money are left out.
    """
    sums: dict[str | None, Decimal] = {}
    weights: dict[str | None, int] = {}
    for row in rows:
        value = row[column]
        if value:
            code = row[currency]
            sums[code] = sums.get(code, Decimal(0)) + Decimal(value)
            weights[code] = weights.get(code, 0) + int(row.get("weight", 1))
    order = sorted(sums, key=lambda code: (code is None, -weights[code], code or ""))
    return {code: sums[code] for code in order}


def rest(sums: Amounts) -> list[str]:
    """Return a line with the currencies after the first, if there are any."""
    others = [short_money(value, code) for code, value in list(sums.items())[1:]]
    return [f"and {listed(others)}"] if others else []
