"""The mart `snow_atlas__saas_spend`: what each SaaS application costs, compared with the sandbox's rows and
with the API's own key figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Scenario
from integration_tests.dbt_package.test_saas_seats import expected as expected_seats

KEY = ("application_id", "month")
KINDS = {"active": "active_seats", "idle": "idle_seats", "never used": "never_used_seats"}
COUNTS = (*KINDS.values(), "other_seats")


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """The largest bill for software that many companies have, and the one that nobody checks."""
    assert difference(built["snow_atlas__saas_spend"], expected(built.scenario), KEY) == ""


def test_it_agrees_with_the_key_figures_of_each_application(company_built: Built) -> None:
    """What Snow Atlas shows for an application, today and 30 days ago."""
    rows = {
        (row["application_id"], row["is_current"]): row for row in company_built["snow_atlas__saas_spend"]
    }
    reported = company_built.scenario["saas_application_kpis"]
    assert len(rows) == 2 * len(reported) > 50
    for figures in reported:
        for moment, is_current in (("valueCurrent", True), ("value30DaysAgo", False)):
            row = rows[figures["id"], is_current]
            assert row["cost"] == Decimal(str(figures["monthlyCost"][moment]))
            assert row["seats"] == figures["subscriptions"][moment]
            assert row["unassigned_seats"] == figures["unassignedSubscriptions"][moment]
            assert row["users"] == figures["totalUsers"][moment]


def test_it_agrees_with_the_key_figures_of_all_applications(company_built: Built) -> None:
    """How many applications there are, how many of them unapproved, and how many in each AI category."""
    (figures,) = [
        row for row in company_built.scenario["saas_applications_kpi"] if row["fromDate"] == "2026-11-01"
    ]
    rows = [row for row in company_built["snow_atlas__saas_spend"] if row["is_current"]]
    assert len(rows) == figures["totalApplications"]
    unsanctioned = [row for row in rows if row["is_sanctioned"] is False]
    assert len(unsanctioned) == figures["unsanctioned"] > 0
    for name, some in (("aiAppCategories", rows), ("aiAppCategoriesUnsanctioned", unsanctioned)):
        wanted = {each["name"]: each["total"] for each in figures[name]}
        assert Counter(row["ai_category"] for row in some if row["ai_category"]) == Counter(
            {category: total for category, total in wanted.items() if category}
        )


def test_what_is_unused_is_what_the_list_of_users_says(company_built: Built) -> None:
    """The savings of all applications are those of all users, but for seats whose state could not be read."""
    saved = sum(row["cost_of_unused"] for row in company_built["snow_atlas__saas_spend"] if row["is_current"])
    unstated = sum(
        row["saving_per_month"] - row["reported_saving_per_month"]
        for row in company_built["snow_atlas__saas_seats"]
        if row["reported_status"] is None
    )
    users = company_built.scenario["saas_users"]
    assert saved - unstated == sum(Decimal(str(user["potentialSavings"])) for user in users) > 0


def expected(scenario: Scenario) -> Iterator[dict[str, Any]]:
    reported = scenario.by_id("saas_application_kpis")
    seats: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for seat in expected_seats(scenario):
        seats[seat["application_id"]].append(seat)
    for application in scenario["saas_applications"]:
        figures = reported.get(application["id"], {})
        described = description(application)
        yield {**described, **current(scenario, application, figures, seats.get(application["id"], []))}
        if "monthlyCost" in figures:
            yield {**described, **before(scenario, figures)}


def description(application: dict[str, Any]) -> dict[str, Any]:
    found = application.get("discoveryDate")
    return {
        "application_id": application["id"],
        "application_name": application.get("name"),
        "vendor": application.get("vendor"),
        "category": application.get("categoryName"),
        "is_sanctioned": application.get("sanctioned"),
        "has_single_sign_on": application.get("singleSignOn"),
        "risk_score": application.get("riskScore"),
        "ai_category": application.get("aiCategory"),
        "ai_subcategory": application.get("aiSubcategory"),
        "discovered_on": date.fromisoformat(found) if found else None,
    }


def current(
    scenario: Scenario, application: dict[str, Any], figures: dict[str, Any], seats: list[dict[str, Any]]
) -> dict[str, Any]:
    cost, basis = cost_of(application, figures)
    converted, currency = scenario.money(cost, scenario.saas_currency)
    return {
        "month": scenario.today.replace(day=1),
        "as_of": scenario.today,
        "is_current": True,
        "cost": converted,
        "cost_basis": basis,
        "seats": now(figures, "subscriptions", application.get("purchased")),
        "assigned_seats": application.get("assigned"),
        "unassigned_seats": now(figures, "unassignedSubscriptions", application.get("available")),
        "users": now(figures, "totalUsers", application.get("totalUniqueUsers")),
        "reported_active": application.get("active"),
        "reported_inactive": application.get("inactive"),
        **(used(converted, seats) if seats or application.get("assigned") == 0 else unread()),
        "currency": currency,
    }


def before(scenario: Scenario, figures: dict[str, Any]) -> dict[str, Any]:
    day = scenario.today - timedelta(days=30)
    cost, currency = scenario.money(figures["monthlyCost"]["value30DaysAgo"], scenario.saas_currency)
    return {
        "month": day.replace(day=1),
        "as_of": day,
        "is_current": False,
        "cost": cost,
        "cost_basis": "key figure",
        "seats": figures["subscriptions"]["value30DaysAgo"],
        "assigned_seats": None,
        "unassigned_seats": figures["unassignedSubscriptions"]["value30DaysAgo"],
        "users": figures["totalUsers"]["value30DaysAgo"],
        "reported_active": None,
        "reported_inactive": None,
        **unread(),
        "currency": currency,
    }


def now(figures: dict[str, Any], name: str, otherwise: Any) -> Any:
    return figures[name]["valueCurrent"] if name in figures else otherwise


def cost_of(application: dict[str, Any], figures: dict[str, Any]) -> tuple[Decimal | None, str | None]:
    if "monthlyCost" in figures:
        return Decimal(str(figures["monthlyCost"]["valueCurrent"])), "key figure"
    if application.get("yearlyCost") is None:
        return None, None
    month = (Decimal(str(application["yearlyCost"])) / 12).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return month.quantize(Decimal("0.01"), ROUND_HALF_UP), "yearly cost"


def used(cost: Decimal | None, seats: list[dict[str, Any]]) -> dict[str, Any]:
    counts = Counter(KINDS.get(seat["activity"], "other_seats") for seat in seats)
    unused = [seat["cost_per_month"] for seat in seats if seat["is_unused"]]
    prices = [seat["cost_per_month"] for seat in seats]
    left = None if cost is None or None in prices else max(cost - sum(prices), Decimal(0))
    return {
        **{name: counts[name] for name in COUNTS},
        "cost_of_unused": None if None in unused else sum(unused, Decimal(0)),
        "cost_of_unassigned": left,
    }


def unread() -> dict[str, Any]:
    return dict.fromkeys((*COUNTS, "cost_of_unused", "cost_of_unassigned"))
