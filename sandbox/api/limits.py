"""Rate limits: a token bucket per client."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Bucket:
    level: float
    refilled: float
    blocked_until: float = 0.0


class RateLimiter:
    """Token bucket for each client.

    As the vendor documents it, a request before the announced time is refused again. Such requests are
    counted in ``violations``.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self.violations = 0

    def take(self, client: str, per_second: float | None, burst: float) -> int | None:
        """Return ``None`` if the request may pass, else the seconds for ``Retry-After``."""
        if per_second is None:
            return None
        now = self._clock()
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = _Bucket(level=burst, refilled=now)
        if now < bucket.blocked_until:
            self.violations += 1
            return max(1, math.ceil(bucket.blocked_until - now))
        bucket.level = min(burst, bucket.level + (now - bucket.refilled) * per_second)
        bucket.refilled = now
        if bucket.level >= 1:
            bucket.level -= 1
            return None
        wait = max(1, math.ceil((1 - bucket.level) / per_second))
        bucket.blocked_until = now + wait
        return wait

    def reset(self) -> None:
        """Forget all clients and violations."""
        self._buckets.clear()
        self.violations = 0
