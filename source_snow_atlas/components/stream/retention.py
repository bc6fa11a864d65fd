"""Warning about a stream that is read further back than the server keeps its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.stream.cursor_row import bound, timestamp_of


@dataclass
class Retention:
    """Checker of the retention period of a stream. Thread-safe.

    `kept_until` is the field with the time until which the server keeps a row. Windows are read from the
    oldest on, so the start of the sync is soon known.
    """

    stream: str
    cursor_field: str
    kept_until: str
    warn: Callable[[str], None]
    _starts: list[str] = field(default_factory=list)

    def check(self, window: tuple[str, str], rows: Sequence[Row]) -> None:
        """Warn if the sync starts earlier than the retention period of the first row of a window."""
        self._starts.append(window[0])
        if not rows:
            return
        created, until = (timestamp_of(rows[0].get(name)) for name in (self.cursor_field, self.kept_until))
        if created is None or until is None or until <= created:
            return
        now, kept = datetime.now(timezone.utc), until - created
        if now - bound(min(self._starts)) > kept:
            self.warn(
                f"Stream {self.stream}: the server keeps a row for {kept.days} days ({self.kept_until}), and "
                f"this sync goes back further: rows from before {now - kept:%Y-%m-%d} may be gone."
            )
