"""What Oracle installations consist of: instances, options, packs, features, users, sessions, applications.

The rows of a parent are made when asked for. A database without inventory has servers and instances only.
"""

from __future__ import annotations

import random

from sandbox.company import oracle_catalogue as catalogue
from sandbox.company import oracle_installations as installations
from sandbox.company.estate import Estate, Row
from sandbox.company.vocabulary import DOMAIN


def _database(estate: Estate, database_id: str) -> Row | None:
    installations.databases(estate)
    return estate.by_id("oracle_databases").get(database_id)


def _nodes(estate: Estate, database_id: str) -> list[Row]:
    installations.database_servers(estate)
    return estate.grouped("oracle_database_servers", "databaseId").get(database_id, [])


def _computer_id(estate: Estate, database_id: str) -> str:
    nodes = _nodes(estate, database_id)
    return str(nodes[0]["computerId"]) if nodes else installations.NO_PRODUCT


def _or_null(rng: random.Random, value: object, share: float = 0.04) -> object:
    return None if rng.random() < share else value


def servers(estate: Estate, database_id: str) -> list[Row] | None:
    """The servers of a database."""
    if _database(estate, database_id) is None:
        return None
    return [
        {name: node[name] for name in ("id", "computerId", "licensingCoreFactor")}
        for node in _nodes(estate, database_id)
    ]


def instances(estate: Estate, database_id: str) -> list[Row] | None:
    """The instances of a database, one on each of its servers. Their `id` is that of the database."""
    database = _database(estate, database_id)
    if database is None:
        return None
    rows = []
    for number, node in enumerate(_nodes(estate, database_id), start=1):
        rng = estate.random("oracle instance", node["id"])
        computer = estate.by_id("computers").get(node["computerId"], {})
        cores = computer.get("coreCount") or 4
        sockets = computer.get("processorCount") or 1
        rows.append(
            {
                "id": database_id,
                "instanceId": estate.guid("oracle instance", node["id"]),
                "computerId": node["computerId"],
                "instanceName": f"{database['databaseName']}{number}",
                "hostName": computer.get("hostName") or "",
                "numberOfProcessorsAssigned": _or_null(rng, cores),
                "cpuCoreCount": _or_null(rng, cores),
                "cpuSocketCount": _or_null(rng, sockets),
                "cpuHighwater": _or_null(rng, cores * 2),
                "cpuCoreHighwater": _or_null(rng, cores),
                "cpuSocketHighwater": _or_null(rng, sockets),
            }
        )
    return rows


def _inventoried(database: Row, estate: Estate, *editions: str) -> bool:
    """Whether the database has inventory and is of one of these editions (of any, when none are named)."""
    allowed = [installations.product_id(estate, key) for key in editions]
    return not database["isNoInventory"] and (not allowed or database["productId"] in allowed)


def _used(estate: Estate, rng: random.Random, chance: float) -> Row:
    """Whether and when something was used."""
    used = rng.random() < chance
    last = rng.random() * 200
    return {
        "isUsed": used,
        "firstUsed": estate.ago(last + 30 + rng.random() * 800) if used else None,
        "lastUsed": estate.ago(last) if used else None,
        "detectedUsages": rng.randint(1, 400) if used else _or_null(rng, 0, 0.5),
    }


def options(estate: Estate, database_id: str) -> list[Row] | None:
    """The options of a database: only the Enterprise Edition has any."""
    database = _database(estate, database_id)
    if database is None:
        return None
    if not _inventoried(database, estate, "ee"):
        return []
    rows = []
    for product in catalogue.PRODUCTS:
        if product.kind == catalogue.OPTION:
            rng = estate.random("oracle option", database_id, product.key)
            usage = _used(estate, rng, 0.35)
            rows.append(
                {
                    "id": estate.guid("oracle option", database_id, product.key),
                    "productId": installations.product_id(estate, product.key),
                    "tableOwner": rng.choice(catalogue.ACCOUNTS) if usage["isUsed"] else "",
                    "isInstalled": usage["isUsed"] or rng.random() < 0.7,
                    **usage,
                }
            )
    return rows


def option_usage(estate: Estate, database_id: str, option_id: str) -> list[Row] | None:
    """The signs that an option is used, in groups; None for an option that the database does not have."""
    option = next((each for each in options(estate, database_id) or [] if each["id"] == option_id), None)
    if option is None:
        return None
    if not option["isInstalled"]:
        return []
    rows = []
    for group in ("Feature usage statistics", "Data dictionary", "Parameters")[: 1 + option["isUsed"] * 2]:
        rng = estate.random("oracle usage", option_id, group)
        queries = [
            {
                "queryName": f"{group} query {number}",
                "isUsageTriggered": option["isUsed"],
                "usageFacts": [
                    {"factName": f"fact {fact}", "factValues": str(rng.randrange(1000))}
                    for fact in range(rng.randint(0, 3))
                ],
            }
            for number in range(1, 1 + rng.randint(1, 3))
        ]
        rows.append(
            {
                "id": estate.guid("oracle usage", option_id, group),
                "productId": option["productId"],
                "groupName": group,
                "isUsageTriggered": option["isUsed"],
                "usageQueries": queries,
            }
        )
    return rows


def management_packs(estate: Estate, database_id: str) -> list[Row] | None:
    """The management packs of a database."""
    database = _database(estate, database_id)
    if database is None:
        return None
    if not _inventoried(database, estate, "ee"):
        return []
    rows = []
    for product in catalogue.PRODUCTS:
        if product.kind == catalogue.PACK:
            rng = estate.random("oracle pack", database_id, product.key)
            used, agreed = rng.random() < 0.4, rng.random() < 0.5
            rows.append(
                {
                    "id": estate.guid("oracle pack", database_id, product.key),
                    "productId": installations.product_id(estate, product.key),
                    "isInstalled": used or rng.random() < 0.5,
                    "isUsed": used,
                    "oraclePackUser": "SYSMAN" if used else "",
                    "oracleOemDate": estate.moment(rng, 900) if used else None,
                    "isPackAccessGranted": _or_null(rng, used or agreed),
                    "isPackAccessAgreed": _or_null(rng, agreed),
                    "packAccessAgreedDate": estate.moment(rng, 1500) if agreed else None,
                    "packAccessAgreedBy": rng.choice(catalogue.ACCOUNTS) if agreed else "",
                }
            )
    return rows


def features(estate: Estate, database_id: str) -> list[Row] | None:
    """The features that a database reports about itself."""
    database = _database(estate, database_id)
    if database is None:
        return None
    if not _inventoried(database, estate):
        return []
    rng = estate.random("oracle features", database_id)
    computer = _computer_id(estate, database_id)
    return [
        {
            "id": estate.guid("oracle feature", database_id, name),
            "computerId": computer,
            "name": name,
            "description": description,
            **_used(estate, rng, 0.5),
        }
        for name, description in rng.sample(catalogue.FEATURES, rng.randint(4, len(catalogue.FEATURES)))
    ]


def users(estate: Estate, database_id: str) -> list[Row] | None:
    """The accounts in a database."""
    database = _database(estate, database_id)
    if database is None:
        return None
    if not _inventoried(database, estate):
        return []
    rng = estate.random("oracle users", database_id)
    rows = []
    for name in rng.sample(catalogue.ACCOUNTS, rng.randint(3, len(catalogue.ACCOUNTS))):
        locked = rng.random() < 0.3
        rows.append(
            {
                "id": estate.guid("oracle user", database_id, name),
                "userName": name,
                "createdDate": _or_null(rng, estate.ago(400 + rng.random() * 2000)),
                "expireDate": estate.ago(rng.random() * 600 - 300),
                "accountStatus": "EXPIRED & LOCKED" if locked else "OPEN",
                "lockDate": estate.moment(rng, 400) if locked else None,
            }
        )
    return rows


def sessions(estate: Estate, database_id: str) -> list[Row] | None:
    """The sessions that were open when a database was scanned."""
    database = _database(estate, database_id)
    if database is None:
        return None
    if not _inventoried(database, estate):
        return []
    rng = estate.random("oracle sessions", database_id)
    computer, rows = _computer_id(estate, database_id), []
    for number in range(rng.randint(0, 9)):
        background = number < 2
        session = estate.guid("oracle session", database_id, number)
        rows.append(
            {
                "id": session,
                "sessionId": estate.guid("oracle session id", database_id, number),
                "computerId": computer,
                "osUser": "oracle" if background else rng.choice(("svc_lager", "anna", "søren")),
                "clientProgram": "oracle@host (PMON)"
                if background
                else rng.choice(("JDBC Thin Client", "sqlplus.exe")),
                "oracleUser": "" if background else rng.choice(catalogue.ACCOUNTS),
                "logonTime": _or_null(rng, estate.moment(rng, 20)),
                "status": rng.choice(("ACTIVE", "INACTIVE")),
                "isBackgroundSession": _or_null(rng, background),
                "machine": f"app{rng.randrange(20)}.{DOMAIN}",
            }
        )
    return rows


def java_features(estate: Estate, installation_id: str) -> list[Row] | None:
    """The commercial features of a Java installation."""
    installations.java(estate)
    installation = estate.by_id("oracle_java").get(installation_id)
    if installation is None:
        return None
    rng = estate.random("oracle java features", installation_id)
    names = (
        "Flight Recorder",
        "Mission Control",
        "Advanced Management Console",
        "MSI Installer",
        "Usage Tracker",
    )
    return [
        {
            "id": installation_id,
            "featureId": estate.guid("oracle java feature", installation_id, name),
            "computerId": installation["computerId"],
            "name": name,
            "status": rng.choice(("Enabled", "Disabled", "Unknown")),
            "version": installation["version"],
            "vendor": installation["vendor"],
            "createdDate": estate.ago(300 + rng.random() * 300),
            "updatedDate": _or_null(rng, estate.moment(rng, 200), 0.3),
        }
        for name in rng.sample(names, rng.randint(0, len(names)))
    ]


def middleware_applications(estate: Estate, installation_id: str) -> list[Row] | None:
    """The applications of the registry that belong to a middleware installation."""
    installations.middleware(estate)
    installation = estate.by_id("oracle_middleware").get(installation_id)
    if installation is None:
        return None
    rng = estate.random("oracle middleware applications", installation_id)
    known = estate.applications
    return [
        {"applicationId": each["id"], "name": each["name"], "version": installation["version"]}
        for each in rng.sample(known, min(len(known), rng.choice((0, 1, 2, 3, 7))))
    ]
