"""Lets dbt build the marts, and test them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snow_atlas_sync import spool
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.marts import HISTORY, MARTS, NAMED, PACKAGE

DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]
SCRATCH = spool.parent() / "report"


@dataclass(frozen=True)
class Checks:
    """How the tests of the marts went: how many there were, and which of them failed."""

    number: int
    failed: tuple[str, ...]


def build(database: Path, variables: Mapping[str, Any]) -> None:
    """Build the marts of the report in the database."""
    done = _dbt(["run", "--select", *(f"+{mart}" for mart in MARTS), *NAMED, *HISTORY], database, variables)
    if done.returncode:
        raise ReportError(f"dbt could not build the marts: {_reason(done.stdout)}")


def check(database: Path, variables: Mapping[str, Any]) -> Checks:
    """Run the tests of the marts. One that fails does not keep its mart from the report, which says so
    instead.
    """
    done = _dbt(["test", "--select", *MARTS, *HISTORY], database, variables)
    results = _results()
    if results is None:
        raise ReportError(f"dbt could not test the marts: {_reason(done.stdout)}")
    tests = [each for each in results if each["unique_id"].startswith("test.")]
    failed = [each["unique_id"].split(".")[2] for each in tests if each["status"] not in ("pass", "skipped")]
    return Checks(len(tests), tuple(sorted(failed)))


def _dbt(
    arguments: list[str], database: Path, variables: Mapping[str, Any]
) -> subprocess.CompletedProcess[str]:
    (SCRATCH / "target" / "run_results.json").unlink(missing_ok=True)
    command = [*DBT, "--quiet", "--no-use-colors", *arguments, "--target", "duckdb"]
    command += ["--profiles-dir", "profiles", "--vars", json.dumps(variables)]
    command += ["--target-path", str(SCRATCH / "target"), "--log-path", str(SCRATCH / "logs")]
    environment = {
        **os.environ,
        "SNOW_ATLAS_DUCKDB": str(database.absolute()),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    return subprocess.run(
        command,
        cwd=PACKAGE,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _results() -> list[dict[str, Any]] | None:
    try:
        held = json.loads((SCRATCH / "target" / "run_results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    results: list[dict[str, Any]] = held["results"]
    return results


def _reason(output: str) -> str:
    """The last of what dbt said, in one line."""
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    return " ".join(lines[-4:]) or f"it said nothing; its log is in {SCRATCH / 'logs'}"
