"""The computers of the made-up company, each with its full detail record."""

from random import Random

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import DESKTOPS, LAPTOPS, SERVERS, SITES, VIRTUAL, Hardware

# Every twentieth computer is a virtualization host and the five after it are virtual servers.
BLOCK, VIRTUAL_SERVERS = 20, 5


@table("computers")
def computers(estate: Estate) -> list[Row]:
    """Laptops and desktops of people, hosts with their virtual servers, virtual desktops."""
    rng = estate.random("computers")
    systems = {row["name"]: row["id"] for row in estate.applications if row["isOs"]}
    organizations = {row["id"]: row["hierarchy"] for row in estate.organizations}
    places, users = list(organizations), [row["id"] for row in estate.users]
    return [
        _computer(estate, rng, number, systems, organizations, places, users) for number in range(estate.size)
    ]


def _computer(
    estate: Estate,
    rng: Random,
    number: int,
    systems: dict[str, str],
    organizations: dict[str, str],
    places: list[str],
    users: list[str],
) -> Row:
    block, place = divmod(number, BLOCK)
    is_host, is_virtual_server = place == 0, 0 < place <= VIRTUAL_SERVERS
    is_desktop_infrastructure = place == VIRTUAL_SERVERS + 1
    is_virtual, is_server = is_virtual_server or is_desktop_infrastructure, is_host or is_virtual_server
    is_portable = not is_server and not is_virtual and place < 16
    hardware = _hardware(rng, is_host, is_virtual, is_portable)
    system = _operating_system(rng, hardware, is_server)
    processors = 2 if is_host else 1
    chance = rng.random
    status = rng.choices(("Active", "Inactive", "Quarantined"), (88, 6, 6))[0]
    idle = chance() * 25 if status == "Active" and chance() > 0.08 else 91 + chance() * 300
    scanned = estate.ago(idle)
    if chance() < 0.03:  # some times carry a fraction of a second
        scanned = f"{scanned[:-1]}.{rng.randrange(1, 1000):03d}Z"
    purchased = 60 + chance() * 1800
    price = round(rng.uniform(600, 12000 if is_host else 3200), 2)
    owned = not is_virtual and chance() > 0.1
    organization = None if chance() < 0.03 else rng.choice(places)
    frequent = None if is_server or chance() < 0.05 else users[number % len(users)]
    prefix = "SRV" if is_server else "VDI" if is_virtual else "PC"
    return {
        "id": estate.guid("computer", number),
        "scanIdentifier": f"NL{number:06d}-{rng.randrange(16**6):06X}",
        "hostName": f"{prefix}-{SITES[number % 6][:3].upper()}-{number:06d}",
        "domain": rng.choice(("EMEA", "AMER", "APAC", None)),
        "lastScanDate": scanned,
        "biosSerialNumber": f"{rng.randrange(36**4):05X}{number:05d}",
        "biosVersion": f"1.{rng.randrange(30)}.0",
        "biosDate": estate.ago(purchased + 200),
        "manufacturer": hardware.manufacturer,
        "manufacturerWebsite": hardware.website,
        "model": None if chance() < 0.02 else hardware.model,
        "isPortable": is_portable,
        "infoTransferDate": estate.ago(max(0.0, idle - 0.1)),
        "clientInstallDate": estate.ago(max(idle, purchased - 10)),
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
        "purchaseDate": estate.ago(purchased) if owned else None,
        "purchaseValue": price if owned else None,
        "purchaseCurrency": rng.choice(("EUR", "SEK", "USD")) if owned else None,
        "purchaseValueBase": round(price * 1.08, 2) if owned else None,
        "invoiceReference": f"2024/{number % 12 + 1:02d}/{rng.randrange(10**5):05d}" if owned else None,
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


def _hardware(rng: Random, is_host: bool, is_virtual: bool, is_portable: bool) -> Hardware:
    if is_virtual:
        return VIRTUAL
    return rng.choice(SERVERS if is_host else LAPTOPS if is_portable else DESKTOPS)


def _operating_system(rng: Random, hardware: Hardware, is_server: bool) -> str:
    if hardware.manufacturer == "Apple":
        return f"Apple macOS {rng.choice((13, 14, 15))}"
    if hardware.manufacturer == "IBM" or (is_server and rng.random() < 0.4):
        return f"Red Hat Enterprise Linux {rng.choice((7, 8, 9))}"
    if is_server:
        return f"Microsoft Windows Server {rng.choice(('2016 Standard', '2019 Datacenter', '2022 Standard'))}"
    return rng.choice(
        ("Microsoft Windows 11 Pro", "Microsoft Windows 11 Pro", "Microsoft Windows 10 Enterprise")
    )


def _host(estate: Estate, block: int) -> str:
    # The virtual servers of every third block run on the host before it: hosts then have 0, 5 or 10 of them.
    return estate.guid("computer", (block - 1 if block % 3 == 2 else block) * BLOCK)
