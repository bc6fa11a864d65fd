"""Helpers of the route modules: shared declarations of an area, and functions that return rows.

A `Rows` function returns the content of a reply for the estate, the path parameters and the query; `None`
means "not found". `fields` are names separated by spaces. `link` is the template of the link to a record,
formatted with its row; it is empty where the vendor declares links but there is nothing to link to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, overload

from sandbox.api.route import Route
from sandbox.company.estate import Estate, Row

Parameters = Mapping[str, str]
Rows = Callable[[Estate, Parameters, Parameters], Any]
Make = Callable[[Estate, Row], Row | Iterable[Row] | None]

# For operations that declare no maximum page size.
NO_MAXIMUM = 2**31 - 1


class Area:
    """The path, the permissions and the declarations that the operations of one vendor file share."""

    def __init__(self, base: str, *permissions: str, **declared: Any) -> None:
        self._base, self._permissions, self._declared = base, permissions, declared

    def collection(self, path: str, rows: Rows, **declared: Any) -> Route:
        """Return a collection with the area's declarations, overridden by `declared`."""
        return Route(
            self._base + path, rows, **{"permissions": self._permissions, **self._declared, **declared}
        )

    def single(self, path: str, rows: Rows, **declared: Any) -> Route:
        """Return an operation that has one object as its reply."""
        route = Route(self._base + path, rows, self._permissions, shape="object", page_parameters=False)
        return replace(route, **declared)


class View(Sequence[Row]):
    """Lazy sequence of rows as one operation shows them.

    A page of a hundred thousand computers costs no more than the rows on it.
    """

    def __init__(self, rows: Sequence[Row], show: Callable[[Row], Row]) -> None:
        self._rows, self._show = rows, show

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._show(row) for row in self._rows[index]]
        return self._show(self._rows[index])

    def __iter__(self) -> Iterator[Row]:
        return map(self._show, self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and list(self) == list(other)


def with_link(row: Row, href: str, rel: str = "details") -> Row:
    """Return a row with a link, or with an empty list of links."""
    return {**row, "_links": [{"href": href, "rel": rel, "method": "GET"}] if href else []}


def select_fields(
    rows: Sequence[Row], fields: str = "", link: str | None = None, extra: str = ""
) -> Sequence[Row]:
    """Return rows with only the named fields (or all), optional `extra` fields and a link."""
    wanted, optional = fields.split(), extra.split()
    if not wanted and link is None:
        return rows

    def show(row: Row) -> Row:
        found = {name: row[name] for name in wanted} if wanted else row
        if optional:
            found = {**found, **{name: row[name] for name in optional if name in row}}
        return found if link is None else with_link(found, link.format_map(row))

    return View(rows, show)


def listing(table: str, fields: str = "", link: str | None = None, extra: str = "") -> Rows:
    """Return all rows of a table."""
    return lambda estate, _path, _query: select_fields(estate.built(table), fields, link, extra)


def record(
    table: str,
    fields: str = "",
    link: str | None = None,
    extra: str = "",
    *,
    parameter: str = "id",
    key: str = "id",
) -> Rows:
    """Return the one row of a table that a path parameter names."""

    def rows(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
        row = estate.by_id(table, key).get(path[parameter])
        return None if row is None else select_fields([row], fields, link, extra)[0]

    return rows


def derived(
    parents: str | Rows, make: Make, fields: str = "", link: str | None = None, *, parameter: str = "id"
) -> Rows:
    """Return what a function derives from the parent that a path parameter names: one object, or rows."""
    found = record(parents, parameter=parameter) if isinstance(parents, str) else parents

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        parent = found(estate, path, query)
        result = None if parent is None else make(estate, parent)
        if result is None or isinstance(result, dict):
            return result and select_fields([result], fields, link)[0]
        return select_fields(result if isinstance(result, Sequence) else list(result), fields, link)

    return rows


def referring(table: str, reference: str) -> Callable[[Estate, Row], list[Row]]:
    """Return a function that finds the rows of a table that refer to a parent."""
    return lambda estate, parent: estate.where(table, reference, parent["id"])


def children(
    parents: str,
    reference: str,
    table: str,
    fields: str = "",
    link: str | None = None,
    *,
    parameter: str = "id",
) -> Rows:
    """Return the rows of a table that refer to the parent that a path parameter names."""
    return derived(parents, referring(table, reference), fields, link, parameter=parameter)


def matching(rows: Rows, field: str, parameter: str) -> Rows:
    """Return the rows whose field has the value of a path parameter."""

    def narrowed(estate: Estate, path: Parameters, query: Parameters) -> list[Row] | None:
        found: Sequence[Row] | None = rows(estate, path, query)
        return None if found is None else [row for row in found if row[field] == path[parameter]]

    return narrowed


def first_matching(rows: Rows, field: str, parameter: str) -> Rows:
    """Return the first row whose field has the value of a path parameter."""
    narrowed = matching(rows, field, parameter)
    return lambda estate, path, query: next(iter(narrowed(estate, path, query) or ()), None)


def linked(route: Route) -> Route:
    """Add a link to each record of a route: to the record if it has an id, else to the operation."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        reply, href = route.rows(estate, path, query), route.path.format_map(path)
        if reply is None:
            return None
        if isinstance(reply, dict):
            return with_link(reply, href, "self")
        return View(
            reply,
            lambda row: (
                with_link(row, f"{href}/{row['id']}") if "id" in row else with_link(row, href, "self")
            ),
        )

    return replace(route, rows=rows)
