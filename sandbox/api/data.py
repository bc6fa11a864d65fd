"""The rows of an operation: looked up, filtered, sorted, paged and cached."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.api.errors import ApiError
from sandbox.api.filters import Fields, compile_filter, sort_rows
from sandbox.api.paging import Query, page, read_query
from sandbox.api.route import Route
from sandbox.api.routing import Target

_CACHED_ROWS = 3_000_000
_CACHED_LISTS = 5_000


class DataService:
    """Service that turns a route and a query into the decoded reply."""

    def __init__(self, estate: Any) -> None:
        self._estate = estate
        self._cache: OrderedDict[tuple[object, ...], Sequence[Any]] = OrderedDict()
        self._cached_rows = 0
        self._version = -1

    def unpaged(self, route: Route, parameters: Mapping[str, str], target: Target) -> Any:
        """Return all rows of the operation that pass the filter, or its one object."""
        query = read_query(route, target, None)
        if route.shape in ("object", "items_object"):
            return _require(route.rows(self._estate, parameters, query.others))
        return list(self._selected(route, parameters, query))

    def payload(self, route: Route, parameters: Mapping[str, str], target: Target, clamp: int | None) -> Any:
        """Return the decoded reply.

        Errors in the query are raised as 400, a missing parent or object as 404.
        """
        query = read_query(route, target, clamp)
        if route.shape == "object":
            return _require(route.rows(self._estate, parameters, query.others))
        if route.shape == "items_object":
            found = _require(route.rows(self._estate, parameters, query.others))
            return page(route, target, query, found if isinstance(found, list) else [found])
        rows = self._selected(route, parameters, query)
        if route.shape == "collection":
            return page(route, target, query, rows)
        if route.page_parameters:
            rows = rows[(query.page_number - 1) * query.page_size : query.page_number * query.page_size]
        return {"nodes": list(rows)} if route.shape == "nodes" else list(rows)

    def _selected(self, route: Route, parameters: Mapping[str, str], query: Query) -> Sequence[Any]:
        base = (route.path, tuple(parameters.items()), tuple(sorted(query.others.items())))
        key = (*base, query.filter, query.sort)
        self._drop_stale()
        selected = self._cached(key)
        if selected is None:
            rows = _require(self._estate_rows(route, parameters, query.others))
            fields = Fields(route.filter_fields or {}, rows)
            selected = rows
            if query.filter is not None:
                passes = compile_filter(query.filter, fields)
                selected = [row for row in selected if passes(row)]
            if query.sort is not None:
                selected = sort_rows(query.sort, selected, Fields({}, rows))
            if selected is not rows:
                self._remember(key, selected)
        return selected

    def _estate_rows(self, route: Route, parameters: Mapping[str, str], query: Mapping[str, str]) -> Any:
        self._drop_stale()
        key = (route.path, tuple(parameters.items()), tuple(sorted(query.items())), None, None)
        rows = self._cached(key)
        if rows is None:
            found = route.rows(self._estate, parameters, query)
            if not isinstance(found, Sequence):
                return found
            rows = found
            self._remember(key, rows)
        return rows

    def _drop_stale(self) -> None:
        version = sum(table.version for table in self._estate.tables.values())
        if version != self._version:
            self._cache.clear()
            self._cached_rows = 0
            self._version = version

    def _cached(self, key: tuple[object, ...]) -> Sequence[Any] | None:
        rows = self._cache.get(key)
        if rows is not None:
            self._cache.move_to_end(key)
        return rows

    def _remember(self, key: tuple[object, ...], rows: Sequence[Any]) -> None:
        self._cache[key] = rows
        # A lazy sequence holds no rows, whatever its length.
        self._cached_rows += len(rows) if isinstance(rows, list) else 0
        while len(self._cache) > _CACHED_LISTS or (self._cached_rows > _CACHED_ROWS and len(self._cache) > 1):
            _, dropped = self._cache.popitem(last=False)
            self._cached_rows -= len(dropped) if isinstance(dropped, list) else 0


def _require(found: Any) -> Any:
    if found is None:
        raise ApiError(404, "The resource was not found")
    return found
