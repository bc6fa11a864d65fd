"""Oracle orders and licences, and the requirements and assignments of the installations.

In Oracle's licensing, an estate is a server, a virtual machine or a datacenter. Requirements are counted from
the installations, assignments use up the licences of the orders, and compliance compares the two.
"""

import math
from collections.abc import Iterator

from sandbox.company import oracle_catalogue as catalogue
from sandbox.company import oracle_children as children
from sandbox.company import oracle_installations as installations
from sandbox.company.estate import Estate, Row, Table, table
from sandbox.company.values import TO_BASE_CURRENCY, fields_of
from sandbox.company.vocabulary import SITES

SERVERS, VIRTUAL_MACHINES, DATACENTERS = "Servers", "VirtualMachines", "Datacenters"
# Most cores of a server that Oracle's software uses, hosts that a virtual machine moves between, and
# processors licensed for it.
_MAXIMUM_CORES, _HOSTS_OF_MACHINE, _BOUGHT_FOR_MACHINE = 8, 2, 2
USERS_PER_PROCESSOR = 25  # Oracle's minimum of named users for one processor


# --- orders and licences ---


# Share of the required licences that was bought, for options that are used without enough of them.
_BOUGHT = {"partitioning": 0.4, "tuning": 0.0, "compression": 0.0, "multitenant": 0.0, "aso": 0.5, "xe": 0.0}
_MAXIMUM_LINES = 9


@table("oracle_orders")
def orders(estate: Estate) -> Iterator[Row]:
    """Yield the orders; the last of them has no licences yet."""
    count = max(5, estate.size // 40)
    for number in range(count):
        rng = estate.random("oracle order", number)
        days = 100 + rng.randrange(3000)
        if number == count - 1:
            days = 12
        elif number == 1:
            days = 70 + rng.randrange(200)  # bought in the last year
        if days - 1 < estate.days_back:
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
    """Return the number of processors to license of each product in all estates."""
    found: dict[str, int] = {}
    for category in (catalogue.DATABASE, catalogue.MIDDLEWARE):
        for use in uses(estate, category):
            if not _is_covered(use):
                # Licences were bought for the virtual machine, not for all hosts of its datacenter.
                processors = _BOUGHT_FOR_MACHINE if _is_virtualised(use) else _needed(use)
                found[use["productKey"]] = found.get(use["productKey"], 0) + processors
    return found


def _lines(estate: Estate) -> dict[int, list[tuple[catalogue.Product, int]]]:
    """Return the products and quantities of each order, bought for what runs at present."""
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
            # The first order is an old agreement and has the most products.
            number = 0 if part == 0 and len(lines[0]) < _MAXIMUM_LINES else (position + part) % count
            lines[number].append((product, quantity // parts + (part < quantity % parts)))
    return lines


@table("oracle_licenses")
def licenses(estate: Estate) -> Iterator[Row]:
    """Yield the licences of all orders."""
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
            # Large customers get discounts on the price list.
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
    """Return the datacenter that a computer is a member of."""
    member = estate.by_id("datacenter_members", "computerId").get(computer["id"])
    return estate.by_id("datacenters").get(member["id"]) if member else None


def _estates_of(estate: Estate, computer: Row) -> Iterator[Row]:
    """Yield the estates of software on a computer: the computer and, if virtual, its datacenter."""
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
    """Return the cores of the computer that an installation runs on."""
    return int(estate.by_id("computers").get(installed["computerId"], {}).get("coreCount") or 4)


def _in_use(estate: Estate, category: str) -> Iterator[tuple[str, str, float]]:
    """Yield computer id, product id and processors to license for each product in use on each computer."""
    if category == catalogue.MIDDLEWARE:
        for installation in installations.middleware(estate):
            cores = min(_cores(estate, installation), _MAXIMUM_CORES)
            yield installation["computerId"], installation["productId"], cores * 0.5
        return
    standard = installations.product_id(estate, "se2")
    for database in installations.databases(estate):
        parts = [*children.options(estate, database), *children.management_packs(estate, database)]
        wanted = [database["productId"], *(part["productId"] for part in parts if part["isUsed"])]
        for node in estate.where("oracle_database_servers", "databaseId", database["id"]):
            # Servers are partitioned to license fewer cores.
            cores = min(_cores(estate, node), database["processorsAssigned"] or _MAXIMUM_CORES)
            processors = cores * node["licensingCoreFactor"]
            if database["productId"] == standard:
                processors = 1.0  # the Standard Edition is licensed per socket
            for product in wanted:
                yield node["computerId"], product, processors


def _cores_of_hosts(estate: Estate, datacenter_id: str, computer: Row) -> float:
    """Return the processors to license of the hosts that a virtual machine of a datacenter may run on."""
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
                # Several databases on a server share a licence. A virtual machine needs licences for all
                # hosts.
                needed = processors
                if _is_virtualised(use):
                    needed = _cores_of_hosts(estate, place["datacenterId"], computer) or processors
                use["processors"] = max(use["processors"], needed)
    yield from found.values()


def _partitioning(use: Row) -> str:
    """Return the partitioning of an estate: soft where an Enterprise Edition is in a datacenter."""
    return "Soft" if use["productKey"] in ("ee", "wls-ee") and use["datacenterId"] else "Hard"


def _is_virtualised(use: Row) -> bool:
    """Return whether an Enterprise Edition is on a virtual machine, so that all its hosts need licences."""
    return bool(use["estateType"] == DATACENTERS and use["productKey"] == "ee")


def _is_covered(use: Row) -> bool:
    """Return whether the licences of a datacenter cover a virtual machine in it."""
    return bool(use["estateType"] == VIRTUAL_MACHINES and _partitioning(use) == "Soft")


def _needed(use: Row) -> int:
    """Return the processors to license of a product in an estate; none in a hard-partitioned datacenter."""
    partitioned = use["estateType"] == DATACENTERS and _partitioning(use) == "Hard"
    return 0 if partitioned else math.ceil(use["processors"])


def uses(estate: Estate, category: str) -> Table:
    """Return the uses of products in estates, with their processors. This table is not served."""
    return estate.table(f"oracle_{category.lower()}_uses", lambda estate: _build_uses(estate, category))


def _of_type(estate: Estate, category: str, estate_type: str) -> list[Row]:
    return [use for use in uses(estate, category) if use["estateType"] == estate_type]


# --- the replies ---


def compliance(estate: Estate, category: str, estate_type: str) -> list[Row]:
    """Return the estates of a type that have any product of a category."""
    found = {}
    for use in _of_type(estate, category, estate_type):
        found[use["computerId"], use["datacenterId"]] = fields_of(use, "estateType computerId datacenterId")
    return list(found.values())


def requirements(estate: Estate, category: str, estate_type: str) -> Iterator[Row]:
    """Yield how many licences each product requires in each estate of a type."""
    for use in _of_type(estate, category, estate_type):
        rng = estate.random("oracle requirement", use["id"])
        yield {
            **fields_of(use, "productId computerId datacenterId estateType"),
            "requiredQuantity": _needed(use),
            "requiredQuantityDecimal": min(use["processors"], float(_needed(use)))
            if rng.random() > 0.05
            else None,
            "notAllowedLicensableEntityTypes": "VirtualMachine" if rng.random() < 0.1 else None,
        }


@table("oracle_given")
def _licenses_in_use(estate: Estate) -> Iterator[Row]:
    """Yield the licences assigned to each product in each estate, until they are used up.

    A surplus is assigned where the product comes first. This table is not served.
    """
    left = {row["id"]: row["quantity"] for row in estate.built("oracle_licenses")}
    assigned: dict[tuple[str, str], Row] = {}

    def assign(use: Row, license_: Row, quantity: int) -> None:
        left[license_["id"]] -= quantity
        row = assigned.setdefault(
            (use["id"], license_["id"]),
            {"use": use["id"], "license": license_, "quantity": 0, "manual": False},
        )
        row["quantity"] += quantity

    first: dict[str, Row] = {}
    for category in (catalogue.DATABASE, catalogue.MIDDLEWARE):
        datacenters_first = sorted(uses(estate, category), key=lambda use: str(use["estateType"]))
        for use in datacenters_first:
            wanted = 0 if _is_covered(use) else _needed(use)
            if _is_virtualised(use):
                wanted = min(wanted, _BOUGHT_FOR_MACHINE)
            elif wanted:
                first.setdefault(use["productId"], use)
            for each in estate.where("oracle_licenses", "productId", use["productId"]):
                per_processor = 1 if each["licenseMetricType"] == "Processor" else USERS_PER_PROCESSOR
                quantity = min(wanted * per_processor, left[each["id"]])
                if quantity > 0:
                    assign(use, each, quantity)
                    wanted -= math.ceil(quantity / per_processor)
    for license_ in estate.built("oracle_licenses"):
        if left[license_["id"]] and license_["productId"] in first:
            assign(first[license_["productId"]], license_, left[license_["id"]])
    rng = estate.random("oracle given")
    yield from ({**row, "manual": rng.random() < 0.3} for row in assigned.values())


def _assignments_of(estate: Estate, use: Row) -> list[Row]:
    return estate.where("oracle_given", "use", use["id"])


def assignments(estate: Estate, category: str, estate_type: str) -> list[Row]:
    """Return the licences that are assigned to the products in the estates of a type."""
    return [
        {
            **fields_of(use, "productId computerId datacenterId estateType"),
            "orderId": assigned["license"]["orderId"],
            "licenseId": assigned["license"]["id"],
            "quantityAssigned": assigned["quantity"],
            "isManualAssigned": assigned["manual"],
        }
        for use in _of_type(estate, category, estate_type)
        for assigned in _assignments_of(estate, use)
    ]


def _status(assigned: int, required: int, issue: bool) -> str:
    if assigned < required:
        return "NotCompliant"
    if assigned > required:
        return "OverCompliant"
    return "CompliantWithIssues" if issue else "Compliant"


def product_compliance(estate: Estate, category: str) -> Iterator[Row]:
    """Yield each product in each estate with its compliance, by processors or named users."""
    for use in uses(estate, category):
        rng = estate.random("oracle product compliance", use["id"])
        required = {"Processor": _needed(use)}
        required["Nup"] = required["Processor"] * USERS_PER_PROCESSOR
        assigned = {"Processor": 0, "Nup": 0}
        for each in _assignments_of(estate, use):
            assigned[each["license"]["licenseMetricType"]] += each["quantity"]
        covered, issue = _is_covered(use), rng.random() < 0.2
        place = estate.by_id("datacenters").get(use["datacenterId"]) if covered else None
        metrics = [name for name in required if assigned[name]] or ["Processor"]
        for metric in metrics:
            needs = required[metric] > 0
            yield {
                **fields_of(use, "productId estateType estateName computerId datacenterId"),
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
