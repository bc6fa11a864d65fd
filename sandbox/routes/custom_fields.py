"""Operations of the vendor's custom fields and custom metrics files."""

from sandbox.api.route import Route
from sandbox.routes.helpers import Area, listing, record

# Custom fields come with a pagination object, but neither page parameters nor a filter are declared.
_FIELDS = Area("/api/custom-fields/v1/", "sam.customfields.customfield.r", page_parameters=False)
_METRICS = Area("/api/custom-metrics/v1/", default_page_size=25, filter_fields={}, sort=True)


def _routes(path: str, table: str, fields: str, links: str = "_links") -> list[Route]:
    """Return a list, whose rows have no links, and its details, which have one."""
    return [
        _FIELDS.collection(path, listing(table, fields), links=links),
        _FIELDS.single(f"{path}/{{id}}", record(table, fields, f"api/custom-fields/v1/{path}/{{id}}")),
    ]


_METRIC = "custom_metrics", "id name description customFieldId", "api/custom-metrics/v1/custom-metrics/{id}"

ROUTES: list[Route] = [
    *_routes(
        "custom-fields",
        "custom_fields",
        "id name description isRequired defaultValue isMultipleChoice multipleChoice assetTypes dataType",
    ),
    *_routes(
        "custom-fields-values",
        "custom_field_values",
        "id customFieldId customFieldName assetId assetType value",
        links="",
    ),
    *_routes("custom-fields-asset-types", "custom_field_asset_types", "id name"),
    *_routes("custom-fields-data-types", "custom_field_data_types", "id name"),
    _METRICS.collection("custom-metrics", listing(*_METRIC)),
    _METRICS.single("custom-metrics/{customMetricId}", record(*_METRIC, parameter="customMetricId")),
]
