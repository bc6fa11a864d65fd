"""The command of `make report`: sync, build the marts, write the page."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from snow_atlas_sync import inputs
from snow_atlas_sync.progress import show_progress
from snow_atlas_sync.report.build import Dbt
from snow_atlas_sync.report.collect import collect, note_tenant, use_tables
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.marts import PACKAGE, Marts
from snow_atlas_sync.report.options import NAME, as_day, parser
from snow_atlas_sync.report.page import Origin, key_figures, page, tenant_name
from snow_atlas_sync.report.workbook import write_workbook

CODE = re.compile(r"[A-Za-z]{3}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(NAME).parse_args(arguments)
    if options.config is None and not options.no_sync:
        raise ReportError(
            "Name the configuration of your tenant with --config FILE, or use existing tables with --no-sync"
        )
    return run(options, inputs.load(options.config) if options.config is not None else {})


def run(
    options: argparse.Namespace,
    config: dict[str, Any],
    made_up: bool = False,
    defaults: Mapping[str, Any] | None = None,
    prepare: Callable[[Dbt, Mapping[str, Any]], None] | None = None,
) -> int:
    """Make the report, and return the exit code.

    `defaults` are variables of the dbt package that the user may override. `prepare` is called before
    anything is read.
    """
    start = time.monotonic()
    variables = parse_variables(options.vars) or dict(defaults or {})
    inputs.check_database(options.database)
    check_output(options.output)
    workbook = options.output.with_suffix(".xlsx")
    if workbook == options.output:
        raise ReportError(
            f"{workbook} is the file of the workbook: give the page another name, as report.html"
        )
    check_output(workbook)
    today = datetime.now(timezone.utc).date()
    variables = {"snow_atlas_today": today.isoformat(), **variables}
    if options.since is not None:
        check_past(options.since, "--since")
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
        with show_progress(dbt.progress):
            dbt.build(variables)
        note_tenant(options.database)
        print("Testing the marts ...", flush=True)
        with show_progress(dbt.progress):
            checks = dbt.check(variables)
    origin = Origin(
        today=as_day(variables["snow_atlas_today"]),
        since=options.since,
        made_up=made_up,
        names=options.names,
        rates=variables.get("snow_atlas_rates") or {},
        currency=variables.get("snow_atlas_currency"),
        incomplete=collected.failed,
        refused=collected.refused,
        read_on=collected.read_on,
        failed_checks=checks.failed,
        checks=checks.number,
    )
    with Marts(options.database, collected.why) as marts:
        title = f"Software assets of {tenant_name(marts) or 'Snow Atlas'}, {origin.today:%Y-%m-%d}"
        figures = key_figures(marts, origin)
        with in_place_of(options.output) as new_page, in_place_of(workbook) as new_workbook:
            write(new_page, page(marts, origin))
            write_workbook(new_workbook, marts, figures, title=title, names=options.names)
    for failed in checks.failed:
        print(f"  note: a check of the marts failed: {failed}")
    seconds = time.monotonic() - start
    print(
        f"\nThe report is {options.output}, with {workbook} beside it, made in {seconds:.0f} seconds. "
        "Open it in a browser."
    )
    return 1 if collected.failed else 0


def parse_variables(text: str) -> dict[str, Any]:
    """Return the variables of the dbt package that the user gives."""
    if not text.strip():
        return {}
    try:
        variables = json.loads(text)
    except ValueError as error:
        raise ReportError(f"The variables are not JSON: {error}") from None
    if not isinstance(variables, dict):
        raise ReportError('The variables must be one JSON object, as {"snow_atlas_saas_currency": "EUR"}')
    known = known_variables()
    for name in variables:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0)
            raise ReportError(f"There is no variable {name}; did you mean {' or '.join(near)}?")
    for name in ("snow_atlas_today", "snow_atlas_since"):
        if name in variables:
            check_past(as_day(variables[name], name), name)
    check_rates(variables)
    return variables


def check_past(day: date, name: str) -> None:
    """Raise ReportError if the day is in the future in every time zone."""
    if day > datetime.now(timezone.utc).date() + timedelta(days=1):
        raise ReportError(f"{name} is {day}, a day in the future")


def known_variables() -> list[str]:
    """Return the names of the dbt package's variables, from its own check of them."""
    text = (PACKAGE / "macros" / "checks.sql").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"'(snow_atlas_\w+)': '", text)))


def check_rates(variables: Mapping[str, Any]) -> None:
    """Raise ReportError for an invalid exchange rate, because dbt's message would be one about SQL."""
    rates, currency = variables.get("snow_atlas_rates") or {}, variables.get("snow_atlas_currency")
    example = 'as {"snow_atlas_rates": {"USD": 0.92}, "snow_atlas_currency": "EUR"}'
    if not isinstance(rates, dict):
        raise ReportError(f"snow_atlas_rates must be one JSON object, {example}")
    for code, rate in rates.items():
        if not CODE.fullmatch(code):
            raise ReportError(f"snow_atlas_rates: {code} is no currency code, {example}")
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < float("inf"):
            raise ReportError(f"snow_atlas_rates: {code} must be a number above 0, not {rate}")
    for name in ("snow_atlas_currency", "snow_atlas_saas_currency"):
        if variables.get(name) is not None and not CODE.fullmatch(str(variables[name])):
            raise ReportError(f"{name} must be a currency code, as EUR, not {variables[name]}")
    if rates and not currency:
        raise ReportError(f"snow_atlas_rates needs snow_atlas_currency, {example}")


def check_output(path: Path) -> None:
    """Raise ReportError, before anything is read, if a file can't be written."""
    if path.is_dir():
        raise ReportError(f"{path} can't be written: it is a folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.open("a").close()
        beside(path).open("w").close()
        beside(path).unlink()
    except OSError as error:
        raise ReportError(f"{path} can't be written: {error.strerror}") from None


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """Yield a temporary file that replaces `path` once it is complete.

    A report that is interrupted leaves the file of the last one.
    """
    new = beside(path)
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def write(path: Path, html: str) -> None:
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{path} can't be written: {error.strerror}") from None
