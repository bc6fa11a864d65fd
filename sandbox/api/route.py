"""Declaration of one GET operation: the contract between the route modules and the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Route:
    """One GET operation, declared as in the vendor's file.

    ``rows`` is called with the estate, the path parameters and the query. For the shapes "collection",
    "array" and "nodes" it returns all rows as a sequence, which may be lazy; the server filters, sorts and
    pages them. For "object" it returns one mapping. ``None`` means "not found".

    ``shape`` is "collection" (``items``, pagination, links), "object", "array" (a bare list), "nodes" (the
    tree of organizations) or "items_object" (one object inside an ``items`` envelope).

    ``totals`` says what the pagination object holds: "both" (``total_pages`` and ``total_items``), "pages",
    "none", or "absent" if the reply has no pagination object.

    ``filter_fields`` maps filterable fields to "string", "number", "boolean" or "date". An empty mapping
    makes every scalar field filterable; ``None`` means that the operation has no ``filter`` parameter.

    ``query`` maps the other declared query parameters to whether they are required.
    """

    path: str
    rows: Callable[[Any, Mapping[str, str], Mapping[str, str]], Any]
    permissions: tuple[str, ...] = ()
    shape: str = "collection"
    page_parameters: bool = True
    default_page_size: int = 100
    maximum_page_size: int = 1000
    totals: str = "both"
    filter_fields: Mapping[str, str] | None = None
    sort: bool = False
    query: Mapping[str, bool] = field(default_factory=dict)
    links: str = "_links"
