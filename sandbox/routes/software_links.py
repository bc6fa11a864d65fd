"""Adds to software records the links that the vendor declares for each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import overload

from sandbox.api.route import Route
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import Parameters


class _Linked(Sequence[Row]):
    """Rows of a collection, each with a link added when it is asked for."""

    def __init__(self, rows: Sequence[Row], path: str) -> None:
        self._rows = rows
        self._path = path

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._linked(row) for row in self._rows[index]]
        return self._linked(self._rows[index])

    def __iter__(self) -> Iterator[Row]:
        return map(self._linked, self._rows)

    def _linked(self, row: Row) -> Row:
        if "id" in row:
            return _with_link(row, f"{self._path}/{row['id']}", "details")
        return _with_link(row, self._path, "self")


def linked(route: Route) -> Route:
    """The route with links in its records."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        reply = route.rows(estate, path, query)
        href = route.path.format_map(path)
        if isinstance(reply, dict):
            return _with_link(reply, href, "self")
        return _Linked(reply, href) if isinstance(reply, Sequence) else reply

    return dataclasses.replace(route, rows=rows)


def _with_link(row: Row, href: str, rel: str) -> Row:
    return {**row, "_links": [{"href": href, "rel": rel, "method": "GET"}]}
