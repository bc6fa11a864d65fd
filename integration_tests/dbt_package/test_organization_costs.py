"""The mart `snow_atlas__organization_costs`: what each organization costs, up the tree, compared with the
sandbox's rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Scenario
from integration_tests.dbt_package.test_saas_seats import expected as expected_seats
from integration_tests.dbt_package.test_saas_spend import expected as expected_spend

KEY = ("allocation", "organization_id", "month", "currency")
KINDS = ("hardware", "license", "maintenance", "saas")

Cost = tuple[str, str | None, date | None, str | None, Decimal]
"""Kind, organization, month, currency and amount."""


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """Costs are charged to people by this table."""
    assert difference(built["snow_atlas__organization_costs"], expected(built.scenario), KEY) == ""


def test_every_kind_is_there(company_built: Built) -> None:
    """An empty mart would equal an empty computation."""
    rows = company_built["snow_atlas__organization_costs"]
    for kind in KINDS:
        assert any(row[f"{kind}_cost"] > 0 for row in rows)
        assert any(row[f"{kind}_cost_with_below"] > row[f"{kind}_cost"] > 0 for row in rows)
    assert {row["allocation"] for row in rows} == {"organization", "no organization"}
    assert len({row["currency"] for row in rows}) > 2


@pytest.mark.parametrize("name", ["company", "two_currencies", "rates", "no_organization", "few_streams"])
def test_nothing_is_lost_or_counted_twice(name: str, build_scenario: Callable[[str], Built]) -> None:
    """What all organizations cost themselves is what was paid, in each currency."""
    built = build_scenario(name)
    shown: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
    for row in built["snow_atlas__organization_costs"]:
        for kind in KINDS:
            shown[kind, row["currency"]] += row[f"{kind}_cost"]
    paid: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
    for kind, amount, currency in payments(built.scenario):
        converted, code = built.scenario.money(amount, currency)
        paid[kind, code] += converted or 0
    for row in built["snow_atlas__saas_spend"]:
        paid["saas", row["currency"]] += row["cost"] if row["is_current"] else 0
    assert {key: total for key, total in shown.items() if total} == {
        key: total for key, total in paid.items() if total
    }


def payments(scenario: Scenario) -> Iterator[tuple[str, Any, str | None]]:
    """Yield each payment as its own stream has it."""
    costs, details = scenario.by_id("computer_costs", "computerId"), scenario.by_id("computer_details")
    for computer in costs.keys() | details.keys():
        cost, detail = costs.get(computer, {}), details.get(computer, {})
        if cost.get("purchasePrice") is not None:
            yield "hardware", cost["purchasePrice"], cost.get("purchaseCurrency")
        else:
            yield "hardware", detail.get("purchaseValue"), detail.get("purchaseCurrency")
    shares = {row["licenseId"]: row for row in scenario["license_costs"]}
    for row in scenario["license_costs"]:
        yield "license", row.get("licensePurchaseCost"), row.get("currency")
    for row in scenario["licenses"]:
        if row["id"] not in shares:
            yield "license", row.get("purchaseValue"), row.get("purchaseCurrency")
    for row in scenario["license_maintenance_periods"]:
        for name in ("maintenanceCost", "supportCost"):
            yield "maintenance", row.get(name), row.get("purchaseCurrency")


def expected(scenario: Scenario) -> Iterator[dict[str, Any]]:
    organizations = scenario.by_id("organizations")
    own: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    below: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for kind, organization, month, currency, amount in costs(scenario):
        own[organization, month, currency, kind] += amount
        for each in lineage(organizations, organization):
            below[each, month, currency, kind] += amount
    for organization, month, currency in {key[:3] for key in below}:
        row = organizations.get(organization, {})
        mine = {f"{kind}_cost": own[organization, month, currency, kind] for kind in KINDS}
        rolled = {f"{kind}_cost_with_below": below[organization, month, currency, kind] for kind in KINDS}
        path = path_of(organizations, organization)
        yield {
            "allocation": "no organization"
            if organization is None
            else "organization"
            if row
            else "unknown organization",
            "organization_id": organization,
            "organization_name": row.get("name"),
            "organization_path": " > ".join(path) if path else None,
            "organization_level": len(path) - 1 if path else None,
            "parent_organization_id": row["parentId"] if row.get("parentId") in organizations else None,
            "external_id": row.get("externalId"),
            "is_legal": row.get("isLegal"),
            "month": month,
            **mine,
            "total_cost": sum(mine.values()),
            **rolled,
            "total_cost_with_below": sum(rolled.values()),
            "currency": currency,
        }


def lineage(organizations: dict[Any, Any], organization: str | None) -> list[str | None]:
    """Yield an organization and its ancestors, each once, even in a circle."""
    found = [organization]
    while (parent := organizations.get(found[-1], {}).get("parentId")) in organizations:
        if parent in found:
            break
        found.append(parent)
    return found


def path_of(organizations: dict[Any, Any], organization: str | None) -> list[str]:
    """Return names from the top down; none outside of the tree, or in a circle."""
    chain = lineage(organizations, organization)
    top = organizations.get(chain[-1])
    if top is None or top.get("parentId") in organizations:
        return []
    return [organizations[each].get("name") or each for each in reversed(chain)]


def costs(scenario: Scenario) -> Iterator[Cost]:
    for organization, moment, currency, amount in maintenance(scenario):
        yield "maintenance", organization, first_of_month(moment), currency, amount
    for kind, organization, moment, currency, amount in [*hardware(scenario), *license_purchases(scenario)]:
        converted, code = scenario.money(amount, currency)
        if converted is not None:
            yield kind, organization, first_of_month(moment), code, converted
    yield from saas(scenario)


def first_of_month(moment: str | None) -> date | None:
    return date.fromisoformat(f"{moment[:7]}-01") if moment else None


def hardware(scenario: Scenario) -> Iterator[tuple[str, Any, Any, Any, Any]]:
    paid, details = scenario.by_id("computer_costs", "computerId"), scenario.by_id("computer_details")
    computers = scenario.by_id("computers")
    for computer in paid.keys() | details.keys():
        cost, detail = paid.get(computer, {}), details.get(computer, {})
        organization = computers.get(computer, {}).get("organizationId") or detail.get("organizationId")
        row, name = (
            (cost, "purchasePrice") if cost.get("purchasePrice") is not None else (detail, "purchaseValue")
        )
        yield "hardware", organization, row.get("purchaseDate"), row.get("purchaseCurrency"), row.get(name)


def shares_of(scenario: Scenario) -> dict[str, list[dict[str, Any]]]:
    shares: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(scenario["license_costs"], key=lambda each: each.get("organizationId") or ""):
        shares[row["licenseId"]].append(row)
    return shares


def license_purchases(scenario: Scenario) -> Iterator[tuple[str, Any, Any, Any, Any]]:
    shares = shares_of(scenario)
    for row in scenario["licenses"]:
        parts = [each for each in shares[row["id"]] if each.get("licensePurchaseCost") is not None]
        moment, currency = row.get("purchaseDate"), row.get("purchaseCurrency")
        if not parts:
            yield "license", row.get("organizationId"), moment, currency, row.get("purchaseValue")
        for part in parts:
            paid = part["licensePurchaseCost"]
            yield "license", part["organizationId"], moment, part.get("currency") or currency, paid


def maintenance(scenario: Scenario) -> Iterator[tuple[Any, Any, Any, Decimal]]:
    """Yield shares by number of licences, to the cent; the last one has the rounding difference."""
    shares, licenses = shares_of(scenario), scenario.by_id("licenses")
    for row in scenario["license_maintenance_periods"]:
        amounts = [row[name] for name in ("maintenanceCost", "supportCost") if row.get(name) is not None]
        paid = sum(Decimal(str(each)) for each in amounts) if amounts else None
        amount, currency = scenario.money(paid, row.get("purchaseCurrency"))
        if amount is None:
            continue
        parts = [each for each in shares[row["licenseId"]] if (each.get("licenseQuantity") or 0) > 0]
        if not parts:
            owner = licenses.get(row["licenseId"], {}).get("organizationId")
            yield owner, row.get("validFrom"), currency, amount
        whole, so_far, given = sum(part["licenseQuantity"] for part in parts), 0, Decimal(0)
        for part in parts:
            so_far += part["licenseQuantity"]
            upto = amount if so_far == whole else cents(amount * so_far / whole)
            yield part["organizationId"], row.get("validFrom"), currency, upto - given
            given = upto


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.000001"), ROUND_HALF_UP).quantize(Decimal("0.01"), ROUND_HALF_UP)


def saas(scenario: Scenario) -> Iterator[Cost]:
    """Yield seats by the organization of their user, and without one the other costs of applications."""
    month = scenario.today.replace(day=1)
    seats: dict[str | None, Decimal] = defaultdict(Decimal)
    for seat in expected_seats(scenario):
        if seat["cost_per_month"] is not None:
            seats[seat["application_id"]] += seat["cost_per_month"]
            yield "saas", seat["organization_id"], month, seat["currency"], seat["cost_per_month"]
    for row in expected_spend(scenario):
        if row["is_current"] and row["cost"] is not None:
            yield "saas", None, month, row["currency"], row["cost"] - seats[row["application_id"]]
