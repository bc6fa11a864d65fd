"""Use of SaaS applications and subscriptions: the tables that all SaaS replies are counted from.

These tables are not served themselves. Users, applications, families and key figures are all derived from
them, so that the replies agree with each other.
"""

import math
import random
from bisect import bisect
from collections.abc import Iterator
from datetime import date
from itertools import accumulate, combinations

from sandbox.company import saas_catalogue as catalogue
from sandbox.company.estate import Estate, Row, table
from sandbox.company.saas_catalogue import CONNECTOR, DISCOVERY_SOURCES, MANUAL
from sandbox.company.vocabulary import COUNTRIES, DEPARTMENTS, DOMAIN, FIRST_NAMES, LAST_NAMES

ACTIVE, INACTIVE, NO_ACTIVITY, NOT_MONITORED = "Active", "Inactive", "No activity", "Not monitored"
# A plan that was bought for many more users than hold it.
_OVERBOUGHT = {"Microsoft 365 E5": 0.35}
# Products that nearly half of their holders no longer use.
_DECLINING = ("Adobe Acrobat", "Tableau Cloud")
# Period in which memberships and seats are added and removed, the share that was there all the time, and the
# share that was added.
_DAYS_OF_CHANGE, _SHARE_PERMANENT, _SHARE_NEW = 420.0, 0.75, 0.14
# Share of users that was added in the last 400 days; as many were removed.
_SHARE_LEFT = 0.1
ACTIVITY_DAYS = 30  # a user without activity for longer counts as inactive


def count_applications(estate: Estate) -> int:
    """Return the number of SaaS applications in an estate of this size."""
    return 25 + estate.size // 20


def tenant_id(estate: Estate) -> str:
    """Return the id of the tenant."""
    return estate.guid("tenant")


def optional(rng: random.Random, row: Row, *names: str, share: float = 0.04) -> Row:
    """Return the row, perhaps without these fields, which are neither required nor nullable."""
    for name in names:
        if rng.random() < share:
            row.pop(name, None)
    return row


# --- products and subscriptions ---


def product_of(number: int) -> catalogue.Product:
    """Return the product of an application by its number: first the well-known ones, then the long tail."""
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
    """Return id and name of the company's Salesforce organizations."""
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
    """Yield id, plan and organization of each subscription to a product; only Salesforce has the last."""
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
    """Yield all subscriptions, of which the API has no list."""
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
                "weight": plan.weight,
                # Surplus of the quantity bought over the quantity held, as a share.
                "spare": _OVERBOUGHT.get(plan.name, rng.choice((0.0, 0.0, 0.05, 0.1, 0.2))),
                "short": rng.random() < 0.1,
                # Some subscriptions that applications and users mention cannot be read: 404.
                "readable": serial % 29 != 17,
            }
            serial += 1


# --- people, memberships and assignments ---


def _person(estate: Estate, number: int, rng: random.Random) -> Row:
    """Return name and address: most SaaS users are user accounts of the estate, some are external."""
    if number < len(estate.users) and rng.random() < 0.85:
        account = estate.users[number]
        name = account.get("fullName") or account.get("userName") or f"User {number}"
        email = account.get("email") or f"user{number}@{DOMAIN}"
        return {"displayName": name, "email": email, "isOnline": False}
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return {"displayName": f"{first} {last}", "email": f"external{number}@{DOMAIN}", "isOnline": True}


def _days_present(estate: Estate, draw: float) -> float | None:
    """Return since how many days before the present something is there, or `None` if it is not."""
    if draw < _SHARE_PERMANENT:
        return _DAYS_OF_CHANGE + 30 + (1 - draw / _SHARE_PERMANENT) * 600
    if draw < _SHARE_PERMANENT + _SHARE_NEW:
        came = (draw - _SHARE_PERMANENT) / _SHARE_NEW * _DAYS_OF_CHANGE
        return came if came > estate.days_back else None
    gone = (draw - _SHARE_PERMANENT - _SHARE_NEW) / (1 - _SHARE_PERMANENT - _SHARE_NEW) * _DAYS_OF_CHANGE
    return _DAYS_OF_CHANGE + 30 + gone if gone < estate.days_back else None


@table("saas_people")
def people(estate: Estate) -> Iterator[Row]:
    """Yield the SaaS users without their use of applications."""
    left_company = int(estate.size * _SHARE_LEFT) if estate.days_back else 0
    for number in range(estate.size + left_company):
        rng = estate.random("saas person", number)
        person = _person(estate, number, rng)
        site = rng.randrange(len(COUNTRIES))
        hired = 200 + rng.randrange(3000)
        employed = rng.random() > 0.05
        left = rng.randrange(120)
        created = 760 + rng.randrange(700) if rng.random() > _SHARE_LEFT else rng.randrange(400)
        if number >= estate.size:  # no longer a user
            created, removed = max(created, 760), (number - estate.size + 0.5) / left_company * 400
            if removed >= estate.days_back:
                continue
        if created < estate.days_back:
            continue
        gone = not employed and left >= estate.days_back
        yield {
            "id": estate.guid("saas user", number),
            **person,
            "username": person["email"],
            "country": COUNTRIES[site],
            "countryCode": catalogue.COUNTRY_CODES[site],
            "department": rng.choice(DEPARTMENTS),
            "createdDate": estate.day(created),
            "isEnabled": not gone or rng.random() < 0.5,
            "isInReview": rng.random() < 0.06,
            "isQualified": rng.random() < 0.85,
            "employmentStatus": "Terminated" if gone else "Employed",
            "hireDate": estate.day(max(hired, created)),
            "terminationDate": estate.day(left) if gone else None,
        }


def _applications_of(rng: random.Random, shares: list[float]) -> list[int]:
    """Return the numbers of the applications one user uses; nobody uses the last three."""
    if rng.random() < 0.04:
        return []
    chance, known = rng.random, len(catalogue.PRODUCTS)
    numbers = [number for number, share in enumerate(shares[:known]) if chance() < share]
    tail = len(shares) - known
    return numbers + sorted(
        {known + int(tail * chance()) for _ in range(int(chance() * 2.5))} if tail > 0 else ()
    )


def _activity(estate: Estate, rng: random.Random, is_declining: bool) -> tuple[str, int]:
    """Return the activity of a user in an application, and how many days ago the last one was.

    As the vendor defines it, a user is active with a use in the last thirty days, inactive with an earlier
    one, and without activity if there was none.
    """
    draw, recent, left = rng.random(), int(rng.random() ** 2 * ACTIVITY_DAYS), 35 + rng.random() * 865
    # Some users pause, each in a different period; on one day, only a part of them does.
    pause, inactive, never = (
        (500 + rng.random() * 400, 0.55, 0.1) if is_declining else (150 + rng.random() * 250, 0.6, 0.06)
    )
    if draw < never:
        return NO_ACTIVITY, 400
    if draw < never + 0.03:
        return NOT_MONITORED, 400
    idle = int(left - estate.days_back)
    if draw < never + 0.03 + inactive and idle > ACTIVITY_DAYS and left - pause < estate.days_back:
        return INACTIVE, idle
    return ACTIVE, recent


# Possible discovery types (one to three) and roles (at most two) of a membership.
_DISCOVERY_TYPES = [
    list(each) for size in (1, 2, 3) for each in combinations(sorted(DISCOVERY_SOURCES), size)
]
_ROLES = [list(each) for size in (0, 1, 1, 2) for each in combinations(catalogue.ROLES, size)]


@table("saas_memberships")
def memberships(estate: Estate) -> Iterator[Row]:
    """Yield the users of each application: one row per user and application."""
    used = count_applications(estate) - 3
    products = [product_of(number) for number in range(used)]
    shares = [product.share for product in products]
    ids = [estate.guid("saas application", number) for number in range(used)]
    ago = [estate.ago(days) for days in range(1000)]
    for person in people(estate):
        rng = estate.random("saas membership", person["id"])
        for number in _applications_of(rng, shares):
            status, days = _activity(estate, rng, products[number].name in _DECLINING)
            draw, types, roles, use = (
                rng.random(),
                rng.choice(_DISCOVERY_TYPES),
                rng.choice(_ROLES),
                rng.randint(1, 90),
            )
            if _days_present(estate, draw) is None:
                continue
            seen = status in (ACTIVE, INACTIVE)
            if seen and ago[days] < person["createdDate"]:  # no activity before the user exists
                days = (estate.now.date() - date.fromisoformat(person["createdDate"][:10])).days
                status = ACTIVE if days <= ACTIVITY_DAYS else INACTIVE
            yield {
                "userId": person["id"],
                "applicationId": ids[number],
                "status": status,
                "lastActive": max(ago[days], person["createdDate"]) if seen else person["createdDate"],
                "daysSinceActive": days if seen else 0,
                "totalDaysUsed": use if seen else 0,
                "discoveryTypes": types,
                "roles": roles,
            }


@table("saas_assignments")
def assignments(estate: Estate) -> Iterator[Row]:
    """Yield the holders of each subscription: one row per user and subscription."""
    offers = estate.grouped("saas_subscriptions", "applicationId")
    weights = {}
    for application, plans in offers.items():
        total = sum(each["weight"] for each in plans)
        sums = accumulate(each["weight"] / total for each in plans)
        weights[application] = [*sums][:-1]
    for membership in memberships(estate):
        available = offers.get(membership["applicationId"], [])
        if not available:
            continue
        # One seat per product; sometimes a second one of products with many subscriptions.
        draws = estate.draws("saas assignment", membership["userId"], membership["applicationId"])
        seats = [bisect(weights[membership["applicationId"]], draws[0])]
        if len(available) > 6 and draws[1] < 0.3:
            seats.append((seats[0] + 1 + int(draws[2] * (len(available) - 1))) % len(available))
        for position, seat in enumerate(seats):
            subscription, since = available[seat], _days_present(estate, draws[4 + position])
            if since is None:
                continue
            yield {
                "subscriptionId": subscription["id"],
                "userId": membership["userId"],
                "applicationId": membership["applicationId"],
                "status": membership["status"] if subscription["monitored"] else NOT_MONITORED,
                "lastActive": membership["lastActive"],
                "daysSinceActive": membership["daysSinceActive"],
                "monthlyCost": subscription["monthlyCost"],
                "firstDiscovered": estate.day(since),
                "manuallyAssigned": subscription["discoveryType"] == MANUAL,
                "usage": int(draws[6] * 41),
            }


def potential_savings(held: Row) -> float:
    """Return the monthly cost of an assignment if its user does not use it, else 0."""
    return float(held["monthlyCost"]) if held["status"] in (INACTIVE, NO_ACTIVITY) else 0.0


def purchased(estate: Estate, subscription: Row) -> int:
    """Return how many of a subscription were bought: a few more than are held, or sometimes one too few."""
    held = len(estate.present.where("saas_assignments", "subscriptionId", subscription["id"]))
    bought = math.ceil(held * (1 + float(subscription["spare"])))
    return max(0, bought - int(subscription["short"]))
