"""The software registry: applications with their families, bundles, groups and metrics.

It also has types, article numbers, releases that cover each other, details of metrics, and store entries.
"""

import random
from collections.abc import Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.lifecycles import lifecycle
from sandbox.company.values import CURRENCIES, TO_BASE_CURRENCY, choose, fields_of, money, or_none, words
from sandbox.company.vocabulary import LONG_TAIL_WORDS, METRICS, PRODUCTS, Product

_PLATFORMS = words(
    "Windows MacOSX Linux HPUX Solaris Aix WMware Citrix iOS Android ChromeOS WindowsPhone Symbian "
    "Blackberry Mainframe CrossPlatform None"
)
# The kinds of software, by broader kind.
_TYPES = {
    "Business software": ("Accounting software", "Office suites", "Project management", "Zeiterfassung"),
    "Development tools": ("Compilers", "Integrated development environments", "Version control"),
    "System software": ("Access software", "Backup software", "Databases", "Operating systems"),
    "Multimedia": ("Drawing software", "Video editing"),
    "Säkerhet": (),
}
# Users count if they used the software in this month or the two before it.
METRIC_MONTHS = 3
# A server needs licences for at least this many cores.
CORES, MINIMUM_CORES = "Number of processor cores", 8
_METRIC_SETTINGS = {
    "Installations": "AllDevices",
    "Number of devices": "AllDevices",
    "Number of users": "UsersWithUsage",
    "Number of concurrent users": "UsersWithUsage",
}
_ARTICLE_KINDS = ("Reseller", "Manufacturer", "SKU")


@table("metrics")
def metrics(estate: Estate) -> list[Row]:
    """Return the metrics that licences and metering refer to."""
    return [{"id": estate.guid("metric", name), "name": name} for name in METRICS]


@table("application_families")
def application_families(estate: Estate) -> list[Row]:
    """Return the families of the registry's products."""
    families = dict.fromkeys((product.manufacturer, product.family) for product in PRODUCTS)
    return [
        {
            "id": estate.guid("family", *family),
            "manufacturer": family[0],
            "name": family[1],
            "description": None if number % 9 == 4 else f"{family[1]} products by {family[0]}",
        }
        for number, family in enumerate(families)
    ]


def application_id(estate: Estate, manufacturer: str, name: str, release: str) -> str:
    """Return the id of one release of a product."""
    return estate.guid("application", manufacturer, name, release)


@table("applications")
def applications(estate: Estate) -> list[Row]:
    """Return the releases of the known products, then a long tail that grows with the estate."""
    rows = [
        _application(estate, product, release, number)
        for product in PRODUCTS
        for number, release in enumerate(product.releases)
    ]
    return rows + [_application(estate, product, release, 0) for product, release in long_tail(estate)]


def long_tail(estate: Estate) -> Iterator[tuple[Product, str]]:
    """Yield small unknown products with their release; a tenth of them is paid for."""
    rng = estate.random("long tail")
    for number in range(min(20_000, 20 + estate.size // 5)):
        names = rng.sample(LONG_TAIL_WORDS, 2)
        release, price = str(rng.randrange(1, 12)), rng.randrange(25, 400)
        kind = "licensed" if number % 10 == 2 else "free"
        maker, name = f"{names[0]}{names[1]} GmbH", f"{' '.join(names)} {number}"
        yield (
            Product(maker, "", name, (release,), kind=kind, price=price if kind == "licensed" else 0),
            release,
        )


def products_of(estate: Estate) -> dict[str, Product]:
    """Return the product of each application; those of the long tail have no family."""
    known = ((product, release) for product in PRODUCTS for release in product.releases)
    return {
        application_id(estate, product.manufacturer, product.name, release): product
        for product, release in (*known, *long_tail(estate))
    }


def _application(estate: Estate, product: Product, release: str, number: int) -> Row:
    rng = estate.random("application", product.manufacturer, product.name, release)
    overridden = None
    if product.name == "Word" and number == 0:
        overridden = application_id(estate, product.manufacturer, product.name, product.releases[1])
    title = (
        product.name
        if product.name.startswith(product.manufacturer)
        else f"{product.manufacturer} {product.name}"
    )
    metric_names = dict.fromkeys((product.metric, "Installations"))
    return {
        "id": application_id(estate, product.manufacturer, product.name, release),
        "name": f"{title} {release}".strip(),
        "description": None if rng.random() < 0.3 else f"{product.name} by {product.manufacturer}",
        "manufacturer": product.manufacturer,
        "manufacturerWebsite": None
        if rng.random() < 0.2
        else f"www.{product.manufacturer.split()[0].lower()}.example",
        "language": rng.choice(("English", "English", "Multilingual", "Svenska")),
        "platform": product.platform,
        "familyId": estate.guid("family", product.manufacturer, product.family) if product.family else None,
        "editionIndex": rng.randrange(1, 30) * 10,
        "versionIndex": 1000 + number * 50,
        "metrics": [
            {"id": estate.guid("metric", name), "name": name, "isDefault": name == product.metric}
            for name in metric_names
        ],
        "isOs": product.kind == "system",
        "isGroup": product.kind == "group",
        "isBundle": product.kind == "bundle",
        "isHidden": rng.random() < 0.02,
        # Apple's software comes with the hardware and needs no licence.
        "isNoLicenseRequired": product.kind == "free" or product.manufacturer == "Apple",
        "isGloballyGeneratedApplication": not product.family,
        "isWebApplication": None if rng.random() < 0.02 else product.kind == "web",
        "overridesApplicationId": overridden,
        "updatedDate": None if rng.random() < 0.03 else estate.random_time(rng, 500),
        **_support(estate, product, release),
    }


def _support(estate: Estate, product: Product, release: str) -> Row:
    """Return when a release came out and when its support ends, as announced by its maker."""
    known = lifecycle(product.name, release)
    days = {
        "Release": known and known.released,
        "EndOfSupport": known and known.support,
        "EndOfExtendedSupport": known and known.extended,
        "EndOfLife": known and (known.extended or known.support),
    }
    dates = {name: f"{day}T00:00:00Z" if day else None for name, day in days.items()}
    today = estate.ago(0)
    return {
        **{f"{name[0].lower()}{name[1:]}Date": date for name, date in dates.items()},
        **{f"is{name}": date and date < today for name, date in dates.items() if name != "Release"},
        **{
            f"is{name}DateNotAnnounced": date is None if product.family else None
            for name, date in dates.items()
        },
    }


@table("application_bundles")
def application_bundles(estate: Estate) -> list[Row]:
    """Return the parts of each bundle, release by release."""
    return [
        {
            "id": application_id(estate, bundle.manufacturer, bundle.name, release),
            "childId": application_id(estate, bundle.manufacturer, part, release),
            "isMandatory": number == 0,
            "isOptionalComponentRequired": number == 1,
        }
        for bundle in PRODUCTS
        if bundle.kind == "bundle"
        for release in bundle.releases
        for number, part in enumerate(bundle.parts)
    ]


@table("application_groups")
def application_groups(estate: Estate) -> list[Row]:
    """Return the members of each group: every release of the family's products."""
    names = {row["id"]: row["name"] for row in estate.applications}
    return [
        {
            "id": application_id(estate, group.manufacturer, group.name, ""),
            "childId": child,
            "childName": names[child],
        }
        for group in PRODUCTS
        if group.kind == "group"
        for member in PRODUCTS
        if member.family == group.family and member.kind != "group"
        for release in member.releases
        for child in [application_id(estate, member.manufacturer, member.name, release)]
    ]


@table("application_platforms")
def platforms(estate: Estate) -> list[Row]:
    """Return the platforms of applications."""
    return [{"name": name} for name in _PLATFORMS]


def types_of(estate: Estate, application: Row) -> list[Row]:
    """Return the kinds an application belongs to: none for a few, many for a few."""
    rng = estate.random("types-of", application["id"])
    return choose(rng, types(estate), rng.choices((0, 1, 2, 3, 7), (15, 50, 20, 10, 5))[0])


def metrics_of(estate: Estate, application: Row) -> list[Row]:
    """Return the metrics of one application in detail; the application's own record has only their names."""
    return [_metric(estate, application, metric) for metric in application["metrics"]]


def store_of(estate: Estate, application: Row) -> Row | None:
    """Return the store entry of one application; a few have none."""
    rng = estate.random("store", application["id"])
    return None if rng.random() < 0.15 else _store(rng, application)


@table("application_types")
def types(estate: Estate) -> Iterator[Row]:
    """Yield the kinds of software, parents before their children."""
    for parent, children in _TYPES.items():
        for name in (parent, *children):
            yield {
                "id": estate.guid("application-type", name),
                "name": name,
                "parentId": None if name == parent else estate.guid("application-type", parent),
                "updatedDate": estate.random_time(estate.random("application-type", name), 700),
            }


@table("application_article_numbers")
def article_numbers(estate: Estate) -> Iterator[Row]:
    """Yield the article numbers under which applications are sold."""
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
    """Yield the releases of a product that a licence of another release covers."""
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
    product = estate.cached("products", products_of)[application["id"]]
    cost = (
        product.price
        if metric["isDefault"] and product.price and (product.family or rng.random() < 0.6)
        else None
    )
    setting = _METRIC_SETTINGS.get(metric["name"], "None")
    if estate.ugly:
        return _odd_metric(rng, metric)
    counts_use = setting == "UsersWithUsage"
    return {
        **fields_of(metric, "id name isDefault"),
        "minimumRequirement": MINIMUM_CORES if metric["name"] == CORES else None,
        "metricSetting": setting,
        "metricSettingIntervalType": "PeriodIncludingCurrentMonth" if counts_use else "None",
        "metricSettingInterval": METRIC_MONTHS if counts_use else None,
        "customCompareValueType": "Number of employees" if metric["name"] == "Custom metric" else "",
        "concurrencyInterval": 6 if metric["name"] == "Number of concurrent users" else None,
        "licenseCost": cost,
        "licenseCostCurrency": "EUR",
        "licenseCostBase": cost,
    }


_ODD_SETTINGS = words("None UsersWithUsage PrimaryUsers UsersWithAccess DevicesWithUsage AllDevices")
_INTERVALS = ("Continuous", "PeriodIncludingCurrentMonth", "PeriodExcludingCurrentMonth", "None")


def _odd_metric(rng: random.Random, metric: Row) -> Row:
    """Return a metric with any setting and any price."""
    currency = rng.choice(CURRENCIES)
    cost = or_none(rng, money(rng, 5, 3_000), 0.2)
    setting = rng.choice(_ODD_SETTINGS)
    return {
        **fields_of(metric, "id name isDefault"),
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
