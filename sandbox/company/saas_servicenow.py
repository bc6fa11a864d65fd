"""ServiceNow subscriptions and the users that hold them."""

from collections.abc import Iterator

from sandbox.company import saas_catalogue as catalogue
from sandbox.company import saas_families as families
from sandbox.company import saas_usage as usage
from sandbox.company.estate import Estate, Row, table
from sandbox.company.saas import applications
from sandbox.company.values import fields_of

_SERVICENOW_ROLES = ("fulfiller", "approver", "requester", "business_stakeholder")
_SERVICENOW_TYPES = ("ITSM", "HRSD", "CSM", "ITOM", "Custom")


@table("saas_servicenow_subscriptions")
def _subscriptions(estate: Estate) -> Iterator[Row]:
    application = next((each for each in applications(estate) if each["name"] == catalogue.SERVICENOW), None)
    if application is None:
        return
    for number, offer in enumerate(families.family_subscriptions(estate, catalogue.SERVICENOW)):
        rng = estate.random("servicenow subscription", offer["id"])
        held, bought = families.holders_of(estate, offer), usage.purchased(estate, offer)
        counts = families.by_activity(held)
        # The start of the current term; subscriptions are renewed yearly.
        started = estate.days_back + (rng.randrange(30, 330) - estate.days_back) % 365
        row = {
            "id": offer["id"],
            "name": offer["name"],
            "application": application["name"],
            "applicationId": application["id"],
            "applications": [
                {
                    "applicationId": application["id"],
                    "applicationName": application["name"],
                    "appCategoryName": application["categoryName"],
                    "disServiceId": application["disServiceId"],
                }
            ],
            "familyId": families.family_id(estate, catalogue.SERVICENOW),
            "familyName": catalogue.SERVICENOW,
            "vendor": offer["vendor"],
            "vendorId": offer["vendorId"],
            "disServiceId": application["disServiceId"],
            "connectorName": "ServiceNow connector",
            "automaticallyAdded": offer["discoveryType"] == catalogue.CONNECTOR,
            "discovered": offer["discoveryType"],
            # The vendor declares a list of lists, only here.
            "discoveryTypes": [[offer["discoveryType"]]],
            "purchased": bought,
            "quantity": bought,
            "assigned": len(held),
            "unassigned": max(0, bought - len(held)),
            "overassigned": max(0, len(held) - bought),
            **counts,
            "notMonitored": families.count(held, usage.NOT_MONITORED),
            "usage": round(counts["active"] / max(1, sum(counts.values())), 4),
            "utilization": families.percentage(len(held), bought),
            "costPerUnit": offer["monthlyCost"],
            "currency": "EUR",
            "rrpPeriod": rng.choice(("Monthly", "Annually")),
            "rrpValue": round(offer["monthlyCost"] * 12 * 1.1, 2),
            "free": not offer["monthlyCost"],
            "isBundled": False,
            # The vendor describes one and requires the other.
            "excludedFromMetrics": not offer["monthlyCost"],
            "excludeFromMetrics": not offer["monthlyCost"],
            "purchasedDate": estate.day(started + 14),
            "startDate": estate.day(started),
            "expirationDate": estate.day(started - 365),
            "measuredRoleTypes": list(_SERVICENOW_ROLES[: number % 3]),
            "applicationTypes": [_SERVICENOW_TYPES[number % len(_SERVICENOW_TYPES)]],
        }
        yield usage.optional(rng, row, "excludedFromMetrics")


def subscriptions(estate: Estate, ids: str | None) -> list[Row]:
    """Return the ServiceNow subscriptions."""
    include = families.wanted(ids)
    return [row for row in _subscriptions(estate) if include(row["id"])]


def users(estate: Estate, ids: str | None) -> Iterator[Row]:
    """Yield the users that hold ServiceNow subscriptions."""
    include = families.wanted(ids)
    offers = families.family_subscriptions(estate, catalogue.SERVICENOW)
    found = families.holders_by_user(estate, (offer for offer in offers if include(offer["id"])))
    listed, persons = estate.by_id("saas_users"), estate.by_id("saas_people")
    for user_id, pairs in found.items():
        user, rng = listed[user_id], estate.random("servicenow user", user_id)
        row = {
            "id": user_id,
            **fields_of(user, "username displayName email"),
            "country": persons.get(user_id, {}).get("countryCode", "Se"),
            **fields_of(user, "department createdDate"),
            "lastActive": max(held["lastActive"] for _, held in pairs),
            "status": pairs[0][1]["status"],
            "monthlyCost": round(sum(offer["monthlyCost"] for offer, _ in pairs), 2),
            "details": [
                {
                    "applicationName": offer["applicationName"],
                    "subscriptionName": offer["name"],
                    "lastActive": held["lastActive"],
                    "lastActiveValueInInt": held["daysSinceActive"],
                    "lastActiveValueType": 5,
                }
                for offer, held in pairs
            ],
            "discoveryTypes": [user["discoveryTypes"]],
            **fields_of(user, "isInReview isOnline isQualified"),
            "manuallyAssigned": any(held["manuallyAssigned"] for _, held in pairs),
            "roleTypes": sorted(rng.sample(_SERVICENOW_ROLES, rng.randint(1, 2))),
            "oobRoles": rng.sample(("itil", "admin", "catalog_admin", "sn_incident_read"), rng.randint(0, 3)),
            "customRoles": rng.sample(("u_nordlicht_approver", "u_küche"), rng.randint(0, 1)),
            "webServiceUser": rng.random() < 0.05,
            "applications": sorted({offer["applicationName"] for offer, _ in pairs}),
            "applicationTypes": sorted(rng.sample(_SERVICENOW_TYPES, rng.randint(1, 3))),
            "groups": rng.sample(("Service Desk", "Network", "Hardware", "Änderungen"), rng.randint(0, 3)),
        }
        yield usage.optional(rng, row, "applicationTypes")
