"""Protocol messages on stdout, as bytes and a few dozen lines at a time.

The CDK's print buffer takes 4 µs a record: it keeps text in a form of four bytes a character and encodes it
in the end. Batches of encoded lines take 0.9 (100,000 records of 0.9 kB: 0.40 s and 0.085 s of processor
time, medians of three pairs). It also takes whatever any thread prints for messages, in the middle of a line.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

LINES = 64
SECONDS = 0.1
STDOUT, STDERR = 1, 2


@contextmanager
def stdout_taken() -> Iterator[IO[bytes]]:
    """Standard output for the block's use alone: what anything else prints to it, C libraries included, goes
    to standard error.
    """
    try:
        own = os.dup(STDOUT)
    except OSError:
        sys.exit("source-snow-atlas: standard output is closed.")
    try:
        os.dup2(STDERR, STDOUT)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
    printed, sys.stdout = sys.stdout, sys.stderr
    try:
        with os.fdopen(own, "wb", closefd=False) as stream:
            yield stream
    finally:
        sys.stdout = printed
        os.dup2(own, STDOUT)
        os.close(own)


class OutputLost(Exception):
    """Standard output takes no more; the text says why."""


class LineWriter:
    """Collects records and writes them whole: 64 at once, or what came in a tenth of a second, or all when
    another line follows.

    So a state message, which says that the records before it were handed over, never waits. `record`, `write`
    and `flush` are for one thread, `say` for any.
    """

    def __init__(self, stream: IO[bytes], clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._clock = clock
        self._lines: list[bytes] = []
        self._flushed = clock()

    def record(self, line: bytes) -> None:
        """Take the line of a record, without its end. Raises OutputLost when it can't be written."""
        self._lines.append(line)
        if len(self._lines) >= LINES or self._clock() - self._flushed > SECONDS:
            self.flush()

    def write(self, line: str) -> None:
        """Write any other line, and what was collected before it. Raises OutputLost as well."""
        self._lines.append(line.encode("utf-8", "replace"))
        self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._put(b"\n".join(lines) + b"\n")
        self._flushed = self._clock()

    def say(self, text: str) -> None:
        """Write a line, or several, at once."""
        self._put((text + "\n").encode("utf-8", "replace"))

    def _put(self, lines: bytes) -> None:
        with self._lock:
            try:
                self._stream.write(lines)
                self._stream.flush()
            except BrokenPipeError:
                raise OutputLost("nobody reads standard output any more.") from None
            except OSError as error:
                raise OutputLost(f"standard output can't be written: {error.strerror}.") from None

    def close(self, seconds: float) -> None:
        """Let nothing more be written: the line under way is the last one, if it ends in time."""
        self._lock.acquire(timeout=seconds)


class LogLines:
    """What a log handler writes, as whole lines of a writer."""

    def __init__(self, output: LineWriter) -> None:
        self._output = output

    def write(self, text: str) -> None:
        """Take what the handler formatted, with its end."""
        self._output.say(text.rstrip("\n"))

    def flush(self) -> None:
        """Nothing waits."""
