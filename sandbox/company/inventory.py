"""Raw inventory: the sources that reported a device, and the documents of each source."""

from collections.abc import Callable, Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import COMPANY

_AGENTS = {"Windows": "agent-win32", "macOS": "agent-osx"}


@table("inventory_devices")
def inventory_devices(estate: Estate) -> Iterator[Row]:
    """Yield one row for each source of a device: the agent, and for some devices a second source."""
    tenant = estate.guid("tenant")
    for number, computer in enumerate(estate.computers):
        system = computer["operatingSystem"]
        sources = [next((agent for word, agent in _AGENTS.items() if word in system), "agent-linux")]
        if number % 7 == 3:
            sources.append("data-collector-configmgr")
        yield from (
            {
                "tenantId": tenant,
                "hostname": computer["hostName"],
                "originalBlobId": estate.guid("blob", computer["id"], source),
                "deviceId": computer["id"],
                "source": source,
            }
            for source in sources
        )


def _document(estate: Estate, computer: Row, part: Callable[[Row], Row]) -> Row | None:
    """Return a document of a device, with a part for each source that reported it."""
    reports = estate.where("inventory_devices", "deviceId", computer["id"])
    sources = [
        {"source": {"name": report["source"], "ingestionId": report["originalBlobId"]}, **part(report)}
        for report in reports
    ]
    ids = {"tenantId": estate.guid("tenant"), "deviceId": computer["id"]}
    return {**ids, "sources": sources} if sources else None


def device_data(estate: Estate, computer: Row) -> Row | None:
    """Return the device document."""
    client = {
        "scannerVersion": computer["scannerVersion"] or "7.0.0",
        "clientType": "Snow Agent",
        "clientVersion": computer["clientVersion"],
        "site": computer["clientSiteName"],
        "company": COMPANY,
        "configName": computer["clientConfigurationName"],
    }
    identifiers = {"serialNumber": computer["biosSerialNumber"], "hostname": computer["hostName"]}

    def part(report: Row) -> Row:
        return {
            "client": client,
            "deviceData": _device(estate, computer),
            "identifiers": [
                {"source": report["source"], "name": name, "value": value}
                for name, value in identifiers.items()
            ],
        }

    return _document(estate, computer, part)


def _device(estate: Estate, computer: Row) -> Row:
    rng = estate.random("device", computer["id"])
    maker = computer["manufacturer"]
    maker_id = estate.guid("manufacturer", maker)
    system = computer["operatingSystem"]
    family = next(
        (kind for kind in ("Windows", "Mac", "Linux") if kind.lower() in system.lower()), "NotReported"
    )
    memory = rng.choice((8, 16, 32, 64)) * 1024
    hardware_ids = {
        name: estate.guid(name, maker)
        for name in ("hardwareFamilyId", "hardwareSeriesId", "hardwareModelId", "hardwareVersionId")
    }
    return {
        "hostname": computer["hostName"],
        "domain": computer["domain"] or "WORKGROUP",
        "manufacturerName": maker,
        "model": computer["model"] or "N/A",
        "userName": "NORDLICHT\\user",
        "fullUserName": "N/A",
        "manufacturerId": maker_id,
        "lastScanDate": computer["lastScanDate"],
        "bios": {
            "manufacturerName": maker,
            "manufacturerId": maker_id,
            "serialNumber": computer["biosSerialNumber"],
            "version": computer["biosVersion"],
            "releaseDate": computer["biosDate"],
        },
        "processor": {
            "name": "Intel(R) Core(TM) i7-10850H CPU @ 2.70GHz",
            "family": "Core i7",
            "manufacturerName": "Intel",
            "manufacturerId": estate.guid("manufacturer", "Intel"),
            "vendorIdentifier": "GenuineIntel",
            "identifier": "Intel64 Family 6 Model 165 Stepping 2",
            "processorId": "N/A",
            "processorName": "Intel(R) Core(TM) i7-10850H",
            "model": "Core i7-10850H",
            "processorNameString": "Intel(R) Core(TM) i7-10850H",
            "clockSpeedMhz": 2700,
            "maxSpeedMhz": 5100,
            "coreCount": computer["coreCount"],
            "processorCount": computer["processorCount"],
            "logicalProcessorCount": computer["coreCount"] * 2,
            "hasHyperThreading": True,
            "hasMmx": True,
            "voltage": "1.8",
            **hardware_ids,
        },
        "memory": {
            "totalPhysicalKb": memory * 1024,
            "freePhysicalKb": rng.randrange(memory * 1024),
            "modules": [{"type": "DDR4", "sizeMb": memory // 2}, {"type": "DDR4", "sizeMb": memory // 2}],
        },
        "networkAdapters": [
            {
                "name": "Intel(R) Wi-Fi 6 AX201",
                "ipAddress": computer["ipAddress"] or "0.0.0.0",
                "defaultGateway": "10.0.0.1",
                "dhcpServer": "10.0.0.2",
                "dhcpEnabled": True,
                "dnsServer": "dns1.nordlicht.example",
                "macAddress": "C0:3C:59:10:B6:70",
                "subnet": "255.255.255.0",
                "manufacturerName": "Intel",
                "manufacturerId": estate.guid("manufacturer", "Intel"),
            }
        ],
        "videoAdapters": [
            {
                "name": "Intel(R) UHD Graphics",
                "description": "Intel(R) UHD Graphics",
                "manufacturerName": "Intel",
                "manufacturerId": estate.guid("manufacturer", "Intel"),
                **hardware_ids,
                "videoProcessor": "N/A",
                "adapterRamKb": 1048576,
                "driverVersion": "30.0.101.1404",
                "driverDate": "2022-01-11T00:00:00Z",
            }
        ],
        "logicalDrives": [
            {
                "name": "C:",
                "capacityMb": 488281,
                "freeSpaceMb": rng.randrange(488281),
                "fileSystem": "NTFS",
                "logicalDriveType": "Local",
            }
        ],
        "physicalDrives": [
            {"name": "WDC PC SN730", "interface": "NVMe", "capacityMb": 488386, "partitions": 3}
        ],
        "operatingSystem": {
            "applicationId": computer["operatingSystemId"],
            "name": system,
            "manufacturerName": system.split()[0],
            "manufacturerId": estate.guid("manufacturer", system.split()[0]),
            "version": "10.0.22631",
            "buildNumber": "22631",
            "buildType": "Multiprocessor Free",
            "type": family,
        },
        "keyboard": {"layout": "0000041D", "name": "Förbättrat tangentbord"},
        "capabilities": {
            "isVirtual": bool(computer["isVirtual"]),
            "isServer": bool(computer["isServer"]),
            "architecture": computer["architecture"],
            "hypervisorName": computer["hypervisorName"] or "N/A",
        },
    }


def device_software(estate: Estate, computer: Row) -> Row | None:
    """Return the software document: the installations found by each source, with the days of use."""
    installed = estate.where("computer_applications", "computerId", computer["id"])
    software = [_software(estate, computer, installation) for installation in installed]
    return _document(estate, computer, lambda _report: {"software": software})


def _software(estate: Estate, computer: Row, installation: Row) -> Row:
    application = estate.by_id("applications")[installation["applicationId"]]
    version = application["name"].rsplit(" ", 1)[-1]
    path = f"C:\\Program Files\\{application['manufacturer']}\\{application['name']}.exe"
    return {
        "applicationId": application["id"],
        "ruleId": estate.guid("rule", application["id"]),
        "name": application["name"],
        "manufacturer": application["manufacturer"],
        "version": version,
        "executablePath": path,
        "osType": 1,
        "isOs": application["isOs"],
        "isRegistry": True,
        "isPreRecognized": True,
        "metering": [
            {
                "counter": installation["usedCount"],
                "day": installation["lastUsed"],
                "deviceId": computer["id"],
                "domainName": computer["domain"] or "WORKGROUP",
                "firstUsed": installation["firstDiscovered"] or installation["lastUsed"],
                "fullVersion": version,
                "isLocal": True,
                "isWebApp": False,
                "languageName": application["language"],
                "lastUsed": installation["lastUsed"],
                "manufacturer": application["manufacturer"],
                "minutes": installation["usedCount"] * 3,
                "name": application["name"],
                "pathName": path,
                "regularAverage": 25,
                "regularCount": installation["usedCount"],
                "usageMask": 15,
                "userName": "NORDLICHT\\user",
                "version": version,
                "isTs": False,
            }
        ]
        if installation["lastUsed"]
        else [],
    }
