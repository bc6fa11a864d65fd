"""Child collections of SaaS users, applications and subscriptions, and the users that an insight is about.

Each function takes a parent id and gives all rows, or None when there is no such parent. A child row never
names a user or an application that the API no longer lists: those may come and go while a client reads.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.company.estate import Estate, Row
from sandbox.company.saas import applications, users
from sandbox.company.saas_catalogue import CONNECTOR, DISCOVERY_SOURCES, MANUAL
from sandbox.company.saas_usage import (
    ACTIVITY_DAYS,
    INACTIVE,
    NO_ACTIVITY,
    NOT_MONITORED,
    assignments_by,
    memberships_by,
    people,
    subscriptions,
    wasted,
)

# The insights a subscription can have. No reply of the API lists these ids.
INSIGHT_RULE_IDS = (
    "577ee610-95f2-4883-abaa-d702e73c3a10",
    "0c1f7a52-6f0e-4c8e-9a54-3d0c6e1b7f21",
    "b7d6a1de-2f4f-4a39-8b0a-51e0cf5a9c02",
    "e93a44b8-7d0b-4d5c-b1f6-8f2f5d7a6e13",
)


def _user(estate: Estate, user_id: str) -> Row | None:
    users(estate)
    return estate.by_id("saas_users").get(user_id)


def _person(estate: Estate, user_id: str) -> Row:
    people(estate)
    return estate.by_id("saas_people").get(user_id, {})


def _application(estate: Estate, application_id: str) -> Row | None:
    applications(estate)
    return estate.by_id("saas_applications").get(application_id)


def _subscription(estate: Estate, subscription_id: str) -> Row | None:
    subscriptions(estate)
    found = estate.by_id("saas_subscriptions").get(subscription_id)
    return found if found is not None and found["readable"] else None


def _employment(estate: Estate, user_id: str) -> Row:
    return {"employmentStatus": _person(estate, user_id).get("employmentStatus", "Employed")}


def _dates(estate: Estate, user_id: str) -> Row:
    """When the user was hired and left, as far as there is such a date."""
    person = _person(estate, user_id)
    return {name: person[name] for name in ("hireDate", "terminationDate") if person.get(name)}


# --- of an application ---


def application_users(estate: Estate, application_id: str) -> list[Row] | None:
    """The users of an application, with their activity in it."""
    if _application(estate, application_id) is None:
        return None
    rows = []
    for membership in memberships_by(estate, "applicationId").get(application_id, []):
        user = _user(estate, membership["userId"])
        if user is None:
            continue
        rows.append(
            {
                **user,
                "status": membership["status"],
                "lastActive": membership["lastActive"],
                "totalDaysUsed": membership["totalDaysUsed"],
                "discoveryTypes": membership["discoveryTypes"],
                "roles": membership["roles"],
                **_employment(estate, user["id"]),
                **_dates(estate, user["id"]),
            }
        )
    return rows


def application_roles(estate: Estate, application_id: str) -> Row | None:
    """The roles that an application's users have in it."""
    if _application(estate, application_id) is None:
        return None
    used = memberships_by(estate, "applicationId").get(application_id, [])
    return {"roles": sorted({role for membership in used for role in membership["roles"]})}


def _consumption(user: Row, use: Row, roles: list[str]) -> Row:
    """What both kinds of consumption row say; `role` is required and `roles` described, so both are sent."""
    return {
        "id": user["id"],
        "displayName": user["displayName"],
        "email": user["email"],
        "department": user["department"],
        "createdDate": user["createdDate"][:10],
        "discoveryTypes": user["discoveryTypes"],
        "isInReview": user["isInReview"],
        "isOnline": user["isOnline"],
        "isQualified": user["isQualified"],
        "isMonitored": use["status"] != NOT_MONITORED,
        "status": use["status"],
        "lastActive": use["lastActive"],
        "lastActiveValueInInt": use["daysSinceActive"],
        "lastActiveValueType": 5 if use["daysSinceActive"] <= ACTIVITY_DAYS else 6,
        "role": roles[0] if roles else "",
        "roles": roles,
        "userCostPerMonth": user["userCostPerMonth"],
        "potentialSavings": user["potentialSavings"],
    }


def application_consumption(estate: Estate, application_id: str) -> list[Row] | None:
    """How much each user of an application consumes of it."""
    if _application(estate, application_id) is None:
        return None
    rows = []
    for membership in memberships_by(estate, "applicationId").get(application_id, []):
        user = _user(estate, membership["userId"])
        if user is not None:
            row = _consumption(user, membership, membership["roles"])
            rows.append({**row, "envelopeusage": membership["totalDaysUsed"] // 3})
    return rows


# --- of a subscription ---


def _subscription_user(estate: Estate, user: Row, held: Row) -> Row:
    return {
        **user,
        "status": held["status"],
        "lastActive": held["lastActive"],
        "userCostPerMonth": held["monthlyCost"],
        "potentialSavings": wasted(held),
        **_employment(estate, user["id"]),
    }


def subscription_users(estate: Estate, subscription_id: str) -> list[Row] | None:
    """The users that hold a subscription."""
    if _subscription(estate, subscription_id) is None:
        return None
    held = assignments_by(estate, "subscriptionId").get(subscription_id, [])
    found = ((_user(estate, each["userId"]), each) for each in held)
    return [_subscription_user(estate, user, each) for user, each in found if user is not None]


def subscription_consumption(estate: Estate, subscription_id: str) -> list[Row] | None:
    """How much each holder of a subscription consumes of it."""
    if _subscription(estate, subscription_id) is None:
        return None
    rows = []
    for held in assignments_by(estate, "subscriptionId").get(subscription_id, []):
        user = _user(estate, held["userId"])
        if user is None:
            continue
        roles = [
            role
            for used in memberships_by(estate, "userId").get(user["id"], [])
            if used["applicationId"] == held["applicationId"]
            for role in used["roles"]
        ]
        rows.append(
            {
                **_consumption(user, held, roles),
                "username": user["username"],
                "country": user["country"],
                "isEnabled": user.get("isEnabled", True),
                "licenseCount": user["licenseCount"],
                "userCostPerMonth": held["monthlyCost"],
                "potentialSavings": wasted(held),
                "activityThreshold": ACTIVITY_DAYS,
                "manuallyAssigned": held["manuallyAssigned"],
                "envelopeusage": held["usage"],
            }
        )
    return rows


_RULES: dict[str, Callable[[Row, Row], bool]] = {
    INSIGHT_RULE_IDS[0]: lambda user, held: held["status"] == INACTIVE,
    INSIGHT_RULE_IDS[1]: lambda user, held: held["status"] == NO_ACTIVITY,
    INSIGHT_RULE_IDS[2]: lambda user, held: user["employmentStatus"] == "Terminated",
    INSIGHT_RULE_IDS[3]: lambda user, held: user["licenseCount"] > 3,
}


def insight_users(estate: Estate, subscription_id: str, rule_id: str) -> list[Row] | None:
    """The holders of a subscription that an insight is about, with their use of the subscription."""
    subscription, rule = _subscription(estate, subscription_id), _RULES.get(rule_id)
    if subscription is None or rule is None:
        return None
    rows = []
    for held in assignments_by(estate, "subscriptionId").get(subscription_id, []):
        user = _user(estate, held["userId"])
        if user is None:
            continue
        row = _subscription_user(estate, user, held)
        if rule(row, held):
            detail = {
                "subscriptionId": subscription_id,
                "subscriptionName": subscription["name"],
                "lastActive": held["lastActive"],
                "applicationId": subscription["applicationId"],
                "applicationName": subscription["applicationName"],
            }
            rows.append({**row, "details": [detail]})
    return rows


# --- of a user ---


def user_applications(estate: Estate, user_id: str) -> list[Row] | None:
    """The applications a user uses."""
    if _user(estate, user_id) is None:
        return None
    rows = []
    for membership in memberships_by(estate, "userId").get(user_id, []):
        application = _application(estate, membership["applicationId"])
        if application is not None:
            rows.append(
                {
                    "id": application["id"],
                    "name": application["name"],
                    "vendor": application["vendor"],
                    "vendorId": application["vendorId"],
                    "discoveryTypes": membership["discoveryTypes"],
                    "lastActive": membership["lastActive"],
                }
            )
    return rows


def user_subscriptions(estate: Estate, user_id: str) -> list[Row] | None:
    """The subscriptions a user holds, including those that cannot be read on their own."""
    if _user(estate, user_id) is None:
        return None
    subscriptions(estate)
    offers = estate.by_id("saas_subscriptions")
    rows = []
    for held in assignments_by(estate, "userId").get(user_id, []):
        offer = offers[held["subscriptionId"]]
        kind = offer["discoveryType"]
        rows.append(
            {
                "id": offer["id"],
                "name": offer["name"],
                "applicationId": offer["applicationId"],
                "applicationName": offer["applicationName"],
                "vendor": offer["vendor"],
                "vendorId": offer["vendorId"],
                "activity": held["status"],
                "discoverySource": DISCOVERY_SOURCES[CONNECTOR if kind == CONNECTOR else MANUAL],
                "discoveryType": kind,
                "firstDiscovered": held["firstDiscovered"],
                "lastActivity": held["lastActive"],
                "totalCostPerMonth": held["monthlyCost"],
                "potentialSavings": wasted(held),
            }
        )
    return rows


def user_discovery_sources(estate: Estate, user_id: str) -> list[Row] | None:
    """Where a user was found: one source for each of the user's discovery types."""
    user = _user(estate, user_id)
    if user is None:
        return None
    return [
        {
            "id": estate.guid("saas discovery source", user_id, code),
            "name": DISCOVERY_SOURCES[code],
            "type": code,
            "created": user["createdDate"],
        }
        for code in user["discoveryTypes"]
    ]
