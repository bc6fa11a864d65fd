"""Licences of the made-up company, with their upgrades, maintenance periods, costs and policies.

The table has the fields of list and details; the vendor shows costs and upgrades only in the list, and keys,
notes and SKU only in the details.
"""

import random
from collections import Counter
from datetime import date
from typing import Any, NamedTuple

from sandbox.company.agreements import agreements, contracts
from sandbox.company.applications import application_id, products_of
from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import LOCAL_CURRENCIES, TO_BASE_CURRENCY, choose, or_none
from sandbox.company.vocabulary import PRODUCTS, Product

ASSIGNMENT_TYPES = ("Organization", "Computer", "User", "Site")
CUSTOM_METRIC = "Custom metric"

# Kinds of assignment of consecutive licences; even the smallest company has every kind.
_ASSIGNMENT_CYCLE = ("Organization", "Computer", "User", "Computer", "Site", "User", "Organization")
# The first licences are complete, valid, in use and may cover other releases, so that even the smallest
# company has a record of every kind.
EXEMPLARY = len(_ASSIGNMENT_CYCLE)
_VENDORS = ("Atea", "Crayon", "SoftwareOne", "Insight", "Bechtle", "Zážitek s.r.o.")
_NO_REASON, _MISSING_APPLICATION, _MISSING_COUNT, _MISSING_ASSIGNMENT_TYPE = 0, 1, 2, 128


@table("license_assignment_types")
def assignment_types(estate: Estate) -> list[Row]:
    """Return the kinds of assignment."""
    return [
        {"assignmentType": number, "assignmentTypeId": _assignment_type_id(estate, name), "name": name}
        for number, name in enumerate(ASSIGNMENT_TYPES)
    ]


def assignment_type(estate: Estate, row: Row) -> str | None:
    """Return the name of a licence's assignment type, or `None` if the licence has none."""
    names = {kind["assignmentTypeId"]: kind["name"] for kind in assignment_types(estate)}
    return names.get(row["assignmentTypeId"])


def counted(row: Row) -> bool:
    """Return whether a licence affects the compliance position; archived and incomplete ones do not."""
    return row["status"] == "Active" and not row["isIncomplete"]


def upgrades_of(_estate: Estate, row: Row) -> list[Row]:
    """Return the licences that one licence upgrades."""
    return list(row["upgrades"] or ())


@table("license_maintenance_periods")
def maintenance_periods(estate: Estate) -> list[Row]:
    """Return the maintenance and support periods of all licences."""
    return [period for row in licenses(estate) for period in _maintenance_of(estate, row)]


@table("license_policies")
def policies(estate: Estate) -> list[Row]:
    """Return the licence policies; the vendor shows only their ids."""
    return [{"id": estate.guid("license-policy", number)} for number in range(4)]


def _assignment_type_id(estate: Estate, name: str) -> str:
    return estate.guid("assignment-type", name)


# The owned quantity differs by these shares from the required one: below it for the first share of the
# products, equal for the second, above it for the others.
_DEVIATION, _SHARE_SHORT, _SHARE_EXACT = (0.05, 0.25), 0.4, 0.15
# Share of the paid products of the long tail that was bought.
_SHARE_TAIL_BOUGHT = 0.8
_CUSTOM_EVERY, _ARCHIVED_EVERY, _RECENT_EVERY = 10, 13, 9
_YEAR = 365
# Java is licensed per employee, independent of the installations.
_CUSTOM_PRODUCT = next(product for product in PRODUCTS if product.metric == CUSTOM_METRIC)


class _Lot(NamedTuple):
    """One purchase: a release of a product, the quantity, and the date in days before the present."""

    product: Product
    application: str
    metric: str
    quantity: int
    days: float
    discount: float


def employees(estate: Estate) -> int:
    """Return the number of people in the company."""
    return sum(row["status"] == "Active" for row in estate.users)


def requirements(estate: Estate) -> dict[tuple[str, str], Counter[str]]:
    """Return the counts of metering for each application and metric, by the part of the count."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for table_name, metric in (("computer_metering", "metricId"), ("user_metering", "metricID")):
        for row in estate.built(table_name):
            counts = found.setdefault((row["applicationId"], row[metric]), Counter())
            for name in (
                "initialRequirement",
                "includedInBundle",
                "outsideMetricPeriod",
                "minimumRequirement",
            ):
                counts[name] += row[name]
            counts["requirement"] += row["requirement"]
    return found


def _lots(estate: Estate) -> list[_Lot]:
    """Return all purchases up to the present, made for what is installed at present."""
    count = max(12, estate.size // 3)
    needed = requirements(estate)
    products = estate.cached("products", products_of)
    by_product: dict[Product, list[tuple[str, str, int]]] = {}
    for (application, metric), counts in needed.items():
        if products[application].price:
            by_product.setdefault(products[application], []).append(
                (application, metric, counts["requirement"])
            )
    owned = [
        (product, *bought)
        for product, uses in by_product.items()
        if (bought := _owned(estate, product, uses))
    ]
    owned.sort(key=lambda each: -each[0].price * each[3])
    archived = [number for number in range(EXEMPLARY + 1, count + 1) if number % _ARCHIVED_EVERY == 0]
    custom = [
        number for number in range(1, count + 1) if number % _CUSTOM_EVERY == 4 and number not in archived
    ]
    numbers = [number for number in range(1, count + 1) if number not in {*custom, *archived}]
    # If there are fewer licences than products, those of the least total value get none.
    if owned and len(numbers) < len(owned):
        owned = owned[: len(numbers)]
    shares: dict[int, list[int]] = {}
    for position, number in enumerate(numbers):
        if owned:
            shares.setdefault(position % len(owned), []).append(number)
    lots: dict[int, _Lot] = {}
    for position, mine in shares.items():
        product, application, metric, quantity = owned[position]
        for part, number in enumerate(mine):
            share = quantity // len(mine) + (part < quantity % len(mine))
            lots[number] = _lot(estate, number, product, application, metric, max(1, share), part)
    metric = estate.guid("metric", CUSTOM_METRIC)
    newest = _CUSTOM_PRODUCT.releases[-1]
    java = application_id(estate, _CUSTOM_PRODUCT.manufacturer, _CUSTOM_PRODUCT.name, newest)
    people = int(employees(estate) * (1 - estate.random("ownership", "custom").uniform(*_DEVIATION)))
    for part, number in enumerate(custom):
        share = people // len(custom) + (part < people % len(custom))
        lots[number] = _lot(estate, number, _CUSTOM_PRODUCT, java, metric, max(1, share), part)
    known = [each for each in PRODUCTS if len(each.releases) > 1 and each.price and each != _CUSTOM_PRODUCT]
    for number in [each for each in range(1, count + 1) if each not in lots]:
        # Old licences of releases that are no longer installed.
        rng = estate.random("old license", number)
        product = rng.choice(known)
        old = application_id(estate, product.manufacturer, product.name, product.releases[0])
        lot = _lot(
            estate, number, product, old, estate.guid("metric", product.metric), rng.choice((5, 10, 25)), 0
        )
        lots[number] = lot._replace(days=2000 + rng.random() * 900)
    return [lots[number] for number in range(1, count + 1)]


def _owned(estate: Estate, product: Product, uses: list[tuple[str, str, int]]) -> tuple[str, str, int] | None:
    """Return the release of a product that licences are bought for, its metric, and the quantity owned."""
    rng = estate.random("ownership", product.manufacturer, product.name)
    draw, off = rng.random(), rng.uniform(*_DEVIATION)
    needed = sum(count for _, _, count in uses)
    if not product.family and draw > _SHARE_TAIL_BOUGHT:
        return None
    if draw < _SHARE_SHORT:
        quantity = int(needed * (1 - off))
    elif draw < _SHARE_SHORT + _SHARE_EXACT:
        quantity = needed
    else:
        quantity = int(needed * (1 + off)) + 1
    # Licences are bought for the newest installed release, which covers the older ones.
    application, metric, _ = max(uses, key=lambda use: _release(estate, product, use[0]))
    return application, metric, max(1, quantity)


def _release(estate: Estate, product: Product, application: str) -> int:
    ids = [application_id(estate, product.manufacturer, product.name, name) for name in product.releases]
    return ids.index(application)


def _lot(
    estate: Estate, number: int, product: Product, application: str, metric: str, quantity: int, part: int
) -> _Lot:
    rng = estate.random("lot", number)
    # The first purchase of a product is usually years ago; some of the others are recent.
    days = rng.uniform(400, 1700) if part == 0 and rng.random() < 0.75 else rng.uniform(10, 2000)
    if number % _RECENT_EVERY == 5:
        days = rng.uniform(20, 330)
    return _Lot(product, application, metric, quantity, days, rng.uniform(0.85, 1.05))


@table("licenses")
def licenses(estate: Estate) -> list[Row]:
    """Return all licences with the fields of list and details."""
    rows: list[Row] = []
    lots: list[_Lot] = estate.present.cached("lots", _lots)
    for number, lot in enumerate(lots, start=1):
        if lot.days < estate.days_back:
            continue
        rng = estate.random("license", number)
        row = _purchase(estate, rng, number, lot)
        row.update(_rights(rng, row, rows, number))
        row.update(listed_costs(estate, row))
        if number % 11 == 0:
            row["organizationHierarchy"] = estate.by_id("organizations")[row["organizationId"]]["hierarchy"]
        rows.append(row)
    return rows


def _term(estate: Estate, rng: random.Random, days: float, length: int = _YEAR) -> tuple[float, float]:
    """Return start and end of the current term of something renewed regularly, in days before the present.

    A few have lapsed: the last term ended and has no successor.
    """
    lapses, when = rng.random() < 0.06, 10 + rng.random() * 150
    passed = int(max(0.0, days - estate.days_back) // length)
    start = days - passed * length
    if lapses and days > length:
        last = int((days - when) // length)
        start = days - min(passed, max(0, last - 1)) * length
    return start, start - length


def _purchase(estate: Estate, rng: random.Random, number: int, lot: _Lot) -> Row:
    """Return the fields of a purchase: product, date, price, organization and kind of assignment."""
    kind = _ASSIGNMENT_CYCLE[number % len(_ASSIGNMENT_CYCLE)]
    archived = number > EXEMPLARY and number % _ARCHIVED_EVERY == 0
    # A few are incomplete and don't count.
    share = 0.0 if number <= EXEMPLARY or archived or lot.product == _CUSTOM_PRODUCT else 0.015
    application_id = or_none(rng, lot.application, share)
    quantity = or_none(rng, lot.quantity, share)
    kind_id = or_none(rng, _assignment_type_id(estate, kind), share / 2)
    reasons = (
        (_MISSING_APPLICATION if application_id is None else _NO_REASON)
        | (_MISSING_COUNT if quantity is None else _NO_REASON)
        | (_MISSING_ASSIGNMENT_TYPE if kind_id is None else _NO_REASON)
    )
    subscription = lot.product.terms == "subscription"
    agreement = rng.choice(agreements(estate.present))["id"] if rng.random() < 0.6 else None
    organization = rng.choice([row for row in estate.organizations if row["isLegal"]])
    country = organization["hierarchy"].split("\\")[2:3]
    local = country and country[0] in LOCAL_CURRENCIES and rng.random() < 0.5
    currency = LOCAL_CURRENCIES[country[0]] if local else "EUR"
    start, end = _term(estate, rng, int(lot.days))
    value = lot.quantity * lot.product.price * lot.discount / TO_BASE_CURRENCY[currency]
    bought = lot.days - estate.days_back
    return {
        "id": estate.guid("license", number),
        "organizationId": organization["id"],
        "applicationId": application_id,
        "contractId": rng.choice(contracts(estate.present))["id"] if rng.random() < 0.2 else None,
        "agreementId": agreement,
        "metricId": lot.metric,
        "assignmentTypeId": kind_id,
        "purchaseDate": estate.day(int(lot.days)),
        "purchaseValue": round(value, 2),
        "purchaseCurrency": currency,
        "quantity": quantity,
        "initialQuantity": quantity,
        "mediaStorage": or_none(rng, f"\\\\files\\media\\{number}", 0.3),
        "licenseProofLocation": or_none(rng, f"archive/proof-{number}.pdf", 0.3),
        "invoiceReference": or_none(rng, f"INV{number:06d}"),
        "vendor": or_none(rng, rng.choice(_VENDORS)),
        "externalId": or_none(rng, f"EXT-{number}", 0.5),
        "productDescription": or_none(rng, f"{lot.product.manufacturer} {lot.product.name}"),
        "isSubscription": subscription,
        "isIncomplete": reasons != _NO_REASON,
        "incompleteReasons": reasons,
        "updatedDate": estate.ago(rng.uniform(0, bought)),
        "createdDate": estate.day(lot.days - min(0.5, bought)),
        "subscriptionValidFrom": estate.day(start) if subscription else None,
        "subscriptionValidTo": estate.day(end) if subscription else None,
        "autoAllocateOnce": or_none(rng, rng.random() < 0.1),
        "isAutoAllocated": or_none(rng, rng.random() < 0.1),
        "maintenanceAccordingToAgreement": agreement is not None and rng.random() < 0.5,
        "skuId": or_none(rng, estate.guid("sku", lot.application), 0.4),
        "status": "Archived" if archived else "Active",
        "archivedDate": estate.random_time(rng, 30) if archived else None,
        "licenseKeys": or_none(rng, f"SANDBOX-{number:05d}-KEY", 0.4),
        "notes": or_none(rng, "Köpt genom återförsäljare", 0.7),
        "sku": or_none(rng, f"SKU-{number:05d}-S", 0.4),
        "hasVmUseRights": or_none(rng, rng.random() < 0.2),
        "numberOfSupportedVirtualMachines": or_none(rng, rng.choice((0, 2, 4)), 0.5),
    }


def _rights(rng: random.Random, row: Row, earlier: list[Row], number: int) -> Row:
    """Return the rights of a licence, and the earlier licences that it upgrades."""
    is_upgrade = number % 6 == 0
    targets = choose(rng, earlier, 6 if number % 12 == 0 else 1) if is_upgrade else []
    upgrades = [
        {
            "licenseId": row["id"],
            "quantity": rng.choice((1, 5)),
            "upgradedLicenseId": target["id"],
            "upgradedQuantity": rng.choice((1, 5)),
        }
        for target in targets
    ]
    return {
        "isUpgrade": is_upgrade or number <= EXEMPLARY or rng.random() < 0.2,
        "isDowngrade": number <= EXEMPLARY or rng.random() < 0.4,
        "isCrossEdition": rng.random() < 0.2,
        "isCrossPlatform": rng.random() < 0.15,
        "upgrades": upgrades or or_none(rng, [], 0.1),
        "upgradedLicenseCount": len(upgrades) or or_none(rng, 0),
    }


# Yearly costs of maintenance and support as shares of the purchase, and the most years listed.
_MAINTENANCE, _SUPPORT, _MAXIMUM_YEARS = 0.18, 0.04, 6


def _maintenance_of(estate: Estate, row: Row) -> list[Row]:
    """Return the years of maintenance of a licence; each is bought when the previous one ends."""
    product = estate.cached("products", products_of).get(row["applicationId"])
    if product is None or product.terms != "maintained" or row["status"] == "Archived":
        return []
    rng = estate.random("maintenance", row["id"])
    bought = (estate.present.now.date() - date.fromisoformat(row["createdDate"][:10])).days
    start, _ = _term(estate, rng, bought)
    agreement = row["agreementId"] if row["maintenanceAccordingToAgreement"] else None
    first = max(0, int((bought - start) // _YEAR) + 1 - _MAXIMUM_YEARS)
    starts = [bought - _YEAR * index for index in range(first, int((bought - start) // _YEAR) + 1)]
    return [
        {
            "id": estate.guid("maintenance", row["id"], bought - since),
            "agreementPeriodId": agreement,
            "licenseId": row["id"],
            "validFrom": estate.day(since),
            "validTo": estate.day(since - _YEAR),
            "hasUpgradeRights": or_none(rng, rng.random() < 0.7),
            "invoiceReference": or_none(rng, f"INV-M{rng.randrange(100_000):05d}"),
            "notes": or_none(rng, "Förnyad", 0.8),
            "maintenanceCost": round(row["purchaseValue"] * _MAINTENANCE, 2),
            "supportCost": or_none(rng, round(row["purchaseValue"] * _SUPPORT, 2), 0.2),
            "purchaseCurrency": row["purchaseCurrency"],
        }
        for since in starts
    ]


def listed_costs(estate: Estate, row: Row) -> Row:
    """Return the costs that the list shows, summed over purchase and maintenance periods."""
    today = estate.ago(0)
    periods = _maintenance_of(estate, row)
    current = [period for period in periods if period["validFrom"] <= today < period["validTo"]]

    def total(rows: list[Row], field: str) -> float:
        return round(sum(period[field] or 0.0 for period in rows), 2)

    costs: dict[str, Any] = {
        "activeMaintenanceCost": total(current, "maintenanceCost"),
        "totalMaintenanceCost": total(periods, "maintenanceCost"),
        "activeSupportCost": total(current, "supportCost"),
        "totalSupportCost": total(periods, "supportCost"),
    }
    costs["totalLicenseCost"] = round(
        row["purchaseValue"] + costs["totalMaintenanceCost"] + costs["totalSupportCost"], 2
    )
    return costs


_POLICY_FIELDS = (
    ("InvoiceReference", "Number of the invoice", ()),
    ("Vendor", "Who sold the license", ("Atea", "Crayon", "SoftwareOne")),
    ("PurchaseValue", "Price without tax", ()),
    ("ExternalId", None, ()),
    ("ProductDescription", "Description on the invoice", ()),
    ("LicenseProofLocation", "Where the proof is kept", ("Archive", "Vault", "Økonomi")),
    ("Notes", "Anything else", ()),
)


def policy_fields(estate: Estate, policy: Row) -> list[Row]:
    """Return the fields that one policy governs; the last policy has none yet."""
    position = [row["id"] for row in policies(estate)].index(policy["id"])
    count = (len(_POLICY_FIELDS), 3, 1, 0)[position] if position < 4 else 0
    rng = estate.random("policy-fields", policy["id"])
    # A field has the same id in every policy, so the primary key needs both ids.
    return [
        {
            "id": estate.guid("policy-field", name),
            "name": name,
            "description": description,
            "isRequired": rng.random() < 0.5,
            "isComboBox": bool(items),
            "isEditingAllowed": rng.random() < 0.8,
            "listItems": list(items) if items else None,
        }
        for name, description, items in _POLICY_FIELDS[:count]
    ]
