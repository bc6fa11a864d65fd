"""What the routes modules have in common: projections of full rows, and lookups that end in a 404."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

from sandbox.company.estate import Estate, Row

Parameters = Mapping[str, str]
Rows = Callable[[Estate, Parameters, Parameters], object]

# For operations that declare no maximum page size.
NO_MAXIMUM = 2**31 - 1


class View(Sequence[Row]):
    """Rows as one operation shows them, projected one by one when asked for.

    A page of a hundred thousand computers then costs no more than the rows on it.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        fields: Sequence[str] | None = None,
        extra: Sequence[str] = (),
        link: str | None = None,
    ) -> None:
        self._rows = rows
        self._shape = fields, extra, link

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [project(row, *self._shape) for row in self._rows[index]]
        return project(self._rows[index], *self._shape)

    def __iter__(self) -> Iterator[Row]:
        return (project(row, *self._shape) for row in self._rows)


def project(
    row: Mapping[str, Any],
    fields: Sequence[str] | None = None,
    extra: Sequence[str] = (),
    link: str | None = None,
) -> Row:
    """The declared fields of a row (all of them, if not named) and those other ones that it happens to have.

    `link` is the template of the link to the record, filled from the row; empty where the vendor declares
    links but there is nothing to link to, None where it declares none.
    """
    shown = dict(row) if fields is None else {name: row[name] for name in fields}
    for name in extra:
        if name in row:
            shown[name] = row[name]
    if link is not None:
        href = link.format_map(row)
        shown["_links"] = [{"href": href, "rel": "details", "method": "GET"}] if href else []
    return shown


def listing(table: str, fields: Sequence[str], extra: Sequence[str] = (), link: str | None = None) -> Rows:
    """All rows of a table, as a list shows them."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        return View(estate.built(table), fields, extra, link)

    return rows


def record(
    table: str,
    fields: Sequence[str],
    extra: Sequence[str] = (),
    link: str | None = None,
    *,
    parameter: str = "id",
    key: str = "id",
) -> Rows:
    """The one row of a table that a path parameter names."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        row = estate.by_id(table, key).get(path[parameter])
        return None if row is None else project(row, fields, extra, link)

    return rows


def children(
    parents: str,
    table: str,
    reference: str,
    fields: Sequence[str],
    link: str | None = None,
    *,
    parameter: str = "id",
) -> Rows:
    """The rows of a table that refer to the parent a path parameter names."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        if path[parameter] not in estate.by_id(parents):
            return None
        return View(estate.grouped(table, reference).get(path[parameter], []), fields, (), link)

    return rows
