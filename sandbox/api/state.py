"""State of one sandbox: settings, tables, clients with their tokens, and recorded requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sandbox.api.churn import Churn, Operation, RandomChurn
from sandbox.api.data import DataService
from sandbox.api.errors import ApiError
from sandbox.api.faults import ActiveFaults
from sandbox.api.limits import RateLimiter
from sandbox.api.recording import Counts, Recorder
from sandbox.api.route import Route
from sandbox.api.routing import Router, Target
from sandbox.api.settings import Settings
from sandbox.api.tokens import TokenStore


class State:
    """The state of one sandbox.

    Requests are handled on an event loop, and tests change the state from other threads. ``lock`` guards what
    both use. ``estate`` can be any object that has tables by name, each with a version.
    """

    def __init__(
        self,
        settings: Settings,
        estate: Any,
        routes: Iterable[Route],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.estate = estate
        self._present = estate
        self.scheme = "http"
        self.lock = threading.RLock()
        self.router = Router(routes)
        self.tokens = TokenStore(settings, clock)
        self.limiter = RateLimiter(clock)
        self.faults = ActiveFaults()
        self.recorder = Recorder()
        self.data = DataService(estate)
        self.churn = Churn(estate.built, estate.guid)
        self.internal_errors: list[Exception] = []

    def show(self, as_of: datetime) -> None:
        """Serve the company as it was on a day, without the changes that tests made."""
        with self.lock:
            present = self._present
            self.estate = present if as_of == present.now else present.at(as_of)
            self.data = DataService(self.estate)
            self.churn = Churn(self.estate.built, self.estate.guid)

    @property
    def month_ends(self) -> list[datetime]:
        """Return the days of the company's history, the present last."""
        return list(self._present.month_ends(self.settings.months))

    def changes(self, since: datetime, until: datetime) -> list[Any]:
        """Return the differences of the company between two days."""
        with self.lock:
            return list(self._present.at(until).changes_since(self._present.at(since)))

    def counts(self) -> Counts:
        """Return the totals of the requests since the last reset."""
        with self.lock:
            counts = self.recorder.counts
            counts.tokens_issued = self.tokens.issued
            counts.rate_limit_violations = self.limiter.violations + self.tokens.limiter.violations
            return counts

    def reset_counts(self) -> None:
        """Forget the recorded requests and reset all counts."""
        with self.lock:
            self.recorder.reset()
            self.tokens.issued = 0
            self.limiter.violations = self.tokens.limiter.violations = 0

    def rows(self, target: str) -> Any:
        """Return everything the API holds at a path, without token, paging, limits, faults or counting."""
        parsed = Target.parse(target)
        match = self.router.match(parsed.segments)
        if match is None:
            raise ApiError(404, f"There is no operation at {parsed.path}")
        route, parameters = match
        with self.lock:
            return self.data.unpaged(route, parameters, parsed)

    def plan_churn(self, operations: Sequence[Operation], generator: RandomChurn | None, path: str) -> None:
        """Plan changes of tables after data requests that match ``path``.

        If the path names one operation, its rows are read first, so that its tables exist.
        """
        with self.lock:
            if self.router.match(Target.parse(path).segments) is not None and "{" not in path:
                self.rows(path)
            self.churn.schedule(operations, path)
            if generator is not None:
                self.churn.random(generator, path)
