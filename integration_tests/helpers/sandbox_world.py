"""Small API for tests of the sandbox: a few routes with one table, and a client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests

from sandbox import Route, Sandbox
from sandbox.company.estate import Estate, Row

THINGS = "/api/test/v1/things"
PAGES_ONLY = "/api/test/v1/pages-only"
NO_TOTALS = "/api/test/v1/no-totals"
BARE = "/api/test/v1/bare"
TREE = "/api/test/v1/tree"
LOOKUP = "/api/test/v1/lookup"
EMPTY = "/api/test/v1/empty"
REPORT = "/api/test/v1/report"
GUARDED = "/api/test/v1/guarded"
DETAIL = "/api/test/v1/things/{id}"
ENVELOPE = "/api/test/v1/things/{id}/envelope"
DECLARED = {"name": "string", "size": "number", "active": "boolean", "seen": "date"}


def build_things(estate: Estate) -> list[Row]:
    """Return 25 rows with values of every filterable type, with nulls, and with ids that need escaping."""
    rows: list[Row] = []
    for number in range(25):
        rows.append(
            {
                "id": f"thing/{number} ä%" if number % 5 == 0 else estate.guid("thing", number),
                "name": None if number % 7 == 3 else f'Thing "{number}" \\ Ünit',
                "size": None if number % 6 == 2 else (number - 10) * 1.5,
                "active": None if number % 8 == 5 else number % 2 == 0,
                "seen": None if number % 9 == 4 else f"2026-01-{number + 1:02d}T00:00:00.{number:07d}Z",
                "tags": ["a", "b"],
            }
        )
    return rows


def _things(estate: Estate, _path: Mapping[str, str], _query: Mapping[str, str]) -> list[Row]:
    return estate.table("things", build_things)


def _thing(estate: Estate, path: Mapping[str, str], _query: Mapping[str, str]) -> Row | None:
    return next((row for row in estate.table("things", build_things) if row["id"] == path["id"]), None)


ROUTES = [
    Route(THINGS, _things, filter_fields=DECLARED, sort=True, maximum_page_size=50, default_page_size=10),
    Route(PAGES_ONLY, _things, totals="pages", filter_fields={}, links="links"),
    Route(NO_TOTALS, _things, totals="none"),
    Route(BARE, _things, shape="array", page_parameters=False, filter_fields={"seen": "date"}),
    Route(TREE, _things, shape="nodes", page_parameters=False),
    Route(LOOKUP, _things, page_parameters=False, totals="absent"),
    Route(EMPTY, lambda _estate, _path, _query: [], filter_fields={}),
    Route(
        REPORT, lambda _estate, _path, query: dict(query), shape="object", query={"from": True, "to": False}
    ),
    Route(GUARDED, _things, permissions=("test.read", "test.crud")),
    Route(DETAIL, _thing, shape="object"),
    Route(ENVELOPE, _thing, shape="items_object", totals="absent"),
]


def make_sandbox(**settings: Any) -> Sandbox:
    """Return a sandbox with the routes above and further settings."""
    estate = Estate(computers=1)
    estate.table("things", build_things)
    return Sandbox(estate=estate, routes=ROUTES, **settings)


def token_form(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    """Return the form of a valid token request. A change to `None` removes a field."""
    form = {
        "grant_type": "client_credentials",
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


class Reader:
    """Client with one token and one connection."""

    def __init__(self, sandbox: Sandbox, **changes: Any) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.renew(**changes)

    def renew(self, **changes: Any) -> None:
        """Request a new token."""
        reply = self.ask_token(**changes)
        assert reply.status_code == 200, reply.text
        self.session.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"

    def ask_token(self, **changes: Any) -> requests.Response:
        """Send a token request that is valid except for the changes."""
        return requests.post(
            f"{self.sandbox.url}/idp/api/connect/token", data=token_form(self.sandbox, **changes), timeout=10
        )

    def get(self, path: str, **parameters: Any) -> requests.Response:
        """Send a GET request with the token."""
        url = f"{self.sandbox.url}{path}"
        return self.session.get(url, params=parameters, timeout=10, allow_redirects=False)

    def pages(self, path: str, stop: Callable[[dict[str, Any]], bool], **parameters: Any) -> list[Row]:
        """Return the items of all pages until `stop` returns true."""
        items: list[Row] = []
        number = 1
        while True:
            reply = self.get(path, page_number=number, **parameters).json()
            items += reply["items"]
            if stop(reply):
                return items
            number += 1
