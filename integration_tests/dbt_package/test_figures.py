"""The figures of the report equal those of the appendix's queries over the raw tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import snow_atlas_sync.report
from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.scenarios import Scenario
from integration_tests.dbt_package.warehouses import Table, Warehouse

FIGURES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (Path(snow_atlas_sync.report.__file__).parent / "figures").glob("*.sql")
}
RAW = "as_synced"
SCENARIOS = ("company", "plausible", "edges", "two_currencies", "no_organization")
"""Scenarios in which all streams of the report exist, and no amount is converted."""
CENT = Decimal("0.01")

Figure = Callable[[Built], Table]
BY_MARTS: dict[str, Figure] = {}
"""The same figures from the marts, as the report has them."""


@pytest.fixture(scope="module")
def queried(warehouse: Warehouse) -> Callable[[Scenario], Mapping[str, Table]]:
    """Return a function that runs the queries for a scenario."""
    found: dict[str, Mapping[str, Table]] = {}

    def of(scenario: Scenario) -> Mapping[str, Table]:
        if scenario.name not in found:
            load_as_synced(warehouse, scenario)
            found[scenario.name] = {name: run(warehouse, scenario, sql) for name, sql in FIGURES.items()}
            warehouse.execute(f"DROP SCHEMA {RAW} CASCADE")
        return found[scenario.name]

    return of


def load_as_synced(warehouse: Warehouse, scenario: Scenario) -> None:
    """Load the tables that the queries read, with names in lower case, and timestamps with a time zone."""
    named = set(re.findall(r"\w+", " ".join(FIGURES.values())))
    warehouse.fill_schema(RAW, {stream: rows for stream, rows in scenario.rows.items() if stream in named})
    columns = warehouse.query(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        f" WHERE table_schema = '{RAW}'"
    )
    for each in columns:
        table, name = f'{RAW}."{each["table_name"]}"', each["column_name"]
        if name != name.lower():
            warehouse.execute(f'ALTER TABLE {table} RENAME COLUMN "{name}" TO "{name.lower()}"')
        if each["data_type"] == "TIMESTAMP":
            changed = f"TYPE TIMESTAMP WITH TIME ZONE USING {name} AT TIME ZONE 'UTC'"
            warehouse.execute(f'ALTER TABLE {table} ALTER COLUMN "{name}" {changed}')


def run(warehouse: Warehouse, scenario: Scenario, sql: str) -> Table:
    settings = f"SET TimeZone = 'Asia/Kolkata'; SET search_path = '{RAW}'; "
    return warehouse.query(settings + sql.replace(":today", f"DATE '{scenario.today}'"))


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_figure_is_what_the_raw_tables_give(
    build_scenario: Callable[[str], Built],
    queried: Callable[[Scenario], Mapping[str, Table]],
    scenario: str,
    name: str,
) -> None:
    """Who follows a figure back to the tables has to find it there."""
    built = build_scenario(scenario)
    assert rounded(queried(built.scenario)[name]) == rounded(BY_MARTS[name](built))


def test_each_query_says_what_it_computes() -> None:
    """The appendix shows the first line as the title, and a query that nobody compares proves nothing."""
    assert len(FIGURES) >= 10
    assert FIGURES.keys() == BY_MARTS.keys()
    assert all(sql.startswith("-- ") for sql in FIGURES.values())


def rounded(rows: Table) -> list[Mapping[str, Any]]:
    """Return sorted rows with amounts in cents, because quotients are doubles on some databases."""
    held = [
        {
            name: Decimal(value).quantize(CENT) if isinstance(value, (int, float, Decimal)) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return sorted(held, key=lambda row: repr(sorted(row.items())))


def by_marts(figure: Figure) -> Figure:
    BY_MARTS[figure.__name__] = figure
    return figure


def total(rows: Iterable[Mapping[str, Any]], column: str) -> Any:
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known) if known else None


def grouped(rows: Iterable[Mapping[str, Any]], column: str) -> Mapping[Any, Table]:
    groups: dict[Any, Table] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(dict(row))
    return groups


def sums_by_currency(rows: Table, column: str, name: str) -> Table:
    """Return the sums of amounts at prices that are not doubtful."""
    counted = [row for row in rows if row[column] is not None and not row["is_weak_price"]]
    return [
        {"currency": code, name: total(held, column)} for code, held in grouped(counted, "currency").items()
    ]


def short(built: Built) -> Table:
    rows = built["snow_atlas__license_position"]
    return [row for row in rows if row["scope"] == "estate" and (row["under_licensed"] or 0) > 0]


@by_marts
def positions_short(built: Built) -> Table:
    rows = short(built)
    return [{"positions": len(rows), "licences": total(rows, "under_licensed")}]


@by_marts
def licence_shortfall(built: Built) -> Table:
    return sums_by_currency(short(built), "exposure", "shortfall")


@by_marts
def unused_installations(built: Built) -> Table:
    rows = built["snow_atlas__reclaimable_software"]
    return [{"installations": len(rows), "computers": len({row["computer_id"] for row in rows})}]


@by_marts
def reclaimable_software(built: Built) -> Table:
    return sums_by_currency(built["snow_atlas__reclaimable_software"], "saving", "saving")


@by_marts
def unused_saas_seats(built: Built) -> Table:
    rows = built["snow_atlas__saas_seats"]
    unused = [row for row in rows if row["is_unused"]]
    cost = total(unused, "cost_per_month")
    return [{"seats": len(rows), "unused": len(unused), "cost_per_month": cost}]


@by_marts
def software_without_support(built: Built) -> Table:
    rows = [row for row in built["snow_atlas__software_lifecycle"] if row["status"] == "ended"]
    in_use = total(rows, "computers_in_use") - total(rows, "computers_in_use_by_suite")
    return [{"applications": len({row["application_id"] for row in rows}), "installations_in_use": in_use}]


@by_marts
def renewals(built: Built) -> Table:
    today = built.scenario.today
    rows = [
        row
        for row in built["snow_atlas__renewals"]
        if row["ends_on"] is not None
        and today <= row["ends_on"] <= today + timedelta(days=90)
        and not row["is_renewed"]
    ]
    return [
        {"currency": code, "periods": len(held), "amount": total(held, "amount")}
        for code, held in grouped(rows, "currency").items()
    ]


def cost_of_way(row: Mapping[str, Any]) -> tuple[Any, ...]:
    short, cost = row["shortfall"] or 0, row["shortfall_cost_base"]
    return short > 0, cost is None, cost or 0, short, row["metric"]


@by_marts
def oracle_shortfall(built: Built) -> Table:
    """Choose the cheapest way to license a product in each place: by processors or by users."""
    places: dict[Any, Table] = defaultdict(list)
    for row in built["snow_atlas__oracle_exposure"]:
        if row["estate_type"] != "datacenter" and row["metric"] is not None:
            places[row["kind"], row["product_id"], row["estate_type"], row["estate_id"]].append(row)
    cheapest = [min(ways, key=cost_of_way) for ways in places.values()]
    rows = [row for row in cheapest if (row["shortfall"] or 0) > 0]
    return [
        {"metric": metric, "licences": total(held, "shortfall"), "cost": total(held, "shortfall_cost_base")}
        for metric, held in grouped(rows, "metric").items()
    ]


@by_marts
def computers_not_scanned(built: Built) -> Table:
    rows = built["snow_atlas__hardware_refresh"]
    silent = [row for row in rows if row["days_since_scan"] is None or row["days_since_scan"] > 90]
    return [{"computers": len(rows), "not_scanned": len(silent)}]


@by_marts
def physical_computers(built: Built) -> Table:
    rows = [row for row in built["snow_atlas__hardware_refresh"] if not row["is_virtual"]]
    return [{"computers": len(rows), "without_age": sum(row["in_service_on"] is None for row in rows)}]
