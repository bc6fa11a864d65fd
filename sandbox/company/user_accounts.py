"""Organizations, user accounts and mobile devices, each with its full detail record."""

from collections.abc import Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import (
    COMPANY,
    COUNTRIES,
    DEPARTMENTS,
    DOMAIN,
    FIRST_NAMES,
    LAST_NAMES,
    PHONES,
    REGIONS,
    SITES,
)

NO_PARENT = "00000000-0000-0000-0000-000000000000"


@table("organizations")
def organizations(estate: Estate) -> list[Row]:
    """A tree: the company, regions, countries, departments (more of them in a large estate)."""

    def organization(name: str, parent: Row | None, *path: object) -> Row:
        rng = estate.random("organization", *path)
        return {
            "id": estate.guid("organization", *path),
            "parentId": parent["id"] if parent else NO_PARENT,
            "name": name,
            "isLegal": len(path) < 4,
            "externalId": None if rng.random() < 0.2 else "_".join(map(str, path)),
            "hierarchy": f"{parent['hierarchy']}\\{name}" if parent else name,
        }

    root = organization(COMPANY, None, "ROOT")
    rows = [root]
    departments = min(len(DEPARTMENTS), 2 + estate.size // 200)
    for region_number, (region_name, countries) in enumerate(REGIONS.items()):
        region = organization(region_name, root, "ROOT", region_number)
        rows.append(region)
        for number, country in enumerate(countries):
            node = organization(country, region, "ROOT", region_number, number)
            rows.append(node)
            if country != "Brasil":  # one country is a leaf: some parents have no children
                rows += [
                    organization(name, node, "ROOT", region_number, number, department)
                    for department, name in enumerate(DEPARTMENTS[:departments])
                ]
    return rows


@table("users")
def users(estate: Estate) -> Iterator[Row]:
    """People's accounts: mostly active, some inactive for long, some quarantined, a few service accounts."""
    organizations = estate.organizations
    rng = estate.random("users")
    for number in range(max(20, estate.size + estate.size // 10)):
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        name = f"{first[0]}{last}{number}".replace("'", "").lower()
        status = rng.choices(("Active", "Inactive", "Quarantined"), (88, 7, 5))[0]
        organization = rng.choice(organizations)
        idle = rng.random() * 30 if status == "Active" else 95 + rng.random() * 400
        yield {
            "id": estate.guid("user", number),
            "userName": f"NORDLICHT\\{name}",
            "status": status,
            "email": None if rng.random() < 0.04 else f"{name}@{DOMAIN}",
            "organizationId": organization["id"],
            "fullName": None if rng.random() < 0.02 else f"{first} {last}",
            "phoneNumber": None if rng.random() < 0.1 else f"+46 31 {rng.randrange(100000, 999999)}",
            "location": None if rng.random() < 0.05 else rng.choice(SITES),
            "roomNumber": None if rng.random() < 0.3 else str(rng.randrange(100, 999)),
            "quarantineDate": estate.ago(idle - 90) if status == "Quarantined" else None,
            "lastLogon": None if rng.random() < 0.04 else estate.ago(idle),
            "lastUpdate": estate.ago(min(idle, 3.5)),
            "updatedDate": None if rng.random() < 0.03 else estate.ago(min(idle, 2)),
            "updatedBy": rng.choice(("Data Update Job", "Data Update Job", "admin@nordlicht.example", None)),
            "orgHierarchy": organization["hierarchy"],
        }


@table("mobile_devices")
def mobile_devices(estate: Estate) -> Iterator[Row]:
    """Phones and tablets as a device manager reports them."""
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
            "quarantineDate": estate.moment(rng, 90) if status == "Quarantined" else None,
            "clientConfigurationName": "Microsoft Intune",
            "clientInstallDate": estate.moment(rng, 900),
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


@table("user_discoveries")
def user_discoveries(estate: Estate) -> Iterator[Row]:
    """Directory entries of most users, and of a few accounts that no scan has ever seen."""
    people = [
        (row["id"], row["userName"], row["fullName"], row["email"], row["location"]) for row in estate.users
    ]
    strangers = [
        (estate.guid("stranger", n), f"NORDLICHT\\svc-åtkomst{n}", None, None, None) for n in range(5)
    ]
    for account, user_name, full_name, email, location in people + strangers:
        rng = estate.random("discovery", account)
        if rng.random() < 0.1:
            continue
        first, _, last = (full_name or " ").partition(" ")
        manager = rng.choice(people)
        yield {
            "objectId": estate.guid("directory object", account),
            "domainName": None if rng.random() < 0.03 else DOMAIN,
            "samAccountName": user_name,
            "email": email,
            "firstName": first or None,
            "lastName": last or None,
            "homePhoneNumber": None if rng.random() < 0.8 else f"+46 8 {rng.randrange(10**6):06d}",
            "mobilePhoneNumber": "" if rng.random() < 0.3 else f"+46 70 {rng.randrange(10**7):07d}",
            "lastLogonActivity": None if rng.random() < 0.1 else estate.moment(rng, 200),
            "whenCreated": estate.ago(400 + rng.random() * 2000),
            "whenChanged": None if rng.random() < 0.04 else estate.moment(rng, 300),
            "isEnabled": None if rng.random() < 0.02 else rng.random() < 0.93,
            "userAccountControl": rng.choice((512, 512, 66048, 514, None)),
            "managerName": manager[2],
            "managerEmail": manager[3],
            "organizationalUnit": location,
            "userPrincipalName": email,
        }
