"""What reads of a changing collection came to: rows lost of those that were there all the time, and rows that
came twice.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What one read came to. `stable` counts the rows that were there from the first request to the last.

    `failed`: whether the reader ended with an error.
    """

    stable: int
    lost: int
    repeated: int
    requests: int = 0
    changes: int = 0
    seconds: float = 0.0
    failed: bool = False
    reports: list[Any] = field(default_factory=list)
    """What the reader says of the changes that it saw."""

    @classmethod
    def of(cls, given: Sequence[Hashable], stable: Set[Hashable], **more: Any) -> Outcome:
        """Compare the keys that were given out with those of the rows that were there all the time."""
        distinct = set(given)
        return cls(len(stable), len(stable - distinct), len(given) - len(distinct), **more)


@dataclass(frozen=True)
class Summary:
    """What many reads came to. A loss is silent where the read did not fail."""

    reads: int
    reads_with_silent_loss: int
    reads_with_repeats: int
    reads_failed: int
    rows_lost_silently: int
    rows_repeated: int
    stable_rows: int
    requests: int

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Summary:
        """Add them up."""
        outcomes = list(outcomes)
        silent = [outcome for outcome in outcomes if outcome.lost and not outcome.failed]
        return cls(
            reads=len(outcomes),
            reads_with_silent_loss=len(silent),
            reads_with_repeats=sum(outcome.repeated > 0 for outcome in outcomes),
            reads_failed=sum(outcome.failed for outcome in outcomes),
            rows_lost_silently=sum(outcome.lost for outcome in silent),
            rows_repeated=sum(outcome.repeated for outcome in outcomes),
            stable_rows=sum(outcome.stable for outcome in outcomes),
            requests=sum(outcome.requests for outcome in outcomes),
        )
