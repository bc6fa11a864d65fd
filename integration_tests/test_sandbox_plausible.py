"""The statements of docs/sandbox.md about the default company, each checked against the sandbox's rows.

They are what the report says of it, and what somebody from the field would stumble over if it were otherwise.
The ranges hold for the company that everybody sees first, for a larger one and for another seed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from sandbox.company import agreements, oracle_entitlements, saas_usage
from sandbox.company.applications import products_of
from sandbox.company.estate import Estate, Row
from sandbox.company.licenses import employees
from sandbox.company.values import TO_BASE_CURRENCY
from sandbox.company.vocabulary import DESKTOPS, LAPTOPS, SERVERS

NOW = datetime(2026, 11, 15, tzinfo=timezone.utc)
PAGE = Path(__file__).parents[1] / "docs" / "sandbox.md"


@pytest.fixture(scope="module", params=[(60, 1), (1000, 1), (400, 7)], ids=["default", "large", "other"])
def estate(request: pytest.FixtureRequest) -> Estate:
    return Estate(*request.param, now=NOW)


def share(rows: list[Row], *conditions: bool) -> float:
    return sum(conditions) / len(rows)


def days(moment: str) -> int:
    """How many days ago a moment was."""
    return (NOW.date() - date.fromisoformat(moment[:10])).days


def clients(estate: Estate) -> list[Row]:
    return [row for row in estate.computers if not row["isServer"] and not row["isVirtual"]]


def test_01_what_kinds_of_computer_there_are(estate: Estate) -> None:
    rows = estate.computers
    assert 0.6 <= len(clients(estate)) / len(rows) <= 0.72
    assert 0.2 <= sum(row["isServer"] and row["isVirtual"] for row in rows) / len(rows) <= 0.3
    assert 0.03 <= sum(row["isServer"] and not row["isVirtual"] for row in rows) / len(rows) <= 0.08


def test_02_nearly_all_are_scanned(estate: Estate) -> None:
    ages = [days(row["lastScanDate"]) for row in estate.computers]
    assert sum(age <= 30 for age in ages) / len(ages) >= 0.85
    assert 0.02 <= sum(age > 90 for age in ages) / len(ages) <= 0.15


def test_03_clients_are_a_few_years_old(estate: Estate) -> None:
    ages = [days(row["purchaseDate"]) / 365 for row in clients(estate) if row["purchaseDate"]]
    assert 1.8 <= sum(ages) / len(ages) <= 3.2
    assert 0.08 <= sum(age > 4 for age in ages) / len(ages) <= 0.35
    assert 0 <= min(ages) <= max(ages) < 7


def test_04_hardware_costs_what_it_costs(estate: Estate) -> None:
    known = {each.model: each for each in (*LAPTOPS, *DESKTOPS, *SERVERS)}
    for row in estate.computers:
        model = known.get(row["model"])
        if row["purchaseDate"] is None or model is None:
            continue
        assert model.first_year <= int(row["purchaseDate"][:4]) <= model.last_year, row["model"]
        paid = row["purchaseValue"] * TO_BASE_CURRENCY[row["purchaseCurrency"]]
        assert 0.93 <= paid / model.price <= 1.07
        low, high = (7_000, 30_000) if row["isServer"] else (700, 2_600)
        assert low <= paid <= high


def test_05_windows_10_is_on_its_way_out(estate: Estate) -> None:
    def on(day: Estate) -> float:
        windows = [row for row in clients(day) if "Windows" in row["operatingSystem"]]
        return sum("Windows 10" in row["operatingSystem"] for row in windows) / len(windows)

    ends = estate.month_ends(12)
    assert on(estate) <= 0.2
    assert on(estate.at(ends[0])) >= on(estate) + 0.1


def test_06_support_ends_when_its_maker_says(estate: Estate) -> None:
    ends = {
        row["name"]: (row["endOfSupportDate"], row["endOfExtendedSupportDate"]) for row in estate.applications
    }
    for name, support, extended in (
        ("Microsoft Windows 10 Enterprise", "2025-10-14", "2025-10-14"),
        ("Microsoft Windows Server 2016 Standard", "2022-01-11", "2027-01-12"),
        ("Microsoft Office Professional Plus 2021", "2026-10-13", "2026-10-13"),
        ("Microsoft SQL Server Standard 2016", "2021-07-13", "2026-07-14"),
        ("Red Hat Enterprise Linux 7", "2024-06-30", "2028-06-30"),
        ("Oracle Java SE Development Kit 17", "2026-09-30", "2029-09-30"),
        ("Oracle Database Enterprise Edition 19c", "2029-12-31", "2032-12-31"),
        ("VMware vSphere Enterprise Plus 7", "2025-10-02", "2027-04-02"),
    ):
        assert ends[name] == (f"{support}T00:00:00Z", f"{extended}T00:00:00Z")
    assert all(row["endOfSupportDate"] is None for row in estate.applications if not row["familyId"])


def test_07_a_part_of_the_software_has_no_support_any_more(estate: Estate) -> None:
    applications = estate.by_id("applications")
    dated = [
        row
        for each in estate.built("computer_applications")
        if (row := applications[each["applicationId"]])["endOfSupportDate"] is not None
    ]
    ended = [
        row
        for row in dated
        if max(row["endOfSupportDate"], row["endOfExtendedSupportDate"] or "") < estate.ago(0)
    ]
    assert 0.1 <= len(ended) / len(dated) <= 0.6


def test_08_a_computer_has_some_twenty_applications(estate: Estate) -> None:
    installed = estate.built("computer_applications")
    assert 15 <= len(installed) / len(estate.computers) <= 30
    assert max(Counter(row["computerId"] for row in installed).values()) <= 60


def _idle(estate: Estate) -> Iterator[tuple[Row, bool]]:
    """Installations of software that is paid for, and whether nobody has used them for ninety days."""
    applications = estate.by_id("applications")
    for row in estate.built("computer_applications"):
        application = applications[row["applicationId"]]
        if (
            row["bundleApplicationId"] is None
            and not application["isNoLicenseRequired"]
            and not application["isOs"]
        ):
            yield row, row["lastUsed"] is None or days(row["lastUsed"]) > 90


def test_09_a_fifth_of_the_paid_software_is_idle(estate: Estate) -> None:
    found = [idle for _, idle in _idle(estate)]
    assert 0.08 <= sum(found) / len(found) <= 0.4


def test_10_what_is_idle_is_worth_a_few_hundred_a_client(estate: Estate) -> None:
    products = estate.cached("products", products_of)
    value = sum(products[row["applicationId"]].price for row, idle in _idle(estate) if idle)
    assert 20 <= value / len(clients(estate)) <= 700


def _positions(estate: Estate) -> dict[str, tuple[int, int, float]]:
    """For each product that is counted by use: how many it needs, how many it has, and the price of one."""
    products = estate.cached("products", products_of)
    found: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for row in estate.built("license_positions"):
        product = products[row["applicationId"]]
        if product.price and product.metric != "Custom metric" and product.family:
            found[product.name][0] += row["licenseRequirement"]
            found[product.name][1] += row["availableLicenses"] + row["expiredSubscriptionLicenses"]
            found[product.name][2] = product.price
    return {name: (int(needed), int(owned), price) for name, (needed, owned, price) in found.items()}


def test_11_what_is_owned_fits_what_is_needed(estate: Estate) -> None:
    positions = [each for each in _positions(estate).values() if each[0] >= 4 and each[1]]
    # Some licences are incomplete and count for nothing; a few are bought by the piece.
    fitting = [owned for needed, owned, _ in positions if 0.74 * needed - 1 <= owned <= 1.26 * needed + 1]
    assert len(fitting) / len(positions) >= 0.8


def test_12_some_are_short_and_some_are_over(estate: Estate) -> None:
    positions = [each for each in _positions(estate).values() if each[0]]
    short = sum(owned < needed for needed, owned, _ in positions) / len(positions)
    over = sum(owned > needed for needed, owned, _ in positions) / len(positions)
    assert 0.2 <= short <= 0.7
    assert 0.2 <= over <= 0.7


def test_13_the_shortfall_is_a_part_of_what_is_owned(estate: Estate) -> None:
    positions = _positions(estate).values()
    owned = sum(have * price for _, have, price in positions)
    short = sum(max(0, needed - have) * price for needed, have, price in positions)
    assert 0.01 <= short / owned <= 0.3


def test_14_a_licence_costs_about_its_list_price(estate: Estate) -> None:
    products = estate.cached("products", products_of)
    for row in estate.built("licenses"):
        if row["applicationId"] and row["quantity"]:
            paid = row["purchaseValue"] * TO_BASE_CURRENCY[row["purchaseCurrency"]] / row["quantity"]
            assert 0.84 <= paid / products[row["applicationId"]].price <= 1.06
    by_application: dict[str, list[float]] = defaultdict(list)
    for row in estate.built("licenses"):
        if row["applicationId"] and row["quantity"]:
            by_application[row["applicationId"]].append(
                row["purchaseValue"] * TO_BASE_CURRENCY[row["purchaseCurrency"]] / row["quantity"]
            )
    assert all(max(prices) <= 1.3 * min(prices) for prices in by_application.values())


def test_15_java_is_licensed_by_the_number_of_employees(estate: Estate) -> None:
    custom = estate.guid("metric", "Custom metric")
    (position,) = [row for row in estate.built("license_positions") if row["metricId"] == custom]
    assert position["licenseRequirement"] == employees(estate)
    bought = position["availableLicenses"] + position["expiredSubscriptionLicenses"]
    assert 0.7 <= bought / employees(estate) < 1


def test_16_most_is_bought_in_euros(estate: Estate) -> None:
    places = {row["id"]: row["hierarchy"] for row in estate.organizations}
    country = {"SEK": "Sverige", "GBP": "United Kingdom", "USD": "United States"}
    rows = [(row["purchaseCurrency"], places[row["organizationId"]]) for row in estate.built("licenses")]
    assert sum(currency == "EUR" for currency, _ in rows) / len(rows) >= 0.6
    for currency, place in rows:
        assert currency == "EUR" or country[currency] in place


def test_17_maintenance_is_a_fifth_of_the_price_a_year(estate: Estate) -> None:
    licenses = estate.by_id("licenses")
    rows = estate.built("license_maintenance_periods")
    assert rows
    for row in rows:
        cost = row["maintenanceCost"] + (row["supportCost"] or 0)
        assert 0.17 <= cost / licenses[row["licenseId"]]["purchaseValue"] <= 0.23
        assert days(row["validFrom"]) - days(row["validTo"]) == 365


def _last_ends(estate: Estate) -> list[int]:
    """In how many days the last period of each agreement and contract ends."""
    found = []
    for table in ("agreements", "contracts"):
        for row in estate.built(table):
            ends = [period["validTo"] for period in agreements.periods(estate, row)]
            if ends:
                found.append(-days(max(ends)))
    return found


def test_18_renewals_are_spread_over_the_year(estate: Estate) -> None:
    ahead = [end for end in _last_ends(estate) if 0 <= end <= 400]
    quarters = Counter(min(3, end // 100) for end in ahead)
    assert len(quarters) >= 3
    assert max(quarters.values()) <= 0.6 * len(ahead) + 1


def test_19_one_agreement_has_run_out_lately(estate: Estate) -> None:
    expired = [end for end in _last_ends(estate) if end < 0]
    assert 1 <= len(expired) <= 0.4 * len(_last_ends(estate))
    assert min(expired) >= -130


def test_20_two_of_three_seats_are_in_use(estate: Estate) -> None:
    held = [row for row in estate.built("saas_assignments") if row["status"] != "Not monitored"]
    counts = Counter(row["status"] for row in held)
    assert 0.6 <= counts["Active"] / len(held) <= 0.85
    assert 0.1 <= counts["Inactive"] / len(held) <= 0.3
    assert 0.02 <= counts["No activity"] / len(held) <= 0.12


def test_21_active_idle_and_never_used_are_what_the_vendor_says(estate: Estate) -> None:
    people = estate.by_id("saas_people")
    for row in estate.built("saas_memberships"):
        if row["status"] == "Active":
            assert days(row["lastActive"]) <= 30
        elif row["status"] == "Inactive":
            assert days(row["lastActive"]) > 30
        elif row["status"] == "No activity":
            assert row["totalDaysUsed"] == 0
            assert row["lastActive"] == people[row["userId"]]["createdDate"]


def test_22_everybody_has_an_office_suite_and_two_products_lie_idle(estate: Estate) -> None:
    applications = {row["name"]: row for row in estate.built("saas_applications")}
    assert 0.75 <= applications["Microsoft 365"]["totalUniqueUsers"] / len(estate.built("saas_people")) <= 1
    held: dict[str, list[str]] = defaultdict(list)
    names = estate.by_id("saas_subscriptions")
    for row in estate.built("saas_assignments"):
        held[names[row["subscriptionId"]]["applicationName"]].append(row["status"])
    for name in ("Adobe Acrobat", "Tableau Cloud"):
        idle = sum(status in ("Inactive", "No activity") for status in held[name]) / len(held[name])
        assert idle >= 0.3, name
    bought = [row for row in estate.built("saas_subscriptions") if row["name"] == "Microsoft 365 E5"]
    (plan,) = bought
    assigned = len(estate.where("saas_assignments", "subscriptionId", plan["id"]))
    assert saas_usage.purchased(estate, plan) >= 1.2 * assigned


def test_23_a_person_costs_a_thousand_a_year_in_saas(estate: Estate) -> None:
    yearly = sum(row["yearlyCost"] for row in estate.built("saas_applications"))
    assert 700 <= yearly / len(estate.built("saas_people")) <= 2_000


def test_24_oracle_was_virtualised(estate: Estate) -> None:
    rows = list(oracle_entitlements.product_compliance(estate, "Database"))
    soft = [row for row in rows if row["partitioningType"] == "Soft" and row["estateType"] == "Datacenters"]
    assert len(soft) == 1
    assert 16 <= soft[0]["totalRequiredLicenseProcessor"] <= 70
    assert soft[0]["totalAssignedLicenseProcessor"] <= 4
    others = [
        row["licenseNeeded"] for row in rows if row is not soft[0] and row["licenseMetricType"] == "Processor"
    ]
    assert max(others) <= 20


def test_25_the_data_have_the_faults_that_data_have(estate: Estate) -> None:
    licenses = [row for row in estate.built("licenses") if row["status"] == "Active"]
    assert sum(row["isIncomplete"] for row in licenses) / len(licenses) <= 0.12
    unplaced = sum(row["organizationId"] is None for row in estate.computers) / len(estate.computers)
    assert unplaced <= 0.08
    metered = estate.by_id("application_usage_summaries", "applicationId")
    assert all(row["computers"] <= row["installations"] for row in metered.values())


def test_the_page_names_every_statement() -> None:
    """A statement that nobody reads is not one that anybody has looked at."""
    text = PAGE.read_text(encoding="utf-8")
    tests = [name for name in globals() if name.startswith("test_") and name[5].isdigit()]
    assert len(tests) >= 20
    for name in tests:
        assert f"\n{int(name[5:7])}. " in text, name
