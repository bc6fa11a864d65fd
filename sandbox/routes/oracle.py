"""Routes of the vendor's Oracle file: its paths have no `/api`, but `oracle_routes("/api")` adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.api.route import Route
from sandbox.company import oracle_catalogue as catalogue
from sandbox.company import oracle_children as children
from sandbox.company import oracle_entitlements as entitlements
from sandbox.company import oracle_installations as installations
from sandbox.company.estate import Estate, Row, Table
from sandbox.routes.helpers import NO_MAXIMUM, Parameters, Rows

BASE = "/sam/oracle/v1"
READ = ("sam.oracle.r",)
_LISTED_DATABASE_FIELDS = (
    "id",
    "productId",
    "databaseName",
    "productVersion",
    "isRac",
    "isDataGuard",
    "scanDate",
)
_ESTATES = {
    "datacenters": entitlements.DATACENTERS,
    "servers": entitlements.SERVERS,
    "virtual-machines": entitlements.VIRTUAL_MACHINES,
}


def _collection(path: str, rows: Rows, *, maximum: int = 1000, filterable: bool = True) -> Route:
    """A paged collection: replies tell the number of pages, not of items, and filters name any field."""
    return Route(
        path=f"{BASE}{path}",
        rows=rows,
        permissions=READ,
        maximum_page_size=maximum,
        totals="pages",
        filter_fields={} if filterable else None,
    )


def _details(path: str, rows: Rows, shape: str = "object") -> Route:
    return Route(path=f"{BASE}{path}", rows=rows, permissions=READ, shape=shape, page_parameters=False)


def _linked(row: Row, path: str) -> Row:
    """A row with the link to its details that the vendor's rows carry."""
    href = f"{BASE.lstrip('/')}{path}/{row['id']}"
    return {**row, "_links": [{"href": href, "rel": "details", "method": "GET"}]}


def _all(path: str, table: Callable[[Estate], Table], fields: tuple[str, ...] = ()) -> Rows:
    """All rows of a table (or these fields of them), each with its link."""

    def rows(estate: Estate, _path: Parameters, _query: Parameters) -> list[Row]:
        found = table(estate)
        return [_linked({name: row[name] for name in fields} if fields else row, path) for row in found]

    return rows


def _one(
    table: Callable[[Estate], Table], name: str, show: Callable[[Estate, Row], Row] | None = None
) -> Rows:
    """The row of a named table that the path's `id` names, shown as the operation shows it."""

    def rows(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
        table(estate)
        row = estate.by_id(name).get(path["id"])
        return row if row is None or show is None else show(estate, row)

    return rows


def _under(rows_of: Callable[[Estate, str], list[Row] | None]) -> Rows:
    """The rows that belong to the parent that the path's `id` names."""
    return lambda estate, path, _query: rows_of(estate, path["id"])


def _for_estates(rows_of: Callable[[Estate, str, str], list[Row]], category: str, estate_type: str) -> Rows:
    return lambda estate, _path, _query: rows_of(estate, category, estate_type)


def _products_of(category: str) -> Rows:
    return lambda estate, _path, _query: entitlements.product_compliance(estate, category)


def _entitlement_routes(category: str) -> list[Route]:
    """Compliance, license assignments and license requirements of the databases or of the middleware."""
    start = f"/{category.lower()}/entitlements"
    routes = [_collection(f"{start}/compliance/products", _products_of(category))]
    for segment, estate_type in _ESTATES.items():
        # One operation of the file declares no maximum for page_size.
        unlimited = category == catalogue.DATABASE and segment == "datacenters"
        routes += [
            _collection(
                f"{start}/compliance/{segment}",
                _for_estates(entitlements.compliance, category, estate_type),
                maximum=NO_MAXIMUM if unlimited else 1000,
            ),
            _collection(
                f"{start}/license-assignments/{segment}",
                _for_estates(entitlements.assignments, category, estate_type),
            ),
            _collection(
                f"{start}/license-requirements/{segment}",
                _for_estates(entitlements.requirements, category, estate_type),
            ),
        ]
    return routes


def _installation_routes() -> list[Route]:
    database, java, middleware = (f"/{name}/installations" for name in ("database", "java", "middleware"))
    return [
        _collection(database, _all(database, installations.databases, _LISTED_DATABASE_FIELDS)),
        _details(f"{database}/{{id}}", _one(installations.databases, "oracle_databases"), "items_object"),
        _collection(f"{database}/{{id}}/servers", _under(children.servers)),
        _collection(f"{database}/{{id}}/instances", _under(children.instances)),
        _collection(f"{database}/{{id}}/options", _under(children.options)),
        _collection(f"{database}/{{id}}/management-packs", _under(children.management_packs)),
        _collection(f"{database}/{{id}}/features", _under(children.features)),
        _collection(f"{database}/{{id}}/users", _under(children.users)),
        _collection(f"{database}/{{id}}/sessions", _under(children.sessions)),
        _collection(
            f"{database}/{{id}}/options/{{oid}}/usage",
            lambda estate, path, _query: children.option_usage(estate, path["id"], path["oid"]),
            filterable=False,
        ),
        _collection(java, _all(java, installations.java)),
        _details(
            f"{java}/{{id}}",
            _one(installations.java, "oracle_java", installations.declared_detail),
            "items_object",
        ),
        _collection(f"{java}/{{id}}/features", _under(children.java_features)),
        _collection(middleware, _all(middleware, installations.middleware)),
        _details(
            f"{middleware}/{{id}}",
            _one(installations.middleware, "oracle_middleware", installations.declared_detail),
            "items_object",
        ),
        _collection(f"{middleware}/{{id}}/applications", _under(children.middleware_applications)),
    ]


def _order_routes() -> list[Route]:
    orders = "/entitlements/orders"
    return [
        _collection(orders, _all(orders, entitlements.orders)),
        Route(
            path=f"{BASE}{orders}/{{id}}",
            rows=_one(entitlements.orders, "oracle_orders"),
            permissions=READ,
            shape="object",
            page_parameters=False,
            filter_fields={},
            # Declared for this single object, where they change nothing.
            query={"page_size": False, "page_number": False},
        ),
        _collection(f"{orders}/{{id}}/licenses", _under(entitlements.order_licenses)),
        _collection("/products", _all("/products", installations.products)),
        _details("/products/{id}", _one(installations.products, "oracle_products")),
    ]


def _lookup_routes(name: str, values: tuple[str, ...]) -> list[Route]:
    """A list of names, and each name by itself."""
    return [
        _collection(
            f"/{name}",
            lambda _estate, _path, _query: [{"name": value} for value in values],
            filterable=False,
        ),
        _details(
            f"/{name}/{{name}}",
            lambda _estate, path, _query: {"name": path["name"]} if path["name"] in values else None,
        ),
    ]


def oracle_routes(prefix: str = "") -> list[Route]:
    """All Oracle routes, below a prefix."""
    routes = [
        *_entitlement_routes(catalogue.DATABASE),
        *_installation_routes(),
        *_entitlement_routes(catalogue.MIDDLEWARE),
        *_order_routes(),
        *(route for name, values in catalogue.LOOKUPS.items() for route in _lookup_routes(name, values)),
    ]
    return [replace(route, path=prefix + route.path) for route in routes]


ROUTES: list[Route] = oracle_routes()
