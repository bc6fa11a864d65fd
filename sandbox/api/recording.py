"""Record of the requests that the sandbox received, and counts of them."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.api.identity import TOKEN_PATH

_KEPT_REQUESTS = 500_000


@dataclass(slots=True)
class Exchange:
    """One request and how it ended. ``status`` is 0 if the connection was cut instead of answered.

    ``template`` is the path as the vendor's file has it, or the path itself if no operation matches.
    ``bearer`` says whether the request had an Authorization header, and ``fault`` names the fault applied.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    template: str
    bearer: bool
    started: float
    in_flight: int
    client: str = ""
    status: int = 0
    seconds: float = 0.0
    fault: str = ""

    def matches(self, pattern: str) -> bool:
        """Return whether a pattern is the path or the template, or matches the path."""
        return pattern in (self.path, self.template) or fnmatchcase(self.path, pattern)

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, if present."""
        return next((value for key, value in self.query if key == name), None)


@dataclass
class Counts:
    """Totals since the start or the last reset."""

    requests: int = 0
    token_requests: int = 0
    tokens_issued: int = 0
    peak_in_flight: int = 0
    rate_limit_violations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    templates: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values, for the control interface."""
        plain = asdict(self)
        plain["statuses"] = {str(status): count for status, count in self.statuses.items()}
        plain["templates"] = dict(self.templates)
        plain["faults"] = dict(self.faults)
        return plain


class Recorder:
    """Recorder of the exchanges, oldest first, and of the counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_flight = 0
        self.exchanges: deque[Exchange] = deque(maxlen=_KEPT_REQUESTS)
        self.counts = Counts()

    def begin(self, method: str, path: str, query: tuple[tuple[str, str], ...], bearer: bool) -> Exchange:
        """Record the arrival of a request."""
        with self._lock:
            self._in_flight += 1
            self.counts.peak_in_flight = max(self.counts.peak_in_flight, self._in_flight)
            return Exchange(method, path, query, path, bearer, time.time(), self._in_flight)

    def end(self, exchange: Exchange) -> None:
        """Record how a request ended."""
        with self._lock:
            self._in_flight -= 1
            exchange.seconds = time.time() - exchange.started
            self.exchanges.append(exchange)
            self.counts.requests += 1
            self.counts.statuses[exchange.status] += 1
            self.counts.templates[exchange.template] += 1
            if exchange.fault:
                self.counts.faults[exchange.fault] += 1
            if exchange.template == TOKEN_PATH:
                self.counts.token_requests += 1

    def requests(self) -> list[Exchange]:
        """Return a copy of the recorded exchanges."""
        with self._lock:
            return list(self.exchanges)

    def reset(self) -> None:
        """Forget everything but the requests that are still in flight."""
        with self._lock:
            self.exchanges.clear()
            self.counts = Counts(peak_in_flight=self._in_flight)
