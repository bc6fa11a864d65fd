"""Entry points of the commands, which turn errors and signals into one line on stderr and an exit code."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import FrameType

from snow_atlas_sync import errors
from snow_atlas_sync.errors import Stopped, SyncError, sentence

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
EXTRAS = frozenset({"altair", "dlt", "duckdb", "jinja2", "pyarrow", "vl_convert", "xlsxwriter"})
"""Modules that the extras install."""


def run_sync() -> None:
    """Run the command `snow-atlas-sync`."""
    # imported late: it takes seconds, in which a signal should already be handled
    run("snow-atlas-sync", lambda: int(import_module("snow_atlas_sync.command").main()))


def run_report() -> None:
    """Run the command `snow-atlas-report`."""
    wants_help = not {"-h", "--help", "--version"}.isdisjoint(sys.argv[1:])
    module = f"snow_atlas_sync.report.{'options' if wants_help else 'command'}"
    run("snow-atlas-report", lambda: int(import_module(module).main()))


def run(name: str, main: Callable[[], int]) -> None:
    """Run a command and end the process, without waiting for threads of libraries."""
    replace_closed_streams()
    escape_what_cannot_be_encoded()
    code = exit_code(name, main)
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def replace_closed_streams() -> None:
    """Open the null device in place of closed standard streams, as of `snow-atlas-sync >&-`.

    Otherwise the next file that is opened would get the number of standard output or of standard error.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # stays open


def escape_what_cannot_be_encoded() -> None:
    """Print characters that the encoding of standard output lacks as escapes, as Python does on stderr.

    Otherwise a name of the tenant would end the command, for example in a pipe on Windows.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def exit_code(name: str, main: Callable[[], int]) -> int:
    """Run a command and return its exit code: its own, 1 after an error, or 128 plus the signal's number."""
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _stop)
    try:
        try:
            code = main()
        except SystemExit as error:  # argparse, which has printed its message
            code = error.code if isinstance(error.code, int) else 1
        sys.stdout.flush()
        return code
    except SyncError as error:
        say(name, " ".join(str(error).split()))
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in EXTRAS:
            raise
        extra = "report" if name.endswith("report") else "sync"
        advice = f'install the extra {extra} of the connector, in a clone with: pip install ".[{extra}]"'
        say(name, f"{error.name} is not installed; {advice}.")
        return 1
    except BrokenPipeError:
        say(name, "Stopped, as its output is no longer read.")
        return 1
    except OSError as error:
        say(
            name,
            f"{error.filename or 'Standard output'} can't be used: {sentence(error.strerror or str(error))}",
        )
        return 1
    except Stopped as stopped:
        errors.received_signals.clear()
        results = "page and workbook are" if name.endswith("report") else "each table is"
        say(name, f"Stopped; {results} unchanged or completely replaced.")
        return 128 + stopped.signal


def say(name: str, text: str) -> None:
    """Print a line on stderr."""
    with suppress(OSError):
        print(f"{name}: {text}", file=sys.stderr, flush=True)


def _stop(number: int, _frame: FrameType | None) -> None:
    errors.received_signals.append(number)
    raise Stopped(number)
