"""Progress of a sync: counts per stream, log lines every few seconds, and estimates."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteMessage,
    AirbyteTraceMessage,
    EstimateType,
    TraceType,
    Type,
)

from source_snow_atlas.components.basics.counting import counted
from source_snow_atlas.components.basics.errors import without_secret_ids
from source_snow_atlas.components.collection.pages import Changes

LOGGER = logging.getLogger("airbyte")
SECONDS_BETWEEN_LINES = 10.0
SECONDS_OF_SILENCE = 60.0
"""Time without a log line after which one reports the requests in flight."""


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
        self._counts: dict[str, dict[str, int]] = {}
        self._warned: set[tuple[str, str]] = set()
        self._changes: dict[str, list[Changes]] = {}
        self._last_line = clock()

    def warn_once(self, stream: str, kind: str, message: str) -> None:
        """Log a warning, unless one of its kind was logged for the stream before."""
        with self._lock:
            if (stream, kind) in self._warned:
                return
            self._warned.add((stream, kind))
        LOGGER.warning(without_secret_ids(message))

    def add_changes(self, stream: str, changes: Changes) -> None:
        """Add changes that were seen while a collection of the stream was read."""
        with self._lock:
            self._changes.setdefault(stream, []).append(changes)

    def log_changes(self, stream: str) -> None:
        """Log the changes that were seen during the read of a stream, if any, in one line."""
        with self._lock:
            found = self._changes.pop(stream, None)
        if not found:
            return
        LOGGER.info(
            "Stream %s: the data changed while it was read. At least %s inserted or deleted, %s read again, "
            "and %s emitted again with other values. No row that existed all the time is missing.",
            stream,
            counted(sum(changes.seen for changes in found), "row was", "rows were"),
            counted(sum(changes.read_again for changes in found), "page was", "pages were"),
            counted(sum(changes.again for changes in found), "row was", "rows were"),
        )

    def add(self, stream: str, **counts: int) -> None:
        """Add to counts: `records`, `pages`, `parents`, `not_served` (rows), `parents_not_read`."""
        with self._lock:
            held = self._counts.setdefault(stream, {})
            for name, count in counts.items():
                held[name] = held.get(name, 0) + count
            now = self._clock()
            self._started.setdefault(stream, now)
            due = now - self._logged.setdefault(stream, now) >= SECONDS_BETWEEN_LINES
            if due:
                self._logged[stream] = self._last_line = now
                line = self._line(stream, now)
        if due:
            LOGGER.info(line)

    def expect(self, stream: str, **totals: int) -> None:
        """Set the expected counts: `total_records`, `total_pages`, `total_parents`."""
        with self._lock:
            self._counts.setdefault(stream, {}).update(totals)

    def conclude(self) -> None:
        """Log the changes of streams that did not end."""
        with self._lock:
            changed = list(self._changes)
        for stream in changed:
            self.log_changes(stream)

    def count(self, stream: str, name: str) -> int:
        """Return the current value of a count."""
        with self._lock:
            return self._counts.get(stream, {}).get(name, 0)

    def log_waiting(self, requests: int) -> None:
        """Log that the connector waits for the server, if nothing was logged for a minute."""
        with self._lock:
            now = self._clock()
            if now - self._last_line < SECONDS_OF_SILENCE:
                return
            self._last_line = now
            records = sum(held.get("records", 0) for held in self._counts.values())
        LOGGER.info(
            "Waiting for Snow Atlas: %s in flight, %s read so far.",
            counted(requests, "request", "requests"),
            counted(records, "record", "records"),
        )

    def _line(self, stream: str, now: float) -> str:
        held = self._counts[stream]
        parts = []
        for name in ("records", "pages", "parents"):
            if name in held:
                total = held.get(f"total_{name}")
                parts.append(f"{held[name]:,}" + (f" of {total:,}" if total else "") + f" {name}")
        seconds = max(now - self._started[stream], 0.001)
        return f"Reading {stream}: {', '.join(parts)}, {held.get('records', 0) / seconds:,.0f} records/s"


class Heartbeat(threading.Thread):
    """Thread that logs once a minute that the connector waits, if nothing else is logged."""

    def __init__(self, progress: Progress, requests_in_flight: Callable[[], int]) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._progress = progress
        self._requests_in_flight = requests_in_flight
        self._stopped = threading.Event()

    def run(self) -> None:
        """Check every few seconds until stopped."""
        while not self._stopped.wait(SECONDS_BETWEEN_LINES):
            self._progress.log_waiting(self._requests_in_flight())

    def stop(self) -> None:
        """Stop the thread."""
        self._stopped.set()
