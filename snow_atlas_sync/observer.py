"""Watch the Airbyte messages of a connector go by: what each stream read, how it ended, what was said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# A record line as the CDK writes it; parsing it whole would cost as much again as PyAirbyte's own parsing.
RECORD = re.compile(r'\{"type": ?"RECORD", ?"record": ?\{"stream": ?"([^"]+)"')


@dataclass
class StreamReport:
    """What is known about one stream of a sync."""

    name: str
    records: int = 0
    status: str = "PENDING"
    error: str = ""
    started: float | None = None
    ended: float | None = None

    @property
    def seconds(self) -> float | None:
        return None if self.started is None or self.ended is None else self.ended - self.started

    @property
    def complete(self) -> bool:
        return self.status == "COMPLETE"


@dataclass
class SyncReport:
    """What is known about a sync, kept up to date while it runs."""

    streams: dict[str, StreamReport]
    error: str = ""
    warnings: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, names: list[str]) -> SyncReport:
        return cls({name: StreamReport(name) for name in names})

    @property
    def records(self) -> int:
        return sum(stream.records for stream in self.streams.values())

    @property
    def ended(self) -> int:
        return sum(stream.ended is not None for stream in self.streams.values())

    @property
    def running(self) -> list[str]:
        return [s.name for s in self.streams.values() if s.started is not None and s.ended is None]

    @property
    def failed(self) -> list[StreamReport]:
        return [stream for stream in self.streams.values() if stream.status == "INCOMPLETE"]

    def see(self, line: str) -> None:
        """Take note of one line of the connector's output."""
        record = RECORD.match(line)
        if record is not None:
            self._stream(record.group(1)).records += 1
            return
        try:
            message = json.loads(line)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if message.get("type") == "RECORD":
            self._stream(message["record"]["stream"]).records += 1
        elif message.get("type") == "TRACE":
            self._see_trace(message["trace"])
        elif message.get("type") == "LOG" and message["log"].get("level") == "WARN":
            text = message["log"]["message"]
            self.warnings[text] = self.warnings.get(text, 0) + 1

    def _see_trace(self, trace: dict[str, Any]) -> None:
        if trace.get("type") == "STREAM_STATUS":
            stream = self._stream(trace["stream_status"]["stream_descriptor"]["name"])
            stream.status = trace["stream_status"]["status"]
            moment = float(trace["emitted_at"]) / 1000
            if stream.status == "STARTED":
                stream.started = moment
            elif stream.status in ("COMPLETE", "INCOMPLETE"):
                stream.ended = moment
        elif trace.get("type") == "ERROR":
            message = trace["error"].get("message") or "the connector failed without a message"
            descriptor = trace["error"].get("stream_descriptor")
            if descriptor is None:
                self.error = self.error or message
            elif not self._stream(descriptor["name"]).error:
                self._stream(descriptor["name"]).error = message

    def _stream(self, name: str) -> StreamReport:
        if name not in self.streams:
            self.streams[name] = StreamReport(name)
        return self.streams[name]


class ObservedExecutor:
    """Stands before PyAirbyte's executor of a connector and shows a report each line that comes out of it."""

    def __init__(self, executor: Any, report: SyncReport) -> None:
        self._executor = executor
        self._report = report

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)

    def execute(self, args: list[str], **options: Any) -> Iterator[str]:
        for line in self._executor.execute(args, **options):
            self._report.see(line)
            yield line
