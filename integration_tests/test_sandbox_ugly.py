"""What tests ask for with `ugly`: it has to be there, and not in the company that people see first."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from sandbox.company import agreements
from sandbox.company.applications import metrics_of
from sandbox.company.estate import BUILDERS, SPOILERS, Estate

NOW = datetime(2026, 11, 15, tzinfo=timezone.utc)
NO_DATE = "0001-01-01T00:00:00Z"


@pytest.fixture(scope="module", params=[1, 2])
def plain(request: pytest.FixtureRequest) -> Estate:
    return Estate(60, request.param, NOW)


@pytest.fixture(scope="module")
def ugly(plain: Estate) -> Estate:
    return Estate(60, plain.seed, NOW, ugly=True)


def values(estate: Estate, table: str, field: str) -> set[Any]:
    return {row[field] for row in estate.built(table)}


def texts(estate: Estate) -> str:
    return json.dumps([estate.built(name) for name in SPOILERS], ensure_ascii=False)


def test_what_is_hard_to_read_is_there(ugly: Estate) -> None:
    """A test that asks for a date of the year 1 and gets none passes without having looked."""
    assert NO_DATE in values(ugly, "computers", "purchaseDate")
    assert NO_DATE in values(ugly, "applications", "endOfSupportDate")
    assert NO_DATE in values(ugly, "saas_memberships", "lastActive")
    assert values(ugly, "licenses", "purchaseCurrency") >= {"eur", "XXX", "CHF", None}
    assert None in values(ugly, "oracle_licenses", "licenseCost")
    periods = [each for row in ugly.built("agreements") for each in agreements.periods(ugly, row)]
    periods += [each for row in ugly.built("contracts") for each in agreements.periods(ugly, row)]
    ends = {row["validFrom"] for row in periods} | {row["validTo"] for row in periods}
    assert ends & {NO_DATE, "9999-12-31T00:00:00Z"}
    said = texts(ugly)
    for piece in ("=HYPERLINK", "<b>", "x" * 300, "😀", "DROP TABLE"):
        assert piece in said, piece
    settings = {row["metricSetting"] for each in ugly.applications for row in metrics_of(ugly, each)}
    assert settings >= {"PrimaryUsers", "DevicesWithUsage", "AllDevices", "UsersWithUsage", "None"}


def test_one_licence_costs_a_hundred_times_another(ugly: Estate) -> None:
    """A mean price that rests on it is what the marts have to notice."""
    prices: dict[str, list[float]] = {}
    for row in ugly.built("licenses"):
        if row["applicationId"] and row["quantity"] and row["purchaseValue"]:
            product = ugly.by_id("applications")[row["applicationId"]]["manufacturer"]
            prices.setdefault(product, []).append(row["purchaseValue"] / row["quantity"])
    assert any(max(found) > 50 * min(found) for found in prices.values())


def test_positions_have_nothing_to_do_with_what_is_installed(ugly: Estate) -> None:
    """Counters of all kinds occur in no plausible company, and the marts read each of them."""
    rows = ugly.built("license_positions")
    assert all(row["compliance"] == row["totalCoverage"] - row["licenseRequirement"] for row in rows)
    for name in ("secondaryUseRightsDevice", "windowsServer", "namedUserCoverage", "invalidAssignments"):
        assert any(row[name] for row in rows), name


def test_nobody_sees_it_who_did_not_ask(plain: Estate) -> None:
    """A report of the made-up company is to be shown to people from the field."""
    said = texts(plain)
    for piece in ("0001-01-01", "9999-12-31", "=HYPERLINK", "<b>", "x" * 50, "XXX", '"eur"'):
        assert piece not in said, piece


def test_it_is_the_same_company(plain: Estate, ugly: Estate) -> None:
    """The ids that a test knows from the one are those of the other."""
    for table in ("computers", "users", "applications", "licenses", "agreements", "saas_people"):
        assert [row["id"] for row in plain.built(table)] == [row["id"] for row in ugly.built(table)], table
    assert set(SPOILERS) <= set(BUILDERS)
