"""Progress of a sync or of dbt: a bar that is redrawn on a terminal, else a line every few seconds."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from snow_atlas_sync.outcome import SyncReport

TERMINAL_INTERVAL = 0.2
LOG_INTERVAL = 5.0
BAR_WIDTH = 10


@contextmanager
def show_progress(progress: Callable[[float], tuple[float, str]]) -> Iterator[None]:
    """Show progress while the block runs.

    `progress` is called with the seconds since the start, and returns the share that is done and a text.
    """
    out = sys.stderr
    terminal = out.isatty()
    finished = threading.Event()
    start = time.monotonic()

    def show() -> None:
        with suppress(OSError, ValueError):  # stderr was closed
            while not finished.wait(TERMINAL_INTERVAL if terminal else LOG_INTERVAL):
                seconds = time.monotonic() - start
                share, text = progress(seconds)
                line = f"  {seconds:4.0f} s  {text}"
                if terminal:
                    width = shutil.get_terminal_size().columns - 1
                    out.write(f"\r\x1b[K{f'{bar(share)}{line}'[:width]}")
                else:
                    out.write(line + "\n")
                out.flush()

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
        if terminal:
            with suppress(OSError):
                out.write("\r\x1b[K")
                out.flush()


def bar(share: float) -> str:
    """Draw a share from 0 to 1 as a bar."""
    return f"  [{'#' * int(BAR_WIDTH * share):-<{BAR_WIDTH}}]"


def describe(report: SyncReport, seconds: float) -> str:
    """Describe the progress of a sync in one line."""
    streams = report.streams.values()
    line = f"{report.ended} of {len(streams)} streams, {report.records:,} records"
    running = [each.name for each in streams if each.started is not None and each.ended is None]
    if report.loading:
        return f"{line}; loading {report.loading}"
    if running:
        rate = f" ({report.records / seconds:,.0f} a second)" if seconds >= 1 else ""
        return f"{line}{rate}; reading {', '.join(running[:3])}{' ...' * (len(running) > 3)}"
    return f"{line}; the connector is starting" if report.ended == 0 else line
