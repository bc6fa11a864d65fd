"""The mart `snow_atlas__reclaimable_software`: what nobody uses, compared with the sandbox's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dbt_tests.building import Built
from dbt_tests.comparing import difference
from dbt_tests.license_prices import list_price, purchase_price
from dbt_tests.scenarios import Scenario

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
    assert any(row["saving"] for row in rows)


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
        price, source, currency = price_of(scenario, application_id)
        in_suite = all(row.get("bundleApplicationId") and not row.get("unbundled") for row in found)
        frees = price is not None and not in_suite and reason != "use not recorded"
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
                "license_price": price,
                "price_source": source,
                "saving": price.quantize(CENT, ROUND_HALF_UP) if frees and price is not None else None,
                "currency": currency,
            }
        )
    return rows


def price_of(scenario: Scenario, application: str) -> tuple[Decimal | None, str | None, str | None]:
    """The price of a licence of an application, where it is from, and its currency."""
    bought = purchase_price(scenario, lambda row: row.get("applicationId") == application)
    if bought is not None:
        return bought.amount, "purchases", bought.currency
    listed = list_price(scenario, application, lambda row: bool(row.get("isDefault")))
    return (None, None, None) if listed is None else (listed.amount, "list price", listed.currency)


def day(moment: str) -> date:
    return date.fromisoformat(moment[:10])
