"""Routes of the vendor's licenses file: the licenses, what belongs to them and whom they are assigned to.

The collections declare total_pages and total_items, no maximum page size, and a filter without its fields.
"""

from __future__ import annotations

from sandbox.api.route import Route
from sandbox.company import licenses as data
from sandbox.company import licenses_assignments as assignments
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Parameters, View, project
from sandbox.routes.licenses_routing import (
    LICENSES,
    PERMISSIONS,
    collection,
    of_license,
    record,
    within_license,
)
from sandbox.routes.software_links import linked
from sandbox.routes.software_routes import all_of, first_where, one_of, referring


def _upgrades(_estate: Estate, row: Row) -> list[Row]:
    return [{**upgrade, "licenseId": row["id"]} for upgrade in row["upgrades"] or []]


_periods = referring(data.maintenance_periods, "license_maintenance_periods", "licenseId")
_computers = referring(assignments.computer_assignments, "license_assignments_computers", "licenseId")
_datacenters = referring(assignments.datacenter_assignments, "license_assignments_datacenters", "licenseId")
_organizations = referring(
    assignments.organization_assignments, "license_assignments_organizations", "licenseId"
)
_users = referring(assignments.user_assignments, "license_assignments_users", "licenseId")
_sites = referring(assignments.site_assignments, "license_assignments_site", "licenseId")


def _site(estate: Estate, row: Row) -> Row | None:
    return next(iter(_sites(estate, row)), None)


def _policy_field(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
    policy = first_where(data.policies(estate), "id", path["policyId"])
    return None if policy is None else first_where(data.policy_fields(estate, policy), "id", path["fieldId"])


def _policy_fields(estate: Estate, path: Parameters, _query: Parameters) -> list[Row] | None:
    policy = first_where(data.policies(estate), "id", path["policyId"])
    return None if policy is None else data.policy_fields(estate, policy)


def _licenses(estate: Estate, _path: Parameters, _query: Parameters) -> View:
    return View(data.licenses(estate), data.LIST_FIELDS, data.UNDECLARED_FIELDS)


_REGISTER = [
    collection(LICENSES, _licenses),
    record(f"{LICENSES}/{{id}}", of_license(lambda _estate, row: project(row, data.DETAIL_FIELDS))),
    collection(f"{LICENSES}/{{id}}/upgrades", of_license(_upgrades)),
    record(
        f"{LICENSES}/{{id}}/upgrades/{{upgradedLicenseId}}",
        within_license(_upgrades, "upgradedLicenseId", "upgradedLicenseId"),
    ),
    collection(f"{LICENSES}/maintenance-periods", all_of(data.maintenance_periods)),
    collection(f"{LICENSES}/{{id}}/maintenance-periods", of_license(_periods)),
    collection(f"{LICENSES}/{{id}}/costs", of_license(assignments.costs)),
    record(
        f"{LICENSES}/{{id}}/costs/{{organizationId}}",
        within_license(assignments.costs, "organizationId", "organizationId"),
    ),
    record(
        f"{LICENSES}/{{id}}/costs-summary",
        of_license(lambda _estate, row: assignments.costs_summary(row)),
    ),
    collection("/api/sam/v1/licenses-policies", all_of(data.policies)),
    record("/api/sam/v1/licenses-policies/{policyId}", one_of(data.policies, "policyId")),
    collection("/api/sam/v1/licenses-policies/{policyId}/fields", _policy_fields),
    record("/api/sam/v1/licenses-policies/{policyId}/fields/{fieldId}", _policy_field),
]

_ASSIGNMENTS = [
    collection("/api/sam/v1/assignment-types", all_of(data.assignment_types)),
    record(f"{LICENSES}/{{id}}/assignments-summary", of_license(assignments.assignments_summary)),
    collection(f"{LICENSES}/{{id}}/assignments/computers", of_license(_computers)),
    record(
        f"{LICENSES}/{{id}}/assignments/computers/{{assignmentId}}",
        within_license(_computers, "id", "assignmentId"),
    ),
    collection(f"{LICENSES}/{{id}}/assignments/datacenters", of_license(_datacenters)),
    # The vendor declares page parameters and a filter for this single object.
    Route(
        f"{LICENSES}/{{id}}/assignments/datacenters/{{assignmentId}}",
        within_license(_datacenters, "id", "assignmentId"),
        PERMISSIONS,
        shape="object",
        maximum_page_size=NO_MAXIMUM,
        filter_fields={},
    ),
    collection(f"{LICENSES}/{{id}}/assignments/organizations", of_license(_organizations)),
    record(
        f"{LICENSES}/{{id}}/assignments/organizations/{{assignmentId}}",
        within_license(_organizations, "id", "assignmentId"),
    ),
    record(f"{LICENSES}/{{id}}/assignments/site", of_license(_site)),
    collection(f"{LICENSES}/{{id}}/assignments/users", of_license(_users)),
    record(
        f"{LICENSES}/{{id}}/assignments/users/{{assignmentId}}", within_license(_users, "id", "assignmentId")
    ),
]

ROUTES: list[Route] = [linked(route) for route in (*_REGISTER, *_ASSIGNMENTS)]
