"""Outcome of a sync, collected from the Airbyte messages of the connector."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

NOT_LOADED = "NOT LOADED"
"""Status of a stream that was read completely, but could not be loaded."""


@dataclass
class StreamReport:
    """Outcome of one stream."""

    name: str
    records: int = 0
    expected: int = 0
    status: str = "PENDING"
    error: str = ""
    started: float | None = None
    ended: float | None = None
    state: dict[str, Any] | None = None
    """The last state message of the stream."""

    @property
    def seconds(self) -> float | None:
        """Return the time from start to end, or None if the stream has not ended."""
        return None if self.started is None or self.ended is None else self.ended - self.started

    @property
    def complete(self) -> bool:
        """Return whether all records were read."""
        return self.status == "COMPLETE"

    def fail(self, reason: str, status: str = "INCOMPLETE") -> None:
        """Mark the stream as incomplete, or as not loaded. An earlier error is kept."""
        self.status = status
        self.error = self.error or reason


@dataclass
class SyncReport:
    """Outcome of a sync, updated while it runs."""

    streams: dict[str, StreamReport]
    error: str = ""
    warnings: dict[str, int] = field(default_factory=dict)
    loading: str = ""
    """The table or the number of tables being loaded; empty otherwise."""
    refused: dict[str, str] = field(default_factory=dict)
    """The missing permission of each stream that was left out for it."""

    @classmethod
    def of(cls, names: Iterable[str]) -> SyncReport:
        """Return an empty report of the streams."""
        return cls({name: StreamReport(name) for name in names})

    @property
    def records(self) -> int:
        """Return the number of records read."""
        return sum(stream.records for stream in self.streams.values())

    @property
    def ended(self) -> int:
        """Return the number of streams that have ended."""
        return sum(stream.ended is not None for stream in self.streams.values())

    @property
    def share(self) -> float:
        """Estimate the share of the records that was read, from 0 to 1."""
        parts = (
            1.0 if each.ended is not None else min(0.99, each.records / (each.expected or float("inf")))
            for each in self.streams.values()
        )
        return sum(parts) / max(1, len(self.streams))

    @property
    def complete(self) -> list[StreamReport]:
        """Return the streams that were read completely."""
        return [stream for stream in self.streams.values() if stream.complete]

    @property
    def failed(self) -> list[StreamReport]:
        """Return the other streams, whatever their status is."""
        return [stream for stream in self.streams.values() if not stream.complete]

    def update(self, line: bytes) -> None:
        """Update the report from a message of the connector that is not a record."""
        try:
            message = orjson.loads(line)
            kind = message["type"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            return
        if kind == "TRACE":
            self._update_from_trace(message["trace"])
        elif kind == "STATE":
            state = message["state"].get("stream")
            if state:
                self.stream(state["stream_descriptor"]["name"]).state = state.get("stream_state")
        elif kind == "LOG" and message["log"].get("level") == "WARN":
            self.warn(message["log"]["message"])

    def warn(self, text: str) -> None:
        """Add a warning; repeated ones are counted."""
        self.warnings[text] = self.warnings.get(text, 0) + 1

    def _update_from_trace(self, trace: dict[str, Any]) -> None:
        kind = trace.get("type")
        if kind == "STREAM_STATUS":
            stream = self.stream(trace["stream_status"]["stream_descriptor"]["name"])
            stream.status = trace["stream_status"]["status"]
            emitted_at = float(trace["emitted_at"]) / 1000
            if stream.status == "STARTED":
                stream.started = emitted_at
            elif stream.status in ("COMPLETE", "INCOMPLETE"):
                stream.ended = emitted_at
        elif kind == "ESTIMATE":
            self.stream(trace["estimate"]["name"]).expected = trace["estimate"].get("row_estimate") or 0
        elif kind == "ERROR":
            message = trace["error"].get("message") or "the connector failed without a message"
            descriptor = trace["error"].get("stream_descriptor")
            failed = self if descriptor is None else self.stream(descriptor["name"])
            failed.error = failed.error or message

    def stream(self, name: str) -> StreamReport:
        """Return the report of a stream, which is added if it is new."""
        return self.streams.setdefault(name, StreamReport(name))
