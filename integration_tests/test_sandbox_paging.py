"""Paths, query parameters and pages of the sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from integration_tests.helpers.sandbox_world import (
    BARE,
    EMPTY,
    LOOKUP,
    NO_TOTALS,
    PAGES_ONLY,
    REPORT,
    THINGS,
    TREE,
    Reader,
    make_sandbox,
)
from sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with make_sandbox() as running:
        yield running
        assert not running.internal_errors


@pytest.fixture(scope="module")
def reader(sandbox: Sandbox) -> Reader:
    return Reader(sandbox)


@pytest.mark.parametrize("size", [1, 4, 5, 24, 25, 26, 50])
def test_pages_hold_every_row_once(sandbox: Sandbox, reader: Reader, size: int) -> None:
    """Tests that compare a sync with the sandbox's data would prove nothing if its pages were wrong."""
    pages = -(-25 // size)
    seen = []
    for number in range(1, pages + 2):
        reply = reader.get(THINGS, page_number=number, page_size=size).json()
        assert reply["pagination"] == {
            "page_size": size,
            "page_number": number,
            "total_pages": pages,
            "total_items": 25,
        }
        assert ("next" in {link["rel"] for link in reply["_links"]}) == (number < pages)
        seen += reply["items"]
    assert reply["items"] == []
    assert seen == sandbox.rows(THINGS)


def test_the_next_link_leads_on(sandbox: Sandbox, reader: Reader) -> None:
    """The vendor's own module pages by the links."""
    path: str | None = f"{PAGES_ONLY}?page_size=7&filter=" + quote('(active -eq "true")')
    items = []
    while path:
        reply = reader.get(path).json()
        items += reply["items"]
        path = next((link["href"] for link in reply["links"] if link["rel"] == "next"), None)
    assert items == [row for row in sandbox.rows(THINGS) if row["active"]]
    assert len(items) > 7


def test_a_clamp_is_echoed(sandbox: Sandbox, reader: Reader) -> None:
    """A server may give smaller pages than asked for; a connector that trusts its own figure loses rows."""
    sandbox.control.set(page_size_clamp=3)
    try:
        reply = reader.get(THINGS, page_size=50).json()
        everything = reader.pages(THINGS, lambda page: len(page["items"]) < 3, page_size=50)
    finally:
        sandbox.control.set(page_size_clamp=None)
    assert reply["pagination"] == {"page_size": 3, "page_number": 1, "total_pages": 9, "total_items": 25}
    assert everything == sandbox.rows(THINGS)


@pytest.mark.parametrize(
    "parameters",
    [
        {"page_number": 0},
        {"page_number": -1},
        {"page_number": "two"},
        {"page_number": ""},
        {"page_size": 0},
        {"page_size": 51},
        {"page_size": "1.0"},
        {"pageSize": 10},
        {"page_size": [10, 10]},
        {"sort": "size:up"},
        {"sort": "size"},
        {"sort": "nothing:asc"},
        {"sort": "size:asc,size:desc"},
        {"filter": ""},
    ],
)
def test_wrong_query_parameters_are_refused(reader: Reader, parameters: dict[str, Any]) -> None:
    """A lenient sandbox would hide requests that the vendor refuses or, worse, ignores."""
    reply = reader.get(THINGS, **parameters)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == 400
    assert reply.json()["error"]["message"]


def test_only_declared_parameters_are_known(reader: Reader) -> None:
    """An operation without paging or filter must not seem to have them."""
    for path, name in (
        (LOOKUP, "page_size"),
        (BARE, "page_number"),
        (NO_TOTALS, "filter"),
        (PAGES_ONLY, "sort"),
    ):
        assert reader.get(path, **{name: 1}).status_code == 400
    assert reader.get(REPORT).status_code == 400
    assert reader.get(REPORT, **{"from": "2026-01-01", "to": "x"}).json() == {"from": "2026-01-01", "to": "x"}


def test_shapes_of_replies(sandbox: Sandbox, reader: Reader) -> None:
    """The API's collections come in several shapes; each must be there to test the reading of it."""
    rows = sandbox.rows(THINGS)
    assert reader.get(BARE).json() == rows
    assert reader.get(TREE).json() == {"nodes": rows}
    lookup = reader.get(LOOKUP).json()
    assert (lookup["items"], "pagination" in lookup) == (rows, False)
    assert reader.get(PAGES_ONLY).json()["pagination"] == {
        "page_size": 100,
        "page_number": 1,
        "total_pages": 1,
    }
    assert reader.get(NO_TOTALS).json()["pagination"] == {"page_size": 100, "page_number": 1}
    empty = reader.get(EMPTY).json()
    assert (empty["items"], empty["pagination"]["total_items"]) == ([], 0)


def test_ids_may_hold_any_character(sandbox: Sandbox, reader: Reader) -> None:
    """An id with a slash, a space or a percent sign must reach the row it names."""
    for row in sandbox.rows(THINGS)[:6]:
        path = f"{THINGS}/{quote(row['id'], safe='')}"
        assert reader.get(path).json() == row
        assert reader.get(f"{path}/envelope").json()["items"] == [row]


def test_unknown_paths_objects_and_methods(sandbox: Sandbox, reader: Reader) -> None:
    """A wrong path must not look like an empty collection."""
    for path in ("/api/test/v1/nothing", f"{THINGS}/", "/", f"{THINGS}/no-such-id"):
        reply = reader.get(path)
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, 404)
    reply = reader.session.post(f"{sandbox.url}{THINGS}", timeout=10)
    assert (reply.status_code, reply.json()["error"]["code"]) == (405, 405)


def test_sort_orders_rows(sandbox: Sandbox, reader: Reader) -> None:
    """Readers may ask for a stable order where the operation offers one."""
    reply = reader.get(THINGS, sort="active:desc,size:asc", page_size=50).json()
    keys = [(row["active"], row["size"]) for row in reply["items"]]

    def rank(value: Any) -> tuple[bool, Any]:
        return (value is not None, value if value is not None else 0)

    assert [active for active, _ in keys] == sorted((active for active, _ in keys), key=rank, reverse=True)
    for group in (True, False, None):
        sizes = [size for active, size in keys if active is group]
        assert sizes == sorted(sizes, key=rank)
    assert len(keys) == 25


def test_the_real_operations_all_answer() -> None:
    """A route module that breaks would take its streams out of every other test."""
    with Sandbox(computers=12) as sandbox:
        reader = Reader(sandbox)
        sandbox.control.set(rate_limit=None)
        paths = [route.path for route in sandbox.server.router.routes]
        assert len(paths) == len(set(paths))
        for route in sandbox.server.router.routes:
            if "{" not in route.path and not any(route.query.values()):
                reply = reader.get(route.path)
                assert reply.status_code == 200, (route.path, reply.text)
        assert not sandbox.internal_errors
