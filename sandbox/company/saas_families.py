"""Functions that the two subscription families, ServiceNow and Salesforce, share.

`ids` arguments are the comma-separated lists of the query; `None` or an empty text selects everything.
"""

from collections.abc import Callable, Iterable

from sandbox.company import saas_catalogue as catalogue
from sandbox.company.estate import Estate, Row
from sandbox.company.saas_usage import ACTIVE, INACTIVE, NO_ACTIVITY, subscriptions


def family_id(estate: Estate, family: str) -> str:
    """Return the id of a subscription family."""
    return estate.guid("saas family", family)


def wanted(ids: str | None) -> Callable[[str], bool]:
    """Return a function that tells whether an id is in a comma-separated list; without a list, all are."""
    chosen = {each.strip() for each in ids.split(",")} if ids else None
    return lambda each: chosen is None or each in chosen


def holders_of(estate: Estate, offer: Row) -> list[Row]:
    """Return the assignments of a subscription."""
    return estate.where("saas_assignments", "subscriptionId", offer["id"])


def family_subscriptions(estate: Estate, family: str) -> list[Row]:
    """Return the subscriptions of a family."""
    return [each for each in subscriptions(estate) if each["applicationName"] == family]


def holders_by_user(estate: Estate, offers: Iterable[Row]) -> dict[str, list[tuple[Row, Row]]]:
    """Return by listed user the pairs of subscription and assignment that the user holds."""
    listed = estate.by_id("saas_users")
    found: dict[str, list[tuple[Row, Row]]] = {}
    for offer in offers:
        for held in holders_of(estate, offer):
            if held["userId"] in listed:
                found.setdefault(held["userId"], []).append((offer, held))
    return found


def count(held: Iterable[Row], status: str) -> int:
    """Return how many of these rows have the status."""
    return sum(each["status"] == status for each in held)


def by_activity(held: Iterable[Row]) -> dict[str, int]:
    """Return how many of these rows are active, inactive and without activity."""
    rows = list(held)
    return {
        "active": count(rows, ACTIVE),
        "inactive": count(rows, INACTIVE),
        "noActivity": count(rows, NO_ACTIVITY),
    }


def percentage(part: float, whole: float) -> float:
    """Return a part as a percentage of the whole."""
    return round(100 * part / whole, 2) if whole else 0.0


def plans(estate: Estate, family: str, subscription_ids: str | None) -> list[Row] | None:
    """Return the subscription plans of the family with this id, or `None` if there is no such family."""
    names = {family_id(estate, each): each for each in (catalogue.SERVICENOW, catalogue.SALESFORCE)}
    if family not in names:
        return None
    include = wanted(subscription_ids)
    found = {
        offer["planId"]: offer["name"]
        for offer in family_subscriptions(estate, names[family])
        if include(offer["id"])
    }
    return [{"id": plan, "name": name} for plan, name in found.items()]


def applications_kpi(estate: Estate, subscription_ids: str | None, plan_ids: str | None) -> Row:
    """Return the number of users of the families, and of those who are not approved."""
    by_subscription, by_plan = wanted(subscription_ids), wanted(plan_ids)
    offers = [
        offer
        for family in (catalogue.SERVICENOW, catalogue.SALESFORCE)
        for offer in family_subscriptions(estate, family)
        if by_subscription(offer["id"]) and by_plan(offer["planId"])
    ]
    found = holders_by_user(estate, offers)
    listed = estate.by_id("saas_users")
    return {"total": len(found), "notApproved": sum(not listed[user]["isQualified"] for user in found)}
