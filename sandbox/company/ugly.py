"""Odd data for tests: spoilers that make the tables of a company hard to read.

They add nulls where the vendor allows them, dates of the year 1 that mean "none", amounts in odd currencies
or at a hundred times the price, positions that contradict the installations, and names that are formulas,
markup or far too long. The company is otherwise the plausible one, with the same ids and references.
"""

from collections.abc import Callable, Mapping
from random import Random

from sandbox.company.applications import products_of
from sandbox.company.estate import SPOILERS, Estate, Row, spoiler
from sandbox.company.licenses import listed_costs
from sandbox.company.licenses_compliance import COVERAGE_PARTS, REQUIREMENT_PARTS

NO_DATE = "0001-01-01T00:00:00Z"
ENDLESS = "9999-12-31T00:00:00Z"
_CURRENCIES = ("EUR", "eur", "USD", "SEK", "GBP", "CHF", "XXX", None)
_BULK_ORDER = 760.0
_NAMES = (
    '=HYPERLINK("https://example.invalid","Invoice")',
    "+1+1",
    "@SUM(A1)",
    "<b>Größe</b> & Co.",
    'O\'Reilly; DROP TABLE "x"',
    "Zeilen\numbruch\tTab",
    "x" * 300,
    "大阪 😀",
    " ",
)
Change = Callable[[Random, Row], object]


def _few(rng: Random) -> int:
    return rng.choice((0, 0, 0, 0, 1, 2, 5))


def _spoil(table: str, share: float, changes: Mapping[str, Change]) -> None:
    """Change each of these fields in a share of the rows of a table."""

    def spoil(estate: Estate, rows: list[Row]) -> None:
        rng = estate.random("ugly", table)
        for row in rows:
            for name, change in changes.items():
                if rng.random() < share:
                    row[name] = change(rng, row)

    spoiler(table)(spoil)


def _null(_rng: Random, _row: Row) -> None:
    return None


def _no_date(_rng: Random, _row: Row) -> str:
    return NO_DATE


def _name(rng: Random, _row: Row) -> str:
    return rng.choice(_NAMES)


def _currency(rng: Random, _row: Row) -> str | None:
    return rng.choice(_CURRENCIES)


_spoil(
    "computers",
    0.08,
    {
        "organizationId": _null,
        "mostFrequentUser": lambda rng, row: row.update(mostRecentUser=None),  # no logon
        "model": _null,
        "purchaseDate": _no_date,
        "biosDate": _no_date,
        "clientInstallDate": _no_date,
        "purchaseCurrency": _currency,
        "hostName": lambda rng, row: row["hostName"][:7] if rng.random() < 0.7 else _name(rng, row),
        "notes": _name,
    },
)
_spoil_computers = SPOILERS["computers"]


@spoiler("computers")
def _computers(estate: Estate, rows: list[Row]) -> None:
    """Also add clients that are old, lost and without a user."""
    _spoil_computers(estate, rows)
    for row in [row for row in rows if not row["isServer"] and not row["isVirtual"]][3::11]:
        row |= {"purchaseDate": estate.day(2600), "lastScanDate": estate.ago(140)}
        row |= {"mostFrequentUser": None, "mostRecentUser": None}


_spoil(
    "users",
    0.08,
    {"email": _null, "fullName": _name, "lastLogon": _no_date, "location": _null, "quarantineDate": _no_date},
)


@spoiler("applications")
def _applications(estate: Estate, rows: list[Row]) -> None:
    """Add single dates, flags that contradict them, and odd names."""
    rng = estate.random("ugly", "applications")
    for number, row in enumerate(rows):
        if rng.random() < 0.5:
            for name in ("endOfSupport", "endOfExtendedSupport", "endOfLife"):
                date = estate.ago(rng.uniform(-900, 900)) if rng.random() < 0.6 else None
                row[f"{name}Date"] = NO_DATE if date and rng.random() < 0.1 else date
                row[f"is{name[0].upper()}{name[1:]}"] = rng.choice((None, False, True))
        if not row["isOs"] and number % 23 == 11:
            row["name"] = _name(rng, row)
        if rng.random() < 0.03:
            row["releaseDate"] = NO_DATE


_spoil("computer_applications", 0.05, {"firstDiscovered": _null, "usedCount": lambda rng, row: 0})


@spoiler("licenses")
def _licenses(estate: Estate, rows: list[Row]) -> None:
    """Add several currencies, values of zero or far too high, and incomplete licences."""
    rng = estate.random("ugly", "licenses")
    for number, row in enumerate(rows):
        if number % 2:
            row["purchaseCurrency"] = _CURRENCIES[number // 2 % len(_CURRENCIES)]
        draw = rng.random()
        if draw < 0.15 and row["quantity"]:
            row["purchaseValue"] = round(row["purchaseValue"] * 100 / row["quantity"], 2)
            row["quantity"] = row["initialQuantity"] = 1
        elif draw < 0.2:
            row["purchaseValue"] = 0.0
        row.update(listed_costs(estate, row))
        if row["isSubscription"] and rng.random() < 0.1:
            row["subscriptionValidTo"] = rng.choice((None, ENDLESS))
        if rng.random() < 0.1:
            row["purchaseDate"] = NO_DATE
        if rng.random() < 0.1:
            row["productDescription"] = _name(rng, row)
    # All maintained licences were bought on one day, by an organization and its parent.
    products, day = estate.cached("products", products_of), estate.day(_BULK_ORDER)
    bulk = [
        row for row in rows if row["applicationId"] and products[row["applicationId"]].terms == "maintained"
    ]
    for number, row in enumerate(bulk):
        place = estate.organizations[number % 2]
        row |= {
            "organizationId": place["id"],
            "purchaseDate": day,
            "createdDate": day,
            "purchaseCurrency": "EUR",
        }
        if "organizationHierarchy" in row:
            row["organizationHierarchy"] = place["hierarchy"]
        row.update(listed_costs(estate, row))
    # Some licences have another metric than the application's.
    for row in rows[7::5]:
        row["metricId"] = estate.guid("metric", "Installations")


@spoiler("license_positions")
def _positions(estate: Estate, rows: list[Row]) -> None:
    """Make requirements independent of the installations; the parts still add up."""
    rng = estate.random("ugly", "license_positions")
    lowering = set(REQUIREMENT_PARTS) - {
        "virtualDesktopInfrastructure",
        "minimumRequirement",
        "physicalHost",
        "windowsServer",
        "sqlServer",
    }
    for row in rows:
        requirement = initial = rng.choice((20, 40, 120))
        for name in REQUIREMENT_PARTS:
            row[name] = _few(rng)
            requirement += -row[name] if name in lowering else row[name]
        for name in (*COVERAGE_PARTS, "invalidAssignments", "unassigned"):
            row[name] = _few(rng)
        coverage = min(row["availableLicenses"], requirement) + sum(row[name] for name in COVERAGE_PARTS)
        row |= {
            "initialRequirement": initial,
            "licenseRequirement": requirement,
            "totalCoverage": coverage,
            "compliance": coverage - requirement,
        }


for _kind in ("agreements", "contracts"):
    _spoil(_kind, 0.1, {"name": _name, "manufacturerName": _null, "contactName": _name})
_spoil("oracle_licenses", 0.12, {"licenseCost": _null, "licenseCostBase": _null, "supportCost": _null})
_spoil("oracle_databases", 0.1, {"createdDate": _no_date})
_spoil("saas_people", 0.08, {"department": _name, "displayName": _name})


@spoiler("saas_memberships")
def _memberships(estate: Estate, rows: list[Row]) -> None:
    """Give users who were never active the year 1 as their last activity."""
    for row in rows:
        if row["status"] == "No activity":
            row["lastActive"] = NO_DATE


@spoiler("saas_subscriptions")
def _subscriptions(estate: Estate, rows: list[Row]) -> None:
    """Make the purchased quantity too low by one or by half, or far too high."""
    rng = estate.random("ugly", "saas_subscriptions")
    for row in rows:
        row["spare"] = rng.choice((-0.5, 0.0, 0.0, 0.1, 3.0))
