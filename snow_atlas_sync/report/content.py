"""What a report consists of, whatever it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Picture:
    """A chart as SVG, for a screen or a sheet of paper, and for a phone; `alternative` says in words what it
    shows.
    """

    wide: str
    narrow: str
    alternative: str
    caption: str
    legend: Sequence[tuple[str, str]] = ()
    """Fills that the chart has, and what each of them means."""


@dataclass(frozen=True)
class Table:
    """A short table: columns with a name and whether they hold numbers, rows of text."""

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]
    more: str = ""
    """What the table leaves out."""


@dataclass(frozen=True)
class Absence:
    """Why there is nothing to show: streams that were not synced and what each takes, or nothing that was
    found.
    """

    text: str
    streams: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Part:
    """One question and its answer, from one mart."""

    title: str
    mart: str
    lead: str = ""
    picture: Picture | None = None
    table: Table | None = None
    notes: Sequence[str] = ()
    absence: Absence | None = None


@dataclass(frozen=True)
class Section:
    """An area of the report; its parts come one below the other."""

    id: str
    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class KeyFigure:
    """One of the figures at the top, and how it was computed."""

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
    """Currency of the value, where it is money and is known."""
    exact: Decimal | int | None = None
    """The value as it is, where it is known."""
    change: str = ""
    """How it differs from an earlier day."""
    trend: str = ""
    """SVG of its values by month."""
