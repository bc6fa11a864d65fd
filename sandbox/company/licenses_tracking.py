"""Use of licences: tracking, transfers, the resulting entitlements, and extended coverage.

All of it follows from the assignments of the licences that count for compliance. A licence assigned to a
computer or a user is tracked there; if its rights allow it, it also covers a compatible release.
"""

import random
from collections.abc import Callable, Iterable, Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.licenses import ASSIGNMENT_TYPES, CUSTOM_METRIC, assignment_type, counted, licenses
from sandbox.company.values import choose, or_none

COVERAGE_REASONS = ("Other", "Passive", "Disaster", "TestingOrDevelopment")

_STANDARD, _UPGRADE, _DOWNGRADE, _NAMED_COMPUTER, _NAMED_USER = 1, 2, 4, 8192, 65536
_ENTITLEMENT_STATES = (
    ("Covered", "A license covers the whole requirement."),
    ("Partially covered", "Licenses cover a part of the requirement."),
    ("Not covered", "No license covers the requirement."),
    ("Covered by host", "The host's license covers its virtual machines."),
    ("Utan krav", None),
)


@table("license_transfers_computers")
def computer_transfers(estate: Estate) -> Iterator[Row]:
    """Yield licences of one release that cover another one on a computer."""
    return _transfers(estate, "computers", "computerId")


@table("license_transfers_users")
def user_transfers(estate: Estate) -> Iterator[Row]:
    """Yield licences of one release that cover another one for a user."""
    return _transfers(estate, "users", "userId")


@table("license_entitlement_states")
def entitlement_states(estate: Estate) -> list[Row]:
    """Return the degrees to which an entitlement can be covered."""
    return [
        {"id": estate.guid("entitlement-state", name), "name": name, "description": description}
        for name, description in _ENTITLEMENT_STATES
    ]


@table("license_entitlements_computers")
def computer_entitlements(estate: Estate) -> list[Row]:
    """Return the applications that computers are entitled to."""
    return _states(estate, "computerId", computer_tracking(estate))


@table("license_entitlements_users")
def user_entitlements(estate: Estate) -> list[Row]:
    """Return the applications that users are entitled to."""
    return _states(estate, "userId", user_tracking(estate))


@table("license_extended_coverage_types")
def extended_coverage_types(estate: Estate) -> list[Row]:
    """Return the reasons for which coverage extends to another computer."""
    return [{"name": name} for name in COVERAGE_REASONS]


def _tracked_licenses(estate: Estate) -> Iterable[Row]:
    return (row for row in licenses(estate) if counted(row))


def _assigned(estate: Estate, row: Row, to: str, field: str) -> list[str]:
    """Return the ids of the computers or users that a licence is assigned to."""
    assignments = estate.where(f"license_assignments_{to}", "licenseId", row["id"])
    return [assignment[field] for assignment in assignments]


def _tracking_row(estate: Estate, rng: random.Random, row: Row, field: str, subject: str, right: int) -> Row:
    requirement = rng.choice((1, 1, 2, 8))
    return {
        # This id is shared by all licences that cover an application on a computer.
        "id": estate.guid("tracking", row["applicationId"], field, subject, row["metricId"]),
        "metricId": row["metricId"],
        "applicationId": row["applicationId"],
        field: subject,
        "licenseId": row["id"],
        "organizationId": row["organizationId"],
        "coverageTrait": rng.choice((0, 1, 2)),
        "initialRequirement": requirement,
        "requirement": requirement,
        "receivedCoverage": rng.choice((requirement, requirement, 0)),
        "primaryUseRights": right,
        "fullUseRights": right | _STANDARD,
    }


@table("license_tracking_computers")
def computer_tracking(estate: Estate) -> Iterator[Row]:
    """Yield which licence covers which application on which computer."""
    for row in _tracked_licenses(estate):
        rng = estate.random("track-computers", row["id"])
        subjects, right = _assigned(estate, row, "computers", "computerId"), _NAMED_COMPUTER
        if assignment_type(estate, row) in ("Organization", "Site"):
            local = estate.where("computers", "organizationId", row["organizationId"])
            subjects, right = [computer["id"] for computer in choose(rng, local, 6)], _STANDARD
        yield from (_tracking_row(estate, rng, row, "computerId", subject, right) for subject in subjects)


@table("license_tracking_users")
def user_tracking(estate: Estate) -> Iterator[Row]:
    """Yield which licence covers which application for which user."""
    for row in _tracked_licenses(estate):
        rng = estate.random("track-users", row["id"])
        for subject in _assigned(estate, row, "users", "userId"):
            tracked = _tracking_row(estate, rng, row, "userId", subject, _NAMED_USER)
            del tracked["requirement"]  # declared only for computers
            yield tracked


def _targets(estate: Estate, row: Row) -> list[Row]:
    """Return the other releases that a licence may cover by its rights."""
    application = estate.by_id("applications").get(row["applicationId"])
    if application is None:
        return []
    wanted = {"Upgrade": row["isUpgrade"], "Downgrade": row["isDowngrade"]}
    compatible = estate.where("application_compatibilities", "applicationId", application["id"])
    return [target for target in compatible if wanted[target["compatibilityType"]]]


def _transfer(estate: Estate, rng: random.Random, row: Row, target: Row, field: str, subject: str) -> Row:
    upgrade = target["compatibilityType"] == "Upgrade"
    return {
        "id": estate.guid("transfer", row["id"], target["compatibleApplicationId"], field, subject),
        "metricId": row["metricId"],
        "licenseId": row["id"],
        "organizationId": row["organizationId"],
        field: subject,
        "fromApplicationId": row["applicationId"],
        "toApplicationId": target["compatibleApplicationId"],
        "isUpgrade": upgrade,
        "isDowngrade": not upgrade,
        "isCrossEdition": row["isCrossEdition"],
        "isCrossPlatform": row["isCrossPlatform"],
        "quantity": rng.choice((1, 1, 2)),
    }


def _transfers(estate: Estate, to: str, field: str) -> Iterator[Row]:
    for row in _tracked_licenses(estate):
        rng = estate.random("transfers", field, row["id"])
        targets = _targets(estate, row)
        for subject in _assigned(estate, row, to, field) if targets else ():
            for target in choose(rng, targets, rng.choice((1, 1, 2))):
                yield _transfer(estate, rng, row, target, field, subject)


@table("license_transfers_custom_values")
def custom_value_transfers(estate: Estate) -> Iterator[Row]:
    """Yield licences with a custom metric that cover another release for a value of that metric."""
    metric = next((row["id"] for row in estate.metrics if row["name"] == CUSTOM_METRIC), None)
    for row in _tracked_licenses(estate):
        rng = estate.random("custom-value-transfers", row["id"])
        targets = _targets(estate, row) if row["metricId"] == metric else []
        for target in targets:
            for number in range(rng.choice((1, 2, 6))):
                value = estate.guid("custom-compare-value", number)
                transfer = _transfer(estate, rng, row, target, "customCompareValueId", value)
                transfer["useRights"] = _UPGRADE if transfer["isUpgrade"] else _DOWNGRADE
                yield transfer


@table("license_entitlements")
def entitlements(estate: Estate) -> list[Row]:
    """Return the entitlements of organizations by application, metric and kind of assignment."""
    quantities: dict[tuple[str, str, str, str], int] = {}
    for row in _tracked_licenses(estate):
        kind = assignment_type(estate, row) or ASSIGNMENT_TYPES[0]
        key = (row["applicationId"], row["organizationId"], row["metricId"], kind)
        quantities[key] = quantities.get(key, 0) + row["quantity"]
    return [
        {
            "applicationId": application,
            "organizationId": organization,
            "metricId": metric,
            "assignmentType": kind,
            "quantity": quantity,
        }
        for (application, organization, metric, kind), quantity in quantities.items()
    ]


def _states(estate: Estate, field: str, tracking: list[Row]) -> list[Row]:
    states = entitlement_states(estate)
    rows: dict[tuple[str, str, str], Row] = {}
    for tracked in tracking:
        covered = tracked["receivedCoverage"] >= tracked["initialRequirement"]
        state = states[0] if covered else states[2]
        row = {
            field: tracked[field],
            "applicationId": tracked["applicationId"],
            "metricId": tracked["metricId"],
            "entitlementStateId": state["id"],
        }
        rows.setdefault((tracked[field], tracked["applicationId"], tracked["metricId"]), row)
    return list(rows.values())


@table("license_extended_coverages")
def extended_coverages(estate: Estate) -> Iterator[Row]:
    """Yield computers that are covered by the licence of another computer or of a datacenter."""
    applications = [row["applicationId"] for row in _tracked_licenses(estate)]
    covering: list[Callable[[random.Random], str]] = [
        lambda rng: str(rng.choice(estate.computers)["id"]),
        lambda rng: str(rng.choice(estate.datacenters)["id"]),
    ]
    for number in range(max(7, estate.size // 20) if applications else 0):
        rng = estate.random("extended-coverage", number)
        is_datacenter = rng.random() < 0.3
        parent = covering[is_datacenter](rng)
        extended = next(row["id"] for row in choose(rng, estate.computers, 2) if row["id"] != parent)
        reason = COVERAGE_REASONS[number % len(COVERAGE_REASONS)]
        yield {
            "id": estate.guid("extended-coverage", number),
            "parentComputerId": parent,
            "isParentComputerDatacenter": is_datacenter,
            "extendedComputerId": extended,
            "applicationId": rng.choice(applications),
            "coveredApplicationId": or_none(rng, rng.choice(applications), 0.3),
            "reason": reason,
            "reasonDescription": "Reservdrift" if reason == "Other" else None,
        }
