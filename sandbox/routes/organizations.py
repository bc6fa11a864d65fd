"""Operations of the vendor's organizations file."""

from sandbox.api.route import Route
from sandbox.routes.helpers import Area, listing, record

_AREA = Area("/api/organizations/v1/", "sam.orgtree.crud", "sam.orgtree.r")
_FIELDS = "id parentId name isLegal externalId"

ROUTES: list[Route] = [
    _AREA.collection(
        "tree",
        listing("organizations", _FIELDS, extra="hierarchy"),
        shape="nodes",
        page_parameters=False,
        links="",
    ),
    _AREA.single("node/{nodeId}", record("organizations", _FIELDS, parameter="nodeId")),
]
