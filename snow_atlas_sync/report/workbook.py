"""The marts as an Excel workbook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from snow_atlas_sync.report.content import KeyFigure
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.marts import MARTS, Marts, Row
from snow_atlas_sync.report.text import number

PREFIX = "snow_atlas__"
MOST_ROWS = 10_000
"""Maximum rows of a mart in the workbook."""
MOST_UNITS = 32_767
"""Maximum UTF-16 units of a text in a cell."""
SHEETS = (*MARTS, f"{PREFIX}changes")
PERSONAL = frozenset(
    {
        "computer_id",
        "computer_name",
        "covered_by_estate",
        "host_name",
        "owner_id",
        "user_id",
        "estate_name",
        "examples",
        "estate_id",
    }
)
"""Columns that name a person or a person's computer."""
MONEY = frozenset(
    {
        "amount", "cost", "cost_of_unassigned", "cost_of_unused", "cost_per_month", "exposure",
        "license_price", "other_price", "purchase_value", "reported_saving_per_month", "saving",
        "saving_per_month", "shortfall_cost_base", "shortfall_lowered", "surplus_value", "unit_price",
        "unit_price_base",
    }
)  # fmt: skip
LARGEST_FIRST = {
    f"{PREFIX}license_position": "scope, exposure DESC NULLS LAST",
    f"{PREFIX}reclaimable_software": "saving DESC NULLS LAST, shortfall_lowered DESC NULLS LAST",
    f"{PREFIX}software_lifecycle": "ends_on NULLS LAST",
    f"{PREFIX}saas_seats": "saving_per_month DESC NULLS LAST",
    f"{PREFIX}saas_spend": "cost DESC NULLS LAST",
    f"{PREFIX}renewals": "ends_on NULLS LAST",
    f"{PREFIX}hardware_refresh": "score DESC",
    f"{PREFIX}oracle_exposure": "shortfall DESC NULLS LAST",
    f"{PREFIX}data_quality": "failing DESC",
    f"{PREFIX}changes": "kind, amount DESC NULLS LAST",
}
"""Order of each mart's rows, which decides what is kept if there are more than MOST_ROWS."""


def write_workbook(
    path: Path, marts: Marts, figures: Sequence[KeyFigure], *, title: str, names: bool = False
) -> None:
    """Write the key figures with their definitions, and a sheet for each mart."""
    # What looks like a formula, a number or an address is a text: names come from scans of computers.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    options["in_memory"] = True  # no temporary files, which would stay where a signal ends it
    try:
        workbook = xlsxwriter.Workbook(str(path), options)
        _Writer(workbook).write(marts, figures, title, names)
        workbook.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise ReportError(f"{path} can't be written: {error}") from None


class _Writer:
    """Writer of the sheets of a workbook, with its formats."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        add = workbook.add_format
        self._title = add({"bold": True, "font_size": 14})
        self._head = add({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._large = add({"num_format": "#,##0", "bold": True, "valign": "top"})
        self._wrapped = add({"text_wrap": True, "valign": "top", "indent": 1})
        self._day = add({"num_format": "yyyy-mm-dd"})
        self._money = add({"num_format": "#,##0.00"})
        self._number = add({"num_format": "#,##0"})
        self._decimal = add({"num_format": "#,##0.00####"})
        self._note = add({"italic": True})

    def write(self, marts: Marts, figures: Sequence[KeyFigure], title: str, names: bool) -> None:
        first = self._workbook.add_worksheet("key figures")
        sheets = [(mart, *_content(marts, mart, names)) for mart in SHEETS]
        self._key_figures(first, figures, title)
        self._contents(first, len(figures) + 5, [(mart, len(rows), total) for mart, _, rows, total in sheets])
        for mart, columns, rows, total in sheets:
            self._mart(mart, columns, rows, total)

    def _key_figures(self, sheet: Any, figures: Sequence[KeyFigure], title: str) -> None:
        sheet.write_string(0, 0, title, self._title)
        columns = (
            ("Key figure", 26), ("Value", 14), ("In", 16), ("Change", 28), ("Also", 44),
            ("How it is computed", 80), ("Sheet", 24),
        )  # fmt: skip
        for column, (name, width) in enumerate(columns):
            sheet.write_string(2, column, name, self._head)
            sheet.set_column(column, column, width)
        for place, figure in enumerate(figures, 3):
            unit = " ".join(filter(None, [figure.currency if figure.is_money else "", figure.unit]))
            cells = {
                0: figure.title,
                2: unit,
                3: figure.change,
                4: "; ".join(figure.more),
                5: figure.how,
                6: figure.mart.removeprefix(PREFIX),
            }
            if figure.exact is None:
                cells[1] = figure.absence.text if figure.absence else figure.value
            else:
                sheet.write_number(place, 1, float(figure.exact), self._large)
            for column, text in cells.items():
                sheet.write_string(place, column, text, self._wrapped)
            lines = max(-(-len(text) // columns[column][1]) for column, text in cells.items())
            sheet.set_row(place, 15 * max(lines, 1) + 3)
        _for_paper(sheet, 2)
        sheet.freeze_panes(3, 0)

    def _contents(self, sheet: Any, row: int, sheets: Sequence[tuple[str, int, int]]) -> None:
        """Write a list of the other sheets, with the number of rows written and in the mart."""
        for column, name in enumerate(("Sheet", "Rows", "Of")):
            sheet.write_string(row, column, name, self._head)
        for place, (mart, written, total) in enumerate(sheets, row + 1):
            sheet.write_string(place, 0, mart.removeprefix(PREFIX))
            sheet.write_number(place, 1, written, self._number)
            sheet.write_number(place, 2, total, self._number)

    def _mart(self, mart: str, columns: Sequence[str], rows: Sequence[Row], total: int) -> None:
        sheet = self._workbook.add_worksheet(mart.removeprefix(PREFIX))
        for column, name in enumerate(columns):
            sheet.write_string(0, column, name, self._head)
            longest = max((len(str(row[name])) for row in rows[:200] if row[name] is not None), default=0)
            sheet.set_column(column, column, min(max(longest, len(name)) + 2, 48))
        for place, row in enumerate(rows, 1):
            for column, name in enumerate(columns):
                self._cell(sheet, place, column, name, row[name])
        _for_paper(sheet, 0)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
        if total > len(rows):
            text = f"{number(len(rows))} of {number(total)} rows; the others are in the database only."
            sheet.write_string(len(rows) + 2, 0, text, self._note)

    def _cell(self, sheet: Any, row: int, column: int, name: str, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, (date, datetime)):
            sheet.write_datetime(row, column, value, self._day)
        elif isinstance(value, (int, float, Decimal)):
            kind = self._money if name in MONEY else self._number if isinstance(value, int) else self._decimal
            sheet.write_number(row, column, float(value), kind)
        else:
            sheet.write_string(row, column, fitted(str(value)))


def fitted(text: str) -> str:
    """Return as much of a text as a cell may hold; Excel counts an emoji as two characters."""
    if len(text) <= MOST_UNITS // 2:
        return text
    return text.encode("utf-16-le", "replace")[: 2 * MOST_UNITS].decode("utf-16-le", "ignore")


def _for_paper(sheet: Any, head: int) -> None:
    """Fit a sheet to the page's width, with its head on each page."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)
    sheet.set_footer("&L&A&R&P / &N")


def _content(marts: Marts, mart: str, names: bool) -> tuple[list[str], list[Row], int]:
    """Return the columns and the rows of a sheet, and the number of rows of the mart."""
    known = marts.columns(mart)
    personal = frozenset() if names else PERSONAL
    columns = [name for name in known if name not in personal and name != "tenant_id"]
    columns.sort(key=lambda name: name.endswith("_id"))  # names are for people, ids for joins
    listed = ", ".join(f'"{name}"' for name in columns)
    rows = marts.rows(f"SELECT {listed} FROM {mart} ORDER BY {LARGEST_FIRST[mart]} LIMIT {MOST_ROWS}")
    return columns, rows, marts.row(f"SELECT count(*) AS total FROM {mart}")["total"]
