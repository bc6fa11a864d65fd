"""Agreements and contracts of the made-up company: one kind of record in two tables, with types and periods.

A third of them are appendices: their parentId refers to an earlier row of the same table.
"""

from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import choose, or_none

_AGREEMENT_TYPES = (
    ("Enterprise agreement", "Volume purchase at fixed prices for a number of years."),
    ("Subscription agreement", "Right to use the software for as long as it is paid."),
    ("Maintenance agreement", "Updates and support for licenses bought earlier."),
    ("Reseller frame agreement", "Terms agreed with a reseller for all orders."),
    ("Volymavtal", None),
)
_CONTRACT_TYPES = (
    ("Leasing", "Hardware paid by the month and handed back in the end."),
    ("Warranty", "Repair or replacement of hardware by its maker."),
    ("Service contract", "Work of a service partner at agreed prices."),
    ("Hosting", None),
)
_MANUFACTURERS = (
    ("Microsoft", "www.microsoft.com"),
    ("Adobe", "www.adobe.com"),
    ("Oracle", "www.oracle.com"),
    ("Autodesk", "www.autodesk.com"),
    ("SAP", "www.sap.com"),
    ("Citrix", "www.citrix.com"),
    ("Žižka Softwarová", "www.zizka.example"),
)
_PARTNERS = (
    ("Dell", "www.dell.com"),
    ("HP", "www.hp.com"),
    ("Lenovo", "www.lenovo.com"),
    ("Atea", "www.atea.com"),
    ("Equinix", "www.equinix.com"),
)
_CONTACTS = ("Ingrid Åkesson", "Paul Meyer", "Zoë Laurent", "Sam Okafor", "María Núñez", "Bill Smith")
_DEPARTMENTS = ("IT", "Procurement", "Finance", "Legal")


@table("agreements")
def agreements(estate: Estate) -> list[Row]:
    """Return all agreements as full detail records."""
    return _build(estate, "agreement", agreement_types(estate), _MANUFACTURERS)


@table("contracts")
def contracts(estate: Estate) -> list[Row]:
    """Return all contracts as full detail records; the vendor gives them the fields of an agreement."""
    return _build(estate, "contract", contract_types(estate), _PARTNERS)


@table("agreement_types")
def agreement_types(estate: Estate) -> list[Row]:
    """Return the kinds of agreement."""
    return _types(estate, "agreement-type", _AGREEMENT_TYPES)


@table("contract_types")
def contract_types(estate: Estate) -> list[Row]:
    """Return the kinds of contract."""
    return _types(estate, "contract-type", _CONTRACT_TYPES)


def _types(estate: Estate, kind: str, types: tuple[tuple[str, str | None], ...]) -> list[Row]:
    return [
        {"id": estate.guid(kind, name), "name": name, "description": description}
        for name, description in types
    ]


def _build(estate: Estate, kind: str, types: list[Row], makers: tuple[tuple[str, str], ...]) -> list[Row]:
    rows: list[Row] = []
    for number in range(1, max(6, estate.size // 10) + 1):
        rng = estate.random(kind, number)
        manufacturer, website = makers[(number - 1) % len(makers)]
        of_type, contact = rng.choice(types), rng.choice(_CONTACTS)
        mailbox = contact.split()[0].lower().encode("ascii", "ignore").decode()
        parent = rows[rng.randrange(len(rows))]["id"] if rows and rng.random() < 0.35 else None
        warning_days = rng.choice((15, 30, 60, 90))
        row: Row = {
            "id": estate.guid(kind, number),
            "parentId": parent,
            "assignedId": or_none(rng, f"{kind[:3].upper()}-{number:05d}"),
            "name": or_none(rng, f"{manufacturer} {of_type['name'].lower()} {number}", 0.02),
            "description": or_none(rng, f"{manufacturer}: {kind} no. {number}", 0.1),
            "typeId": of_type["id"],
            "isSubscription": rng.random() < 0.4,
            "isUpgradable": rng.random() < 0.5,
            "isValidForAll": rng.random() < 0.3,
            "renewalDays": rng.choice((30, 60, 90, 90)),
            "isAlertingOnExpiration": rng.random() < 0.7,
            "warningDayLimit": warning_days,
            "criticalDayLimit": warning_days // 2,
            "isAutoAttachingToComputers": rng.random() < 0.2,
            "contactId": or_none(rng, estate.guid("contact", contact)),
            "contactName": or_none(rng, contact),
            "contactDepartment": or_none(rng, rng.choice(_DEPARTMENTS)),
            "contactPhone": or_none(rng, f"+46 8 555 {rng.randrange(1000, 9999)}"),
            "contactEmail": or_none(rng, f"{mailbox}@company.example"),
            "manufacturerId": or_none(rng, estate.guid("manufacturer", manufacturer)),
            "manufacturerName": or_none(rng, manufacturer),
            "manufacturerLink": or_none(rng, website),
            "manufacturerPhone": or_none(rng, f"+1 555 {rng.randrange(1000, 9999)}"),
            "manufacturerContact": or_none(rng, "John Smith", 0.3),
            "manufacturerContactPhone": or_none(rng, f"+1 555 {rng.randrange(1000, 9999)}", 0.3),
            "manufacturerContactEmail": or_none(rng, f"sales@{website.removeprefix('www.')}", 0.3),
        }
        if number % 5 == 0:
            row["alertRecipients"] = choose(rng, _CONTACTS, 2)
        rows.append(row)
    return rows


# Days between signature and start of a period, and the shares of expired agreements and of drafts.
_SIGNED_BEFORE, _SHARE_EXPIRED, _SHARE_DRAFT = 60, 0.1, 0.08


def periods(estate: Estate, parent: Row) -> list[Row]:
    """Return the periods of one agreement or contract; their ids are that of the parent, as at the vendor.

    A draft has no period yet. Long-lived agreements have been renewed yearly, at any time of the year.
    """
    rng = estate.random("periods", parent["id"])
    draw, length, begun = rng.random(), rng.choice((365, 365, 1095)), rng.randrange(200, 2500)
    is_expired = draw > 1 - _SHARE_EXPIRED or parent["id"] == estate.guid("agreement", 2)
    if draw < _SHARE_DRAFT and not is_expired:
        return []
    last = begun // length
    if is_expired:
        begun = length * (1 + last) + rng.randrange(10, 120)
    else:
        last += 1  # the period after the current one
    starts = [begun - length * index for index in range(last + 1)]
    rows = [
        {
            "id": parent["id"],
            "validFrom": estate.day(start),
            "validTo": estate.day(start - length + 1),
        }
        for start in starts
        if start >= estate.days_back - _SIGNED_BEFORE
    ]
    if estate.ugly and rows and rng.random() < 0.2:  # no start or no end
        rows[rng.choice((0, -1))] |= rng.choice(
            ({"validFrom": "0001-01-01T00:00:00Z"}, {"validTo": "9999-12-31T00:00:00Z"})
        )
    return rows
