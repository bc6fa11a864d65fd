"""Strict validation of query parameters, and the page of rows that they select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.api.errors import ApiError
from sandbox.api.route import Route
from sandbox.api.routing import Target


@dataclass(frozen=True)
class Query:
    """The validated query of one request. ``others`` holds the operation's own parameters."""

    page_number: int
    page_size: int
    filter: str | None
    sort: str | None
    others: Mapping[str, str]


def read_query(route: Route, target: Target, clamp: int | None) -> Query:
    """Validate every query parameter; undeclared ones raise a 400."""
    values: dict[str, list[str]] = {}
    for name, value in target.query:
        values.setdefault(name, []).append(value)
    allowed = set(route.query)
    if route.page_parameters and route.shape != "object":
        allowed |= {"page_number", "page_size"}
    if route.filter_fields is not None:
        allowed.add("filter")
    if route.sort:
        allowed.add("sort")
    for name, given in values.items():
        if name not in allowed:
            raise ApiError(400, f"The query parameter '{name}' is not known here")
        if len(given) > 1 and name not in route.query:
            raise ApiError(400, f"The query parameter '{name}' is given more than once")
    for name, required in route.query.items():
        if required and not any(values.get(name, ())):
            raise ApiError(400, f"The query parameter '{name}' is required")
    page_number = _whole_number("page_number", values, 1, None)
    page_size = _whole_number("page_size", values, route.default_page_size, route.maximum_page_size)
    if clamp is not None:
        page_size = min(page_size, clamp)
    return Query(
        page_number,
        page_size,
        values["filter"][0] if "filter" in values else None,
        values["sort"][0] if "sort" in values else None,
        {name: ",".join(given) for name, given in values.items() if name in route.query},
    )


def _whole_number(name: str, values: Mapping[str, list[str]], default: int, maximum: int | None) -> int:
    if name not in values:
        return default
    text = values[name][0]
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < 1:
        raise ApiError(400, f"{name} must be a whole number from 1, not '{text}'")
    number = int(text)
    if maximum is not None and number > maximum:
        raise ApiError(400, f"{name} must not be above {maximum}")
    return number


def page(route: Route, target: Target, query: Query, rows: Sequence[Any]) -> dict[str, Any]:
    """Return the envelope with one page of the rows."""
    count = len(rows)
    if route.page_parameters:
        number, size = query.page_number, query.page_size
        items = list(rows[(number - 1) * size : number * size])
    else:
        number, size = 1, max(count, 1)
        items = list(rows)
    pages = -(-count // size)
    envelope: dict[str, Any] = {"items": items}
    if route.totals != "absent":
        pagination = {"page_size": size, "page_number": number}
        if route.totals in ("both", "pages"):
            pagination["total_pages"] = pages
        if route.totals == "both":
            pagination["total_items"] = count
        envelope["pagination"] = pagination
    if route.links:
        envelope[route.links] = _links(target, number, size, pages) if route.page_parameters else []
    return envelope


def _links(target: Target, number: int, size: int, pages: int) -> list[dict[str, str]]:
    path = "/" + "/".join(quote(segment, safe="") for segment in target.segments)
    kept = [(name, value) for name, value in target.query if name not in ("page_number", "page_size")]

    def link(rel: str, to: int) -> dict[str, str]:
        query = urlencode([*kept, ("page_number", str(to)), ("page_size", str(size))])
        return {"href": f"{path}?{query}", "rel": rel, "method": "GET"}

    links = [link("first", 1), link("last", max(pages, 1))]
    if number < pages:
        links.append(link("next", number + 1))
    return links
