"""The mart `snow_atlas__hardware_refresh`: each computer's age, support, owner and scan, compared with the
sandbox's rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Scenario

KEY = ("computer_id",)
YEAR = timedelta(days=365)


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """A wrong score has good machines replaced, or bad ones kept, at a thousand a piece."""
    assert difference(built["snow_atlas__hardware_refresh"], expected(built.scenario), KEY) == ""


def test_every_situation_is_there(company_built: Built) -> None:
    """A part that never gives points would equal a computation in which it never does."""
    mart = company_built["snow_atlas__hardware_refresh"]
    seen = {column: {row[column] for row in mart} for column in mart[0]}
    assert seen["kind"] == {"virtual desktop", "virtual machine", "server", "portable", "desktop"}
    assert seen["advice"] == {"replace", "plan", "keep", None}
    assert seen["owner_status"] == {"active", "gone", "nobody", "not expected"}
    assert seen["system_support"] >= {"ended", "supported"}
    assert seen["age_basis"] == {"purchase", "firmware", None}
    for part in ("age", "support", "owner", "scan"):
        assert len(seen[f"{part}_points"]) > 1


def test_no_purchase_is_lost(company_built: Built) -> None:
    """The value of all hardware is asked for first by those who plan its replacement."""
    assert totals(company_built["snow_atlas__hardware_refresh"], "purchase_value", "currency") == totals(
        company_built.scenario["computer_details"], "purchaseValue", "purchaseCurrency"
    )


def totals(rows: list[dict[str, Any]], amount: str, currency: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.get(amount) is not None:
            sums[row[currency]] += Decimal(str(row[amount]))
    return sums


def expected(scenario: Scenario) -> list[dict[str, Any]]:
    applications, accounts = scenario.by_id("applications"), scenario.by_id("user_accounts")
    details = scenario.by_id("computer_details")
    systems = {
        row["name"]: row["id"]
        for row in sorted(scenario["applications"], key=lambda each: str(each["id"]), reverse=True)
        if row.get("isOs") and row.get("name")
    }
    mart = []
    for row in scenario["computers"]:
        detail = details.get(row["id"], {})
        virtual = bool(row.get("isVirtual") or row.get("isVDI"))
        server = bool(row.get("isServer"))
        system = detail.get("operatingSystemId") or systems.get(row.get("operatingSystem"))
        owner = row.get("mostFrequentUser") or row.get("mostRecentUser")
        scanned = day(row.get("lastScanDate"))
        bought, firmware = day(detail.get("purchaseDate")), day(detail.get("biosDate"))
        start = None if virtual else bought or firmware
        due = later(start, 5 if server else 4)
        support, ends = support_of(applications.get(system, {}), scenario.today)
        owned = "not expected" if server else owner_status(owner, accounts)
        value, currency = scenario.money(detail.get("purchaseValue"), detail.get("purchaseCurrency"))
        silence = None if scanned is None else (scenario.today - scanned).days
        points = {
            "age": 0
            if due is None
            else 40
            if due <= scenario.today
            else 20
            if due <= scenario.today + YEAR
            else 0,
            "support": {"ended": 30, "extended support": 15, "ending": 15}.get(support, 0),
            "owner": 15 if owned in ("gone", "nobody") else 0,
            "scan": 15 if silence is None or silence > 90 else 0,
        }
        score = sum(points.values())
        mart.append(
            {
                "computer_id": row["id"],
                "host_name": row.get("hostName"),
                "kind": kind(row),
                "is_virtual": virtual,
                "is_server": server,
                "manufacturer": row.get("manufacturer"),
                "model": row.get("model"),
                "status": row.get("status"),
                "organization_id": row.get("organizationId"),
                "in_service_on": start,
                "age_basis": None if start is None else "purchase" if bought else "firmware",
                "age_days": None if start is None else (scenario.today - start).days,
                "due_on": due,
                "operating_system": row.get("operatingSystem"),
                "operating_system_id": system,
                "support_ends_on": ends,
                "system_support": support,
                "owner_id": owner,
                "owner_status": owned,
                "last_scanned_on": scanned,
                "days_since_scan": silence,
                "purchase_value": value,
                "currency": currency,
                **{f"{part}_points": given for part, given in points.items()},
                "score": score,
                "unknown_parts": (start is None and not virtual)
                + (support == "unknown")
                + (owned == "unknown"),
                "advice": None
                if virtual
                else "keep"
                if start is not None and (scenario.today - start).days < 365
                else "replace"
                if score >= 60
                else "plan"
                if score >= 30
                else "keep",
            }
        )
    return mart


def kind(row: Mapping[str, Any]) -> str:
    flags = {
        "isVDI": "virtual desktop",
        "isVirtual": "virtual machine",
        "isServer": "server",
        "isPortable": "portable",
    }
    return next((name for flag, name in flags.items() if row.get(flag)), "desktop")


def owner_status(owner: str | None, accounts: Mapping[str, Mapping[str, Any]]) -> str:
    if owner is None:
        return "nobody"
    if not accounts:
        return "unknown"
    if owner not in accounts:
        return "gone"
    status = accounts[owner].get("status")
    return "unknown" if status is None else "active" if status == "Active" else "gone"


def support_of(application: Mapping[str, Any], today: date) -> tuple[str, date | None]:
    """Return the status of an operating system's support, and its end."""
    regular, extended = (
        day(application.get("endOfSupportDate")),
        day(application.get("endOfExtendedSupportDate")),
    )
    retired = day(application.get("endOfLifeDate"))
    dates = [each for each in (regular, extended) if each is not None]
    regular_over = bool(application.get("isEndOfSupport"))
    over = regular_over or bool(application.get("isEndOfExtendedSupport"))
    soon = today + YEAR
    if dates:
        last = max(dates)
        if last < today:
            return "ended", last
        if (regular is not None and regular < today) or (regular is None and regular_over):
            return "extended support", last
        return ("ending" if (regular or last) <= soon else "supported"), last
    if over:
        return "ended", None
    if retired is not None:
        return ("ended" if retired < today else "ending" if retired <= soon else "supported"), retired
    if application.get("isEndOfLife"):
        return "ended", None
    return ("supported" if application.get("isEndOfSupportDateNotAnnounced") else "unknown"), None


def day(moment: str | None) -> date | None:
    return date.fromisoformat(moment[:10]) if moment else None


def later(start: date | None, years: int) -> date | None:
    """Return the same day a number of years later; 28 February if there is no 29th."""
    if start is None:
        return None
    leap_day = (start.month, start.day) == (2, 29) and years % 4
    return start.replace(year=start.year + years, day=28 if leap_day else start.day)
