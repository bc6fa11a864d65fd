"""Operations of the vendor's agreements file: agreements, contracts, their types and periods."""

from sandbox.api.route import Route
from sandbox.company.agreements import periods
from sandbox.routes.helpers import Area, derived, linked, listing, record

_FIELDS = "id parentId assignedId name typeId contactId manufacturerId"


def _routes(name: str, types: str, permission: str) -> list[Route]:
    """Return the five operations that agreements and contracts each have; none has total_items."""
    area = Area("/api/sam/v2/", permission, totals="pages")
    plain = [
        area.collection(name, listing(name, _FIELDS), filter_fields={}),
        area.single(f"{name}/{{id}}", record(name)),
        area.collection(f"{name}/{{id}}/periods", derived(name, periods)),
        area.collection(types, listing(types.replace("-", "_"))),
        area.single(f"{types}/{{id}}", record(types.replace("-", "_"))),
    ]
    # The vendor declares links in details and periods, not in the lists.
    return [linked(route) if "{id}" in route.path else route for route in plain]


ROUTES: list[Route] = [
    *_routes("agreements", "agreement-types", "sam.agreements.agreement.r"),
    *_routes("contracts", "contract-types", "sam.contracts.contract.r"),
]
