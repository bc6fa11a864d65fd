"""The sandbox's faults, rate limits, counts and control interface over real HTTP."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from integration_tests.helpers.sandbox_world import BARE, GUARDED, REPORT, THINGS, TREE, Reader, make_sandbox
from sandbox import Sandbox
from sandbox.api.limits import RateLimiter

TOKEN = "/idp/api/connect/token"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with make_sandbox() as running:
        yield running
        assert not running.internal_errors


@pytest.fixture
def reader(sandbox: Sandbox) -> Reader:
    return Reader(sandbox)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 501, 502, 503, 504])
def test_status_faults_have_the_vendors_body(sandbox: Sandbox, reader: Reader, status: int) -> None:
    """Error handling is tested against these bodies."""
    sandbox.control.fault("status", THINGS, status=status, retry_after=7, message="because", count=1)
    reply = reader.get(THINGS)
    assert (reply.status_code, reply.headers["Retry-After"]) == (status, "7")
    assert reply.json() == {"error": {"code": status, "message": "because"}}
    assert reader.get(THINGS).status_code == 200


def test_a_fault_hits_the_requests_it_describes(sandbox: Sandbox, reader: Reader) -> None:
    """A fault matrix over pages, children and tokens needs faults that hit exactly one place."""
    fault = sandbox.control.fault("status", THINGS, page_number=2, skip=1, count=2, status=503)
    codes = [reader.get(THINGS, page_number=2).status_code for _ in range(4)]
    assert codes == [200, 503, 503, 200]
    assert (fault.matched, fault.applied) == (4, 2)
    assert reader.get(THINGS).status_code == 200
    sandbox.control.clear_faults()
    sandbox.control.fault("status", "/api/test/v1/things/{id}", count=1)
    assert [reader.get(f"{THINGS}/{name}").status_code for name in ("a", "b")] == [500, 404]
    sandbox.control.fault("status", "*/guarded", query={"page_size": "1*"}, count=1)
    assert [reader.get(GUARDED, page_size=size).status_code for size in (2, 10, 10)] == [200, 500, 200]
    sandbox.control.fault("status", TOKEN, method="POST", status=500, count=1)
    assert [reader.ask_token().status_code for _ in range(2)] == [500, 200]


def test_random_faults_follow_their_seed(sandbox: Sandbox, reader: Reader) -> None:
    """A failing random run must be repeatable."""

    def codes() -> list[int]:
        sandbox.control.clear_faults()
        sandbox.control.fault("status", probability=0.4, seed=5)
        return [reader.get(THINGS).status_code for _ in range(30)]

    first = codes()
    assert set(first) == {200, 500}
    assert codes() == first


@pytest.mark.parametrize("kind", ["cut_before_headers", "reset", "cut_body", "cut_chunked"])
def test_cut_connections(sandbox: Sandbox, reader: Reader, kind: str) -> None:
    """A client must see a broken connection, not a short but whole reply."""
    sandbox.control.fault(kind, THINGS, count=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        reader.get(THINGS, page_size=50)
    assert len(reader.get(THINGS, page_size=50).json()["items"]) == 25
    assert [exchange.status for exchange in sandbox.requests] == [200, 0, 200]
    assert sandbox.counts.faults == {kind: 1}


def test_half_a_body_really_arrives(sandbox: Sandbox, reader: Reader) -> None:
    """A cut in the middle differs from one before the headers only if data was sent."""
    sandbox.control.fault("cut_body", THINGS, count=1)
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])), timeout=10) as raw:
        token = reader.session.headers["Authorization"]
        raw.sendall(f"GET {THINGS} HTTP/1.1\r\nHost: x\r\nAuthorization: {token!s}\r\n\r\n".encode())
        received = b""
        while chunk := raw.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    announced = next(
        int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    assert 0 < len(body) == announced // 2


def test_malformed_replies(sandbox: Sandbox, reader: Reader) -> None:
    """Every malformed reply of the promises must be there to be refused by the connector."""

    def spoilt(kind: str, path: str = THINGS, **fields: Any) -> requests.Response:
        sandbox.control.fault(kind, path, count=1, **fields)
        reply = reader.get(path, **({"from": "x"} if path == REPORT else {}))
        assert reply.status_code == fields.get("status", 302 if kind == "redirect" else 200)
        return reply

    whole = reader.get(THINGS).json()
    with pytest.raises(requests.exceptions.JSONDecodeError):
        spoilt("invalid_json").json()
    assert spoilt("html").headers["Content-Type"].startswith("text/html")
    assert spoilt("empty_body").content == b""
    assert spoilt("error_with_200").json()["error"]["code"] == 500
    assert (
        spoilt("redirect", location="https://example.invalid/x").headers["Location"]
        == "https://example.invalid/x"
    )
    assert "items" not in spoilt("items_missing").json()
    assert spoilt("items_null").json()["items"] is None
    assert spoilt("items_short").json()["items"] == whole["items"][:-1]
    assert spoilt("wrong_page_number").json()["pagination"]["page_number"] == 2
    assert spoilt("wrong_total").json()["pagination"]["total_items"] == 26
    assert spoilt("body", body=b"[NaN]", content_type="text/plain").content == b"[NaN]"
    assert spoilt("edit", edit=lambda body: body + b" ").content.endswith(b"} ")
    assert spoilt("items_null", BARE).json() is None
    assert spoilt("items_missing", BARE).json() == {}
    assert spoilt("items_null", TREE).json() == {"nodes": None}
    assert spoilt("items_missing", REPORT).json() == {}
    assert reader.get(THINGS).json() == whole


def test_slow_replies_arrive_whole(sandbox: Sandbox, reader: Reader) -> None:
    """Slow pages are normal at the vendor; they must not be damaged here."""
    whole = reader.get(THINGS).json()
    sandbox.control.fault("slow_drip", THINGS, delay=0.02, count=1)
    sandbox.control.fault("delay", THINGS, delay=0.02, count=1)
    sandbox.control.set(gzip=True)
    replies = [reader.get(THINGS) for _ in range(3)]
    assert [reply.json() for reply in replies] == [whole] * 3
    assert replies[2].headers["Content-Encoding"] == "gzip"
    assert sandbox.counts.faults == {"slow_drip": 1, "delay": 1}


def test_replies_held_back_do_not_hold_up_the_end() -> None:
    """A test of time-outs leaves requests hanging; the test run must not hang with them."""
    with make_sandbox() as sandbox:
        reader = Reader(sandbox)
        sandbox.control.fault("delay", THINGS, delay=3600)
        with pytest.raises(requests.Timeout):
            reader.session.get(f"{sandbox.url}{THINGS}", timeout=0.05)
    with pytest.raises(requests.ConnectionError):
        reader.get(THINGS)


def test_clients_that_go_away_are_no_failure(
    sandbox: Sandbox, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    """Killed connectors leave half-read replies; reports of those would hide real failures."""
    sandbox.control.fault("slow_drip", THINGS, delay=0.4, count=1)
    address = ("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1]))
    token = str(reader.session.headers["Authorization"])
    for text in (
        f"GET {THINGS} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n",
        f"POST {TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\ngrant",
    ):
        with socket.create_connection(address, timeout=10) as raw:
            raw.sendall(text.encode())
            time.sleep(0.05)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert reader.get(THINGS).status_code == 200
    deadline = time.monotonic() + 5
    while len(sandbox.requests) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sandbox.internal_errors == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_rate_limiter_refills_and_counts_violations() -> None:
    """A client that waits as told must pass, and one that does not must be seen."""
    now = 100.0
    limiter = RateLimiter(lambda: now)
    assert [limiter.take("a", 2, 2) for _ in range(4)] == [None, None, 1, 1]
    assert limiter.violations == 1
    assert limiter.take("b", 2, 2) is None
    now += 1.0
    assert [limiter.take("a", 2, 2) for _ in range(3)] == [None, None, 1]
    assert limiter.violations == 1
    assert RateLimiter(lambda: now).take("a", 0.1, 1) is None
    slow = RateLimiter(lambda: now)
    assert [slow.take("a", 0.1, 1) for _ in range(2)] == [None, 10]
    assert slow.take("a", None, 1) is None


def test_rate_limits_over_http(sandbox: Sandbox, reader: Reader) -> None:
    """The vendor limits requests per client; another client must not suffer."""
    other = sandbox.control.add_client()
    neighbour = Reader(sandbox, client_id=other.client_id, client_secret=other.client_secret)
    sandbox.control.set(rate_limit=0.5, rate_burst=3)
    replies = [reader.get(THINGS) for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[3].json()["error"]["code"] == 429
    assert 1 <= int(replies[3].headers["Retry-After"]) <= 2
    assert sandbox.counts.rate_limit_violations == 1
    assert neighbour.get(THINGS).status_code == 200


def test_requests_are_counted(sandbox: Sandbox, reader: Reader) -> None:
    """Promises about how often the API is asked rest on these counts."""
    sandbox.reset_counts()
    with pytest.raises(requests.HTTPError):
        reader.get(f"{THINGS}/no-such-id").raise_for_status()
    reader.get(THINGS, page_number=3)
    last = sandbox.requests[-1]
    assert (last.path, last.parameter("page_number"), last.status, last.bearer) == (THINGS, "3", 200, True)
    assert last.client == sandbox.client_id
    counts = sandbox.counts
    assert counts.templates == {"/api/test/v1/things/{id}": 1, THINGS: 1}
    assert counts.statuses == {404: 1, 200: 1}
    assert (counts.requests, counts.token_requests) == (2, 0)
    sandbox.reset_counts()
    sandbox.control.fault("delay", THINGS, delay=0.2)
    together = threading.Barrier(4)

    def fetch(_: int) -> int:
        own = Reader(sandbox)
        together.wait(timeout=10)
        return own.get(THINGS).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fetch, range(4))) == [200] * 4
    assert sandbox.counts.peak_in_flight >= 2


def test_values_json_has_no_room_for(sandbox: Sandbox, reader: Reader) -> None:
    """Odd values must reach the connector as the test wrote them, or nothing is tested."""
    row = {"id": "odd", "name": "\ud800", "size": 10**30, "active": None, "seen": None}
    sandbox.control.change_row("insert", "things", row=row)
    assert reader.get(THINGS, page_size=1).json()["items"] == [row]


def test_the_control_interface_over_http(sandbox: Sandbox, reader: Reader) -> None:
    """Tests of whole processes can reach the sandbox only over HTTP."""
    base = f"{sandbox.url}/_sandbox/"

    def call(method: str, name: str, status: int = 200, **body: Any) -> Any:
        reply = requests.request(method, base + name, data=orjson.dumps(body) if body else None, timeout=10)
        assert reply.status_code == status, reply.text
        return reply.json()

    assert call("GET", f"estate?path={THINGS}") == sandbox.rows(THINGS)
    assert call("GET", f"estate?path={THINGS}%3Ffilter%3Dactive%20-eq%20true") == [
        row for row in sandbox.rows(THINGS) if row["active"]
    ]
    assert {route["path"] for route in call("GET", "routes")} >= {THINGS, TREE}
    call("POST", "faults", kind="body", path=THINGS, body_base64="eyJhIjoxfQ==", count=1)
    assert reader.get(THINGS).json() == {"a": 1}
    assert call("GET", "faults")[0]["applied"] == 1
    call("DELETE", "faults")
    assert call("PATCH", "settings", page_size_clamp=2)["page_size_clamp"] == 2
    assert len(reader.get(THINGS).json()["items"]) == 2
    call("PATCH", "settings", 400, page_size_clamp=1, no_such_switch=1)
    call("PATCH", "settings", 400, page_size_clamp=1, latency="long")
    assert call("GET", "settings")["page_size_clamp"] == 2
    client = call("POST", "clients", permissions=["test.other"])
    assert Reader(sandbox, **client).get(GUARDED).status_code == 403
    call("POST", "tokens/revoke", after_requests=1)
    assert [reader.get(THINGS).status_code for _ in range(2)] == [200, 401]
    stats = call("GET", "stats")
    assert stats["statuses"]["401"] == 1
    assert stats["internal_errors"] == []
    assert call("GET", "requests?limit=1")[0]["status"] == 401
    assert call("DELETE", "stats") == {}
    assert sandbox.counts.requests == 0
    for method, name, status in (("GET", "nothing", 404), ("PUT", "stats", 405), ("GET", "estate", 400)):
        call(method, name, status)
    call("POST", "faults", 400, kind="no such kind")


def test_https_with_an_own_certificate() -> None:
    """That certificates are verified can be tested only against HTTPS."""
    with make_sandbox(use_tls=True) as sandbox:
        assert sandbox.url.startswith("https://")
        url = f"{sandbox.url}/idp/.well-known/openid-configuration"
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(url, timeout=10)
        reply = requests.get(url, timeout=10, verify=str(sandbox.ca_file))
        assert reply.json()["issuer"] == f"{sandbox.url}/idp"


def test_the_command_line() -> None:
    """`make sync` and the benchmarks start the sandbox as a process of its own."""
    command = [sys.executable, "-m", "sandbox", "--computers", "3"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, text=True
    ) as process:
        try:
            assert process.stdout is not None
            config = orjson.loads(process.stdout.readline())
            assert config.keys() == {"region", "client_id", "client_secret", "api_url"}
            assert requests.get(f"{config['api_url']}/_sandbox/stats", timeout=10).json()["requests"] == 0
        finally:
            process.terminate()
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
