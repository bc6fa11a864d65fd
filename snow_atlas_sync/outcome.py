"""What is known of a sync, from the Airbyte messages of the connector: what each stream read, how it ended,
what was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class StreamReport:
    """What is known about one stream of a sync."""

    name: str
    records: int = 0
    expected: int = 0
    status: str = "PENDING"
    error: str = ""
    started: float | None = None
    ended: float | None = None
    state: dict[str, Any] | None = None
    """The last state that the connector wrote for the stream."""

    @property
    def seconds(self) -> float | None:
        return None if self.started is None or self.ended is None else self.ended - self.started

    @property
    def complete(self) -> bool:
        return self.status == "COMPLETE"

    def fail(self, reason: str) -> None:
        """Note that the stream is not whole, with the first reason that is known."""
        self.status = "INCOMPLETE"
        self.error = self.error or reason


@dataclass
class SyncReport:
    """What is known about a sync, kept up to date while it runs."""

    streams: dict[str, StreamReport]
    error: str = ""
    warnings: dict[str, int] = field(default_factory=dict)
    loading: str = ""
    """What is being loaded just now."""
    refused: dict[str, str] = field(default_factory=dict)
    """Streams that were left out, as the client lacks a permission: which one."""

    @classmethod
    def of(cls, names: Iterable[str]) -> SyncReport:
        return cls({name: StreamReport(name) for name in names})

    @property
    def records(self) -> int:
        return sum(stream.records for stream in self.streams.values())

    @property
    def ended(self) -> int:
        return sum(stream.ended is not None for stream in self.streams.values())

    @property
    def share(self) -> float:
        """How much of the reading is done, from 0 to 1, as far as it can be told."""
        parts = (
            1.0 if each.ended is not None else min(0.99, each.records / (each.expected or float("inf")))
            for each in self.streams.values()
        )
        return sum(parts) / max(1, len(self.streams))

    @property
    def complete(self) -> list[StreamReport]:
        return [stream for stream in self.streams.values() if stream.complete]

    @property
    def failed(self) -> list[StreamReport]:
        """All that are not whole, whatever their last word was."""
        return [stream for stream in self.streams.values() if not stream.complete]

    def see(self, line: bytes) -> None:
        """Take note of one line of the connector's output that is no record."""
        try:
            message = orjson.loads(line)
            kind = message["type"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            return
        if kind == "TRACE":
            self._see_trace(message["trace"])
        elif kind == "STATE":
            state = message["state"].get("stream")
            if state:
                self.stream(state["stream_descriptor"]["name"]).state = state.get("stream_state")
        elif kind == "LOG" and message["log"].get("level") == "WARN":
            self.warn(message["log"]["message"])

    def warn(self, text: str) -> None:
        self.warnings[text] = self.warnings.get(text, 0) + 1

    def _see_trace(self, trace: dict[str, Any]) -> None:
        kind = trace.get("type")
        if kind == "STREAM_STATUS":
            stream = self.stream(trace["stream_status"]["stream_descriptor"]["name"])
            stream.status = trace["stream_status"]["status"]
            moment = float(trace["emitted_at"]) / 1000
            if stream.status == "STARTED":
                stream.started = moment
            elif stream.status in ("COMPLETE", "INCOMPLETE"):
                stream.ended = moment
        elif kind == "ESTIMATE":
            self.stream(trace["estimate"]["name"]).expected = trace["estimate"].get("row_estimate") or 0
        elif kind == "ERROR":
            message = trace["error"].get("message") or "the connector failed without a message"
            descriptor = trace["error"].get("stream_descriptor")
            failed = self if descriptor is None else self.stream(descriptor["name"])
            failed.error = failed.error or message

    def stream(self, name: str) -> StreamReport:
        return self.streams.setdefault(name, StreamReport(name))
