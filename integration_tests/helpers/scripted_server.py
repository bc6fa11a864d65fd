"""Server with scripted replies, for those that the sandbox never sends."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN_PATH = "/idp/api/connect/token"


@dataclass
class Asked:
    """Received request."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    authorization: str
    port: int
    """Port of the client, which identifies a connection."""
    at: float = field(default_factory=time.monotonic)


@dataclass
class Answer:
    """Reply. A `body` that is not bytes is sent as JSON. With `hang`, seconds pass before each byte."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0
    reset: bool = False


Script = Callable[[Asked], Answer]


def grant(asked: Asked, **more: Any) -> Answer:
    """Return a reply with a token."""
    return Answer(body={"access_token": "token-of-the-script", "expires_in": 3600, **more})


def page_of(asked: Asked, rows: int) -> Answer:
    """Return the requested page of a collection of `rows` numbered rows, with totals."""
    size, number = int(asked.query.get("page_size", rows)), int(asked.query.get("page_number", 1))
    shown = [{"id": str(row)} for row in range(rows)[(number - 1) * size : number * size]]
    totals = {"page_size": size, "page_number": number, "total_items": rows, "total_pages": -(-rows // size)}
    return Answer(body={"items": shown, "pagination": totals})


@dataclass
class ScriptedServer:
    """URL and received requests of a server."""

    url: str
    requests: list[Asked] = field(default_factory=list)

    def asked(self, path: str) -> list[Asked]:
        """Return the requests for a path."""
        return [request for request in self.requests if request.path == path]

    def config(self, **more: Any) -> dict[str, Any]:
        """Return a configuration of the connector for the server."""
        return {
            "region": "westeurope",
            "client_id": "client-of-the-script",
            "client_secret": "xK7/q~2p+Zr9=Lw4&Tn8-bV5",
            "api_url": self.url,
            **more,
        }


@contextmanager
def serving(script: Script) -> Iterator[ScriptedServer]:
    """Start a server on the loopback host that sends the answers of a script."""
    stopped = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parts = urlsplit(self.path)
            asked = Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                dict(parse_qsl(body)),
                self.headers.get("Authorization", ""),
                self.client_address[1],
            )
            scripted.requests.append(asked)
            self._send(script(asked))

        do_POST = do_GET
        do_CONNECT = do_GET

        def _send(self, answer: Answer) -> None:
            if answer.reset:
                self.close_connection = True
                return
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            lines = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {len(body)}"]
            lines += [f"{name}: {value}" for name, value in answer.headers.items()]
            reply = "\r\n".join([*lines, "", ""]).encode() + body
            with suppress(OSError):
                if not answer.hang:
                    self.wfile.write(reply)
                for byte in reply if answer.hang else b"":
                    if stopped.wait(answer.hang):
                        self.close_connection = True
                        return
                    self.wfile.write(bytes([byte]))

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """Ignore errors of clients that were killed."""

    server = Server(("127.0.0.1", 0), Handler)
    scripted = ScriptedServer(f"http://127.0.0.1:{server.server_address[1]}")
    # every server of a test would wait half a second for its end
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield scripted
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
