"""The connector as a process of its own. A sync notices if it is killed, and leaves the tables unchanged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.folder import report_unwritable_folder
from source_snow_atlas import definitions

PIPE_BYTES = 1 << 20
SECONDS_TO_EXIT = 5.0
"""Time between SIGTERM and SIGKILL."""

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class CheckResult:
    """Result of the connection check."""

    message: str = ""
    refused: frozenset[tuple[str, str]] = frozenset()
    """Product areas that were refused, each with the permission that is missing."""
    tenant: str | None = None
    """The id of the tenant, if the API names it."""

    def missing_permission(self, stream: str) -> str:
        """Return the permission that a stream or one of its parents lacks, or an empty string."""
        for name in (stream, *definitions.parent_streams(stream)):
            parameters = definitions.parameters(name) if name in definitions.stream_definitions() else {}
            if (parameters.get("area"), permission(parameters)) in self.refused:
                return permission(parameters)
        return ""


def permission(parameters: Mapping[str, Any]) -> str:
    """Return the permission of a stream; if it has several, any of them suffices."""
    permissions = parameters.get("permission") or "the permission of this API, which the vendor does not name"
    return permissions if isinstance(permissions, str) else " or ".join(permissions)


@contextmanager
def start_module(arguments: Sequence[str], folder: Path) -> Iterator[Process]:
    """Run a Python module as a process, and end it with the block. Its stderr goes to a file in `folder`."""
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=PIPE_BYTES,
            pipesize=PIPE_BYTES,
            # in the same session, Ctrl-C would reach the process before it is terminated below
            start_new_session=True,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_EXIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def start_check(config: Path, folder: Path) -> AbstractContextManager[Process]:
    """Start the connection check; `check_result` waits for its result."""
    return start_module(["snow_atlas_sync.check", str(config)], folder)


def check_result(process: Process, folder: Path) -> CheckResult:
    """Wait for the connection check and return its result. Raises SyncError if nothing can be read."""
    output, _ = process.communicate()
    try:
        result = json.loads(output)
    except ValueError:
        raise SyncError(f"The connection could not be checked: {exit_reason(process, folder)}") from None
    if result["failed"]:
        raise SyncError(result["message"])
    return CheckResult(result["message"], frozenset(map(tuple, result["refused"])), result.get("tenant"))


def start_read(
    config: Path,
    folder: Path,
    streams: Collection[str],
    incremental: Collection[str],
    states: Mapping[str, Any],
) -> AbstractContextManager[Process]:
    """Start the connector's `read` command. `incremental` streams continue from their state."""
    catalog = [
        {
            "stream": {
                "name": name,
                "json_schema": {},
                "supported_sync_modes": ["full_refresh", "incremental"],
            },
            "sync_mode": "incremental" if name in incremental else "full_refresh",
            "destination_sync_mode": "append_dedup" if name in incremental else "overwrite",
        }
        for name in streams
    ]
    state = [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": states[name]}}
        for name in states.keys() & set(incremental)
    ]
    options = ["--config", str(config)]
    for option, content in (("catalog", {"streams": catalog}), ("state", state)):
        file = folder / f"{option}.json"
        with report_unwritable_folder():
            file.write_text(json.dumps(content), encoding="utf-8")
        options += [f"--{option}", str(file)]
    return start_module(["source_snow_atlas.run", "read", *options], folder)


def lines_until_start(process: Process) -> list[bytes]:
    """Return the connector's output up to the start of the first stream, or all of it if none starts."""
    lines: list[bytes] = []
    for line in process.stdout or ():
        lines.append(line)
        if starts_stream(lines):
            break
    return lines


def starts_stream(lines: Sequence[bytes]) -> bool:
    """Return whether the last line is the start of a stream: the connector has accepted its input."""
    return bool(lines) and b'"STREAM_STATUS"' in lines[-1]


def was_killed(process: Process) -> bool:
    """Return whether a signal ended the process. The connector turns SIGTERM into an exit code."""
    return process.returncode < 0 or process.returncode == 128 + signal.SIGTERM


def exit_reason(process: Process, folder: Path) -> str:
    """Wait for a process and return how it ended, with the last line of its stderr."""
    code = process.wait()
    if was_killed(process):
        return f"the connector was ended by signal {-code if code < 0 else code - 128}"
    lines = (folder / "stderr").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"the connector ended with the exit code {code}" + (f": {lines[-1][:300]}" if lines else "")
