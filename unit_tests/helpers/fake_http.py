"""HTTP without a network: answers in the place of the transport adapter, so that everything above it is the
real thing.
"""

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
    """A reply to give. A `document` is sent as JSON, a `body` as it is."""

    status: int = 200
    document: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The bytes of the body."""
        return self.body if self.body is not None else json.dumps(self.document).encode()


Answer = Callable[[requests.PreparedRequest], "Reply | Exception"]


class FakeHttp:
    """Answers requests by method and URL without query; keeps what was asked."""

    def __init__(self) -> None:
        self.requests: list[requests.PreparedRequest] = []
        self._answers: dict[tuple[str, str], Answer] = {}
        self._lock = threading.Lock()

    def on(self, method: str, url: str, answer: Answer | Reply | Exception) -> None:
        """Answer these requests so from now on."""
        self._answers[method, url] = answer if callable(answer) else lambda _: answer

    def in_turn(self, method: str, url: str, *answers: Reply | Exception) -> None:
        """Answer these requests one after the other; the last answer stays."""
        remaining: Iterator[Reply | Exception] = iter(answers)
        last = answers[-1]
        self.on(method, url, lambda _: next(remaining, last))

    def send(self, adapter: HTTPAdapter, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """Stands in for HTTPAdapter.send."""
        with self._lock:
            self.requests.append(request)
            parts = urlsplit(str(request.url))
            location = f"{parts.scheme}://{parts.netloc}{parts.path}"
            if (str(request.method), location) not in self._answers:
                raise AssertionError(f"nothing answers {request.method} {request.url}")
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
        """The requests whose path this was."""
        return [request for request in self.requests if urlsplit(str(request.url)).path == path]

    def forms(self) -> list[dict[str, str]]:
        """The bodies of the token requests."""
        return [dict(parse_qsl(str(request.body))) for request in self.asked(urlsplit(TOKEN_URL).path)]


def query_of(request: requests.PreparedRequest) -> dict[str, str]:
    """The query of a request, decoded."""
    return dict(parse_qsl(urlsplit(str(request.url)).query))


def token_reply(token: str = "token-1", expires_in: Any = 3600, **more: Any) -> Reply:
    """A grant."""
    return Reply(
        document={"access_token": token, "expires_in": expires_in, "token_type": "Bearer", **more},
    )
