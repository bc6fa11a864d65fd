"""Operations of the vendor's applications file, the software registry. No reply of it has total_items."""

from sandbox.api.route import Route
from sandbox.company import applications
from sandbox.routes.helpers import (
    NO_MAXIMUM,
    Area,
    children,
    derived,
    first_matching,
    linked,
    listing,
    record,
)

_AREA = Area(
    "/api/sam/software-registry/v1/",
    "sam.application.r",
    maximum_page_size=NO_MAXIMUM,
    totals="pages",
    filter_fields={},
)
_LIST = (
    "id name manufacturer platform familyId editionIndex versionIndex metrics isOs isGroup isBundle "
    "isHidden isNoLicenseRequired isGloballyGeneratedApplication isWebApplication "
    "overridesApplicationId updatedDate releaseDate endOfSupportDate endOfExtendedSupportDate "
    "endOfLifeDate isEndOfSupport isEndOfExtendedSupport isEndOfLife isReleaseDateNotAnnounced "
    "isEndOfSupportDateNotAnnounced isEndOfExtendedSupportDateNotAnnounced isEndOfLifeDateNotAnnounced"
)
_DETAIL = f"{_LIST} description manufacturerWebsite language"

_compatibility = children("applications", "applicationId", "application_compatibilities")
_metrics = derived("applications", applications.metrics_of)
_bundle = children("applications", "id", "application_bundles")

_PLAIN = [
    _AREA.collection("applications", listing("applications", _LIST)),
    _AREA.single("applications/{id}", record("applications", _DETAIL)),
    _AREA.collection("article-numbers", listing("application_article_numbers")),
    _AREA.single("article-numbers/{id}", record("application_article_numbers")),
    _AREA.collection("applications/{id}/compatibility", _compatibility),
    _AREA.single(
        "applications/{id}/compatibility/{compatibilityId}",
        first_matching(_compatibility, "compatibleApplicationId", "compatibilityId"),
    ),
    _AREA.collection("families", listing("application_families")),
    _AREA.single("families/{id}", record("application_families")),
    _AREA.collection("applications/{id}/group", children("applications", "id", "application_groups")),
    _AREA.collection("applications/{id}/metrics", _metrics),
    _AREA.single("applications/{id}/metrics/{metricId}", first_matching(_metrics, "id", "metricId")),
    _AREA.single("applications/{id}/store", derived("applications", applications.store_of)),
    _AREA.collection("types", listing("application_types")),
    _AREA.collection("applications/{id}/types", derived("applications", applications.types_of)),
    _AREA.single("types/{id}", record("application_types")),
    _AREA.collection("applications/{id}/bundle", _bundle),
    _AREA.single("applications/{id}/bundle/{childId}", first_matching(_bundle, "childId", "childId")),
    _AREA.collection("platforms", listing("application_platforms"), filter_fields=None),
]

ROUTES: list[Route] = [linked(route) for route in _PLAIN]
