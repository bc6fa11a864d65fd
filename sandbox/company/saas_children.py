"""Child collections of SaaS users, applications and subscriptions, and the users that an insight concerns.

A child row never refers to a user or an application that the API no longer lists, as both can be removed
while a client reads.
"""

from collections.abc import Callable, Iterable, Iterator

from sandbox.company.estate import Estate, Row
from sandbox.company.saas_catalogue import CONNECTOR, DISCOVERY_SOURCES, MANUAL
from sandbox.company.saas_usage import (
    ACTIVITY_DAYS,
    INACTIVE,
    NO_ACTIVITY,
    NOT_MONITORED,
    potential_savings,
)
from sandbox.company.values import fields_of

# The insights that a subscription can have; the API has no list of these ids.
INSIGHT_RULE_IDS = (
    "577ee610-95f2-4883-abaa-d702e73c3a10",
    "0c1f7a52-6f0e-4c8e-9a54-3d0c6e1b7f21",
    "b7d6a1de-2f4f-4a39-8b0a-51e0cf5a9c02",
    "e93a44b8-7d0b-4d5c-b1f6-8f2f5d7a6e13",
)


def _listed(estate: Estate, uses: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """Yield memberships or assignments with their users, without users that are no longer listed."""
    users = estate.by_id("saas_users")
    return ((users[use["userId"]], use) for use in uses if use["userId"] in users)


def _members(estate: Estate, application: Row) -> Iterator[tuple[Row, Row]]:
    return _listed(estate, estate.where("saas_memberships", "applicationId", application["id"]))


def _holders(estate: Estate, subscription: Row) -> Iterator[tuple[Row, Row]]:
    return _listed(estate, estate.where("saas_assignments", "subscriptionId", subscription["id"]))


def _person(estate: Estate, user: Row) -> Row:
    return estate.by_id("saas_people").get(user["id"], {})


def _employment(estate: Estate, user: Row) -> Row:
    return {"employmentStatus": _person(estate, user).get("employmentStatus", "Employed")}


# --- of an application ---


def application_users(estate: Estate, application: Row) -> Iterator[Row]:
    """Yield the users of an application, with their activity in it and their employment."""
    for user, membership in _members(estate, application):
        person = _person(estate, user)
        yield {
            **user,
            **fields_of(membership, "status lastActive totalDaysUsed discoveryTypes roles"),
            **_employment(estate, user),
            **{name: person[name] for name in ("hireDate", "terminationDate") if person.get(name)},
        }


def application_roles(estate: Estate, application: Row) -> Row:
    """Return the roles that an application's users have in it."""
    used = estate.where("saas_memberships", "applicationId", application["id"])
    return {"roles": sorted({role for membership in used for role in membership["roles"]})}


def _consumption(user: Row, use: Row, roles: list[str]) -> Row:
    """Return the common fields of both consumption rows.

    The vendor requires `role` and describes `roles`, so both are sent.
    """
    return {
        **fields_of(user, "id displayName email department"),
        "createdDate": user["createdDate"][:10],
        **fields_of(user, "discoveryTypes isInReview isOnline isQualified"),
        "isMonitored": use["status"] != NOT_MONITORED,
        **fields_of(use, "status lastActive"),
        "lastActiveValueInInt": use["daysSinceActive"],
        "lastActiveValueType": 5 if use["daysSinceActive"] <= ACTIVITY_DAYS else 6,
        "role": roles[0] if roles else "",
        "roles": roles,
        **fields_of(user, "userCostPerMonth potentialSavings"),
    }


def application_consumption(estate: Estate, application: Row) -> Iterator[Row]:
    """Yield the consumption of each user of an application."""
    for user, membership in _members(estate, application):
        row = _consumption(user, membership, membership["roles"])
        yield {**row, "envelopeusage": membership["totalDaysUsed"] // 3}


# --- of a subscription ---


def subscription_users(estate: Estate, subscription: Row) -> Iterator[Row]:
    """Yield the users that hold a subscription."""
    for user, held in _holders(estate, subscription):
        yield {
            **user,
            **fields_of(held, "status lastActive"),
            "userCostPerMonth": held["monthlyCost"],
            "potentialSavings": potential_savings(held),
            **_employment(estate, user),
        }


def subscription_consumption(estate: Estate, subscription: Row) -> Iterator[Row]:
    """Yield the consumption of each holder of a subscription."""
    for user, held in _holders(estate, subscription):
        roles = [
            role
            for used in estate.where("saas_memberships", "userId", user["id"])
            if used["applicationId"] == held["applicationId"]
            for role in used["roles"]
        ]
        yield {
            **_consumption(user, held, roles),
            **fields_of(user, "username country"),
            "isEnabled": user.get("isEnabled", True),
            "licenseCount": user["licenseCount"],
            "userCostPerMonth": held["monthlyCost"],
            "potentialSavings": potential_savings(held),
            "activityThreshold": ACTIVITY_DAYS,
            "manuallyAssigned": held["manuallyAssigned"],
            "envelopeusage": held["usage"],
        }


_RULES: dict[str, Callable[[Row], bool]] = {
    INSIGHT_RULE_IDS[0]: lambda user: user["status"] == INACTIVE,
    INSIGHT_RULE_IDS[1]: lambda user: user["status"] == NO_ACTIVITY,
    INSIGHT_RULE_IDS[2]: lambda user: user["employmentStatus"] == "Terminated",
    INSIGHT_RULE_IDS[3]: lambda user: user["licenseCount"] > 3,
}


def insight_users(estate: Estate, subscription: Row, rule_id: str) -> list[Row] | None:
    """Return the holders of a subscription that an insight concerns, with their use of the subscription."""
    rule = _RULES.get(rule_id)
    if rule is None:
        return None
    about = {"subscriptionId": subscription["id"], "subscriptionName": subscription["name"]}
    application = fields_of(subscription, "applicationId applicationName")
    return [
        {**user, "details": [{**about, "lastActive": user["lastActive"], **application}]}
        for user in subscription_users(estate, subscription)
        if rule(user)
    ]


# --- of a user ---


def user_applications(estate: Estate, user: Row) -> Iterator[Row]:
    """Yield the applications a user uses."""
    for membership in estate.where("saas_memberships", "userId", user["id"]):
        application = estate.by_id("saas_applications").get(membership["applicationId"])
        if application is not None:
            yield {
                **fields_of(application, "id name vendor vendorId"),
                **fields_of(membership, "discoveryTypes lastActive"),
            }


def user_subscriptions(estate: Estate, user: Row) -> Iterator[Row]:
    """Yield the subscriptions a user holds, including those that cannot be read on their own."""
    for held in estate.where("saas_assignments", "userId", user["id"]):
        offer = estate.by_id("saas_subscriptions")[held["subscriptionId"]]
        kind = offer["discoveryType"]
        yield {
            **fields_of(offer, "id name applicationId applicationName vendor vendorId"),
            "activity": held["status"],
            "discoverySource": DISCOVERY_SOURCES[CONNECTOR if kind == CONNECTOR else MANUAL],
            "discoveryType": kind,
            "firstDiscovered": held["firstDiscovered"],
            "lastActivity": held["lastActive"],
            "totalCostPerMonth": held["monthlyCost"],
            "potentialSavings": potential_savings(held),
        }


def user_discovery_sources(estate: Estate, user: Row) -> list[Row]:
    """Return one source for each of the user's discovery types."""
    return [
        {
            "id": estate.guid("saas discovery source", user["id"], code),
            "name": DISCOVERY_SOURCES[code],
            "type": code,
            "created": user["createdDate"],
        }
        for code in user["discoveryTypes"]
    ]
