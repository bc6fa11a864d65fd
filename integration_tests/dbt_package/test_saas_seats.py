"""The mart `snow_atlas__saas_seats`: who holds which subscription, compared with the sandbox's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Scenario

KEY = ("application_id", "subscription_id", "user_id")
IDLE_DAYS = 30


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """Seats are taken from people by this table: a wrong day or name takes it from one who works with it."""
    assert difference(built["snow_atlas__saas_seats"], expected(built.scenario), KEY) == ""


def test_every_kind_is_there(company_built: Built, build_scenario: Callable[[str], Built]) -> None:
    """An empty mart would equal an empty computation."""
    seats = company_built["snow_atlas__saas_seats"]
    assert {row["activity"] for row in seats} == {"active", "idle", "never used", "not monitored"}
    assert {row["organization_id"] is None for row in seats} == {True, False}
    assert {row["activity"] for row in build_scenario("nulls")["snow_atlas__saas_seats"]} == {"unknown"}
    few = build_scenario("few_streams")["snow_atlas__saas_seats"]
    assert {row["cost_basis"] for row in few} == {"application average"}
    assert sum(row["organization_id"] is None for row in few) > sum(
        row["organization_id"] is None for row in seats
    )


def test_savings_are_those_that_snow_atlas_counts(company_built: Built) -> None:
    """With the threshold of Snow Atlas itself, what a user's seats would save is what the list of users
    says.
    """
    saved: dict[str, Decimal] = defaultdict(Decimal)
    for row in company_built["snow_atlas__saas_seats"]:
        if row["reported_status"] is not None:
            assert row["saving_per_month"] == row["reported_saving_per_month"]
        saved[row["user_id"]] += row["reported_saving_per_month"]
    users = company_built.scenario["saas_users"]
    assert any(user["potentialSavings"] for user in users)
    assert {user["id"]: saved[user["id"]] for user in users} == {
        user["id"]: Decimal(str(user["potentialSavings"])) for user in users
    }


def expected(scenario: Scenario) -> Iterator[dict[str, Any]]:
    paid = {(row["id"], row["userId"]): row for row in scenario["saas_user_subscriptions"]}
    stated = {(row["subscriptionId"], row["id"]): row for row in scenario["saas_subscription_users"]}
    applications, organizations = scenario.by_id("saas_applications"), organizations_by_address(scenario)
    users, listed = scenario.by_id("saas_users"), applications_by_subscription(scenario)
    sold = {row["id"]: row for row in scenario["saas_user_subscriptions"]}
    for subscription, user in paid.keys() | stated.keys():
        price, state = paid.get((subscription, user), {}), stated.get((subscription, user), {})
        offer, person = sold.get(subscription, {}), users.get(user, {})
        among = listed.get(subscription, set())
        application_id = price.get("applicationId") or (next(iter(among)) if len(among) == 1 else None)
        application = applications.get(application_id, {})
        email = person.get("email") or state.get("email")
        last = last_active(price, state)
        activity = activity_of(state.get("status"), last, scenario.today, price)
        cost, basis = cost_of(price, application)
        saving = None if cost is None else cost if activity in ("idle", "never used") else 0
        currency = scenario.saas_currency
        yield {
            "application_id": application_id,
            "application_name": application.get("name", offer.get("applicationName")),
            "vendor": application.get("vendor", offer.get("vendor")),
            "subscription_id": subscription,
            "subscription_name": offer.get("name"),
            "user_id": user,
            "department": person.get("department", state.get("department")),
            "country": person.get("country", state.get("country")),
            "organization_id": organizations.get(email.lower()) if email else None,
            "is_account_enabled": person.get("isEnabled", state.get("isEnabled")),
            "employment_status": state.get("employmentStatus"),
            "assigned_since": day(price.get("firstDiscovered")),
            "last_active_on": last,
            "days_idle": None if last is None else (scenario.today - last).days,
            "activity": activity,
            "is_unused": activity in ("idle", "never used"),
            "reported_status": state.get("status"),
            "cost_per_month": scenario.money(cost, currency)[0],
            "cost_basis": basis,
            "saving_per_month": scenario.money(saving, currency)[0],
            "reported_saving_per_month": scenario.money(price.get("potentialSavings"), currency)[0],
            "currency": scenario.money(None, currency)[1],
        }


def last_active(price: dict[str, Any], state: dict[str, Any]) -> date | None:
    if state.get("status") == "No activity":
        return None
    return day(state.get("lastActive") or price.get("lastActivity"))


def activity_of(status: str | None, last: date | None, today: date, price: dict[str, Any]) -> str:
    if status in ("Not monitored", "No activity"):
        return "not monitored" if status == "Not monitored" else "never used"
    if last is None:
        saved = status is None and (price.get("potentialSavings") or 0) > 0
        named = {"Active": "active", "Inactive": "idle"}
        return "never used" if saved else named.get(status or "", "unknown")
    return "idle" if (today - last).days > IDLE_DAYS else "active"


def cost_of(price: dict[str, Any], application: dict[str, Any]) -> tuple[Decimal | None, str | None]:
    if price.get("totalCostPerMonth") is not None:
        return Decimal(str(price["totalCostPerMonth"])), "subscription"
    if application.get("yearlyCost") is None or not application.get("purchased"):
        return None, None
    average = Decimal(str(application["yearlyCost"])) / (12 * application["purchased"])
    six = average.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return six.quantize(Decimal("0.01"), ROUND_HALF_UP), "application average"


def applications_by_subscription(scenario: Scenario) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for application in scenario["saas_applications"]:
        for each in application.get("licenses") or []:
            found[each["id"]].add(application["id"])
    return found


def organizations_by_address(scenario: Scenario) -> dict[str, str]:
    """Return the organization of each mail address that has only one."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in scenario["user_account_details"]:
        if row.get("email") and row.get("organizationId"):
            found[row["email"].lower()].add(row["organizationId"])
    return {address: next(iter(ids)) for address, ids in found.items() if len(ids) == 1}


def day(moment: str | None) -> date | None:
    return date.fromisoformat(moment[:10]) if moment else None
