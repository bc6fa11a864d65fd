"""Requests to the APIs: what passes is repeated, what does not is told, and credentials go nowhere else."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NameResolutionError

from source_snow_atlas.components.basics.errors import (
    ConfigurationError,
    NotFound,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
)
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient
from source_snow_atlas.components.request.pace import Pace
from source_snow_atlas.components.request.reply import Page, parse_page
from unit_tests.helpers.fake_http import HOST, TOKEN_URL, FakeHttp, Reply, query_of, token_reply
from unit_tests.helpers.fakes import SECRET, FakeClock

PATH = "/api/sam/estate/v1/computers"
URL = HOST + PATH
GOOD = Reply(document={"items": [{"id": 1}]})


def client_with(config: dict[str, Any], clock: FakeClock, fail_fast: bool = False) -> SnowAtlasClient:
    client = SnowAtlasClient(
        SnowAtlasOauth2Authenticator(config=config), 4, fail_fast, clock=clock, sleep=clock.sleep
    )
    client.pace = Pace(4, clock, lambda condition, seconds: clock.sleep(seconds or 0.0))
    return client


@pytest.fixture
def client(config: dict[str, Any], clock: FakeClock) -> SnowAtlasClient:
    return client_with(config, clock)


@pytest.fixture
def hasty(config: dict[str, Any], clock: FakeClock) -> SnowAtlasClient:
    return client_with(config, clock, fail_fast=True)


def get(client: SnowAtlasClient, path: str = PATH, permission: Any = "sam.computer.r", **query: Any) -> Any:
    return client.get(
        "computers", path, query, lambda body: parse_page(body, "items", {"id"}, None), permission
    )


def test_a_request(client: SnowAtlasClient, http: FakeHttp) -> None:
    """Nothing could be read: the token, the query or the accepted type would be wrong."""
    http.on("GET", URL, GOOD)
    page = get(client, page_number=1, filter='name -eq "a b&c=d+é"')
    assert page == Page([{"id": 1}], is_collection=True)
    request = http.requests[-1]
    assert request.headers["Authorization"] == "Bearer token-1"
    assert request.headers["Accept"] == "application/json"
    assert "source-snow-atlas" in request.headers["User-Agent"]
    assert query_of(request) == {"page_number": "1", "filter": 'name -eq "a b&c=d+é"'}
    assert "+" not in str(request.url), (
        "blanks are %20: a plus sign would reach the filter as such on some servers"
    )


def test_a_page_that_a_proxy_passed_on(client: SnowAtlasClient, http: FakeHttp) -> None:
    """A company's proxy that answers with 203 would make every stream fail."""
    http.on("GET", URL, Reply(203, {"items": [{"id": 1}]}))
    assert get(client).rows == [{"id": 1}]


def test_no_content(client: SnowAtlasClient, http: FakeHttp) -> None:
    """An empty collection that is answered with 204 would fail the stream."""
    http.on("GET", URL, Reply(204, body=b""))
    assert get(client) is None


@pytest.mark.parametrize("status", [204, 403, 404])
def test_an_answer_without_rows_ends_the_caution_after_a_rate_limit(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, status: int
) -> None:
    """After one 429, thousands of parents that have no rows would be requested one at a time."""

    def wait(_: object, seconds: float | None) -> None:
        assert seconds is not None, "requests are sent one at a time"
        clock.sleep(seconds)

    client.pace = Pace(4, clock, wait)
    http.in_turn("GET", URL, Reply(429, headers={"Retry-After": "1"}), Reply(status, body=b""))
    with suppress(SnowAtlasError):
        get(client)
    with client.pace.slot(), client.pace.slot():
        pass  # the second slot would wait


PASSING: dict[str, Any] = {
    "reset": requests.ConnectionError("reset"),
    "timeout": requests.ReadTimeout("slow"),
    "cut": urllib3.exceptions.IncompleteRead(10, 100),
    "protocol": urllib3.exceptions.ProtocolError("broken"),
    "bad encoding": requests.exceptions.ContentDecodingError("gzip"),
    **{
        str(status): Reply(status, {"error": {"message": "later"}})
        for status in (202, 408, 425, 500, 502, 503, 504, 520)
    },
    "html": Reply(body=b"<html>Sign in</html>"),
    "cut body": Reply(body=b'{"items": [{"id": 1'),
    "items null": Reply(document={"items": None}),
    "error with 200": Reply(document={"error": {"code": 500, "message": "boom"}}),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_passing_faults_change_nothing(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, fault: Any
) -> None:
    """A moment's failure would cost the stream, or rows of it."""
    http.in_turn("GET", URL, fault, fault, fault, GOOD)
    assert get(client).rows == [{"id": 1}]
    assert len(http.asked(PATH)) == 4
    assert len(clock.sleeps) == 3


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_lasting_faults_end_in_an_error_that_names_stream_and_endpoint(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, fault: Any
) -> None:
    """The sync would never end, or the table would be empty without a word."""
    http.on("GET", URL, fault)
    with pytest.raises((TransientError, ServerError)) as error:
        get(client)
    assert "Stream computers" in (error.value.message or "")
    assert PATH in (error.value.message or "")
    assert len(http.asked(PATH)) <= 10
    assert sum(clock.sleeps) <= 600


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_page_that_fails_for_good_is_said_within_two_minutes(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, fault: Any
) -> None:
    """A sync would look as if it hung for ten minutes, for every page that can't be read."""
    http.on("GET", URL, fault)
    started = clock.now
    with pytest.raises((TransientError, ServerError)):
        get(client)
    assert clock.now - started <= 120
    assert len(http.asked(PATH)) == 9, "fewer repeats would not outlast a tenth of failing requests"


@pytest.mark.parametrize(("asked", "least"), [("40", 40.0), ("1.5", 1.5), ("a date", 250.0)])
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_is_down_says_when_to_come_again(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, status: int, asked: str, least: float
) -> None:
    """Requests inside the wait that a 503 announces would keep the server down, those of other streams
    too.
    """
    asked_at: list[float] = []
    if asked == "a date":
        asked = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=300), usegmt=True)

    def answer(request: requests.PreparedRequest) -> Reply:
        asked_at.append(clock.now)
        return Reply(status, {}, headers={"Retry-After": asked}) if len(asked_at) == 1 else GOOD

    http.on("GET", URL, answer)
    other = PATH.replace("computers", "user-accounts")

    def other_answer(request: requests.PreparedRequest) -> Reply:
        asked_at.append(clock.now)
        return GOOD

    http.on("GET", HOST + other, other_answer)
    pause, started = client.pace.pause, clock.now

    def pause_and_let_another_stream_ask(seconds: float) -> None:
        pause(seconds)
        get(client, other)

    client.pace.pause = pause_and_let_another_stream_ask  # type: ignore[method-assign]
    assert get(client).rows == [{"id": 1}]
    assert len(asked_at) == 3
    assert min(asked_at[1:]) - started >= least


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("fault", [Reply(502, {}), requests.ConnectionError("reset"), Reply(body=b"<html>")])
def test_what_comes_after_an_announced_wait_may_pass_too(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, status: int, fault: Any
) -> None:
    """The first 502 after a long wait would fail the stream: the wait would have used up the ten minutes."""
    told = Reply(status, {}, headers={"Retry-After": "900"})
    http.in_turn("GET", URL, told, told, fault, fault, GOOD)
    started = clock.now
    assert get(client).rows == [{"id": 1}]
    assert clock.now - started >= 1800


def test_a_request_that_waited_for_its_turn_has_all_its_attempts(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock
) -> None:
    """A request that queued for ten minutes would fail its stream at the first fault, or at the first 429
    where it queued for hours.
    """
    http.in_turn(
        "GET",
        URL,
        Reply(502, {}),
        Reply(429, {}, headers={"Retry-After": "1"}),
        requests.ConnectionError("reset"),
        GOOD,
    )
    client.pace.pause(9_000)
    assert get(client).rows == [{"id": 1}]


def test_slow_failures_are_given_up(client: SnowAtlasClient, http: FakeHttp, clock: FakeClock) -> None:
    """A server that takes five minutes to fail would be waited for nine times."""

    def slow(_: requests.PreparedRequest) -> Exception:
        clock.now += 300
        return requests.ReadTimeout("slow")

    http.on("GET", URL, slow)
    started = clock.now
    with pytest.raises(TransientError):
        get(client)
    assert clock.now - started <= 901


def test_a_wait_of_more_than_an_hour_is_an_error(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock
) -> None:
    """A sync would hang for a day, or ask again inside the wait that a maintenance announces."""
    http.on("GET", URL, Reply(503, {}, headers={"Retry-After": "86400"}))
    with pytest.raises(TransientError, match="86400 s"):
        get(client)
    assert len(http.asked(PATH)) == 1
    assert clock.sleeps == []


def test_a_token_that_is_refused_after_a_wait_is_renewed_once_more(
    client: SnowAtlasClient, http: FakeHttp
) -> None:
    """A token that ended during a long wait would fail the stream."""
    issued = iter(range(1, 10))
    http.on("POST", TOKEN_URL, lambda _: token_reply(f"token-{next(issued)}"))
    limit = Reply(429, {}, headers={"Retry-After": "900"})
    http.in_turn("GET", URL, Reply(401, {}), limit, Reply(401, {}), GOOD)
    assert get(client).rows == [{"id": 1}]


def test_a_refusal_that_announces_no_time_is_not_answered_at_once(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock
) -> None:
    """A server that refuses with `Retry-After: 0` would be asked without a pause for two hours."""

    def answer(request: requests.PreparedRequest) -> Reply:
        assert len(http.asked(PATH)) < 500
        return Reply(429, {}, headers={"Retry-After": "0"})

    http.on("GET", URL, answer)
    with pytest.raises(RateLimited):
        get(client)


def test_a_connection_test_gives_up_early(hasty: SnowAtlasClient, http: FakeHttp, clock: FakeClock) -> None:
    """The person who tests the connection would wait for minutes."""
    http.on("GET", URL, Reply(503, {}))
    with pytest.raises(TransientError):
        get(hasty)
    assert len(http.asked(PATH)) <= 2
    assert sum(clock.sleeps) < 2


def test_a_token_that_is_refused_is_renewed_and_the_request_repeated(
    client: SnowAtlasClient, http: FakeHttp
) -> None:
    """A token revoked in the middle of a sync would fail the streams."""
    http.in_turn("POST", TOKEN_URL, token_reply("token-1"), token_reply("token-2"))
    http.on(
        "GET",
        URL,
        lambda request: GOOD if request.headers["Authorization"] == "Bearer token-2" else Reply(401, {}),
    )
    assert get(client).rows == [{"id": 1}]
    assert len(http.asked("/idp/api/connect/token")) == 2
    assert len(http.asked(PATH)) == 2


def test_a_token_that_is_always_refused_is_an_error(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock
) -> None:
    """A client without access would ask for tokens without end."""
    http.on("GET", URL, Reply(401, body=b"token is invalid or expired"))
    with pytest.raises(ConfigurationError, match="renewed and refused again"):
        get(client)
    assert len(http.asked(PATH)) == 4
    assert len(http.asked("/idp/api/connect/token")) <= 2
    assert sum(clock.sleeps) < 5


@pytest.mark.parametrize("lag", [0.5, 2.5])
def test_a_new_token_that_is_not_known_everywhere_yet_is_no_error(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, lag: float
) -> None:
    """Every stream would fail at the start of a sync, with the advice to check a secret that is right."""
    issued: dict[str, float] = {}

    def token(request: requests.PreparedRequest) -> Reply:
        issued[f"Bearer token-{len(issued)}"] = clock.now
        return token_reply(f"token-{len(issued) - 1}")

    http.on("POST", TOKEN_URL, token)
    http.on(
        "GET",
        URL,
        lambda request: (
            GOOD if clock.now - issued[request.headers["Authorization"]] >= lag else Reply(401, {})
        ),
    )
    assert get(client).rows == [{"id": 1}]


@pytest.mark.parametrize(
    "first", [Reply(401, {}), Reply(body=b"<html>maintenance</html>")], ids=["401", "html"]
)
def test_an_announced_wait_is_respected_on_every_status(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock, first: Reply
) -> None:
    """Requests would follow at once where the server says when to come again."""
    first.headers["Retry-After"] = "120"
    http.in_turn("GET", URL, first, GOOD)
    started = clock.now
    assert get(client).rows == [{"id": 1}]
    assert clock.now - started >= 120


@pytest.mark.parametrize(
    ("permission", "named"),
    [("sam.computer.r", "sam.computer.r"), (["a.r", "b.r"], "a.r or b.r"), (None, "the vendor names none")],
)
def test_a_missing_permission_is_named(
    client: SnowAtlasClient, http: FakeHttp, permission: Any, named: str
) -> None:
    """The user would not know what to grant; or the table would be emptied as if nothing were there."""
    http.on("GET", URL, Reply(403, {"error": {"code": 403, "message": "Access denied"}}))
    with pytest.raises(ConfigurationError, match="HTTP 403") as error:
        get(client, permission=permission)
    message = error.value.message or ""
    assert named in message
    assert "Access denied" in message
    assert "computers" in message
    assert len(http.asked(PATH)) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_told_apart(client: SnowAtlasClient, http: FakeHttp, status: int) -> None:
    """A parent that is gone would fail all of its stream."""
    http.on("GET", URL, Reply(status, {}))
    with pytest.raises(NotFound):
        get(client)
    assert len(http.asked(PATH)) == 1


def test_a_filter_that_the_server_refuses(client: SnowAtlasClient, http: FakeHttp) -> None:
    """The user would not learn that his filter is wrong, nor what the server says of it."""
    http.on("GET", URL, Reply(400, {"error": {"code": 400, "message": "Unknown field 'hostname'"}}))
    with pytest.raises(ConfigurationError, match="filter of this stream") as error:
        get(client, filter='hostname -eq "x"')
    assert "Unknown field 'hostname'" in (error.value.message or "")
    with pytest.raises(ServerError, match="lower page_size"):
        get(client, page_size=1000)


@pytest.mark.parametrize("status", [201, 205, 206, 226, 405, 409, 418, 501, 505])
def test_other_refusals_fail_at_once(client: SnowAtlasClient, http: FakeHttp, status: int) -> None:
    """A request that can never succeed would be repeated for minutes."""
    http.on("GET", URL, Reply(status, {"items": [{"id": 1}]}))
    with pytest.raises(ServerError, match=str(status)) as error:
        get(client)
    assert error.value.status == status
    assert len(http.asked(PATH)) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(client: SnowAtlasClient, http: FakeHttp, status: int) -> None:
    """The token would be sent to whatever host a redirect names."""
    http.on("GET", URL, Reply(status, {}, headers={"Location": "https://evil.example/"}))
    with pytest.raises(ServerError, match="redirect"):
        get(client)
    assert all(str(request.url).startswith(HOST) for request in http.requests)


def test_a_rate_limit_is_waited_out_and_counts_as_no_failure(
    client: SnowAtlasClient, http: FakeHttp, clock: FakeClock
) -> None:
    """A busy tenant would fail the sync, or be asked again inside the wait and refuse longer."""
    limits = [Reply(429, {}, headers={"Retry-After": "20"})] * 15
    http.in_turn("GET", URL, *limits, GOOD)
    started = clock.now
    assert get(client).rows == [{"id": 1}]
    assert clock.now - started >= 15 * 20


def test_a_rate_limit_has_an_end(client: SnowAtlasClient, http: FakeHttp, clock: FakeClock) -> None:
    """The sync would wait for ever."""
    http.on("GET", URL, Reply(429, {}, headers={"Retry-After": "1800"}))
    with pytest.raises(RateLimited, match="num_workers"):
        get(client)
    assert clock.now < 20_000
    http.on("GET", URL, Reply(429, {}, headers={"Retry-After": "86400"}))
    before = clock.now
    with pytest.raises(RateLimited):
        get(client)
    assert clock.now - before < 3600


def test_a_connection_test_does_not_wait_for_a_rate_limit(
    hasty: SnowAtlasClient, http: FakeHttp, clock: FakeClock
) -> None:
    """The person who tests the connection would wait without a word."""
    http.on("GET", URL, Reply(429, {}, headers={"Retry-After": "60"}))
    with pytest.raises(RateLimited, match="60 s"):
        get(hasty)
    assert clock.sleeps == []


def test_a_host_that_does_not_exist(client: SnowAtlasClient, http: FakeHttp) -> None:
    """A typing mistake in the API URL would look like a failure of the network."""
    pool = HTTPSConnectionPool("host")
    reason = NameResolutionError("host", pool, OSError("unknown"))  # type: ignore[arg-type]
    http.on("GET", URL, requests.ConnectionError(MaxRetryError(pool, URL, reason)))
    with pytest.raises(ConfigurationError, match="region or the API URL"):
        get(client)


def test_a_netrc_file_is_not_used(
    client: SnowAtlasClient, http: FakeHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token would be replaced by credentials that a user keeps for other tools."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    http.on("GET", URL, GOOD)
    get(client)
    assert http.requests[-1].headers["Authorization"] == "Bearer token-1"


def test_proxy_and_certificates_of_the_environment_are_used(
    config: dict[str, Any], clock: FakeClock, http: FakeHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a company's proxy nothing could be read."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(Path(requests.certs.where()).read_bytes())
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    options: list[dict[str, Any]] = []

    def send(adapter: Any, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        options.append(given)
        return http.send(adapter, request)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    http.on("GET", URL, GOOD)
    get(client_with(config, clock))
    assert options[-1]["proxies"]["https"] == "http://proxy.example:3128"
    assert options[-1]["verify"] == str(bundle)
    assert all(given["verify"] for given in options)
    assert all(given["timeout"] for given in options), "a request without a timeout can hang for ever"


# Oracle: the vendor's files have its paths without /api

ORACLE = "/sam/oracle/v1/orders"
OTHER_ORACLE = "/sam/oracle/v1/products"


NOT_HERE = {
    "204": Reply(204, body=b""),
    "404": Reply(404, {}),
    "410": Reply(410, {}),
    "401": Reply(401, {}),
    "403": Reply(403, {"error": {"code": 403, "message": "blocked by the gateway"}}),
    "400": Reply(400, {}),
    "501": Reply(501, {}),
    "206": Reply(206, {"items": []}),
    "html": Reply(body=b"<html>not here</html>"),
    "another document": Reply(document={"status": "ok"}),
    "redirect": Reply(302, {}, headers={"Location": "https://elsewhere.example/"}),
    "502": Reply(502, {}),
}


@pytest.mark.parametrize(("here", "elsewhere"), [("", "/api"), ("/api", "")])
@pytest.mark.parametrize("missing", NOT_HERE.values(), ids=NOT_HERE.keys())
def test_oracle_is_found_where_the_host_answers(
    client: SnowAtlasClient, http: FakeHttp, here: str, elsewhere: str, missing: Reply
) -> None:
    """All Oracle streams would fail, on hosts that serve them under /api or on those that do not, and on
    those whose gateway refuses every path that it does not know.
    """
    for path in (ORACLE, OTHER_ORACLE):
        http.on("GET", HOST + elsewhere + path, missing)
        http.on("GET", HOST + here + path, GOOD)
    assert get(client, ORACLE).rows == [{"id": 1}]
    asked = len(http.requests)
    for path in (ORACLE, OTHER_ORACLE):
        assert get(client, path).rows == [{"id": 1}]
    assert len(http.requests) == asked + 2, "the root is found once for all streams"


def test_a_refused_oracle_stream_does_not_decide_for_the_others(
    client: SnowAtlasClient, http: FakeHttp
) -> None:
    """Where the permission for one Oracle stream lacks, the others would be asked for at the wrong place."""
    for path in (ORACLE, OTHER_ORACLE):
        http.on("GET", HOST + path, Reply(403, {}))
    http.on("GET", HOST + "/api" + ORACLE, Reply(403, {}))
    http.on("GET", HOST + "/api" + OTHER_ORACLE, GOOD)
    with pytest.raises(ConfigurationError, match="HTTP 403"):
        get(client, ORACLE)
    assert get(client, OTHER_ORACLE).rows == [{"id": 1}]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (404, 403, "oracle.r"),
        (403, 404, "oracle.r"),
        (401, 404, "HTTP 401"),
        (404, 404, "HTTP 404"),
        (503, 404, "HTTP 503"),
        (403, 503, "HTTP 503"),
        (503, 403, "HTTP 503"),
        (404, 400, "HTTP 400"),
        (403, 400, "oracle.r"),
        (204, 403, "oracle.r"),
        (403, 204, "oracle.r"),
        (204, 401, "HTTP 401"),
    ],
)
def test_the_more_telling_refusal_is_the_error(
    client: SnowAtlasClient, http: FakeHttp, first: int, second: int, said: str
) -> None:
    """A missing Oracle permission would look like a missing endpoint, or a server that is down like a missing
    permission.
    """
    http.on("GET", HOST + ORACLE, Reply(first, body=b""))
    http.on("GET", HOST + "/api" + ORACLE, Reply(second, body=b""))
    with pytest.raises(SnowAtlasError, match=said) as error:
        get(client, ORACLE, permission="oracle.r")
    assert error.value.status in (first, second)


def test_a_rate_limit_of_oracle_is_no_answer(hasty: SnowAtlasClient, http: FakeHttp) -> None:
    """A limit would be reported as what the other root says."""
    http.on("GET", HOST + ORACLE, Reply(429, {}, headers={"Retry-After": "60"}))
    with pytest.raises(RateLimited):
        get(hasty, ORACLE)


def test_no_secret_in_any_log_line(
    client: SnowAtlasClient, http: FakeHttp, every_log_line: pytest.LogCaptureFixture
) -> None:
    """Logs, which many people read and keep, would hold the token or the data."""
    http.on("POST", TOKEN_URL, token_reply("very-secret-token"))
    http.in_turn(
        "GET",
        URL,
        Reply(503, {"message": "very-secret-token"}),
        requests.ConnectionError("very-secret-token"),
        Reply(body=b"confidential"),
        Reply(401, {}),
        Reply(403, {"error": {"message": f"very-secret-token {SECRET}"}}),
    )
    with pytest.raises(ConfigurationError) as error:
        get(client)
    formatter = logging.Formatter("%(message)s")
    lines = [formatter.format(record) for record in every_log_line.records]
    lines += [str(error.value.message), str(error.value.internal_message)]
    assert len(lines) > 4
    for hidden in ("very-secret-token", SECRET, "confidential"):
        assert not [line for line in lines if hidden in line]
