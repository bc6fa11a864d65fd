"""Where licenses are used: tracking and transfers of licenses, the entitlements they give, extended coverage.

Everything here follows from the assignments of the licenses that count for compliance. A license assigned
to a computer or a user is tracked there; where its rights allow it, it also covers a compatible release.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from sandbox.company.applications_registry import compatibilities_of
from sandbox.company.estate import Estate, Row
from sandbox.company.licenses import (
    ASSIGNMENT_TYPES,
    CUSTOM_METRIC,
    assignment_type,
    counted,
    licenses,
)
from sandbox.company.licenses_assignments import computer_assignments, user_assignments
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


def computer_tracking(estate: Estate) -> list[Row]:
    """Which license covers which application on which computer."""
    return estate.table("license_tracking_computers", _track_computers)


def user_tracking(estate: Estate) -> list[Row]:
    """Which license covers which application for which user."""
    return estate.table("license_tracking_users", _track_users)


def computer_transfers(estate: Estate) -> list[Row]:
    """Licenses of one release that cover another one on a computer."""
    return estate.table(
        "license_transfers_computers",
        lambda built: _transfers(built, "computerId", _subjects(computer_assignments(built), "computerId")),
    )


def user_transfers(estate: Estate) -> list[Row]:
    """Licenses of one release that cover another one for a user."""
    return estate.table(
        "license_transfers_users",
        lambda built: _transfers(built, "userId", _subjects(user_assignments(built), "userId")),
    )


def custom_value_transfers(estate: Estate) -> list[Row]:
    """Licenses with a custom metric that cover another release for a value of that metric."""
    return estate.table("license_transfers_custom_values", _transfer_custom_values)


def entitlements(estate: Estate) -> list[Row]:
    """What organizations are entitled to, by application, metric and kind of assignment."""
    return estate.table("license_entitlements", _entitlements)


def entitlement_states(estate: Estate) -> list[Row]:
    """How well an entitlement is covered."""
    return estate.table(
        "license_entitlement_states",
        lambda built: [
            {"id": built.guid("entitlement-state", name), "name": name, "description": description}
            for name, description in _ENTITLEMENT_STATES
        ],
    )


def computer_entitlements(estate: Estate) -> list[Row]:
    """The applications that computers are entitled to."""
    return estate.table(
        "license_entitlements_computers",
        lambda built: _states(built, "computerId", computer_tracking(built)),
    )


def user_entitlements(estate: Estate) -> list[Row]:
    """The applications that users are entitled to."""
    return estate.table(
        "license_entitlements_users", lambda built: _states(built, "userId", user_tracking(built))
    )


def extended_coverage_types(estate: Estate) -> list[Row]:
    """The reasons for which coverage extends to another computer."""
    return estate.table(
        "license_extended_coverage_types", lambda _estate: [{"name": name} for name in COVERAGE_REASONS]
    )


def extended_coverages(estate: Estate) -> list[Row]:
    """Computers that are covered by what another computer or a datacenter is licensed for."""
    return estate.table("license_extended_coverages", _extended_coverages)


def _tracked_licenses(estate: Estate) -> Iterable[Row]:
    return (row for row in licenses(estate) if counted(row))


def _subjects(assignments: list[Row], field: str) -> dict[str, list[str]]:
    """The ids of the computers or users that each license is assigned to."""
    subjects: dict[str, list[str]] = {}
    for assignment in assignments:
        subjects.setdefault(assignment["licenseId"], []).append(assignment[field])
    return subjects


def _tracking_row(estate: Estate, rng: random.Random, row: Row, field: str, subject: str, right: int) -> Row:
    requirement = rng.choice((1, 1, 2, 8))
    return {
        # Several licenses can cover one application on one computer: they then share this id.
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


def _track_computers(estate: Estate) -> list[Row]:
    assigned = _subjects(computer_assignments(estate), "computerId")
    by_organization = estate.grouped("computers", "organizationId")
    rows: list[Row] = []
    for row in _tracked_licenses(estate):
        rng = estate.random("track-computers", row["id"])
        subjects, right = assigned.get(row["id"], []), _NAMED_COMPUTER
        if assignment_type(estate, row) in ("Organization", "Site"):
            local = by_organization.get(row["organizationId"], [])
            subjects, right = [computer["id"] for computer in choose(rng, local, 6)], _STANDARD
        rows += [_tracking_row(estate, rng, row, "computerId", subject, right) for subject in subjects]
    return rows


def _track_users(estate: Estate) -> list[Row]:
    assigned = _subjects(user_assignments(estate), "userId")
    rows: list[Row] = []
    for row in _tracked_licenses(estate):
        rng = estate.random("track-users", row["id"])
        for subject in assigned.get(row["id"], []):
            tracked = _tracking_row(estate, rng, row, "userId", subject, _NAMED_USER)
            del tracked["requirement"]  # the vendor declares it for computers alone
            rows.append(tracked)
    return rows


def _targets(estate: Estate, row: Row) -> list[Row]:
    """The releases that a license's rights let it cover besides its own."""
    application = estate.by_id("applications").get(row["applicationId"])
    if application is None:
        return []
    wanted = {"Upgrade": row["isUpgrade"], "Downgrade": row["isDowngrade"]}
    return [
        target for target in compatibilities_of(estate, application) if wanted[target["compatibilityType"]]
    ]


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


def _transfers(estate: Estate, field: str, subjects: dict[str, list[str]]) -> list[Row]:
    rows: list[Row] = []
    for row in _tracked_licenses(estate):
        rng = estate.random("transfers", field, row["id"])
        targets = _targets(estate, row)
        for subject in subjects.get(row["id"], []) if targets else []:
            rows += [
                _transfer(estate, rng, row, target, field, subject)
                for target in choose(rng, targets, rng.choice((1, 1, 2)))
            ]
    return rows


def _transfer_custom_values(estate: Estate) -> list[Row]:
    metric = next((row["id"] for row in estate.metrics if row["name"] == CUSTOM_METRIC), None)
    rows: list[Row] = []
    for row in _tracked_licenses(estate):
        rng = estate.random("custom-value-transfers", row["id"])
        targets = _targets(estate, row) if row["metricId"] == metric else []
        for target in targets:
            for number in range(rng.choice((1, 2, 6))):
                value = estate.guid("custom-compare-value", number)
                transfer = _transfer(estate, rng, row, target, "customCompareValueId", value)
                transfer["useRights"] = _UPGRADE if transfer["isUpgrade"] else _DOWNGRADE
                rows.append(transfer)
    return rows


def _entitlements(estate: Estate) -> list[Row]:
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


def _extended_coverages(estate: Estate) -> list[Row]:
    applications = [row["applicationId"] for row in _tracked_licenses(estate)]
    covering: list[Callable[[random.Random], str]] = [
        lambda rng: str(rng.choice(estate.computers)["id"]),
        lambda rng: str(rng.choice(estate.datacenters)["id"]),
    ]
    rows: list[Row] = []
    for number in range(max(7, estate.size // 20) if applications else 0):
        rng = estate.random("extended-coverage", number)
        is_datacenter = rng.random() < 0.3
        parent = covering[is_datacenter](rng)
        extended = next(row["id"] for row in choose(rng, estate.computers, 2) if row["id"] != parent)
        reason = COVERAGE_REASONS[number % len(COVERAGE_REASONS)]
        rows.append(
            {
                "id": estate.guid("extended-coverage", number),
                "parentComputerId": parent,
                "isParentComputerDatacenter": is_datacenter,
                "extendedComputerId": extended,
                "applicationId": rng.choice(applications),
                "coveredApplicationId": or_none(rng, rng.choice(applications), 0.3),
                "reason": reason,
                "reasonDescription": "Reservdrift" if reason == "Other" else None,
            }
        )
    return rows
