"""Sandbox in a process of its own, for the duration of a `with` block."""

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
    """Error if the sandbox did not start; the message says why."""


@contextmanager
def running_sandbox(*, computers: int, seed: int = 1, ugly: bool = False) -> Iterator[dict[str, Any]]:
    """Start the sandbox on a free port; yield the connector's configuration for it."""
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
                config = json.loads(first_line)
            except ValueError:
                process.kill()
                process.wait()
                errors.seek(0)
                output = errors.read().decode(errors="replace").strip() or "it printed no error"
                raise SandboxError(f"The sandbox did not start: {output.splitlines()[-1]}") from None
            yield config
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate the process, or kill it after five seconds."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
