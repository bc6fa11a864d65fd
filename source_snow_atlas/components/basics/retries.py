"""Retry policy of the requests for data and tokens."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 3600.0
"""Seconds: a longer Retry-After is an error."""


def announced_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, or None if there is none that can be read.

    The header has seconds or a date (RFC 9110 section 10.2.3). A date is compared with the Date of the reply,
    if it has one, as clocks may differ. Of several headers the longest wait counts.
    """
    text = headers.get("Retry-After", "")
    try:
        seconds = max(map(float, text.split(",")))
    except ValueError:
        date = _date(text)
        if date is None:
            return None
        now = _date(headers.get("Date", "")) or datetime.now(timezone.utc)
        seconds = (date - now).total_seconds()
    # a longer one would fill messages with its digits
    return min(seconds, 1e9) if 0 <= seconds < float("inf") else None


def _date(text: str) -> datetime | None:
    """Parse an HTTP date. Its obsolete form without a zone is UTC as well (RFC 9110 section 5.6.7)."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


@dataclass
class Attempts:
    """Attempts at one request, at most `maximum`, with exponential backoff and jitter.

    The failed attempts and the waits between them take at most `seconds`. The default waits take at
    most 92 s together. Waits for the rate limiter, or announced by the server, do not count.
    """

    maximum: int = 9
    seconds: float = 600.0
    longest_wait: float = 30.0
    random: Callable[[], float] = random.random
    made: int = field(default=1, init=False)
    spent: float = field(default=0.0, init=False)

    def next_wait(self, seconds: float = 0.0) -> float | None:
        """Return the seconds to wait before the next attempt, or None if no attempt is left.

        `seconds` is the duration of the failed attempt.
        """
        self.spent += seconds
        longest: float = min(self.longest_wait, 0.5 * 2.0 ** (self.made - 1))
        wait = longest * (0.5 + self.random() / 2)
        if self.made >= self.maximum or self.spent + wait > self.seconds:
            return None
        self.made += 1
        self.spent += wait
        return wait
