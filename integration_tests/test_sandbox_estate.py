"""The sandbox's core tables and their operations: against the vendor's files, and as a coherent whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_tests.helpers.vendor_files import problems, reply_schema, resolve
from sandbox.api.route import Route
from sandbox.company.assets import ASSETS
from sandbox.company.estate import BUILDERS, Estate, Row
from sandbox.company.organizations import NO_PARENT
from sandbox.routes import (
    assets,
    audit_logs,
    computers,
    custom_fields,
    custom_objects,
    datacenters,
    inventory,
    mobile_devices,
    organizations,
    user_accounts,
)
from sandbox.routes.helpers import NO_MAXIMUM, View

SPECIFICATIONS = Path(__file__).resolve().parents[2] / "shared" / "api_specifications"
FILES = (
    "computers.json",
    "useraccounts.json",
    "mobiledevices.json",
    "dcc.json",
    "customobjects.json",
    "organizations.json",
    "sam-custom-fields.json",
    "sam-custom-metrics.yaml",
    "sam-files.yaml",
    "sam-links.yaml",
    "audit-logs.json",
    "snowpacks.yml",
    "snowpacks-data.yml",
)
MODULES = (
    assets,
    audit_logs,
    computers,
    custom_fields,
    custom_objects,
    datacenters,
    inventory,
    mobile_devices,
    organizations,
    user_accounts,
)
ROUTES: dict[str, Route] = {route.path: route for module in MODULES for route in module.ROUTES}
ESTATE, INVENTORY = "/api/sam/estate/v1", "/api/inventory/v1/device"
# Fields that rows may have although the vendor does not declare them, and those they may lack although it
# does.
UNDECLARED = frozenset(
    {
        "biosSerialNumber",
        "clientVersion",
        "organizationHierarchy",
        "location",
        "lastLogon",
        "orgHierarchy",
        "hierarchy",
        "status",
        "tenantId",
        "fileSystem",
    }
)
OPTIONAL = {("files", ".description: missing"), ("links", ".description: missing")}
NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module", params=[False, True], ids=["plausible", "ugly"])
def estate(request: pytest.FixtureRequest) -> Estate:
    return Estate(now=NOW, ugly=request.param)


def _ids(table: str, parameter: str = "id", field: str = "id") -> Callable[[Estate], list[dict[str, str]]]:
    return lambda estate: [{parameter: row[field]} for row in estate.built(table)]


def _pairs(table: str, **fields: str) -> Callable[[Estate], list[dict[str, str]]]:
    return lambda estate: [
        {parameter: row[field] for parameter, field in fields.items()} for row in estate.built(table)
    ]


# Where the path parameters of an operation come from; the first entry that the path starts with counts.
PLACES: dict[str, Callable[[Estate], list[dict[str, str]]]] = {
    f"{ESTATE}/computers/{{id}}/applications/{{applicationid}}": _pairs(
        "computer_applications", id="computerId", applicationid="applicationId"
    ),
    f"{ESTATE}/computers/{{id}}/logonhistory/{{userid}}": _pairs(
        "computer_logons", id="computerId", userid="userId"
    ),
    f"{ESTATE}/computers/{{id}}": _ids("computers"),
    f"{ESTATE}/computers-logonhistory/{{userid}}": _ids("users", "userid"),
    f"{ESTATE}/user-accounts/{{id}}": _ids("users"),
    f"{ESTATE}/user-accounts-discovery/{{id}}": _ids("user_discoveries", field="objectId"),
    f"{ESTATE}/mobiledevices/{{id}}": _ids("mobile_devices"),
    f"{ESTATE}/dcc/{{id}}/members/{{memberId}}": _pairs("datacenter_members", id="id", memberId="computerId"),
    f"{ESTATE}/dcc/{{id}}": _ids("datacenters"),
    f"{ESTATE}/dcc-hypervisors/{{id}}": _ids("hypervisors"),
    f"{ESTATE}/customobjects/{{id}}/propertyvalues/{{valueId}}": _pairs(
        "custom_object_property_values", id="objectId", valueId="id"
    ),
    f"{ESTATE}/customobjects/{{id}}": _ids("custom_objects"),
    f"{ESTATE}/customobjecttypes/{{typeid}}/properties/{{propertyid}}": _pairs(
        "custom_object_properties", typeid="typeId", propertyid="id"
    ),
    f"{ESTATE}/customobjecttypes/{{typeid}}": _ids("custom_object_types", "typeid"),
    "/api/custom-fields/v1/custom-fields-asset-types/{id}": _ids("custom_field_asset_types"),
    "/api/custom-fields/v1/custom-fields-data-types/{id}": _ids("custom_field_data_types"),
    "/api/custom-fields/v1/custom-fields-values/{id}": _ids("custom_field_values"),
    "/api/custom-fields/v1/custom-fields/{id}": _ids("custom_fields"),
    "/api/custom-metrics/v1/custom-metrics/{customMetricId}": _ids("custom_metrics", "customMetricId"),
    "/api/sam/v1/files/asset/{assetId}": lambda estate: [
        {"assetId": identifier} for kind in ASSETS for identifier in estate.asset_ids(kind)
    ],
    "/api/sam/v1/links/asset/{assetId}": lambda estate: [
        {"assetId": identifier} for kind in ASSETS for identifier in estate.asset_ids(kind)
    ],
    "/api/sam/v1/files/{id}": _ids("files"),
    "/api/sam/v1/links/{id}": _ids("links"),
    "/api/organizations/v1/node/{nodeId}": _ids("organizations", "nodeId"),
    f"{INVENTORY}/{{deviceId}}": _ids("inventory_devices", "deviceId", "deviceId"),
}
# Objects that some parents do not have: a 404 there is no fault of the data.
NOT_EVERYWHERE = ("/socketmap", "/displayadapters", "/monitors")


def places(estate: Estate, path: str) -> list[dict[str, str]]:
    """All path parameters that an operation can be called with."""
    if "{" not in path:
        return [{}]
    return next(found for start, found in PLACES.items() if path.startswith(start))(estate)


def replies(estate: Estate, path: str, query: Mapping[str, str] | None = None) -> Iterator[Any]:
    """What the operation gives at each of its places."""
    for parameters in places(estate, path):
        found = ROUTES[path].rows(estate, parameters, query or {})
        assert found is not None or path.endswith(NOT_EVERYWHERE), parameters
        if found is not None:
            yield found


def rows_of(estate: Estate, path: str) -> list[Row]:
    """The rows of an operation, of all parents together."""
    if ROUTES[path].shape == "object":
        return list(replies(estate, path))
    return [row for reply in replies(estate, path) for row in reply]


def _vendor_operations() -> dict[str, dict[str, Any]]:
    if not SPECIFICATIONS.is_dir():
        return {}
    operations: dict[str, dict[str, Any]] = {}
    for name in FILES:
        text = (SPECIFICATIONS / name).read_text(encoding="utf-8-sig")
        if name.endswith(".json"):  # one of them has a comma too many
            document = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))
        else:
            document = yaml.safe_load(text)
        for path, item in document["paths"].items():
            if "get" in item:
                shared = item.get("parameters", [])
                own = item["get"].get("parameters", [])
                operations[path] = {**item["get"], "document": document, "parameters": [*shared, *own]}
    return operations


@pytest.fixture(scope="module")
def operations() -> dict[str, dict[str, Any]]:
    found = _vendor_operations()
    if not found:
        pytest.skip("needs the vendor's OpenAPI files in ../shared/api_specifications")
    return found


def test_every_operation_of_the_vendors_files_is_served(operations: dict[str, dict[str, Any]]) -> None:
    """Without it, a stream of an operation that the sandbox lacks would never have been tried."""
    assert set(ROUTES) == set(operations)


def test_each_operation_takes_the_parameters_that_the_vendor_declares(
    operations: dict[str, dict[str, Any]],
) -> None:
    """Without it, the connector could pass here with parameters that the real server refuses."""
    for path, operation in operations.items():
        route = ROUTES[path]
        declared = {
            parameter["name"]: resolve(operation["document"], parameter["schema"]) | parameter
            for parameter in (resolve(operation["document"], entry) for entry in operation["parameters"])
            if parameter["in"] == "query"
        }
        taken = set(route.query)
        if route.page_parameters:
            taken |= {"page_number", "page_size"}
            assert route.default_page_size == declared["page_size"]["default"], path
            assert route.maximum_page_size == declared["page_size"].get("maximum", NO_MAXIMUM), path
        if route.sort:
            taken.add("sort")
        if route.filter_fields is not None:
            taken.add("filter")
            listed = re.findall(r"\?filter=(\w+) ", declared["filter"].get("description", ""))
            assert {name.lower() for name in listed} == {name.lower() for name in route.filter_fields}, path
        assert taken == set(declared), path
        assert route.query == {name: bool(declared[name].get("required")) for name in route.query}, path


def test_each_operation_asks_for_the_permissions_that_the_vendor_names(
    operations: dict[str, dict[str, Any]],
) -> None:
    """Without it, the advice on which permissions a sync needs would rest on a guess."""
    for path, operation in operations.items():
        named = {
            scope for way in operation.get("security") or () for scopes in way.values() for scope in scopes
        }
        assert set(ROUTES[path].permissions) == named, path


def test_each_reply_has_the_shape_that_the_vendor_declares(operations: dict[str, dict[str, Any]]) -> None:
    """Without it, the connector could rely on totals, links or an envelope that a real reply lacks."""
    for path, operation in operations.items():
        route, schema = ROUTES[path], reply_schema(operation)
        properties = schema.get("properties", {})
        shape = (
            "array"
            if schema.get("type") == "array"
            else next(
                (name for key, name in (("nodes", "nodes"), ("items", "collection")) if key in properties),
                None,
            )
        )
        assert route.shape == (shape or "object"), path
        if shape == "collection":
            totals = set(resolve(operation["document"], properties["pagination"])["properties"])
            expected = {"both": {"total_pages", "total_items"}, "pages": {"total_pages"}, "none": set()}
            assert totals - {"page_size", "page_number"} == expected[route.totals], path
        if shape:
            assert bool(route.links) is ("_links" in properties), path


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_rows_are_valid_by_the_vendors_schemas(
    path: str, estate: Estate, operations: dict[str, dict[str, Any]]
) -> None:
    """Without it, field names, casing, types or nulls of the sandbox could drift from the real API."""
    operation = operations[path]
    schema, document = reply_schema(operation), operation["document"]
    query = {"attachments": "true"} if path.endswith("/audit/v2/logs") else {}
    if ROUTES[path].shape != "object":
        schema = schema["items"] if ROUTES[path].shape == "array" else _items(document, schema)
    found: Counter[str] = Counter()
    for reply in replies(estate, path, query):
        for row in [reply] if ROUTES[path].shape == "object" else reply:
            found.update(problems(document, schema, row, "", UNDECLARED))
            found.update(_number_problems(document, schema, row))
    assert [problem for problem in found if (path.split("/")[4], problem) not in OPTIONAL] == []


def _items(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema["properties"]
    return resolve(document, properties.get("items") or properties["nodes"])["items"]  # type: ignore[no-any-return]


def _number_problems(document: Mapping[str, Any], schema: Mapping[str, Any], row: Row) -> Iterator[str]:
    limits = {"int32": 2**31, "int64": 2**63, "byte": 256}
    for name, declared in resolve(document, schema).get("properties", {}).items():
        limit = limits.get(str(resolve(document, declared).get("format")))
        if limit and row.get(name) is not None and not -limit < row[name] < limit:
            yield f".{name}: out of range"


KEYS: dict[str, tuple[str, ...]] = {
    f"{ESTATE}/computers": ("id",),
    f"{ESTATE}/computers-applications": ("computerId", "applicationId", "bundleApplicationId"),
    f"{ESTATE}/computers-application-usage": ("computerId", "userId", "applicationId", "bundleApplicationId"),
    f"{ESTATE}/computers-application-user-usage": ("userId", "applicationId", "bundleApplicationId"),
    f"{ESTATE}/computers-application-usage/summaries": ("applicationId",),
    f"{ESTATE}/computers-metering": ("computerId", "metricId", "applicationId"),
    f"{ESTATE}/computers-environment-variables": ("computerId", "environmentVariableName"),
    f"{ESTATE}/computers/{{id}}/contracts": ("computerId", "contractId"),
    f"{ESTATE}/computers/{{id}}/hardware": ("computerId",),
    f"{ESTATE}/computers/{{id}}/costs": ("computerId",),
    f"{ESTATE}/computers/{{id}}/hardware/cpu/socketmap": ("computerId",),
    f"{ESTATE}/computers/{{id}}/hardware/disks/logical": ("computerId", "name"),
    f"{ESTATE}/computers/{{id}}/registry": ("computerId", "registryKeyName", "registryValueName"),
    f"{ESTATE}/computers/{{id}}/virtual-machines": ("id", "machineId"),
    f"{ESTATE}/computers/{{id}}/logonhistory": ("computerId", "userId"),
    f"{ESTATE}/user-accounts": ("id",),
    f"{ESTATE}/user-accounts-discovery": ("objectId",),
    f"{ESTATE}/user-accounts-metering": ("id", "metricID", "applicationId", "organizationId"),
    f"{ESTATE}/mobiledevices": ("id",),
    f"{ESTATE}/dcc": ("id",),
    f"{ESTATE}/dcc/{{id}}/members": ("id", "computerId"),
    f"{ESTATE}/dcc/{{id}}/members/{{memberId}}/features": ("id", "computerId", "featureName"),
    f"{ESTATE}/dcc/{{id}}/history": ("id", "virtualMachineDate"),
    f"{ESTATE}/dcc-hypervisors": ("id",),
    f"{ESTATE}/customobjects": ("id",),
    f"{ESTATE}/customobjects/{{id}}/propertyvalues": ("id",),
    f"{ESTATE}/customobjecttypes": ("id",),
    f"{ESTATE}/customobjecttypes/{{typeid}}/properties": ("id",),
    "/api/organizations/v1/tree": ("id",),
    "/api/custom-fields/v1/custom-fields": ("id",),
    "/api/custom-fields/v1/custom-fields-values": ("id",),
    "/api/custom-fields/v1/custom-fields-asset-types": ("id",),
    "/api/custom-fields/v1/custom-fields-data-types": ("id",),
    "/api/custom-metrics/v1/custom-metrics": ("id",),
    "/api/sam/v1/files/asset/{assetId}": ("id",),
    "/api/sam/v1/links/asset/{assetId}": ("id",),
    "/api/audit/v2/logs": ("id",),
    f"{INVENTORY}/metadata": ("deviceId", "source"),
}


@pytest.mark.parametrize("path", sorted(KEYS))
def test_keys_are_unique(path: str, estate: Estate) -> None:
    """Without it, a test that finds a record twice could not tell a fault of the connector from one of the
    data.
    """
    keys = Counter(tuple(row[field] for field in KEYS[path]) for row in rows_of(estate, path))
    assert [key for key, count in keys.items() if count > 1] == []
    assert keys


def _references(estate: Estate) -> Iterable[tuple[str, Sequence[Row], str, set[str]]]:
    """Tables with a field that refers to another table: what it is, the rows, the field, the ids that
    exist.
    """

    def ids(table: str) -> set[str]:
        return {row["id"] for row in estate.built(table)}

    computers, users, applications, organizations = (
        ids(table) for table in ("computers", "users", "applications", "organizations")
    )
    bundles = {row["id"] for row in estate.applications if row["isBundle"]}
    for table in ("computers", "users", "mobile_devices", "datacenters"):
        yield table, estate.built(table), "organizationId", organizations
    yield "organizations", estate.organizations, "parentId", organizations | {NO_PARENT}
    for field in ("mostFrequentUser", "mostRecentUser"):
        yield "computers", estate.computers, field, users
    yield "computers", estate.computers, "hostComputerId", computers
    yield "computers", estate.computers, "operatingSystemId", applications
    for table in (
        "computer_applications",
        "computer_application_usage",
        "computer_metering",
        "computer_logons",
    ):
        yield table, estate.built(table), "computerId", computers
    for table in ("computer_applications", "computer_application_usage", "application_usage_summaries"):
        yield table, estate.built(table), "applicationId", applications
    for table in ("computer_applications", "computer_application_usage", "computer_application_user_usage"):
        yield table, estate.built(table), "bundleApplicationId", bundles
    for table in ("computer_application_usage", "computer_application_user_usage", "computer_logons"):
        yield table, estate.built(table), "userId", users
    yield "computer_metering", estate.built("computer_metering"), "metricId", ids("metrics")
    yield "user_metering", estate.built("user_metering"), "metricID", ids("metrics")
    yield "user_metering", estate.built("user_metering"), "id", users
    yield "applications", estate.applications, "familyId", ids("application_families")
    yield "applications", estate.applications, "overridesApplicationId", applications
    yield "bundles", estate.application_bundles, "id", bundles
    yield "bundles", estate.application_bundles, "childId", applications
    yield "groups", estate.application_groups, "childId", applications
    yield "datacenters", estate.datacenters, "hypervisor", ids("hypervisors")
    yield "members", estate.built("datacenter_members"), "computerId", computers
    yield "members", estate.built("datacenter_members"), "id", ids("datacenters")
    yield "custom objects", estate.built("custom_objects"), "computerId", computers
    yield "custom objects", estate.built("custom_objects"), "userId", users
    yield "properties", estate.built("custom_object_properties"), "typeId", ids("custom_object_types")
    yield "values", estate.built("custom_object_property_values"), "objectId", ids("custom_objects")
    yield (
        "values",
        estate.built("custom_object_property_values"),
        "propertyId",
        ids("custom_object_properties"),
    )
    yield "custom metrics", estate.built("custom_metrics"), "customFieldId", ids("custom_fields")
    assets = {identifier for kind in ASSETS for identifier in estate.asset_ids(kind)}
    for table in ("files", "links", "custom_field_values"):
        yield table, estate.built(table), "assetId", assets
    yield "custom field values", estate.built("custom_field_values"), "customFieldId", ids("custom_fields")
    yield "devices", estate.built("inventory_devices"), "deviceId", computers


def test_references_resolve(estate: Estate) -> None:
    """Without it, joins of streams, which users live on, could not be tried on this data."""
    for what, rows, field, known in _references(estate):
        dangling = {row[field] for row in rows if row[field] is not None and row[field] not in known}
        assert not dangling, f"{what}.{field}"
        assert any(row[field] is not None for row in rows), f"{what}.{field}"


def test_the_same_seed_gives_the_same_estate_in_whatever_order_it_is_built() -> None:
    """Without it, two runs of a test, or two tests that share an expectation, would see different data."""
    forwards, backwards = Estate(now=NOW), Estate(now=NOW)
    for name in BUILDERS:
        forwards.built(name)
    for name in reversed(BUILDERS):
        backwards.built(name)
    for name in BUILDERS:
        assert forwards.built(name) == backwards.built(name), name
    other = Estate(seed=2, now=NOW)
    assert {row["id"] for row in other.computers}.isdisjoint(row["id"] for row in forwards.computers)


def test_a_table_is_built_once_and_stays_the_same_list(estate: Estate) -> None:
    """Without it, changes that the control API makes while a client reads would be lost."""
    fresh = Estate(now=NOW)
    computers = fresh.computers
    removed = computers.pop(3)
    assert fresh.computers is computers
    assert removed["id"] not in fresh.by_id("computers")
    assert ROUTES[f"{ESTATE}/computers/{{id}}"].rows(fresh, {"id": removed["id"]}, {}) is None
    computers.insert(0, removed)
    assert fresh.by_id("computers")[removed["id"]] is removed
    installed = fresh.built("computer_applications")
    installed.append({**installed[0], "applicationId": fresh.guid("new")})
    found = fresh.grouped("computer_applications", "computerId")[installed[0]["computerId"]]
    assert installed[-1] in found


def test_unknown_parents_and_records_are_not_found(estate: Estate) -> None:
    """Without it, a parent that is gone would look like one without children."""
    for path, route in ROUTES.items():
        names = re.findall(r"\{(\w+)\}", path)
        if names:
            assert route.rows(estate, {name: estate.guid("nothing") for name in names}, {}) is None, path


@pytest.mark.parametrize(
    "path",
    [
        f"{ESTATE}/computers/{{id}}/applications",
        f"{ESTATE}/computers/{{id}}/logonhistory",
        f"{ESTATE}/computers/{{id}}/virtual-machines",
        f"{ESTATE}/computers/{{id}}/remote-clients",
        f"{ESTATE}/computers/{{id}}/contracts",
        f"{ESTATE}/computers/{{id}}/registry",
        f"{ESTATE}/dcc/{{id}}/members",
        f"{ESTATE}/dcc/{{id}}/history",
        f"{ESTATE}/customobjects/{{id}}/propertyvalues",
        f"{ESTATE}/customobjecttypes/{{typeid}}/properties",
        "/api/sam/v1/files/asset/{assetId}",
        "/api/sam/v1/links/asset/{assetId}",
    ],
)
def test_some_parents_have_no_children_and_some_have_several_pages_of_them(path: str, estate: Estate) -> None:
    """Without it, empty child collections and paging below a parent would go untested."""
    counts = [len(reply) for reply in replies(estate, path)]
    assert min(counts) == 0
    assert max(counts) > 5


def test_children_of_all_parents_are_the_bulk_list(estate: Estate) -> None:
    """Without it, a comparison of a bulk stream with its reading parent by parent would prove nothing."""
    for bulk, child in (
        ("computers-applications", "computers/{id}/applications"),
        ("computers-metering", "computers/{id}/metering"),
        ("computers-networkadapters", "computers/{id}/hardware/networkadapters"),
        ("computers-environment-variables", "computers/{id}/environment-variables"),
        ("user-accounts-metering", "user-accounts/{id}/metering"),
    ):
        one, other = (
            sorted(json.dumps(row, sort_keys=True) for row in rows_of(estate, f"{ESTATE}/{path}"))
            for path in (bulk, child)
        )
        assert one == other, bulk


def test_the_estate_has_something_to_find(estate: Estate) -> None:
    """Without it, examples on unused software or lost computers would come out empty."""
    long_ago = estate.ago(90)
    installed = estate.built("computer_applications")
    never = [row for row in installed if row["lastUsed"] is None]
    unused = [row for row in installed if row["lastUsed"] and row["lastUsed"] < long_ago]
    lost = [row for row in estate.computers if row["lastScanDate"] < long_ago]
    assert 0.1 < len(never) / len(installed) < 0.4
    assert 0.1 < len(unused) / len(installed) < 0.4
    assert 0 < len(lost) < len(estate.computers) / 2
    assert any(row["status"] == "Active" for row in lost)
    assert {row["status"] for row in estate.computers} == {"Active", "Inactive", "Quarantined"}
    assert 15 <= len(installed) / len(estate.computers) <= 35
    assert any(row["isEndOfSupport"] for row in estate.applications)
    assert any(not row["hostName"].isascii() for row in estate.computers)


def test_yes_no_custom_fields_are_words(estate: Estate) -> None:
    """Without it, the one oddity that every user of custom fields meets would not be there to be met."""
    yes_no = {row["id"] for row in estate.built("custom_fields") if row["dataType"]["name"] == "Yes/No"}
    values = {row["value"] for row in estate.built("custom_field_values") if row["customFieldId"] in yes_no}
    assert values >= {"True", "False"}
    assert values <= {"True", "False", None}


def test_audit_logs_lie_in_the_last_four_hundred_days(estate: Estate) -> None:
    """Without it, slices by date could not be checked at their edges: equal times, fractions of a second."""
    created = [row["created"] for row in estate.built("audit_logs")]
    days = {datetime.fromisoformat(f"{text[:19]}+00:00").date() for text in created}
    assert len(days) > 40
    assert min(days) > (NOW - timedelta(days=401)).date()
    assert max(days) <= NOW.date()
    assert min(days) < (NOW - timedelta(days=360)).date()
    assert max(Counter(created).values()) > 2
    fractions = {len(text.partition(".")[2]) - 1 for text in created if "." in text}
    assert {3, 7} <= fractions
    assert created[0][:19] > created[-1][:19]


def test_audit_logs_show_attachments_only_on_request(estate: Estate) -> None:
    """Without it, nobody would notice a connector that never asks for them."""
    path = "/api/audit/v2/logs"
    for query, shown in (({}, False), ({"attachments": "false"}, False), ({"attachments": "true"}, True)):
        rows = ROUTES[path].rows(estate, {}, query)
        assert isinstance(rows, View)
        assert ("attachments" in rows[0]) is shown


def test_a_large_estate_serves_a_page_of_computers_without_projecting_all_of_them() -> None:
    """Without it, reading a large estate would measure the sandbox instead of the connector."""
    large = Estate(computers=3000, now=NOW)
    rows = ROUTES[f"{ESTATE}/computers"].rows(large, {}, {})
    assert isinstance(rows, View)
    assert len(rows) == 3000
    page = rows[1000:1500]
    assert [row["id"] for row in page] == [row["id"] for row in large.computers[1000:1500]]
    assert [row["id"] for row in rows][1000:1500] == [row["id"] for row in page]
    assert set(large.tables) <= {"computers", "applications", "organizations", "users"}
