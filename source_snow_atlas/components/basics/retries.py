"""How often, how long and how patiently a request is repeated. One policy for data and tokens."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 3600.0
"""Seconds: a Retry-After longer than an hour is an error, not a wait."""


def announced_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a reply asks to wait, given in seconds or as a date (RFC 9110 section 10.2.3).

    None where it says nothing readable.
    """
    text = headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if 0 <= seconds < float("inf") else None


@dataclass
class Attempts:
    """The repeats of one request: bounded in number and in the seconds that failed attempts and the waits
    between them took, with jitter. All waits together take at most 92 s, so that a page which fails for good
    is said within two minutes.

    What a request waits for its turn, or because the server announced it, is no part of that.
    """

    maximum: int = 9
    seconds: float = 600.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    random: Callable[[], float] = random.random
    made: int = field(default=1, init=False)
    spent: float = field(default=0.0, init=False)

    def next_wait(self, seconds: float = 0.0) -> float | None:
        """Seconds to wait before the next attempt, or None when there is none left. `seconds` is what the
        failed attempt took.
        """
        self.spent += seconds
        longest: float = min(self.longest_wait, self.first_wait * 2.0 ** (self.made - 1))
        wait = longest * (0.5 + self.random() / 2)
        if self.made >= self.maximum or self.spent + wait > self.seconds:
            return None
        self.made += 1
        self.spent += wait
        return wait
