"""What `make report` runs: read Snow Atlas, build the marts, write the page."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from snow_atlas_sync import inputs
from snow_atlas_sync.report.build import Dbt
from snow_atlas_sync.report.collect import collect, use_tables
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.marts import Marts
from snow_atlas_sync.report.page import Origin, key_figures, page, tenant_name
from snow_atlas_sync.report.workbook import write_workbook
from source_snow_atlas import __version__

NAME = "snow-atlas-report"
REPORT, DATABASE = Path("snow_atlas_report.html"), Path("snow_atlas_report.duckdb")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(NAME).parse_args(arguments)
    if options.config is None and not options.no_sync:
        raise ReportError(
            "name the configuration of your tenant with --config FILE, or take tables with --no-sync"
        )
    return run(options, inputs.load(options.config) if options.config is not None else {})


def parser(name: str) -> argparse.ArgumentParser:
    """The options that all ways to make a report have."""
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


def run(
    options: argparse.Namespace,
    config: dict[str, Any],
    made_up: bool = False,
    defaults: Mapping[str, Any] | None = None,
    prepare: Callable[[Dbt, Mapping[str, Any]], None] | None = None,
) -> int:
    """Make the report; `defaults` are variables of the dbt package that the user may give others for, and
    `prepare` is done before anything is read.
    """
    start = time.monotonic()
    variables = parse_variables(options.vars) or dict(defaults or {})
    workbook = options.output.with_suffix(".xlsx")
    check_output(options.output)
    check_output(workbook)
    today = datetime.now(timezone.utc).date()
    variables = {"snow_atlas_today": today.isoformat(), **variables}
    if options.since is not None:
        variables["snow_atlas_since"] = options.since.isoformat()
    with Dbt(options.database) as dbt:
        if prepare is not None:
            prepare(dbt, variables)
        collected = (
            use_tables(options.database)
            if options.no_sync
            else collect(config, options.database, options.thorough or made_up)
        )
        print("\nBuilding the marts with dbt ...", flush=True)
        dbt.build(variables)
        checks = dbt.check(variables)
    origin = Origin(
        today=as_day(variables["snow_atlas_today"]),
        since=options.since,
        made_up=made_up,
        names=options.names,
        rates=variables.get("snow_atlas_rates") or {},
        currency=variables.get("snow_atlas_currency"),
        incomplete=collected.failed,
        failed_checks=checks.failed,
        checks=checks.number,
    )
    with Marts(options.database, collected.why) as marts:
        write(options.output, page(marts, origin))
        title = f"Software assets of {tenant_name(marts) or 'Snow Atlas'}, {origin.today:%Y-%m-%d}"
        figures = key_figures(marts, origin)
        write_workbook(workbook, marts, figures, title=title, names=options.names)
    for failed in checks.failed:
        print(f"  note: a check of the marts failed: {failed}")
    seconds = time.monotonic() - start
    print(
        f"\nThe report is {options.output}, with {workbook} beside it, made in {seconds:.0f} seconds. "
        "Open it in a browser."
    )
    return 1 if collected.failed else 0


def parse_variables(text: str) -> dict[str, Any]:
    """The variables of the dbt package that the user gives."""
    if not text.strip():
        return {}
    try:
        variables = json.loads(text)
    except ValueError as error:
        raise ReportError(f"the variables are not JSON: {error}") from None
    if not isinstance(variables, dict):
        raise ReportError('the variables must be one JSON object, as {"snow_atlas_saas_currency": "EUR"}')
    if "snow_atlas_today" in variables:
        as_day(variables["snow_atlas_today"])
    return variables


def chosen_day(text: str) -> Any:
    return as_day(text, "--since")


def as_day(text: Any, name: str = "snow_atlas_today") -> Any:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d").date()
    except ValueError:
        raise ReportError(f"{name} must be a day, as 2026-01-31, not {text}") from None


def check_output(path: Path) -> None:
    """Refuse a file that can't be written before anything is read."""
    if path.is_dir():
        raise ReportError(f"{path} can't be written: it is a folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        path.open("a").close()
        if new:
            path.unlink()
    except OSError as error:
        raise ReportError(f"{path} can't be written: {error.strerror}") from None


def write(path: Path, html: str) -> None:
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{path} can't be written: {error.strerror}") from None
