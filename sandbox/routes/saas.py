"""Routes of the vendor's SaaS files: applications, custom fields, subscriptions and users."""

from __future__ import annotations

from sandbox.api.route import Route
from sandbox.company import saas as data
from sandbox.company import saas_children as children
from sandbox.company import saas_key_figures as key_figures
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Parameters, Rows

BASE = "/api/saas/consolidated-view"
READ = ("saas.consolidation.view.r",)
READ_OR_CHANGE = ("saas.consolidation.view.r", "saas.consolidation.view.crud")


def collection(
    path: str,
    rows: Rows,
    *,
    maximum: int = NO_MAXIMUM,
    selectable: bool = True,
    permissions: tuple[str, ...] = READ,
    optional: tuple[str, ...] = (),
) -> Route:
    """A paged collection; nearly all can be filtered and sorted, by fields the vendor does not list."""
    return Route(
        path=f"{BASE}{path}",
        rows=rows,
        permissions=permissions,
        maximum_page_size=maximum,
        filter_fields={} if selectable else None,
        sort=selectable,
        query=dict.fromkeys(optional, False),
        links="",
    )


def single(
    path: str,
    rows: Rows,
    *,
    permissions: tuple[str, ...] = READ,
    required: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
) -> Route:
    """One object: the details of something, key figures or lookup values."""
    return Route(
        path=f"{BASE}{path}",
        rows=rows,
        permissions=permissions,
        shape="object",
        page_parameters=False,
        query={**dict.fromkeys(required, True), **dict.fromkeys(optional, False)},
    )


def _application(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
    data.applications(estate)
    return estate.by_id("saas_applications").get(path["applicationId"])


def _user(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
    data.users(estate)
    return estate.by_id("saas_users").get(path["userId"])


def _task(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
    data.tasks(estate)
    return estate.by_id("saas_tasks").get(path["id"])


def _bulk_update(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
    data.bulk_updates(estate)
    found = estate.by_id("saas_bulk_updates").get(path["id"])
    return found and {name: value for name, value in found.items() if name != "id"}


def _certifications(estate: Estate, _path: Parameters, _query: Parameters) -> Row:
    found = {name for row in data.applications(estate) for name in row["certifications"]}
    return {"certifications": sorted(found)}


_APPLICATIONS = [
    collection("/v1/applications", lambda estate, _path, _query: data.applications(estate)),
    # The one SaaS operation for which the vendor names no permission.
    single("/v1/applications/lookup-values", _certifications, permissions=()),
    single("/v1/applications/{applicationId}", _application),
    single(
        "/v1/applications/{applicationId}/kpi",
        lambda estate, path, _query: key_figures.application_kpi(estate, path["applicationId"]),
    ),
    single(
        "/v1/overview/applications/kpi",
        lambda estate, _path, query: key_figures.applications_overview(estate, query),
        required=("fromDate", "toDate"),
    ),
    single(
        "/v1/applications/kpi",
        lambda estate, _path, query: key_figures.applications_kpi(estate, query),
        required=("fromDate", "toDate"),
    ),
    collection(
        "/v1/applications/{applicationId}/users",
        lambda estate, path, _query: children.application_users(estate, path["applicationId"]),
    ),
    single(
        "/v1/applications/{applicationId}/users/lookup-values",
        lambda estate, path, _query: children.application_roles(estate, path["applicationId"]),
    ),
    collection(
        "/v1/applications/{applicationId}/users/consumption",
        lambda estate, path, _query: children.application_consumption(estate, path["applicationId"]),
    ),
]

_SUBSCRIPTIONS = [
    collection(
        "/v1/subscriptions/{subscriptionId}/insights/{insightRuleId}/users",
        lambda estate, path, _query: children.insight_users(
            estate, path["subscriptionId"], path["insightRuleId"]
        ),
    ),
    collection(
        "/v1/subscriptions/{subscriptionId}/users",
        lambda estate, path, _query: children.subscription_users(estate, path["subscriptionId"]),
        selectable=False,
    ),
    collection(
        "/v1/subscriptions/{subscriptionId}/users/consumption",
        lambda estate, path, _query: children.subscription_consumption(estate, path["subscriptionId"]),
    ),
]

_USERS = [
    collection("/v1/users", lambda estate, _path, _query: data.users(estate), maximum=1000),
    single(
        "/v1/users/kpi",
        lambda estate, _path, query: key_figures.users_kpi(estate, query),
        required=("fromDate", "toDate"),
    ),
    single("/v1/users/{userId}", _user),
    collection(
        "/v1/users/{userId}/applications",
        lambda estate, path, _query: children.user_applications(estate, path["userId"]),
        maximum=1000,
    ),
    collection(
        "/v1/users/{userId}/subscriptions",
        lambda estate, path, _query: children.user_subscriptions(estate, path["userId"]),
        maximum=1000,
    ),
    collection(
        "/v1/users/{userId}/discovery-sources",
        lambda estate, path, _query: children.user_discovery_sources(estate, path["userId"]),
        maximum=1000,
    ),
    single("/v1/users/bulk-update/{id}", _bulk_update),
]

ROUTES: list[Route] = [
    *_APPLICATIONS,
    collection(
        "/v2/custom-fields",
        lambda estate, _path, _query: data.custom_fields(estate),
        permissions=READ_OR_CHANGE,
    ),
    *_SUBSCRIPTIONS,
    *_USERS,
    # Declared by the vendor for applications and for users.
    single("/v1/tasks/{id}", _task),
]
