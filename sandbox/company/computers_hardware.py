"""Hardware of each computer, made on request, and tables of network adapters and environment variables."""

from collections.abc import Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import DESKTOPS, LAPTOPS, SERVERS, VIRTUAL

_PROCESSORS = {
    (hardware.manufacturer, hardware.model): (hardware.processor, hardware.speed)
    for hardware in (*LAPTOPS, *DESKTOPS, *SERVERS, VIRTUAL)
}
_DISPLAY_ADAPTERS = ("NVIDIA T1200 Laptop GPU", "Intel(R) Iris(R) Xe Graphics", "AMD Radeon Pro 5300M")


def _processor(computer: Row) -> tuple[str | None, int]:
    return _PROCESSORS.get((computer["manufacturer"], computer["model"]), (None, 2400))


def _processor_maker(processor: str | None) -> str | None:
    if processor is None:
        return None
    return next((maker for maker in ("Intel", "Apple") if maker in processor), "IBM")


def hardware(estate: Estate, computer: Row) -> Row:
    """Return the summary of a computer's hardware."""
    rng = estate.random("hardware", computer["id"])
    processor, speed = _processor(computer)
    disks = logical_disks(estate, computer)
    total, free = sum(disk["diskSizeMB"] for disk in disks), sum(disk["freeSpaceMB"] for disk in disks)
    slots = rng.choice((2, 4, 8, 16))
    return {
        "computerId": computer["id"],
        "processorCount": computer["processorCount"],
        "coreCount": computer["coreCount"],
        "processorType": processor,
        "processorSpeed": speed,
        "memorySlots": slots,
        "memorySlotsAvailable": rng.randrange(slots),
        "physicalMemory": rng.choice((8192, 16384, 32768, 65536)),
        "systemDiskSpace": disks[0]["diskSizeMB"],
        "systemDiskSpaceAvailable": disks[0]["freeSpaceMB"],
        "totalDiskSpace": total,
        "totalDiskSpaceAvailable": free,
        "totalDiskSpaceUsed": total - free,
        "socketCount": None if rng.random() < 0.05 else computer["processorCount"],
        "isSocketCountManualOverrideEnabled": rng.random() < 0.02,
        "chipModulesPerProcessor": None if rng.random() < 0.2 else 1,
        "processorManufacturer": _processor_maker(processor),
        "logicalProcessorCount": computer["coreCount"] * 2,
    }


def processors(estate: Estate, computer: Row) -> list[Row]:
    """Return one row for each processor."""
    processor, speed = _processor(computer)
    count = computer["processorCount"]
    return [
        {
            "computerId": computer["id"],
            "processorCount": 1,
            "coreCount": computer["coreCount"] // count,
            "processorType": processor,
            "processorSpeed": speed,
            "processorManufacturer": _processor_maker(processor),
        }
        for _ in range(count)
    ]


def socket_map(estate: Estate, computer: Row) -> Row | None:
    """Return the processor sockets of a physical machine, or `None` for a virtual one."""
    if computer["isVirtual"]:
        return None
    rng = estate.random("sockets", computer["id"])
    return {
        "computerId": computer["id"],
        "manufacturer": _processor_maker(_processor(computer)[0]),
        "model": rng.choice(("LGA 1151", "LGA 3647", "BGA 1526", None)),
        "socketCount": computer["processorCount"],
    }


def logical_disks(estate: Estate, computer: Row) -> list[Row]:
    """Return the volumes of a computer; a virtualization host has six."""
    rng = estate.random("logical disks", computer["id"])
    windows = "Windows" in computer["operatingSystem"]
    hosts = computer["isServer"] and not computer["isVirtual"]
    count = 6 if hosts else rng.randrange(1, 4)
    rows: list[Row] = []
    for number in range(count):
        size = rng.choice((61087, 242567, 488281, 957534))
        rows.append(
            {
                "computerId": computer["id"],
                "name": f"{'CDEFGH'[number]}:"
                if windows
                else ("/", "/var", "/home", "/opt", "/data", "/u01")[number],
                "volumeName": ("SYSTEM" if number == 0 else rng.choice(("DATA", "Säkerhetskopia", None))),
                "isSystemDisk": number == 0,
                "diskSizeMB": size,
                "freeSpaceMB": rng.randrange(size),
                "isUpdated": True,
            }
        )
    return rows


def hard_drives(estate: Estate, computer: Row) -> list[Row]:
    """Return the physical drives of a computer."""
    rng = estate.random("hard drives", computer["id"])
    names = (
        ("Virtual HD ATA Device",)
        if computer["isVirtual"]
        else ("SAMSUNG MZVLB512HBJQ-000L7", "WDC PC SN730", None)
    )
    return [
        {
            "computerId": computer["id"],
            "name": rng.choice(names),
            "diskSizeMB": rng.choice((102398, 244198, 488386, 976762)),
            "isUpdated": rng.random() < 0.9,
        }
        for _ in range(rng.randrange(1, 4))
    ]


def optical_drives(estate: Estate, computer: Row) -> list[Row]:
    """Return the optical drives of a computer; most have none."""
    rng = estate.random("optical drives", computer["id"])
    return [
        {
            "computerId": computer["id"],
            "name": rng.choice(("HL-DT-ST DVDRAM GUD1N", "NECVMWar VMware SATA CD00")),
            "diskSizeMB": rng.choice((0, 4489)),
            "isUpdated": True,
        }
        for _ in range(rng.choice((0, 0, 0, 1, 2)))
    ]


def display_adapter(estate: Estate, computer: Row) -> Row | None:
    """Return the display adapter, or `None` for servers."""
    if computer["isServer"]:
        return None
    rng = estate.random("display adapter", computer["id"])
    return {
        "computerId": computer["id"],
        "name": rng.choice(_DISPLAY_ADAPTERS),
        "currentResolution": rng.choice(("1920 x 1200", "2560 x 1440", None)),
        "maxResolution": "2560x1440",
        "isUpdated": True,
    }


def monitor(estate: Estate, computer: Row) -> Row | None:
    """Return the monitor of a physical client, or `None` for servers and virtual machines."""
    if computer["isServer"] or computer["isVirtual"]:
        return None
    rng = estate.random("monitor", computer["id"])
    return {
        "computerId": computer["id"],
        "name": rng.choice(("DELL U2722DE", "LEN T27h-20", "Generic PnP Monitor", None)),
        "maxResolution": rng.choice(("2560 x 1600", "3840 x 2160")),
        "isUpdated": rng.random() < 0.9,
    }


def registries(estate: Estate, computer: Row) -> list[Row]:
    """Return the monitored values of the Windows registry; other systems have none."""
    if "Windows" not in computer["operatingSystem"]:
        return []
    rng = estate.random("registry", computer["id"])
    watched = (
        (r"HKEY_LOCAL_MACHINE\SOFTWARE\Nordlicht\Inventory", "Site", computer["clientSiteName"]),
        (r"HKEY_LOCAL_MACHINE\SOFTWARE\Nordlicht\Inventory", "Owner", None),
        (r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentBuild", "22631"),
        (r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "EditionID", "Professional"),
        (r"HKEY_USERS\.DEFAULT\Software\Adobe\Adobe Acrobat\DC\AVEntitlement", "bAppInitialized", "1"),
        (
            r"HKEY_USERS\.DEFAULT\Software\Adobe\Adobe Acrobat\DC\AVEntitlement",
            "sProductGUID",
            "{AC76BA86-1033}",
        ),
        (r"HKEY_LOCAL_MACHINE\SOFTWARE\Größenrechner", "Lizenz", "äöü"),
    )
    return [
        {
            "computerId": computer["id"],
            "registryKeyName": key,
            "registryValueName": name,
            "registryValueData": data,
        }
        for key, name, data in watched[: rng.randrange(2, len(watched) + 1)]
    ]


@table("computer_network_adapters")
def computer_network_adapters(estate: Estate) -> Iterator[Row]:
    """Yield one to three adapters for each computer; unused ones have no address."""
    rng = estate.random("network adapters")
    names = (
        "Intel(R) Wi-Fi 6 AX201",
        "Intel 82574L Gigabit Network Connection",
        "VMware Virtual Ethernet Adapter",
    )
    for computer in estate.computers:
        for number in range(1 + int(rng.random() * 3)):
            yield {
                "computerId": computer["id"],
                "name": names[number] if rng.random() > 0.02 else None,
                "ipAddress": computer["ipAddress"] if number == 0 else None,
                "macAddress": "-".join(f"{rng.getrandbits(8):02X}" for _ in range(6)),
            }


@table("computer_environment_variables")
def computer_environment_variables(estate: Estate) -> Iterator[Row]:
    """Yield environment variables, some with values that should not be copied into a warehouse."""
    for number, computer in enumerate(estate.computers):
        windows = "Windows" in computer["operatingSystem"]
        values: dict[str, str | None] = {
            "PATH": r"C:\Windows\system32;C:\Windows" if windows else "/usr/local/bin:/usr/bin:/bin",
            "TEMP" if windows else "TMPDIR": r"C:\Windows\TEMP" if windows else "/tmp",
            "NUMBER_OF_PROCESSORS": str(computer["coreCount"]),
            "SITE": computer["clientSiteName"],
        }
        if windows:
            values["CommonProgramW6432"] = r"C:\Program Files\Common Files"
        if number % 9 == 4:
            values["DEPLOY_PASSWORD"] = "not-a-real-password"
        if number % 13 == 6:
            values["EMPTY"] = None
        yield from (
            {"computerId": computer["id"], "environmentVariableName": name, "environmentVariableValue": value}
            for name, value in values.items()
        )
