"""Faults that can be switched on for some requests: which requests they hit, and how they spoil the reply."""

from __future__ import annotations

import base64
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.api.errors import ApiError, Reply, encode
from sandbox.api.recording import Exchange

# Faults that replace the whole reply, so that no data is looked up.
REPLACING = ("status", "html", "error_with_200", "empty_body", "redirect", "body")
# Faults of the decoded reply.
PAYLOAD = ("items_missing", "items_null", "items_short", "wrong_page_number", "wrong_total")
# Faults of the encoded reply.
BYTES = ("invalid_json", "edit")
# Faults of the connection.
WIRE = ("delay", "cut_before_headers", "reset", "cut_body", "cut_chunked", "slow_drip")
KINDS = REPLACING + PAYLOAD + BYTES + WIRE

_MESSAGES = {
    400: "The request is invalid",
    401: "token is invalid or expired",
    403: "Forbidden",
    404: "Not found",
    429: "Too many requests",
    500: "The service met an unexpected condition",
    501: "Not implemented",
    502: "Bad gateway",
    503: "The service is unavailable",
    504: "Gateway timeout",
}


@dataclass
class Fault:
    """A fault and the requests it hits.

    ``path`` is a path, a path template of the vendor's file, or a pattern with ``*``; ``page_number`` counts
    a missing parameter as 1; ``query`` compares single parameters (patterns allowed). The first ``skip``
    matching requests pass, the next ``count`` are hit (``None``: all of them), each with ``probability``.
    ``delay`` seconds are waited before any kind of fault.

    Kinds: ``status`` (with ``status``, ``message``, ``retry_after``), ``delay``, ``cut_before_headers``,
    ``reset``, ``cut_body``, ``cut_chunked``, ``slow_drip`` (the body in small pieces over ``delay`` seconds),
    ``invalid_json`` (half of the body, correctly framed), ``html``, ``empty_body``, ``error_with_200``,
    ``redirect`` (to ``location``), ``items_missing``, ``items_null``, ``items_short`` (the last item is left
    out), ``wrong_page_number``, ``wrong_total`` (``total_items`` one too high), ``body`` (``body`` as it
    stands, with ``status`` and ``content_type``), ``edit`` (a function from body to body; not over HTTP).
    """

    kind: str
    path: str = "*"
    method: str | None = None
    page_number: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    delay: float = 0.0
    status: int | None = None
    message: str | None = None
    retry_after: int | None = None
    location: str = "https://elsewhere.example.invalid/"
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    edit: Callable[[bytes], bytes] | None = None
    matched: int = field(default=0, init=False)
    applied: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault '{self.kind}'; one of {', '.join(KINDS)}")
        if self.kind == "edit" and self.edit is None:
            raise ValueError("a fault of the kind 'edit' needs a function")
        self._random = random.Random(self.seed)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Fault:
        """A fault from the control interface; ``body`` is a text, ``body_base64`` holds any bytes."""
        plain = dict(values)
        if "edit" in plain:
            raise ValueError("'edit' can only be used in-process")
        if "body" in plain:
            plain["body"] = str(plain["body"]).encode("utf-8", "surrogatepass")
        if "body_base64" in plain:
            plain["body"] = base64.b64decode(plain.pop("body_base64"))
        try:
            return cls(**plain)
        except TypeError as error:
            raise ValueError(str(error)) from error

    def as_dict(self) -> dict[str, Any]:
        """What the fault is and how often it hit, for the control interface."""
        return {
            "kind": self.kind,
            "path": self.path,
            "page_number": self.page_number,
            "count": self.count,
            "matched": self.matched,
            "applied": self.applied,
        }

    def takes(self, exchange: Exchange) -> bool:
        """Whether this request is hit; counts it if it matches."""
        if not self._matches(exchange):
            return False
        self.matched += 1
        if self.matched <= self.skip or (self.count is not None and self.applied >= self.count):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.applied += 1
        return True

    def _matches(self, exchange: Exchange) -> bool:
        if not exchange.fits(self.path) or self.method not in (None, exchange.method):
            return False
        page = exchange.parameter("page_number") or "1"
        if self.page_number is not None and page != str(self.page_number):
            return False
        return all(fnmatchcase(exchange.parameter(name) or "", wanted) for name, wanted in self.query.items())

    def replacement(self) -> Reply | None:
        """The reply sent instead of the real one, if this kind of fault has one."""
        if self.kind == "status":
            status = self.status or 500
            headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
            return ApiError(status, self.message or _MESSAGES.get(status, "Error"), headers).reply()
        if self.kind == "html":
            page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please wait.</body></html>"
            return Reply(page, self.status or 200, "text/html; charset=utf-8")
        if self.kind == "error_with_200":
            code = self.status or 500
            return Reply(
                encode({"error": {"code": code, "message": self.message or _MESSAGES.get(code, "Error")}})
            )
        if self.kind == "empty_body":
            return Reply(b"", self.status or 200)
        if self.kind == "redirect":
            return Reply(b"", self.status or 302, headers={"Location": self.location})
        if self.kind == "body":
            return Reply(self.body, self.status or 200, self.content_type)
        return None

    def spoil_payload(self, payload: Any) -> Any:
        """The decoded reply with this fault in it."""
        if self.kind not in PAYLOAD:
            return payload
        if not isinstance(payload, dict):
            if self.kind == "items_short":
                return payload[:-1]
            return {} if self.kind == "items_missing" else None if self.kind == "items_null" else payload
        spoilt = dict(payload)
        member = next((name for name in ("items", "nodes") if name in spoilt), None)
        pagination = dict(spoilt.get("pagination") or {})
        if self.kind == "items_missing":
            return {name: value for name, value in spoilt.items() if name != member} if member else {}
        if self.kind == "items_null":
            return {**spoilt, member: None} if member else None
        if self.kind == "items_short" and member:
            return {**spoilt, member: spoilt[member][:-1]}
        if self.kind == "wrong_page_number" and "page_number" in pagination:
            return {**spoilt, "pagination": {**pagination, "page_number": pagination["page_number"] + 1}}
        if self.kind == "wrong_total" and "total_items" in pagination:
            return {**spoilt, "pagination": {**pagination, "total_items": pagination["total_items"] + 1}}
        return spoilt

    def spoil_bytes(self, body: bytes) -> bytes:
        """The encoded reply with this fault in it."""
        if self.kind == "invalid_json":
            return body[: max(1, len(body) // 2)]
        if self.kind == "edit" and self.edit is not None:
            return self.edit(body)
        return body


class FaultBoard:
    """The faults that are switched on; the first that hits a request is applied."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """The faults that are switched on, in order."""
        with self._lock:
            return list(self._faults)

    def take(self, exchange: Exchange) -> Fault | None:
        """The fault that hits this request, if any."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.takes(exchange)), None)
        if fault is not None:
            exchange.fault = fault.kind
        return fault
