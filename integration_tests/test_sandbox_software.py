"""The sandbox's applications, agreements and licences follow the vendor's files and fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.vendor_files import get_operations, problems, reply_schema, resolve
from sandbox.api.route import Route
from sandbox.company.estate import Estate, Row
from sandbox.routes import agreements as routes_agreements
from sandbox.routes import applications as routes_applications
from sandbox.routes import licenses as routes_licenses
from sandbox.routes import licenses_use as routes_licenses_use
from sandbox.routes.helpers import NO_MAXIMUM

SPECIFICATIONS = Path(__file__).parents[2] / "shared" / "api_specifications"
FILES = ("applications.json", "agreements.json", "licenses.yaml")
REGISTRY = "/api/sam/software-registry/v1"
LICENSES = "/api/sam/v1/licenses"
POSITION = "/api/sam/v1/compliance/summary/{applicationId}"

ROUTES: dict[str, Route] = {
    route.path: route
    for module in (routes_applications, routes_agreements, routes_licenses, routes_licenses_use)
    for route in module.ROUTES
}

# What identifies a record among all records of an operation; `^name` is the parameter of the parent's path.
KEYS: dict[str, tuple[str, ...]] = {
    f"{REGISTRY}/applications": ("id",),
    f"{REGISTRY}/article-numbers": ("id",),
    f"{REGISTRY}/families": ("id",),
    f"{REGISTRY}/types": ("id",),
    f"{REGISTRY}/platforms": ("name",),
    f"{REGISTRY}/applications/{{id}}/types": ("^id", "id"),
    f"{REGISTRY}/applications/{{id}}/compatibility": (
        "applicationId",
        "compatibleApplicationId",
        "compatibilityType",
    ),
    f"{REGISTRY}/applications/{{id}}/group": ("id", "childId"),
    f"{REGISTRY}/applications/{{id}}/bundle": ("id", "childId"),
    f"{REGISTRY}/applications/{{id}}/metrics": ("^id", "id"),
    f"{REGISTRY}/applications/{{id}}/store": ("applicationId",),
    "/api/sam/v2/agreements": ("id",),
    "/api/sam/v2/agreements/{id}/periods": ("id", "validFrom", "validTo"),
    "/api/sam/v2/agreement-types": ("id",),
    "/api/sam/v2/contracts": ("id",),
    "/api/sam/v2/contracts/{id}/periods": ("id", "validFrom", "validTo"),
    "/api/sam/v2/contract-types": ("id",),
    LICENSES: ("id",),
    f"{LICENSES}/{{id}}": ("id",),
    f"{LICENSES}/maintenance-periods": ("id",),
    "/api/sam/v1/licenses-policies": ("id",),
    "/api/sam/v1/licenses-policies/{policyId}/fields": ("^policyId", "id"),
    "/api/sam/v1/licenses-entitlements": ("applicationId", "organizationId", "metricId", "assignmentType"),
    f"{LICENSES}/entitlements/computers": ("computerId", "applicationId", "metricId"),
    f"{LICENSES}/entitlements/users": ("userId", "applicationId", "metricId"),
    f"{LICENSES}/entitlements/entitlement-states": ("id",),
    "/api/sam/v1/assignment-types": ("assignmentTypeId",),
    "/api/sam/v1/licenses-extended-coverage-types": ("name",),
    "/api/sam/v1/extended-coverage": ("id",),
    f"{LICENSES}/{{id}}/assignments/computers": ("licenseId", "id"),
    f"{LICENSES}/{{id}}/assignments/datacenters": ("licenseId", "id"),
    f"{LICENSES}/{{id}}/assignments/organizations": ("licenseId", "id"),
    f"{LICENSES}/{{id}}/assignments/users": ("licenseId", "id"),
    f"{LICENSES}/{{id}}/assignments/site": ("licenseId",),
    f"{LICENSES}/{{id}}/assignments-summary": ("licenseId",),
    f"{LICENSES}/{{id}}/costs": ("licenseId", "organizationId"),
    f"{LICENSES}/{{id}}/costs-summary": ("licenseId",),
    f"{LICENSES}/{{id}}/upgrades": ("licenseId", "upgradedLicenseId"),
    POSITION: ("applicationId", "metricId"),
    f"{POSITION}/allocation": ("applicationId", "metricId", "organizationId"),
    f"{POSITION}/usage": ("applicationId", "metricId", "licenseMetricId"),
    f"{LICENSES}/tracking/{{applicationId}}": ("^applicationId", "licenseId"),
    f"{LICENSES}/tracking/{{applicationId}}/computers": ("id", "licenseId", "computerId"),
    f"{LICENSES}/tracking/{{applicationId}}/users": ("id", "licenseId", "userId"),
    f"{LICENSES}/transfers/{{applicationId}}": ("^applicationId", "licenseId"),
    f"{LICENSES}/transfers/{{applicationId}}/computers": (
        "licenseId",
        "organizationId",
        "computerId",
        "fromApplicationId",
        "toApplicationId",
    ),
    f"{LICENSES}/transfers/{{applicationId}}/users": (
        "licenseId",
        "organizationId",
        "userId",
        "fromApplicationId",
        "toApplicationId",
    ),
    f"{LICENSES}/transfers/{{applicationId}}/custom-values": (
        "licenseId",
        "organizationId",
        "customCompareValueId",
        "fromApplicationId",
        "toApplicationId",
    ),
}

# Where a field of any software record leads.
REFERENCES = {
    "applicationId": f"{REGISTRY}/applications",
    "compatibleApplicationId": f"{REGISTRY}/applications",
    "fromApplicationId": f"{REGISTRY}/applications",
    "toApplicationId": f"{REGISTRY}/applications",
    "coveredApplicationId": f"{REGISTRY}/applications",
    "overridesApplicationId": f"{REGISTRY}/applications",
    "childId": f"{REGISTRY}/applications",
    "familyId": f"{REGISTRY}/families",
    "licenseId": LICENSES,
    "upgradedLicenseId": LICENSES,
    "agreementId": "/api/sam/v2/agreements",
    "agreementPeriodId": "/api/sam/v2/agreements",
    "contractId": "/api/sam/v2/contracts",
    "assignmentTypeId": "/api/sam/v1/assignment-types",
    "entitlementStateId": f"{LICENSES}/entitlements/entitlement-states",
}
# Declared for nothing, and yet in some replies: a reader has to let them pass.
UNDECLARED = {"organizationHierarchy", "alertRecipients", "allocatedCost"}
# The field of a list that gives the last parameter of the path below it, where it has another name.
LAST_PARAMETER = {
    "compatibilityId": "compatibleApplicationId",
    "metricId": "id",
    "assignmentId": "id",
    "fieldId": "id",
    "customId": "customCompareValueId",
}


def make_estate(computers: int = 60, seed: int = 1, ugly: bool = False) -> Estate:
    return Estate(computers, seed, datetime(2026, 5, 4, tzinfo=timezone.utc), ugly=ugly)


shared_estate = cache(make_estate)


@pytest.fixture(scope="module", params=[False, True], ids=["plausible", "ugly"])
def estate(request: pytest.FixtureRequest) -> Estate:
    return make_estate(ugly=request.param)


@pytest.fixture(scope="module")
def vendor() -> dict[str, dict[str, Any]]:
    """The GET operations of the vendor's files, by path, with all references resolved."""
    if not SPECIFICATIONS.is_dir():
        pytest.skip("needs the vendor's OpenAPI files in ../shared/api_specifications")
    return get_operations(SPECIFICATIONS / name for name in FILES)


def parameters(estate: Estate, path: str) -> Iterator[dict[str, str]]:
    """The path parameters of all records the sandbox has below a path."""
    names = re.findall(r"{(\w+)}", path)
    if not names:
        yield {}
        return
    list_path = path[: path.rindex("{") - 1]
    if len(names) == 1:
        list_path = path[: path.index("{") - 1]
        if names[0] == "computerId":
            yield from ({"computerId": row["id"]} for row in estate.computers)
            return
        if names[0] == "applicationId":
            list_path = f"{REGISTRY}/applications"
        yield from ({names[0]: row["id"]} for row in records(estate, list_path))
        return
    for parent in parameters(estate, list_path):
        ids = {row[LAST_PARAMETER.get(names[1], names[1])] for row in below(estate, list_path, parent)}
        yield from ({**parent, names[1]: row_id} for row_id in sorted(ids))


def below(estate: Estate, path: str, parent: Mapping[str, str]) -> list[Row]:
    """What one reply holds: the rows of a collection, an object as a single row, nothing for a 404."""
    reply: Any = ROUTES[path].rows(estate, parent, {})
    if reply is None:
        return []
    return [reply] if ROUTES[path].shape == "object" else list(reply)


def records(estate: Estate, path: str) -> list[Row]:
    return [row for parent in parameters(estate, path) for row in below(estate, path, parent)]


def test_every_vendor_path_has_a_route(vendor: dict[str, dict[str, Any]]) -> None:
    """Otherwise a stream would be untested, or tested against a path the vendor does not have."""
    assert set(ROUTES) == set(vendor)


def test_routes_take_what_the_vendor_declares(vendor: dict[str, dict[str, Any]]) -> None:
    """Otherwise the connector could pass here with parameters or permissions that the real API refuses."""
    for path, operation in vendor.items():
        route, document = ROUTES[path], operation["document"]
        given = {
            name["name"]: resolve(document, name.get("schema", {}))
            for name in (resolve(document, parameter) for parameter in operation["parameters"])
            if name["in"] == "query"
        }
        assert route.page_parameters == ("page_number" in given) == ("page_size" in given), path
        if "page_size" in given:
            size = given["page_size"]
            maximum = size.get("maximum", NO_MAXIMUM)
            assert (route.default_page_size, route.maximum_page_size) == (size["default"], maximum), path
        assert (route.filter_fields is not None) == ("filter" in given), path
        assert route.sort == ("sort" in given), path
        assert set(route.query) == set(given) - {"page_number", "page_size", "filter", "sort"}, path
        assert [list(route.permissions)] == [
            right for need in operation["security"] for right in need.values()
        ], path


def test_routes_reply_in_the_declared_shape(vendor: dict[str, dict[str, Any]]) -> None:
    """Otherwise paging would be tested against totals or envelopes that the real API does not send."""
    for path, operation in vendor.items():
        document, properties = operation["document"], reply_schema(operation)["properties"]
        assert (ROUTES[path].shape == "collection") == ("items" in properties), path
        if "items" in properties:
            pagination = resolve(document, properties["pagination"])["properties"]
            assert "total_pages" in pagination, path
            assert (ROUTES[path].totals == "both") == ("total_items" in pagination), path
            assert ROUTES[path].links in properties, path


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_rows_fit_the_vendors_schema(estate: Estate, vendor: dict[str, dict[str, Any]], path: str) -> None:
    """Otherwise the connector's schemas would be tested against records that the real API never sends."""
    document, schema = vendor[path]["document"], reply_schema(vendor[path])
    if "items" in schema["properties"]:
        schema = resolve(document, schema["properties"]["items"]["items"])
    rows = records(estate, path)
    assert rows, "an operation without records tests nothing"
    found = [problem for row in rows for problem in problems(document, schema, row, "row", UNDECLARED)]
    assert not found, found[:5]


@pytest.mark.parametrize("path", sorted(KEYS))
@pytest.mark.parametrize(("computers", "seed"), [(60, 1), (12, 5), (400, 3)])
def test_keys_are_unique_and_complete(path: str, computers: int, seed: int) -> None:
    """Otherwise a deduplicating sync would lose records, and the sandbox would be to blame."""
    estate = shared_estate(computers, seed)
    keys = []
    for parent in parameters(estate, path):
        outer = {f"^{name}": value for name, value in parent.items()}
        keys += [
            tuple({**outer, **row}[field] for field in KEYS[path]) for row in below(estate, path, parent)
        ]
    assert keys, "no records"
    assert len(keys) == len(set(keys))
    assert all(part is not None for key in keys for part in key)


@pytest.mark.parametrize("path", sorted(KEYS))
def test_references_lead_to_records(estate: Estate, path: str) -> None:
    """Otherwise a join over synced tables would come out empty, and child streams would ask for strangers."""
    known: dict[str, set[str]] = {
        "computerId": {row["id"] for row in estate.computers},
        "extendedComputerId": {row["id"] for row in estate.computers},
        "parentComputerId": {row["id"] for row in (*estate.computers, *estate.datacenters)},
        "datacenterId": {row["id"] for row in estate.datacenters},
        "userId": {row["id"] for row in estate.users},
        "organizationId": {row["id"] for row in estate.organizations},
        "metricId": {row["id"] for row in estate.metrics},
        "licenseMetricId": {row["id"] for row in estate.metrics},
    }
    for row in records(estate, path):
        for field, value in row.items():
            if value is None:
                continue
            if field in REFERENCES and field not in known:
                target = REFERENCES[field]
                id_field = KEYS[target][0]
                known[field] = {found[id_field] for found in records(estate, target)}
            assert field not in known or value in known[field], (field, value)


def test_parents_refer_to_records_of_their_own_kind(estate: Estate) -> None:
    """Otherwise the hierarchy of agreements, contracts and types could not be rebuilt after a sync."""
    for path in ("/api/sam/v2/agreements", "/api/sam/v2/contracts", f"{REGISTRY}/types"):
        ids = {row["id"] for row in records(estate, path)}
        assert {row["parentId"] for row in records(estate, path)} - {None} <= ids


def test_data_depends_on_the_seed_alone() -> None:
    """Otherwise a failure could not be repeated, and two replies of one run could contradict each other."""
    paths = sorted(KEYS)
    one, other = make_estate(30, 7), make_estate(30, 7)
    first = {path: records(one, path) for path in paths}
    second = {path: records(other, path) for path in reversed(paths)}
    assert first == second
    assert records(make_estate(30, 8), LICENSES) != first[LICENSES]


def test_size_follows_the_number_of_computers() -> None:
    """Otherwise a test of large accounts would read a small one."""
    small, large = make_estate(3), make_estate(300)
    sizes = {LICENSES: (12, 100), "/api/sam/v2/agreements": (6, 30), "/api/sam/v2/contracts": (6, 30)}
    for path, expected in sizes.items():
        assert (len(records(small, path)), len(records(large, path))) == expected


@pytest.mark.parametrize(
    "path",
    [
        f"{REGISTRY}/applications/{{id}}/types",
        "/api/sam/v2/agreements/{id}/periods",
        "/api/sam/v1/licenses-policies/{policyId}/fields",
        f"{LICENSES}/{{id}}/upgrades",
        f"{LICENSES}/{{id}}/assignments/computers",
        f"{LICENSES}/{{id}}/assignments/users",
        f"{LICENSES}/{{id}}/assignments/organizations",
        f"{LICENSES}/tracking/{{applicationId}}/computers",
        f"{LICENSES}/transfers/{{applicationId}}/custom-values",
    ],
)
def test_some_parents_have_no_children_and_some_have_many(path: str) -> None:
    """Otherwise empty collections and second pages of children would go untested."""
    estate = shared_estate(240)
    counts = [len(below(estate, path, parent)) for parent in parameters(estate, path)]
    assert min(counts) == 0
    assert max(counts) > 5


def test_list_and_detail_of_a_license_differ_as_declared(estate: Estate) -> None:
    """Otherwise nobody would notice a stream that takes the one for the other and so loses costs or keys."""
    listed, detailed = records(estate, LICENSES), records(estate, f"{LICENSES}/{{id}}")
    assert [row["id"] for row in listed] == [row["id"] for row in detailed]
    assert "licenseKeys" not in listed[0]
    assert "upgrades" not in detailed[0]
    shared = set(listed[0]) & set(detailed[0]) - {"_links"}
    assert all(
        one[name] == other[name] for one, other in zip(listed, detailed, strict=True) for name in shared
    )


def test_costs_add_up(estate: Estate) -> None:
    """Otherwise a report on costs made from the streams could not be checked against the licence itself."""
    for row in records(estate, LICENSES):
        parts = below(estate, f"{LICENSES}/{{id}}/costs", {"id": row["id"]})
        (total,) = below(estate, f"{LICENSES}/{{id}}/costs-summary", {"id": row["id"]})
        assert total["totalCost"] == row["totalLicenseCost"]
        if parts:
            assert sum(part["totalCost"] for part in parts) == pytest.approx(row["totalLicenseCost"])
            assert sum(part["licenseQuantity"] for part in parts) == row["quantity"]


def test_compliance_follows_from_licenses_and_installations(estate: Estate) -> None:
    """Otherwise the compliance streams, driven by the applications in use, would miss positions."""
    reachable = {row["applicationId"] for row in estate.built("application_usage_summaries")}
    for path in (LICENSES, "/api/sam/v1/licenses-entitlements"):
        reachable |= {row["applicationId"] for row in records(estate, path)}
    positions = records(estate, POSITION)
    assert {row["applicationId"] for row in positions} <= reachable
    for row in positions:
        assert row["compliance"] == row["totalCoverage"] - row["licenseRequirement"]


def test_entitlements_are_sums_over_licenses(estate: Estate) -> None:
    """Otherwise entitlements and licences of the synced tables would tell two stories."""
    counted = [
        row for row in records(estate, LICENSES) if row["status"] == "Active" and not row["isIncomplete"]
    ]
    entitlements = records(estate, "/api/sam/v1/licenses-entitlements")
    assert sum(row["quantity"] for row in entitlements) == sum(row["quantity"] for row in counted)


def test_unknown_parents_are_not_found(estate: Estate) -> None:
    """Otherwise a parent that vanished between listing and reading would look like one without children."""
    nowhere = "00000000-0000-4000-a000-000000000000"
    for path, route in ROUTES.items():
        names = re.findall(r"{(\w+)}", path)
        if names:
            assert route.rows(estate, dict.fromkeys(names, nowhere), {}) is None, path
