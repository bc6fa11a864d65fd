"""Who uses which SaaS application and holds which subscription, made up for an estate.

These tables are not replies: what users, applications, families and key figures report is counted from them,
so that every reply agrees with the others.
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
# A plan of which many more were bought than are held.
_OVERBOUGHT = {"Microsoft 365 E5": 0.35}
# What nearly half of its holders have stopped to use.
_LEFT_ALONE = ("Adobe Acrobat", "Tableau Cloud")
# People and seats of the last months: some have come, some have gone since.
_DAYS_OF_CHANGE, _SHARE_THERE, _SHARE_NEW = 420.0, 0.75, 0.14
# Users that have come within the last 400 days, and as many that have gone.
_SHARE_LEFT = 0.1
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
                "weight": plan.weight,
                # Bought beyond what is held: a few per cent, a third of one plan, one too few here and there.
                "spare": _OVERBOUGHT.get(plan.name, rng.choice((0.0, 0.0, 0.05, 0.1, 0.2))),
                "short": rng.random() < 0.1,
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


def _there(estate: Estate, draw: float) -> float | None:
    """Since how many days before the present something is there; None where it is not."""
    if draw < _SHARE_THERE:
        return _DAYS_OF_CHANGE + 30 + (1 - draw / _SHARE_THERE) * 600
    if draw < _SHARE_THERE + _SHARE_NEW:
        came = (draw - _SHARE_THERE) / _SHARE_NEW * _DAYS_OF_CHANGE
        return came if came > estate.behind else None
    gone = (draw - _SHARE_THERE - _SHARE_NEW) / (1 - _SHARE_THERE - _SHARE_NEW) * _DAYS_OF_CHANGE
    return _DAYS_OF_CHANGE + 30 + gone if gone < estate.behind else None


@table("saas_people")
def people(estate: Estate) -> Iterator[Row]:
    """What is known of each SaaS user apart from the use of applications."""
    left_company = int(estate.size * _SHARE_LEFT) if estate.behind else 0
    for number in range(estate.size + left_company):
        rng = estate.random("saas person", number)
        person = _person(estate, number, rng)
        site = rng.randrange(len(COUNTRIES))
        hired = 200 + rng.randrange(3000)
        employed = rng.random() > 0.05
        left = rng.randrange(120)
        created = 760 + rng.randrange(700) if rng.random() > _SHARE_LEFT else rng.randrange(400)
        if number >= estate.size:  # no longer among the users
            created, removed = max(created, 760), (number - estate.size + 0.5) / left_company * 400
            if removed >= estate.behind:
                continue
        if created < estate.behind:
            continue
        gone = not employed and left >= estate.behind
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
    """Numbers of the applications one user uses: the last three are nobody's."""
    if rng.random() < 0.04:
        return []
    chance, known = rng.random, len(catalogue.PRODUCTS)
    numbers = [number for number, share in enumerate(shares[:known]) if chance() < share]
    tail = len(shares) - known
    return numbers + sorted(
        {known + int(tail * chance()) for _ in range(int(chance() * 2.5))} if tail > 0 else ()
    )


def _activity(estate: Estate, rng: random.Random, left_alone: bool) -> tuple[str, int]:
    """Whether a user is active in an application, and how many days ago the last activity was.

    Active is who has used it within the last thirty days, inactive who has before, and without activity who
    never has, as the vendor defines it.
    """
    draw, recent, left = rng.random(), int(rng.random() ** 2 * ACTIVITY_DAYS), 35 + rng.random() * 865
    # Some leave an application alone for a while, at a time that differs: so many more than on one day.
    pause, inactive, never = (
        (500 + rng.random() * 400, 0.55, 0.1) if left_alone else (150 + rng.random() * 250, 0.6, 0.06)
    )
    if draw < never:
        return NO_ACTIVITY, 400
    if draw < never + 0.03:
        return NOT_MONITORED, 400
    idle = int(left - estate.behind)
    if draw < never + 0.03 + inactive and idle > ACTIVITY_DAYS and left - pause < estate.behind:
        return INACTIVE, idle
    return ACTIVE, recent


# Discovery types and roles that one membership may have: one to three types, no more than two roles.
_DISCOVERY_TYPES = [
    list(each) for size in (1, 2, 3) for each in combinations(sorted(DISCOVERY_SOURCES), size)
]
_ROLES = [list(each) for size in (0, 1, 1, 2) for each in combinations(catalogue.ROLES, size)]


@table("saas_memberships")
def memberships(estate: Estate) -> Iterator[Row]:
    """Who uses which application: one row per user and application."""
    used = count_applications(estate) - 3
    products = [product_of(number) for number in range(used)]
    shares = [product.share for product in products]
    ids = [estate.guid("saas application", number) for number in range(used)]
    ago = [estate.ago(days) for days in range(1000)]
    for person in people(estate):
        rng = estate.random("saas membership", person["id"])
        for number in _applications_of(rng, shares):
            status, days = _activity(estate, rng, products[number].name in _LEFT_ALONE)
            draw, types, roles, use = (
                rng.random(),
                rng.choice(_DISCOVERY_TYPES),
                rng.choice(_ROLES),
                rng.randint(1, 90),
            )
            if _there(estate, draw) is None:
                continue
            seen = status in (ACTIVE, INACTIVE)
            if seen and ago[days] < person["createdDate"]:  # nobody is active before being there
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
    """Who holds which subscription: one row per user and subscription."""
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
        # One seat a product; of those sold for each organization or use, at times a second one.
        draws = estate.draws("saas assignment", membership["userId"], membership["applicationId"])
        seats = [bisect(weights[membership["applicationId"]], draws[0])]
        if len(available) > 6 and draws[1] < 0.3:
            seats.append((seats[0] + 1 + int(draws[2] * (len(available) - 1))) % len(available))
        for position, seat in enumerate(seats):
            subscription, since = available[seat], _there(estate, draws[4 + position])
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


def wasted(held: Row) -> float:
    """What could be saved on an assignment each month: all of it when the user does not use it."""
    return float(held["monthlyCost"]) if held["status"] in (INACTIVE, NO_ACTIVITY) else 0.0


def purchased(estate: Estate, subscription: Row) -> int:
    """How many of a subscription were bought: a few more than are held at present, sometimes one too few."""
    held = len(estate.present.where("saas_assignments", "subscriptionId", subscription["id"]))
    bought = math.ceil(held * (1 + float(subscription["spare"])))
    return max(0, bought - int(subscription["short"]))
