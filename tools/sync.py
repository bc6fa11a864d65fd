"""`make sync`: the command `snow-atlas-sync`, which reads a sandbox if it has no configuration.

The sandbox, a made-up company on this machine, is part of the clone and not of the wheel.
"""

from __future__ import annotations

from collections.abc import Sequence

from snow_atlas_sync.process import run

SANDBOX_COMPUTERS = 500
NOT_SUGGESTED = (
    "Licence positions and SaaS seats are not included, as they need a request for each application or user. "
    "Read them with make sync STREAMS=license_compliance_summary,saas_user_subscriptions{config}{database}, "
    "or run make report{config}."
)


def main(arguments: Sequence[str] | None = None) -> int:
    from snow_atlas_sync import command
    from snow_atlas_sync.errors import SyncError
    from tools.sandbox_process import SandboxError, running_sandbox

    parser = command.parser("make sync", "Read Snow Atlas into a database: a sandbox without --config.")
    parser.add_argument("--computers", type=int, default=SANDBOX_COMPUTERS, help="size of the sandbox")
    options = parser.parse_args(arguments)
    config = command.prepare(options)
    not_suggested = NOT_SUGGESTED.format(
        config=f" CONFIG={options.config}" if options.config else "",
        database=f" DATABASE={options.database}" if options.database != command.DATABASE else "",
    )
    if options.config is not None:
        return 1 if command.run(config, options, not_suggested).failed else 0
    print(f"No CONFIG given: reading a sandbox with {options.computers:,} made-up computers.", flush=True)
    try:
        with running_sandbox(computers=options.computers) as config:
            return 1 if command.run(config, options, not_suggested).failed else 0
    except SandboxError as error:
        raise SyncError(str(error)) from None


if __name__ == "__main__":
    run("sync", main)
