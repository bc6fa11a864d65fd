"""SaaS users and applications in the form of the API's replies, with custom fields and background tasks."""

import math
from collections.abc import Iterator

from sandbox.company import saas_catalogue as catalogue
from sandbox.company.estate import Estate, Row, table
from sandbox.company.saas_catalogue import DISCOVERY_SOURCES, MANUAL, SINGLE_SIGN_ON
from sandbox.company.saas_usage import (
    ACTIVE,
    INACTIVE,
    NO_ACTIVITY,
    NOT_MONITORED,
    count_applications,
    optional,
    people,
    potential_savings,
    product_of,
    purchased,
    tenant_id,
)
from sandbox.company.values import fields_of


@table("saas_users")
def users(estate: Estate) -> Iterator[Row]:
    """Yield the SaaS users with the fields of list and details."""
    order = (ACTIVE, INACTIVE, NO_ACTIVITY, NOT_MONITORED)
    for number, person in enumerate(people(estate)):
        rng = estate.random("saas user", person["id"])
        mine = estate.where("saas_memberships", "userId", person["id"])
        costs = estate.where("saas_assignments", "userId", person["id"])
        types = {code for membership in mine for code in membership["discoveryTypes"]}
        if not mine and rng.random() < 0.7:
            types = {MANUAL}
        row = {
            **fields_of(person, "id displayName username email country department createdDate"),
            "lastActive": max((each["lastActive"] for each in mine), default=person["createdDate"]),
            "status": min((each["status"] for each in mine), key=order.index, default=NO_ACTIVITY),
            "discoveryTypes": sorted(types),
            "licenseCount": len(costs),
            "userCostPerMonth": round(sum(each["monthlyCost"] for each in costs), 2),
            "potentialSavings": round(sum(map(potential_savings, costs)), 2),
            **fields_of(person, "isEnabled isInReview isOnline isQualified"),
        }
        if number % 19 == 4:  # a field that the vendor does not declare
            row["jobTitle"] = rng.choice(("Controller", "Küchenchef", "Engineer"))
        yield optional(rng, row, "isEnabled")


def _licenses(estate: Estate, application_id: str) -> list[Row]:
    return [
        {
            "id": subscription["id"],
            "total": purchased(estate, subscription),
            "assigned": len(estate.where("saas_assignments", "subscriptionId", subscription["id"])),
            **fields_of(subscription, "productId collectionTargetId"),
        }
        for subscription in estate.where("saas_subscriptions", "applicationId", application_id)
    ]


def _numbers(estate: Estate, application_id: str, licenses: list[Row]) -> Row:
    """Return the counts and costs of one application."""
    used = estate.where("saas_memberships", "applicationId", application_id)
    offers = estate.by_id("saas_subscriptions")
    bought = sum(each["total"] for each in licenses)
    assigned = sum(each["assigned"] for each in licenses)
    active = sum(membership["status"] == ACTIVE for membership in used)
    inactive = sum(membership["status"] == INACTIVE for membership in used)
    return {
        "licenses": licenses,
        "licenseCount": len(licenses),
        "total": bought,
        "purchased": bought,
        "available": max(0, bought - assigned),
        "assigned": assigned,
        "yearlyCost": round(
            sum(each["total"] * offers[each["id"]]["monthlyCost"] for each in licenses) * 12, 2
        ),
        "active": active,
        "inactive": inactive,
        "utilization": round(100 * assigned / bought, 2) if bought else 0.0,
        "totalUniqueUsers": len(used),
        "totalUniqueUsersFromActivities": active + inactive,
        "discoveryTypes": sorted({code for each in used for code in each["discoveryTypes"]}) or [MANUAL],
    }


@table("saas_applications")
def applications(estate: Estate) -> Iterator[Row]:
    """Yield the SaaS applications with the fields of list and details."""
    everyone = people(estate)
    for number in range(count_applications(estate)):
        application_id, product = estate.guid("saas application", number), product_of(number)
        rng = estate.random("saas application", number)
        numbers = _numbers(estate, application_id, _licenses(estate, application_id))
        owner = everyone[rng.randrange(len(everyone))] if everyone else None
        known = number < len(catalogue.PRODUCTS)
        row = {
            "id": application_id,
            "name": product.name,
            "vendor": product.vendor,
            "vendorId": estate.guid("saas vendor", product.vendor),
            **numbers,
            "bundle": product.bundle,
            "discoveryDate": min(estate.day(rng.random() ** 2 * 500), estate.ago(0))[:10],
            "discoverySource": DISCOVERY_SOURCES[numbers["discoveryTypes"][0]],
            "categoryName": product.category,
            "website": product.website,
            "privacyPolicy": f"{product.website}/privacy",
            "sanctioned": rng.random() < (0.8 if known else 0.3),
            "singleSignOn": SINGLE_SIGN_ON in numbers["discoveryTypes"],
            "notes": rng.choice(
                ("", "Reviewed by IT Operations", "Vertrag läuft aus", "Used by the 大阪 site")
            ),
            "disServiceId": estate.guid("saas service", product.name),
            "description": f"{product.name} by {product.vendor}: {product.category.lower()}.",
            "aiCategory": product.ai_category,
            "aiSubcategory": product.ai_subcategory,
            "riskScore": rng.randint(1, 10),
            "certifications": sorted(rng.sample(catalogue.CERTIFICATIONS, rng.randint(0, 5))),
        }
        if owner and rng.random() < 0.6:
            row |= {"primaryOwnerId": owner["id"], "primaryOwnerName": owner["displayName"]}
        if number % 9 == 2:  # a field that the vendor does not declare
            row["lifecycleState"] = "Approved"
        yield optional(rng, row, "notes", "riskScore", "privacyPolicy", "aiSubcategory", "description")


# --- custom fields, background tasks ---


_CUSTOM_FIELDS: tuple[tuple[str, str, str, list[str], str, bool], ...] = (
    ("Cost centre", "string", "saas-users", [], "", False),
    ("Contract owner", "string", "saas-applications", [], "unknown", False),
    ("Farbe", "string", "saas-users", ["blau", "grün"], "blau", False),
    ("Renewal date", "date", "saas-subscriptions", [], "", False),
    ("Negotiated price", "number", "saas-subscriptions", [], "0", True),
    ("Holds personal data", "boolean", "saas-applications", ["True", "False"], "False", False),
    ("Criticality", "string", "saas-applications", ["low", "medium", "high"], "medium", False),
)


@table("saas_custom_fields")
def custom_fields(estate: Estate) -> Iterator[Row]:
    """Yield the custom fields defined for SaaS."""
    for name, kind, category, values, default, is_currency in _CUSTOM_FIELDS:
        yield {
            "id": estate.guid("saas custom field", name),
            "tenantId": tenant_id(estate),
            "fieldName": name,
            "dataType": kind,
            "saasCategory": category,
            "predefinedValues": values,
            "defaultValue": default,
            "isCurrency": is_currency,
        }


@table("saas_tasks")
def tasks(estate: Estate) -> Iterator[Row]:
    """Yield background tasks that were started by writes."""
    for name, status in (("Bulk update applications", "Complete"), ("Export users", "Running")):
        task_id = estate.guid("saas task", name)
        href = f"api/saas/consolidated-view/v1/tasks/{task_id}"
        yield {
            "id": task_id,
            "name": name,
            "status": status,
            "description": f"{name}: {status.lower()}",
            "_links": [{"href": href, "rel": "self", "method": "GET"}],
        }


@table("saas_bulk_updates")
def bulk_updates(estate: Estate) -> Iterator[Row]:
    """Yield results of finished bulk updates of users."""
    done = math.ceil(estate.size / 2)
    first = people(estate)[0]["id"] if estate.size else ""
    yield {"id": estate.guid("saas bulk update", 0), "successCount": done, "failedCount": 0, "failed": []}
    yield {
        "id": estate.guid("saas bulk update", 1),
        "successCount": done,
        "failedCount": 1,
        "failed": [first],
        "failureReason": "The user is managed by a connector.",
    }
