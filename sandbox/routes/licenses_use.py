"""Operations of the vendor's licenses file: where licenses are used, and the compliance position that follows.

Tracking, transfers and compliance are asked for application by application; entitlements come in one list.
"""

from collections.abc import Callable, Iterator, Mapping

from sandbox.api.route import Route
from sandbox.company import licenses_compliance as compliance
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import children, linked, listing, made, record, referring, those
from sandbox.routes.licenses import AREA

_TRANSFER = "licenseId organizationId fromApplicationId toApplicationId"


def _flags(tables: Mapping[str, tuple[str, str]]) -> Callable[[Estate, Row], list[Row]]:
    """One row for each license that any of the tables has for the application, with a flag a table."""

    def rows(estate: Estate, application: Row) -> list[Row]:
        found = {
            flag: dict.fromkeys(row["licenseId"] for row in referring(*table)(estate, application))
            for flag, table in tables.items()
        }
        ids = dict.fromkeys(id_ for licenses in found.values() for id_ in licenses)
        return [{"licenseId": id_, **{flag: id_ in found[flag] for flag in tables}} for id_ in ids]

    return rows


def _of_application(
    what: str, flags: Mapping[str, str], reference: str, kinds: Mapping[str, tuple[str, str, str]]
) -> Iterator[Route]:
    """Which licenses are tracked or transferred for an application; to what; and for one computer, user or value.

    `kinds` gives for each kind the field that names it, the parameter of the path, and the fields of the list.
    """
    path = f"licenses/{what}/{{applicationId}}"
    tables = {flag: (f"license_{what}_{kind}", reference) for kind, flag in flags.items()}
    yield AREA.collection(path, made("applications", _flags(tables), parameter="applicationId"))
    for kind, (field, parameter, fields) in kinds.items():
        source = "applications", reference, f"license_{what}_{kind.replace('-', '_')}"
        yield AREA.collection(f"{path}/{kind}", children(*source, fields, parameter="applicationId"))
        every = children(*source, parameter="applicationId")
        yield AREA.collection(f"{path}/{kind}/{{{parameter}}}", those(every, field, parameter))


_PLAIN = [
    *_of_application(
        "transfers",
        {
            "computers": "hasComputerTransfer",
            "users": "hasUserTransfer",
            "custom_values": "hasCustomCompareValueTransfer",
        },
        "fromApplicationId",
        {
            "computers": ("computerId", "computerId", f"{_TRANSFER} computerId"),
            "users": ("userId", "userId", f"{_TRANSFER} userId"),
            "custom-values": ("customCompareValueId", "customId", f"{_TRANSFER} customCompareValueId"),
        },
    ),
    *_of_application(
        "tracking",
        {"computers": "hasComputerTracking", "users": "hasUserTracking"},
        "applicationId",
        {"computers": ("computerId", "computerId", ""), "users": ("userId", "userId", "")},
    ),
    AREA.collection(
        "licenses/tracking-computers/{computerId}",
        children(
            "computers",
            "computerId",
            "license_tracking_computers",
            "id metricId applicationId computerId primaryUseRights",
            parameter="computerId",
        ),
    ),
    AREA.collection("licenses-entitlements", listing("license_entitlements")),
    AREA.collection("licenses/entitlements/computers", listing("license_entitlements_computers")),
    AREA.collection(
        "licenses/entitlements/entitlement-states",
        listing("license_entitlement_states"),
        filter_fields=None,
    ),
    AREA.collection("licenses/entitlements/users", listing("license_entitlements_users")),
    AREA.collection("licenses-extended-coverage-types", listing("license_extended_coverage_types")),
    AREA.collection("extended-coverage", listing("license_extended_coverages")),
    AREA.single(
        "extended-coverage/{coverageId}", record("license_extended_coverages", parameter="coverageId")
    ),
    # The replies have a pagination object though the operations take no page parameters.
    *(
        AREA.collection(
            f"compliance/summary/{{applicationId}}{path}",
            made("applications", make, parameter="applicationId"),
            page_parameters=False,
            filter_fields=None,
            maximum_page_size=1000,
        )
        for path, make in (
            ("", compliance.summaries),
            ("/allocation", compliance.allocations),
            ("/usage", compliance.usages),
        )
    ),
]

ROUTES: list[Route] = [linked(route) for route in _PLAIN]
