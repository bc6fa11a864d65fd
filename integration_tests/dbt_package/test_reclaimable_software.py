"""The mart `snow_atlas__reclaimable_software`: what nobody uses, compared with the sandbox's rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.license_prices import Price, evidence, list_price, purchase_price
from integration_tests.dbt_package.scenarios import Scenario

KEY = ("computer_id", "application_id")
UNUSED, NEVER_USED = 90, 90
CENT = Decimal("0.01")


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """Software that is in use and shown as reclaimable is taken from somebody who needs it."""
    assert difference(built["snow_atlas__reclaimable_software"], expected(built.scenario), KEY) == ""


def test_every_reason_is_there(company_built: Built) -> None:
    """An empty mart would equal an empty computation."""
    rows = company_built["snow_atlas__reclaimable_software"]
    assert {row["reason"] for row in rows} == {"unused", "never used", "use not recorded"}
    assert {row["price_source"] for row in rows} == {"purchases", "list price", None}
    assert {row["is_in_suite"] for row in rows} == {True, False}
    assert any(row["shortfall_lowered"] for row in rows)


def test_every_effect_is_there(build_scenario: Callable[[str], Built]) -> None:
    """A rule that no row falls under is not compared."""
    rows = [
        row
        for name in ("company", "plausible")
        for row in build_scenario(name)["snow_atlas__reclaimable_software"]
    ]
    assert {row["effect"] for row in rows} >= {
        "frees a licence",
        "lowers the shortfall",
        "no licence owned",
        "part of a suite",
        "use not recorded",
    }
    assert any(row["saving"] for row in rows)


def test_no_application_frees_more_licences_than_are_owned_of_it(built: Built) -> None:
    """A saving of licences that nobody has is found out in the first meeting."""
    freed: Counter[str] = Counter()
    owned: dict[str, int] = {}
    for row in built["snow_atlas__reclaimable_software"]:
        freed[row["application_id"]] += row["effect"] == "frees a licence"
        owned[row["application_id"]] = row["licenses_owned"]
    assert [each for each, number in freed.items() if number > owned[each]] == []


def expected(scenario: Scenario) -> list[dict[str, Any]]:
    computers, applications = scenario.by_id("computers"), scenario.by_id("applications")
    installed: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    used_somewhere = set()
    for row in scenario["computer_applications"]:
        installed[row["computerId"], row["applicationId"]].append(row)
        if row.get("lastUsed"):
            used_somewhere.add(row["applicationId"])
    rows = []
    for (computer_id, application_id), found in installed.items():
        computer, application = computers.get(computer_id, {}), applications.get(application_id, {})
        if computer.get("status") in ("Inactive", "Quarantined"):
            continue
        if application.get("isOs") or application.get("isNoLicenseRequired"):
            continue
        if not any(row.get("isInstalled") for row in found):
            continue
        used = max((day(row["lastUsed"]) for row in found if row.get("lastUsed")), default=None)
        discovered = min(
            (day(row["firstDiscovered"]) for row in found if row.get("firstDiscovered")), default=None
        )
        if used is None and discovered is None:
            continue
        days = (scenario.today - (used or discovered)).days
        if days <= (NEVER_USED if used is None else UNUSED):
            continue
        if used is not None:
            reason = "unused"
        else:
            reason = "never used" if application_id in used_somewhere else "use not recorded"
        price, other = prices_of(scenario, application_id)
        in_suite = all(row.get("bundleApplicationId") and not row.get("unbundled") for row in found)
        rows.append(
            {
                "computer_id": computer_id,
                "application_id": application_id,
                "computer_name": computer.get("hostName"),
                "organization_id": computer.get("organizationId"),
                "application_name": application.get("name"),
                "manufacturer": application.get("manufacturer"),
                "is_in_suite": in_suite,
                "discovered_on": discovered,
                "last_used_on": used,
                "days_unused": days,
                "reason": reason,
                "licenses_owned": owned(scenario, application_id),
                "licenses_short": short(scenario, application_id),
                "license_price": price.amount if price else None,
                "price_source": None if price is None else "purchases" if price.purchases else "list price",
                "currency": price.currency if price else None,
                **evidence(price, other),
            }
        )
    valued(rows)
    return rows


def valued(rows: list[dict[str, Any]]) -> None:
    """Value the removal of each installation, the longest unused first, until no licence is left."""
    taken: Counter[str] = Counter()
    for row in sorted(
        rows, key=lambda each: (each["last_used_on"] or each["discovered_on"], each["computer_id"])
    ):
        application = row["application_id"]
        if row["is_in_suite"]:
            row["effect"] = "part of a suite"
        elif row["reason"] == "use not recorded":
            row["effect"] = "use not recorded"
        elif taken[application] < row["licenses_short"]:
            row["effect"] = "lowers the shortfall"
        elif taken[application] < row["licenses_short"] + row["licenses_owned"]:
            row["effect"] = "frees a licence"
        else:
            row["effect"] = "beyond the licences owned" if row["licenses_owned"] else "no licence owned"
        taken[application] += row["effect"] in ("lowers the shortfall", "frees a licence")
        price = None if row["license_price"] is None else row["license_price"].quantize(CENT, ROUND_HALF_UP)
        row["saving"] = price if row["effect"] == "frees a licence" else None
        row["shortfall_lowered"] = price if row["effect"] == "lowers the shortfall" else None


def owned(scenario: Scenario, application: str) -> int:
    """Return licences by Snow Atlas' count, else those recorded: all, or those with a yearly cost."""
    counted = [row for row in scenario["license_compliance_summary"] if row["applicationId"] == application]
    available = sum(max(row.get("availableLicenses") or 0, 0) for row in counted)
    if available:
        return available
    return sum(
        row["quantity"]
        for row in scenario["licenses"]
        if row.get("applicationId") == application
        and row.get("status") != "Archived"
        and not row.get("isIncomplete")
        and (row.get("quantity") or 0) > 0
        and not (row.get("isSubscription") and has_ended(scenario, row.get("subscriptionValidTo")))
        and (not counted or row.get("isSubscription") or yearly_cost(row))
    )


def yearly_cost(row: Mapping[str, Any]) -> bool:
    return any((row.get(name) or 0) > 0 for name in ("activeMaintenanceCost", "activeSupportCost"))


def has_ended(scenario: Scenario, moment: str | None) -> bool:
    return moment is not None and day(moment) < scenario.today


def short(scenario: Scenario, application: str) -> int:
    return sum(
        max(-(row.get("compliance") or 0), 0)
        for row in scenario["license_compliance_summary"]
        if row["applicationId"] == application
    )


def prices_of(scenario: Scenario, application: str) -> tuple[Price | None, Price | None]:
    """Return the price of an application's licence, and the list price to compare it with."""
    bought = purchase_price(scenario, lambda row: row.get("applicationId") == application)
    listed = list_price(scenario, application, lambda row: bool(row.get("isDefault")))
    if bought is None:
        return listed, None
    alike = listed is not None and listed.currency == bought.currency is not None
    return bought, cheapest_metric(scenario, application, bought.currency) or (listed if alike else None)


def cheapest_metric(scenario: Scenario, application: str, currency: str | None) -> Price | None:
    """Return the lowest price of an application's metrics, if there are several."""
    metrics = {row.get("metricId") for row in scenario["licenses"] if row.get("applicationId") == application}
    prices = [
        purchase_price(
            scenario,
            lambda row, metric=metric: (
                row.get("applicationId") == application and row.get("metricId") == metric
            ),
        )
        for metric in metrics
    ]
    alike = [price for price in prices if price is not None and price.currency == currency is not None]
    if len(alike) < 2:
        return None
    return Price(min(price.amount for price in alike), currency, 0)


def day(moment: str) -> date:
    return date.fromisoformat(moment[:10])
