"""What `make report` runs: the command `snow-atlas-report`, which without a configuration reads a sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from snow_atlas_sync.process import run

SANDBOX_COMPUTERS, SANDBOX_MONTHS = 500, 3
RATES: dict[str, Any] = {
    "snow_atlas_rates": {"USD": 0.92, "GBP": 1.15, "SEK": 0.088},
    "snow_atlas_currency": "EUR",
    "snow_atlas_saas_currency": "EUR",
}
"""Rates for the made-up company, as made-up as the company is."""


def main(arguments: Sequence[str] | None = None) -> int:
    from snow_atlas_sync import inputs
    from snow_atlas_sync.errors import SyncError
    from snow_atlas_sync.report import command
    from snow_atlas_sync.report.collect import forget
    from tools.sandbox_process import SandboxError, config_for, running_sandbox

    parser = command.parser("make report")
    parser.add_argument("--computers", type=int, default=SANDBOX_COMPUTERS, help="size of the sandbox")
    parser.add_argument(
        "--months",
        type=int,
        default=SANDBOX_MONTHS,
        metavar="N",
        help="build the sandbox's company of so many months before, too, for what has changed (%(default)s)",
    )
    options = parser.parse_args(arguments)
    if options.config is not None or options.no_sync:
        return command.run(options, inputs.load(options.config) if options.config is not None else {})
    print(f"No CONFIG given: reading a sandbox with {options.computers:,} made-up computers.", flush=True)
    try:
        with running_sandbox(computers=options.computers, months=options.months) as announced:
            config = config_for(announced)
            command.check_output(options.output)
            forget(options.database)
            for month in earlier_months(announced["url"]):
                print(f"\nThe company as it was on {month}:", flush=True)
                variables = {**(command.parse_variables(options.vars) or RATES), "snow_atlas_today": month}
                command.collect_and_build(options, config, variables, made_up=True)
            return command.run(options, config, made_up=True, defaults=RATES)
    except SandboxError as error:
        raise SyncError(str(error)) from None


def earlier_months(url: str) -> Iterator[str]:
    """The days of the sandbox's months, each of which it shows until the next is asked for; then today."""
    address = f"{url}/_sandbox/months"
    with requests.Session() as session:
        *months, today = session.get(address, timeout=60).json()["ends"]
        for month in months:
            session.post(address, json={"as_of": month}, timeout=60).raise_for_status()
            yield month
        session.post(address, json={"as_of": today}, timeout=60).raise_for_status()


if __name__ == "__main__":
    run("report", main)
