"""Plain text tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime


def text_table(headings: Sequence[str], rows: Sequence[Sequence[object]], indent: str = "  ") -> str:
    """Format rows as a table. Columns of numbers are right-aligned, all others left-aligned."""
    cells = [[text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    numeric = [bool(rows) and all(is_number(row[index]) for row in rows) for index in range(len(headings))]

    def line(values: Sequence[str]) -> str:
        padded = (
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, numeric, strict=True)
        )
        return indent + "  ".join(padded).rstrip()

    ruler = ["-" * width if heading else "" for heading, width in zip(headings, widths, strict=True)]
    return "\n".join(map(line, [headings, ruler, *cells]))


def is_number(value: object) -> bool:
    """Return whether a value is a number and no boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def text(value: object) -> str:
    """Format a value for reading."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which gets an s in the plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
