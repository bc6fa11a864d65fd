"""The console entry point `source-snow-atlas`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress

from source_snow_atlas.output import stdout_taken

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SECONDS_TO_END = 1.0
"""What a line that is being written has to reach its reader when a signal ends the process."""

_before_the_end: list[Callable[[float], None]] = []


def run(arguments: list[str] | None = None) -> None:
    """Run a command of the Airbyte protocol and end the process."""
    end_at_signals()
    skip_docstrings_of_protocol_classes()
    with stdout_taken() as stdout:
        from source_snow_atlas import command

        command.run(arguments, stdout, _before_the_end.append)


def end_at_signals() -> None:
    """End the process at Ctrl-C and SIGTERM from now on, imports included, also while every other thread
    waits for the network or for a reader that does not read.

    A thread waits for the signals, because Python runs their handlers in the main thread only, and only when
    what that one calls returns.
    """
    taken = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    if not hasattr(signal, "pthread_sigmask"):
        for number in taken:
            signal.signal(number, lambda number, _: _end(number))
        return
    if not taken:
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, taken)
    threading.Thread(target=lambda: _end(signal.sigwait(taken)), name="signals", daemon=True).start()


def _end(number: int) -> None:
    for prepare in _before_the_end:
        with suppress(Exception):
            prepare(SECONDS_TO_END)
    os._exit(128 + number)


def skip_docstrings_of_protocol_classes() -> None:
    """Save a third of the start-up: importing the CDK falls from 1.2 s to 0.8 s.

    Its serializer (serpyco-rs) reads and parses the source code of every protocol class to find descriptions
    of their attributes, which only JSON schemas of those classes would show, and nothing here makes such
    schemas. It must happen before the CDK is imported.
    """
    try:
        import attributes_doc
    except ImportError:
        return
    attributes_doc.get_attributes_doc = _no_docstrings


def _no_docstrings(cls: type) -> dict[str, str]:
    return {}


if __name__ == "__main__":
    run()
