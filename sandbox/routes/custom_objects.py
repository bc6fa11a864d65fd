"""Operations of the vendor's custom objects file."""

from sandbox.api.route import Route
from sandbox.routes.helpers import Area, Rows, children, first_matching, listing, record

_AREA = Area("/api/sam/estate/v1/", "sam.customobject.r", totals="pages", filter_fields={})
_OBJECT = "api/sam/estate/v1/customobjects/{id}"
_TYPE = "api/sam/estate/v1/customobjecttypes/{id}"


def _values(fields: str) -> Rows:
    link = "api/sam/estate/v1/customobjects/{objectId}/propertyvalues/{id}"
    return children("custom_objects", "objectId", "custom_object_property_values", fields, link)


def _properties(fields: str) -> Rows:
    link = "api/sam/estate/v1/customobjecttypes/{typeId}/properties/{id}"
    return children(
        "custom_object_types", "typeId", "custom_object_properties", fields, link, parameter="typeid"
    )


ROUTES: list[Route] = [
    _AREA.collection("customobjects", listing("custom_objects", "id objectName", _OBJECT)),
    _AREA.single(
        "customobjects/{id}",
        record("custom_objects", "id objectName computerId userId createdDate updatedDate", _OBJECT),
    ),
    _AREA.collection("customobjects/{id}/propertyvalues", _values("id objectId")),
    _AREA.single(
        "customobjects/{id}/propertyvalues/{valueId}",
        first_matching(_values("id objectId propertyId value"), "id", "valueId"),
    ),
    _AREA.collection("customobjecttypes", listing("custom_object_types", "id name", _TYPE)),
    _AREA.single(
        "customobjecttypes/{typeid}",
        record(
            "custom_object_types",
            "id name description canAttachToContract createdDate updatedDate",
            _TYPE,
            parameter="typeid",
        ),
    ),
    _AREA.collection("customobjecttypes/{typeid}/properties", _properties("id typeId")),
    _AREA.single(
        "customobjecttypes/{typeid}/properties/{propertyid}",
        first_matching(
            _properties("id typeId name description isMandatory defaultValue"), "id", "propertyid"
        ),
    ),
]
