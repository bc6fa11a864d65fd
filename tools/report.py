"""`make report`: the command `snow-atlas-report`, which reads a sandbox if it has no configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snow_atlas_sync.process import run

SANDBOX_COMPUTERS, SANDBOX_MONTHS = 500, 12
SANDBOX_DATABASE = Path("snow_atlas_report_sandbox.duckdb")
"""Separate from the default database, which keeps the history of a tenant."""
RATES: dict[str, Any] = {
    "snow_atlas_rates": {"USD": 0.92, "GBP": 1.15, "SEK": 0.088},
    "snow_atlas_currency": "EUR",
    "snow_atlas_saas_currency": "EUR",
}
"""Made-up rates for the made-up company."""


def main(arguments: Sequence[str] | None = None) -> int:
    from snow_atlas_sync import inputs
    from snow_atlas_sync.errors import SyncError
    from snow_atlas_sync.report import command
    from snow_atlas_sync.report.options import DATABASE
    from snow_atlas_sync.report.options import parser as common
    from tools.report_months import rebuild_history
    from tools.sandbox_process import SandboxError, running_sandbox

    parser = common("make report")
    parser.add_argument("--computers", type=int, default=SANDBOX_COMPUTERS, help="size of the sandbox")
    parser.add_argument(
        "--months",
        type=int,
        default=SANDBOX_MONTHS,
        metavar="N",
        help="number of earlier months in the sandbox's history (%(default)s)",
    )
    parser.add_argument(
        "--ugly", action="store_true", help="add nulls, odd dates, names and amounts to the sandbox"
    )
    options = parser.parse_args(arguments)
    if options.config is not None or options.no_sync:
        return command.run(options, inputs.load(options.config) if options.config is not None else {})
    if options.database == DATABASE:
        options.database = SANDBOX_DATABASE
    print(f"No CONFIG given: reading a sandbox with {options.computers:,} made-up computers.", flush=True)
    try:
        with running_sandbox(computers=options.computers, ugly=options.ugly) as config:
            return command.run(
                options,
                config,
                made_up=True,
                defaults=RATES,
                prepare=lambda dbt, variables: rebuild_history(options, dbt, variables),
            )
    except SandboxError as error:
        raise SyncError(str(error)) from None


if __name__ == "__main__":
    run("report", main)
