"""Routes of the vendor's applications file, the software registry. No reply of it declares total_items."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api.route import Route
from sandbox.company import applications_registry as data
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Rows, listing, record
from sandbox.routes.software_links import linked
from sandbox.routes.software_routes import all_of, belonging, child, one_of

_ROOT = "/api/sam/software-registry/v1"
_PERMISSIONS = ("sam.application.r",)


def _collection(path: str, rows: Rows, filtered: bool = True) -> Route:
    filter_fields: Mapping[str, str] | None = {} if filtered else None
    return linked(
        Route(
            _ROOT + path,
            rows,
            _PERMISSIONS,
            maximum_page_size=NO_MAXIMUM,
            totals="pages",
            filter_fields=filter_fields,
        )
    )


def _object(path: str, rows: Rows) -> Route:
    return linked(Route(_ROOT + path, rows, _PERMISSIONS, shape="object", page_parameters=False))


def _group(estate: Estate, application: Row) -> list[Row]:
    return estate.grouped("application_groups", "id").get(application["id"], [])


def _bundle(estate: Estate, application: Row) -> list[Row]:
    return estate.grouped("application_bundles", "id").get(application["id"], [])


ROUTES: list[Route] = [
    _collection("/applications", listing("applications", data.LIST_FIELDS)),
    _object("/applications/{id}", record("applications", data.DETAIL_FIELDS)),
    _collection("/article-numbers", all_of(data.article_numbers)),
    _object("/article-numbers/{id}", one_of(data.article_numbers)),
    _collection("/applications/{id}/compatibility", belonging("applications", data.compatibilities_of)),
    _object(
        "/applications/{id}/compatibility/{compatibilityId}",
        child("applications", data.compatibilities_of, "compatibleApplicationId", "compatibilityId"),
    ),
    _collection("/families", all_of(lambda estate: estate.application_families)),
    _object("/families/{id}", one_of(lambda estate: estate.application_families)),
    _collection("/applications/{id}/group", belonging("applications", _group)),
    _collection("/applications/{id}/metrics", belonging("applications", data.metrics_of)),
    _object(
        "/applications/{id}/metrics/{metricId}", child("applications", data.metrics_of, "id", "metricId")
    ),
    _object("/applications/{id}/store", belonging("applications", data.store_of)),
    _collection("/types", all_of(data.types)),
    _collection("/applications/{id}/types", belonging("applications", data.types_of)),
    _object("/types/{id}", one_of(data.types)),
    _collection("/applications/{id}/bundle", belonging("applications", _bundle)),
    _object("/applications/{id}/bundle/{childId}", child("applications", _bundle, "childId", "childId")),
    _collection("/platforms", all_of(data.platforms), filtered=False),
]
