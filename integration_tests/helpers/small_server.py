"""Server of a few paths on the loopback host, for data that the sandbox does not have."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, Any]
"""Status and body."""
TOKEN_PATH = "/idp/api/connect/token"


class SmallServer:
    """Server that maps paths to replies: a list (served in pages), an object, a status, or a function.

    A function is called with the query and returns one of the others. The status of other paths is 404.
    `seen_as` is applied to a path before the lookup, as some servers decode it.
    """

    def __init__(self, replies: Mapping[str, Any], seen_as: Callable[[str], str] = lambda path: path) -> None:
        self.replies = dict(replies)
        self.asked: Counter[str] = Counter()
        self.url = ""
        self._seen_as = seen_as
        self._lock = threading.Lock()

    def config(self, **overrides: Any) -> dict[str, Any]:
        """Return a configuration of the connector for the server."""
        client = {"client_id": "client-1", "client_secret": "a long client secret"}
        return {"region": "westeurope", "api_url": self.url, **client, **overrides}

    def answer(self, target: str) -> Reply:
        """Return the reply to a GET request."""
        parts = urlsplit(target)
        with self._lock:
            self.asked[parts.path] += 1
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        reply = self.replies.get(self._seen_as(parts.path), 404)
        if callable(reply):
            reply = reply(query)
        if isinstance(reply, int):
            return reply, {"error": {"code": reply, "message": "error of the small server"}}
        return 200, page(reply, query) if isinstance(reply, list) else reply


def page(rows: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
    """Return the requested page of the rows."""
    number, size = int(query.get("page_number", 1)), int(query.get("page_size", 100))
    return {
        "items": rows[(number - 1) * size : number * size],
        "pagination": {
            "page_number": number,
            "page_size": size,
            "total_pages": -(-len(rows) // size),
            "total_items": len(rows),
        },
    }


@contextmanager
def serving(
    replies: Mapping[str, Any], seen_as: Callable[[str], str] = lambda path: path
) -> Iterator[SmallServer]:
    """Start a server with these replies."""
    small = SmallServer(replies, seen_as)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = (
            65536  # sends head and body together, as separate packets would wait for an acknowledgement
        )

        def do_GET(self) -> None:
            self._send(*small.answer(self.path))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            known = self.path == TOKEN_PATH
            grant = {"access_token": "token-of-the-small-server", "expires_in": 3600, "token_type": "Bearer"}
            self._send(200 if known else 404, grant if known else {})

        def _send(self, status: int, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    small.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield small
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
