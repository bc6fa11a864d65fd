"""The mart `snow_atlas__license_position`: what is owned, needed and short, compared with the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.license_prices import evidence, list_price, purchase_price
from integration_tests.dbt_package.scenarios import Scenario

KEY = ("scope", "application_id", "metric_id", "organization_id")
CENT = Decimal("0.01")
ADJUSTMENTS = {
    "includedInBundle": "included in suites",
    "outsideMetricPeriod": "use outside the period of the metric",
    "secondaryUseRightsDesktopLaptop": "second use on a laptop",
    "secondaryUseRightsDevice": "second use on a device",
    "extendedCoverageForDcc": "covered by a datacenter",
    "extendedCoverageForHosts": "covered by a host",
    "multipleVersionEdition": "several versions or editions",
    "virtualDesktopInfrastructure": "virtual desktops",
    "minimumRequirement": "minimum",
    "coreFactor": "core factor",
    "physicalHost": "physical hosts",
    "computerAppExclusions": "excluded on computers",
    "windowsServer": "Windows Server rules",
    "sqlServer": "SQL Server rules",
}
COUNTED = {
    "AllDevices": "devices",
    "DevicesWithUsage": "devices with use",
    "UsersWithUsage": "users with use",
    "PrimaryUsers": "main users",
}
FROM_SUMMARY = {
    "purchased": "licensesPurchased",
    "entitled": "availableLicenses",
    "covered": "totalCoverage",
    "required": "licenseRequirement",
    "balance": "compliance",
    "expired": "expiredSubscriptionLicenses",
    "incomplete": "incompleteLicenses",
    "unassigned": "unassigned",
    "initial_requirement": "initialRequirement",
}


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """A shortfall shown too small is paid for in the next audit; one too large is paid for at once."""
    assert difference(built["snow_atlas__license_position"], expected(built.scenario), KEY) == ""


def test_figures_are_those_of_snow_atlas(company_built: Built) -> None:
    """Two figures for the same licence position, and nobody believes either of them."""
    shown = {
        (row["application_id"], row["metric_id"]): (row["purchased"], row["required"], row["balance"])
        for row in company_built["snow_atlas__license_position"]
        if row["scope"] == "estate"
    }
    assert shown == {
        (row["applicationId"], row["metricId"]): (
            row["licensesPurchased"],
            row["licenseRequirement"],
            row["compliance"],
        )
        for row in company_built.scenario["license_compliance_summary"]
    }


def test_every_case_is_there(company_built: Built) -> None:
    """An empty mart would equal an empty computation."""
    rows = company_built["snow_atlas__license_position"]
    assert {row["scope"] for row in rows} == {"estate", "organization"}
    assert {"short", "surplus"} <= {row["position"] for row in rows}
    assert {row["price_source"] for row in rows} == {"purchases", "list price", None}
    assert {row["own_count_of"] for row in rows} == {*COUNTED.values(), None}
    assert all(
        any(row["own_count"] for row in rows if row["own_count_of"] == each) for each in COUNTED.values()
    )
    assert any(row["exposure"] for row in rows)
    assert any(row["surplus_value"] for row in rows)


def expected(scenario: Scenario) -> list[dict[str, Any]]:
    rows = [*estate(scenario), *organizations(scenario)]
    counting = Counting(scenario)
    applications, nodes = scenario.by_id("applications"), scenario.by_id("organizations")
    for row in rows:
        application = applications.get(row["application_id"], {})
        metrics = {each["id"]: each["name"] for each in application.get("metrics") or ()}
        balance = row["balance"]
        row |= {
            "application_name": application.get("name"),
            "manufacturer": application.get("manufacturer"),
            "metric_name": metrics.get(row["metric_id"]),
            "organization_name": nodes.get(row["organization_id"], {}).get("name"),
            "over_licensed": None if balance is None else max(balance, 0),
            "under_licensed": None if balance is None else max(-balance, 0),
            "position": None
            if balance is None
            else "short"
            if balance < 0
            else "surplus"
            if balance
            else "balanced",
            "adjustment": None
            if row["required"] is None or row["initial_requirement"] is None
            else row["required"] - row["initial_requirement"],
            "own_difference": None
            if row["required"] is None or row["own_count"] is None
            else row["required"] - row["own_count"],
        }
        row |= prices(scenario, row)
        row["installations"] = None
        if row["scope"] == "estate" and counting.any_installed:
            row["installations"] = counting.installed(row["application_id"])
    return rows


def estate(scenario: Scenario) -> Iterator[dict[str, Any]]:
    metrics = {(row["applicationId"], row["id"]): row for row in scenario["application_metrics"]}
    counting = Counting(scenario)
    for row in scenario["license_compliance_summary"]:
        adjusted = [f"{label}: {row[name]}" for name, label in ADJUSTMENTS.items() if row.get(name)]
        key = row["applicationId"], row["metricId"]
        count_of, count = counting.of(metrics.get(key, {}))
        yield {
            "scope": "estate",
            "application_id": row["applicationId"],
            "metric_id": row["metricId"],
            "organization_id": None,
            **{name: row.get(field) for name, field in FROM_SUMMARY.items()},
            "adjusted_by": "; ".join(adjusted) or None,
            "own_count": count,
            "own_count_of": count_of,
        }


def organizations(scenario: Scenario) -> Iterator[dict[str, Any]]:
    entitled: dict[tuple[str, str, str], int | None] = {}
    for row in scenario["license_entitlements"]:
        key = row["applicationId"], row["metricId"], row["organizationId"]
        if row.get("quantity") is not None:
            entitled[key] = (entitled.get(key) or 0) + row["quantity"]
    for row in scenario["license_compliance_allocation"]:
        key = row["applicationId"], row["metricId"], row["organizationId"]
        yield {
            "scope": "organization",
            "application_id": row["applicationId"],
            "metric_id": row["metricId"],
            "organization_id": row["organizationId"],
            **dict.fromkeys(FROM_SUMMARY),
            "entitled": entitled.get(key),
            "covered": row.get("coverage"),
            "required": row.get("requirement"),
            "balance": row.get("compliance"),
            "adjusted_by": None,
            "own_count": None,
            "own_count_of": None,
        }


class Counting:
    """Counter of what a metric counts, in inventory and usage."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._computers = scenario.by_id("computers")
        self._found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in scenario["computer_applications"]:
            if self._computers.get(row["computerId"], {}).get("status") != "Quarantined":
                self._found[row["applicationId"]].append(row)
        self._used: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in scenario["computer_application_user_usage"]:
            self._used[row["applicationId"]].append(row)

    @property
    def any_installed(self) -> bool:
        """Return whether any installation was read."""
        return bool(self._scenario["computer_applications"])

    def installed(self, application: str) -> int:
        """Return the number of computers on which an application is installed."""
        return len({row["computerId"] for row in self._found[application] if row.get("isInstalled")})

    def of(self, metric: Mapping[str, Any]) -> tuple[str | None, int | None]:
        """Return what a metric counts, and the number."""
        what = COUNTED.get(metric.get("metricSetting") or "")
        source = "computer_application_user_usage" if what == "users with use" else "computer_applications"
        if what is None or not self._scenario[source]:
            return None, None
        start = self._start(metric)
        found = self._found[metric["applicationId"]]
        installed = {row["computerId"] for row in found if row.get("isInstalled")}
        if what == "devices":
            return what, len(installed)
        if what == "main users":
            users = {self._computers.get(each, {}).get("mostFrequentUser") for each in installed}
            return what, len(users - {None})
        if what == "devices with use":
            return what, len({row["computerId"] for row in found if _since(row.get("lastUsed"), start)})
        used = self._used[metric["applicationId"]]
        return what, len({row["userId"] for row in used if _since(row.get("lastUsedDate"), start)})

    def _start(self, metric: Mapping[str, Any]) -> date | None:
        kind, months = metric.get("metricSettingIntervalType"), metric.get("metricSettingInterval")
        if months is None or kind not in ("PeriodIncludingCurrentMonth", "PeriodExcludingCurrentMonth"):
            return None
        today = self._scenario.today
        month = today.year * 12 + today.month - 1 - months + (kind == "PeriodIncludingCurrentMonth")
        return date(month // 12, month % 12 + 1, 1)


def _since(moment: str | None, start: date | None) -> bool:
    return moment is not None and (start is None or date.fromisoformat(moment[:10]) >= start)


def prices(scenario: Scenario, row: Mapping[str, Any]) -> dict[str, Any]:
    application, metric = row["application_id"], row["metric_id"]
    bought = purchase_price(
        scenario,
        lambda each: each.get("applicationId") == application and each.get("metricId") == metric,
    )
    listed = list_price(scenario, application, lambda each: each["id"] == metric)
    price = bought or listed
    if bought:
        other = purchase_price(
            scenario,
            lambda each: each.get("applicationId") == application and each.get("metricId") != metric,
            bought.currency,
        )
        if other is None and listed is not None and listed.currency == bought.currency is not None:
            other = listed
    else:
        other = purchase_price(scenario, lambda each: each.get("applicationId") == application)
        if listed is None or other is None or other.currency != listed.currency or other.currency is None:
            other = None
    amounts: dict[str, Decimal | None] = {"exposure": None, "surplus_value": None}
    if price is not None and row["balance"] is not None:
        amounts = {
            "exposure": (row["under_licensed"] * price.amount).quantize(CENT, ROUND_HALF_UP),
            "surplus_value": (row["over_licensed"] * price.amount).quantize(CENT, ROUND_HALF_UP),
        }
    return {
        "unit_price": price.amount if price else None,
        "price_source": "purchases" if bought else "list price" if price else None,
        "price_currencies": bought.currencies if bought else 0,
        "currency": price.currency if price else None,
        **evidence(price, other),
        **amounts,
    }
