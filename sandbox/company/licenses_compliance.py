"""The compliance position of applications by metric and organization: what is required and what is covered.

The figures add up: the requirement is what metering counts, the available quantity is that of the licences
bought, and their difference is the compliance. The surplus of a newer release covers older ones of its
product. An application has a position if a licence was bought for it, or if it is entitled or installed.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

from sandbox.company.applications import application_id, products_of
from sandbox.company.estate import Estate, Row, table
from sandbox.company.licenses import CUSTOM_METRIC, counted, employees, requirements
from sandbox.company.values import words

# The parts that raise or lower the initial requirement of a metric.
REQUIREMENT_PARTS = words(
    "includedInBundle outsideMetricPeriod secondaryUseRightsDesktopLaptop secondaryUseRightsDevice "
    "extendedCoverageForDcc extendedCoverageForHosts multipleVersionEdition virtualDesktopInfrastructure "
    "minimumRequirement coreFactor physicalHost computerAppExclusions windowsServer sqlServer"
)
COVERAGE_PARTS = words(
    "otherMetricCoverage siteCoverage vmCoverage licenseStacking "
    "namedUserCoverage licensingOtherMetrics virtualDesktopAccess"
)
_GIVEN_AND_RECEIVED = ("downgrades", "upgrades", "crossPlatform", "crossEdition")


def summaries(estate: Estate, application: Row) -> list[Row]:
    """Return the position of one application, one row per metric; empty if it has none."""
    return estate.where("license_positions", "applicationId", application["id"])


def allocations(estate: Estate, application: Row) -> Iterator[Row]:
    """Yield the position of one application by metric and organization; requirements follow the coverage."""
    covered: dict[str, Counter[str]] = {}
    for row in estate.where("license_entitlements", "applicationId", application["id"]):
        covered.setdefault(row["metricId"], Counter())[row["organizationId"]] += row["quantity"]
    required = {row["metricId"]: row["licenseRequirement"] for row in summaries(estate, application)}
    for metric, coverages in covered.items():
        total, given, left = sum(coverages.values()), 0, required.get(metric, 0)
        for organization, coverage in coverages.items():
            given += coverage
            requirement = left - round(required.get(metric, 0) * (1 - given / total)) if total else 0
            left -= requirement
            yield {
                "applicationId": application["id"],
                "metricId": metric,
                "organizationId": organization,
                "coverage": coverage,
                "requirement": requirement,
                "compliance": coverage - requirement,
            }


def usages(estate: Estate, application: Row) -> Iterator[Row]:
    """Yield for each pair of metrics how much of the one's requirement the other's licences cover."""
    rows = summaries(estate, application)
    for own, other in product(rows, repeat=2):
        is_own = own is other
        yield {
            "metricId": own["metricId"],
            "licenseMetricId": other["metricId"],
            "otherMetricCoverage": 0,
            "mainCoverage": max(0, min(own["totalCoverage"], own["licenseRequirement"])) if is_own else 0,
            "isPartial": is_own and 0 < own["totalCoverage"] < own["licenseRequirement"],
            "applicationId": application["id"],
        }


@table("license_positions")
def _positions(estate: Estate) -> Iterator[Row]:
    """Yield the positions of all applications; the API shows them only per application."""
    needed = requirements(estate)
    custom = estate.guid("metric", CUSTOM_METRIC)
    bought = estate.grouped("licenses", "applicationId")
    installed = estate.by_id("application_usage_summaries", "applicationId")
    rows: dict[tuple[str, str], Row] = {}
    for application in estate.applications:
        own = bought.get(application["id"], [])
        if not own and (application["isNoLicenseRequired"] or application["id"] not in installed):
            continue
        default = next((metric["id"] for metric in application["metrics"] if metric["isDefault"]), None)
        # Java has a requirement only for the release that is subscribed to.
        metrics = [default] if default and default != custom else []
        for metric in dict.fromkeys([*metrics, *(row["metricId"] for row in own)]):
            counts = needed.get((application["id"], metric), Counter())
            if metric == custom:
                counts = Counter(initialRequirement=employees(estate), requirement=employees(estate))
            rows[application["id"], metric] = _position(estate, application["id"], metric, own, counts)
    _pass_on(estate, rows)
    for row in rows.values():
        moved = (f"{name}{way}" for name in _GIVEN_AND_RECEIVED for way in ("Received", "Given"))
        coverage = row["availableLicenses"]
        coverage += sum(-row[name] if name.endswith("Given") else row[name] for name in moved)
        row["totalCoverage"] = coverage
        row["compliance"] = coverage - row["licenseRequirement"]
        row["unassigned"] = max(0, row["compliance"])
        yield row


def _position(estate: Estate, application: str, metric: str, bought: list[Row], counts: Counter[str]) -> Row:
    today = estate.ago(0)
    own = [row for row in bought if row["metricId"] == metric]
    expired = [row for row in own if counted(row) and (row["subscriptionValidTo"] or today) < today]
    entitled = [
        row
        for row in estate.where("license_entitlements", "applicationId", application)
        if row["metricId"] == metric
    ]
    moved = (f"{name}{way}" for name in _GIVEN_AND_RECEIVED for way in ("Given", "Received"))

    def quantity(rows: list[Row], **conditions: Any) -> int:
        return sum(
            row["quantity"] or 0
            for row in rows
            if all(row[name] == value for name, value in conditions.items())
        )

    return {
        "applicationId": application,
        "metricId": metric,
        "availableLicenses": quantity(entitled) - quantity(expired),
        "compliance": 0,
        "licensesPurchased": quantity(own),
        "incompleteLicenses": quantity(own, isIncomplete=True),
        "expiredSubscriptionLicenses": quantity(expired),
        "invalidAssignments": 0,
        "unassigned": 0,
        "assignedNamedUsers": quantity(entitled, assignmentType="User"),
        "siteLicenses": quantity(entitled, assignmentType="Site"),
        **dict.fromkeys(moved, 0),
        "initialRequirement": counts["initialRequirement"],
        **{name: counts[name] for name in REQUIREMENT_PARTS},
        "licenseRequirement": counts["requirement"],
        **dict.fromkeys(COVERAGE_PARTS, 0),
        "totalCoverage": 0,
    }


def _pass_on(estate: Estate, rows: dict[tuple[str, str], Row]) -> None:
    """Let the surplus of newer releases of a product cover the deficit of older ones."""
    for known in dict.fromkeys(estate.cached("products", products_of).values()):
        metric = estate.guid("metric", known.metric)
        ids = [application_id(estate, known.manufacturer, known.name, name) for name in known.releases]
        own = [rows[each, metric] for each in ids if (each, metric) in rows]
        for position, older in enumerate(own):
            lacking = older["licenseRequirement"] - older["availableLicenses"]
            for newer in reversed(own[position + 1 :]):
                spare = newer["availableLicenses"] - newer["downgradesGiven"] - newer["licenseRequirement"]
                moved = max(0, min(lacking, spare))
                newer["downgradesGiven"] += moved
                older["downgradesReceived"] += moved
                lacking -= moved
