"""What `make report` runs: read Snow Atlas, build the marts, write the page."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb

from snow_atlas_sync.report.build import SCRATCH, build, check
from snow_atlas_sync.report.collect import Collected, collect, wanted_streams
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.marts import SYNCED, Marts
from snow_atlas_sync.report.page import Origin, page
from snow_atlas_sync import inputs, warehouse
from snow_atlas_sync.command import one_line
from snow_atlas_sync.errors import PyAirbyteMissing, SyncError
from tools.sandbox_process import SandboxError, config_for, running_sandbox

REPORT, DATABASE = Path("snow_atlas_report.html"), Path("snow_atlas_report.duckdb")
SANDBOX_COMPUTERS = 500

SANDBOX_VARIABLES: dict[str, Any] = {
    "snow_atlas_rates": {"USD": 0.92, "GBP": 1.15, "SEK": 0.088},
    "snow_atlas_currency": "EUR",
    "snow_atlas_saas_currency": "EUR",
}
"""Rates for the made-up company, as made-up as the company is."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    os.environ["AIRBYTE_CACHE_ROOT"] = str(SCRATCH.parent / "airbyte")
    # As on Ctrl-C: the connector and dbt are stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(options)
    except (ReportError, SyncError, SandboxError) as error:
        print(f"report: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("report: stopped", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="make report", description=__doc__)
    options.add_argument(
        "--config", type=Path, metavar="FILE", help="JSON file of a tenant; a sandbox without it"
    )
    options.add_argument("--computers", type=int, default=SANDBOX_COMPUTERS, help="size of the sandbox")
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
        "--vars", default="", metavar="JSON", help="variables of the dbt package, such as rates"
    )
    return options


def run(options: argparse.Namespace) -> int:
    start = time.monotonic()
    made_up = options.config is None and not options.no_sync
    variables = parse_variables(options.vars) or (SANDBOX_VARIABLES if made_up else {})
    check_output(options.output)
    collected = use_tables(options.database) if options.no_sync else sync(options)
    print("\nBuilding the marts with dbt ...", flush=True)
    today = datetime.now(timezone.utc).date()
    variables = {"snow_atlas_today": today.isoformat(), **variables}
    build(options.database, variables)
    checks = check(options.database, variables)
    origin = Origin(
        today=as_day(variables["snow_atlas_today"]),
        made_up=made_up,
        names=options.names,
        rates=variables.get("snow_atlas_rates") or {},
        currency=variables.get("snow_atlas_currency"),
        failed_checks=checks.failed,
        checks=checks.number,
    )
    with Marts(options.database, collected.why) as marts:
        html = page(marts, origin)
    write(options.output, html)
    for failed in checks.failed:
        print(f"  note: a check of the marts failed: {failed}")
    print(
        f"\nThe report is {options.output}, made in {time.monotonic() - start:.0f} seconds. Open it in a "
        "browser."
    )
    return 1 if collected.failed else 0


def sync(options: argparse.Namespace) -> Collected:
    """Read a tenant, or the sandbox, into the database."""
    config = inputs.load(options.config) if options.config is not None else None
    if config is not None:
        inputs.check_configuration(config)
    try:
        warehouse.require_pyairbyte()
    except PyAirbyteMissing as error:
        raise ReportError(
            f"{error.fact}. It runs on Python 3.10 to 3.12, here is 3.{sys.version_info.minor}."
            " Try: make clean, then make report PYTHON=python3.12"
        ) from None
    warehouse.check_database(options.database)
    if config is not None:
        return collect(config, options.database, options.thorough)
    print(f"No CONFIG given: reading a sandbox with {options.computers:,} made-up computers.", flush=True)
    with running_sandbox(computers=options.computers) as announced:
        return collect(config_for(announced), options.database, thorough=True)


def use_tables(database: Path) -> Collected:
    """Make sure that a database has tables of the connector. Why it lacks others is not known."""
    if not database.is_file():
        raise ReportError(f"{database} is not there; without --no-sync it is made")
    try:
        with duckdb.connect(str(database)) as connection:
            tables = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [SYNCED]
            ).fetchall()
    except duckdb.Error as error:
        raise ReportError(
            f"{database} can't be used as the database: {warehouse.database_message(error)}"
        ) from None
    if not {name for (name,) in tables}.intersection(wanted_streams(thorough=True)):
        raise ReportError(f"{database} has none of the tables that the report is made from")
    return Collected({}, {})


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


def as_day(text: Any) -> Any:
    try:
        return datetime.strptime(str(text), "%Y-%m-%d").date()
    except ValueError:
        raise ReportError(f"snow_atlas_today must be a day, as 2026-01-31, not {text}") from None


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
