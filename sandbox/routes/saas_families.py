"""Operations of the vendor's SaaS family file: ServiceNow, Salesforce and their common operations."""

from collections.abc import Callable, Iterable

from sandbox.api.route import Route
from sandbox.company import saas_families as families
from sandbox.company import saas_salesforce as salesforce
from sandbox.company import saas_servicenow as servicenow
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import Parameters, Rows, listing
from sandbox.routes.saas import AREA, NOT_SELECTABLE, PERIOD, READ_OR_CHANGE, read_date

_FAMILY = "v1/subscription-family"
_SUBSCRIPTIONS, _PLANS = "subscriptionIds", "subscriptionPlanIds"


def _narrowed(parameter: str, rows: Callable[[Estate, str | None], Row | Iterable[Row]]) -> Rows:
    """Return rows, or one object, filtered by a query parameter with a list of ids."""

    def narrowed(estate: Estate, _path: Parameters, query: Parameters) -> object:
        found = rows(estate, query.get(parameter))
        return found if isinstance(found, dict) else list(found)

    return narrowed


def _applications_kpi(estate: Estate, _path: Parameters, query: Parameters) -> Row:
    # The made-up family figures do not change with time, but the dates must be dates.
    for name in PERIOD:
        read_date(query, name)
    return families.applications_kpi(estate, query.get(_SUBSCRIPTIONS), query.get(_PLANS))


def _plans(estate: Estate, path: Parameters, query: Parameters) -> list[Row] | None:
    return families.plans(estate, path["familyId"], query.get(_SUBSCRIPTIONS))


ROUTES: list[Route] = [
    AREA.single(
        "v2/subscription-family/applications/kpi",
        _applications_kpi,
        query={**PERIOD, _SUBSCRIPTIONS: False, _PLANS: False},
    ),
    *(
        AREA.collection(
            f"{_FAMILY}/servicenow/{path}", _narrowed(_SUBSCRIPTIONS, rows), query={_SUBSCRIPTIONS: False}
        )
        for path, rows in (("subscriptions", servicenow.subscriptions), ("users", servicenow.users))
    ),
    *(
        make(f"{_FAMILY}/salesforce/{path}", _narrowed(_PLANS, rows), query={_PLANS: False}, **declared)
        for make, path, rows, declared in (
            (AREA.collection, "organizations", salesforce.organizations, {}),
            (AREA.single, "organizations/kpi", salesforce.organizations_kpi, {}),
            (AREA.collection, "users", salesforce.users, {"permissions": READ_OR_CHANGE}),
            (AREA.single, "users/kpi", salesforce.users_kpi, {"permissions": READ_OR_CHANGE}),
        )
    ),
    AREA.single(
        f"{_FAMILY}/salesforce/users/lookup-values",
        lambda estate, _path, _query: salesforce.lookup_values(estate),
        permissions=READ_OR_CHANGE,
    ),
    AREA.collection(
        f"{_FAMILY}/salesforce/subscriptions",
        lambda estate, _path, _query: list(salesforce.subscriptions(estate)),
        permissions=READ_OR_CHANGE,
    ),
    AREA.collection(
        f"{_FAMILY}/salesforce/consumptions",
        listing("saas_salesforce_consumptions"),
        permissions=READ_OR_CHANGE,
    ),
    AREA.collection(
        f"{_FAMILY}/{{familyId}}/subscriptionplanids",
        _plans,
        permissions=READ_OR_CHANGE,
        query={_SUBSCRIPTIONS: False},
        **NOT_SELECTABLE,
    ),
]
