"""How often, how long and how patiently a request is repeated. One policy for data, tokens and keys."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

TRANSIENT_STATUSES = frozenset({408, 425, 500, 502, 503, 504})
LONGEST_WAIT = 3600.0
"""Seconds: a Retry-After longer than an hour is an error, not a wait."""


def announced_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a 429 or 503 asks to wait, given in seconds or as a date (RFC 9110 section 10.2.3).

    None where it says nothing readable.
    """
    text = headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds()
        except (ValueError, TypeError):
            return None
    return seconds if 0 <= seconds < float("inf") else None


def retry_after(headers: Mapping[str, str], default: float = 1.0) -> float:
    """As `announced_wait`, or `default` seconds where the reply names no wait."""
    seconds = announced_wait(headers)
    return default if seconds is None else seconds


@dataclass
class Attempts:
    """The repeats of one request: bounded in number and in seconds, with jitter between them. All waits
    together take at most 92 s, so that a page which fails for good is said within two minutes.

    `clock` and `sleep` are replaced in tests, so that no test waits.
    """

    maximum: int = 9
    seconds: float = 600.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    made: int = field(default=1, init=False)
    started: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    def next_wait(self) -> float | None:
        """Seconds to wait before the next attempt, or None when there is none left."""
        if self.made >= self.maximum:
            return None
        longest: float = min(self.longest_wait, self.first_wait * 2.0 ** (self.made - 1))
        wait = longest * (0.5 + self.random() / 2)
        if self.clock() - self.started + wait > self.seconds:
            return None
        self.made += 1
        return wait
