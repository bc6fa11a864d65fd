"""What the software registry knows beyond the applications themselves.

Types, article numbers, releases that cover each other, metrics in detail, store entries.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sandbox.company.applications import application_id
from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import CURRENCIES, TO_BASE_CURRENCY, choose, money, or_none
from sandbox.company.vocabulary import PRODUCTS

LIST_FIELDS = (
    "id",
    "name",
    "manufacturer",
    "platform",
    "familyId",
    "editionIndex",
    "versionIndex",
    "metrics",
    "isOs",
    "isGroup",
    "isBundle",
    "isHidden",
    "isNoLicenseRequired",
    "isGloballyGeneratedApplication",
    "isWebApplication",
    "overridesApplicationId",
    "updatedDate",
    "releaseDate",
    "endOfSupportDate",
    "endOfExtendedSupportDate",
    "endOfLifeDate",
    "isEndOfSupport",
    "isEndOfExtendedSupport",
    "isEndOfLife",
    "isReleaseDateNotAnnounced",
    "isEndOfSupportDateNotAnnounced",
    "isEndOfExtendedSupportDateNotAnnounced",
    "isEndOfLifeDateNotAnnounced",
)
DETAIL_FIELDS = (*LIST_FIELDS, "description", "manufacturerWebsite", "language")
PLATFORMS = (
    "Windows",
    "MacOSX",
    "Linux",
    "HPUX",
    "Solaris",
    "Aix",
    "WMware",
    "Citrix",
    "iOS",
    "Android",
    "ChromeOS",
    "WindowsPhone",
    "Symbian",
    "Blackberry",
    "Mainframe",
    "CrossPlatform",
    "None",
)
# The kinds of software, gathered under broader kinds.
_TYPES = {
    "Business software": ("Accounting software", "Office suites", "Project management", "Zeiterfassung"),
    "Development tools": ("Compilers", "Integrated development environments", "Version control"),
    "System software": ("Access software", "Backup software", "Databases", "Operating systems"),
    "Multimedia": ("Drawing software", "Video editing"),
    "Säkerhet": (),
}
_METRIC_SETTINGS = (
    "None",
    "UsersWithUsage",
    "PrimaryUsers",
    "UsersWithAccess",
    "DevicesWithUsage",
    "AllDevices",
)
_INTERVALS = ("Continuous", "PeriodIncludingCurrentMonth", "PeriodExcludingCurrentMonth", "None")
_ARTICLE_KINDS = ("Reseller", "Manufacturer", "SKU")


@table("application_platforms")
def platforms(estate: Estate) -> list[Row]:
    """The platforms an application can be made for."""
    return [{"name": name} for name in PLATFORMS]


def types_of(estate: Estate, application: Row) -> list[Row]:
    """The kinds an application belongs to: none for a few, many for a few."""
    rng = estate.random("types-of", application["id"])
    return choose(rng, types(estate), rng.choices((0, 1, 2, 3, 7), (15, 50, 20, 10, 5))[0])


def compatible_ids(estate: Estate) -> frozenset[str]:
    """The ids of the applications that have compatible releases."""
    compatibilities(estate)
    return frozenset(estate.grouped("application_compatibilities", "applicationId"))


def compatibilities_of(estate: Estate, application: Row) -> list[Row]:
    """The releases compatible with one application."""
    compatibilities(estate)
    return estate.grouped("application_compatibilities", "applicationId").get(application["id"], [])


def metrics_of(estate: Estate, application: Row) -> list[Row]:
    """The metrics of one application in detail; the application's own record names them only."""
    return [_metric(estate, application, metric) for metric in application["metrics"]]


def store_of(estate: Estate, application: Row) -> Row | None:
    """The store entry of one application; a few applications have none."""
    rng = estate.random("store", application["id"])
    return None if rng.random() < 0.15 else _store(rng, application)


@table("application_types")
def types(estate: Estate) -> Iterator[Row]:
    """The kinds of software, parents before their children."""
    for parent, children in _TYPES.items():
        for name in (parent, *children):
            yield {
                "id": estate.guid("application-type", name),
                "name": name,
                "parentId": None if name == parent else estate.guid("application-type", parent),
                "updatedDate": estate.moment(estate.random("application-type", name), 700),
            }


@table("application_article_numbers")
def article_numbers(estate: Estate) -> Iterator[Row]:
    """The article numbers under which applications are sold."""
    for application in estate.applications:
        rng = estate.random("article-numbers", application["id"])
        if application["isNoLicenseRequired"] or application["isGroup"]:
            continue
        for index in range(rng.choice((0, 1, 1, 2, 3))):
            kind = rng.choice(_ARTICLE_KINDS)
            yield {
                "id": estate.guid("article-number", application["id"], index),
                "applicationId": application["id"],
                "type": kind,
                "articleNumber": f"{kind[0]}{rng.randrange(100, 999)}-{rng.randrange(10_000, 99_999)}",
            }


@table("application_compatibilities")
def compatibilities(estate: Estate) -> Iterator[Row]:
    """Which releases of a product a license of another release covers."""
    for product in PRODUCTS:
        ids = [application_id(estate, product.manufacturer, product.name, name) for name in product.releases]
        for own, application in enumerate(ids):
            for other, compatible in enumerate(ids):
                if own != other:
                    yield {
                        "applicationId": application,
                        "compatibleApplicationId": compatible,
                        "compatibilityType": "Upgrade" if other > own else "Downgrade",
                        "compatibilityOrder": abs(other - own),
                    }


def _metric(estate: Estate, application: Row, metric: Row) -> Row:
    rng = estate.random("metric-of", application["id"], metric["id"])
    currency = rng.choice(CURRENCIES)
    cost = or_none(rng, money(rng, 5, 3_000), 0.2)
    setting = rng.choice(_METRIC_SETTINGS)
    return {
        "id": metric["id"],
        "name": metric["name"],
        "isDefault": metric["isDefault"],
        "minimumRequirement": or_none(rng, rng.choice((1, 8, 16)), 0.6),
        "metricSetting": setting,
        "metricSettingIntervalType": rng.choice(_INTERVALS) if setting != "None" else "None",
        "metricSettingInterval": or_none(rng, rng.choice((1, 3, 12)), 0.3),
        "customCompareValueType": "Number of employees" if metric["name"] == "Custom metric" else "",
        "concurrencyInterval": or_none(rng, 6, 0.7),
        "licenseCost": cost,
        "licenseCostCurrency": currency,
        "licenseCostBase": None if cost is None else round(cost * TO_BASE_CURRENCY[currency], 2),
    }


def _store(rng: random.Random, application: Row) -> Row:
    return {
        "applicationId": application["id"],
        "name": application["name"],
        "description": f"Order {application['name']} here",
        "purchasePriceBase": or_none(rng, money(rng, 0, 900), 0.1),
        "rentalPriceBase": or_none(rng, money(rng, 0, 90), 0.3),
        "rentalPaymentPeriod": or_none(rng, rng.choice((1, 6, 12)), 0.3),
        "imageName": "store.png",
        "isOrganizationalApprovalRequired": rng.random() < 0.5,
        "isApplicationOwnerApprovalRequired": rng.random() < 0.3,
        "applicationOwnerUsername": rng.choice(("", "NORDLICHT\\owner")),
        "isSecondApprovalRequired": rng.random() < 0.2,
        "secondApprovalUsername": "",
        "isThirdApprovalRequired": False,
        "thirdApprovalUsername": "",
        "provisioningGroupType": rng.choice((0, 1, 2)),
        "provisioningGroupOU": "OU=Software,DC=nordlicht,DC=example",
        "computerGroupName": "GG-Computers",
        "userGroupName": "GG-Användare",
        "status": or_none(rng, rng.choice((1, 2, 3))),
        "publishLevel": rng.choice((0, 5)),
        "uninstallOption": rng.choice((0, 1)),
        "daysUntilUninstall": or_none(rng, rng.choice((30, 90)), 0.3),
        "daysUntilUninstallNotification": or_none(rng, rng.choice((7, 14)), 0.3),
        "subscriptionExtensionsDays": or_none(rng, 30, 0.5),
        "isUserUninstallApprovalRequired": rng.random() < 0.2,
    }
