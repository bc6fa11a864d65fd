"""Whom licenses are assigned to (computers, datacenters, users, organizations, sites); their costs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from sandbox.company.estate import Estate, Row, table
from sandbox.company.licenses import EXEMPLARY, assignment_type, licenses
from sandbox.company.values import choose, money, or_none

# How many assignments a license has: some have none yet, a few have more than a small page holds.
_COUNTS = (0, 1, 1, 2, 3, 4, 7)
# Flags: expired subscription, inactive computer, missing user, unused, over-assigned; two at once as well.
_INVALID_REASONS = (0, 0, 0, 0, None, 1, 8, 16, 512, 4096, 1 | 4096)


@table("license_assignments_computers")
def computer_assignments(estate: Estate) -> list[Row]:
    """The computers that licenses are assigned to."""
    return _each(estate, _to_computers)


@table("license_assignments_datacenters")
def datacenter_assignments(estate: Estate) -> list[Row]:
    """The datacenters that licenses are assigned to: only licenses for computers can have them."""
    return _each(estate, _to_datacenters)


@table("license_assignments_users")
def user_assignments(estate: Estate) -> list[Row]:
    """The users that licenses are assigned to."""
    return _each(estate, _to_users)


@table("license_assignments_organizations")
def organization_assignments(estate: Estate) -> list[Row]:
    """The organizations that licenses are assigned to."""
    return _each(estate, _to_organizations)


@table("license_assignments_site")
def site_assignments(estate: Estate) -> list[Row]:
    """The sites that licenses are assigned to: at most one for a license."""
    return _each(estate, _to_site)


def of_license(table: Callable[[Estate], list[Row]], name: str, estate: Estate, license_id: str) -> list[Row]:
    """The rows of a table that belong to one license."""
    table(estate)
    return estate.grouped(name, "licenseId").get(license_id, [])


def assignments_summary(estate: Estate, row: Row) -> Row:
    """Which kinds of assignment a license has."""

    def any_in(table: Callable[[Estate], list[Row]], name: str) -> bool:
        return bool(of_license(table, name, estate, row["id"]))

    return {
        "licenseId": row["id"],
        "hasOrganizationAssignment": any_in(organization_assignments, "license_assignments_organizations"),
        "hasComputerAssignment": any_in(computer_assignments, "license_assignments_computers")
        or any_in(datacenter_assignments, "license_assignments_datacenters"),
        "hasUserAssignment": any_in(user_assignments, "license_assignments_users"),
        "hasSiteAssignment": any_in(site_assignments, "license_assignments_site"),
    }


def costs(estate: Estate, row: Row) -> list[Row]:
    """What a license costs each organization it is assigned to, or its own where it is assigned to none."""
    assigned = of_license(organization_assignments, "license_assignments_organizations", estate, row["id"])
    organizations = [assignment["organizationId"] for assignment in assigned] or [row["organizationId"]]
    if row["quantity"] is None:
        return []
    return [
        _cost(row, organization, position, len(organizations))
        for position, organization in enumerate(organizations)
    ]


def costs_summary(row: Row) -> Row:
    """What a license costs in all."""
    quantity = row["quantity"] or 0
    return {
        "licenseId": row["id"],
        "quantity": quantity,
        "purchaseCost": row["purchaseValue"],
        "currentMaintenanceCost": row["activeMaintenanceCost"],
        "accumulatedMaintenanceCost": row["totalMaintenanceCost"],
        "currentSupportCost": row["activeSupportCost"],
        "accumulatedSupportCost": row["totalSupportCost"],
        "totalCost": row["totalLicenseCost"],
        "averageCostPerLicensePurchase": round(row["purchaseValue"] / quantity, 2) if quantity else 0.0,
        "currency": row["purchaseCurrency"],
    }


def _cost(row: Row, organization: str, position: int, parts: int) -> Row:
    def share(amount: float) -> float:
        part = round(amount / parts, 2)
        # The first organization bears what rounding leaves over, so that the parts add up.
        return round(amount - part * (parts - 1), 2) if position == 0 else part

    shared = {
        "licensePurchaseCost": share(row["purchaseValue"]),
        "currentMaintenanceCost": share(row["activeMaintenanceCost"]),
        "accumulatedMaintenanceCost": share(row["totalMaintenanceCost"]),
        "currentSupportCost": share(row["activeSupportCost"]),
        "accumulatedSupportCost": share(row["totalSupportCost"]),
    }
    total = sum(shared[f"accumulated{kind}Cost"] for kind in ("Maintenance", "Support"))
    quantity = row["quantity"] // parts + (row["quantity"] % parts if position == 0 else 0)
    return {
        "licenseId": row["id"],
        "organizationId": organization,
        "licenseQuantity": quantity,
        **shared,
        "totalCost": round(shared["licensePurchaseCost"] + total, 2),
        "currency": row["purchaseCurrency"],
    }


def _each(
    estate: Estate, assign: Callable[[Estate, random.Random, Row, str, int], Iterable[Row]]
) -> list[Row]:
    rows: list[Row] = []
    for position, row in enumerate(licenses(estate)):
        kind = assignment_type(estate, row)
        if kind is not None:
            rng = estate.random(assign.__name__, row["id"])
            count = rng.choice(_COUNTS[1:] if position < EXEMPLARY else _COUNTS)
            rows += assign(estate, rng, row, kind, count)
    return rows


def _assignment(estate: Estate, rng: random.Random, row: Row, subject_field: str, subject: str) -> Row:
    return {
        "id": estate.guid("assignment", row["id"], subject_field, subject),
        "licenseId": row["id"],
        "applicationId": row["applicationId"],
        subject_field: subject,
        "quantity": rng.choice((1, 1, 1, 2, 8)),
    }


def _with_virtual_machines(rng: random.Random, assignment: Row, virtual_machines: list[str]) -> Row:
    has_use_rights = rng.random() < 0.3
    return {
        **assignment,
        "quantity": or_none(rng, assignment["quantity"]),
        "numberOfSupportedVirtualMachines": or_none(rng, len(virtual_machines) if has_use_rights else 0),
        "hasVmUseRights": or_none(rng, has_use_rights),
        "invalidAssignmentReasons": rng.choice(_INVALID_REASONS),
        "virtualMachines": or_none(rng, virtual_machines if has_use_rights else [], 0.1),
    }


def _to_computers(estate: Estate, rng: random.Random, row: Row, kind: str, count: int) -> list[Row]:
    if kind != "Computer":
        return []
    guests = estate.grouped("computers", "hostComputerId")
    return [
        _with_virtual_machines(
            rng,
            _assignment(estate, rng, row, "computerId", computer["id"]),
            [guest["id"] for guest in guests.get(computer["id"], [])],
        )
        for computer in choose(rng, estate.computers, count)
    ]


def _to_datacenters(estate: Estate, rng: random.Random, row: Row, kind: str, count: int) -> list[Row]:
    if kind != "Computer":
        return []
    return [
        _with_virtual_machines(rng, _assignment(estate, rng, row, "datacenterId", datacenter["id"]), [])
        for datacenter in choose(rng, estate.datacenters, (count + 1) // 2 % 4)
    ]


def _to_users(estate: Estate, rng: random.Random, row: Row, kind: str, count: int) -> list[Row]:
    if kind != "User":
        return []
    return [
        {
            **_assignment(estate, rng, row, "userId", user["id"]),
            "invalidAssignmentReasons": rng.choice(_INVALID_REASONS),
        }
        for user in choose(rng, estate.users, count)
    ]


def _to_organizations(estate: Estate, rng: random.Random, row: Row, kind: str, count: int) -> list[Row]:
    if kind != "Organization":
        return []
    assignments = []
    for organization in choose(rng, estate.organizations, count):
        assignment = _assignment(estate, rng, row, "organizationId", organization["id"])
        assignment["isAutoAllocated"] = bool(row["isAutoAllocated"])
        if rng.random() < 0.05:
            assignment["allocatedCost"] = money(rng, 1, 100)
        assignments.append(assignment)
    return assignments


def _to_site(estate: Estate, rng: random.Random, row: Row, kind: str, count: int) -> list[Row]:
    if kind != "Site":
        return []
    site = _assignment(estate, rng, row, "organizationId", row["organizationId"])
    return [{**site, "quantity": row["quantity"]}]
