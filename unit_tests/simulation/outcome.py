"""Outcomes of reads of a changing collection: lost and repeated rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Outcome of one read. `stable` rows existed from the first request to the last."""

    stable: int
    lost: int
    repeated: int
    requests: int = 0
    changes: int = 0
    seconds: float = 0.0
    failed: bool = False
    reports: list[Any] = field(default_factory=list)
    """Changes that the reader reported."""

    @classmethod
    def of(cls, emitted: Sequence[Hashable], stable: Set[Hashable], **more: Any) -> Outcome:
        """Compare the emitted keys with those of the stable rows."""
        distinct = set(emitted)
        return cls(len(stable), len(stable - distinct), len(emitted) - len(distinct), **more)


@dataclass(frozen=True)
class Summary:
    """Outcomes of many reads. A loss is silent if the read did not fail."""

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
        """Add up outcomes."""
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
