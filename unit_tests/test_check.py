"""The connection test: which areas can be read, what to grant for the others, and one sentence per
mistake.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote as percent_encoded

import pytest
import requests
from airbyte_cdk.models import Status

from source_snow_atlas import SourceSnowAtlas, definitions
from source_snow_atlas.components.request.client import SnowAtlasClient
from unit_tests.helpers.fake_http import HOST, TOKEN_URL, FakeHttp, Reply, query_of, token_reply
from unit_tests.helpers.fakes import SECRET, FakeClock
from unit_tests.test_identity_token import signed

LOGGER = logging.getLogger("airbyte")
EMPTY = Reply(document={"items": [], "nodes": []})
DENIED = Reply(403, {"error": {"code": 403, "message": "no"}})


@pytest.fixture
def check(
    config: dict[str, Any], http: FakeHttp, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Status, str]]:
    """Run `check` against a server that allows what the test says; asked for is every path without
    parents.
    """
    paths = {
        parameters["path"]: parameters
        for parameters in map(definitions.parameters, definitions.stream_definitions())
        if "path" in parameters and not parameters.get("parents")
    }

    client = partial(SnowAtlasClient, sleep=clock.sleep)
    monkeypatch.setattr("source_snow_atlas.components.run.sync.SnowAtlasClient", client)

    def run(allowed: Callable[[dict[str, Any]], Reply], **changes: Any) -> tuple[Status, str]:
        for path, parameters in paths.items():
            for root in ("", "/api") if path.startswith("/sam/oracle/") else ("",):
                http.on("GET", HOST + root + path, allowed(parameters))
        status = SourceSnowAtlas().check(LOGGER, {**config, **changes})
        assert SECRET not in (status.message or "")
        return status.status, status.message or ""

    return run


def test_everything_is_readable(check: Callable[..., tuple[Status, str]], http: FakeHttp) -> None:
    """A good configuration could not be saved; or the check would take as long as a sync."""
    status, message = check(lambda parameters: EMPTY)
    assert status == Status.SUCCEEDED
    for area in ("computers", "licenses", "oracle", "saas", "audit_logs", "organizations", "inventory"):
        assert area in message
    assert "Not readable" not in message
    data = [request for request in http.requests if request.method == "GET"]
    assert len(data) < 40
    assert all(query_of(request).get("page_size", "1") == "1" for request in data)


def test_some_permissions_are_missing(check: Callable[..., tuple[Status, str]]) -> None:
    """The user would not learn which permission to grant for the areas that lack."""
    status, message = check(lambda parameters: EMPTY if parameters["area"] == "computers" else DENIED)
    assert status == Status.SUCCEEDED
    assert "Readable: computers." in message
    assert "licenses (grant the permission sam.license.r)" in message
    assert "organizations (grant the permission sam.orgtree.crud or sam.orgtree.r)" in message


def test_nothing_is_readable(check: Callable[..., tuple[Status, str]]) -> None:
    """A registration without permissions would pass, and every sync fail."""
    status, message = check(lambda parameters: DENIED)
    assert status == Status.FAILED
    assert "grant" in message
    assert "sam.computer.r" in message
    assert "The credentials are valid" in message


def test_an_area_that_fails_otherwise_says_so(check: Callable[..., tuple[Status, str]]) -> None:
    """A product that the tenant lacks (404) would look like a missing permission."""
    status, message = check(lambda parameters: Reply(404, {}) if parameters["area"] == "inventory" else EMPTY)
    assert status == Status.SUCCEEDED
    assert "HTTP 404" in message


def test_an_answer_without_content_is_a_failure(check: Callable[..., tuple[Status, str]]) -> None:
    """The connection could be saved although every stream fails."""
    status, message = check(lambda parameters: Reply(204, body=b""))
    assert status == Status.FAILED
    assert "HTTP 204" in message


def test_a_wrong_secret(check: Callable[..., tuple[Status, str]], http: FakeHttp) -> None:
    """The user would not learn what is wrong, or wait for it."""
    http.on("POST", TOKEN_URL, Reply(400, {"error": "invalid_client"}))
    status, message = check(lambda parameters: EMPTY)
    assert status == Status.FAILED
    assert "invalid_client" in message
    assert len(http.requests) == 1


@pytest.mark.parametrize("where", ["token", "data"])
def test_a_rate_limited_server(
    check: Callable[..., tuple[Status, str]], http: FakeHttp, clock: FakeClock, where: str
) -> None:
    """The connection test would hang for as long as the limit lasts."""
    limited = Reply(429, {}, headers={"Retry-After": "120"})
    if where == "token":
        http.on("POST", TOKEN_URL, limited)
    status, message = check(lambda parameters: limited)
    assert status == Status.FAILED
    assert "HTTP 429" in message
    assert clock.sleeps == []


def test_a_wrong_configuration(check: Callable[..., tuple[Status, str]], http: FakeHttp) -> None:
    """A mistake in the form would crash the connection test."""
    status, message = check(lambda parameters: EMPTY, region="mars")
    assert status == Status.FAILED
    assert "Set region to one of" in message
    assert http.requests == []


def test_the_tenant_is_named_in_the_log(
    check: Callable[..., tuple[Status, str]], http: FakeHttp, every_log_line: pytest.LogCaptureFixture
) -> None:
    """A person who looks after several tenants would not see which one a log is about."""
    token = signed(tenant="tenant-7", tenant_name="Blå Berg", region="westeurope")
    http.on("POST", TOKEN_URL, token_reply(id_token=token))
    check(lambda parameters: EMPTY)
    assert "Tenant Blå Berg (tenant-7), region westeurope." in every_log_line.text


def test_a_tenant_that_carries_a_secret_is_not_named(
    check: Callable[..., tuple[Status, str]], http: FakeHttp, every_log_line: pytest.LogCaptureFixture
) -> None:
    """A token endpoint that echoes the secret into a claim would put it into the log."""
    http.on("POST", TOKEN_URL, token_reply(id_token=signed(tenant_name=f"x {percent_encoded(SECRET)}")))
    status, _ = check(lambda parameters: EMPTY)
    assert status == Status.SUCCEEDED
    assert percent_encoded(SECRET) not in every_log_line.text


@pytest.mark.parametrize(
    "down",
    [Reply(503, {}), Reply(500, {}), requests.ConnectionError("refused"), requests.ReadTimeout("slow")],
)
def test_apis_that_are_down(check: Callable[..., tuple[Status, str]], down: Any) -> None:
    """A person would look for permissions that are not missing, while the server is down."""
    status, message = check(lambda parameters: down)
    assert status == Status.FAILED
    assert "down or can't be reached" in message
    assert "GET /api/" in message
    assert "grant" not in message.lower()


def test_some_areas_are_down_and_others_refused(check: Callable[..., tuple[Status, str]]) -> None:
    """The person would look for permissions that are not missing, or not for those that are."""
    status, message = check(
        lambda parameters: DENIED if parameters["area"] == "computers" else Reply(503, {})
    )
    assert status == Status.FAILED
    assert "computers (grant the permission sam.computer.r)" in message
    assert "licenses (grant" not in message
    assert "HTTP 503" in message
    assert "down or can't be reached" in message


LASTING = {
    "down, and one endpoint unknown": (Reply(502, {}), Reply(404, {}), "down or can't be reached"),
    "maintenance page": (Reply(body=b"<html>"), Reply(body=b"<html>"), "the body is HTML"),
    "redirects": (Reply(302, {}), Reply(302, {}), "redirects to another address"),
    "no valid token": (Reply(401, {}), Reply(401, {}), "HTTP 401"),
}


@pytest.mark.parametrize(("usual", "computers", "said"), LASTING.values(), ids=LASTING.keys())
def test_a_common_reason_is_said_once_and_is_no_missing_permission(
    check: Callable[..., tuple[Status, str]], usual: Reply, computers: Reply, said: str
) -> None:
    """A person would look for permissions, in a message of thousands of characters."""
    status, message = check(lambda parameters: computers if parameters["area"] == "computers" else usual)
    assert status == Status.FAILED
    assert message.count(said) == 1
    assert "grant" not in message.lower()
    assert "credentials are valid" not in message
    assert len(message) < 700
    assert "computers" in message
    assert "licenses" in message


@pytest.mark.parametrize("where", ["token", "data"])
def test_an_announced_wait_is_the_answer(
    check: Callable[..., tuple[Status, str]], http: FakeHttp, clock: FakeClock, where: str
) -> None:
    """The connection test would hang for as long as a maintenance lasts."""
    maintenance = Reply(503, {}, headers={"Retry-After": "600"})
    if where == "token":
        http.on("POST", TOKEN_URL, maintenance)
    status, message = check(lambda parameters: maintenance)
    assert status == Status.FAILED
    assert "HTTP 503" in message
    assert clock.sleeps == []


@pytest.mark.parametrize(
    ("status_of_filter", "advice"), [(400, "correct the filter"), (414, "shorten the filter")]
)
def test_filters_are_checked_too(
    check: Callable[..., tuple[Status, str]], http: FakeHttp, status_of_filter: int, advice: str
) -> None:
    """A broken filter would pass the connection test and fail every sync."""
    refused = Reply(status_of_filter, {"error": {"code": status_of_filter, "message": "no operator ="}})
    status, message = check(
        lambda parameters: refused if parameters["path"].endswith("/v1/licenses") else EMPTY,
        filters=[{"stream": "licenses", "filter": "name = Office"}],
    )
    assert status == Status.FAILED
    assert f"{advice} of this stream" in message
    assert "no operator =" in message
    asked = [request for request in http.requests if str(request.url).split("?")[0].endswith("/v1/licenses")]
    assert "name = Office" in {query_of(request).get("filter") for request in asked}
