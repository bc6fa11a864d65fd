"""The history and the changes: the sandbox's company month by month, built in one database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration_tests.dbt_package import (
    test_data_quality,
    test_hardware_refresh,
    test_license_position,
    test_oracle_exposure,
    test_reclaimable_software,
    test_renewals,
    test_saas_seats,
    test_software_lifecycle,
)
from integration_tests.dbt_package.agreement import documented, outcome
from integration_tests.dbt_package.building import run_dbt
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.emulated import EMULATED
from integration_tests.dbt_package.scenarios import NOW, Rows, Scenario, records
from integration_tests.dbt_package.test_agreement import HISTORIES
from integration_tests.dbt_package.warehouses import DuckDB, Table, Warehouse
from integration_tests.helpers.expected import Expected
from sandbox import Sandbox
from sandbox.company.estate import Change, Estate
from snow_atlas_sync.report.collect import wanted_streams

pytestmark = pytest.mark.timeout(3600)  # the first test waits until all months are built
COMPUTERS, MONTHS = 60, 12
FEW_MONTHS = 2
"""Months for emulators, which are slow."""
SELECTED = ["+path:models/history", "+snow_atlas__changes"]
WHOLE: Mapping[str, Any] = {
    "license_position": test_license_position,
    "software_lifecycle": test_software_lifecycle,
    "oracle_exposure": test_oracle_exposure,
    "data_quality": test_data_quality,
}
"""Histories with one row for each row of their mart."""


@dataclass(frozen=True)
class Past:
    """Company at the end of each month, and the tables after the last build."""

    months: list[tuple[Estate, Scenario]]
    tables: Mapping[str, Table]
    warehouse: Warehouse
    scratch: Path

    def history(self, name: str, day: date) -> Table:
        return [row for row in self.tables[f"snow_atlas__{name}_history"] if row["built_on"] == day]

    def truth(self) -> list[Change]:
        """Return the sandbox's own log of changes since the last month."""
        (earlier, _), (later, _) = self.months[-2:]
        return list(later.changes_since(earlier))

    def changes(self, *kinds: str) -> Table:
        return [row for row in self.tables["snow_atlas__changes"] if row["kind"] in kinds]


def rows_of(estate: Estate) -> Rows:
    """Return what a sync reads on the day of the estate, for the marts."""
    sandbox = Sandbox(estate=estate)
    expected = Expected(sandbox)
    streams = [name for name in wanted_streams(thorough=True) if name != "saas_application_kpis"]
    return {stream: records(sandbox, expected, stream) for stream in streams}


def build(warehouse: Warehouse, scenario: Scenario, scratch: Path, *more: str, **variables: Any) -> None:
    run_dbt(warehouse, ["run", "--select", *SELECTED, *more], {**scenario.variables, **variables}, scratch)


def build_months(warehouse: Warehouse, number: int, scratch: Path) -> Past:
    """Build the company of so many months, one after the other."""
    present = Estate(computers=COMPUTERS, now=NOW)
    warehouse.fill({})
    months = []
    for moment in present.month_ends(number):
        estate = present if moment == present.now else present.at(moment)
        rows = rows_of(estate)
        scenario = Scenario("month", rows, today=moment.date())
        warehouse.refill(rows)
        # views of raw tables show what is in them now
        kept = ["--exclude", "path:models/staging"] if months and warehouse.target != "postgres" else []
        build(warehouse, scenario, scratch, *kept)
        months.append((estate, scenario))
    return Past(months, warehouse.tables(), warehouse, scratch)


@pytest.fixture(scope="module")
def past(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Past:
    number = FEW_MONTHS if warehouse.target in EMULATED else MONTHS
    return build_months(warehouse, number, tmp_path_factory.mktemp("history"))


def test_it_is_as_on_duckdb(past: Past, tmp_path: Path) -> None:
    """A trend would depend on where it was kept, and DEVELOPMENT.md say otherwise."""
    if past.warehouse.target == "duckdb":
        pytest.skip("the others are compared with it")
    duckdb = build_months(DuckDB(tmp_path / "warehouse.duckdb"), FEW_MONTHS, tmp_path)
    said, found = documented()[past.warehouse.target], {}
    for name in HISTORIES:
        rows = past.tables[name]
        if name.endswith("_history"):
            days = [scenario.today for _, scenario in duckdb.months]
            rows = [row for row in rows if row["built_on"] in days]
        found[name] = outcome(name, rows, duckdb.tables[name])
    assert found == {name: said[name] for name in HISTORIES}


@pytest.mark.parametrize("name", WHOLE)
def test_each_month_is_as_it_was(past: Past, name: str) -> None:
    """A trend of figures that were not so at the time is worse than none."""
    module = WHOLE[name]
    for _, scenario in past.months:
        held = past.history(name, scenario.today)
        assert held
        expected = list(module.expected(scenario))
        kept = [column for column in held[0] if column in expected[0]]
        wanted = [{column: row[column] for column in kept} for row in expected]
        found = [{column: row[column] for column in kept} for row in held]
        assert difference(found, wanted, module.KEY) == "", scenario.today


def summed(rows: Iterable[Mapping[str, Any]], key: tuple[str, ...], columns: Mapping[str, Any]) -> Table:
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in key)].append(row)
    return [
        {**dict(zip(key, values, strict=True)), **{name: compute(held) for name, compute in columns.items()}}
        for values, held in groups.items()
    ]


def total(column: str) -> Callable[[list[Mapping[str, Any]]], Decimal | None]:
    return lambda rows: sum_of(row[column] for row in rows)


def sum_of(values: Iterable[Any]) -> Decimal | None:
    known = [Decimal(value) for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def number(column: str, *wanted: Any) -> Callable[[list[Mapping[str, Any]]], int]:
    return lambda rows: sum(row[column] in wanted for row in rows)


SUMMED: Mapping[str, tuple[Any, tuple[str, ...], Mapping[str, Any]]] = {
    "reclaimable_software": (
        test_reclaimable_software,
        ("application_id", "currency"),
        {
            "installations": len,
            "frees_a_license": number("effect", "frees a licence"),
            "lowers_the_shortfall": number("effect", "lowers the shortfall"),
            "saving": total("saving"),
            "shortfall_lowered": total("shortfall_lowered"),
        },
    ),
    "saas_seats": (
        test_saas_seats,
        ("application_id", "currency"),
        {
            "seats": len,
            "active_seats": number("activity", "active"),
            "idle_seats": number("activity", "idle"),
            "never_used_seats": number("activity", "never used"),
            "cost_per_month": total("cost_per_month"),
            "saving_per_month": total("saving_per_month"),
        },
    ),
    "hardware_refresh": (
        test_hardware_refresh,
        ("kind", "advice", "currency"),
        {"computers": len, "purchase_value": total("purchase_value")},
    ),
}


@pytest.mark.parametrize("name", SUMMED)
def test_each_month_has_its_sums(past: Past, name: str) -> None:
    """As above, for the histories that have a row for each application, or state."""
    module, key, columns = SUMMED[name]
    for _, scenario in past.months:
        wanted = summed(module.expected(scenario), key, columns)
        found = [
            {column: row[column] for column in (*key, *columns)} for row in past.history(name, scenario.today)
        ]
        assert found
        assert difference(found, wanted, key) == "", scenario.today


def test_each_month_knew_what_was_to_end(past: Past) -> None:
    """The trend of what has to be decided is not that of what today's contracts say of last year."""
    for _, scenario in past.months:
        wanted = [
            row
            for row in test_renewals.expected(scenario)
            if row["status"] != "ended" and not row["is_renewed"] and row["ends_on"] is not None
            if row["ends_on"] <= scenario.today + timedelta(days=365)
        ]
        found = past.history("renewals", scenario.today)
        assert found
        columns = [column for column in found[0] if column in wanted[0]]
        assert (
            difference(
                [{column: row[column] for column in columns} for row in found],
                [{column: row[column] for column in columns} for row in wanted],
                test_renewals.KEY,
            )
            == ""
        ), scenario.today


def test_software_and_computers_that_came_and_went_are_those_of_the_company(past: Past) -> None:
    """What a sync does not bring any more is in no table of today."""
    truth = past.truth()
    for kind in ("application appeared", "application vanished"):
        found = {row["entity_id"]: row["number_before"] + row["number_after"] for row in past.changes(kind)}
        assert found == {each.id: each.quantity for each in truth if each.kind == kind}
    for kind, column, of in (
        ("computers left", "number_before", "computer retired"),
        ("computers came", "number_after", "computer added"),
    ):
        found_number = sum(row[column] for row in past.changes(kind))
        assert found_number == sum(each.kind == of for each in truth)
    assert past.changes("computers left", "computers came", "application appeared", "application vanished")


def test_ends_that_passed_are_those_of_the_company(past: Past) -> None:
    truth = past.truth()
    ended = {each.id for each in truth if each.kind == "support ended"}
    assert {row["entity_id"] for row in past.changes("lost support")} <= ended
    ends = {(each.kind.removesuffix(" expired"), each.id) for each in truth if each.kind.endswith(" expired")}
    known = past.changes("ended without successor")
    unknown = past.changes("ended, renewal unknown")
    kinds = {"licence subscription": "subscription"}
    found = {
        (kinds.get(row["cause"], row["cause"]), row["entity_id"])
        for row in (*known, *unknown)
        if row["cause"] != "saas subscription"
    }
    assert found == ends
    assert {row["cause"] for row in known} <= {"agreement", "contract", "maintenance"}
    assert {row["cause"] for row in unknown} <= {"licence subscription", "saas subscription"}


def test_seats_given_back_are_those_of_the_company(past: Past) -> None:
    """The net number of seats by application, as the sandbox's own rows of both months have it."""
    counts: Counter[str] = Counter()
    for sign, (_, scenario) in zip((-1, 1), past.months[-2:], strict=True):
        for row in test_saas_seats.expected(scenario):
            counts[row["application_id"]] += sign
    found = past.changes("seats released", "seats taken")
    assert {row["entity_id"]: row["number_after"] - row["number_before"] for row in found} == {
        application: change for application, change in counts.items() if change
    }


def test_positions_that_turned_are_those_of_the_company(past: Past) -> None:
    """The counters of both days say which were healed, and which became short; since a chosen day."""
    (_, first), (_, last) = past.months[0], past.months[-1]
    build(past.warehouse, last, past.scratch, snow_atlas_since=first.today.isoformat())
    before, after = (
        {
            (row["applicationId"], row["metricId"]): row["compliance"]
            for row in each["license_compliance_summary"]
        }
        for each in (first, last)
    )
    wanted = {
        ("turned short" if after.get(key, 0) < 0 else "healed", key[0])
        for key in {*before, *after}
        if (before.get(key, 0) < 0) != (after.get(key, 0) < 0)
    }
    rows = [row for row in past.warehouse.tables()["snow_atlas__changes"] if row["since_on"] == first.today]
    found = [row for row in rows if row["kind"] in ("turned short", "healed")]
    assert {(row["kind"], row["entity_id"]) for row in found} == wanted
    assert wanted
    assert all(row["cause"] and row["number_before"] != row["number_after"] for row in found)


def test_a_second_build_on_a_day_changes_no_other_day(past: Past) -> None:
    """A day counted twice, or one of last year written anew, and the trend is made up."""
    _, scenario = past.months[-1]
    arguments = ["run", "--full-refresh", "--select", *SELECTED]
    run_dbt(past.warehouse, arguments, scenario.variables, past.scratch)
    earlier = {**scenario.variables, "snow_atlas_today": past.months[0][1].today.isoformat()}
    told = run_dbt(past.warehouse, ["run", "--select", *SELECTED], earlier, past.scratch, quiet=False)
    assert f"nothing was added to the history, which has a later day than this one: {scenario.today}" in told
    tables = past.warehouse.tables()
    for name, rows in past.tables.items():
        if name.startswith("snow_atlas__") and name.endswith("_history"):
            assert sorted(map(repr, tables[name])) == sorted(map(repr, rows)), name


def test_a_sync_that_lacks_streams_forgets_and_makes_up_nothing(tmp_path: Path) -> None:
    """A second build on a day emptied the day, and computers of the month, of what it could not read; seats
    that only one of their two streams has were told as released.
    """
    past = build_months(DuckDB(tmp_path / "warehouse.duckdb"), 2, tmp_path)
    _, scenario = past.months[-1]
    lacking = {"computers", "saas_subscription_users"}
    past.warehouse.refill({stream: rows for stream, rows in scenario.rows.items() if stream not in lacking})
    build(past.warehouse, scenario, tmp_path)
    tables = past.warehouse.tables()
    for name in ("computers", "hardware_refresh", "saas_seats", "software_lifecycle"):
        history = f"snow_atlas__{name}_history"
        assert sorted(map(repr, tables[history])) == sorted(map(repr, past.tables[history])), name
    tomorrow = replace(scenario, today=scenario.today + timedelta(days=1))
    build(past.warehouse, tomorrow, tmp_path)
    found = past.warehouse.tables()["snow_atlas__changes"]
    assert not [row for row in found if row["kind"].startswith(("seats", "computers"))]
    assert {row["kind"] for row in found} > {"application appeared", "not compared"}
    assert {(row["name"], row["cause"]) for row in found if row["kind"] == "not compared"} == {
        ("SaaS seats", "not synced on the later day: saas_subscription_users"),
        ("computers", "not synced on the later day: computers"),
    }
    past.warehouse.refill(scenario.rows)
    build(past.warehouse, tomorrow, tmp_path)
    found = past.warehouse.tables()["snow_atlas__changes"]
    assert "not compared" not in {row["kind"] for row in found}
    assert [row for row in found if row["kind"].startswith("seats")]


def test_another_currency_is_no_change_of_seats_and_positions(past: Past, warehouse: Warehouse) -> None:
    """With exchange rates, or a currency of the SaaS account, that are given for the first time, all seats
    would have been released and taken, and a shortfall of a thousand yen be one of a thousand euros.
    """
    (_, first), (_, last) = past.months[0], past.months[-1]
    since = first.today.isoformat()
    build(warehouse, last, past.scratch, snow_atlas_since=since)
    before = warehouse.tables()["snow_atlas__changes"]
    for name in "saas_seats", "license_position":
        warehouse.execute(
            f"UPDATE {warehouse.schema}_snow_atlas_history.snow_atlas__{name}_history "
            f"SET currency = 'XTS' WHERE built_on < DATE '{last.today}'"
        )
    build(warehouse, last, past.scratch, snow_atlas_since=since)
    after = warehouse.tables()["snow_atlas__changes"]
    counted = ("kind", "entity_id", "name", "number_before", "number_after", "cause")
    assert sorted(repr([row[each] for each in counted]) for row in after) == sorted(
        repr([row[each] for each in counted]) for row in before
    )
    seats = [row for row in after if row["kind"].startswith("seats")]
    assert {(row["amount"], row["currency"]) for row in seats} == {(None, None)}
    healed = [row for row in after if row["kind"] == "healed"]
    assert {row["currency"] for row in healed} == {"XTS"}
    for kind, currency in ("healed", "XTS"), ("turned short", None):
        amounts = [
            {
                (row["name"], row["entity_id"]): (row["amount"], currency or row["currency"])
                for row in rows
                if row["kind"] == kind
            }
            for rows in (before, after)
        ]
        assert amounts[0] == amounts[1]


def test_old_days_are_forgotten_when_their_time_has_passed(past: Past) -> None:
    """As many days are kept as were asked for."""
    _, scenario = past.months[-1]
    build(past.warehouse, scenario, past.scratch, snow_atlas_history_days=40)
    for name, rows in past.warehouse.tables().items():
        if name.startswith("snow_atlas__") and name.endswith("_history"):
            assert all((scenario.today - row["built_on"]).days <= 40 for row in rows), name
            assert any(row["built_on"] == scenario.today for row in rows), name
