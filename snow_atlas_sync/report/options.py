"""Options of the report, importable without the extra `report`, so that `--help` works without it."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from pathlib import Path
from typing import Any

from snow_atlas_sync.report.errors import ReportError
from source_snow_atlas import __version__

NAME = "snow-atlas-report"
REPORT, DATABASE = Path("snow_atlas_report.html"), Path("snow_atlas_report.duckdb")


def parser(name: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all ways to make a report share."""
    options = argparse.ArgumentParser(
        prog=name, description="Read Snow Atlas, build the marts, write one HTML page."
    )
    options.add_argument("--version", action="version", version=f"{name} {__version__}")
    options.add_argument(
        "--config", type=Path, metavar="FILE", help="JSON file with region, client_id, client_secret"
    )
    options.add_argument("--output", type=Path, metavar="FILE", default=REPORT, help="default: %(default)s")
    options.add_argument(
        "--database", type=Path, metavar="FILE", default=DATABASE, help="DuckDB file (default: %(default)s)"
    )
    options.add_argument(
        "--no-sync",
        action="store_true",
        help="take the tables that the database has, such as those of make sync",
    )
    options.add_argument(
        "--names", action="store_true", help="show the names of persons and of their computers"
    )
    options.add_argument(
        "--thorough",
        action="store_true",
        help="read also what costs a request for each computer, application or user account",
    )
    options.add_argument(
        "--since",
        type=chosen_day,
        metavar="DAY",
        help="compare with this day, as 2026-01-31, instead of the last build before this month",
    )
    options.add_argument(
        "--vars", default="", metavar="JSON", help="variables of the dbt package, such as rates"
    )
    return options


def chosen_day(text: str) -> date:
    return as_day(text, "--since")


def as_day(text: Any, name: str = "snow_atlas_today") -> date:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d").date()
    except ValueError:
        raise ReportError(f"{name} must be a day, as 2026-01-31, not {text}") from None


def main() -> int:
    """Answer `--help` and `--version`, which end the process."""
    parser(NAME).parse_args()
    return 0
