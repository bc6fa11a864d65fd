"""Tokens over real HTTP: their life, their end, their number, and that nobody else ever sees them."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from integration_tests.helpers.connector import Connector, Outcome, configured_catalog
from integration_tests.helpers.expected import Expected, difference
from sandbox import Sandbox
from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient

COMPUTERS = 60
CHILDREN = ["computers", "computer_details", "computer_hardware", "computer_costs", "computer_logical_disks"]
TOKEN = "/idp/api/connect/token"


def assert_whole(outcome: Outcome, sandbox: Sandbox, streams: list[str]) -> None:
    """The run read every row of the streams."""
    expected = Expected(sandbox)
    assert outcome.errors == []
    assert outcome.exit_code == 0
    for stream in streams:
        assert difference(outcome.records[stream], expected.records(stream)) == "", stream


def test_a_short_token_life(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> None:
    """Long syncs outlive their token; without renewal in time they would end in the middle."""
    sandbox.control.set(token_life=3, latency=0.06)
    connector = connector_with(page_size=5, num_workers=4)
    outcome = connector.read_here(CHILDREN)
    assert_whole(outcome, sandbox, CHILDREN)
    seconds = max(exchange.started for exchange in sandbox.requests) - min(
        exchange.started for exchange in sandbox.requests
    )
    assert seconds > 3
    assert 2 <= sandbox.counts.token_requests <= 1 + seconds / 2
    assert 401 not in sandbox.counts.statuses


def test_a_token_revoked_in_the_middle(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> None:
    """A secret rotated or a token withdrawn by the cap must cost a renewal, not the sync."""
    sandbox.control.revoke_tokens(after_requests=60)
    sandbox.control.set(latency=0.01)
    outcome = connector_with(page_size=5, num_workers=8).read_here(CHILDREN)
    assert_whole(outcome, sandbox, CHILDREN)
    assert sandbox.counts.token_requests == 2
    assert 1 <= sandbox.counts.statuses[401] <= 8


@pytest.mark.parametrize("mode", ["revoke-oldest", "refuse"])
def test_one_live_token_is_enough(sandbox: Sandbox, connector: Connector, mode: str) -> None:
    """Snow Atlas caps live tokens: a second one would cost the first, or be refused."""
    sandbox.control.set(max_tokens=1, max_tokens_mode=mode)
    outcome = connector.read_here(CHILDREN)
    assert_whole(outcome, sandbox, CHILDREN)
    assert sandbox.counts.token_requests == 1
    assert 401 not in sandbox.counts.statuses


def test_a_cap_that_is_used_up_is_waited_for(
    sandbox: Sandbox, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of an earlier run may still be alive: the sync waits as it is told instead of failing."""
    from source_snow_atlas.components.identity import token_endpoint

    sandbox.control.set(max_tokens=1, max_tokens_mode="refuse", token_life=600)
    assert connector.read_here(["computers"]).exit_code == 0
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        sandbox.control.revoke_tokens()

    monkeypatch.setattr(token_endpoint, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    assert_whole(connector.read_here(["computers"]), sandbox, ["computers"])
    assert len(waited) == 1
    assert waited[0] > 60


@pytest.mark.parametrize(
    "refused", [["refuse_resource"], ["refuse_openid"], ["refuse_resource", "refuse_openid"]]
)
def test_a_server_that_refuses_the_options(
    sandbox: Sandbox, connector: Connector, refused: list[str]
) -> None:
    """Hosts that know no resource or no identity token must still be readable."""
    sandbox.control.set(**dict.fromkeys(refused, True))
    assert_whole(connector.read_here(["computers"]), sandbox, ["computers"])
    status, _ = connector.check_here().connection_status
    assert status == "SUCCEEDED"


BELIEVED = ["bad_signature", "unknown_key", "unsigned", "wrong_issuer"]
NOT_BELIEVED = {"malformed": "can't be read"}


@pytest.mark.parametrize("settings", [{"id_token_fault": fault} for fault in BELIEVED])
@pytest.mark.parametrize("discovery", ["foreign_jwks", "wrong_issuer", "error"])
def test_keys_and_issuers_are_not_asked_for(
    sandbox: Sandbox, connector: Connector, settings: dict[str, str], discovery: str
) -> None:
    """A token comes over TLS from the token endpoint itself; keys on another host, or another issuer's name,
    kept users from their own data.
    """
    sandbox.control.set(discovery_fault=discovery, **settings)
    status, _ = connector.check_here().connection_status
    assert status == "SUCCEEDED"
    outcome = connector.read_here(["organizations", "tenant"])
    assert outcome.statuses == {"organizations": "COMPLETE", "tenant": "COMPLETE"}
    assert outcome.records["tenant"][0]["id"] == sandbox.server.settings.tenant
    assert [exchange.path for exchange in sandbox.requests if "well-known" in exchange.path] == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"id_token_fault": fault}, why) for fault, why in NOT_BELIEVED.items()]
    + [({"refuse_openid": True}, "issues no identity token")],
)
def test_a_tenant_that_is_not_known_costs_its_own_stream_only(
    sandbox: Sandbox, connector: Connector, settings: dict[str, object], why: str
) -> None:
    """Not knowing the tenant's name is no reason to leave its data unread."""
    sandbox.control.set(**settings)
    status, _ = connector.check_here().connection_status
    assert status == "SUCCEEDED"
    outcome = connector.read_here(["organizations"])
    assert outcome.exit_code == 0
    assert any("The tenant is not known" in line and why in line for line in outcome.logs)
    outcome = connector.read_here(["organizations", "tenant"])
    assert outcome.statuses == {"organizations": "COMPLETE", "tenant": "INCOMPLETE"}
    assert why in outcome.stream_errors["tenant"][0]
    assert {error["failure_type"] for error in outcome.errors} == {"config_error"}
    assert outcome.exit_code == 1


LEAKS = [
    "nothing wrong",
    "revoked token",
    "forbidden",
    "malformed",
    "cut",
    "redirect",
    "echo",
    "identity",
    "token endpoint",
]


@pytest.mark.parametrize("failure", LEAKS)
def test_no_secret_is_ever_written(
    sandbox: Sandbox,
    connector: Connector,
    no_waiting: list[float],
    capfd: pytest.CaptureFixture[str],
    failure: str,
) -> None:
    """Logs are kept and shown to many people: a secret in them is everybody's."""
    issued = _remember_tokens(sandbox)
    secret = sandbox.client_secret
    path = "/api/sam/estate/v1/computers"
    if failure == "revoked token":
        sandbox.control.revoke_tokens(after_requests=2)
    elif failure == "forbidden":
        sandbox.control.fault("status", path, status=403)
    elif failure == "malformed":
        sandbox.control.fault("invalid_json", path)
    elif failure == "cut":
        sandbox.control.fault("cut_body", path)
    elif failure == "redirect":
        sandbox.control.fault("redirect", path, location=f"https://elsewhere.example.invalid/?s={secret}")
    elif failure == "echo":
        sandbox.control.fault("status", path, status=400, message=f"do not send {secret}")
    elif failure == "identity":
        sandbox.control.set(id_token_fault="expired")
    elif failure == "token endpoint":
        sandbox.control.fault("status", TOKEN, status=500)
    outputs = []
    for arguments in (
        connector.read_arguments(["computers", "computer_costs", "tenant"]),
        ["check", "--config", connector.file("config", connector.config)],
    ):
        outcome = connector.run_here(*arguments, "--debug")
        outputs += [outcome.stdout, outcome.stderr]
    captured = capfd.readouterr()
    written = "\n".join([*outputs, captured.out, captured.err])
    assert "Debug logs enabled" in written
    assert [value for value in {secret, *issued} if value in written] == []
    if failure != "token endpoint":
        assert issued


@pytest.mark.parametrize("secret", ["e", "the", "Readable", "s3cr3t!"])
def test_a_short_secret_makes_no_holes_in_texts(
    sandbox: Sandbox, connector: Connector, connector_with: Callable[..., Connector], secret: str
) -> None:
    """The holes would make messages unreadable, and spell the secret."""
    client = sandbox.control.add_client(client_secret=secret)
    texts = []
    for each in (connector, connector_with(client_id=client.client_id, client_secret=secret)):
        outcome = each.check_here()
        texts.append([outcome.connection_status, *outcome.logs])
    if len(secret) < 8:
        assert texts[0] == texts[1]
        assert "****" not in str(texts)
    else:
        assert "****: " in str(texts[1])


@pytest.mark.parametrize("secret", ["e", "the", "a1b2", "s3cr3t!", "+.*?"])
def test_a_short_secret_that_the_server_says_is_masked(
    sandbox: Sandbox, connector_with: Callable[..., Connector], secret: str
) -> None:
    """A server that repeats what it was sent would put the secret into the log."""
    client = sandbox.control.add_client(client_secret=secret)
    message = f"we need no ({secret}) here"
    sandbox.control.fault("status", "/api/sam/estate/v1/computers", status=400, message=message)
    connector = connector_with(client_id=client.client_id, client_secret=secret)
    (error,) = connector.read_here(["computers"]).stream_errors["computers"]
    assert f"({secret})" not in error
    assert "computers was refused with HTTP 400" in error


@pytest.mark.parametrize("wrong", [False, True])
def test_no_secret_in_the_output_of_a_process(
    sandbox: Sandbox, connector: Connector, tmp_path: Path, wrong: bool
) -> None:
    """The same at debug level as the platform switches it on, with all that libraries write to stderr."""
    issued = _remember_tokens(sandbox)
    if wrong:
        sandbox.control.fault("status", "/api/*", status=400, message=f"no {sandbox.client_secret}")
    before = {path.name for path in tmp_path.iterdir()}
    arguments = connector.read_arguments(["computers", "computer_costs", "tenant"])
    outcomes = [
        connector.run(*arguments, "--debug", LOG_LEVEL="debug", TMPDIR=str(tmp_path)),
        connector.check("--debug", LOG_LEVEL="debug"),
    ]
    written = "\n".join(outcome.stdout + outcome.stderr for outcome in outcomes)
    assert "Debug logs enabled" in written
    assert len(issued) >= 3  # two access tokens; identity tokens of one second are the same
    assert [value for value in {sandbox.client_secret, *issued} if value in written] == []
    assert [line for outcome in outcomes for line in outcome.other_lines] == []
    left = {path.name for path in tmp_path.iterdir()} - before
    assert {name.split("-")[0] for name in left} == {"config", "catalog"}


def _remember_tokens(sandbox: Sandbox) -> set[str]:
    """A set that gets every access token and identity token issued from now on."""
    issued: set[str] = set()
    store = sandbox.server.tokens
    answer = type(store).answer

    def remembering(request: object, base_url: str) -> object:
        import json

        reply, client = answer(store, request, base_url)  # type: ignore[arg-type]
        document = json.loads(reply.body)
        issued.update(document[name] for name in ("access_token", "id_token") if name in document)
        return reply, client

    store.answer = remembering  # type: ignore[method-assign, assignment]
    return issued


@contextmanager
def _other_host() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server on another port that remembers what it was asked, with which Authorization."""
    asked: list[tuple[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            asked.append((f"{self.command} {self.path} {body}", self.headers.get("Authorization", "")))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET
        do_CONNECT = do_GET

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("path", ["/api/sam/estate/v1/computers", TOKEN])
@pytest.mark.parametrize("status", [302, 307])
def test_redirects_to_another_host_are_not_followed(
    sandbox: Sandbox, connector: Connector, path: str, status: int
) -> None:
    """A server that redirects could collect the token or the secret elsewhere."""
    with _other_host() as (url, asked):
        sandbox.control.fault("redirect", path, location=f"{url}/steal", status=status)
        outcome = connector.read_here(["computers"])
        assert asked == []
    assert outcome.exit_code == 1
    assert outcome.records == {}


def test_netrc_is_not_used(sandbox: Sandbox, connector: Connector, tmp_path: Path) -> None:
    """A .netrc entry for the host would replace the token by a password, and every request be refused."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hunter2\n", encoding="utf-8")
    netrc.chmod(0o600)
    outcome = connector.read_here(["computers", "tenant"], NETRC=str(netrc))
    assert outcome.exit_code == 0
    assert difference(outcome.records["computers"], Expected(sandbox).records("computers")) == ""


def test_the_proxy_of_the_environment_is_used(
    connector_with: Callable[..., Connector], no_waiting: list[float]
) -> None:
    """Many networks let nothing out but through the proxy."""
    with _other_host() as (url, asked):
        connector = connector_with(api_url="https://snowatlas.example.invalid")
        status, _ = connector.check_here(HTTPS_PROXY=url).connection_status
    assert status == "FAILED"
    assert asked
    assert {request.split()[:2] == ["CONNECT", "snowatlas.example.invalid:443"] for request, _ in asked} == {
        True
    }


def test_no_proxy_is_respected(sandbox: Sandbox, connector: Connector) -> None:
    """A host that is excepted from the proxy must be reached directly, by all three kinds of requests."""
    with _other_host() as (url, asked):
        outcome = connector.read_here(["computers", "tenant"], HTTP_PROXY=url, NO_PROXY="127.0.0.1")
        assert asked == []
    assert outcome.exit_code == 0
    assert len(outcome.records["computers"]) == len(sandbox.estate.computers)


def test_loopback_is_reached_without_the_proxy_of_another_host(
    sandbox: Sandbox, connector: Connector
) -> None:
    """The proxy would receive the client secret and the token unencrypted."""
    outcome = connector.read_here(["computers"], HTTP_PROXY="http://proxy.invalid:3128")
    assert outcome.exit_code == 0
    assert len(outcome.records["computers"]) == len(sandbox.estate.computers)


def test_certificates_are_verified(tmp_path: Path, no_waiting: list[float]) -> None:
    """Without verification anybody on the way could read the secret; with a bundle of one's own it must
    work.
    """
    with Sandbox(5, use_tls=True) as secure:
        connector = Connector(tmp_path, secure.config())
        status, message = connector.check_here().connection_status
        assert status == "FAILED"
        assert "certificate" in message
        assert secure.counts.requests == 0
        # the APIs by themselves: a token from elsewhere must not go to a host that nobody vouches for
        authenticator = SnowAtlasOauth2Authenticator(config=secure.config())
        authenticator.get_access_token = lambda: "from-elsewhere"  # type: ignore[method-assign]
        client = SnowAtlasClient(authenticator, 1, fail_fast=True, sleep=lambda _: None)
        with pytest.raises(SnowAtlasError):
            client.get("computers", "/api/sam/estate/v1/computers", {}, bytes)
        assert secure.counts.requests == 0
        outcome = connector.run_here(
            *connector.read_arguments(configured_catalog(["computers", "tenant"])),
            REQUESTS_CA_BUNDLE=str(secure.ca_file),
        )
    assert outcome.exit_code == 0
    assert len(outcome.records["computers"]) == 5
