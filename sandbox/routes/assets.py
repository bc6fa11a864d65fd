"""Operations of the vendor's files, links, organizations, audit logs and inventory files."""

from collections.abc import Callable

from sandbox.api.route import Route
from sandbox.company import inventory as inventory_data
from sandbox.company.assets import is_asset
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Parameters, Rows, View, listing, record

ORGANIZATIONS = ("sam.orgtree.crud", "sam.orgtree.r")

FILE_FIELDS = (
    "id",
    "fileName",
    "fileTitle",
    "assetId",
    "assetTypeId",
    "assetOrgId",
    "insertedTs",
    "modifiedTs",
)
LINK_FIELDS = ("id", "url", "createdDate", "lastUpdatedDate", "assetType")
# Files and links show this one only where there is one.
OPTIONAL_FIELDS = ("description",)
# The file names these as required in the detail, without declaring them.
FILE_DETAIL_EXTRA = ("description", "status", "tenantId")
ORGANIZATION_FIELDS = ("id", "parentId", "name", "isLegal", "externalId")
DEVICE_FIELDS = ("tenantId", "hostname", "originalBlobId", "deviceId", "source")
AUDIT_LOG_FIELDS = (
    "accountId",
    "actorId",
    "actorTenantId",
    "archiveUntil",
    "category",
    "created",
    "httpMethod",
    "id",
    "identityName",
    "ipAddress",
    "message",
    "resourceId",
    "resourceName",
    "source",
    "tenantId",
    "type",
    "url",
    "userId",
)
# The vendor's table calls `created` a string; its conventions compare dates, and only dates can be ordered.
AUDIT_LOG_FILTER = {
    "accountId": "string",
    "category": "number",
    "created": "date",
    "identityName": "string",
    "ipAddress": "string",
    "resourceId": "string",
    "resourceName": "string",
    "source": "string",
    "type": "string",
    "userId": "string",
}


def _of_asset(table: str, fields: tuple[str, ...]) -> Rows:
    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        if not is_asset(estate, path["assetId"]):
            return None
        return View(estate.grouped(table, "assetId").get(path["assetId"], []), fields, OPTIONAL_FIELDS)

    return rows


def _audit_logs(estate: Estate, path: Parameters, query: Parameters) -> object:
    wants_attachments = query.get("attachments", "").lower() == "true"
    return View(estate.built("audit_logs"), AUDIT_LOG_FIELDS, ("attachments",) if wants_attachments else ())


def _of_device(make: Callable[[Estate, Row, list[Row]], Row]) -> Rows:
    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        reports = estate.grouped("inventory_devices", "deviceId").get(path["deviceId"])
        computer = estate.by_id("computers").get(path["deviceId"])
        return make(estate, computer, reports) if computer and reports else None

    return rows


def _object(path: str, rows: Rows, permissions: tuple[str, ...] = ()) -> Route:
    return Route(path, rows, permissions, shape="object", page_parameters=False)


ROUTES: list[Route] = [
    Route(
        "/api/sam/v1/files/asset/{assetId}",
        _of_asset("files", FILE_FIELDS),
        maximum_page_size=NO_MAXIMUM,
        filter_fields={},
        sort=True,
        links="",
    ),
    _object("/api/sam/v1/files/{id}", record("files", FILE_FIELDS, FILE_DETAIL_EXTRA)),
    Route(
        "/api/sam/v1/links/asset/{assetId}",
        _of_asset("links", LINK_FIELDS),
        filter_fields={},
        sort=True,
        links="",
    ),
    _object("/api/sam/v1/links/{id}", record("links", LINK_FIELDS, OPTIONAL_FIELDS)),
    Route(
        "/api/organizations/v1/tree",
        listing("organizations", ORGANIZATION_FIELDS, ("hierarchy",)),
        ORGANIZATIONS,
        shape="nodes",
        page_parameters=False,
        links="",
    ),
    _object(
        "/api/organizations/v1/node/{nodeId}",
        record("organizations", ORGANIZATION_FIELDS, parameter="nodeId"),
        ORGANIZATIONS,
    ),
    Route(
        "/api/audit/v2/logs",
        _audit_logs,
        ("audit.logs.app.r",),
        shape="array",
        page_parameters=False,
        filter_fields=AUDIT_LOG_FILTER,
        query={"attachments": False},
        links="",
    ),
    Route("/api/inventory/v1/device/metadata", listing("inventory_devices", DEVICE_FIELDS), filter_fields={}),
    Route(
        "/api/inventory/v1/device/{deviceId}/data",
        _of_device(inventory_data.device_data),
        shape="object",
        page_parameters=False,
        filter_fields={},
    ),
    Route(
        "/api/inventory/v1/device/{deviceId}/software",
        _of_device(inventory_data.device_software),
        shape="object",
        page_parameters=False,
        filter_fields={},
    ),
]
