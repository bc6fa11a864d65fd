"""Salesforce organizations, users, subscriptions and consumptions."""

import string
from collections.abc import Iterable, Iterator

from sandbox.company import saas_catalogue as catalogue
from sandbox.company import saas_families as families
from sandbox.company import saas_usage as usage
from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import fields_of

_BASE_62 = string.digits + string.ascii_letters
_USER_TYPES = ("Standard", "CsnOnly", "PowerPartner")
_PROFILES = ("Standard User", "System Administrator", "Chatter Free User", "Read Only", "Contract Manager")
_POSITIONS = ("CEO", "SVP Sales", "Account Executive", "Customer Support")
_LOCALES = ("sv-SE", "de-DE", "es-ES", "en-GB", "en-US", "pt-BR", "en-AU", "ja-JP")


def _salesforce_offers(estate: Estate, plan_ids: str | None, organization: str | None = None) -> list[Row]:
    include = families.wanted(plan_ids)
    return [
        offer
        for offer in families.family_subscriptions(estate, catalogue.SALESFORCE)
        if include(offer["planId"]) and organization in (None, offer["organizationId"])
    ]


def _holders(estate: Estate, offers: Iterable[Row]) -> list[Row]:
    return [held for offer in offers for held in families.holders_of(estate, offer)]


def _unused_cost(estate: Estate, offers: Iterable[Row]) -> float:
    """Return the monthly cost of subscriptions without a holder, or whose holders do not use them."""
    total = 0.0
    for offer in offers:
        held = families.holders_of(estate, offer)
        spare = max(0, usage.purchased(estate, offer) - len(held))
        total += spare * offer["monthlyCost"] + sum(map(usage.potential_savings, held))
    return round(total, 2)


def organizations(estate: Estate, plan_ids: str | None) -> Iterator[Row]:
    """Yield the Salesforce organizations, with the figures of their subscriptions to the requested plans."""
    for organization in usage.salesforce_organizations(estate):
        offers = _salesforce_offers(estate, plan_ids, organization["id"])
        if not offers:
            continue
        held = _holders(estate, offers)
        counts = families.by_activity(held)
        bought = [usage.purchased(estate, offer) for offer in offers]
        cost = round(
            sum(number * offer["monthlyCost"] for number, offer in zip(bought, offers, strict=True)), 2
        )
        yield {
            **organization,
            "subscriptionIds": [offer["id"] for offer in offers],
            "subscriptions": len(offers),
            "users": len({each["userId"] for each in held}),
            **counts,
            "potentialSavings": _unused_cost(estate, offers),
            "totalCost": cost,
            "totalCostPerYear": round(cost * 12, 2),
            "usage": families.percentage(counts["active"], sum(counts.values())),
            "utilization": families.percentage(len(held), sum(bought)),
        }


def organizations_kpi(estate: Estate, plan_ids: str | None) -> Row:
    """Return the number of organizations and their yearly cost."""
    rows = list(organizations(estate, plan_ids))
    return {"total": len(rows), "totalCostPerYear": round(sum(row["totalCostPerYear"] for row in rows), 2)}


def users(estate: Estate, plan_ids: str | None) -> Iterator[Row]:
    """Yield the users with Salesforce accounts, one row per user with all accounts inside."""
    listed, persons = estate.by_id("saas_users"), estate.by_id("saas_people")
    offers = _salesforce_offers(estate, plan_ids)
    for user_id, pairs in families.holders_by_user(estate, offers).items():
        user, rng = listed[user_id], estate.random("salesforce user", user_id)
        organizations = sorted({offer["organizationName"] for offer, _ in pairs})
        code = persons.get(user_id, {}).get("countryCode", "Se")
        application = pairs[0][0]["applicationId"]
        used = estate.where("saas_memberships", "userId", user_id)
        status = (each["status"] for each in used if each["applicationId"] == application)
        yield {
            "id": user_id,
            "tenantId": usage.tenant_id(estate),
            **fields_of(user, "email displayName"),
            "userIds": [estate.guid("salesforce account", user_id, name) for name in organizations],
            "aliases": [user["email"].split("@")[0][:8]],
            "userNames": [f"{user['email']}.{name.split()[0].lower()}" for name in organizations],
            "orgsCount": len(organizations),
            "orgNames": organizations,
            "lastActive": max(held["lastActive"] for _, held in pairs),
            "status": next(status, usage.NO_ACTIVITY),
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


def users_kpi(estate: Estate, plan_ids: str | None) -> Row:
    """Return the number of Salesforce users, by activity."""
    rows = list(users(estate, plan_ids))
    return {
        "totalUsers": len(rows),
        **families.by_activity(rows),
        "usersWithMultipleOrgs": sum(row["orgsCount"] > 1 for row in rows),
    }


def lookup_values(estate: Estate) -> Row:
    """Return the values that occur in the Salesforce users."""
    rows = list(users(estate, None))

    def values(name: str) -> list[str]:
        return sorted({value for row in rows for value in row[name]})

    return {name: values(name) for name in ("userTypes", "orgNames", "roles", "profiles")}


def _subscription_numbers(estate: Estate, offers: list[Row]) -> Row:
    """Return the figures of a group of subscriptions to one plan."""
    held = _holders(estate, offers)
    bought = sum(usage.purchased(estate, offer) for offer in offers)
    cost = round(bought * offers[0]["monthlyCost"], 2)
    counts = families.by_activity(held)
    return {
        **fields_of(offers[0], "name type"),
        "purchased": bought,
        "assigned": len(held),
        "unassigned": max(0, bought - len(held)),
        "overAssigned": max(0, len(held) - bought),
        **counts,
        "notMonitored": families.count(held, usage.NOT_MONITORED),
        "utilization": families.percentage(len(held), bought),
        "usage": families.percentage(counts["active"], sum(counts.values())),
        "potentialSavings": _unused_cost(estate, offers),
        "totalCost": cost,
        "totalCostPerYear": round(cost * 12, 2),
        "totalCostPerMonth": round(offers[0]["monthlyCost"]),
        "discoveryTypes": sorted({offer["discoveryType"] for offer in offers}),
    }


def subscriptions(estate: Estate) -> Iterator[Row]:
    """Yield the Salesforce plans, each with its subscriptions of all organizations inside."""
    groups: dict[str, list[Row]] = {}
    for offer in families.family_subscriptions(estate, catalogue.SALESFORCE):
        groups.setdefault(offer["planId"], []).append(offer)
    for offers in groups.values():
        details = [
            {
                **fields_of(offer, "id organizationName"),
                "skuName": f"{offer['name']} - Enterprise Edition",
                **_subscription_numbers(estate, [offer]),
            }
            for offer in offers
        ]
        yield {
            **_subscription_numbers(estate, offers),
            "details": details,
            "organizationNames": sorted({each["organizationName"] for each in details}),
            "skuNames": sorted({each["skuName"] for each in details}),
        }


_ENTITLEMENTS = (
    ("API Request Limit per Month", "Daily", 1_000_000),
    ("Data Storage (MB)", "Daily", 51_200),
    ("File Storage (MB)", "Daily", 204_800),
    ("Einstein Requests", "Monthly", 50_000),
    ("Platform Events per Day", "Daily", 250_000),
    ("Sandbox Copies", "Once", 5),
)


def _consumption(
    name: str, purchased: int, consumed: int, frequency: str, original_id: str, used: str
) -> Row:
    return {
        "originalId": original_id,
        "name": name,
        "resourceId": "(tenant)",
        "purchased": purchased,
        "consumed": consumed,
        "remaining": purchased - consumed,
        "utilization": families.percentage(consumed, purchased),
        "usageDate": used,
        "frequency": frequency,
    }


@table("saas_salesforce_consumptions")
def consumptions(estate: Estate) -> Iterator[Row]:
    """Yield the consumption of the Salesforce organizations, grouped by entitlement."""
    for name, frequency, limit in _ENTITLEMENTS:
        details = []
        for organization in usage.salesforce_organizations(estate):
            rng = estate.random("salesforce consumption", name, organization["id"])
            consumed = int(limit * rng.random())
            original_id = "0UTG" + "".join(rng.choices(_BASE_62, k=14))
            details.append(
                {
                    "id": estate.guid("salesforce consumption", name, organization["id"]),
                    **_consumption(name, limit, consumed, frequency, original_id, estate.random_time(rng, 7)),
                    "organizationName": organization["name"],
                }
            )
        consumed = sum(each["consumed"] for each in details)
        last = max(each["usageDate"] for each in details)
        yield {
            **_consumption(name, limit * len(details), consumed, frequency, details[0]["originalId"], last),
            "details": details,
            "organizationNames": [each["organizationName"] for each in details],
        }
