"""Compute the price of a licence from the sandbox's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integration_tests.dbt_package.scenarios import Scenario

Condition = Callable[[Mapping[str, Any]], bool]
PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Price:
    """Price of one licence, the number of currencies it was bought in, and its evidence."""

    amount: Decimal
    currency: str | None
    currencies: int
    purchases: int = 0
    licenses: int = 0
    last_bought_on: date | None = None


def is_weak(price: Price | None, other: Price | None) -> bool:
    """Return whether a price is ten times or a tenth of another, and has fewer than ten licences, or
    fewer than the other.
    """
    if price is None or other is None or other.amount <= 0:
        return False
    if other.amount / 10 < price.amount < other.amount * 10:
        return False
    return price.licenses < 10 or price.licenses < other.licenses


def evidence(price: Price | None, other: Price | None) -> dict[str, Any]:
    """Return the columns with the evidence of a price."""
    bought = price if price is not None and price.purchases else None
    return {
        "price_purchases": bought.purchases if bought else 0,
        "price_licenses": bought.licenses if bought else 0,
        "price_last_bought_on": bought.last_bought_on if bought else None,
        "other_price": other.amount if other else None,
        "is_weak_price": is_weak(price, other),
    }


def purchase_price(scenario: Scenario, concerns: Condition, currency: str | None = "*") -> Price | None:
    """Return the mean price in a currency; by default in that of most licences, a known one first."""
    found: dict[str | None, list[tuple[Decimal, Mapping[str, Any]]]] = defaultdict(list)
    for row in scenario["licenses"]:
        amount, code = scenario.money(row.get("purchaseValue"), row.get("purchaseCurrency"))
        if concerns(row) and row.get("status") != "Archived" and amount is not None and row.get("quantity"):
            found[code].append((amount, row))
    licenses = {code: sum(row["quantity"] for _, row in rows) for code, rows in found.items()}
    if currency != "*":
        chosen = currency
    else:
        chosen = min(found, key=lambda code: (code is None, -licenses[code], code or ""), default=None)
    if chosen not in found:
        return None
    rows = found[chosen]
    mean = (sum((amount for amount, _ in rows), Decimal(0)) / licenses[chosen]).quantize(
        PLACES, ROUND_HALF_UP
    )
    days = [date.fromisoformat(row["purchaseDate"][:10]) for _, row in rows if row.get("purchaseDate")]
    return Price(
        mean, chosen, len(found) - (None in found), len(rows), licenses[chosen], max(days, default=None)
    )


def list_price(scenario: Scenario, application: str, concerns: Condition) -> Price | None:
    """Return the registry's cost for the metric of an application; for the first of several."""
    metrics = [
        row
        for row in scenario["application_metrics"]
        if row["applicationId"] == application and row.get("licenseCost") is not None and concerns(row)
    ]
    if not metrics:
        return None
    first = min(metrics, key=lambda row: str(row["id"]))
    amount, currency = scenario.money(first["licenseCost"], first.get("licenseCostCurrency"))
    assert amount is not None
    return Price(amount, currency, 0)
