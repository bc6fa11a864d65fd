"""Say how far a sync is: on a terminal one line rewritten in place, elsewhere a line every few seconds."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from snow_atlas_sync.observer import SyncReport

TERMINAL_INTERVAL = 0.2
LOG_INTERVAL = 5.0


@contextmanager
def shown(report: SyncReport) -> Iterator[None]:
    """Show the progress of a sync for as long as the block lasts."""
    out = sys.stderr
    terminal = out.isatty()
    over = threading.Event()
    start = time.monotonic()

    def show() -> None:
        while not over.wait(TERMINAL_INTERVAL if terminal else LOG_INTERVAL):
            line = describe(report, time.monotonic() - start)
            if terminal:
                width = shutil.get_terminal_size().columns - 1
                out.write(f"\r\x1b[K{line[:width]}")
            else:
                out.write(line + "\n")
            out.flush()

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if terminal:
            out.write("\r\x1b[K")
            out.flush()


def describe(report: SyncReport, seconds: float) -> str:
    """The state of a sync in one line."""
    total = len(report.streams)
    line = f"  {seconds:4.0f} s  {report.ended} of {total} streams, {report.records:,} records"
    running = list(report.running)
    if running:
        return f"{line}; reading {', '.join(running[:3])}{' ...' * (len(running) > 3)}"
    if report.ended == total:
        return f"{line}; writing the tables"
    return f"{line}; the connector is starting" if report.ended == 0 else line
