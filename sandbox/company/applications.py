"""The software registry: applications with their families, bundles, groups and metrics."""

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import LONG_TAIL_WORDS, METRICS, PRODUCTS, Product


@table("metrics")
def metrics(estate: Estate) -> list[Row]:
    """The metrics that licences and metering refer to."""
    return [{"id": estate.guid("metric", name), "name": name} for name in METRICS]


@table("application_families")
def application_families(estate: Estate) -> list[Row]:
    """The families of the registry's products."""
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
    """The id of one release of a product."""
    return estate.guid("application", manufacturer, name, release)


@table("applications")
def applications(estate: Estate) -> list[Row]:
    """The software registry: the known products' releases, then a long tail that grows with the estate."""
    rows = [
        _application(estate, product, release, number)
        for product in PRODUCTS
        for number, release in enumerate(product.releases)
    ]
    rng = estate.random("long tail")
    for number in range(min(20_000, 20 + estate.size // 5)):
        words = rng.sample(LONG_TAIL_WORDS, 2)
        product = Product(f"{words[0]}{words[1]} GmbH", "", f"{' '.join(words)} {number}", ("1",))
        rows.append(_application(estate, product, str(rng.randrange(1, 12)), 0))
    return rows


def _application(estate: Estate, product: Product, release: str, number: int) -> Row:
    rng = estate.random("application", product.manufacturer, product.name, release)
    age = (
        4000 / (1 + number * 0.6) * (0.4 + rng.random() * 0.6)
    )  # days since release: later releases are younger
    support = 1800 - age  # days until support ends
    dates_known = rng.random() < 0.7
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
        "isNoLicenseRequired": product.kind == "free",
        "isGloballyGeneratedApplication": not product.family,
        "isWebApplication": None if rng.random() < 0.02 else product.kind == "web",
        "overridesApplicationId": overridden,
        "updatedDate": None if rng.random() < 0.03 else estate.moment(rng, 500),
        "releaseDate": estate.ago(age) if dates_known else None,
        "endOfSupportDate": estate.ago(-support) if dates_known else None,
        "endOfExtendedSupportDate": estate.ago(-support - 1000) if dates_known else None,
        "endOfLifeDate": estate.ago(-support - 1400) if dates_known else None,
        "isEndOfSupport": support < 0 if dates_known else None,
        "isEndOfExtendedSupport": support < -1000 if dates_known else None,
        "isEndOfLife": support < -1400 if dates_known else None,
        "isReleaseDateNotAnnounced": False if dates_known else None,
        "isEndOfSupportDateNotAnnounced": False if dates_known else rng.choice((True, None)),
        "isEndOfExtendedSupportDateNotAnnounced": False if dates_known else rng.choice((True, None)),
        "isEndOfLifeDateNotAnnounced": False if dates_known else rng.choice((True, None)),
    }


@table("application_bundles")
def application_bundles(estate: Estate) -> list[Row]:
    """The parts of each bundle, release by release."""
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
    """The members of each group: every release of the family's products."""
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
