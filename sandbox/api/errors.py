"""Errors as the API reports them, and the JSON encoding that all replies share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

JSON_TYPE = "application/json; charset=utf-8"


def encode(value: object) -> bytes:
    """Return a value as JSON bytes."""
    try:
        return orjson.dumps(value)
    except TypeError:  # orjson rejects huge integers and lone surrogates
        return json.dumps(value, separators=(",", ":")).encode("ascii")


@dataclass
class Reply:
    """An HTTP reply before it is written to the connection."""

    body: bytes = b""
    status: int = 200
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """Error reply in the format of the product APIs."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def reply(self) -> Reply:
        """Return the reply with the body ``{"error": {"code": …, "message": …}}``."""
        body = encode({"error": {"code": self.status, "message": self.message}})
        return Reply(body, self.status, headers=self.headers)


class TokenError(ApiError):
    """Error reply of the token endpoint, in the format of OpenID Connect."""

    def __init__(
        self, error: str, description: str, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, description, headers)
        self.error = error

    def reply(self) -> Reply:
        """Return the reply with the body ``{"error": "…", "error_description": "…"}``."""
        body = encode({"error": self.error, "error_description": self.message})
        return Reply(body, self.status, headers={"Cache-Control": "no-store", **self.headers})
