"""Run dbt as a user does, in its own environment, and read what it has built."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from integration_tests.dbt_package.scenarios import Scenario
from integration_tests.dbt_package.warehouses import Table, Warehouse
from snow_atlas_sync.report.build import SILENT

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "dbt"
FAR_FROM_UTC = "Asia/Kolkata"
OF_PARSING = frozenset(
    f"snow_atlas_{name}"
    for name in ("database", "schema", "prefix", "sources", "warn_after_hours", "error_after_hours")
)
"""Variables that dbt reads when it parses the package. The others count when it makes SQL."""
PROCESS = """
import json, sys
from dbt.cli.main import dbtRunner
parse, command = map(json.loads, sys.argv[1:])
done = dbtRunner().invoke(parse)
if done.success:
    done = dbtRunner(manifest=done.result).invoke(command)
sys.exit(not done.success)
"""
"""Parse, which dbt skips if the folder of an earlier run has the same, and then run a command."""


class DbtError(Exception):
    """Error of a dbt run, with dbt's output."""


@dataclass(frozen=True)
class Built:
    """Tables and views of one scenario in one warehouse, after `dbt build` with all its tests."""

    scenario: Scenario
    target: str
    tenant_id: str
    tables: Mapping[str, Table]
    compiled: Path

    def __getitem__(self, model: str) -> Table:
        """Return the rows of a model, after a check that all are of the scenario's tenant."""
        if model not in self.tables:
            raise KeyError(f"{model} was not built; there are {', '.join(self.tables)}")
        rows = self.tables[model]
        assert {row["tenant_id"] for row in rows} <= {self.tenant_id}
        return [{name: value for name, value in row.items() if name != "tenant_id"} for row in rows]


def dbt(target: str) -> Path:
    """Return the dbt executable with the adapter of a target."""
    if target in ("snowflake", "bigquery"):
        return PROJECT / ".cache" / f"dbt-{target}" / "bin" / "dbt"
    return Path(sys.executable).with_name("dbt")


@cache
def parsed_folder(target: str, variables: str) -> Path:
    """Return the folder of this process for what dbt parses with these variables."""
    folder = tempfile.mkdtemp(prefix=f"dbt-{target}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def build(scenario: Scenario, warehouse: Warehouse, select: Sequence[str], scratch: Path) -> Built:
    """Load a scenario into the warehouse, and build the selected models."""
    warehouse.fill(scenario.rows)
    arguments = ["build", "--indirect-selection", "cautious", "--select", *select]
    run_dbt(warehouse, arguments, scenario.variables, scratch)
    return Built(
        scenario, warehouse.target, warehouse.schema, warehouse.tables(), scratch / "target" / "compiled"
    )


def run_dbt(
    warehouse: Warehouse,
    arguments: Sequence[str],
    variables: Mapping[str, Any],
    scratch: Path,
    *,
    project: Path = PACKAGE,
    quiet: bool = True,
) -> str:
    """Run dbt in a project, with clock and session far from UTC, and return its output.

    Runs of the package itself share what was parsed, as parsing takes half of a short run.
    """
    target = ["--no-use-colors", "--target", warehouse.target]
    options = [*target, *(["--quiet"] if quiet else []), *arguments, "--vars", json.dumps(variables)]
    command = [str(dbt(warehouse.target)), *options]
    if project == PACKAGE and warehouse.target in ("duckdb", "postgres"):
        early = json.dumps({name: variables[name] for name in sorted(OF_PARSING & variables.keys())})
        folder = str(parsed_folder(warehouse.target, early))
        parse = [*target, "--quiet", "parse", "--vars", early, "--target-path", folder]
        command = [sys.executable, "-c", PROCESS, json.dumps(parse), json.dumps(options)]
    environment = {
        **os.environ,
        "DBT_PROFILES_DIR": "profiles",
        **warehouse.environment,
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "TZ": FAR_FROM_UTC,
        "PGTZ": FAR_FROM_UTC,
        **SILENT,
    }
    done = subprocess.run(
        command,
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DbtError(f"dbt {' '.join(arguments)} on {warehouse.target}:\n{done.stdout[-6000:]}")
    return done.stdout
