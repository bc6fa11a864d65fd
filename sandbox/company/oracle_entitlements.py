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
from sandbox.company.values import TO_BASE_CURRENCY, taken
from sandbox.company.vocabulary import SITES

SERVERS, VIRTUAL_MACHINES, DATACENTERS = "Servers", "VirtualMachines", "Datacenters"
# Of a server so many cores at most are for Oracle's software; a machine moves between so many hosts.
_MOST_CORES, _HOSTS_OF_MACHINE, _BOUGHT_FOR_MACHINE = 8, 2, 2
USERS_PER_PROCESSOR = 25  # Oracle's minimum of named users for one processor


# --- orders and licenses ---


# Which share of what is required was bought, where it is far from all: options get used without a licence.
_BOUGHT = {"partitioning": 0.4, "tuning": 0.0, "compression": 0.0, "multitenant": 0.0, "aso": 0.5, "xe": 0.0}
_MOST_LINES = 9


@table("oracle_orders")
def orders(estate: Estate) -> Iterator[Row]:
    """The orders; the last of them has no licenses yet."""
    count = max(5, estate.size // 40)
    for number in range(count):
        rng = estate.random("oracle order", number)
        days = 100 + rng.randrange(3000)
        if number == count - 1:
            days = 12
        elif number == 1:
            days = 70 + rng.randrange(200)  # one of the last year
        if days - 1 < estate.behind:
            continue
        yield {
            "id": estate.guid("oracle order", number),
            "orderDate": estate.day(days),
            "orderName": f"Oracle {rng.choice(SITES)} {number}",
            "oracleOrderNumber": str(rng.randrange(10**6, 10**7)),
            "olsa": f"OLSA-V{rng.randrange(10**5, 10**6)}" if rng.random() < 0.8 else "",
            "areaOfUse": rng.choice(("Production", "Test", "Entwicklung", "")),
            "createdDate": estate.day(days - 1),
        }


def _required(estate: Estate) -> dict[str, int]:
    """How many processors of each product have to be licensed, in all estates."""
    found: dict[str, int] = {}
    for category in (catalogue.DATABASE, catalogue.MIDDLEWARE):
        for use in uses(estate, category):
            if not _is_covered(use):
                # What a virtual machine has was bought, not what it takes in a datacenter.
                processors = _BOUGHT_FOR_MACHINE if _is_virtualised(use) else _needed(use)
                found[use["productKey"]] = found.get(use["productKey"], 0) + processors
    return found


def _lines(estate: Estate) -> dict[int, list[tuple[catalogue.Product, int]]]:
    """The products and quantities of each order, bought for what runs at present."""
    required = estate.cached("oracle required", _required)
    count = max(5, estate.size // 40) - 1
    wanted = [product for product in catalogue.PRODUCTS if product.processor_price]
    lines: dict[int, list[tuple[catalogue.Product, int]]] = {number: [] for number in range(count)}
    for position, product in enumerate(wanted):
        rng = estate.random("oracle bought", product.key)
        share = _BOUGHT.get(product.key, 1 + rng.choice((-1, 1)) * rng.uniform(0.05, 0.25))
        quantity = round(required.get(product.key, 0) * share)
        parts = min(count, 1 + quantity // 6) if quantity else 0
        for part in range(parts):
            # The first order has most: it is that of an agreement of years ago.
            number = 0 if part == 0 and len(lines[0]) < _MOST_LINES else (position + part) % count
            lines[number].append((product, quantity // parts + (part < quantity % parts)))
    return lines


@table("oracle_licenses")
def licenses(estate: Estate) -> Iterator[Row]:
    """The licenses of all orders."""
    lines = estate.present.cached("oracle lines", _lines)
    known = estate.by_id("oracle_orders")
    for number in lines:
        order = known.get(estate.guid("oracle order", number))
        rng = estate.random("oracle order licenses", number)
        earlier: str | None = None
        for item, (product, processors) in enumerate(lines[number]):
            license_id = estate.guid("oracle license", number, item)
            by_processor = rng.random() < 0.85
            quantity = processors * (1 if by_processor else USERS_PER_PROCESSOR)
            # What large customers get off the price list.
            price = product.processor_price * rng.uniform(0.4, 0.75)
            cost = round(quantity * price / (1 if by_processor else USERS_PER_PROCESSOR), 2)
            upgrade, perpetual = earlier is not None and rng.random() < 0.1, rng.random() < 0.9
            supported = rng.random() > 0.1
            support_contract, years, csi = (
                rng.randrange(1, 500),
                rng.randint(1, 5),
                rng.randrange(10**7, 10**8),
            )
            item_type, kind = rng.choice(("Upgrade", "Migration")), rng.choice(_LICENSE_TYPES)
            if order is None:
                continue
            yield {
                "id": license_id,
                "orderId": order["id"],
                "itemType": item_type if upgrade else "Default",
                "referstoItemId": earlier if upgrade else None,
                "productId": installations.product_id(estate, product.key),
                "licenseType": kind,
                "licenseMetricType": "Processor" if by_processor else "Nup",
                "quantity": quantity,
                "licenseCost": cost,
                "licenseCostBase": round(cost * TO_BASE_CURRENCY["USD"], 2),
                "supportCost": round(cost * 0.22, 2) if supported else None,
                "supportCostBase": round(cost * 0.22 * TO_BASE_CURRENCY["USD"], 2) if supported else None,
                "csi": str(csi),
                "supportContractId": support_contract if supported else None,
                "isPerpertual": perpetual,
                "nonPerpertualYears": None if perpetual else years,
            }
            earlier = license_id


_LICENSE_TYPES = ("Full Use", "Full Use", "Full Use", "Application Specific", "Embedded")


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
            cores = min(_cores(estate, installation), _MOST_CORES)
            yield installation["computerId"], installation["productId"], cores * 0.5
        return
    standard = installations.product_id(estate, "se2")
    for database in installations.databases(estate):
        parts = [*children.options(estate, database), *children.management_packs(estate, database)]
        wanted = [database["productId"], *(part["productId"] for part in parts if part["isUsed"])]
        for node in estate.where("oracle_database_servers", "databaseId", database["id"]):
            # Servers are partitioned for what they have to license.
            cores = min(_cores(estate, node), database["processorsAssigned"] or _MOST_CORES)
            processors = cores * node["licensingCoreFactor"]
            if database["productId"] == standard:
                processors = 1.0  # the Standard Edition is licensed by the socket
            for product in wanted:
                yield node["computerId"], product, processors


def _cores_of_hosts(estate: Estate, datacenter_id: str, computer: Row) -> float:
    """The processors to license of the hosts that a virtual machine of a datacenter may run on."""
    computers = estate.by_id("computers")
    members = [each["computerId"] for each in estate.where("datacenter_members", "id", datacenter_id)]
    hosts = (computers.get(each) for each in dict.fromkeys([computer["hostComputerId"], *members]))
    cores = [each["coreCount"] * 0.5 for each in hosts if each and not each["isVirtual"]]
    return float(sum(cores[:_HOSTS_OF_MACHINE]))


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
                # Several databases on one server need one license. A virtual machine needs that of all hosts.
                needed = processors
                if _is_virtualised(use):
                    needed = _cores_of_hosts(estate, place["datacenterId"], computer) or processors
                use["processors"] = max(use["processors"], needed)
    yield from found.values()


def _partitioning(use: Row) -> str:
    """How an estate is divided: Oracle trusts all partitions but those that Enterprise Editions are on."""
    return "Soft" if use["productKey"] in ("ee", "wls-ee") and use["datacenterId"] else "Hard"


def _is_virtualised(use: Row) -> bool:
    """Whether an Enterprise Edition is on a virtual machine: all hosts that it may run on need licenses."""
    return bool(use["estateType"] == DATACENTERS and use["productKey"] == "ee")


def _is_covered(use: Row) -> bool:
    """Whether the licenses of a datacenter cover a virtual machine in it."""
    return bool(use["estateType"] == VIRTUAL_MACHINES and _partitioning(use) == "Soft")


def _needed(use: Row) -> int:
    """The processors to license of a product in an estate: none in a datacenter of trusted partitions."""
    partitioned = use["estateType"] == DATACENTERS and _partitioning(use) == "Hard"
    return 0 if partitioned else math.ceil(use["processors"])


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
            "requiredQuantity": _needed(use),
            "requiredQuantityDecimal": min(use["processors"], float(_needed(use)))
            if rng.random() > 0.05
            else None,
            "notAllowedLicensableEntityTypes": "VirtualMachine" if rng.random() < 0.1 else None,
        }


@table("oracle_given")
def _given(estate: Estate) -> Iterator[Row]:
    """The licenses assigned to each product in each estate, until they are used up: a table of our own.

    What nobody needs is left where the product is first.
    """
    left = {row["id"]: row["quantity"] for row in estate.built("oracle_licenses")}
    given: dict[tuple[str, str], Row] = {}

    def give(use: Row, license_: Row, quantity: int) -> None:
        left[license_["id"]] -= quantity
        row = given.setdefault(
            (use["id"], license_["id"]),
            {"use": use["id"], "license": license_, "quantity": 0, "manual": False},
        )
        row["quantity"] += quantity

    first: dict[str, Row] = {}
    for category in (catalogue.DATABASE, catalogue.MIDDLEWARE):
        for use in sorted(
            uses(estate, category), key=lambda use: str(use["estateType"])
        ):  # datacenters first
            wanted = 0 if _is_covered(use) else _needed(use)
            if _is_virtualised(use):
                wanted = min(wanted, _BOUGHT_FOR_MACHINE)
            elif wanted:
                first.setdefault(use["productId"], use)
            for each in estate.where("oracle_licenses", "productId", use["productId"]):
                per_processor = 1 if each["licenseMetricType"] == "Processor" else USERS_PER_PROCESSOR
                quantity = min(wanted * per_processor, left[each["id"]])
                if quantity > 0:
                    give(use, each, quantity)
                    wanted -= math.ceil(quantity / per_processor)
    for license_ in estate.built("oracle_licenses"):
        if left[license_["id"]] and license_["productId"] in first:
            give(first[license_["productId"]], license_, left[license_["id"]])
    rng = estate.random("oracle given")
    yield from ({**row, "manual": rng.random() < 0.3} for row in given.values())


def _assignments_of(estate: Estate, use: Row) -> list[Row]:
    return estate.where("oracle_given", "use", use["id"])


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
        required = {"Processor": _needed(use)}
        required["Nup"] = required["Processor"] * USERS_PER_PROCESSOR
        assigned = {"Processor": 0, "Nup": 0}
        for given in _assignments_of(estate, use):
            assigned[given["license"]["licenseMetricType"]] += given["quantity"]
        covered, issue = _is_covered(use), rng.random() < 0.2
        place = estate.by_id("datacenters").get(use["datacenterId"]) if covered else None
        metrics = [name for name in required if assigned[name]] or ["Processor"]
        for metric in metrics:
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
                "coveredByProductId": use["productId"] if covered else None,
                "coveredByEstate": (place["name"] or place["id"]) if place else "",
                "licenseNeeded": max(0, required[metric] - assigned[metric]),
                "partitioningType": _partitioning(use),
            }
