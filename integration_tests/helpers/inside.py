"""Runs of `snow-atlas-sync` and its connector inside the test's process, which saves seconds of imports."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from integration_tests.helpers.connector import run_inside
from snow_atlas_sync import check, command, connector, process


class EndedProcess:
    """Process of the connector that has ended before its output is read."""

    def __init__(self, returncode: int, output: bytes) -> None:
        self.returncode = returncode
        self.stdout = io.BytesIO(output)

    def communicate(self) -> tuple[bytes, None]:
        return self.stdout.read(), None

    def wait(self) -> int:
        return self.returncode

    def terminate(self) -> None:
        """Do nothing: the process has ended."""


@contextlib.contextmanager
def start_inside(arguments: Sequence[str], folder: Path) -> Iterator[EndedProcess]:
    """Run the module of the connector or of its check, as `connector.start_module` does in a process."""
    (folder / "stderr").touch()
    module, *others = arguments
    if module == "source_snow_atlas.run":
        yield EndedProcess(*run_inside(others, os.environ))
        return
    assert module == "snow_atlas_sync.check"
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            check.main(*others)
    finally:
        logging.disable(logging.NOTSET)
    yield EndedProcess(0, printed.getvalue().encode())


@contextlib.contextmanager
def connector_inside() -> Iterator[None]:
    """Run the connector of a sync inside this process."""
    with mock.patch.object(connector, "start_module", start_inside):
        try:
            yield
        finally:
            gc.enable()  # which the sync disables for its short life


@dataclass
class Said:
    """Output of a command: all of it, and the part that went to stderr."""

    everything: str
    errors: str


class Errors(io.StringIO):
    """Stderr, which also goes where stdout goes."""

    def __init__(self, printed: io.StringIO) -> None:
        super().__init__()
        self.printed = printed

    def write(self, text: str) -> int:
        self.printed.write(text)
        return super().write(text)


def sync_inside(arguments: Sequence[str], variables: Mapping[str, str], folder: Path) -> tuple[int, Said]:
    """Run `snow-atlas-sync` inside this process in a folder, and return its exit code and its output."""
    with mock.patch.dict(os.environ, variables, clear=True), connector_inside():
        return ended("snow-atlas-sync", lambda: command.main(arguments), folder)


def ended(name: str, main: Callable[[], int], folder: Path) -> tuple[int, Said]:
    """Run a command as its entry point does, and return its exit code and its output."""
    printed = io.StringIO()
    errors = Errors(printed)
    handlers = {number: signal.getsignal(number) for number in process.SIGNALS}
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
            code = process.exit_code(name, main)
    finally:
        os.chdir(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return code, Said(printed.getvalue(), errors.getvalue())
