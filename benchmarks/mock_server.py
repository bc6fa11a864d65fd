"""Mock server that answers faster than any contender reads: `python -m benchmarks.mock_server`.

It prints its port as its first line. Bodies are cached, and the latency is a timer of the event loop, so a
request costs a few dozen microseconds. It supports pagination, bearer tokens, gzip and TLS, but no filters.
With `--limit` it refuses requests by a limit of `unit_tests/simulation/limits.py`. `GET /stats` returns the
counts of requests, and `POST /stats` resets them.
"""

import argparse
import asyncio
import gzip
import json
import secrets
import ssl
import sys
import time
from collections import Counter
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, parse_qsl, urlsplit

import trustme
import uvloop

from benchmarks.data import CHILD_ROWS, COLLECTIONS, COMPUTERS, Collection, child_rows, row_index, rows
from unit_tests.simulation import limits

CLIENT_ID = "benchmark"
CLIENT_SECRET = "no-secret-at-all"
TOKEN_PATH = "/idp/api/connect/token"
MAXIMUM_PAGE_SIZE = 1000
CACHE_BYTES = 256 * 1024 * 1024
"""Size of the cache. Other pages are generated, which takes under a microsecond per row."""

Reply = tuple[int, bytes, dict[str, str]]
GRACE_SECONDS = 0.1
"""Time after a refusal in which a request may arrive that was sent before the client received it."""
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}


class Statistics:
    """Counts of the requests since the last reset."""

    def __init__(self) -> None:
        self.paths: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0
        self.first = self.last = 0.0

    def started(self) -> None:
        """Count a request that has arrived."""
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def answered(self, path: str, status: int) -> None:
        """Count a reply that is about to be sent."""
        self.in_flight -= 1
        self.paths[path] += 1
        self.statuses[status] += 1

    def body(self) -> bytes:
        """Return the counts as JSON."""
        counts = {
            "requests": sum(self.paths.values()),
            "tokens": self.paths[TOKEN_PATH],
            "paths": dict(self.paths),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "most_in_flight": self.most_in_flight,
            "seconds": self.last - self.first,
        }
        return json.dumps(counts).encode()


class RateLimiter:
    """Limiter of the requests for data."""

    def __init__(self, limit: limits.Server) -> None:
        self._limit = limit
        self._first: float | None = None
        self._last = 0.0
        self._wait_from = self._wait_until = 0.0
        self._inside_waits = 0

    def refusal(self) -> Reply | None:
        """Return the reply to a request that is refused, or None if it is allowed."""
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        self._inside_waits += self._wait_from + GRACE_SECONDS < now < self._wait_until
        retry_after = self._limit.arrive(now - self._first)
        if retry_after is None:
            return None
        if not self._limit.announces:
            return _error(429, "too many requests")
        if now > self._wait_until:
            self._wait_from = now
        self._wait_until = max(self._wait_until, now + retry_after)
        status, body, _ = _error(429, "too many requests")
        return status, body, {"Retry-After": f"{retry_after:g}"}

    def answered(self) -> None:
        """Count the reply to a request that was allowed."""
        self._last = time.monotonic()
        self._limit.leave()

    def figures(self) -> dict[str, float]:
        """Return the counts, and the seconds from the first request for data to the last reply."""
        return {
            "served": self._limit.served,
            "refused": self._limit.refused,
            "inside_waits": self._inside_waits,
            "busy": self._last - (self._first or 0.0),
        }


class Api:
    """Replies of the server, without the network."""

    def __init__(
        self,
        computers: int,
        records: int,
        token_life: int = 3600,
        compress: bool = False,
    ) -> None:
        self._computers = computers
        self._records = records
        self._token_life = token_life
        self._compress = compress
        self._tokens: dict[str, float] = {}
        self._bodies: dict[tuple[str, int, int, bool], bytes] = {}
        self._cached_bytes = 0
        self._bulk = {item.path: item for item in COLLECTIONS.values() if not item.per_computer}
        children = (item for item in COLLECTIONS.values() if item.per_computer)
        self._children = {item.path.partition("{id}")[2]: item for item in children}
        self.statistics = Statistics()

    def prepare(self, page_size: int) -> None:
        """Generate the pages that fit in the cache."""
        for item in self._bulk.values():
            for number in range(1, -(-self._size(item) // page_size) + 1):
                if self._cached_bytes < CACHE_BYTES:
                    self._page(item, number, page_size, self._compress)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[str, Reply]:
        """Return the name under which the request is counted, and the reply."""
        url = urlsplit(target)
        if url.path == TOKEN_PATH:
            return TOKEN_PATH, self._token(method, body)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self._tokens.get(token, 0) < time.monotonic():
            return "refused", _error(401, "token is invalid or expired")
        if method != "GET":
            return "refused", _error(405, "method not allowed")
        compress = self._compress and "gzip" in headers.get("accept-encoding", "")
        query = dict(parse_qsl(url.query))
        try:
            number, size = int(query.pop("page_number", 1)), int(query.pop("page_size", 100))
        except ValueError:
            return "refused", _error(400, "page_number and page_size must be whole numbers")
        if query or number < 1 or not 1 <= size <= MAXIMUM_PAGE_SIZE:
            return "refused", _error(400, f"cannot be served: {target}")
        return self._collection(url.path, number, size, compress)

    def _collection(self, path: str, number: int, size: int, compress: bool) -> tuple[str, Reply]:
        headers = {"Content-Encoding": "gzip"} if compress else {}
        if bulk := self._bulk.get(path):
            return bulk.path, (200, self._page(bulk, number, size, compress), headers)
        rest = path.removeprefix(COMPUTERS.path + "/")
        computer_id, _, tail = rest.partition("/")
        child = self._children.get("/" + tail)
        if child is None or not 0 <= row_index(COMPUTERS, computer_id) < self._computers:
            return "refused", _error(404, f"not found: {path}")
        items = child_rows(child, computer_id) if number == 1 and size >= CHILD_ROWS else b""
        body = _envelope(items, path, number, size, CHILD_ROWS)
        return child.path, (200, gzip.compress(body, 6) if compress else body, headers)

    def _token(self, method: str, body: bytes) -> Reply:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if method != "POST" or any(form.get(name) != value for name, value in wanted.items()):
            return 400, b'{"error":"invalid_client"}', {}
        token = secrets.token_urlsafe(64)
        self._tokens[token] = time.monotonic() + self._token_life
        reply = {"access_token": token, "expires_in": self._token_life, "token_type": "Bearer"}
        return 200, json.dumps(reply).encode(), {}

    def _size(self, item: Collection) -> int:
        return self._computers if item is COMPUTERS else self._records

    def _page(self, item: Collection, number: int, size: int, compress: bool) -> bytes:
        key = (item.path, number, size, compress)
        if (cached := self._bodies.get(key)) is not None:
            return cached
        total = self._size(item)
        first = min((number - 1) * size, total)
        body = _envelope(rows(item, first, min(first + size, total)), item.path, number, size, total)
        if compress:
            body = gzip.compress(body, 6)
        if self._cached_bytes < CACHE_BYTES:
            self._bodies[key] = body
            self._cached_bytes += len(body)
        return body


def _envelope(items: bytes, path: str, number: int, size: int, total: int) -> bytes:
    pages = -(-total // size)
    pagination = {"page_number": number, "page_size": size, "total_pages": pages, "total_items": total}
    wanted = {"first": 1, "last": pages} | ({"next": number + 1} if number < pages else {})
    links = [
        {"href": f"{path}?page_number={page}&page_size={size}", "rel": relation, "method": "GET"}
        for relation, page in wanted.items()
    ]
    tail = json.dumps({"pagination": pagination, "_links": links}, separators=(",", ":")).encode()
    return b'{"items":[' + items + b"]," + tail[1:]


def _error(status: int, message: str) -> Reply:
    return status, json.dumps({"error": {"code": status, "message": message}}).encode(), {}


class Connection(asyncio.Protocol):
    """HTTP/1.1 connection with keep-alive, limited to what the contenders use."""

    def __init__(self, api: Api, latency: float, limiter: RateLimiter | None = None) -> None:
        self._api = api
        self._limiter = limiter
        self._latency = latency
        self._buffer = b""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for replies."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the transport, so that no reply is written to it."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer all complete requests."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            stop = end + 4 + int(headers.get("content-length", 0))
            if len(self._buffer) < stop:
                return
            body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
            method, target, _ = first.split(" ", 2)
            self._request(method, target, headers, body)

    def _request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        close = headers.get("connection", "").lower() == "close"
        if target == "/stats":
            statistics = self._api.statistics
            if method == "POST":
                self._api.statistics = Statistics()
            self._send((200, statistics.body(), {}), close)
            return
        limiter = None if target == TOKEN_PATH else self._limiter
        if target == "/limit" and limiter:
            self._send((200, json.dumps(limiter.figures()).encode(), {}), close)
            return
        if limiter and (refusal := limiter.refusal()):
            self._send(refusal, close)
            return
        statistics = self._api.statistics
        statistics.started()
        name, reply = self._api.answer(method, target, headers, body)

        def finish() -> None:
            statistics.answered(name, reply[0])
            if limiter:
                limiter.answered()
            self._send(reply, close)

        if self._latency:
            self._loop.call_later(self._latency, finish)
        else:
            finish()

    def _send(self, reply: Reply, close: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        status, body, extra = reply
        head = [f"HTTP/1.1 {status} {_REASONS[status]}", "Content-Type: application/json"]
        head += [f"{name}: {value}" for name, value in extra.items()]
        head += [
            f"Content-Length: {len(body)}",
            "Connection: " + ("close" if close else "keep-alive"),
            "",
            "",
        ]
        self._transport.write("\r\n".join(head).encode("latin-1"))
        self._transport.write(body)
        if close:
            self._transport.close()


def _tls(certificate_authority: Path) -> ssl.SSLContext:
    """Create a certificate for the loopback address, and write its authority to a file."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(certificate_authority))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until the process ends."""
    api = Api(arguments.computers, arguments.records, arguments.token_life, arguments.gzip)
    api.prepare(arguments.page_size)
    context = _tls(arguments.tls) if arguments.tls else None
    latency = arguments.latency_ms / 1000
    limiter = None
    if arguments.limit:
        make = limits.LIMITS[arguments.limit].make(arguments.work)
        limiter = RateLimiter(make(seed=arguments.seed, announces=not arguments.silent))
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(api, latency, limiter), "127.0.0.1", arguments.port, ssl=context, backlog=256
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for a free port")
    parser.add_argument("--computers", type=int, default=1000)
    parser.add_argument(
        "--records", type=int, default=5000, help="rows in each of the other bulk collections"
    )
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument(
        "--page-size", type=int, default=1000, help="size of the pages that are generated in advance"
    )
    parser.add_argument("--token-life", type=int, default=3600, help="seconds")
    parser.add_argument("--gzip", action="store_true", help="compress replies for clients that accept it")
    parser.add_argument(
        "--limit", choices=limits.LIMITS, help="refuse requests by this limit; GET /limit returns the counts"
    )
    parser.add_argument("--work", type=int, default=0, help="requests; some limits change after half of them")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random refusals")
    parser.add_argument("--silent", action="store_true", help="refuse without Retry-After")
    parser.add_argument("--tls", type=Path, help="use TLS, and write the certificate authority to this file")
    try:
        uvloop.run(serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
