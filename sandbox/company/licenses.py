"""Licenses of the made-up company with what belongs to each: upgrades, maintenance periods and costs.

The table holds what list and detail know together; the vendor shows costs and upgrades only in the list, and
keys, notes and SKU only in the detail.
"""

import random
from typing import Any

from sandbox.company.agreements import agreements, contracts
from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import CURRENCIES, choose, money, or_none

ASSIGNMENT_TYPES = ("Organization", "Computer", "User", "Site")
CUSTOM_METRIC = "Custom metric"

# The order in which consecutive licenses are assigned: every kind is there even in the smallest company.
_ASSIGNMENT_CYCLE = ("Organization", "Computer", "User", "Computer", "Site", "User", "Organization")
# The first licenses are complete, in force, in use, and allowed to cover other releases: even the smallest
# company then has a record of every kind.
EXEMPLARY = len(_ASSIGNMENT_CYCLE)
_VENDORS = ("Atea", "Crayon", "SoftwareOne", "Insight", "Bechtle", "Zážitek s.r.o.")
_NO_REASON, _MISSING_APPLICATION, _MISSING_COUNT, _MISSING_ASSIGNMENT_TYPE = 0, 1, 2, 128


@table("license_assignment_types")
def assignment_types(estate: Estate) -> list[Row]:
    """The kinds of assignment."""
    return [
        {"assignmentType": number, "assignmentTypeId": _assignment_type_id(estate, name), "name": name}
        for number, name in enumerate(ASSIGNMENT_TYPES)
    ]


def assignment_type(estate: Estate, row: Row) -> str | None:
    """The name of a license's assignment type, or None where the license lacks it."""
    names = {kind["assignmentTypeId"]: kind["name"] for kind in assignment_types(estate)}
    return names.get(row["assignmentTypeId"])


def counted(row: Row) -> bool:
    """Whether a license affects the compliance position: archived and incomplete ones do not."""
    return row["status"] == "Active" and not row["isIncomplete"]


def upgrades_of(_estate: Estate, row: Row) -> list[Row]:
    """The licenses that one license upgrades."""
    return list(row["upgrades"] or ())


@table("license_maintenance_periods")
def maintenance_periods(estate: Estate) -> list[Row]:
    """The maintenance and support periods of all licenses."""
    return [period for row in licenses(estate) for period in _maintenance_of(estate, row)]


@table("license_policies")
def policies(estate: Estate) -> list[Row]:
    """The license policies; the vendor shows their id alone."""
    return [{"id": estate.guid("license-policy", number)} for number in range(4)]


def _assignment_type_id(estate: Estate, name: str) -> str:
    return estate.guid("assignment-type", name)


def _licensable(estate: Estate) -> tuple[list[Row], list[Row]]:
    """The applications that need a license: those with compatible releases, and all of them."""
    rows = [row for row in estate.applications if not (row["isNoLicenseRequired"] or row["isGroup"])]
    with_releases = estate.grouped("application_compatibilities", "applicationId")
    return [row for row in rows if row["id"] in with_releases], rows


def _metric(estate: Estate, rng: random.Random, application: Row, number: int) -> str:
    """The metric of a license: usually the application's own default, now and then another one."""
    if number % 10 == 4:
        return next(str(metric["id"]) for metric in estate.metrics if metric["name"] == CUSTOM_METRIC)
    own = application["metrics"] or list(estate.metrics)
    default = next((metric for metric in own if metric.get("isDefault")), own[0])
    return str((rng.choice(own) if rng.random() < 0.2 else default)["id"])


@table("licenses")
def licenses(estate: Estate) -> list[Row]:
    """All licenses with the fields of list and detail."""
    with_releases, every = _licensable(estate)
    rows: list[Row] = []
    for number in range(1, max(12, estate.size // 3) + 1):
        rng = estate.random("license", number)
        application = rng.choice(every if number % 3 == 0 and number > EXEMPLARY else with_releases)
        row = _purchase(estate, rng, number, application)
        row.update(_rights(rng, row, rows, number))
        row.update(_costs(estate, row))
        if number % 11 == 0:
            row["organizationHierarchy"] = estate.by_id("organizations")[row["organizationId"]]["hierarchy"]
        rows.append(row)
    return rows


def _purchase(estate: Estate, rng: random.Random, number: int, application: Row) -> Row:
    """What was bought, when, for whom and how it is assigned."""
    kind = _ASSIGNMENT_CYCLE[number % len(_ASSIGNMENT_CYCLE)]
    share = 0.0 if number <= EXEMPLARY else 0.04
    application_id = or_none(rng, application["id"], share)
    quantity = or_none(rng, rng.choice((1, 5, 10, 25, 100, 250)), share)
    kind_id = or_none(rng, _assignment_type_id(estate, kind), share / 2)
    reasons = (
        (_MISSING_APPLICATION if application_id is None else _NO_REASON)
        | (_MISSING_COUNT if quantity is None else _NO_REASON)
        | (_MISSING_ASSIGNMENT_TYPE if kind_id is None else _NO_REASON)
    )
    bought = rng.uniform(30, 2000)
    subscription = rng.random() < 0.4
    archived = rng.random() < 0.08 and number > EXEMPLARY
    agreement = rng.choice(agreements(estate))["id"] if rng.random() < 0.6 else None
    return {
        "id": estate.guid("license", number),
        "organizationId": rng.choice(estate.organizations)["id"],
        "applicationId": application_id,
        "contractId": rng.choice(contracts(estate))["id"] if rng.random() < 0.2 else None,
        "agreementId": agreement,
        "metricId": _metric(estate, rng, application, number),
        "assignmentTypeId": kind_id,
        "purchaseDate": estate.ago(int(bought)),
        "purchaseValue": money(rng, 20, 50_000),
        "purchaseCurrency": or_none(rng, rng.choice(CURRENCIES), 0.02),
        "quantity": quantity,
        "initialQuantity": quantity,
        "mediaStorage": or_none(rng, f"\\\\files\\media\\{number}", 0.3),
        "licenseProofLocation": or_none(rng, f"archive/proof-{number}.pdf", 0.3),
        "invoiceReference": or_none(rng, f"INV{number:06d}"),
        "vendor": or_none(rng, rng.choice(_VENDORS)),
        "externalId": or_none(rng, f"EXT-{number}", 0.5),
        "productDescription": or_none(rng, application["name"]),
        "isSubscription": subscription,
        "isIncomplete": reasons != _NO_REASON,
        "incompleteReasons": reasons,
        "updatedDate": estate.ago(rng.uniform(0, bought)),
        "createdDate": estate.ago(bought - 0.5),
        "subscriptionValidFrom": estate.ago(int(bought)) if subscription else None,
        "subscriptionValidTo": estate.ago(int(bought) - rng.choice((1, 2, 3)) * 365)
        if subscription
        else None,
        "autoAllocateOnce": or_none(rng, rng.random() < 0.1),
        "isAutoAllocated": or_none(rng, rng.random() < 0.1),
        "maintenanceAccordingToAgreement": agreement is not None and rng.random() < 0.5,
        "skuId": or_none(rng, estate.guid("sku", application["id"]), 0.4),
        "status": "Archived" if archived else "Active",
        "archivedDate": estate.moment(rng, 30) if archived else None,
        "licenseKeys": or_none(rng, f"SANDBOX-{number:05d}-KEY", 0.4),
        "notes": or_none(rng, "Köpt genom återförsäljare", 0.7),
        "sku": or_none(rng, f"SKU-{number:05d}-S", 0.4),
        "hasVmUseRights": or_none(rng, rng.random() < 0.2),
        "numberOfSupportedVirtualMachines": or_none(rng, rng.choice((0, 2, 4)), 0.5),
    }


def _rights(rng: random.Random, row: Row, earlier: list[Row], number: int) -> Row:
    """What the license allows, and which earlier licenses it upgrades."""
    is_upgrade = number % 6 == 0
    targets = choose(rng, earlier, 6 if number % 12 == 0 else 1) if is_upgrade else []
    upgrades = [
        {
            "licenseId": row["id"],
            "quantity": rng.choice((1, 5)),
            "upgradedLicenseId": target["id"],
            "upgradedQuantity": rng.choice((1, 5)),
        }
        for target in targets
    ]
    return {
        "isUpgrade": is_upgrade or number <= EXEMPLARY or rng.random() < 0.2,
        "isDowngrade": number <= EXEMPLARY or rng.random() < 0.4,
        "isCrossEdition": rng.random() < 0.2,
        "isCrossPlatform": rng.random() < 0.15,
        "upgrades": upgrades or or_none(rng, [], 0.1),
        "upgradedLicenseCount": len(upgrades) or or_none(rng, 0),
    }


def _maintenance_of(estate: Estate, row: Row) -> list[Row]:
    rng = estate.random("maintenance", row["id"])
    agreement = row["agreementId"] if row["maintenanceAccordingToAgreement"] else None
    count = rng.choice((0, 0, 1, 2, 3, 6))
    oldest = 365 * (count - 1) + rng.randrange(-60, 300)
    return [
        {
            "id": estate.guid("maintenance", row["id"], index),
            "agreementPeriodId": agreement,
            "licenseId": row["id"],
            "validFrom": estate.ago(oldest - 365 * index),
            "validTo": estate.ago(oldest - 365 * (index + 1)),
            "hasUpgradeRights": or_none(rng, rng.random() < 0.7),
            "invoiceReference": or_none(rng, f"INV-M{rng.randrange(100_000):05d}"),
            "notes": or_none(rng, "Förnyad", 0.8),
            "maintenanceCost": or_none(rng, money(rng, 10, 5_000)),
            "supportCost": or_none(rng, money(rng, 10, 2_000), 0.2),
            "purchaseCurrency": row["purchaseCurrency"],
        }
        for index in range(count)
    ]


def _costs(estate: Estate, row: Row) -> Row:
    """The costs the list shows, added up from purchase and maintenance periods."""
    today = estate.ago(0)
    periods = _maintenance_of(estate, row)
    current = [period for period in periods if period["validFrom"] <= today < period["validTo"]]

    def total(rows: list[Row], field: str) -> float:
        return round(sum(period[field] or 0.0 for period in rows), 2)

    costs: dict[str, Any] = {
        "activeMaintenanceCost": total(current, "maintenanceCost"),
        "totalMaintenanceCost": total(periods, "maintenanceCost"),
        "activeSupportCost": total(current, "supportCost"),
        "totalSupportCost": total(periods, "supportCost"),
    }
    costs["totalLicenseCost"] = round(
        row["purchaseValue"] + costs["totalMaintenanceCost"] + costs["totalSupportCost"], 2
    )
    return costs


_POLICY_FIELDS = (
    ("InvoiceReference", "Number of the invoice", ()),
    ("Vendor", "Who sold the license", ("Atea", "Crayon", "SoftwareOne")),
    ("PurchaseValue", "Price without tax", ()),
    ("ExternalId", None, ()),
    ("ProductDescription", "Description on the invoice", ()),
    ("LicenseProofLocation", "Where the proof is kept", ("Archive", "Vault", "Økonomi")),
    ("Notes", "Anything else", ()),
)


def policy_fields(estate: Estate, policy: Row) -> list[Row]:
    """The fields that one policy governs; the last policy has none yet."""
    position = [row["id"] for row in policies(estate)].index(policy["id"])
    count = (len(_POLICY_FIELDS), 3, 1, 0)[position] if position < 4 else 0
    rng = estate.random("policy-fields", policy["id"])
    # A field has the same id under every policy: only policy and field together are unique.
    return [
        {
            "id": estate.guid("policy-field", name),
            "name": name,
            "description": description,
            "isRequired": rng.random() < 0.5,
            "isComboBox": bool(items),
            "isEditingAllowed": rng.random() < 0.8,
            "listItems": list(items) if items else None,
        }
        for name, description, items in _POLICY_FIELDS[:count]
    ]
