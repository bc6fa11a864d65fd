"""The access token: asked for as the vendor says, once for all, renewed in time, and never shown."""

from __future__ import annotations

import base64
import itertools
import logging
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent_encoded

import pytest
import requests
from airbyte_cdk.sources.streams.http.requests_native_auth import Oauth2Authenticator
from hypothesis import given
from hypothesis import strategies as st
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from source_snow_atlas.components.basics.errors import (
    ConfigurationError,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
)
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from unit_tests.helpers.fake_http import HOST, TOKEN_URL, FakeHttp, Reply, token_reply
from unit_tests.helpers.fakes import SECRET, FakeClock

POOL = HTTPSConnectionPool("westeurope.snowsoftware.io")
UNKNOWN_HOST = requests.ConnectionError(
    MaxRetryError(POOL, TOKEN_URL, NameResolutionError("host", POOL, OSError("unknown")))  # type: ignore[arg-type]
)
REFUSED_CONNECTION = requests.ConnectionError(
    MaxRetryError(POOL, TOKEN_URL, NewConnectionError(POOL, "refused"))  # type: ignore[arg-type]
)


def refusal(error: str, status: int = 400, **more: Any) -> Reply:
    return Reply(status, {"error": error, **more})


@pytest.fixture
def authenticator(config: dict[str, Any], clock: FakeClock) -> SnowAtlasOauth2Authenticator:
    return SnowAtlasOauth2Authenticator(config=config)


def test_the_grant_is_a_form_with_the_credentials_in_its_body(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp
) -> None:
    """Snow Atlas would refuse the client, or proxies on the way would log its secret."""
    assert authenticator.get_access_token() == "token-1"
    (request,) = http.requests
    assert request.method == "POST"
    assert request.url == TOKEN_URL
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in request.headers
    for part in (str(request.url), str(request.headers)):
        assert SECRET not in part
        assert "client-1" not in part
    assert http.forms() == [
        {
            "grant_type": "client_credentials",
            "client_id": "client-1",
            "client_secret": SECRET,
            "resource": "api://snowsoftware.io/api",
            "scope": "openid",
        }
    ]


def test_the_header_carries_the_token(authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp) -> None:
    """Every request to the APIs would be refused."""
    assert isinstance(authenticator, Oauth2Authenticator), "what the CDK expects of an OAuth stream"
    assert authenticator.get_auth_header() == {"Authorization": "Bearer token-1"}


@pytest.mark.parametrize("token", ["a.b.c", "reference-token-of-no-structure", "é=/+", "a" * 5000])
def test_the_token_is_opaque(authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, token: str) -> None:
    """Tenants with reference tokens, or tokens of another make, could not be read."""
    http.on("POST", TOKEN_URL, token_reply(token))
    assert authenticator.get_access_token() == token


@pytest.mark.parametrize(
    ("refused", "left"),
    [
        (["invalid_target"], {"scope"}),
        (["invalid_scope"], {"resource"}),
        (["invalid_target", "invalid_scope"], set()),
        (["invalid_scope", "invalid_target"], set()),
        (["invalid_request", "invalid_request"], set()),
    ],
)
def test_what_the_server_does_not_know_is_left_out(
    config: dict[str, Any], clock: FakeClock, http: FakeHttp, refused: list[str], left: set[str]
) -> None:
    """Tenants whose token endpoint knows no resource or no openid scope could not be read at all."""
    http.in_turn("POST", TOKEN_URL, *[refusal(error) for error in refused], token_reply(expires_in=100))
    authenticator = SnowAtlasOauth2Authenticator(config=config)
    assert authenticator.get_access_token() == "token-1"
    optional = {"resource", "scope"}
    assert optional & set(http.forms()[-1]) == left
    clock.sleep(1000)
    SnowAtlasOauth2Authenticator(config=config).get_access_token()
    assert optional & set(http.forms()[-1]) == left, "what was refused once is not tried again"
    assert len(http.requests) == len(refused) + 2


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
def test_a_client_that_is_refused_fails_at_once(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, error: str
) -> None:
    """A wrong secret would be tried again and again, until the client is locked; the user would wait for
    minutes.
    """
    http.on("POST", TOKEN_URL, refusal(error))
    with pytest.raises(ConfigurationError, match=error):
        authenticator.get_access_token()
    assert len(http.requests) == 1
    assert clock.sleeps == []


@pytest.mark.parametrize("status", [401, 403, 404, 302, 405])
def test_other_refusals_are_configuration_errors(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, status: int
) -> None:
    """A wrong API URL would be reported as a failure of the network, or followed to another host with the
    secret.
    """
    http.on(
        "POST", TOKEN_URL, Reply(status, {"message": "no"}, headers={"Location": "https://evil.example/"})
    )
    with pytest.raises(ConfigurationError, match=str(status)):
        authenticator.get_access_token()
    assert [request.url for request in http.requests] == [TOKEN_URL]


@pytest.mark.parametrize("status", [201, 204])
def test_an_answer_without_a_token_is_no_refusal(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, status: int
) -> None:
    """The user would look for a mistake in the client."""
    http.on("POST", TOKEN_URL, Reply(status, body=b""))
    with pytest.raises(ConfigurationError, match=f"answered the request with HTTP {status}"):
        authenticator.get_access_token()


def test_a_host_that_does_not_exist(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock
) -> None:
    """A typing mistake in the region would look like a failure of the network."""
    http.on("POST", TOKEN_URL, UNKNOWN_HOST)
    with pytest.raises(ConfigurationError, match="region or the API URL is probably wrong"):
        authenticator.get_access_token()
    assert len(http.requests) <= 3


def test_a_certificate_that_cannot_be_trusted(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp
) -> None:
    """Behind a proxy that breaks TLS open, the user would not learn which setting helps."""
    http.on(
        "POST",
        TOKEN_URL,
        requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
    )
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE"):
        authenticator.get_access_token()
    assert len(http.requests) <= 3


PASSING: list[Any] = [
    REFUSED_CONNECTION,
    requests.ConnectionError("reset"),
    requests.Timeout("slow"),
    requests.exceptions.ChunkedEncodingError("cut"),
    *[Reply(status, {"message": "later"}) for status in (202, 408, 500, 502, 503, 504, 520)],
]


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_passing_faults_are_survived(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, fault: Any
) -> None:
    """A moment's failure of the token endpoint would end the sync."""
    http.in_turn("POST", TOKEN_URL, fault, fault, token_reply())
    assert authenticator.get_access_token() == "token-1"
    assert len(clock.sleeps) == 2


@pytest.mark.parametrize("fault", PASSING, ids=repr)
@pytest.mark.parametrize("fail_fast", [False, True])
def test_lasting_faults_end_in_an_error(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, fault: Any, fail_fast: bool
) -> None:
    """A sync would hang for ever on a broken token endpoint, or a connection test for minutes."""
    http.on("POST", TOKEN_URL, fault)
    authenticator.fail_fast = fail_fast
    with pytest.raises(TransientError):
        authenticator.get_access_token()
    assert len(http.requests) <= (3 if fail_fast else 10)
    assert sum(clock.sleeps) <= (10 if fail_fast else 600)


@pytest.mark.parametrize("silence", [REFUSED_CONNECTION, requests.Timeout("no")], ids=repr)
@pytest.mark.parametrize("answered", [False, True])
def test_where_nothing_ever_answered_that_is_said_soon(
    authenticator: SnowAtlasOauth2Authenticator,
    http: FakeHttp,
    clock: FakeClock,
    silence: Exception,
    answered: bool,
) -> None:
    """Who mistyped the URL would wait for minutes; once there was an answer, an outage is waited for."""
    first = [Reply(503, {"message": "later"})] if answered else []
    http.in_turn("POST", TOKEN_URL, *first, *[silence] * 20)
    with pytest.raises(TransientError, match=r"down or can't be reached"):
        authenticator.get_access_token()
    assert (sum(clock.sleeps) > 40) == answered
    assert len(http.requests) > 2


def test_a_rate_limit_is_waited_out_as_told(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock
) -> None:
    """A sync would end at a limit that passes, or ask again too early and be refused longer."""
    limits = [Reply(429, {}, headers={"Retry-After": str(seconds)}) for seconds in (7, 30, 120)]
    http.in_turn("POST", TOKEN_URL, *limits, token_reply())
    assert authenticator.get_access_token() == "token-1"
    assert clock.sleeps == [7, 30, 120]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_announced_wait_is_obeyed_whatever_the_status(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, status: int
) -> None:
    """A token endpoint that is down would be asked inside the wait that it announces."""
    asked_at: list[float] = []

    def answer(_: Any) -> Reply:
        asked_at.append(clock.now)
        return Reply(status, {}, headers={"Retry-After": "700"}) if len(asked_at) < 3 else token_reply()

    http.on("POST", TOKEN_URL, answer)
    assert authenticator.get_access_token() == "token-1"
    assert asked_at[1] - asked_at[0] >= 700
    assert asked_at[2] - asked_at[1] >= 700


REFUSALS: dict[str, Reply] = {
    "429": Reply(429, {}),
    "429 and no wait": Reply(429, {}, headers={"Retry-After": "0"}),
    "429 and hardly a wait": Reply(429, {}, headers={"Retry-After": "0.001"}),
    "429 and a date that has passed": Reply(
        429, {}, headers={"Retry-After": "Mon, 01 Jan 2024 00:00:00 GMT"}
    ),
    "429 and nonsense": Reply(429, {}, headers={"Retry-After": "soon"}),
    "503": Reply(503, {}),
    "503 as an error code": refusal("temporarily_unavailable"),
    "503 and no wait": Reply(503, {}, headers={"Retry-After": "0"}),
    "500": Reply(500, {}),
    "202": Reply(202, {}),
    "no token": Reply(document={}),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_the_token_endpoint_is_asked_with_growing_waits(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, refusal: Reply
) -> None:
    """A token endpoint that refuses without naming a wait would be asked ten times a second, for an hour."""
    http.on("POST", TOKEN_URL, refusal)
    started = clock.now
    with pytest.raises(SnowAtlasError):
        authenticator.get_access_token()
    assert clock.now - started <= 3700
    assert all(later >= 0.5 * sooner for sooner, later in itertools.pairwise(clock.sleeps))
    in_20_seconds = sum(1 for total in itertools.accumulate(clock.sleeps) if total <= 20)
    assert in_20_seconds <= 8
    assert len(http.requests) <= 130


def test_a_failure_is_everybodys_for_a_minute(
    config: dict[str, Any], http: FakeHttp, clock: FakeClock
) -> None:
    """Each of 168 streams would ask a token endpoint that refuses, and wait for it by itself."""
    http.on("POST", TOKEN_URL, refusal("invalid_client"))
    for _ in range(168):
        with pytest.raises(ConfigurationError, match="invalid_client"):
            SnowAtlasOauth2Authenticator(config=config).get_access_token()
    assert len(http.requests) == 1


def test_a_token_that_was_waited_for_has_its_whole_life(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock
) -> None:
    """A token would count as ended when it comes, where the wait for it was longer than its life: a token a
    request.
    """
    http.in_turn(
        "POST", TOKEN_URL, Reply(429, {}, headers={"Retry-After": "900"}), token_reply(expires_in=600)
    )
    for _ in range(10):
        assert authenticator.get_access_token() == "token-1"
        clock.sleep(10)
    assert len(http.requests) == 2


def test_a_rate_limit_has_an_end(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock
) -> None:
    """A sync would wait for ever."""
    http.on("POST", TOKEN_URL, Reply(429, {}, headers={"Retry-After": "600"}))
    with pytest.raises(RateLimited, match="token requests"):
        authenticator.get_access_token()
    assert sum(clock.sleeps) <= 3600


def test_a_connection_test_does_not_wait_for_a_rate_limit(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock
) -> None:
    """The person who tests the connection would wait for minutes without a word."""
    http.on("POST", TOKEN_URL, Reply(429, {}, headers={"Retry-After": "60"}))
    authenticator.fail_fast = True
    with pytest.raises(RateLimited, match="60 s"):
        authenticator.get_access_token()
    assert clock.sleeps == []


NO_TOKEN = {
    "html": Reply(body=b"<html>Sign in</html>"),
    "empty": Reply(body=b""),
    "array": Reply(document=["access_token"]),
    "null": Reply(document=None),
    "without": Reply(document={"expires_in": 3600}),
    "null token": Reply(document={"access_token": None}),
    "empty token": Reply(document={"access_token": ""}),
    "number": Reply(document={"access_token": 7}),
    "token with a line break": Reply(document={"access_token": "a\r\nHost: evil.example"}),
    "token that no header can carry": Reply(document={"access_token": "\u20ac"}),
    "nested without end": Reply(body=b"[" * 100_000),
}


@pytest.mark.parametrize("reply", NO_TOKEN.values(), ids=NO_TOKEN.keys())
def test_a_reply_without_a_token_is_an_error(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, reply: Reply
) -> None:
    """A sign-in page in the place of the token endpoint would crash the sync with a traceback."""
    http.on("POST", TOKEN_URL, reply)
    with pytest.raises(ServerError, match="without an access token"):
        authenticator.get_access_token()
    assert len(http.requests) <= 3


# Sharing


def test_a_reply_of_any_size_is_an_error_that_names_the_host(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp
) -> None:
    """A wrong API URL that leads to a large download would be read to its end, or again and again."""
    http.on("POST", TOKEN_URL, Reply(body=b'{"access_token": "' + b"x" * 3 * 2**20))
    with pytest.raises(ServerError, match=rf"{TOKEN_URL} is larger than 2 MiB.*Check the API URL"):
        authenticator.get_access_token()
    assert len(http.requests) == 1


def test_all_streams_share_one_token(config: dict[str, Any], clock: FakeClock, http: FakeHttp) -> None:
    """168 streams would ask for 168 tokens, and the vendor limits both requests for tokens and live ones."""
    configs = [{**config, "page_size": size} for size in range(1, 50)]
    assert {SnowAtlasOauth2Authenticator(each).get_access_token() for each in configs} == {"token-1"}
    assert len(http.requests) == 1


@given(st.integers(1, 5), st.integers(1, 8))
def test_one_token_request_whatever_the_threads(instances: int, threads: int) -> None:
    """Threads that start at once would each ask for a token."""
    SnowAtlasOauth2Authenticator._endpoints.clear()
    config = {"region": "westeurope", "client_id": "client-1", "client_secret": SECRET}
    http = FakeHttp()
    http.on("POST", TOKEN_URL, token_reply())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            requests.adapters.HTTPAdapter, "send", lambda self, request, **options: http.send(self, request)
        )
        authenticators = [SnowAtlasOauth2Authenticator(config=config) for _ in range(instances)]
        barrier = threading.Barrier(instances * threads)
        found: list[str] = []

        def work(authenticator: SnowAtlasOauth2Authenticator) -> None:
            barrier.wait(20)
            found.append(authenticator.get_access_token())

        running = [
            threading.Thread(target=work, args=(authenticator,), daemon=True)
            for authenticator in authenticators
            for _ in range(threads)
        ]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join(20)
    assert found == ["token-1"] * instances * threads
    assert len(http.requests) == 1


def test_different_clients_and_hosts_do_not_share(
    config: dict[str, Any], clock: FakeClock, http: FakeHttp
) -> None:
    """A process that reads two tenants would read one of them twice; a corrected secret would not be
    tried.
    """
    other = "https://eastus2.snowsoftware.io"
    http.on("POST", f"{other}/idp/api/connect/token", token_reply("token-of-another-host"))
    issued = iter(range(1, 10))
    http.on("POST", TOKEN_URL, lambda _: token_reply(f"token-{next(issued)}"))
    configs = [
        config,
        {**config, "client_id": "client-2"},
        {**config, "client_secret": "another"},
        {**config, "region": "eastus2"},
    ]
    tokens = [SnowAtlasOauth2Authenticator(config=each).get_access_token() for each in configs]
    assert len(set(tokens)) == 4


# Life


@pytest.mark.parametrize("life", [3, 10, 60, 300, 3600, 86400])
def test_the_token_is_renewed_before_it_ends_and_not_all_the_time(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, life: int
) -> None:
    """Requests would leave with a token that has just ended; or every request would ask for a new one."""
    issued: list[float] = []

    def grant(_: Any) -> Reply:
        issued.append(clock.now)
        return token_reply(f"token-{len(issued)}", life)

    http.on("POST", TOKEN_URL, grant)
    steps = 200
    for _ in range(steps):
        authenticator.get_access_token()
        left = life - (clock.now - issued[-1])
        assert left >= min(50, 0.15 * life), "a request that leaves now must arrive while the token lives"
        clock.sleep(life / 20)
    assert len(issued) <= steps / 20 * 1.35 + 1


STRANGE_LIVES = [
    "null",
    '"soon"',
    "[]",
    "{}",
    "0",
    "-5",
    "0.001",
    "true",
    "false",
    "NaN",
    "Infinity",
    "-Infinity",
]
STRANGE_LIVES += [
    '"3600"',
    "3600.5",
    "1e300",
    "9" * 400,
    "9" * 5000,
    f'"{"9" * 400}"',
    "-" + "9" * 400,
    "1e-400",
]


@pytest.mark.parametrize("expires_in", STRANGE_LIVES, ids=lambda text: text[:12])
def test_a_strange_lifetime_does_no_harm(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, expires_in: str
) -> None:
    """A token endpoint that says its lifetime in an odd way would stop the sync with a traceback, or be asked
    for a token a request.
    """
    body = f'{{"access_token": "token-1", "expires_in": {expires_in}}}'
    http.on("POST", TOKEN_URL, Reply(body=body.encode()))
    for _ in range(50):
        assert authenticator.get_access_token() == "token-1"
        clock.sleep(10)
    assert len(http.requests) == 1


@pytest.mark.parametrize(("life", "latency"), [(1, 0.0), (1, 0.9), (2, 1.9), (10, 9.0), (3600, 3600.0)])
def test_a_token_that_has_hardly_any_life_left_is_used(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock, life: int, latency: float
) -> None:
    """A slow token endpoint, or a short life, would cost a token a request."""

    def grant(_: Any) -> Reply:
        clock.now += latency
        return token_reply(expires_in=life)

    http.on("POST", TOKEN_URL, grant)
    for _ in range(50):
        authenticator.get_access_token()
        clock.sleep(0.3)
    assert len(http.requests) == 1


def test_a_lifetime_that_is_missing(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock
) -> None:
    """The same where the server does not say."""
    http.on("POST", TOKEN_URL, Reply(document={"access_token": "token-1"}))
    for _ in range(50):
        assert authenticator.get_access_token() == "token-1"
        clock.sleep(10)
    assert len(http.requests) == 1


def test_a_refused_token_is_renewed_once_for_all_threads(
    config: dict[str, Any], clock: FakeClock, http: FakeHttp
) -> None:
    """A revoked token would cost as many token requests as there are threads."""
    issued = iter(range(1, 100))
    http.on("POST", TOKEN_URL, lambda _: token_reply(f"token-{next(issued)}"))
    authenticators = [SnowAtlasOauth2Authenticator(config=config) for _ in range(4)]
    stale = authenticators[0].get_access_token()
    barrier = threading.Barrier(16)

    def work(authenticator: SnowAtlasOauth2Authenticator) -> None:
        barrier.wait(20)
        authenticator.renew(stale)

    threads = [
        threading.Thread(target=work, args=(authenticators[number % 4],), daemon=True) for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(http.requests) == 2
    assert {authenticator.get_access_token() for authenticator in authenticators} == {"token-2"}
    authenticators[3].renew("token-1")
    assert len(http.requests) == 2


def test_after_a_failure_the_next_request_asks_again(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp, clock: FakeClock
) -> None:
    """One failure of the token endpoint would break the process for good."""
    http.on("POST", TOKEN_URL, refusal("invalid_client"))
    with pytest.raises(ConfigurationError):
        authenticator.get_access_token()
    http.on("POST", TOKEN_URL, token_reply("token-2"))
    clock.sleep(61)
    assert authenticator.get_access_token() == "token-2"


# Secrets


def test_a_netrc_file_is_not_used(
    authenticator: SnowAtlasOauth2Authenticator,
    http: FakeHttp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Credentials that a user keeps for other tools would be sent, and the token request refused."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    authenticator.get_access_token()
    assert "Authorization" not in http.requests[0].headers


@pytest.mark.parametrize(
    "outcome",
    [
        token_reply("very-secret-token", id_token="very-secret-identity"),
        refusal("invalid_client", error_description=f"secret {SECRET} is wrong"),
        refusal("strange", error_description=f"secret {SECRET} is wrong"),
        Reply(500, {"message": f"echo client_secret={SECRET}"}),
        Reply(429, {}, headers={"Retry-After": "9999"}),
        Reply(body=f"<html>{SECRET}</html>".encode()),
        REFUSED_CONNECTION,
    ],
    ids=["granted", "refused", "strange", "failing", "limited", "html", "unreachable"],
)
def test_no_secret_in_any_log_line_or_error(
    config: dict[str, Any],
    http: FakeHttp,
    clock: FakeClock,
    every_log_line: pytest.LogCaptureFixture,
    outcome: Any,
) -> None:
    """Logs, which many people read and keep, would hold the client secret or a live token."""
    http.on("POST", TOKEN_URL, outcome)
    authenticator = SnowAtlasOauth2Authenticator(config=config)
    said = ""
    try:
        authenticator.get_access_token()
        authenticator.renew("very-secret-token")
    except SnowAtlasError as error:
        said = f"{error!r} {error.message} {error.internal_message} {error.as_airbyte_message()}"
    formatter = logging.Formatter("%(message)s")
    lines = [formatter.format(record) for record in every_log_line.records] + [said]
    for hidden in (SECRET, "very-secret-token", "very-secret-identity"):
        assert not [line for line in lines if hidden in line]


@pytest.mark.parametrize("status", [400, 401, 403, 500])
@pytest.mark.parametrize(
    "document",
    [
        {"error": f"no client {SECRET}"},
        {"error": SECRET},
        {"error": base64.b64encode(SECRET.encode()).decode()},
        {"error": "invalid_grant", "error_description": percent_encoded(SECRET)},
        {"error": {"code": 400, "message": SECRET}},
        {"message": SECRET},
        SECRET,
    ],
    ids=["sentence", "error", "base64", "description", "object", "message", "text"],
)
def test_nothing_but_a_registered_error_is_quoted(
    authenticator: SnowAtlasOauth2Authenticator,
    http: FakeHttp,
    clock: FakeClock,
    every_log_line: pytest.LogCaptureFixture,
    status: int,
    document: Any,
) -> None:
    """A token endpoint that echoes the request in any form would put the secret into the log."""
    http.on("POST", TOKEN_URL, Reply(status, document))
    with pytest.raises(SnowAtlasError) as error:
        authenticator.get_access_token()
    said = f"{error.value.message} {every_log_line.text}"
    for hidden in (SECRET, SECRET[:12], base64.b64encode(SECRET.encode()).decode(), percent_encoded(SECRET)):
        assert hidden not in said
    if status != 500 and isinstance(document, dict) and document.get("error") == "invalid_grant":
        assert "invalid_grant" in said


def test_the_authenticator_shows_no_secret_of_its_own(
    authenticator: SnowAtlasOauth2Authenticator, http: FakeHttp
) -> None:
    """A debugger's or a logger's view of the object would hold the token."""
    authenticator.get_access_token()
    assert "token-1" not in repr(authenticator)


def test_host_of_the_token_request(config: dict[str, Any], clock: FakeClock, http: FakeHttp) -> None:
    """With an API URL of its own, the credentials would go to another host than the tenant's."""
    url = "https://snowatlas-westeurope.flexera.eu/idp/api/connect/token"
    http.on("POST", url, token_reply("flexera"))
    configured = {**config, "api_url": "https://snowatlas-westeurope.flexera.eu/"}
    assert SnowAtlasOauth2Authenticator(config=configured).get_access_token() == "flexera"
    assert not http.requests[0].url.startswith(HOST)  # type: ignore[union-attr]
