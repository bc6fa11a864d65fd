"""The parts of a report, independent of their format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Picture:
    """Chart as SVG for a screen or paper and for a phone, with a text alternative."""

    wide: str
    narrow: str
    alternative: str
    caption: str
    legend: Sequence[tuple[str, str]] = ()
    """Fills of the chart, and their meanings."""


@dataclass(frozen=True)
class Table:
    """Table: columns with a name and whether they hold numbers, and rows of text."""

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]
    more: str = ""
    """What the table leaves out."""


@dataclass(frozen=True)
class Absence:
    """Reason why there is nothing to show: streams that were not synced, or no rows."""

    text: str
    streams: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Part:
    """Question with its answer, from one mart."""

    title: str
    mart: str
    lead: str = ""
    picture: Picture | None = None
    table: Table | None = None
    notes: Sequence[str] = ()
    absence: Absence | None = None


@dataclass(frozen=True)
class Section:
    """Area of the report, with its parts in order."""

    id: str
    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class KeyFigure:
    """Figure at the top of the page, with how it was computed."""

    title: str
    value: str
    how: str
    mart: str
    section: str
    more: Sequence[str] = ()
    unit: str = ""
    absence: Absence | None = None
    is_money: bool = False
    currency: str | None = None
    """Currency of the value, if it is money and the currency is known."""
    exact: Decimal | int | None = None
    """The value before rounding, if known."""
    change: str = ""
    """Difference from an earlier day."""
    trend: str = ""
    """SVG of the values by month."""
