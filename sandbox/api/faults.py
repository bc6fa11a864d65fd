"""Faults that can be added for some requests, and how each changes the reply."""

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

# Faults that replace the whole reply; no data is read for them.
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
    """A fault and the requests it applies to.

    ``path`` is a path, a path template of the vendor's file, or a pattern with ``*``. For ``page_number`` a
    missing parameter counts as 1. ``query`` compares single parameters, patterns allowed. The first ``skip``
    matching requests are served normally, the next ``count`` get the fault (``None``: all of them), each with
    ``probability``. Any kind of fault waits ``delay`` seconds first.

    Kinds: ``status`` (with ``status``, ``message``, ``retry_after``), ``delay``, ``cut_before_headers``,
    ``reset``, ``cut_body``, ``cut_chunked``, ``slow_drip`` (the body in small pieces over ``delay`` seconds),
    ``invalid_json`` (half of the body, correctly framed), ``html``, ``empty_body``, ``error_with_200``,
    ``redirect`` (to ``location``), ``items_missing``, ``items_null``, ``items_short`` (without the last
    item), ``wrong_page_number``, ``wrong_total`` (``total_items`` one too high), ``body`` (``body``
    unchanged, with ``status`` and ``content_type``), ``edit`` (a function from body to body; not over HTTP).
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
        """Return a fault from the control interface; ``body`` is a text, ``body_base64`` holds any bytes."""
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
        """Return the fault and how often it was applied as JSON values, for the control interface."""
        return {
            "kind": self.kind,
            "path": self.path,
            "page_number": self.page_number,
            "count": self.count,
            "matched": self.matched,
            "applied": self.applied,
        }

    def applies_to(self, exchange: Exchange) -> bool:
        """Return whether this request gets the fault, and count it if it matches."""
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
        if not exchange.matches(self.path) or self.method not in (None, exchange.method):
            return False
        page = exchange.parameter("page_number") or "1"
        if self.page_number is not None and page != str(self.page_number):
            return False
        return all(fnmatchcase(exchange.parameter(name) or "", wanted) for name, wanted in self.query.items())

    def replacement(self) -> Reply | None:
        """Return the reply that is sent instead of the real one, or ``None`` for kinds without one."""
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

    def change_payload(self, payload: Any) -> Any:
        """Return the decoded reply with this fault in it."""
        if self.kind not in PAYLOAD:
            return payload
        if not isinstance(payload, dict):
            if self.kind == "items_short":
                return payload[:-1]
            return {} if self.kind == "items_missing" else None if self.kind == "items_null" else payload
        changed = dict(payload)
        member = next((name for name in ("items", "nodes") if name in changed), None)
        pagination = dict(changed.get("pagination") or {})
        if self.kind == "items_missing":
            return {name: value for name, value in changed.items() if name != member} if member else {}
        if self.kind == "items_null":
            return {**changed, member: None} if member else None
        if self.kind == "items_short" and member:
            return {**changed, member: changed[member][:-1]}
        if self.kind == "wrong_page_number" and "page_number" in pagination:
            return {**changed, "pagination": {**pagination, "page_number": pagination["page_number"] + 1}}
        if self.kind == "wrong_total" and "total_items" in pagination:
            return {**changed, "pagination": {**pagination, "total_items": pagination["total_items"] + 1}}
        return changed

    def change_bytes(self, body: bytes) -> bytes:
        """Return the encoded reply with this fault in it."""
        if self.kind == "invalid_json":
            return body[: max(1, len(body) // 2)]
        if self.kind == "edit" and self.edit is not None:
            return self.edit(body)
        return body


class ActiveFaults:
    """The faults that are active; the first that matches a request is applied."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Add a fault."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        """Return the active faults, in order."""
        with self._lock:
            return list(self._faults)

    def select(self, exchange: Exchange) -> Fault | None:
        """Return the fault that applies to this request, if any."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.applies_to(exchange)), None)
        if fault is not None:
            exchange.fault = fault.kind
        return fault
