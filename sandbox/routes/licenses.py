"""Operations of the vendor's licenses file: licences, their details and their assignments.

The collections have total_pages and total_items, no maximum page size, and a filter without its fields.
"""

from collections.abc import Iterator

from sandbox.api.route import Route
from sandbox.company import licenses
from sandbox.company import licenses_assignments as assignments
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import (
    NO_MAXIMUM,
    Area,
    Rows,
    children,
    derived,
    first_matching,
    linked,
    listing,
    record,
)

AREA = Area("/api/sam/v1/", "sam.license.r", maximum_page_size=NO_MAXIMUM, filter_fields={})
_COMMON = (
    "id organizationId applicationId contractId agreementId metricId assignmentTypeId purchaseDate "
    "purchaseValue purchaseCurrency quantity mediaStorage licenseProofLocation invoiceReference "
    "vendor externalId productDescription isSubscription isCrossEdition isCrossPlatform isUpgrade "
    "isDowngrade isIncomplete incompleteReasons updatedDate createdDate subscriptionValidFrom "
    "subscriptionValidTo upgradedLicenseCount autoAllocateOnce isAutoAllocated "
    "maintenanceAccordingToAgreement skuId status archivedDate"
)
_LIST = (
    f"{_COMMON} initialQuantity activeMaintenanceCost totalMaintenanceCost activeSupportCost "
    "totalSupportCost totalLicenseCost upgrades"
)
_DETAIL = f"{_COMMON} licenseKeys notes sku hasVmUseRights numberOfSupportedVirtualMachines"
# Fields that replies sometimes have although the vendor does not declare them.
_UNDECLARED = "organizationHierarchy"


def _assigned(kind: str) -> Rows:
    return children("licenses", "licenseId", f"license_assignments_{kind}")


def _site(estate: Estate, license_row: Row) -> Row | None:
    sites = estate.where("license_assignments_site", "licenseId", license_row["id"])
    return sites[0] if sites else None


def _assignment_routes() -> Iterator[Route]:
    """Yield the assignments to computers, users and so on, as lists and as single objects."""
    for kind in ("computers", "datacenters", "organizations", "users"):
        path, rows = f"licenses/{{id}}/assignments/{kind}", _assigned(kind)
        yield AREA.collection(path, rows)
        # The vendor declares page parameters and a filter for one of the single objects.
        declared = {"page_parameters": True, "maximum_page_size": NO_MAXIMUM, "filter_fields": {}}
        yield AREA.single(
            f"{path}/{{assignmentId}}",
            first_matching(rows, "id", "assignmentId"),
            **(declared if kind == "datacenters" else {}),
        )


_upgrades = derived("licenses", licenses.upgrades_of)
_costs = derived("licenses", assignments.costs)
_policy_fields = derived("license_policies", licenses.policy_fields, parameter="policyId")

_PLAIN = [
    AREA.collection("licenses", listing("licenses", _LIST, extra=_UNDECLARED)),
    AREA.single("licenses/{id}", record("licenses", _DETAIL)),
    AREA.collection("licenses/{id}/upgrades", _upgrades),
    AREA.single(
        "licenses/{id}/upgrades/{upgradedLicenseId}",
        first_matching(_upgrades, "upgradedLicenseId", "upgradedLicenseId"),
    ),
    AREA.collection("licenses/maintenance-periods", listing("license_maintenance_periods")),
    AREA.collection(
        "licenses/{id}/maintenance-periods", children("licenses", "licenseId", "license_maintenance_periods")
    ),
    AREA.collection("licenses/{id}/costs", _costs),
    AREA.single(
        "licenses/{id}/costs/{organizationId}", first_matching(_costs, "organizationId", "organizationId")
    ),
    AREA.single("licenses/{id}/costs-summary", derived("licenses", assignments.costs_summary)),
    AREA.collection("licenses-policies", listing("license_policies")),
    AREA.single("licenses-policies/{policyId}", record("license_policies", parameter="policyId")),
    AREA.collection("licenses-policies/{policyId}/fields", _policy_fields),
    AREA.single(
        "licenses-policies/{policyId}/fields/{fieldId}", first_matching(_policy_fields, "id", "fieldId")
    ),
    AREA.collection("assignment-types", listing("license_assignment_types")),
    AREA.single("licenses/{id}/assignments-summary", derived("licenses", assignments.assignments_summary)),
    AREA.single("licenses/{id}/assignments/site", derived("licenses", _site)),
    *_assignment_routes(),
]

ROUTES: list[Route] = [linked(route) for route in _PLAIN]
