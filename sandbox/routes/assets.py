"""Operations of the vendor's files and links files: attachments of assets of all kinds."""

from collections.abc import Sequence

from sandbox.api.route import Route
from sandbox.company.assets import is_asset
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Area, Parameters, Rows, record, select_fields

_AREA = Area("/api/sam/v1/", filter_fields={}, sort=True, links="")
_FILE = "id fileName fileTitle assetId assetTypeId assetOrgId insertedTs modifiedTs"
_LINK = "id url createdDate lastUpdatedDate assetType"


def _of_asset(table: str, fields: str) -> Rows:
    def rows(estate: Estate, path: Parameters, _query: Parameters) -> Sequence[Row] | None:
        if not is_asset(estate, path["assetId"]):
            return None
        # Files and links have a description only where there is one.
        return select_fields(estate.where(table, "assetId", path["assetId"]), fields, extra="description")

    return rows


ROUTES: list[Route] = [
    _AREA.collection("files/asset/{assetId}", _of_asset("files", _FILE), maximum_page_size=NO_MAXIMUM),
    # The vendor's file requires the last two in the detail, without declaring them.
    _AREA.single("files/{id}", record("files", _FILE, extra="description status tenantId")),
    _AREA.collection("links/asset/{assetId}", _of_asset("links", _LINK)),
    _AREA.single("links/{id}", record("links", _LINK, extra="description")),
]
