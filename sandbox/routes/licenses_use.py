"""Routes of the vendor's licenses file: where licenses are used, and the compliance position that follows.

Tracking, transfers and compliance are asked for application by application; entitlements come in one list.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api.route import Route
from sandbox.company import licenses_compliance as compliance
from sandbox.company import licenses_tracking as tracking
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import Parameters, Rows
from sandbox.routes.licenses_routing import LICENSES, collection, of_application, record, unpaged
from sandbox.routes.software_links import linked
from sandbox.routes.software_routes import Children, all_of, belonging, one_of, referring, shown

_COMPLIANCE = "/api/sam/v1/compliance/summary/{applicationId}"

_tracked_computers = referring(tracking.computer_tracking, "license_tracking_computers", "applicationId")
_tracked_users = referring(tracking.user_tracking, "license_tracking_users", "applicationId")
_tracked_on_computer = referring(tracking.computer_tracking, "license_tracking_computers", "computerId")

_moved_computers = referring(tracking.computer_transfers, "license_transfers_computers", "fromApplicationId")
_moved_users = referring(tracking.user_transfers, "license_transfers_users", "fromApplicationId")
_moved_values = referring(
    tracking.custom_value_transfers, "license_transfers_custom_values", "fromApplicationId"
)


def _narrowed(children: Children, field: str, parameter: str) -> Rows:
    """The rows of the application in the path that concern one computer, user or value."""

    def rows(estate: Estate, path: Parameters, _query: Parameters) -> list[Row] | None:
        application = estate.by_id("applications").get(path["applicationId"])
        if application is None:
            return None
        return [row for row in children(estate, application) if row[field] == path[parameter]]

    return rows


def _by_license(kinds: Mapping[str, Children]) -> Children:
    """One row for each license that any of the kinds has for the application, with a flag a kind."""

    def rows(estate: Estate, application: Row) -> list[Row]:
        found = {
            flag: {row["licenseId"] for row in kind(estate, application)} for flag, kind in kinds.items()
        }
        ids = dict.fromkeys(row["licenseId"] for kind in kinds.values() for row in kind(estate, application))
        return [{"licenseId": id_, **{flag: id_ in found[flag] for flag in kinds}} for id_ in ids]

    return rows


_tracking_flags = _by_license({"hasComputerTracking": _tracked_computers, "hasUserTracking": _tracked_users})
_transfer_flags = _by_license(
    {
        "hasComputerTransfer": _moved_computers,
        "hasUserTransfer": _moved_users,
        "hasCustomCompareValueTransfer": _moved_values,
    }
)

_TRANSFER_FIELDS = ("licenseId", "organizationId", "fromApplicationId", "toApplicationId")
_COMPUTER_TRACKING_FIELDS = ("id", "metricId", "applicationId", "computerId", "primaryUseRights")


_TRANSFERS = [
    collection(f"{LICENSES}/transfers/{{applicationId}}", of_application(_transfer_flags)),
    collection(
        f"{LICENSES}/transfers/{{applicationId}}/computers",
        of_application(shown(_moved_computers, (*_TRANSFER_FIELDS, "computerId"))),
    ),
    collection(
        f"{LICENSES}/transfers/{{applicationId}}/computers/{{computerId}}",
        _narrowed(_moved_computers, "computerId", "computerId"),
    ),
    collection(
        f"{LICENSES}/transfers/{{applicationId}}/users",
        of_application(shown(_moved_users, (*_TRANSFER_FIELDS, "userId"))),
    ),
    collection(
        f"{LICENSES}/transfers/{{applicationId}}/users/{{userId}}",
        _narrowed(_moved_users, "userId", "userId"),
    ),
    collection(
        f"{LICENSES}/transfers/{{applicationId}}/custom-values",
        of_application(shown(_moved_values, (*_TRANSFER_FIELDS, "customCompareValueId"))),
    ),
    collection(
        f"{LICENSES}/transfers/{{applicationId}}/custom-values/{{customId}}",
        _narrowed(_moved_values, "customCompareValueId", "customId"),
    ),
]

_TRACKING = [
    collection(
        f"{LICENSES}/tracking-computers/{{computerId}}",
        belonging("computers", shown(_tracked_on_computer, _COMPUTER_TRACKING_FIELDS), "computerId"),
    ),
    collection(f"{LICENSES}/tracking/{{applicationId}}", of_application(_tracking_flags)),
    collection(f"{LICENSES}/tracking/{{applicationId}}/computers", of_application(_tracked_computers)),
    collection(
        f"{LICENSES}/tracking/{{applicationId}}/computers/{{computerId}}",
        _narrowed(_tracked_computers, "computerId", "computerId"),
    ),
    collection(f"{LICENSES}/tracking/{{applicationId}}/users", of_application(_tracked_users)),
    collection(
        f"{LICENSES}/tracking/{{applicationId}}/users/{{userId}}",
        _narrowed(_tracked_users, "userId", "userId"),
    ),
]

_ENTITLEMENTS = [
    collection("/api/sam/v1/licenses-entitlements", all_of(tracking.entitlements)),
    collection(f"{LICENSES}/entitlements/computers", all_of(tracking.computer_entitlements)),
    collection(
        f"{LICENSES}/entitlements/entitlement-states", all_of(tracking.entitlement_states), filtered=False
    ),
    collection(f"{LICENSES}/entitlements/users", all_of(tracking.user_entitlements)),
    collection("/api/sam/v1/licenses-extended-coverage-types", all_of(tracking.extended_coverage_types)),
    collection("/api/sam/v1/extended-coverage", all_of(tracking.extended_coverages)),
    record("/api/sam/v1/extended-coverage/{coverageId}", one_of(tracking.extended_coverages, "coverageId")),
]

_POSITIONS = [
    unpaged(_COMPLIANCE, of_application(compliance.summaries)),
    unpaged(f"{_COMPLIANCE}/allocation", of_application(compliance.allocations)),
    unpaged(f"{_COMPLIANCE}/usage", of_application(compliance.usages)),
]

ROUTES: list[Route] = [linked(route) for route in (*_TRANSFERS, *_TRACKING, *_ENTITLEMENTS, *_POSITIONS)]
