"""What `make sync` runs: the command `snow-atlas-sync`, which without a configuration reads a sandbox.

The sandbox, a made-up company on this machine, belongs to the clone and is not in the wheel.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from snow_atlas_sync import command
from snow_atlas_sync.errors import PyAirbyteMissing, SyncError
from snow_atlas_sync.observer import SyncReport
from tools.sandbox_process import SandboxError, config_for, running_sandbox

SCRATCH = Path(__file__).resolve().parent.parent / ".cache" / "airbyte"
SANDBOX_COMPUTERS = 500


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command.parser("make sync", "Read Snow Atlas into a DuckDB file: a sandbox without --config.")
    parser.add_argument("--computers", type=int, default=SANDBOX_COMPUTERS, help="size of the sandbox")
    options = parser.parse_args(arguments)
    os.environ["AIRBYTE_CACHE_ROOT"] = str(SCRATCH)

    def sync() -> SyncReport:
        try:
            config = command.prepare(options)
        except PyAirbyteMissing as error:
            raise SyncError(
                f"{error.fact}. It runs on Python 3.10 to 3.12, here is 3.{sys.version_info.minor}."
                " Try: make clean, then make sync PYTHON=python3.12"
            ) from None
        if options.config is not None:
            return command.run(config, options)
        print(f"No CONFIG given: reading a sandbox with {options.computers:,} made-up computers.", flush=True)
        try:
            with running_sandbox(computers=options.computers) as announced:
                return command.run(config_for(announced), options)
        except SandboxError as error:
            raise SyncError(str(error)) from None

    return command.exit_code(sync, "sync")


if __name__ == "__main__":
    sys.exit(main())
