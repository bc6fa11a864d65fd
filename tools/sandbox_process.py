"""Run the sandbox API in a process of its own, for as long as a `with` block lasts."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent


class SandboxError(Exception):
    """The sandbox did not start; the message says why."""


@contextmanager
def running_sandbox(*, computers: int, seed: int = 1, ugly: bool = False) -> Iterator[dict[str, Any]]:
    """Start the sandbox on a free port; yields what it announces: url, client_id, client_secret, region."""
    command = [sys.executable, "-m", "sandbox", "--port", "0"]
    command += ["--computers", str(computers), "--seed", str(seed)]
    command += ["--ugly"] if ugly else []
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        )
        try:
            assert process.stdout is not None
            first_line = process.stdout.readline()
            try:
                announced = json.loads(first_line)
            except ValueError:
                process.kill()
                process.wait()
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip() or "it said nothing"
                raise SandboxError(f"the sandbox did not start: {said.splitlines()[-1]}") from None
            yield announced
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process: politely, then not."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def config_for(announced: dict[str, Any]) -> dict[str, Any]:
    """The connector's configuration for a sandbox that has announced itself."""
    return {
        "region": announced["region"],
        "client_id": announced["client_id"],
        "client_secret": announced["client_secret"],
        "api_url": announced["url"],
    }
