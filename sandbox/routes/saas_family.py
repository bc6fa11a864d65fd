"""Routes of the vendor's SaaS family file: ServiceNow, Salesforce and what the two have in common."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.api.route import Route
from sandbox.company import saas_families as families
from sandbox.company import saas_key_figures as key_figures
from sandbox.company import saas_salesforce as salesforce
from sandbox.company import saas_servicenow as servicenow
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import Parameters, Rows
from sandbox.routes.saas import READ_OR_CHANGE, collection, single

_SERVICENOW = "/v1/subscription-family/servicenow"
_SALESFORCE = "/v1/subscription-family/salesforce"
_SUBSCRIPTIONS, _PLANS = "subscriptionIds", "subscriptionPlanIds"


def _narrowed(parameter: str, rows: Callable[[Estate, str | None], object]) -> Rows:
    """Rows that a query parameter with a list of ids narrows."""
    return lambda estate, _path, query: rows(estate, query.get(parameter))


def _applications_kpi(estate: Estate, _path: Parameters, query: Parameters) -> Row:
    # The made-up family figures do not change with time, but the dates must be dates.
    key_figures.read_date(query, "fromDate")
    key_figures.read_date(query, "toDate")
    return families.applications_kpi(estate, query.get(_SUBSCRIPTIONS), query.get(_PLANS))


ROUTES: list[Route] = [
    single(
        "/v2/subscription-family/applications/kpi",
        _applications_kpi,
        required=("fromDate", "toDate"),
        optional=(_SUBSCRIPTIONS, _PLANS),
    ),
    collection(
        f"{_SERVICENOW}/subscriptions",
        _narrowed(_SUBSCRIPTIONS, servicenow.subscriptions),
        optional=(_SUBSCRIPTIONS,),
    ),
    collection(
        f"{_SERVICENOW}/users", _narrowed(_SUBSCRIPTIONS, servicenow.users), optional=(_SUBSCRIPTIONS,)
    ),
    collection(
        f"{_SALESFORCE}/organizations", _narrowed(_PLANS, salesforce.organizations), optional=(_PLANS,)
    ),
    single(
        f"{_SALESFORCE}/organizations/kpi",
        _narrowed(_PLANS, salesforce.organizations_kpi),
        optional=(_PLANS,),
    ),
    collection(
        f"{_SALESFORCE}/users",
        _narrowed(_PLANS, salesforce.users),
        permissions=READ_OR_CHANGE,
        optional=(_PLANS,),
    ),
    single(
        f"{_SALESFORCE}/users/kpi",
        _narrowed(_PLANS, salesforce.users_kpi),
        permissions=READ_OR_CHANGE,
        optional=(_PLANS,),
    ),
    single(
        f"{_SALESFORCE}/users/lookup-values",
        lambda estate, _path, _query: salesforce.lookup_values(estate),
        permissions=READ_OR_CHANGE,
    ),
    collection(
        f"{_SALESFORCE}/subscriptions",
        lambda estate, _path, _query: salesforce.subscriptions(estate),
        permissions=READ_OR_CHANGE,
    ),
    collection(
        f"{_SALESFORCE}/consumptions",
        lambda estate, _path, _query: salesforce.consumptions(estate),
        permissions=READ_OR_CHANGE,
    ),
    collection(
        "/v1/subscription-family/{familyId}/subscriptionplanids",
        lambda estate, path, query: families.plans(estate, path["familyId"], query.get(_SUBSCRIPTIONS)),
        permissions=READ_OR_CHANGE,
        selectable=False,
        optional=(_SUBSCRIPTIONS,),
    ),
]
