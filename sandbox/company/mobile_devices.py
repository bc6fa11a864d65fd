"""Mobile devices, each with its full detail record."""

from collections.abc import Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import COUNTRIES, FIRST_NAMES, PHONES, SITES


@table("mobile_devices")
def mobile_devices(estate: Estate) -> Iterator[Row]:
    """Yield phones and tablets as a device manager reports them."""
    organizations = estate.organizations
    rng = estate.random("mobile devices")
    for number in range(max(7, estate.size // 4)):
        manufacturer, website, model, system, is_tablet = rng.choice(PHONES)
        status = rng.choices(("Active", "Inactive", "Quarantined"), (85, 8, 7))[0]
        yield {
            "id": estate.guid("mobile device", number),
            "name": f"{rng.choice(FIRST_NAMES)}'s {model.split()[0]} {number}",
            "organizationId": rng.choice(organizations)["id"],
            "manufacturer": manufacturer,
            "manufacturerWebsite": website,
            "model": model,
            "operatingSystem": system,
            "phoneNumber": f"+4670{rng.randrange(10**7):07d}",
            "status": status,
            "isTablet": is_tablet,
            "ipAddresses": f"10.200.{number % 250}.{rng.randrange(1, 254)}",
            "isAutoEditingEnabled": rng.random() < 0.9,
            "isQuarantineManagementDisabled": None if rng.random() < 0.1 else rng.random() < 0.05,
            "quarantineDate": estate.random_time(rng, 90) if status == "Quarantined" else None,
            "clientConfigurationName": "Microsoft Intune",
            "clientInstallDate": estate.random_time(rng, 900),
            "clientSiteName": rng.choice(SITES),
            "clientVersion": "5.39",
            "scannerVersion": "Data Collector for MicrosoftIntune (version 5.39)",
            "scanIdentifier": f"INTUNE-{number:06d}",
            "notes": "" if rng.random() < 0.8 else "Förlängt kontrakt till 2027",
            "securityCode": f"{rng.randrange(10**6):06d}",
            "hasExchangeProfile": rng.random() < 0.7,
            "imei": f"35{rng.randrange(10**13):013d}",
            "imsi": f"24{rng.randrange(10**13):013d}",
            "networkType": rng.choice(("4G", "5G")),
            "operator": rng.choice(("Telia", "Vodafone", "AT&T", "Telefónica")),
            "operatorCountry": rng.choice(COUNTRIES),
            "isRoamingEnabled": rng.random() < 0.3,
            "biosSerialNumber": f"{rng.randrange(36**6):08X}",
            "architecture": "ARM",
        }
