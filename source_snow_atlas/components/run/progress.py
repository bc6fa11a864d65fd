"""Progress of a sync: counts per stream in log lines and in the state, and estimates."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteMessage,
    AirbyteTraceMessage,
    EstimateType,
    TraceType,
    Type,
)

from source_snow_atlas.components.basics.errors import pluralized, without_secret_ids
from source_snow_atlas.components.collection.page_source import Changes

LOGGER = logging.getLogger("airbyte")
SECONDS_BETWEEN_LINES = 10.0
COUNTS_IN_STATE = {"rowsNotServed": "not_served", "parentsNotRead": "parents_not_read"}
"""Counts of what an accepted stream lacks, by their keys in its state."""


def estimate(stream: str, rows: int) -> AirbyteMessage:
    """Return the message with the expected number of rows of a stream."""
    return AirbyteMessage(
        type=Type.TRACE,
        trace=AirbyteTraceMessage(
            type=TraceType.ESTIMATE,
            emitted_at=time.time() * 1000,
            estimate=AirbyteEstimateTraceMessage(name=stream, type=EstimateType.STREAM, row_estimate=rows),
        ),
    )


class Progress:
    """Counts per stream, logged at most every ten seconds for each. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._logged: dict[str, float] = {}
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._warned: set[tuple[str, str]] = set()

    def warn_once(self, stream: str, kind: str, message: str) -> None:
        """Log a warning, unless one of its kind was logged for the stream before."""
        with self._lock:
            if (stream, kind) in self._warned:
                return
            self._warned.add((stream, kind))
        LOGGER.warning(without_secret_ids(message))

    def add(self, stream: str, **counts: int) -> None:
        """Add to counts: `records`, `pages`, `parents`, `not_served` (rows), `parents_not_read`."""
        with self._lock:
            self._counts[stream].update(counts)
            now = self._clock()
            self._started.setdefault(stream, now)
            if now - self._logged.setdefault(stream, now) < SECONDS_BETWEEN_LINES:
                return
            self._logged[stream] = now
            line = self._line(stream, now - self._started[stream])
        LOGGER.info(line)

    def expect(self, stream: str, **totals: int) -> None:
        """Set the expected counts, unless they are 0: `total_records`, `total_pages`, `total_parents`."""
        with self._lock:
            for name, total in totals.items():
                self._counts[stream][name] = total or self._counts[stream][name]

    def count(self, stream: str, name: str) -> int:
        with self._lock:
            return self._counts[stream][name]

    def with_missing_counts(self, messages: Iterable[AirbyteMessage]) -> Iterator[AirbyteMessage]:
        """Yield the messages, with the numbers of missing rows and parents added to the states."""
        for message in messages:
            stream = message.state.stream if message.state is not None else None
            if stream is not None and stream.stream_state is not None:
                for key, name in COUNTS_IN_STATE.items():
                    if missing := self.count(stream.stream_descriptor.name, name):
                        setattr(stream.stream_state, key, missing)
            yield message

    def _line(self, stream: str, seconds: float) -> str:
        counts = self._counts[stream]
        parts = []
        for name in ("records", "pages", "parents"):
            if name in counts:
                total = counts[f"total_{name}"]
                parts.append(f"{counts[name]:,}" + (f" of {total:,}" if total else "") + f" {name}")
        return f"Reading {stream}: {', '.join(parts)}, {counts['records'] / seconds:,.0f} records/s"

    def add_changes(self, stream: str, changes: Changes) -> None:
        with self._lock:
            self._counts[stream].update(asdict(changes))

    def log_changes(self) -> None:
        """Log the changes that were seen while the streams were read, in one line for each stream."""
        for stream, counts in self._counts.items():
            if "seen" not in counts:
                continue
            seen = pluralized(counts["seen"], "row was", "rows were")
            pages = pluralized(counts["read_again"], "page was", "pages were")
            again = pluralized(counts["again"], "row was", "rows were")
            LOGGER.info(
                f"Stream {stream}: the data changed while it was read. At least {seen} inserted or deleted, "
                f"{pages} read again, and {again} emitted again with other values. No row that existed all "
                "the time is missing."
            )
