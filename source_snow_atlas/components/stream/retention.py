"""Whether a stream is read further back than the server keeps its rows: what is gone can't be told from what
never was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.stream.cursor_row import bound, moment_of


@dataclass
class Retention:
    """How long rows are kept, from the field in which each says until when. Windows are asked for from the
    oldest on, so how far back the sync goes is known when the first rows come. For any number of threads.
    """

    stream: str
    cursor_field: str
    kept_until: str
    warn: Callable[[str], None]
    _since: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, window: tuple[str, str]) -> None:
        """A window is asked for."""
        start = bound(window[0])
        with self._lock:
            self._since = min(start, self._since or start)

    def came(self, rows: Sequence[Row]) -> None:
        """Warn where the sync goes back further than the first of the rows is kept."""
        if not rows or self._since is None:
            return
        created, until = moment_of(rows[0].get(self.cursor_field)), moment_of(rows[0].get(self.kept_until))
        if created is None or until is None or until <= created:
            return
        now, kept = datetime.now(timezone.utc), until - created
        if now - self._since > kept:
            self.warn(
                f"Stream {self.stream}: the server keeps a row for {kept.days} days ({self.kept_until}), and "
                f"this sync goes back further: rows from before {now - kept:%Y-%m-%d} may be gone."
            )
