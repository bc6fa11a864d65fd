"""The sandbox's Oracle and SaaS operations against the vendor's files, and the coherence of their data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.oracle_saas_operations import (
    GLOBAL_KEYS,
    KEYS,
    ORACLE,
    ROUTES,
    SAAS,
    call,
    ids,
    replies,
    rows_of,
    subscription_ids,
)
from integration_tests.helpers.sandbox_world import Reader
from integration_tests.helpers.vendor_files import get_operations, problems, reply_schema, resolve
from sandbox import Sandbox
from sandbox.api.errors import ApiError
from sandbox.company import saas_usage
from sandbox.company.estate import Estate
from sandbox.company.oracle_catalogue import LOOKUPS
from sandbox.routes.helpers import NO_MAXIMUM
from sandbox.routes.oracle import ROUTES as ORACLE_ROUTES
from sandbox.routes.oracle import oracle_routes
from sandbox.routes.saas import ROUTES as SAAS_ROUTES
from sandbox.routes.saas_families import ROUTES as FAMILY_ROUTES

SPECIFICATIONS = Path(__file__).resolve().parents[2] / "shared" / "api_specifications"
FILES = (
    "oracle.json",
    "saas-applications.yaml",
    "saas-custom-fields.yaml",
    "saas-family.yaml",
    "saas-subscriptions.yaml",
    "saas-users.yaml",
)
# Fields that some rows have although the vendor does not declare them.
EXTRA_FIELDS = {"environmentType", "jobTitle", "lifecycleState"}
# Fields that the vendor requires without describing them.
REQUIRED_FIELDS = {"activity", "applications", "excludeFromMetrics", "id", "role", "tenantId"}
# Fields that the vendor describes without requiring them, and that some rows therefore lack.
OPTIONAL_FIELDS = {
    "_links",
    "aiSubcategory",
    "applicationTypes",
    "description",
    "excludedFromMetrics",
    "failed",
    "failureReason",
    "hireDate",
    "isEnabled",
    "notes",
    "primaryOwnerId",
    "primaryOwnerName",
    "privacyPolicy",
    "riskScore",
    "terminationDate",
}


@pytest.fixture(scope="module", params=[False, True], ids=["plausible", "ugly"])
def estate(request: pytest.FixtureRequest) -> Estate:
    """An estate of the default size; no test changes it."""
    return Estate(60, 1, ugly=request.param)


@cache
def shared_estate(size: int) -> Estate:
    return Estate(size, 2)


needs_files = pytest.mark.skipif(
    not SPECIFICATIONS.is_dir(), reason="needs the vendor's OpenAPI files in ../shared/api_specifications"
)


@needs_files
@pytest.mark.parametrize("name", FILES)
def test_every_operation_is_served_as_declared(name: str) -> None:
    """Without it a stream could pass against the sandbox with parameters the real API refuses."""
    for path, operation in get_operations([SPECIFICATIONS / name]).items():
        assert path in ROUTES, path
        route, document, reply = ROUTES[path], operation["document"], reply_schema(operation)
        parameters = [resolve(document, each) for each in operation["parameters"]]
        declared = {each["name"]: each for each in parameters if each["in"] == "query"}
        security = operation.get("security") or [{}]
        permissions = {scope for entry in security for scopes in entry.values() for scope in scopes}
        assert set(route.permissions) == permissions, path
        envelope = {"items", "pagination"} <= set(reply["properties"])
        shape = "object" if not envelope else "collection" if "page_number" in declared else "items_object"
        assert route.shape == shape, path
        assert ("filter" in declared) == (route.filter_fields is not None), path
        assert ("sort" in declared) == route.sort, path
        accepted = set(route.query) | ({"page_number", "page_size"} if route.page_parameters else set())
        assert accepted == set(declared) - {"filter", "sort"}, path
        for parameter, is_required in route.query.items():
            assert bool(declared[parameter].get("required")) == is_required, (path, parameter)
        if shape == "collection":
            page_size = declared["page_size"]["schema"]
            assert route.default_page_size == page_size["default"], path
            assert route.maximum_page_size == page_size.get("maximum", NO_MAXIMUM), path
            pagination = resolve(document, reply["properties"]["pagination"])["properties"]
            assert route.totals == ("both" if "total_items" in pagination else "pages"), path
            assert route.links == ("_links" if "_links" in reply["properties"] else ""), path


@needs_files
@pytest.mark.parametrize("name", FILES)
def test_rows_have_the_declared_fields_and_types(name: str, estate: Estate) -> None:
    """Without it schemas and primary keys would be tried on field names the API does not have."""
    absent = tuple(f".{field}: missing" for field in OPTIONAL_FIELDS)
    for path, operation in get_operations([SPECIFICATIONS / name]).items():
        route, document, schema = ROUTES[path], operation["document"], reply_schema(operation)
        if route.shape != "object":
            schema = resolve(document, schema["properties"]["items"])["items"]
        required = set(resolve(document, schema).get("required", ()))
        seen = 0
        for _, found in replies(estate, route):
            for row in found if route.shape == "collection" else [found]:
                seen += 1
                wrong = problems(document, schema, row, path, EXTRA_FIELDS | REQUIRED_FIELDS)
                assert not [problem for problem in wrong if not problem.endswith(absent)]
                assert required <= set(row), path
        assert seen, f"{path} has no rows at all"


def test_no_route_is_defined_twice() -> None:
    """A second definition would never be reached, and its differences would go unnoticed."""
    assert len(ROUTES) == len(ORACLE_ROUTES) + len(SAAS_ROUTES) + len(FAMILY_ROUTES)


def test_oracle_can_be_served_below_a_prefix() -> None:
    """Nobody knows if tenants serve Oracle below /api: users need a connector that was tried both ways."""
    assert [route.path for route in oracle_routes("/api")] == [f"/api{route.path}" for route in ORACLE_ROUTES]


# --- coherence ---


@pytest.mark.parametrize("path", sorted(KEYS))
@pytest.mark.parametrize("size", [60, 400])
def test_keys_are_unique_below_their_parent(path: str, size: int) -> None:
    """A repeated key would make deduplicating destinations lose rows, and the connector would be blamed."""
    estate = shared_estate(size)
    for parameters, found in replies(estate, ROUTES[path]):
        counts = Counter(tuple(row[name] for name in KEYS[path]) for row in found)
        assert not [key for key, count in counts.items() if count > 1], parameters


@pytest.mark.parametrize("path", sorted(GLOBAL_KEYS))
def test_keys_without_parent_are_unique_everywhere(path: str, estate: Estate) -> None:
    """These streams are keyed by the id alone: equal ids below two parents would overwrite each other."""
    counts = Counter(tuple(row[name] for name in GLOBAL_KEYS[path]) for _, row in rows_of(estate, path))
    assert set(counts.values()) == {1}


def test_oracle_references_resolve(estate: Estate) -> None:
    """Users join Oracle rows with computers, datacenters, products, orders: the joins must find something."""
    known: dict[str, set[Any]] = {
        "computerId": {row["id"] for row in estate.computers} | {None},
        "datacenterId": {row["id"] for row in estate.datacenters} | {None},
        "productId": set(ids(estate, f"{ORACLE}/products")) | {None},
        "coveredByProductId": set(ids(estate, f"{ORACLE}/products")) | {None},
        "orderId": set(ids(estate, f"{ORACLE}/entitlements/orders")),
        "licenseId": {
            row["id"] for _, row in rows_of(estate, f"{ORACLE}/entitlements/orders/{{id}}/licenses")
        },
    }
    known["referstoItemId"] = known["licenseId"] | {None}
    for route in ORACLE_ROUTES:
        if route.shape == "collection":
            for _, row in rows_of(estate, route.path):
                for name, values in known.items():
                    assert name not in row or row[name] in values, (route.path, name)


def test_virtual_machines_are_in_the_datacenter_that_lists_them(estate: Estate) -> None:
    """Oracle in a datacenter is licensed for all of it: the two areas must agree on who is in there."""
    members = {(row["computerId"], row["id"]) for row in estate.built("datacenter_members")}
    rows = call(estate, f"{ORACLE}/database/entitlements/compliance/virtual-machines")
    assert {(row["computerId"], row["datacenterId"]) for row in rows} <= members


def test_datacenter_rows_have_no_computer(estate: Estate) -> None:
    """Keys with a null part occur in practice: a connector that drops such rows would go unnoticed."""
    rows = call(estate, f"{ORACLE}/database/entitlements/license-requirements/datacenters")
    assert rows
    assert all(row["computerId"] is None and row["datacenterId"] for row in rows)


def test_memberships_agree_both_ways(estate: Estate) -> None:
    """The same fact is read per application and per user: two answers would make one of the streams wrong."""
    of_applications = rows_of(estate, f"{SAAS}/v1/applications/{{applicationId}}/users")
    of_users = rows_of(estate, f"{SAAS}/v1/users/{{userId}}/applications")
    pairs = {(parameters["applicationId"], row["id"]) for parameters, row in of_applications}
    assert pairs
    assert pairs == {(row["id"], parameters["userId"]) for parameters, row in of_users}


def test_subscription_holders_agree_both_ways(estate: Estate) -> None:
    """Subscriptions per user and users per subscription must agree, or one stream looks broken."""
    of_subscriptions = rows_of(estate, f"{SAAS}/v1/subscriptions/{{subscriptionId}}/users")
    of_users = rows_of(estate, f"{SAAS}/v1/users/{{userId}}/subscriptions")
    hidden = {row["id"] for row in saas_usage.subscriptions(estate) if not row["readable"]}
    pairs = {(parameters["subscriptionId"], row["id"]) for parameters, row in of_subscriptions}
    others = {(row["id"], parameters["userId"]) for parameters, row in of_users}
    assert pairs == {pair for pair in others if pair[0] not in hidden}
    assert {subscription for subscription, _ in others} <= set(subscription_ids(estate))


def test_applications_count_their_users_and_licenses(estate: Estate) -> None:
    """Numbers in a list that disagree with the children would hide rows a connector has lost."""
    path = f"{SAAS}/v1/applications/{{applicationId}}/users"
    for row in call(estate, f"{SAAS}/v1/applications"):
        assert row["totalUniqueUsers"] == len(call(estate, path, applicationId=row["id"]))
        assert row["licenseCount"] == len(row["licenses"])
        assert row["assigned"] == sum(each["assigned"] for each in row["licenses"])


def test_a_listed_subscription_is_not_found(estate: Estate) -> None:
    """The real API does this: a connector that fails on it would lose the whole stream."""
    path = f"{SAAS}/v1/subscriptions/{{subscriptionId}}/users"
    found = [call(estate, path, subscriptionId=each) is not None for each in subscription_ids(estate)]
    assert 0 < found.count(False) < found.count(True)


@pytest.mark.parametrize(
    "path",
    [
        f"{ORACLE}/database/installations/{{id}}/options",
        f"{ORACLE}/database/installations/{{id}}/users",
        f"{ORACLE}/entitlements/orders/{{id}}/licenses",
        f"{SAAS}/v1/applications/{{applicationId}}/users",
        f"{SAAS}/v1/users/{{userId}}/applications",
        f"{SAAS}/v1/subscriptions/{{subscriptionId}}/users",
    ],
)
def test_some_parents_have_no_children_and_some_have_many(path: str, estate: Estate) -> None:
    """Empty parents and second pages of children are where child streams break."""
    counts = [len(found) for _, found in replies(estate, ROUTES[path])]
    assert min(counts) == 0
    assert max(counts) > 5


def test_some_rows_have_undeclared_fields(estate: Estate) -> None:
    """The real API sends more than it declares: a connector that drops or refuses that must be noticed."""
    database = ids(estate, f"{ORACLE}/database/installations")[1]
    rows = [
        *call(estate, f"{SAAS}/v1/users"),
        *call(estate, f"{SAAS}/v1/applications"),
        call(estate, f"{ORACLE}/database/installations/{{id}}", id=database),
    ]
    assert set().union(*rows) >= EXTRA_FIELDS


def test_unknown_parents_are_not_found(estate: Estate) -> None:
    """A parent that is gone must be a 404, not an empty list: the two mean different things to a sync."""
    for path, route in ROUTES.items():
        names = re.findall(r"{(\w+)}", path)
        if names:
            assert call(estate, path, **dict.fromkeys(names, "unknown")) is None, route.path


# --- key figures, families, custom fields ---


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{SAAS}/v1/applications/kpi", "2026-10-01T00:00:00Z"),
        (f"{SAAS}/v1/applications/kpi", "01/10/2026"),
        (f"{SAAS}/v1/overview/applications/kpi", "2026-13-01"),
        (f"{SAAS}/v2/subscription-family/applications/kpi", "yesterday"),
        (f"{SAAS}/v1/users/kpi", "2026-10-01"),
        (f"{SAAS}/v1/users/kpi", "2026-02-30T00:00:00Z"),
    ],
)
def test_a_wrong_date_is_a_bad_request(path: str, value: str, estate: Estate) -> None:
    """The operations want different kinds of dates: a wrong kind must fail here as it does for real."""
    with pytest.raises(ApiError) as failure:
        call(estate, path, {"fromDate": value, "toDate": value})
    assert failure.value.status == 400


def test_user_figures_follow_the_dates(estate: Estate) -> None:
    """Key figures that ignored their dates could not show that a connector sends the right ones."""
    query = {"fromDate": estate.ago(9), "toDate": estate.ago(0)}
    figures = call(estate, f"{SAAS}/v1/users/kpi", query)
    assert len(figures["totalChartData"]) == 10
    assert figures["total"] == len(call(estate, f"{SAAS}/v1/users"))
    assert figures["totalChartData"][-1]["total"] == figures["total"]


def test_families_can_be_narrowed(estate: Estate) -> None:
    """The lists of ids in the query must choose rows."""
    path = f"{SAAS}/v1/subscription-family/servicenow/subscriptions"
    chosen = ids(estate, path)[1:3]
    assert [row["id"] for row in call(estate, path, {"subscriptionIds": ",".join(chosen)})] == chosen
    users = f"{SAAS}/v1/subscription-family/salesforce/users"
    plan = call(estate, users, {})[0]["subscriptionAccounts"][0]["subscriptionPlanId"]
    narrowed = call(estate, users, {"subscriptionPlanIds": plan})
    assert 0 < len(narrowed) <= len(call(estate, users, {}))


# --- the estate ---


def test_data_depend_on_size_and_seed_alone() -> None:
    """A failure that cannot be repeated cannot be found."""

    def everything(seed: int) -> list[Any]:
        estate = Estate(40, seed, now=Estate(1).now)
        return [list(replies(estate, route)) for route in ROUTES.values()]

    assert everything(3) == everything(3)
    assert everything(3) != everything(4)


@pytest.mark.parametrize("size", [0, 1, 5, 60])
def test_small_estates_can_be_read(size: int) -> None:
    """Tests with a handful of computers must not fail in the sandbox itself."""
    estate = Estate(size, 1)
    for route in ROUTES.values():
        list(replies(estate, route))


def test_tables_grow_with_the_estate() -> None:
    """Benchmarks set the number of computers and expect the rest to follow."""
    estate = Estate(600, 1)
    assert len(call(estate, f"{SAAS}/v1/users")) == 600
    assert len(call(estate, f"{SAAS}/v1/applications")) == 55
    assert len(call(estate, f"{ORACLE}/database/installations")) == 50


# --- over HTTP ---


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """A client of a running sandbox that serves the operations of this module's files alone."""
    with Sandbox(estate=Estate(60, 1), routes=list(ROUTES.values())) as sandbox:
        yield Reader(sandbox)


def test_pages_hold_every_row_once(reader: Reader) -> None:
    """Children with several pages, and the totals that connectors compare with, must be right over the
    wire.
    """
    estate = reader.sandbox.estate
    for path in (f"{SAAS}/v1/users", f"{ORACLE}/products"):
        items = reader.pages(path, lambda reply: len(reply["items"]) < 7, page_size=7)
        assert [item["id"] for item in items] == ids(estate, path)
    first = reader.get(f"{ORACLE}/products", page_size=7).json()
    assert first["pagination"] == {"page_number": 1, "page_size": 7, "total_pages": 4}
    assert reader.get(f"{SAAS}/v1/users").json()["pagination"]["total_items"] == 60


def test_rows_can_be_filtered_and_sorted(reader: Reader) -> None:
    """The user's own filters go to the API as they are: fields the vendor does not list must work too."""
    reply = reader.get(f"{SAAS}/v1/users", filter='status -eq "Active"', sort="displayName:desc").json()
    names = [row["displayName"] for row in reply["items"]]
    assert {row["status"] for row in reply["items"]} == {"Active"}
    assert names == sorted(names, key=str.casefold, reverse=True)


def test_installation_details_come_in_an_envelope(reader: Reader) -> None:
    """The vendor declares these details as a list: a connector that expects an object would find nothing."""
    database = ids(reader.sandbox.estate, f"{ORACLE}/database/installations")[0]
    reply = reader.get(f"{ORACLE}/database/installations/{database}").json()
    assert [row["id"] for row in reply["items"]] == [database]


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        (f"{SAAS}/v1/users", {"page_size": 1001}, 400),
        (f"{SAAS}/v1/applications", {"page_size": 1001}, 200),
        (f"{SAAS}/v1/applications/kpi", {"fromDate": "2026-10-01"}, 400),
        (f"{SAAS}/v1/applications/kpi", {"fromDate": "2026-10-01", "toDate": "2026-10-31"}, 200),
        (f"{SAAS}/v1/users/kpi", {"fromDate": "2026-10-01", "toDate": "2026-10-31"}, 400),
        (f"{SAAS}/v1/tasks/unknown", {}, 404),
        (f"{ORACLE}/products", {"sort": "id:asc"}, 400),
        (f"{ORACLE}/types", {"filter": 'name -eq "Database"'}, 400),
        (f"{ORACLE}/types/{LOOKUPS['types'][0]}", {}, 200),
    ],
)
def test_requests_are_accepted_as_declared(
    path: str, parameters: dict[str, Any], status: int, reader: Reader
) -> None:
    """What the vendor refuses must be refused here, or mistakes in requests would show at customers first."""
    assert reader.get(path, **parameters).status_code == status
