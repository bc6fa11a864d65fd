"""Calls of the sandbox's Oracle and SaaS operations, for all of their parents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.api.route import Route
from sandbox.company import saas_children
from sandbox.company.estate import Estate, Row
from sandbox.company.oracle_catalogue import LOOKUPS
from sandbox.routes.oracle import ROUTES as ORACLE_ROUTES
from sandbox.routes.saas import ROUTES as SAAS_ROUTES
from sandbox.routes.saas_families import ROUTES as FAMILY_ROUTES

ROUTES = {route.path: route for route in [*ORACLE_ROUTES, *SAAS_ROUTES, *FAMILY_ROUTES]}
ORACLE, SAAS = "/sam/oracle/v1", "/api/saas/consolidated-view"
# The key of each collection, within its parent if it has one. Collections without a key are not listed.
PLACE = ("computerId", "datacenterId")
KEYS: dict[str, tuple[str, ...]] = {
    **{
        f"{ORACLE}/{category}/entitlements/{what}/{where}": key
        for category in ("database", "middleware")
        for where in ("servers", "virtual-machines", "datacenters")
        for what, key in {
            "compliance": ("estateType", *PLACE),
            "license-assignments": ("productId", *PLACE, "licenseId"),
            "license-requirements": ("productId", *PLACE),
        }.items()
    },
    f"{ORACLE}/database/entitlements/compliance/products": (
        "productId",
        "estateType",
        "estateName",
        "licenseMetricType",
    ),
    f"{ORACLE}/middleware/entitlements/compliance/products": (
        "productId",
        "estateType",
        "estateName",
        "licenseMetricType",
    ),
    f"{ORACLE}/database/installations": ("id",),
    f"{ORACLE}/database/installations/{{id}}/servers": ("id", "computerId"),
    f"{ORACLE}/database/installations/{{id}}/instances": ("instanceId",),
    f"{ORACLE}/database/installations/{{id}}/options": ("id", "productId"),
    f"{ORACLE}/database/installations/{{id}}/management-packs": ("id", "productId"),
    f"{ORACLE}/database/installations/{{id}}/features": ("id", "computerId", "name"),
    f"{ORACLE}/database/installations/{{id}}/users": ("id", "userName"),
    f"{ORACLE}/database/installations/{{id}}/sessions": ("id", "sessionId"),
    f"{ORACLE}/database/installations/{{id}}/options/{{oid}}/usage": ("groupName",),
    f"{ORACLE}/java/installations": ("id",),
    f"{ORACLE}/java/installations/{{id}}/features": ("featureId",),
    f"{ORACLE}/middleware/installations": ("id",),
    f"{ORACLE}/middleware/installations/{{id}}/applications": ("applicationId",),
    f"{ORACLE}/entitlements/orders": ("id",),
    f"{ORACLE}/products": ("id",),
    f"{SAAS}/v1/applications": ("id",),
    f"{SAAS}/v1/applications/{{applicationId}}/users": ("id",),
    f"{SAAS}/v1/applications/{{applicationId}}/users/consumption": ("id",),
    f"{SAAS}/v1/users": ("id",),
    f"{SAAS}/v1/users/{{userId}}/applications": ("id",),
    f"{SAAS}/v1/users/{{userId}}/subscriptions": ("id",),
    f"{SAAS}/v1/users/{{userId}}/discovery-sources": ("id",),
    f"{SAAS}/v1/subscriptions/{{subscriptionId}}/users": ("id",),
    f"{SAAS}/v1/subscriptions/{{subscriptionId}}/users/consumption": ("id",),
    f"{SAAS}/v1/subscriptions/{{subscriptionId}}/insights/{{insightRuleId}}/users": ("id",),
    f"{SAAS}/v1/subscription-family/servicenow/subscriptions": ("id",),
    f"{SAAS}/v1/subscription-family/servicenow/users": ("id",),
    f"{SAAS}/v1/subscription-family/salesforce/organizations": ("id",),
    f"{SAAS}/v1/subscription-family/salesforce/users": ("id",),
    f"{SAAS}/v1/subscription-family/salesforce/subscriptions": ("name",),
    f"{SAAS}/v1/subscription-family/salesforce/consumptions": ("originalId",),
    f"{SAAS}/v2/custom-fields": ("id",),
}
# Collections whose key must be unique across all parents, so that they can be loaded without the parent's id.
GLOBAL_KEYS: dict[str, tuple[str, ...]] = {
    f"{ORACLE}/entitlements/orders/{{id}}/licenses": ("id",),
    f"{SAAS}/v1/subscription-family/{{familyId}}/subscriptionplanids": ("id",),
}


def required_query(route: Route) -> dict[str, str]:
    """Return values for the required parameters of an operation, which are dates."""
    clock = "T00:00:00Z" if route.path.endswith("/users/kpi") else ""
    return {name: f"2026-10-01{clock}" for name, required in route.query.items() if required}


def call(estate: Estate, path: str, query: Mapping[str, str] | None = None, /, **parameters: str) -> Any:
    """Call an operation with path parameters and return its result."""
    route = ROUTES[path]
    return route.rows(estate, parameters, required_query(route) if query is None else query)


def ids(estate: Estate, path: str) -> list[str]:
    """Return the ids of the rows of a collection."""
    return [row["id"] for row in call(estate, path)]


def parents(estate: Estate, path: str) -> Iterator[dict[str, str]]:
    """Yield the path parameters of each parent of a nested operation."""
    names = re.findall(r"{(\w+)}", path)
    if not names:
        yield {}
    elif names == ["id", "oid"]:
        for database in ids(estate, f"{ORACLE}/database/installations"):
            for option in call(estate, f"{ORACLE}/database/installations/{{id}}/options", id=database):
                yield {"id": database, "oid": option["id"]}
    elif names == ["name"]:
        yield from ({"name": value} for value in LOOKUPS[path.split("/")[-2]])
    elif names == ["familyId"]:
        rows = call(estate, f"{SAAS}/v1/subscription-family/servicenow/subscriptions")
        yield from ({"familyId": each} for each in {row["familyId"] for row in rows})
    elif names == ["id"] and path.startswith(SAAS):
        table = estate.table("saas_tasks" if "/tasks/" in path else "saas_bulk_updates", lambda _: [])
        yield from ({"id": row["id"]} for row in table)
    elif "subscriptionId" in names:
        for subscription in subscription_ids(estate):
            for rule in saas_children.INSIGHT_RULE_IDS if len(names) == 2 else [""]:
                found = {"subscriptionId": subscription, "insightRuleId": rule}
                yield {name: found[name] for name in names}
    else:
        yield from ({names[0]: each} for each in ids(estate, path.split("/{")[0]))


def subscription_ids(estate: Estate) -> list[str]:
    """Return the ids of the subscriptions in SaaS applications."""
    rows = call(estate, f"{SAAS}/v1/applications")
    return [license_["id"] for row in rows for license_ in row["licenses"]]


def replies(estate: Estate, route: Route) -> Iterator[tuple[dict[str, str], Any]]:
    """Yield the result of an operation for each parent that is found."""
    call(estate, f"{SAAS}/v1/tasks/{{id}}", id="")
    call(estate, f"{SAAS}/v1/users/bulk-update/{{id}}", id="")
    for parameters in parents(estate, route.path):
        found = call(estate, route.path, **parameters)
        if found is not None:
            yield parameters, found


def rows_of(estate: Estate, path: str) -> list[tuple[dict[str, str], Row]]:
    """Return all rows of a collection, each with the path parameters of its parent."""
    return [(parameters, row) for parameters, found in replies(estate, ROUTES[path]) for row in found]
