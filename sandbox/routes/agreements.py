"""Routes of the vendor's agreements file: agreements, contracts, their types and periods."""

from __future__ import annotations

from sandbox.api.route import Route
from sandbox.company import agreements as data
from sandbox.routes.helpers import View
from sandbox.routes.software_links import linked
from sandbox.routes.software_routes import Table, all_of, belonging, one_of


def _routes(name: str, types_name: str, permission: str, table: Table, types: Table) -> list[Route]:
    """The five routes that agreements and contracts each have. None of the replies declares total_items."""
    permissions = (permission,)
    plain = [
        Route(
            f"/api/sam/v2/{name}",
            lambda estate, _path, _query: View(table(estate), data.LIST_FIELDS),
            permissions,
            totals="pages",
            filter_fields={},
        ),
        Route(
            f"/api/sam/v2/{name}/{{id}}",
            belonging(name, lambda _estate, row: row),
            permissions,
            shape="object",
            page_parameters=False,
        ),
        Route(
            f"/api/sam/v2/{name}/{{id}}/periods", belonging(name, data.periods), permissions, totals="pages"
        ),
        Route(
            f"/api/sam/v2/{types_name}",
            all_of(types),
            permissions,
            totals="pages",
        ),
        Route(
            f"/api/sam/v2/{types_name}/{{id}}",
            one_of(types),
            permissions,
            shape="object",
            page_parameters=False,
        ),
    ]
    # The vendor declares links in details and periods, not in the lists.
    return [linked(route) if "{id}" in route.path else route for route in plain]


ROUTES: list[Route] = [
    *_routes(
        "agreements",
        "agreement-types",
        "sam.agreements.agreement.r",
        data.agreements,
        data.agreement_types,
    ),
    *_routes("contracts", "contract-types", "sam.contracts.contract.r", data.contracts, data.contract_types),
]
