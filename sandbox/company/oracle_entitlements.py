"""Oracle orders and licenses, and what the installations require and have been assigned of them.

An estate, in Oracle's licensing, is a server, a virtual machine or a datacenter. Requirements are counted
from the installations, assignments take licenses of the orders, and compliance compares the two.
"""

import math
from collections.abc import Iterator

from sandbox.company import oracle_catalogue as catalogue
from sandbox.company import oracle_children as children
from sandbox.company import oracle_installations as installations
from sandbox.company.estate import Estate, Row, Table, table
from sandbox.company.values import taken
from sandbox.company.vocabulary import SITES

SERVERS, VIRTUAL_MACHINES, DATACENTERS = "Servers", "VirtualMachines", "Datacenters"
USERS_PER_PROCESSOR = 25  # Oracle's minimum of named users for one processor


# --- orders and licenses ---


@table("oracle_orders")
def orders(estate: Estate) -> Iterator[Row]:
    """The orders; the last of them has no licenses yet."""
    for number in range(max(5, estate.size // 40)):
        rng = estate.random("oracle order", number)
        days = 100 + rng.randrange(3000)
        yield {
            "id": estate.guid("oracle order", number),
            "orderDate": estate.ago(days),
            "orderName": f"Oracle {rng.choice(SITES)} {number}",
            "oracleOrderNumber": str(rng.randrange(10**6, 10**7)),
            "olsa": f"OLSA-V{rng.randrange(10**5, 10**6)}" if rng.random() < 0.8 else "",
            "areaOfUse": rng.choice(("Production", "Test", "Entwicklung", "")),
            "createdDate": estate.ago(days - 1),
        }


@table("oracle_licenses")
def licenses(estate: Estate) -> Iterator[Row]:
    """The licenses of all orders."""
    sold = [product for product in catalogue.PRODUCTS if product.processor_price]
    for number, order in enumerate(list(orders(estate))[:-1]):
        rng = estate.random("oracle order licenses", number)
        earlier: str | None = None
        for item in range(9 if number == 0 else rng.randint(1, 7)):
            # Every product is on some order, so that each requirement can be met.
            product = sold[(number * 7 + item) % len(sold)]
            license_id, processor = estate.guid("oracle license", number, item), rng.random() < 0.8
            quantity = rng.randint(1, 24) * (1 if processor else USERS_PER_PROCESSOR)
            cost = round(
                quantity * product.processor_price / (1 if processor else 2 * USERS_PER_PROCESSOR), 2
            )
            upgrade, perpetual = earlier is not None and rng.random() < 0.15, rng.random() < 0.85
            priced, supported = rng.random() > 0.04, rng.random() > 0.1
            yield {
                "id": license_id,
                "orderId": order["id"],
                "itemType": rng.choice(("Upgrade", "Migration")) if upgrade else "Default",
                "referstoItemId": earlier if upgrade else None,
                "productId": installations.product_id(estate, product.key),
                "licenseType": rng.choice(("Full Use", "Application Specific", "Embedded")),
                "licenseMetricType": "Processor" if processor else "Nup",
                "quantity": quantity,
                "licenseCost": cost if priced else None,
                "licenseCostBase": round(cost * 0.9, 2) if priced else None,
                "supportCost": round(cost * 0.22, 2) if supported else None,
                "supportCostBase": round(cost * 0.198, 2) if supported else None,
                "csi": str(rng.randrange(10**7, 10**8)),
                "supportContractId": rng.randrange(1, 500) if supported else None,
                "isPerpertual": perpetual,
                "nonPerpertualYears": None if perpetual else rng.randint(1, 5),
            }
            earlier = license_id


# --- what runs where ---


def _datacenter_of(estate: Estate, computer: Row) -> Row | None:
    """The datacenter that a computer is a member of."""
    member = estate.by_id("datacenter_members", "computerId").get(computer["id"])
    return estate.by_id("datacenters").get(member["id"]) if member else None


def _estates_of(estate: Estate, computer: Row) -> Iterator[Row]:
    """The estates that software on a computer counts for: the computer and, if virtual, its datacenter."""
    datacenter = _datacenter_of(estate, computer) if computer["isVirtual"] else None
    yield {
        "estateType": VIRTUAL_MACHINES if computer["isVirtual"] else SERVERS,
        "computerId": computer["id"],
        "datacenterId": datacenter and datacenter["id"],
        "estateName": computer["hostName"] or computer["id"],
    }
    if datacenter:
        yield {
            "estateType": DATACENTERS,
            "computerId": None,
            "datacenterId": datacenter["id"],
            "estateName": datacenter["name"] or datacenter["id"],
        }


def _cores(estate: Estate, installed: Row) -> int:
    """The cores of the computer that something runs on."""
    return int(estate.by_id("computers").get(installed["computerId"], {}).get("coreCount") or 4)


def _in_use(estate: Estate, category: str) -> Iterator[tuple[str, str, float]]:
    """Computer id, product id and processors to license, for each product in use on each computer."""
    if category == catalogue.MIDDLEWARE:
        for installation in installations.middleware(estate):
            yield installation["computerId"], installation["productId"], _cores(estate, installation) * 0.5
        return
    for database in installations.databases(estate):
        parts = [*children.options(estate, database), *children.management_packs(estate, database)]
        wanted = [database["productId"], *(part["productId"] for part in parts if part["isUsed"])]
        for node in estate.where("oracle_database_servers", "databaseId", database["id"]):
            processors = _cores(estate, node) * node["licensingCoreFactor"]
            for product in wanted:
                yield node["computerId"], product, processors


def _build_uses(estate: Estate, category: str) -> Iterator[Row]:
    products = {installations.product_id(estate, each.key): each for each in catalogue.PRODUCTS}
    found: dict[tuple[str, str, str | None, str | None], Row] = {}
    for computer_id, product, processors in _in_use(estate, category):
        computer = estate.by_id("computers").get(computer_id)
        if computer is None:
            continue
        for place in _estates_of(estate, computer):
            key = (product, place["estateType"], place["computerId"], place["datacenterId"])
            use = found.setdefault(
                key,
                {
                    **place,
                    "id": estate.guid("oracle use", category, *key),
                    "productId": product,
                    "productKey": products[product].key,
                    "installations": 0,
                    "processors": 0.0,
                },
            )
            use["installations"] += 1
            if products[product].processor_price:
                # Several databases on one server need one license; virtual machines in a datacenter add up.
                total = place["estateType"] == DATACENTERS
                use["processors"] = (
                    use["processors"] + processors if total else max(use["processors"], processors)
                )
    yield from found.values()


def uses(estate: Estate, category: str) -> Table:
    """Which product is in use in which estate, and on how many processors: a table of our own."""
    return estate.table(f"oracle_{category.lower()}_uses", lambda estate: _build_uses(estate, category))


def _of_type(estate: Estate, category: str, estate_type: str) -> list[Row]:
    return [use for use in uses(estate, category) if use["estateType"] == estate_type]


# --- the replies ---


def compliance(estate: Estate, category: str, estate_type: str) -> list[Row]:
    """The estates of a type that have any product of a category."""
    found = {}
    for use in _of_type(estate, category, estate_type):
        found[use["computerId"], use["datacenterId"]] = taken(use, "estateType computerId datacenterId")
    return list(found.values())


def requirements(estate: Estate, category: str, estate_type: str) -> Iterator[Row]:
    """How many licenses each product in each estate of a type requires."""
    for use in _of_type(estate, category, estate_type):
        rng = estate.random("oracle requirement", use["id"])
        yield {
            **taken(use, "productId computerId datacenterId estateType"),
            "requiredQuantity": math.ceil(use["processors"]),
            "requiredQuantityDecimal": use["processors"] if rng.random() > 0.05 else None,
            "notAllowedLicensableEntityTypes": "VirtualMachine" if rng.random() < 0.1 else None,
        }


def _assignments_of(estate: Estate, use: Row) -> list[Row]:
    """Up to three licenses assigned to one product in one estate."""
    rng = estate.random("oracle assignment", use["id"])
    available = estate.where("oracle_licenses", "productId", use["productId"])
    required = math.ceil(use["processors"])
    if not required or not available or rng.random() < 0.2:
        return []
    chosen = rng.sample(available, min(len(available), rng.randint(1, 3)))
    rows = []
    for each in chosen:
        per_processor = 1 if each["licenseMetricType"] == "Processor" else USERS_PER_PROCESSOR
        wanted = max(1, required // len(chosen) + rng.choice((-1, 0, 0, 1))) * per_processor
        rows.append(
            {"license": each, "quantity": min(wanted, each["quantity"]), "manual": rng.random() < 0.3}
        )
    return rows


def assignments(estate: Estate, category: str, estate_type: str) -> list[Row]:
    """Which licenses are assigned to the products in the estates of a type."""
    return [
        {
            **taken(use, "productId computerId datacenterId estateType"),
            "orderId": given["license"]["orderId"],
            "licenseId": given["license"]["id"],
            "quantityAssigned": given["quantity"],
            "isManualAssigned": given["manual"],
        }
        for use in _of_type(estate, category, estate_type)
        for given in _assignments_of(estate, use)
    ]


def _status(assigned: int, required: int, issue: bool) -> str:
    if assigned < required:
        return "NotCompliant"
    if assigned > required:
        return "OverCompliant"
    return "CompliantWithIssues" if issue else "Compliant"


def product_compliance(estate: Estate, category: str) -> Iterator[Row]:
    """Each product in each estate compared with its licenses: by processors, sometimes by named users too."""
    for use in uses(estate, category):
        rng = estate.random("oracle product compliance", use["id"])
        required = {"Processor": math.ceil(use["processors"])}
        required["Nup"] = required["Processor"] * USERS_PER_PROCESSOR
        assigned = {"Processor": 0, "Nup": 0}
        for given in _assignments_of(estate, use):
            assigned[given["license"]["licenseMetricType"]] += given["quantity"]
        partitioning = "None" if use["estateType"] == SERVERS else rng.choice(("Soft", "Soft", "Hard"))
        covered = use["productKey"] == "diagnostics" and rng.random() < 0.2
        issue = rng.random() < 0.2
        for metric in ("Processor", "Nup") if assigned["Nup"] else ("Processor",):
            needs = required[metric] > 0
            yield {
                **taken(use, "productId estateType estateName computerId datacenterId"),
                "isLicenseRequired": needs,
                "totalAssignedLicenseProcessor": assigned["Processor"],
                "totalRequiredLicenseProcessor": required["Processor"],
                "totalAssignedLicenseNup": assigned["Nup"],
                "totalRequiredLicenseNup": required["Nup"],
                "allInstallationsCount": use["installations"],
                "installationsRequiredLicenseCount": use["installations"] if needs else 0,
                "installationsNotRequiredLicenseCount": 0 if needs else use["installations"],
                "licenseMetricType": metric,
                "productComplianceStatus": _status(assigned[metric], required[metric], issue),
                "coveredByProductId": installations.product_id(estate, "ee") if covered else None,
                "coveredByEstate": use["estateName"] if covered else "",
                "licenseNeeded": max(0, required[metric] - assigned[metric]),
                "partitioningType": partitioning,
            }
