"""How the software routes modules look rows up: by the row the path names, and by what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sandbox.company.agreements import agreements, contracts
from sandbox.company.estate import Estate, Row
from sandbox.company.licenses import licenses
from sandbox.routes.helpers import Parameters, Rows, View

Table = Callable[[Estate], list[Row]]
Children = Callable[[Estate, Row], list[Row]]
_Answer = TypeVar("_Answer")

# Parents whose tables the estate does not build by name.
_BUILDERS: dict[str, Table] = {"agreements": agreements, "contracts": contracts, "licenses": licenses}


def first_where(rows: Iterable[Row], field: str, value: str) -> Row | None:
    """The first row whose field has the value, or None (which the server answers with 404)."""
    return next((row for row in rows if row.get(field) == value), None)


def all_of(table: Table) -> Rows:
    """All rows of a table."""
    return lambda estate, _path, _query: table(estate)


def one_of(table: Table, parameter: str = "id") -> Rows:
    """The row of a (small) table whose id the path gives."""
    return lambda estate, path, _query: first_where(table(estate), "id", path[parameter])


def belonging(parents: str, answer: Callable[[Estate, Row], _Answer], parameter: str = "id") -> Rows:
    """What belongs to the parent that the path names; 404 where its table has no such row."""

    def rows(estate: Estate, path: Parameters, _query: Parameters) -> _Answer | None:
        parent = _find(estate, parents, path[parameter])
        return None if parent is None else answer(estate, parent)

    return rows


def child(parents: str, children: Children, field: str, parameter: str) -> Rows:
    """One row among those that belong to the parent with the id in the path."""

    def rows(estate: Estate, path: Parameters, _query: Parameters) -> Row | None:
        parent = _find(estate, parents, path["id"])
        return None if parent is None else first_where(children(estate, parent), field, path[parameter])

    return rows


def referring(table: Table, name: str, field: str) -> Children:
    """The rows of a table that refer to the parent by the field."""

    def rows(estate: Estate, parent: Row) -> list[Row]:
        table(estate)
        return estate.grouped(name, field).get(parent["id"], [])

    return rows


def shown(children: Children, fields: Sequence[str]) -> Callable[[Estate, Row], View]:
    """The same rows with the given fields only."""
    return lambda estate, parent: View(children(estate, parent), fields)


def _find(estate: Estate, table: str, row_id: str) -> Row | None:
    build = _BUILDERS.get(table)
    if build is not None:
        build(estate)
    return estate.by_id(table).get(row_id)
