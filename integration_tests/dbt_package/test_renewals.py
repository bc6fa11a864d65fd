"""The mart `snow_atlas__renewals`: each period that ends, compared with the sandbox's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Scenario

KEY = ("kind", "source_id", "period_number")


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """A renewal missed costs a year; one shown with a wrong end or amount costs trust in all of them."""
    assert difference(built["snow_atlas__renewals"], expected(built.scenario), KEY) == ""


def test_every_kind_is_there(company_built: Built) -> None:
    """An empty mart would equal an empty computation."""
    kinds = {row["kind"] for row in company_built["snow_atlas__renewals"]}
    assert kinds == {"agreement", "contract", "maintenance", "licence subscription", "saas subscription"}
    assert {row["status"] for row in company_built["snow_atlas__renewals"]} == {
        "ended",
        "running",
        "upcoming",
    }


def expected(scenario: Scenario) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for period in [*papers(scenario), *maintenance(scenario), *subscriptions(scenario), *saas(scenario)]:
        groups[period["kind"], period["source_id"]].append(period)
    return [row for periods in groups.values() for row in finished(periods, scenario)]


def finished(periods: list[dict[str, Any]], scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Return the rows of one source's periods."""
    ordered = sorted(
        periods,
        key=lambda each: (
            each["starts_on"] or date.max,
            each["ends_on"] or date.max,
            each["amount"] if each["amount"] is not None else Decimal("Infinity"),
        ),
    )
    for number, period in enumerate(ordered, start=1):
        starts, ends, days = period["starts_on"], period["ends_on"], period["notice_days"]
        amount, currency = scenario.money(period["amount"], period["currency"])
        later = any(each["ends_on"] is None or each["ends_on"] > ends for each in periods) if ends else None
        yield {
            **period,
            "period_number": number,
            "notice_on": None if ends is None or days is None else ends - timedelta(days=days),
            "days_left": None if ends is None else (ends - scenario.today).days,
            "status": "ended"
            if ends is not None and ends < scenario.today
            else "upcoming"
            if starts is not None and starts > scenario.today
            else "running",
            "is_renewed": later if period["kind"] in ("agreement", "contract", "maintenance") else None,
            "amount": amount,
            "currency": currency,
        }


def papers(scenario: Scenario) -> Iterator[dict[str, Any]]:
    for kind in ("agreement", "contract"):
        listed, detailed = scenario.by_id(f"{kind}s"), scenario.by_id(f"{kind}_details")
        for row in scenario[f"{kind}_periods"]:
            details = detailed.get(row["id"], {})
            yield period(
                kind,
                row["id"],
                row.get("validFrom"),
                row.get("validTo"),
                name=listed.get(row["id"], {}).get("name"),
                supplier=details.get("manufacturerName"),
                notice_days=details.get("renewalDays"),
            )


def maintenance(scenario: Scenario) -> Iterator[dict[str, Any]]:
    for row in scenario["license_maintenance_periods"]:
        license_row = scenario.by_id("licenses").get(row.get("licenseId"), {})
        costs = [row[name] for name in ("maintenanceCost", "supportCost") if row.get(name) is not None]
        if license_row.get("status") != "Archived":
            yield period(
                "maintenance",
                row.get("licenseId"),
                row.get("validFrom"),
                row.get("validTo"),
                amount=sum(Decimal(str(cost)) for cost in costs) if costs else None,
                currency=row.get("purchaseCurrency"),
                **of_license(scenario, license_row),
            )


def subscriptions(scenario: Scenario) -> Iterator[dict[str, Any]]:
    for row in scenario["licenses"]:
        starts, ends = row.get("subscriptionValidFrom"), row.get("subscriptionValidTo")
        if row.get("isSubscription") and (starts or ends) and row.get("status") != "Archived":
            yield period(
                "licence subscription",
                row["id"],
                starts,
                ends,
                amount=row.get("purchaseValue"),
                currency=row.get("purchaseCurrency"),
                **of_license(scenario, row),
            )


def saas(scenario: Scenario) -> Iterator[dict[str, Any]]:
    for row in scenario["saas_servicenow_subscriptions"]:
        price, seats = row.get("costPerUnit"), row.get("purchased")
        yield period(
            "saas subscription",
            row["id"],
            row.get("startDate"),
            row.get("expirationDate"),
            name=row.get("name"),
            supplier=row.get("vendor"),
            amount=None if price is None or seats is None else Decimal(str(price)) * seats,
            currency=row.get("currency"),
        )


def of_license(scenario: Scenario, row: dict[str, Any]) -> dict[str, Any]:
    application = row.get("applicationId")
    return {
        "name": scenario.by_id("applications").get(application, {}).get("name"),
        "supplier": row.get("vendor"),
        "organization_id": row.get("organizationId"),
        "application_id": application,
    }


def period(
    kind: str, source: str | None, starts: str | None, ends: str | None, **more: Any
) -> dict[str, Any]:
    return {
        "kind": kind,
        "source_id": source,
        "name": None,
        "supplier": None,
        "organization_id": None,
        "application_id": None,
        "starts_on": date.fromisoformat(starts[:10]) if starts else None,
        "ends_on": date.fromisoformat(ends[:10]) if ends else None,
        "notice_days": None,
        "amount": None,
        "currency": None,
        **more,
    }
