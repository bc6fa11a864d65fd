"""Parts of Oracle installations: instances, options, packs, features, users, sessions, applications.

The rows of an installation are made on request. A database without inventory has only servers and instances.
"""

from collections.abc import Iterator
from random import Random

from sandbox.company import oracle_catalogue as catalogue
from sandbox.company.estate import Estate, Row
from sandbox.company.oracle_installations import NO_PRODUCT, product_id, virtualised
from sandbox.company.values import or_none, parts
from sandbox.company.vocabulary import DOMAIN


def _nodes(estate: Estate, database: Row) -> list[Row]:
    return estate.where("oracle_database_servers", "databaseId", database["id"])


def instances(estate: Estate, database: Row) -> Iterator[Row]:
    """Yield the instances of a database, one on each of its servers; their `id` is that of the database."""
    for number, node in enumerate(_nodes(estate, database), start=1):
        rng = estate.random("oracle instance", node["id"])
        computer = estate.by_id("computers").get(node["computerId"], {})
        cores = computer.get("coreCount") or 4
        sockets = computer.get("processorCount") or 1
        yield {
            "id": database["id"],
            "instanceId": estate.guid("oracle instance", node["id"]),
            "computerId": node["computerId"],
            "instanceName": f"{database['databaseName']}{number}",
            "hostName": computer.get("hostName") or "",
            "numberOfProcessorsAssigned": or_none(rng, cores),
            "cpuCoreCount": or_none(rng, cores),
            "cpuSocketCount": or_none(rng, sockets),
            "cpuHighwater": or_none(rng, cores * 2),
            "cpuCoreHighwater": or_none(rng, cores),
            "cpuSocketHighwater": or_none(rng, sockets),
        }


def _used(estate: Estate, rng: Random, chance: float) -> Row:
    """Return whether and when something was used."""
    used = rng.random() < chance
    last = rng.random() * 200
    return {
        "isUsed": used,
        "firstUsed": estate.ago(last + 30 + rng.random() * 800) if used else None,
        "lastUsed": estate.ago(last) if used else None,
        "detectedUsages": rng.randint(1, 400) if used else or_none(rng, 0, 0.5),
    }


def _extras(estate: Estate, database: Row, kind: str, what: str) -> Iterator[tuple[Random, Row]]:
    """Yield a generator and the ids for each product of a kind, for an inventoried Enterprise Edition."""
    if database["isNoInventory"] or database["productId"] != product_id(estate, "ee"):
        return
    for product in catalogue.PRODUCTS:
        if product.kind == kind:
            names = what, database["id"], product.key
            ids = {"id": estate.guid(*names), "productId": product_id(estate, product.key)}
            yield estate.random(*names), ids


# Share of the databases that uses an option or a pack; all others are hardly used.
_USED = {
    "partitioning": 0.35,
    "compression": 0.12,
    "aso": 0.12,
    "multitenant": 0.1,
    "diagnostics": 0.5,
    "tuning": 0.35,
}


def _chance_of_use(estate: Estate, database: Row, product: str) -> float:
    if database["id"] == virtualised(estate):
        return float(product in (product_id(estate, "partitioning"), product_id(estate, "diagnostics")))
    if product == product_id(estate, "rac"):
        return float(database["numberOfInstances"] > 1)
    if product == product_id(estate, "adg"):
        return 0.5 if database["isDataGuard"] else 0.0
    return next((share for key, share in _USED.items() if product == product_id(estate, key)), 0.02)


def options(estate: Estate, database: Row) -> Iterator[Row]:
    """Yield the options of a database."""
    for rng, ids in _extras(estate, database, catalogue.OPTION, "oracle option"):
        usage = _used(estate, rng, _chance_of_use(estate, database, ids["productId"]))
        yield {
            **ids,
            "tableOwner": rng.choice(catalogue.ACCOUNTS) if usage["isUsed"] else "",
            "isInstalled": usage["isUsed"] or rng.random() < 0.7,
            **usage,
        }


def option_usage(estate: Estate, option: Row) -> Iterator[Row]:
    """Yield the evidence that an option is used, in groups."""
    groups = ("Feature usage statistics", "Data dictionary", "Parameters")[: 1 + option["isUsed"] * 2]
    for group in groups if option["isInstalled"] else ():
        rng = estate.random("oracle usage", option["id"], group)
        yield {
            "id": estate.guid("oracle usage", option["id"], group),
            "productId": option["productId"],
            "groupName": group,
            "isUsageTriggered": option["isUsed"],
            "usageQueries": [
                {
                    "queryName": f"{group} query {number}",
                    "isUsageTriggered": option["isUsed"],
                    "usageFacts": [
                        {"factName": f"fact {fact}", "factValues": str(rng.randrange(1000))}
                        for fact in range(rng.randint(0, 3))
                    ],
                }
                for number in range(1, 1 + rng.randint(1, 3))
            ],
        }


def management_packs(estate: Estate, database: Row) -> Iterator[Row]:
    """Yield the management packs of a database."""
    for rng, ids in _extras(estate, database, catalogue.PACK, "oracle pack"):
        used = rng.random() < _chance_of_use(estate, database, ids["productId"])
        agreed = rng.random() < 0.5
        yield {
            **ids,
            "isInstalled": used or rng.random() < 0.5,
            "isUsed": used,
            "oraclePackUser": "SYSMAN" if used else "",
            "oracleOemDate": estate.random_time(rng, 900) if used else None,
            "isPackAccessGranted": or_none(rng, used or agreed),
            "isPackAccessAgreed": or_none(rng, agreed),
            "packAccessAgreedDate": estate.random_time(rng, 1500) if agreed else None,
            "packAccessAgreedBy": rng.choice(catalogue.ACCOUNTS) if agreed else "",
        }


def _reported(estate: Estate, database: Row, what: str) -> Iterator[tuple[Random, str]]:
    """Yield a generator and the first server of a database that has an inventory."""
    if not database["isNoInventory"]:
        nodes = _nodes(estate, database)
        yield estate.random(what, database["id"]), nodes[0]["computerId"] if nodes else NO_PRODUCT


def features(estate: Estate, database: Row) -> Iterator[Row]:
    """Yield the features that a database reports."""
    for rng, computer in _reported(estate, database, "oracle features"):
        count = rng.randint(4, len(catalogue.FEATURES))
        for name, description in rng.sample(catalogue.FEATURES, count):
            yield {
                "id": estate.guid("oracle feature", database["id"], name),
                "computerId": computer,
                "name": name,
                "description": description,
                **_used(estate, rng, 0.5),
            }


def users(estate: Estate, database: Row) -> Iterator[Row]:
    """Yield the accounts in a database."""
    for rng, _ in _reported(estate, database, "oracle users"):
        for name in rng.sample(catalogue.ACCOUNTS, rng.randint(3, len(catalogue.ACCOUNTS))):
            locked = rng.random() < 0.3
            yield {
                "id": estate.guid("oracle user", database["id"], name),
                "userName": name,
                "createdDate": or_none(rng, estate.ago(400 + rng.random() * 2000)),
                "expireDate": estate.ago(rng.random() * 600 - 300),
                "accountStatus": "EXPIRED & LOCKED" if locked else "OPEN",
                "lockDate": estate.random_time(rng, 400) if locked else None,
            }


def sessions(estate: Estate, database: Row) -> Iterator[Row]:
    """Yield the sessions that were open when a database was scanned."""
    for rng, computer in _reported(estate, database, "oracle sessions"):
        for number in range(rng.randint(0, 9)):
            background = number < 2
            user = "oracle" if background else rng.choice(("svc_lager", "anna", "søren"))
            program = "oracle@host (PMON)" if background else rng.choice(("JDBC Thin Client", "sqlplus.exe"))
            yield {
                "id": estate.guid("oracle session", database["id"], number),
                "sessionId": estate.guid("oracle session id", database["id"], number),
                "computerId": computer,
                "osUser": user,
                "clientProgram": program,
                "oracleUser": "" if background else rng.choice(catalogue.ACCOUNTS),
                "logonTime": or_none(rng, estate.random_time(rng, 20)),
                "status": rng.choice(("ACTIVE", "INACTIVE")),
                "isBackgroundSession": or_none(rng, background),
                "machine": f"app{rng.randrange(20)}.{DOMAIN}",
            }


_JAVA_FEATURES = parts(
    "Flight Recorder, Mission Control, Advanced Management Console, MSI Installer, Usage Tracker"
)


def java_features(estate: Estate, installation: Row) -> Iterator[Row]:
    """Yield the commercial features of a Java installation."""
    rng = estate.random("oracle java features", installation["id"])
    for name in rng.sample(_JAVA_FEATURES, rng.randint(0, len(_JAVA_FEATURES))):
        yield {
            "id": installation["id"],
            "featureId": estate.guid("oracle java feature", installation["id"], name),
            "computerId": installation["computerId"],
            "name": name,
            "status": rng.choice(("Enabled", "Disabled", "Unknown")),
            "version": installation["version"],
            "vendor": installation["vendor"],
            "createdDate": estate.ago(300 + rng.random() * 300),
            "updatedDate": or_none(rng, estate.random_time(rng, 200), 0.3),
        }


def middleware_applications(estate: Estate, installation: Row) -> Iterator[Row]:
    """Yield the applications of the registry that belong to a middleware installation."""
    rng = estate.random("oracle middleware applications", installation["id"])
    known = estate.applications
    for each in rng.sample(known, min(len(known), rng.choice((0, 1, 2, 3, 7)))):
        yield {"applicationId": each["id"], "name": each["name"], "version": installation["version"]}
