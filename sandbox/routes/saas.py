"""Operations of the vendor's SaaS files: applications, custom fields, subscriptions and users."""

import re
from collections.abc import Callable
from datetime import date, datetime, timezone

from sandbox.api.errors import ApiError
from sandbox.api.route import Route
from sandbox.company import saas_children as children
from sandbox.company import saas_key_figures as key_figures
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Area, Make, Parameters, Rows, derived, listing, record

# Nearly all collections can be filtered and sorted, by fields the vendor does not list.
AREA = Area(
    "/api/saas/consolidated-view/",
    "saas.consolidation.view.r",
    maximum_page_size=NO_MAXIMUM,
    filter_fields={},
    sort=True,
    links="",
)
NOT_SELECTABLE = {"filter_fields": None, "sort": False}
READ_OR_CHANGE = ("saas.consolidation.view.r", "saas.consolidation.view.crud")
PERIOD = {"fromDate": True, "toDate": True}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})\Z")
_FRACTION = re.compile(r"\.\d+")


def read_date(query: Parameters, name: str) -> date:
    """Parse a parameter that must be a full date such as 2024-11-26; anything else raises a 400."""
    text = query.get(name, "")
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ApiError(400, f"The query parameter '{name}' must be a date (YYYY-MM-DD)")


def _read_datetime(query: Parameters, name: str) -> date:
    """Parse a parameter such as 2024-05-01T00:00:00Z to its day in UTC; anything else raises a 400."""
    text = query.get(name, "")
    if _DATETIME.match(text):
        try:
            whole = _FRACTION.sub("", text).upper().replace("Z", "+00:00")
            return datetime.fromisoformat(whole).astimezone(timezone.utc).date()
        except (ValueError, OverflowError):
            pass
    raise ApiError(400, f"The query parameter '{name}' must be a date-time (YYYY-MM-DDThh:mm:ssZ)")


def _between(
    figures: Callable[[Estate, date, date], Row], read: Callable[[Parameters, str], date] = read_date
) -> Rows:
    """Return key figures for the requested dates."""
    return lambda estate, _path, query: figures(estate, read(query, "fromDate"), read(query, "toDate"))


def _of_application(make: Make) -> Rows:
    return derived("saas_applications", make, parameter="applicationId")


def _of_user(make: Make) -> Rows:
    return derived("saas_users", make, parameter="userId")


def _readable(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
    """Return a subscription, or `None` for those that applications and users mention but nobody can read."""
    found = estate.by_id("saas_subscriptions").get(path["subscriptionId"])
    return found if found and found["readable"] else None


def _insight_users(estate: Estate, path: Parameters, query: Parameters) -> list[Row] | None:
    subscription = _readable(estate, path, query)
    if subscription is None:
        return None
    return children.insight_users(estate, subscription, path["insightRuleId"])


def _bulk_update(_estate: Estate, update: Row) -> Row:
    return {name: value for name, value in update.items() if name != "id"}


def _certifications(estate: Estate, _path: Parameters, _query: Parameters) -> Row:
    found = {name for row in estate.built("saas_applications") for name in row["certifications"]}
    return {"certifications": sorted(found)}


_APPLICATION, _SUBSCRIPTION, _USER = (
    "v1/applications/{applicationId}",
    "v1/subscriptions/{subscriptionId}",
    "v1/users/{userId}",
)

ROUTES: list[Route] = [
    AREA.collection("v1/applications", listing("saas_applications")),
    # The one SaaS operation for which the vendor names no permission.
    AREA.single("v1/applications/lookup-values", _certifications, permissions=()),
    AREA.single(_APPLICATION, record("saas_applications", parameter="applicationId")),
    AREA.single(f"{_APPLICATION}/kpi", _of_application(key_figures.application_kpi)),
    AREA.single("v1/overview/applications/kpi", _between(key_figures.applications_overview), query=PERIOD),
    AREA.single("v1/applications/kpi", _between(key_figures.applications_kpi), query=PERIOD),
    AREA.collection(f"{_APPLICATION}/users", _of_application(children.application_users)),
    AREA.single(f"{_APPLICATION}/users/lookup-values", _of_application(children.application_roles)),
    AREA.collection(f"{_APPLICATION}/users/consumption", _of_application(children.application_consumption)),
    AREA.collection("v2/custom-fields", listing("saas_custom_fields"), permissions=READ_OR_CHANGE),
    AREA.collection(f"{_SUBSCRIPTION}/insights/{{insightRuleId}}/users", _insight_users),
    AREA.collection(
        f"{_SUBSCRIPTION}/users", derived(_readable, children.subscription_users), **NOT_SELECTABLE
    ),
    AREA.collection(
        f"{_SUBSCRIPTION}/users/consumption", derived(_readable, children.subscription_consumption)
    ),
    AREA.collection("v1/users", listing("saas_users"), maximum_page_size=1000),
    AREA.single("v1/users/kpi", _between(key_figures.users_kpi, _read_datetime), query=PERIOD),
    AREA.single(_USER, record("saas_users", parameter="userId")),
    *(
        AREA.collection(f"{_USER}/{path}", _of_user(make), maximum_page_size=1000)
        for path, make in (
            ("applications", children.user_applications),
            ("subscriptions", children.user_subscriptions),
            ("discovery-sources", children.user_discovery_sources),
        )
    ),
    AREA.single("v1/users/bulk-update/{id}", derived("saas_bulk_updates", _bulk_update)),
    # Declared by the vendor for applications and for users.
    AREA.single("v1/tasks/{id}", record("saas_tasks")),
]
