"""User accounts, each with its full detail record, and the directory entries of most of them."""

from collections.abc import Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import DOMAIN, FIRST_NAMES, LAST_NAMES, SITES


@table("users")
def users(estate: Estate) -> Iterator[Row]:
    """Yield the accounts of people: mostly active, some long inactive, some quarantined."""
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


@table("user_discoveries")
def user_discoveries(estate: Estate) -> Iterator[Row]:
    """Yield directory entries of most users, and of a few accounts that no scan has seen."""
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
            "lastLogonActivity": None if rng.random() < 0.1 else estate.random_time(rng, 200),
            "whenCreated": estate.ago(400 + rng.random() * 2000),
            "whenChanged": None if rng.random() < 0.04 else estate.random_time(rng, 300),
            "isEnabled": None if rng.random() < 0.02 else rng.random() < 0.93,
            "userAccountControl": rng.choice((512, 512, 66048, 514, None)),
            "managerName": manager[2],
            "managerEmail": manager[3],
            "organizationalUnit": location,
            "userPrincipalName": email,
        }
