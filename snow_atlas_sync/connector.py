"""Run the connector in a process of its own: what is killed there is noticed here, and costs no table."""

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
from source_snow_atlas import definitions

PIPE = 1 << 20
PATIENCE = 5.0
"""Seconds that the connector has to end by itself."""

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Readable:
    """What a configuration can read, as the API answered: the sentence for the user, and the areas that were
    refused for want of a permission.
    """

    sentence: str = ""
    refused: frozenset[tuple[str, str]] = frozenset()
    tenant: str | None = None
    """Its id, where the API names it."""

    def lacks(self, stream: str) -> str:
        """The permission that keeps a stream, or a parent of it, from being read; empty where there is
        none.
        """
        for name in (stream, *definitions.parent_streams(stream)):
            own = definitions.parameters(name) if name in definitions.stream_definitions() else {}
            if (own.get("area"), permission(own)) in self.refused:
                return permission(own)
        return ""


def permission(parameters: Mapping[str, Any]) -> str:
    """The permission of a stream; any of several is enough."""
    named = parameters.get("permission") or "the permission of this API, which the vendor does not name"
    return named if isinstance(named, str) else " or ".join(named)


@contextmanager
def started(arguments: Sequence[str], folder: Path) -> Iterator[Process]:
    """A module of this installation as a process, which ends with the block. What it says on standard error
    is in a file of the folder.
    """
    # without a session of its own, Ctrl-C would reach it before it is stopped from here
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=PIPE,
            pipesize=PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def checking(config: Path, folder: Path) -> AbstractContextManager[Process]:
    """The check of a configuration as a process; `checked` waits for its answer."""
    return started(["snow_atlas_sync.check", str(config)], folder)


def checked(process: Process, folder: Path) -> Readable:
    """What can be read with the configuration. SyncError where that is nothing, in the connector's words."""
    output, _ = process.communicate()
    try:
        answer = json.loads(output)
    except ValueError:
        raise SyncError(f"the connection could not be checked: {how_it_ended(process, folder)}") from None
    if answer["failed"]:
        raise SyncError(answer["sentence"])
    return Readable(answer["sentence"], frozenset(map(tuple, answer["refused"])), answer.get("tenant"))


def reading(
    config: Path,
    folder: Path,
    streams: Collection[str],
    incremental: Collection[str],
    states: Mapping[str, Any],
) -> AbstractContextManager[Process]:
    """The connector's `read` of these streams as a process; those that are `incremental` go on from their
    state.
    """
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
        file.write_text(json.dumps(content), encoding="utf-8")
        options += [f"--{option}", str(file)]
    return started(["source_snow_atlas.run", "read", *options], folder)


def killed(process: Process) -> bool:
    """Whether a signal ended the process: itself, or by the exit code that the connector has for SIGTERM."""
    return process.returncode < 0 or process.returncode == 128 + signal.SIGTERM


def how_it_ended(process: Process, folder: Path) -> str:
    """How a process ended, and the last that it said."""
    code = process.wait()
    if killed(process):
        return f"the connector was ended by signal {-code if code < 0 else code - 128}"
    said = (folder / "stderr").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"the connector ended with the exit code {code}" + (f": {said[-1][:300]}" if said else "")
