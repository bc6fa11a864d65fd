"""The commands as processes: what ends them is one line on standard error and an exit code, never a
traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from snow_atlas_sync import errors
from snow_atlas_sync.errors import Stopped, SyncError


def run_sync() -> None:
    """The command `snow-atlas-sync`."""
    run("snow-atlas-sync", lambda: _main("snow_atlas_sync.command"))


def run_report() -> None:
    """The command `snow-atlas-report`."""
    run("snow-atlas-report", lambda: _main("snow_atlas_sync.report.command"))


def _main(module: str) -> int:
    # brings what takes seconds to import: signals are looked after before
    from importlib import import_module

    if "report" in module and not {"-h", "--help", "--version"}.isdisjoint(sys.argv[1:]):
        module = module.replace(".command", ".options")
    try:
        code: int = import_module(module).main()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in EXTRAS:
            raise
        extra = "report" if "report" in module else "sync"
        raise SyncError(
            f"{error.name} is not installed; install it with: "
            f'pip install "airbyte-source-snow-atlas[{extra}]"'
        ) from None
    return code


EXTRAS = frozenset({"altair", "dlt", "duckdb", "jinja2", "pyarrow", "vl_convert", "xlsxwriter"})
"""Modules that an extra brings."""


def run(name: str, main: Callable[[], int]) -> None:
    """Run a command to its end and leave the process at once: what a library still does in a thread is
    nothing that anybody waits for.
    """
    code = 1
    try:
        code = exit_code(name, main)
    except SystemExit as error:  # argparse, with its own words
        code = error.code if isinstance(error.code, int) else 1
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def exit_code(name: str, main: Callable[[], int]) -> int:
    """What a command ends with: its own code, or 1, or that of the signal that stopped it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        code = main()
        sys.stdout.flush()
        return code
    except SyncError as error:
        say(name, " ".join(str(error).split()))
        return 1
    except BrokenPipeError:
        say(name, "stopped, as nobody reads what it prints")
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return 1
    except Stopped as stopped:
        errors.asked.clear()
        say(name, "stopped; each table is as it was, or was replaced as a whole")
        return 128 + stopped.signal


def say(name: str, text: str) -> None:
    with suppress(OSError):
        print(f"{name}: {text}", file=sys.stderr)


def _stop(number: int, _frame: FrameType | None) -> None:
    errors.asked.append(number)
    raise Stopped(number)
