"""Operations of the vendor's custom objects, custom fields and custom metrics files."""

from sandbox.api.route import Route
from sandbox.company.estate import Estate
from sandbox.routes.helpers import Parameters, Rows, children, listing, project, record

OBJECTS = "/api/sam/estate/v1"
FIELDS = "/api/custom-fields/v1"
METRICS = "/api/custom-metrics/v1/custom-metrics"
OBJECTS_PERMISSIONS = ("sam.customobject.r",)
FIELDS_PERMISSIONS = ("sam.customfields.customfield.r",)

OBJECT_LIST_FIELDS = ("id", "objectName")
OBJECT_DETAIL_FIELDS = (*OBJECT_LIST_FIELDS, "computerId", "userId", "createdDate", "updatedDate")
TYPE_LIST_FIELDS = ("id", "name")
TYPE_DETAIL_FIELDS = (*TYPE_LIST_FIELDS, "description", "canAttachToContract", "createdDate", "updatedDate")
PROPERTY_LIST_FIELDS = ("id", "typeId")
PROPERTY_DETAIL_FIELDS = (*PROPERTY_LIST_FIELDS, "name", "description", "isMandatory", "defaultValue")
VALUE_LIST_FIELDS = ("id", "objectId")
VALUE_DETAIL_FIELDS = (*VALUE_LIST_FIELDS, "propertyId", "value")
CUSTOM_FIELD_FIELDS = (
    "id",
    "name",
    "description",
    "isRequired",
    "defaultValue",
    "isMultipleChoice",
    "multipleChoice",
    "assetTypes",
    "dataType",
)
FIELD_VALUE_FIELDS = ("id", "customFieldId", "customFieldName", "assetId", "assetType", "value")
NAMED_FIELDS = ("id", "name")
METRIC_FIELDS = ("id", "name", "description", "customFieldId")
# Where the links of the rows point.
OBJECT_LINK = "api/sam/estate/v1/customobjects/{id}"
VALUE_LINK = "api/sam/estate/v1/customobjects/{objectId}/propertyvalues/{id}"
TYPE_LINK = "api/sam/estate/v1/customobjecttypes/{id}"
PROPERTY_LINK = "api/sam/estate/v1/customobjecttypes/{typeId}/properties/{id}"
FIELD_LINK = "api/custom-fields/v1/custom-fields/{id}"
FIELD_VALUE_LINK = "api/custom-fields/v1/custom-fields-values/{id}"
ASSET_TYPE_LINK = "api/custom-fields/v1/custom-fields-asset-types/{id}"
DATA_TYPE_LINK = "api/custom-fields/v1/custom-fields-data-types/{id}"
METRIC_LINK = "api/custom-metrics/v1/custom-metrics/{id}"


def _of_parent(
    table: str, reference: str, parent: str, child: str, fields: tuple[str, ...], link: str
) -> Rows:
    """One row of a table by its id, provided that it belongs to the parent in the path."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        row = estate.by_id(table).get(path[child])
        return project(row, fields, link=link) if row and row[reference] == path[parent] else None

    return rows


def _object_collection(path: str, rows: Rows) -> Route:
    return Route(f"{OBJECTS}/{path}", rows, OBJECTS_PERMISSIONS, totals="pages", filter_fields={})


def _object_detail(path: str, rows: Rows) -> Route:
    return Route(f"{OBJECTS}/{path}", rows, OBJECTS_PERMISSIONS, shape="object", page_parameters=False)


def _field_collection(path: str, rows: Rows, links: str = "_links") -> Route:
    """Custom fields come with a pagination object, but neither page parameters nor a filter are declared."""
    return Route(f"{FIELDS}/{path}", rows, FIELDS_PERMISSIONS, page_parameters=False, links=links)


def _field_detail(path: str, rows: Rows) -> Route:
    return Route(f"{FIELDS}/{path}", rows, FIELDS_PERMISSIONS, shape="object", page_parameters=False)


ROUTES: list[Route] = [
    _object_collection("customobjects", listing("custom_objects", OBJECT_LIST_FIELDS, link=OBJECT_LINK)),
    _object_detail("customobjects/{id}", record("custom_objects", OBJECT_DETAIL_FIELDS, link=OBJECT_LINK)),
    _object_collection(
        "customobjects/{id}/propertyvalues",
        children(
            "custom_objects", "custom_object_property_values", "objectId", VALUE_LIST_FIELDS, VALUE_LINK
        ),
    ),
    _object_detail(
        "customobjects/{id}/propertyvalues/{valueId}",
        _of_parent(
            "custom_object_property_values", "objectId", "id", "valueId", VALUE_DETAIL_FIELDS, VALUE_LINK
        ),
    ),
    _object_collection("customobjecttypes", listing("custom_object_types", TYPE_LIST_FIELDS, link=TYPE_LINK)),
    _object_detail(
        "customobjecttypes/{typeid}",
        record("custom_object_types", TYPE_DETAIL_FIELDS, link=TYPE_LINK, parameter="typeid"),
    ),
    _object_collection(
        "customobjecttypes/{typeid}/properties",
        children(
            "custom_object_types",
            "custom_object_properties",
            "typeId",
            PROPERTY_LIST_FIELDS,
            PROPERTY_LINK,
            parameter="typeid",
        ),
    ),
    _object_detail(
        "customobjecttypes/{typeid}/properties/{propertyid}",
        _of_parent(
            "custom_object_properties",
            "typeId",
            "typeid",
            "propertyid",
            PROPERTY_DETAIL_FIELDS,
            PROPERTY_LINK,
        ),
    ),
    _field_collection("custom-fields", listing("custom_fields", CUSTOM_FIELD_FIELDS)),
    _field_detail("custom-fields/{id}", record("custom_fields", CUSTOM_FIELD_FIELDS, link=FIELD_LINK)),
    _field_collection("custom-fields-values", listing("custom_field_values", FIELD_VALUE_FIELDS), links=""),
    _field_detail(
        "custom-fields-values/{id}", record("custom_field_values", FIELD_VALUE_FIELDS, link=FIELD_VALUE_LINK)
    ),
    _field_collection("custom-fields-asset-types", listing("custom_field_asset_types", NAMED_FIELDS)),
    _field_detail(
        "custom-fields-asset-types/{id}",
        record("custom_field_asset_types", NAMED_FIELDS, link=ASSET_TYPE_LINK),
    ),
    _field_collection("custom-fields-data-types", listing("custom_field_data_types", NAMED_FIELDS)),
    _field_detail(
        "custom-fields-data-types/{id}", record("custom_field_data_types", NAMED_FIELDS, link=DATA_TYPE_LINK)
    ),
    Route(
        METRICS,
        listing("custom_metrics", METRIC_FIELDS, link=METRIC_LINK),
        default_page_size=25,
        filter_fields={},
        sort=True,
    ),
    Route(
        f"{METRICS}/{{customMetricId}}",
        record("custom_metrics", METRIC_FIELDS, link=METRIC_LINK, parameter="customMetricId"),
        shape="object",
        page_parameters=False,
    ),
]
