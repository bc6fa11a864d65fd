"""The commands as processes: what ends them is one line on standard error and an exit code, never a
traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import FrameType

from snow_atlas_sync import errors
from snow_atlas_sync.errors import Stopped, SyncError

EXTRAS = frozenset({"altair", "dlt", "duckdb", "jinja2", "pyarrow", "vl_convert", "xlsxwriter"})
"""Modules that an extra brings."""


def run_sync() -> None:
    """The command `snow-atlas-sync`."""
    # importing it takes seconds, and signals are looked after before
    run("snow-atlas-sync", lambda: int(import_module("snow_atlas_sync.command").main()))


def run_report() -> None:
    """The command `snow-atlas-report`."""
    asks = not {"-h", "--help", "--version"}.isdisjoint(sys.argv[1:])
    module = f"snow_atlas_sync.report.{'options' if asks else 'command'}"
    run("snow-atlas-report", lambda: int(import_module(module).main()))


def run(name: str, main: Callable[[], int]) -> None:
    """Run a command to its end and leave the process at once: what a library still does in a thread is
    nothing that anybody waits for.
    """
    code = exit_code(name, main)
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


def exit_code(name: str, main: Callable[[], int]) -> int:
    """What a command ends with: its own code, or 1, or that of the signal that stopped it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        try:
            code = main()
        except SystemExit as error:  # argparse, with its own words
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
        install = f'pip install "airbyte-source-snow-atlas[{extra}]"'
        say(name, f"{error.name} is not installed; install it with: {install}")
        return 1
    except BrokenPipeError:
        say(name, "stopped, as nobody reads what it prints")
        return 1
    except OSError as error:
        say(name, f"{error.filename or 'standard output'} can't be used: {error.strerror or error}")
        return 1
    except Stopped as stopped:
        errors.asked.clear()
        written = "page and workbook are" if name.endswith("report") else "each table is"
        say(name, f"stopped; {written} as before, or replaced as a whole")
        return 128 + stopped.signal


def say(name: str, text: str) -> None:
    with suppress(OSError):
        print(f"{name}: {text}", file=sys.stderr, flush=True)


def _stop(number: int, _frame: FrameType | None) -> None:
    errors.asked.append(number)
    raise Stopped(number)
