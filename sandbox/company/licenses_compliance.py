"""The compliance position of applications: what is required, what is covered, by metric and organization.

The figures add up: requirement and coverage of a summary's parts give its totals, and their difference the
compliance. An application has a position when a license of it was bought or when it is entitled or installed.
"""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import product

from sandbox.company.estate import Estate, Row
from sandbox.company.values import words

# What raises (+1) or lowers (-1) the initial requirement of a metric.
_REQUIREMENT_PARTS = {
    "includedInBundle": -1,
    "outsideMetricPeriod": -1,
    "secondaryUseRightsDesktopLaptop": -1,
    "secondaryUseRightsDevice": -1,
    "extendedCoverageForDcc": -1,
    "extendedCoverageForHosts": -1,
    "multipleVersionEdition": -1,
    "virtualDesktopInfrastructure": 1,
    "minimumRequirement": 1,
    "coreFactor": -1,
    "physicalHost": 1,
    "computerAppExclusions": -1,
    "windowsServer": 1,
    "sqlServer": 1,
}
_COVERAGE_PARTS = words(
    "otherMetricCoverage siteCoverage vmCoverage licenseStacking namedUserCoverage "
    "licensingOtherMetrics virtualDesktopAccess"
)
_GIVEN_AND_RECEIVED = ("downgrades", "upgrades", "crossPlatform", "crossEdition")


def summaries(estate: Estate, application: Row) -> list[Row]:
    """The position of one application, a row for each metric; empty where it has none."""
    return [_summary(estate, application, metric) for metric in _metrics(estate, application)]


def allocations(estate: Estate, application: Row) -> Iterator[Row]:
    """The position of one application by metric and organization."""
    covered: Counter[tuple[str, str]] = Counter()
    for row in estate.where("license_entitlements", "applicationId", application["id"]):
        covered[row["metricId"], row["organizationId"]] += row["quantity"]
    for (metric, organization), coverage in covered.items():
        rng = estate.random("allocation", application["id"], metric, organization)
        requirement = rng.choice((0, 1, 5, coverage))
        yield {
            "applicationId": application["id"],
            "metricId": metric,
            "organizationId": organization,
            "coverage": coverage,
            "requirement": requirement,
            "compliance": coverage - requirement,
        }


def usages(estate: Estate, application: Row) -> Iterator[Row]:
    """Which metric's licenses cover the requirement of which metric of one application."""
    for metric, license_metric in product(_metrics(estate, application), repeat=2):
        rng = estate.random("compliance-usage", application["id"], metric, license_metric)
        own = metric == license_metric
        yield {
            "metricId": metric,
            "licenseMetricId": license_metric,
            "otherMetricCoverage": 0 if own else rng.choice((0, 1, 3)),
            "mainCoverage": rng.choice((1, 5, 20)) if own else 0,
            "isPartial": rng.random() < 0.2,
            "applicationId": application["id"],
        }


def _metrics(estate: Estate, application: Row) -> list[str]:
    """The metrics an application is measured by: its own and those of its licenses."""
    bought = [row["metricId"] for row in estate.where("licenses", "applicationId", application["id"])]
    installed = application["id"] in estate.by_id("application_usage_summaries", "applicationId")
    if not bought and (application["isNoLicenseRequired"] or not installed):
        return []
    own = [metric["id"] for metric in application["metrics"]]
    return list(dict.fromkeys([*own, *bought]))


def _few(rng: random.Random) -> int:
    return rng.choice((0, 0, 0, 0, 1, 2, 5))


def _summary(estate: Estate, application: Row, metric: str) -> Row:
    rng = estate.random("compliance", application["id"], metric)
    bought, entitled = (
        [row for row in estate.where(table, "applicationId", application["id"]) if row["metricId"] == metric]
        for table in ("licenses", "license_entitlements")
    )
    available = sum(row["quantity"] for row in entitled)
    site = sum(row["quantity"] for row in entitled if row["assignmentType"] == "Site")
    users = sum(row["quantity"] for row in entitled if row["assignmentType"] == "User")
    today = estate.ago(0)
    requirement_parts = {name: _few(rng) for name in _REQUIREMENT_PARTS}
    coverage_parts = {name: _few(rng) for name in _COVERAGE_PARTS}
    initial = rng.choice((20, 40, 120))
    requirement = initial + sum(_REQUIREMENT_PARTS[name] * count for name, count in requirement_parts.items())
    coverage = min(available, requirement) + sum(coverage_parts.values())
    exchanged = {f"{name}{way}": _few(rng) for name in _GIVEN_AND_RECEIVED for way in ("Given", "Received")}
    return {
        "applicationId": application["id"],
        "metricId": metric,
        "availableLicenses": available,
        "compliance": coverage - requirement,
        "licensesPurchased": sum(row["quantity"] or 0 for row in bought),
        "incompleteLicenses": sum(row["quantity"] or 0 for row in bought if row["isIncomplete"]),
        "expiredSubscriptionLicenses": sum(
            row["quantity"] or 0 for row in bought if (row["subscriptionValidTo"] or today) < today
        ),
        "invalidAssignments": _few(rng),
        "unassigned": _few(rng),
        "assignedNamedUsers": users,
        "siteLicenses": site,
        **exchanged,
        "initialRequirement": initial,
        **requirement_parts,
        "licenseRequirement": requirement,
        **coverage_parts,
        "totalCoverage": coverage,
    }
