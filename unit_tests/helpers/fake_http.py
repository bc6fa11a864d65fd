"""Fake of the HTTP transport adapter. The code above the adapter runs unchanged."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

HOST = "https://westeurope.snowsoftware.io"
TOKEN_URL = f"{HOST}/idp/api/connect/token"


@dataclass
class Reply:
    """Reply with a JSON `document` or a raw `body`."""

    status: int = 200
    document: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """Return the bytes of the body."""
        return self.body if self.body is not None else json.dumps(self.document).encode()


Answer = Callable[[requests.PreparedRequest], "Reply | Exception"]


class FakeHttp:
    """Fake network that answers requests by method and URL without query, and records them."""

    def __init__(self) -> None:
        self.requests: list[requests.PreparedRequest] = []
        self._answers: dict[tuple[str, str], Answer] = {}
        self._lock = threading.Lock()

    def on(self, method: str, url: str, answer: Answer | Reply | Exception) -> None:
        """Set the answer to requests with this method and URL."""
        self._answers[method, url] = answer if callable(answer) else lambda _: answer

    def in_turn(self, method: str, url: str, *answers: Reply | Exception) -> None:
        """Set the answers to successive requests. The last one is repeated."""
        remaining: Iterator[Reply | Exception] = iter(answers)
        last = answers[-1]
        self.on(method, url, lambda _: next(remaining, last))

    def send(self, adapter: HTTPAdapter, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """Replace HTTPAdapter.send."""
        with self._lock:
            self.requests.append(request)
            parts = urlsplit(str(request.url))
            location = f"{parts.scheme}://{parts.netloc}{parts.path}"
            if (str(request.method), location) not in self._answers:
                raise AssertionError(f"no answer is set for {request.method} {request.url}")
            answer = self._answers[str(request.method), location](request)
        if isinstance(answer, Exception):
            raise answer
        raw = HTTPResponse(
            body=BytesIO(answer.content()),
            status=answer.status,
            headers={"Content-Type": "application/json", **answer.headers},
            preload_content=False,
        )
        return adapter.build_response(request, raw)

    def asked(self, path: str) -> list[requests.PreparedRequest]:
        """Return the requests with this path."""
        return [request for request in self.requests if urlsplit(str(request.url)).path == path]

    def forms(self) -> list[dict[str, str]]:
        """Return the forms of the token requests."""
        return [dict(parse_qsl(str(request.body))) for request in self.asked(urlsplit(TOKEN_URL).path)]


def query_of(request: requests.PreparedRequest) -> dict[str, str]:
    """Return the decoded query of a request."""
    return dict(parse_qsl(urlsplit(str(request.url)).query))


def token_reply(token: str = "token-1", expires_in: Any = 3600, **more: Any) -> Reply:
    """Return a reply with a token."""
    return Reply(
        document={"access_token": token, "expires_in": expires_in, "token_type": "Bearer", **more},
    )
