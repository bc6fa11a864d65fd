"""Build the marts with dbt, and test them."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from snow_atlas_sync.folder import writable_root_folder
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.marts import HISTORY, MARTS, NAMED, PACKAGE

PROCESS = "import sys; from snow_atlas_sync.report.dbt_process import main; main(*sys.argv[1:])"
SILENT = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
"""Turn off dbt's telemetry."""
TRACE = ("> in ", "> called by ", "compiled code at ")
"""Prefixes of the lines that dbt adds to a message."""


@dataclass(frozen=True)
class Checks:
    """Outcome of the tests of the marts: their number, and the names of those that failed."""

    number: int
    failed: tuple[str, ...]


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder for dbt's files that is kept between reports and used by one report at a time."""
    for number in count(1):
        with writable_root_folder() as place:
            folder = place / ("report" if number == 1 else f"report-{number}")
            folder.mkdir(exist_ok=True)
            lock = (folder / "lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder
            return


class Dbt(AbstractContextManager["Dbt"]):
    """Process of dbt with the package and a database.

    It starts to parse the package at once, so open it before a sync. Only the methods use the database.
    """

    def __init__(self, database: Path) -> None:
        self._progress = (0.0, "dbt is starting")
        self._stack = ExitStack()
        self.scratch = self._stack.enter_context(scratch())
        common = ["--quiet", "--no-use-colors", "--target", "duckdb", "--profiles-dir", "profiles"]
        common += ["--target-path", str(self.scratch / "target"), "--log-path", str(self._logs)]
        environment = {
            **os.environ,
            "SNOW_ATLAS_DUCKDB": str(database.absolute()),
            **SILENT,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, *common],
            cwd=PACKAGE,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._stack.close()

    @property
    def _logs(self) -> Path:
        return self.scratch / "logs"

    def progress(self, _seconds: float = 0) -> tuple[float, str]:
        """Return the share of the command's models or tests that have started, and a text."""
        return self._progress

    def build(self, variables: Mapping[str, Any]) -> None:
        """Build the marts of the report."""
        self._run(["run", "--select", *(f"+{mart}" for mart in MARTS), *NAMED, *HISTORY], variables)

    def build_history(self, variables: Mapping[str, Any], staged: bool) -> None:
        """Build the history from today's tables.

        If the views of staging were `staged` before, from tables with the same columns, they are not
        built again.
        """
        excluded = ["--exclude", "path:models/staging"] if staged else []
        self._run(["run", "--select", f"+{HISTORY[0]}", *excluded], variables)

    def check(self, variables: Mapping[str, Any]) -> Checks:
        """Run the tests of the marts, and return how they went.

        A mart whose test fails stays in the report, which names the test.
        """
        done = self._asked(["test", "--select", *MARTS, *HISTORY], variables)
        tests = [each for each in done["results"] if each["id"].startswith("test.")]
        if done["error"] or not tests:
            raise ReportError(f"dbt could not test the marts: {self._reason(done)}")
        failed = [each["id"].split(".")[2] for each in tests if each["status"] not in ("pass", "skipped")]
        return Checks(len(tests), tuple(sorted(failed)))

    def _run(self, arguments: list[str], variables: Mapping[str, Any]) -> None:
        done = self._asked(arguments, variables)
        if done["error"] or any(each["status"] not in ("success", "skipped") for each in done["results"]):
            raise ReportError(f"dbt could not build the marts: {self._reason(done)}")

    def _asked(self, arguments: list[str], variables: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._progress = (0.0, "dbt is starting")
        noun = "tests" if arguments[0] == "test" else "models"
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps([*arguments, "--vars", json.dumps(variables)]) + "\n")
            self._process.stdin.flush()
            for line in self._process.stdout:
                message: dict[str, Any] = json.loads(line)
                if "results" in message:
                    return message
                index, total = message["index"], message["total"]
                self._progress = (index / total, f"{index} of {total} {noun}")
        raise ReportError(f"dbt exited unexpectedly. Its log is in {self._logs}")

    def _reason(self, done: Mapping[str, Any]) -> str:
        return reason(done) or f"it gave no reason. Its log is in {self._logs}"


def reason(done: Mapping[str, Any]) -> str:
    """Return the first error in one line, without dbt's trace of macros; empty if dbt reported none."""
    failed = [each["message"] for each in done["results"] if each["status"] not in ("success", "skipped")]
    lines = [" ".join(line.split()) for line in (done["error"] or next(iter(failed), "")).splitlines()]
    said = [line for line in lines if line and not line.startswith(TRACE)]
    if len(said) > 1 and " Error" in said[0]:
        del said[0]  # "Runtime Error in model …"
    return " ".join(said)
