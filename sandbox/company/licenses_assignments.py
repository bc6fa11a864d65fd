"""Assignments of licences to computers, datacenters, users, organizations and sites, and their costs."""

import random
from collections.abc import Callable, Iterable, Iterator

from sandbox.company.estate import Estate, Row, Table, table
from sandbox.company.licenses import EXEMPLARY, assignment_type, licenses
from sandbox.company.values import choose, money, or_none

# Possible numbers of assignments of a licence: none, or more than fit on a small page.
_COUNTS = (0, 1, 1, 2, 3, 4, 7)
# Flags: expired subscription, inactive computer, missing user, unused, over-assigned, and two at once.
_INVALID_REASONS = (0, 0, 0, 0, None, 1, 8, 16, 512, 4096, 1 | 4096)


_Assign = Callable[[Estate, random.Random, Row, int], Iterable[Row]]


def _assignments(name: str, kind: str) -> Callable[[_Assign], Callable[[Estate], Table]]:
    """Register a function that assigns one licence as the builder of a table of assignments."""

    def register(assign: _Assign) -> Callable[[Estate], Table]:
        def build(estate: Estate) -> Iterator[Row]:
            for position, row in enumerate(licenses(estate)):
                if assignment_type(estate, row) == kind:
                    rng = estate.random(f"_to_{name.rpartition('_')[2]}", row["id"])
                    count = rng.choice(_COUNTS[1:] if position < EXEMPLARY else _COUNTS)
                    yield from assign(estate, rng, row, count)

        return table(name)(build)

    return register


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


@_assignments("license_assignments_computers", "Computer")
def computer_assignments(estate: Estate, rng: random.Random, row: Row, count: int) -> Iterator[Row]:
    """Yield the computers that a licence is assigned to."""
    for computer in choose(rng, estate.computers, count):
        virtual_machines = [
            guest["id"] for guest in estate.where("computers", "hostComputerId", computer["id"])
        ]
        assignment = _assignment(estate, rng, row, "computerId", computer["id"])
        yield _with_virtual_machines(rng, assignment, virtual_machines)


@_assignments("license_assignments_datacenters", "Computer")
def datacenter_assignments(estate: Estate, rng: random.Random, row: Row, count: int) -> Iterator[Row]:
    """Yield the datacenters that a licence is assigned to; only licences for computers can have them."""
    for datacenter in choose(rng, estate.datacenters, (count + 1) // 2 % 4):
        assignment = _assignment(estate, rng, row, "datacenterId", datacenter["id"])
        yield _with_virtual_machines(rng, assignment, [])


@_assignments("license_assignments_users", "User")
def user_assignments(estate: Estate, rng: random.Random, row: Row, count: int) -> Iterator[Row]:
    """Yield the users that a licence is assigned to."""
    for user in choose(rng, estate.users, count):
        assignment = _assignment(estate, rng, row, "userId", user["id"])
        yield {**assignment, "invalidAssignmentReasons": rng.choice(_INVALID_REASONS)}


@_assignments("license_assignments_organizations", "Organization")
def organization_assignments(estate: Estate, rng: random.Random, row: Row, count: int) -> Iterator[Row]:
    """Yield the organizations that a licence is assigned to."""
    for organization in choose(rng, estate.organizations, count):
        assignment = _assignment(estate, rng, row, "organizationId", organization["id"])
        assignment["isAutoAllocated"] = bool(row["isAutoAllocated"])
        if rng.random() < 0.05:
            assignment["allocatedCost"] = money(rng, 1, 100)
        yield assignment


@_assignments("license_assignments_site", "Site")
def site_assignments(estate: Estate, rng: random.Random, row: Row, _count: int) -> Iterator[Row]:
    """Yield the site that a licence is assigned to: at most one."""
    site = _assignment(estate, rng, row, "organizationId", row["organizationId"])
    yield {**site, "quantity": row["quantity"]}


def _of_license(estate: Estate, kind: str, row: Row) -> list[Row]:
    return estate.where(f"license_assignments_{kind}", "licenseId", row["id"])


def assignments_summary(estate: Estate, row: Row) -> Row:
    """Return the kinds of assignment a licence has."""
    has = {
        kind: bool(_of_license(estate, kind, row))
        for kind in ("organizations", "computers", "datacenters", "users", "site")
    }
    return {
        "licenseId": row["id"],
        "hasOrganizationAssignment": has["organizations"],
        "hasComputerAssignment": has["computers"] or has["datacenters"],
        "hasUserAssignment": has["users"],
        "hasSiteAssignment": has["site"],
    }


def costs(estate: Estate, row: Row) -> list[Row]:
    """Return the costs of a licence by organization it is assigned to, or else its own organization."""
    if row["quantity"] is None:
        return []
    assigned = [assignment["organizationId"] for assignment in _of_license(estate, "organizations", row)]
    organizations = assigned or [row["organizationId"]]
    return [
        _cost(row, organization, position, len(organizations))
        for position, organization in enumerate(organizations)
    ]


def costs_summary(_estate: Estate, row: Row) -> Row:
    """Return the total costs of a licence."""
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
        # The first organization gets the rounding difference, so that the parts add up.
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
