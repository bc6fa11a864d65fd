"""Oracle products and the database, Java and middleware installations on the estate's computers."""

from collections.abc import Iterator
from random import Random

from sandbox.company import oracle_catalogue as catalogue
from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import words
from sandbox.company.vocabulary import DOMAIN

NO_PRODUCT = "00000000-0000-0000-0000-000000000000"
_SUMMARY_FLAGS = words(
    "isOemReposPrior10G isOemProgPrior10G isOemRepos10GAndHigher isOemPackGrant isOemPackAgree "
    "isOemManagedTargets isDbControl10GPackGrant isDbControl10GPackAgree isSqlProfilesUsed"
)
# The detail fields of an installation that are text, and those that may be null.
_TEXTS = words(
    "identifier productVersion databaseName databaseUniqueName databaseDomain globalName mode "
    "failOverClient failOverServer logArchiveConfig databaseRole openMode switchoverStatus "
    "protectionMode oracleDBID cdbDBID"
)
_NULLABLE = words(
    "processorsAssigned cpuSocketCount cpuCoreCount cpuHighWater cpuCoreHighWater isManagedByOEM "
    "isVaultInstalled isVaultUsed maxMemoryUsed isUsedBy3PP isDataGuard isRac isRMANDB isOEMDB "
    "isCDB isPDB numberOfInstances createdDate"
)


def product_id(estate: Estate, key: str) -> str:
    """Return the id of a product of the catalogue."""
    return estate.guid("oracle product", key)


@table("oracle_products")
def products(estate: Estate) -> Iterator[Row]:
    """Yield all Oracle products."""
    for product in catalogue.PRODUCTS:
        yield {
            "id": product_id(estate, product.key),
            "productName": product.name,
            "productEdition": product.edition,
            "acronym": product.acronym,
        }


def _servers(estate: Estate) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the computers for Oracle software: all servers, the physical ones, and the virtual ones.

    A tiny estate uses any computer.
    """
    found = [row for row in estate.computers if row["isServer"]]
    physical = [row for row in found if not row["isVirtual"]]
    everything = list(estate.computers)
    virtual = [row for row in found if row["isVirtual"]]
    return (found if len(found) >= 6 else everything), (physical or everything), (virtual or everything)


def virtualised(estate: Estate) -> str:
    """Return the id of the Enterprise Edition that was moved to a virtual machine, a common problem."""
    return estate.guid("oracle database", _VIRTUALISED)


# Every fourth database runs on a virtual machine.
_VIRTUAL_EVERY, _VIRTUALISED = 4, 1


@table("oracle_databases")
def databases(estate: Estate) -> Iterator[Row]:
    """Yield database installations with all detail fields."""
    for number in range(max(6, estate.size // 12)):
        rng = estate.random("oracle database", number)
        edition = rng.choices(("ee", "se2", "xe"), (40, 48, 12))[0] if number else "ee"
        if number % _VIRTUAL_EVERY == _VIRTUALISED:
            edition = "ee" if number == _VIRTUALISED else "se2"
        enterprise, container = edition == "ee", rng.random() < 0.4
        nodes = (
            rng.choice((2, 3))
            if enterprise and number != _VIRTUALISED and (number == 0 or rng.random() < 0.2)
            else 1
        )
        cores, name = (
            rng.choice((2, 4, 8, 16)),
            f"{rng.choice(('PROD', 'TEST', 'LAGER', 'HR', 'BI'))}{number:03d}",
        )
        standby = enterprise and rng.random() < 0.25
        unscanned = number % 11 == 5
        # One database is a few months old, the others are years old.
        created = 130.0 if number == 4 else 780.0 + rng.randrange(2500)
        if created < estate.days_back:
            continue
        row: Row = {
            "id": estate.guid("oracle database", number),
            "productId": product_id(estate, edition),
            "identifier": f"{name}_{rng.randrange(16**8):08x}",
            "productVersion": rng.choice(("12.2.0.1.0", "19.3.0.0.0", "19.3.0.0.0", "21.3.0.0.0")),
            "databaseName": name,
            "databaseUniqueName": f"{name}_{rng.choice(('A', 'B'))}",
            "databaseDomain": DOMAIN if rng.random() < 0.8 else "",
            "globalName": f"{name}.{DOMAIN}",
            "mode": rng.choice(("ARCHIVELOG", "NOARCHIVELOG")),
            "scanDate": estate.random_time(rng, 60),
            "processorsAssigned": cores,
            "cpuSocketCount": max(1, cores // 8),
            "cpuCoreCount": cores,
            "cpuHighWater": cores * 2,
            "cpuCoreHighWater": cores,
            "isManagedByOEM": rng.random() < 0.5,
            "isVaultInstalled": enterprise and rng.random() < 0.2,
            "isVaultUsed": False,
            "maxMemoryUsed": rng.choice((2, 8, 32, 128)) * 1024**3,
            "isNoInventory": unscanned,
            "isUsedBy3PP": rng.random() < 0.1,
            "failOverClient": "",
            "failOverServer": "",
            "isDataGuard": standby,
            "logArchiveConfig": f"DG_CONFIG=({name}_A,{name}_B)" if standby else "",
            "databaseRole": "PHYSICAL STANDBY" if standby and rng.random() < 0.5 else "PRIMARY",
            "openMode": "READ WRITE",
            "switchoverStatus": "TO STANDBY" if standby else "NOT ALLOWED",
            "protectionMode": "MAXIMUM PERFORMANCE",
            "isRac": nodes > 1,
            "isRMANDB": rng.random() < 0.1,
            "isOEMDB": rng.random() < 0.05,
            "isCDB": container,
            "isPDB": not container and rng.random() < 0.2,
            "numberOfInstances": nodes,
            "createdDate": estate.day(created),
            "oracleDBID": str(rng.randrange(10**9, 10**10)),
            "cdbDBID": str(rng.randrange(10**9, 10**10)) if container else "",
            "summary": _summary(estate.random("oracle summary", number)),
        }
        if number % 5 == 1:  # a field that the vendor does not declare
            row["environmentType"] = rng.choice(("Production", "Test"))
        for field in _NULLABLE:
            if field != "numberOfInstances" and rng.random() < 0.03:
                row[field] = None
        yield row


def _summary(rng: Random | None = None) -> Row:
    """Return the known facts about management packs; without a generator, none are known."""
    if rng is None:
        return {**dict.fromkeys(_SUMMARY_FLAGS), "managementPackAccess11G": ""}
    flags = {name: None if rng.random() < 0.05 else rng.random() < 0.3 for name in _SUMMARY_FLAGS}
    access = rng.choice(("DIAGNOSTIC+TUNING", "DIAGNOSTIC", "NONE"))
    return {**flags, "managementPackAccess11G": access}


@table("oracle_database_servers")
def database_servers(estate: Estate) -> Iterator[Row]:
    """Yield the computers each database runs on."""
    _, physical, virtual = _servers(estate)
    numbers = {estate.guid("oracle database", number): number for number in range(max(6, estate.size // 12))}
    for database in databases(estate):
        number = numbers.get(database["id"], 0)
        rng = estate.random("oracle database servers", number)
        # Most databases run on physical servers.
        is_virtual = number % _VIRTUAL_EVERY == _VIRTUALISED or (estate.ugly and number % _VIRTUAL_EVERY != 2)
        hosts = virtual if is_virtual else physical
        for computer in rng.sample(hosts, min(database["numberOfInstances"], len(hosts))):
            yield {
                "databaseId": database["id"],
                "id": estate.guid("oracle server", database["id"], computer["id"]),
                "computerId": computer["id"],
                "licensingCoreFactor": 1.0 if "POWER" in str(computer["model"]).upper() else 0.5,
            }


@table("oracle_java")
def java(estate: Estate) -> Iterator[Row]:
    """Yield Java installations."""
    computers = estate.computers
    for number in range(max(8, estate.size // 6) if computers else 0):
        rng = estate.random("oracle java", number)
        release, update = rng.choice((("8", 401), ("11", 22), ("17", 10), ("21", 2)))
        version = f"1.8.0_{update}" if release == "8" else f"{release}.0.{update}"
        yield {
            "id": estate.guid("oracle java", number),
            "computerId": rng.choice(computers)["id"],
            "productId": product_id(estate, "java-se") if rng.random() < 0.9 else None,
            "runtimeName": rng.choice(
                ("Java(TM) SE Runtime Environment", "Java HotSpot(TM) 64-Bit Server VM")
            ),
            "runtimeVersion": f"{version}-b{rng.randrange(1, 40):02d}",
            "vendor": "Oracle Corporation",
            "version": version,
        }


@table("oracle_middleware")
def middleware(estate: Estate) -> Iterator[Row]:
    """Yield middleware installations."""
    servers, physical, virtual = _servers(estate)
    for number in range(max(4, estate.size // 25) if servers else 0):
        rng = estate.random("oracle middleware", number)
        product = rng.choice(("wls-se", "wls-ee", "wls-suite", "soa", "forms"))
        product = {0: "wls-ee", 2: "wls-se"}.get(number, product)  # one product for each way of licensing
        yield {
            "id": estate.guid("oracle middleware", number),
            "productId": product_id(estate, product),
            "computerId": rng.choice(physical if number % 4 == 1 else virtual)["id"],
            "version": rng.choice(("12.1.3.0.0", "12.2.1.4.0", "14.1.1.0.0")),
            "oracleHomePath": rng.choice(("/u01/app/oracle/middleware", "D:\\Oracle\\Middleware\\Övrigt")),
            "firstDiscovered": estate.random_time(rng, 900),
        }


def declared_detail(estate: Estate, installation: Row) -> Row:
    """Return the details of a Java or middleware installation, with the fields of a database.

    The vendor declares those fields for all three.
    """
    rng = estate.random("oracle detail", installation["id"])
    return {
        **dict.fromkeys(_TEXTS, ""),
        **dict.fromkeys(_NULLABLE),
        "id": installation["id"],
        "productId": installation["productId"] or NO_PRODUCT,
        "productVersion": installation["version"],
        "scanDate": estate.random_time(rng, 60),
        "isNoInventory": False,
        "summary": _summary(),
    }
