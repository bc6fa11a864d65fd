"""Processes of the mock server and the sandbox."""

import json
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.environments import PROJECT, executable


@dataclass(frozen=True)
class Server:
    """Running server."""

    url: str
    first_line: str
    certificate_authority: Path | None = None

    def ask(self, path: str, method: str = "GET") -> Any:
        """Send a request and return the JSON of the reply."""
        request = urllib.request.Request(self.url + path, method=method)
        trusted = (
            ssl.create_default_context(cafile=self.certificate_authority)
            if self.certificate_authority
            else None
        )
        with urllib.request.urlopen(request, timeout=60, context=trusted) as reply:
            return json.load(reply)


@contextmanager
def mock_server(
    folder: Path, computers: int, records: int, latency_ms: int, page_size: int, secure: bool = False
) -> Iterator[Server]:
    """Start the mock server and wait until its pages are generated."""
    options = [
        "--computers",
        computers,
        "--records",
        records,
        "--latency-ms",
        latency_ms,
        "--page-size",
        page_size,
    ]
    authority = folder / "authority.pem" if secure else None
    if authority:
        options += ["--gzip", "--tls", authority]
    command = [executable("mock_server"), "-m", "benchmarks.mock_server", *map(str, options)]
    with _process(command) as line:
        yield Server(f"{'https' if secure else 'http'}://127.0.0.1:{int(line)}", line, authority)


@contextmanager
def limited_server(
    kind: str, announces: bool, seed: int, computers: int, page_size: int, latency_ms: int
) -> Iterator[Server]:
    """Start the mock server with a limit of `unit_tests/simulation/limits.py`."""
    options: list[object] = ["--computers", computers, "--records", 0, "--page-size", page_size]
    options += ["--latency-ms", latency_ms, "--limit", kind, "--seed", seed]
    options += ["--work", -(-computers // page_size)]
    if not announces:
        options.append("--silent")
    command = [executable("mock_server"), "-m", "benchmarks.mock_server", *map(str, options)]
    with _process(command) as line:
        yield Server(f"http://127.0.0.1:{int(line)}", line)


@contextmanager
def sandbox(computers: int, rate_limit: int) -> Iterator[Server]:
    """Start the sandbox with a rate limit."""
    command = [executable("sandbox"), "-m", "sandbox"]
    command += ["--computers", str(computers), "--rate-limit", str(rate_limit)]
    with _process(command) as line:
        yield Server(str(json.loads(line)["api_url"]), line)


@contextmanager
def _process(command: list[str]) -> Iterator[str]:
    """Start a server and yield its first line. The process ends with the block."""
    process = subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        stdout: IO[str] | None = process.stdout
        line = stdout.readline() if stdout else ""
        if not line:
            raise RuntimeError(f"the server did not start: {' '.join(command[1:4])}")
        yield line
    finally:
        process.terminate()
        process.wait()
