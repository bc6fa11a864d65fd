"""Operations of the vendor's Oracle file. Its paths have no `/api`; `oracle_routes("/api")` adds one."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from sandbox.api.route import Route
from sandbox.company import oracle_catalogue as catalogue
from sandbox.company import oracle_children as contents
from sandbox.company import oracle_entitlements as entitlements
from sandbox.company import oracle_installations as installations
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Area, Rows, children, derived, first_matching, listing, record

# Replies have the number of pages but not of items, and any field can be filtered.
_AREA = Area("/sam/oracle/v1/", "sam.oracle.r", totals="pages", filter_fields={})
_LISTED_DATABASE = "id productId databaseName productVersion isRac isDataGuard scanDate"
_PLACES = {
    "datacenters": entitlements.DATACENTERS,
    "servers": entitlements.SERVERS,
    "virtual-machines": entitlements.VIRTUAL_MACHINES,
}


def _with_links(path: str, table: str, fields: str = "") -> Route:
    """Return all rows of a table, each with the link to its details."""
    return _AREA.collection(path, listing(table, fields, f"sam/oracle/v1/{path}/{{id}}"))


def _computed(rows: Callable[..., Iterable[Row]], *arguments: str) -> Rows:
    return lambda estate, _path, _query: list(rows(estate, *arguments))


def _entitlement_routes(category: str) -> list[Route]:
    """Return compliance, licence assignments and licence requirements of databases or middleware."""
    start = f"{category.lower()}/entitlements"
    routes = [
        _AREA.collection(f"{start}/compliance/products", _computed(entitlements.product_compliance, category))
    ]
    for segment, place in _PLACES.items():
        # One operation of the file declares no maximum for page_size.
        unlimited = category == catalogue.DATABASE and segment == "datacenters"
        routes += [
            _AREA.collection(
                f"{start}/compliance/{segment}",
                _computed(entitlements.compliance, category, place),
                maximum_page_size=NO_MAXIMUM if unlimited else 1000,
            ),
            _AREA.collection(
                f"{start}/license-assignments/{segment}", _computed(entitlements.assignments, category, place)
            ),
            _AREA.collection(
                f"{start}/license-requirements/{segment}",
                _computed(entitlements.requirements, category, place),
            ),
        ]
    return routes


def _contents(path: str, table: str, **kinds: Callable[[Estate, Row], Iterable[Row]]) -> list[Route]:
    """Return the operations that list the parts of one product's installations."""
    return [
        _AREA.collection(f"{path}/{{id}}/{kind.replace('_', '-')}", derived(table, make))
        for kind, make in kinds.items()
    ]


def _installation_routes() -> list[Route]:
    options = derived("oracle_databases", contents.options)
    database, java, middleware = (f"{name}/installations" for name in ("database", "java", "middleware"))
    return [
        _with_links(database, "oracle_databases", _LISTED_DATABASE),
        _AREA.single(f"{database}/{{id}}", record("oracle_databases"), shape="items_object"),
        _AREA.collection(
            f"{database}/{{id}}/servers",
            children(
                "oracle_databases",
                "databaseId",
                "oracle_database_servers",
                "id computerId licensingCoreFactor",
            ),
        ),
        *_contents(
            database,
            "oracle_databases",
            instances=contents.instances,
            options=contents.options,
            management_packs=contents.management_packs,
            features=contents.features,
            users=contents.users,
            sessions=contents.sessions,
        ),
        _AREA.collection(
            f"{database}/{{id}}/options/{{oid}}/usage",
            derived(first_matching(options, "id", "oid"), contents.option_usage),
            filter_fields=None,
        ),
        *(
            route
            for path, table in ((java, "oracle_java"), (middleware, "oracle_middleware"))
            for route in (
                _with_links(path, table),
                _AREA.single(
                    f"{path}/{{id}}", derived(table, installations.declared_detail), shape="items_object"
                ),
            )
        ),
        *_contents(java, "oracle_java", features=contents.java_features),
        *_contents(middleware, "oracle_middleware", applications=contents.middleware_applications),
    ]


_ORDERS = "entitlements/orders"
_ORDER_ROUTES = [
    _with_links(_ORDERS, "oracle_orders"),
    # A filter and page parameters are declared for this single object, where they change nothing.
    _AREA.single(
        f"{_ORDERS}/{{id}}",
        record("oracle_orders"),
        filter_fields={},
        query={"page_size": False, "page_number": False},
    ),
    _AREA.collection(f"{_ORDERS}/{{id}}/licenses", children("oracle_orders", "orderId", "oracle_licenses")),
    _with_links("products", "oracle_products"),
    _AREA.single("products/{id}", record("oracle_products")),
]


def _lookup_routes(name: str, values: tuple[str, ...]) -> list[Route]:
    """Return a list of names, and the operation that returns each name alone."""

    def names(_estate: Estate, _path: object, _query: object) -> list[Row]:
        return [{"name": value} for value in values]

    return [
        _AREA.collection(name, names, filter_fields=None),
        _AREA.single(f"{name}/{{name}}", first_matching(names, "name", "name")),
    ]


def oracle_routes(prefix: str = "") -> list[Route]:
    """Return all Oracle routes, with a prefix before their paths."""
    routes = [
        *_entitlement_routes(catalogue.DATABASE),
        *_installation_routes(),
        *_entitlement_routes(catalogue.MIDDLEWARE),
        *_ORDER_ROUTES,
        *(route for name, values in catalogue.LOOKUPS.items() for route in _lookup_routes(name, values)),
    ]
    return [replace(route, path=prefix + route.path) for route in routes]


ROUTES: list[Route] = oracle_routes()
