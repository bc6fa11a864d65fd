"""Who uses which SaaS application and holds which subscription, made up for an estate.

These tables are not replies: what users, applications, families and key figures report is counted from them,
so that every reply agrees with the others.
"""

import random
from collections.abc import Iterator
from itertools import combinations

from sandbox.company import saas_catalogue as catalogue
from sandbox.company.estate import Estate, Row, table
from sandbox.company.saas_catalogue import CONNECTOR, DISCOVERY_SOURCES, MANUAL
from sandbox.company.vocabulary import COUNTRIES, DEPARTMENTS, DOMAIN, FIRST_NAMES, LAST_NAMES

ACTIVE, INACTIVE, NO_ACTIVITY, NOT_MONITORED = "Active", "Inactive", "No activity", "Not monitored"
ACTIVITY_DAYS = 30  # a user without activity for longer counts as inactive


def count_applications(estate: Estate) -> int:
    """How many SaaS applications an estate of this size has."""
    return 25 + estate.size // 20


def tenant_id(estate: Estate) -> str:
    """The id of the tenant that everything belongs to."""
    return estate.guid("tenant")


def optional(rng: random.Random, row: Row, *names: str, share: float = 0.04) -> Row:
    """The row, perhaps without these fields: for fields that are neither required nor nullable."""
    for name in names:
        if rng.random() < share:
            row.pop(name, None)
    return row


# --- products and subscriptions ---


def product_of(number: int) -> catalogue.Product:
    """The product behind the application of this number: a well-known one first, then the long tail."""
    if number < len(catalogue.PRODUCTS):
        return catalogue.PRODUCTS[number]
    tail = number - len(catalogue.PRODUCTS)
    words, kinds = catalogue.TAIL_WORDS, catalogue.TAIL_KINDS
    word, kind = words[tail % len(words)], kinds[tail // len(words) % len(kinds)]
    edition = tail // (len(words) * len(kinds))
    name = f"{word} {kind}" + (f" {edition + 1}" if edition else "")
    website = f"https://service{tail}.example"
    plans = (catalogue.Plan(f"{name} Team", 4.0 + tail % 9),) if tail % 3 == 0 else ()
    return catalogue.Product(name, f"{word} Software", website, f"{kind} Tools", "Operations", kind, plans)


def salesforce_organizations(estate: Estate) -> list[Row]:
    """Id and name of the company's Salesforce organizations."""
    names = ("Sales Europe", "Sales Américas", "Partner Portal")
    count = min(40, len(names) + estate.size // 200)
    return [
        {
            "id": estate.guid("salesforce organization", number),
            "name": names[number] if number < len(names) else f"Sandbox {number}",
        }
        for number in range(count)
    ]


def _subscription_offers(estate: Estate, product: catalogue.Product) -> Iterator[Row]:
    """Id, plan and organization of each subscription to a product: only Salesforce has organizations."""
    if product.name != catalogue.SALESFORCE:
        for plan in product.plans:
            subscription_id = estate.guid("saas subscription", product.name, plan.name)
            yield {"id": subscription_id, "plan": plan, "organization": None}
        return
    for position, organization in enumerate(salesforce_organizations(estate)):
        for number, (plan, kind) in enumerate(catalogue.SALESFORCE_PLANS):
            if position and (position + number) % 4 == 0:
                continue
            yield {
                "id": f"{kind}License_{organization['id']}_{plan.name.replace(' ', '')}",
                "plan": plan,
                "organization": organization,
                "type": kind,
            }


@table("saas_subscriptions")
def subscriptions(estate: Estate) -> Iterator[Row]:
    """All subscriptions: a table of our own, because the API has no list of them."""
    serial = 0
    for number in range(count_applications(estate)):
        product = product_of(number)
        for offer in _subscription_offers(estate, product):
            rng = estate.random("saas subscription", offer["id"])
            plan, organization = offer["plan"], offer["organization"]
            yield {
                "id": offer["id"],
                "name": plan.name,
                "type": offer.get("type"),
                "organizationId": organization and organization["id"],
                "organizationName": organization and organization["name"],
                "planId": estate.guid("saas plan", product.name, plan.name),
                "applicationId": estate.guid("saas application", number),
                "applicationName": product.name,
                "vendor": product.vendor,
                "vendorId": estate.guid("saas vendor", product.vendor),
                "productId": estate.guid("saas product", product.name, plan.name),
                "collectionTargetId": estate.guid("saas collection", product.name),
                "monthlyCost": plan.monthly_cost,
                "monitored": plan.monitored,
                "discoveryType": CONNECTOR if rng.random() < 0.8 else MANUAL,
                "spare": rng.choice((-1, 0, 0, 1, 3, 5)),
                # Some subscriptions that applications and users mention cannot be read: 404.
                "readable": serial % 29 != 17,
            }
            serial += 1


# --- people, memberships and assignments ---


def _person(estate: Estate, number: int, rng: random.Random) -> Row:
    """Name and address: most SaaS users are user accounts of the estate, some only SaaS vendors know."""
    if number < len(estate.users) and rng.random() < 0.85:
        account = estate.users[number]
        name = account.get("fullName") or account.get("userName") or f"User {number}"
        email = account.get("email") or f"user{number}@{DOMAIN}"
        return {"displayName": name, "email": email, "isOnline": False}
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return {"displayName": f"{first} {last}", "email": f"external{number}@{DOMAIN}", "isOnline": True}


@table("saas_people")
def people(estate: Estate) -> Iterator[Row]:
    """What is known of each SaaS user apart from the use of applications."""
    for number in range(estate.size):
        rng = estate.random("saas person", number)
        person = _person(estate, number, rng)
        site = rng.randrange(len(COUNTRIES))
        hired = 200 + rng.randrange(3000)
        employed = rng.random() > 0.07
        yield {
            "id": estate.guid("saas user", number),
            **person,
            "username": person["email"],
            "country": COUNTRIES[site],
            "countryCode": catalogue.COUNTRY_CODES[site],
            "department": rng.choice(DEPARTMENTS),
            "createdDate": estate.ago(rng.randrange(400)),
            "isEnabled": employed or rng.random() < 0.5,
            "isInReview": rng.random() < 0.06,
            "isQualified": rng.random() < 0.85,
            "employmentStatus": "Employed" if employed else "Terminated",
            "hireDate": estate.ago(hired),
            "terminationDate": None if employed else estate.ago(rng.randrange(120)),
        }


def _applications_of(estate: Estate, rng: random.Random, used: int) -> list[int]:
    """Numbers of the applications one user uses: low numbers are popular, the last three are nobody's."""
    draw = rng.random()
    if draw < 0.05:
        return []
    wanted = rng.randint(1, 6) if draw < 0.85 else rng.randint(7, 12)
    numbers = {int(used * rng.random() ** 2) for _ in range(wanted)}
    return sorted(numbers)


def _activity(rng: random.Random) -> tuple[str, int]:
    """Whether a user is active in an application, and how many days ago the last activity was."""
    draw = rng.random()
    if draw < 0.65:
        return ACTIVE, rng.randrange(ACTIVITY_DAYS)
    if draw < 0.85:
        return INACTIVE, ACTIVITY_DAYS + 1 + rng.randrange(200)
    return (NO_ACTIVITY if draw < 0.95 else NOT_MONITORED), 400


# Discovery types and roles that one membership may have: one to three types, no more than two roles.
_DISCOVERY_TYPES = [
    list(each) for size in (1, 2, 3) for each in combinations(sorted(DISCOVERY_SOURCES), size)
]
_ROLES = [list(each) for size in (0, 1, 1, 2) for each in combinations(catalogue.ROLES, size)]


@table("saas_memberships")
def memberships(estate: Estate) -> Iterator[Row]:
    """Who uses which application: one row per user and application."""
    used = count_applications(estate) - 3
    ids = [estate.guid("saas application", number) for number in range(used)]
    ago = [estate.ago(days) for days in range(500)]
    for person in people(estate):
        rng = estate.random("saas membership", person["id"])
        for number in _applications_of(estate, rng, used):
            status, days = _activity(rng)
            seen = status in (ACTIVE, INACTIVE)
            yield {
                "userId": person["id"],
                "applicationId": ids[number],
                "status": status,
                "lastActive": ago[days] if seen else person["createdDate"],
                "daysSinceActive": days if seen else 0,
                "totalDaysUsed": rng.randint(1, 90) if seen else 0,
                "discoveryTypes": rng.choice(_DISCOVERY_TYPES),
                "roles": rng.choice(_ROLES),
            }


@table("saas_assignments")
def assignments(estate: Estate) -> Iterator[Row]:
    """Who holds which subscription: one row per user and subscription."""
    offers = estate.grouped("saas_subscriptions", "applicationId")
    ago = [estate.ago(days) for days in range(600)]
    user_id, rng = "", random.Random()
    for membership in memberships(estate):
        if membership["userId"] != user_id:  # the memberships of a user stand together
            user_id = membership["userId"]
            rng = estate.random("saas assignment", user_id)
        available = offers.get(membership["applicationId"], [])
        if not available:
            continue
        draw = rng.random()
        held = 0 if draw < 0.2 else 1 if draw < 0.85 else 2
        for subscription in rng.sample(available, min(held, len(available))):
            yield {
                "subscriptionId": subscription["id"],
                "userId": membership["userId"],
                "applicationId": membership["applicationId"],
                "status": membership["status"] if subscription["monitored"] else NOT_MONITORED,
                "lastActive": membership["lastActive"],
                "daysSinceActive": membership["daysSinceActive"],
                "monthlyCost": subscription["monthlyCost"],
                "firstDiscovered": ago[400 + rng.randrange(200)],
                "manuallyAssigned": subscription["discoveryType"] == MANUAL,
                "usage": rng.randint(0, 40),
            }


def wasted(held: Row) -> float:
    """What could be saved on an assignment each month: all of it when the user does not use it."""
    return float(held["monthlyCost"]) if held["status"] in (INACTIVE, NO_ACTIVITY) else 0.0


def purchased(estate: Estate, subscription: Row) -> int:
    """How many of a subscription were bought: about as many as assigned, sometimes one too few."""
    assigned = len(estate.where("saas_assignments", "subscriptionId", subscription["id"]))
    return max(0, assigned + int(subscription["spare"]))
