"""Operations of the vendor's licenses file: where licences are used, and the resulting compliance.

Tracking, transfers and compliance are requested per application; entitlements come in one list.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from sandbox.api.route import Route
from sandbox.company import licenses_compliance as compliance
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import children, derived, linked, listing, matching, record, referring
from sandbox.routes.licenses import AREA


def _flags(tables: Mapping[str, tuple[str, str]]) -> Callable[[Estate, Row], list[Row]]:
    """Return one row for each licence that a table has for the application, with one flag per table."""

    def rows(estate: Estate, application: Row) -> list[Row]:
        found = {
            flag: dict.fromkeys(row["licenseId"] for row in referring(*table)(estate, application))
            for flag, table in tables.items()
        }
        ids = dict.fromkeys(id_ for licenses in found.values() for id_ in licenses)
        return [{"licenseId": id_, **{flag: id_ in found[flag] for flag in tables}} for id_ in ids]

    return rows


class _Kind(NamedTuple):
    """A kind of target that a licence is tracked on or transferred for: the field that names it, and the
    fields of the list.
    """

    name: str
    flag: str
    field: str
    parameter: str
    fields: str = ""


def _of_application(what: str, reference: str, *kinds: _Kind) -> Iterator[Route]:
    """Yield the operations of tracking or transfers: the licences of an application, then per kind of target
    the list and the rows of one target.
    """
    path = f"licenses/{what}/{{applicationId}}"
    tables = {kind.flag: (f"license_{what}_{kind.name.replace('-', '_')}", reference) for kind in kinds}
    yield AREA.collection(path, derived("applications", _flags(tables), parameter="applicationId"))
    for kind in kinds:
        source = "applications", reference, tables[kind.flag][0]
        yield AREA.collection(
            f"{path}/{kind.name}", children(*source, kind.fields, parameter="applicationId")
        )
        yield AREA.collection(
            f"{path}/{kind.name}/{{{kind.parameter}}}",
            matching(children(*source, parameter="applicationId"), kind.field, kind.parameter),
        )


_MOVED = "licenseId organizationId fromApplicationId toApplicationId"

_PLAIN = [
    *_of_application(
        "transfers",
        "fromApplicationId",
        _Kind("computers", "hasComputerTransfer", "computerId", "computerId", f"{_MOVED} computerId"),
        _Kind("users", "hasUserTransfer", "userId", "userId", f"{_MOVED} userId"),
        _Kind(
            "custom-values",
            "hasCustomCompareValueTransfer",
            "customCompareValueId",
            "customId",
            f"{_MOVED} customCompareValueId",
        ),
    ),
    *_of_application(
        "tracking",
        "applicationId",
        _Kind("computers", "hasComputerTracking", "computerId", "computerId"),
        _Kind("users", "hasUserTracking", "userId", "userId"),
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
        "licenses/entitlements/entitlement-states", listing("license_entitlement_states"), filter_fields=None
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
            derived("applications", make, parameter="applicationId"),
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
