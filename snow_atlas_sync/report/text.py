"""Numbers, money and dates as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

NOTHING = "–"  # noqa: RUF001
"""Stands where there is no value."""
MINUS = "\u2212"
GLUE = "\u00a0"
"""A space at which no line breaks."""
SOFT_BREAK = "\u200b"
"""Nothing, at which a line may break."""
LONGEST, LONGEST_WORD = 160, 24
"""Letters of a text in a table, and of a word in it."""
SCALES = ((10**9, "bn"), (10**6, "m"), (10**3, "k"))

Amounts = Mapping[str | None, Decimal]
"""Money by currency; None is money of which Snow Atlas does not name the currency."""


def number(value: float | Decimal | None) -> str:
    return NOTHING if value is None else f"{round(value):,}"


def short_number(value: float | Decimal) -> str:
    """A number as people in finance write it: 127k, 1.3m, 17.2m."""
    exact = Decimal(value)
    for size, name in SCALES:
        # 999,600 is 1.0m, not 1000k
        if abs(exact) >= size - size // 2000:
            scaled = exact / size
            return f"{scaled:.0f}{name}" if abs(scaled) >= Decimal("99.95") else f"{scaled:.1f}{name}"
    return f"{exact:.0f}"


def money(value: Decimal | None, currency: str | None) -> str:
    """Whole units, as EUR 5,558,771."""
    return NOTHING if value is None else _with_currency(value, f"{abs(value):,.0f}", currency)


def unit_price(value: Decimal | None, currency: str | None) -> str:
    """With cents where there are some, so that a number times a price is what stands beside it."""
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
    """A number with its noun."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def breakable(text: str) -> str:
    """A text in which words that are longer than a column is wide can be broken; the end of what is longer
    than a cell should be is left to the workbook.
    """
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", "\\1" + SOFT_BREAK, cut)


def price_evidence(row: Mapping[str, Any]) -> str:
    """What a price rests on: purchases, licences and when the last was bought."""
    if not row["purchases"]:
        return NOTHING if row["price"] is None else "list price"
    bought = (
        f", last{GLUE}{row['bought_on']:%b}{GLUE}{row['bought_on'].year}"
        if row["bought_on"] is not None
        else ""
    )
    return f"{count(row['licenses'], 'licence')} in {count(row['purchases'], 'purchase')}{bought}"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def amounts(rows: Iterable[Mapping[str, Any]], column: str, currency: str = "currency") -> Amounts:
    """Sums by currency, as rows have them; currencies without money are left out. The first is that of most
    rows.
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
    """The currencies after the first, as a line, if there are such."""
    others = [short_money(value, code) for code, value in list(sums.items())[1:]]
    return [f"and {listed(others)}"] if others else []
