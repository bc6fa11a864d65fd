"""The computers of the made-up company, each with its full detail record.

Clients are replaced after four or five years, so that earlier days have other computers than today.
"""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import LOCAL_CURRENCIES, TO_BASE_CURRENCY
from sandbox.company.vocabulary import DESKTOPS, LAPTOPS, SERVERS, SITES, VIRTUAL, Hardware

# Every twentieth computer is a virtualization host; the next five are virtual servers.
BLOCK, VIRTUAL_SERVERS = 20, 5
# Days for which retired clients are known, and their share of all computers in that time.
RETIRED_DAYS, SHARE_RETIRED = 730, 0.26
# Servers and virtual machines were bought earlier than this.
_OLDEST_HISTORY = 760


@table("computers")
def computers(estate: Estate) -> list[Row]:
    """Return laptops and desktops of people, hosts with their virtual servers, and virtual desktops."""
    rng = estate.random("computers")
    systems = {row["name"]: row["id"] for row in estate.applications if row["isOs"]}
    organizations = {row["id"]: row["hierarchy"] for row in estate.organizations}
    places, users = list(organizations), [row["id"] for row in estate.users]
    known = systems, organizations, places, users
    rows = [_computer(estate, rng, number, number % BLOCK, None, *known) for number in range(estate.size)]
    if estate.days_back:
        retired = int(estate.size * SHARE_RETIRED)
        for number in range(retired):
            gone = RETIRED_DAYS * (number + 0.5) / retired
            own, place = estate.random("retired computer", number), VIRTUAL_SERVERS + 2 + number % 13
            if gone < estate.days_back:
                rows.append(_computer(estate, own, estate.size + number, place, gone, *known))
    return [row for row in rows if row]


def _purchased(rng: Random, stays: bool, gone: float | None) -> float:
    """Return how many days before the present a computer was bought."""
    if stays:
        return _OLDEST_HISTORY + rng.random() * 1400
    if gone is not None:
        return gone + 1300 + rng.random() * 700
    return 5 + rng.random() * (1750 if rng.random() > 0.08 else 2300)


def _idle(estate: Estate, number: int, chance: float) -> tuple[float, str]:
    """Return how many days ago a computer was scanned, and its status; a tenth is long unseen."""
    lost, is_quarantined, is_kept = number % 16 == 9, number % 32 == 18, number % 50 == 13
    since = (181 if is_quarantined else 91) + chance * (200 if is_quarantined else 80) - estate.days_back
    if not (lost or is_quarantined or is_kept) or since <= 0:
        return chance**2 * 14, "Active"
    if since <= 90 or is_kept:
        return since, "Active"
    return since, "Quarantined" if is_quarantined and since > 180 else "Inactive"


def _computer(
    estate: Estate,
    rng: Random,
    number: int,
    place: int,
    gone: float | None,
    systems: dict[str, str],
    organizations: dict[str, str],
    places: list[str],
    users: list[str],
) -> Row:
    """Return a computer, or an empty row before the day on which it was bought."""
    block = number // BLOCK
    is_host, is_virtual_server = place == 0, 0 < place <= VIRTUAL_SERVERS
    is_desktop_infrastructure = place == VIRTUAL_SERVERS + 1
    is_virtual, is_server = is_virtual_server or is_desktop_infrastructure, is_host or is_virtual_server
    is_portable = not is_server and not is_virtual and place < 16
    chance = rng.random
    purchased = _purchased(rng, is_host or is_virtual, gone)
    # Virtual machines run on hosts of the first two of three blocks, so those are no Power systems.
    servers = [each for each in SERVERS if block % 3 == 2 or each.manufacturer != "IBM"]
    models = [VIRTUAL] if is_virtual else servers if is_host else LAPTOPS if is_portable else DESKTOPS
    hardware = _hardware(estate, rng, purchased, models)
    system = _operating_system(estate, rng, hardware, is_server, purchased)
    processors = 2 if is_host else 1
    idle, status = _idle(estate, number, chance())
    scanned = estate.ago(idle)
    if chance() < 0.03:  # some timestamps have a fraction of a second
        scanned = f"{scanned[:-1]}.{rng.randrange(1, 1000):03d}Z"
    owned = not is_virtual and chance() > 0.06
    organization = None if chance() < 0.03 else rng.choice(places)
    country = organizations[organization].split("\\")[2:3] if organization else []
    currency = LOCAL_CURRENCIES.get(country[0], "EUR") if country else "EUR"
    price = round(hardware.price * (0.94 + 0.12 * chance()), 2)
    frequent = None if is_server or chance() < 0.05 else users[number % len(users)]
    prefix = "SRV" if is_server else "VDI" if is_virtual else "PC"
    row: Row = {
        "id": estate.guid("computer", number),
        "scanIdentifier": f"NL{number:06d}-{rng.randrange(16**6):06X}",
        "hostName": f"{prefix}-{SITES[number % 6][:3].upper()}-{number:06d}",
        "domain": rng.choice(("EMEA", "AMER", "APAC", None)),
        "lastScanDate": scanned,
        "biosSerialNumber": f"{rng.randrange(36**4):05X}{number:05d}",
        "biosVersion": f"1.{rng.randrange(30)}.0",
        "biosDate": estate.day(purchased + 30),
        "manufacturer": hardware.manufacturer,
        "manufacturerWebsite": hardware.website,
        "model": None if chance() < 0.02 else hardware.model,
        "isPortable": is_portable,
        "infoTransferDate": estate.ago(max(0.0, idle - 0.1)),
        "clientInstallDate": min(estate.day(purchased - 3), scanned),
        "clientVersion": rng.choice(("6.14.3", "7.0.1", "7.2.0")),
        "clientSiteName": SITES[number % len(SITES)],
        "clientConfigurationName": "SnowAtlas",
        "scannerVersion": rng.choice(("7.0.0", "7.2.0", None)),
        "quarantineDate": estate.ago(idle - 90) if status == "Quarantined" and idle > 90 else None,
        "isQuarantineManagementDisabled": chance() < 0.02,
        "operatingSystem": system,
        "operatingSystemId": systems[system],
        "operatingSystemServicePack": None if chance() < 0.9 else "SP1",
        "operatingSystemSerialNumber": None
        if chance() < 0.3
        else f"{rng.randrange(10**5):05d}-{number:05d}-OEM",
        "ipAddress": None if chance() < 0.03 else f"10.{block % 250}.{place}.{rng.randrange(1, 254)}",
        "isVirtual": is_virtual,
        "hostComputerId": _host(estate, block) if is_virtual_server else None,
        "siblingComputerId": None,
        "isUpdated": chance() < 0.9,
        "is64bit": chance() < 0.98,
        "isServer": is_server,
        "hypervisorName": "VMware Virtual Platform" if is_virtual else None,
        "isVDI": is_desktop_infrastructure,
        "isVdi": is_desktop_infrastructure,
        "processorValueUnit": 70 * hardware.cores if is_server and chance() < 0.8 else None,
        "reportingDate": scanned if chance() < 0.97 else None,
        "architecture": "64-bit",
        "organizationId": organization,
        "status": status,
        "isAutoEditingDisabled": chance() < 0.1,
        "purchaseDate": estate.day(purchased) if owned else None,
        "purchaseValue": round(price / TO_BASE_CURRENCY[currency], 2) if owned else None,
        "purchaseCurrency": currency if owned else None,
        "purchaseValueBase": price if owned else None,
        "invoiceReference": f"{estate.day(purchased)[:7]}/{rng.randrange(10**5):05d}" if owned else None,
        "notes": 'Byggt om 2024, "reserve" machine' if chance() < 0.03 else None,
        "securityCode": f"{rng.randrange(36**4):05X}" if chance() < 0.2 else None,
        "updatedDate": estate.ago(idle * chance()) if chance() < 0.97 else None,
        "isIncludedInWindowsServerRequirement": is_server and "Windows" in system,
        "mostRecentUser": frequent if chance() < 0.8 or is_server else rng.choice(users),
        "mostFrequentUser": frequent,
        "vendor": rng.choice(("Atea", "Dustin", "Dell Inc.")) if owned else None,
        "processorCount": processors,
        "coreCount": processors * hardware.cores,
        "organizationHierarchy": organizations[organization] if organization else None,
    }
    # Built in any case, so that the random numbers of the next ones are the same on every day.
    return row if purchased >= estate.days_back else {}


def _hardware(estate: Estate, rng: Random, purchased: float, models: Sequence[Hardware]) -> Hardware:
    """Return a model that was sold when the computer was bought."""
    year = (estate.present.now - timedelta(days=purchased)).year
    return rng.choice([each for each in models if each.first_year <= year <= each.last_year] or models)


def _operating_system(
    estate: Estate, rng: Random, hardware: Hardware, is_server: bool, purchased: float
) -> str:
    chance = rng.random()
    if hardware.manufacturer == "Apple":
        return f"Apple macOS {15 if chance < 0.7 else 14 if chance < 0.9 else 13}"
    if hardware.manufacturer == "IBM" or (is_server and rng.random() < 0.4):
        return f"Red Hat Enterprise Linux {7 if chance < 0.1 else 8 if chance < 0.5 else 9}"
    if is_server:
        edition = (
            "2016 Standard" if chance < 0.15 else "2019 Datacenter" if chance < 0.45 else "2022 Standard"
        )
        return f"Microsoft Windows Server {edition}"
    # Clients bought before 2024 had Windows 10; most were upgraded in the last year and a half.
    upgraded = chance / 0.82 * 550 if purchased > 700 else 9999
    if upgraded < estate.days_back or (chance > 0.82 and purchased > 700):
        return "Microsoft Windows 10 Enterprise"
    return "Microsoft Windows 11 Pro"


def _host(estate: Estate, block: int) -> str:
    # The virtual servers of every third block run on the preceding host, so hosts have 0, 5 or 10.
    return estate.guid("computer", (block - 1 if block % 3 == 2 else block) * BLOCK)
