"""Salesforce organizations, users, subscriptions and consumptions."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator

from sandbox.company import saas_catalogue as catalogue
from sandbox.company.estate import Estate, Row, table
from sandbox.company.saas_families import (
    count,
    family_subscriptions,
    holders_by_user,
    percentage,
    wanted,
)
from sandbox.company.saas_usage import (
    ACTIVE,
    INACTIVE,
    NO_ACTIVITY,
    NOT_MONITORED,
    assignments_by,
    memberships_by,
    people,
    purchased,
    salesforce_organizations,
    tenant_id,
    wasted,
)

_BASE_62 = string.digits + string.ascii_letters
_USER_TYPES = ("Standard", "CsnOnly", "PowerPartner")
_PROFILES = ("Standard User", "System Administrator", "Chatter Free User", "Read Only", "Contract Manager")
_POSITIONS = ("CEO", "SVP Sales", "Account Executive", "Customer Support")
_LOCALES = ("sv-SE", "de-DE", "es-ES", "en-GB", "en-US", "pt-BR", "en-AU", "ja-JP")


def _salesforce_offers(estate: Estate, plan_ids: str | None, organization: str | None = None) -> list[Row]:
    include = wanted(plan_ids)
    return [
        offer
        for offer in family_subscriptions(estate, catalogue.SALESFORCE)
        if include(offer["planId"]) and organization in (None, offer["organizationId"])
    ]


def _holders(estate: Estate, offers: Iterable[Row]) -> list[Row]:
    return [
        held for offer in offers for held in assignments_by(estate, "subscriptionId").get(offer["id"], [])
    ]


def _unused_cost(estate: Estate, offers: Iterable[Row]) -> float:
    """The monthly cost of subscriptions nobody holds or whose holders do not use them."""
    total = 0.0
    for offer in offers:
        held = _holders(estate, [offer])
        total += max(0, purchased(estate, offer) - len(held)) * offer["monthlyCost"] + sum(map(wasted, held))
    return round(total, 2)


def organizations(estate: Estate, plan_ids: str | None) -> list[Row]:
    """The Salesforce organizations, counted over the subscriptions to the plans asked for."""
    rows = []
    for organization in salesforce_organizations(estate):
        offers = _salesforce_offers(estate, plan_ids, organization["id"])
        if not offers:
            continue
        held = _holders(estate, offers)
        counts = [count(held, status) for status in (ACTIVE, INACTIVE, NO_ACTIVITY)]
        bought = sum(purchased(estate, offer) for offer in offers)
        cost = round(sum(purchased(estate, offer) * offer["monthlyCost"] for offer in offers), 2)
        rows.append(
            {
                "id": organization["id"],
                "name": organization["name"],
                "subscriptionIds": [offer["id"] for offer in offers],
                "subscriptions": len(offers),
                "users": len({each["userId"] for each in held}),
                "active": counts[0],
                "inactive": counts[1],
                "noActivity": counts[2],
                "potentialSavings": _unused_cost(estate, offers),
                "totalCost": cost,
                "totalCostPerYear": round(cost * 12, 2),
                "usage": percentage(counts[0], sum(counts)),
                "utilization": percentage(len(held), bought),
            }
        )
    return rows


def organizations_kpi(estate: Estate, plan_ids: str | None) -> Row:
    """How many organizations there are and what they cost a year."""
    rows = organizations(estate, plan_ids)
    return {"total": len(rows), "totalCostPerYear": round(sum(row["totalCostPerYear"] for row in rows), 2)}


def users(estate: Estate, plan_ids: str | None) -> list[Row]:
    """The users with Salesforce accounts, one row per user with all accounts inside."""
    found = holders_by_user(estate, _salesforce_offers(estate, plan_ids))
    people(estate)
    listed, persons = estate.by_id("saas_users"), estate.by_id("saas_people")
    rows = []
    for user_id, pairs in found.items():
        user, rng = listed[user_id], estate.random("salesforce user", user_id)
        organizations = sorted({offer["organizationName"] for offer, _ in pairs})
        code = persons.get(user_id, {}).get("countryCode", "Se")
        alias = user["email"].split("@")[0][:8]
        used = memberships_by(estate, "userId").get(user_id, [])
        application = pairs[0][0]["applicationId"]
        status = next((each["status"] for each in used if each["applicationId"] == application), NO_ACTIVITY)
        rows.append(
            {
                "id": user_id,
                "tenantId": tenant_id(estate),
                "email": user["email"],
                "displayName": user["displayName"],
                "userIds": [estate.guid("salesforce account", user_id, name) for name in organizations],
                "aliases": [alias],
                "userNames": [f"{user['email']}.{name.split()[0].lower()}" for name in organizations],
                "orgsCount": len(organizations),
                "orgNames": organizations,
                "lastActive": max(held["lastActive"] for _, held in pairs),
                "status": status,
                "userTypes": [rng.choice(_USER_TYPES)],
                "roles": rng.sample(_POSITIONS, rng.randint(0, 1)),
                "profiles": [rng.choice(_PROFILES)],
                "country": code,
                "department": user["department"],
                "locale": _LOCALES[catalogue.COUNTRY_CODES.index(code)],
                "monthlyCost": round(sum(offer["monthlyCost"] for offer, _ in pairs), 2),
                "subscriptionAccounts": [
                    {
                        "subscriptionId": offer["id"],
                        "subscriptionPlanId": offer["planId"],
                        "subscriptionName": offer["name"],
                        "subscriptionType": offer["type"],
                        "lastActive": held["lastActive"],
                        "monthlyCost": offer["monthlyCost"],
                        "orgId": offer["organizationId"],
                        "orgName": offer["organizationName"],
                    }
                    for offer, held in pairs
                ],
            }
        )
    return rows


def users_kpi(estate: Estate, plan_ids: str | None) -> Row:
    """How many Salesforce users there are, by activity."""
    rows = users(estate, plan_ids)
    return {
        "totalUsers": len(rows),
        "active": count(rows, ACTIVE),
        "inactive": count(rows, INACTIVE),
        "noActivity": count(rows, NO_ACTIVITY),
        "usersWithMultipleOrgs": sum(row["orgsCount"] > 1 for row in rows),
    }


def lookup_values(estate: Estate) -> Row:
    """The values that occur in the Salesforce users."""
    rows = users(estate, None)

    def values(name: str) -> list[str]:
        return sorted({value for row in rows for value in row[name]})

    return {name: values(name) for name in ("userTypes", "orgNames", "roles", "profiles")}


def _subscription_numbers(estate: Estate, offers: list[Row]) -> Row:
    """The numbers of a group of subscriptions to one plan."""
    held = _holders(estate, offers)
    bought = sum(purchased(estate, offer) for offer in offers)
    cost = round(bought * offers[0]["monthlyCost"], 2)
    counts = {
        "active": count(held, ACTIVE),
        "inactive": count(held, INACTIVE),
        "noActivity": count(held, NO_ACTIVITY),
    }
    return {
        "name": offers[0]["name"],
        "type": offers[0]["type"],
        "purchased": bought,
        "assigned": len(held),
        "unassigned": max(0, bought - len(held)),
        "overAssigned": max(0, len(held) - bought),
        **counts,
        "notMonitored": count(held, NOT_MONITORED),
        "utilization": percentage(len(held), bought),
        "usage": percentage(counts["active"], sum(counts.values())),
        "potentialSavings": _unused_cost(estate, offers),
        "totalCost": cost,
        "totalCostPerYear": round(cost * 12, 2),
        "totalCostPerMonth": round(offers[0]["monthlyCost"]),
        "discoveryTypes": sorted({offer["discoveryType"] for offer in offers}),
    }


def subscriptions(estate: Estate) -> list[Row]:
    """The Salesforce plans, each with its subscriptions of all organizations inside."""
    groups: dict[str, list[Row]] = {}
    for offer in family_subscriptions(estate, catalogue.SALESFORCE):
        groups.setdefault(offer["planId"], []).append(offer)
    rows = []
    for offers in groups.values():
        details = [
            {
                "id": offer["id"],
                "organizationName": offer["organizationName"],
                "skuName": f"{offer['name']} - Enterprise Edition",
                **_subscription_numbers(estate, [offer]),
            }
            for offer in offers
        ]
        rows.append(
            {
                **_subscription_numbers(estate, offers),
                "details": details,
                "organizationNames": sorted({each["organizationName"] for each in details}),
                "skuNames": sorted({each["skuName"] for each in details}),
            }
        )
    return rows


_ENTITLEMENTS = (
    ("API Request Limit per Month", "Daily", 1_000_000),
    ("Data Storage (MB)", "Daily", 51_200),
    ("File Storage (MB)", "Daily", 204_800),
    ("Einstein Requests", "Monthly", 50_000),
    ("Platform Events per Day", "Daily", 250_000),
    ("Sandbox Copies", "Once", 5),
)


@table("saas_salesforce_consumptions")
def consumptions(estate: Estate) -> Iterator[Row]:
    """What the Salesforce organizations consume of their entitlements, grouped by entitlement."""
    organizations = salesforce_organizations(estate)
    for name, frequency, limit in _ENTITLEMENTS:
        details = []
        for organization in organizations:
            rng = estate.random("salesforce consumption", name, organization["id"])
            consumed = int(limit * rng.random())
            details.append(
                {
                    "id": estate.guid("salesforce consumption", name, organization["id"]),
                    "originalId": "0UTG" + "".join(rng.choices(_BASE_62, k=14)),
                    "name": name,
                    "resourceId": "(tenant)",
                    "purchased": limit,
                    "consumed": consumed,
                    "remaining": limit - consumed,
                    "utilization": percentage(consumed, limit),
                    "usageDate": estate.moment(rng, 7),
                    "frequency": frequency,
                    "organizationName": organization["name"],
                }
            )
        total, consumed = limit * len(details), sum(each["consumed"] for each in details)
        yield {
            "originalId": details[0]["originalId"],
            "name": name,
            "resourceId": "(tenant)",
            "purchased": total,
            "consumed": consumed,
            "remaining": total - consumed,
            "utilization": percentage(consumed, total),
            "usageDate": max(each["usageDate"] for each in details),
            "frequency": frequency,
            "details": details,
            "organizationNames": [each["organizationName"] for each in details],
        }
