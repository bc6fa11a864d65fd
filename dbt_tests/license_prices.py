"""What one licence costs, computed from the sandbox's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dbt_tests.scenarios import Scenario

Condition = Callable[[Mapping[str, Any]], bool]
PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Price:
    """The price of one licence; `currencies` is how many it was bought in."""

    amount: Decimal
    currency: str | None
    currencies: int


def purchase_price(scenario: Scenario, concerns: Condition) -> Price | None:
    """The mean price in the currency in which most licences were bought, a known one first."""
    amounts: dict[str | None, Decimal] = defaultdict(Decimal)
    quantities: dict[str | None, int] = defaultdict(int)
    for row in scenario["licenses"]:
        amount, currency = scenario.money(row.get("purchaseValue"), row.get("purchaseCurrency"))
        if concerns(row) and row.get("status") != "Archived" and amount is not None and row.get("quantity"):
            amounts[currency] += amount
            quantities[currency] += row["quantity"]
    if not amounts:
        return None
    chosen = min(amounts, key=lambda code: (code is None, -quantities[code], code or ""))
    mean = (amounts[chosen] / quantities[chosen]).quantize(PLACES, ROUND_HALF_UP)
    return Price(mean, chosen, len(amounts) - (None in amounts))


def list_price(scenario: Scenario, application: str, concerns: Condition) -> Price | None:
    """The cost that the registry has for the metric of an application; for the first one of several."""
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
