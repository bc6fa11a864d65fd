"""The process as a platform sees it: what it writes to standard output, how it ends, and what it says of the
environment that it runs in.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.helpers.connector import ROOT, Connector, Outcome
from integration_tests.helpers.scripted_server import (
    TOKEN_PATH,
    Answer,
    Asked,
    ScriptedServer,
    grant,
    page_of,
    serving,
)
from sandbox import Sandbox
from source_snow_atlas.components.run import check

pytestmark = pytest.mark.spread

ROWS = 40_000
SECONDS = 2.0
"""What Ctrl-C may take; as much again for a machine with other work."""


@pytest.fixture
def large() -> Iterator[ScriptedServer]:
    """A server of many rows."""
    with serving(lambda asked: grant(asked) if asked.path == TOKEN_PATH else page_of(asked, ROWS)) as server:
        yield server


@pytest.fixture
def waiting() -> Iterator[ScriptedServer]:
    """A server that asks for a quarter of an hour of quiet."""

    def script(asked: Asked) -> Answer:
        return grant(asked) if asked.path == TOKEN_PATH else Answer(429, {}, {"Retry-After": "900"})

    with serving(script) as server:
        yield server


@pytest.fixture
def silent() -> Iterator[ScriptedServer]:
    """A server that never answers."""
    with serving(lambda _: Answer(body={}, hang=1000)) as server:
        yield server


# Standard output

NOISE = """
import ctypes, os, sys, threading, time, warnings

def noise():
    c = ctypes.CDLL(None)
    while True:
        print("printed by a library", flush=True)
        sys.__stdout__.write("written to the interpreter's own stream"); sys.__stdout__.flush()
        os.write(1, b"written in C without an end")
        c.puts(b"put in C"); c.fflush(None)
        sys.stderr.write("on standard error")
        warnings.warn("a warning")
        threading.Thread(target=lambda: 1 / 0).start()
        time.sleep(0.001)

import source_snow_atlas.command
parse = source_snow_atlas.command._run
def run(*arguments):
    threading.Thread(target=noise, daemon=True).start()
    return parse(*arguments)
source_snow_atlas.command._run = run
from source_snow_atlas.run import run
run()
"""


def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Run a program of a few lines in the connector's place."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


def test_what_is_printed_falls_into_no_record(large: ScriptedServer, tmp_path: Path) -> None:
    """A warning of a library, or the traceback of a thread, cost 13 of 30,000 records."""
    connector = Connector(tmp_path, large.config(page_size=1000))
    process = start(NOISE, *connector.read_arguments(["computers"]), "--debug")
    stdout, stderr = process.communicate(timeout=100)
    outcome = Outcome.of_process(process.returncode, stdout, stderr)
    assert outcome.other_lines == []
    assert [row["id"] for row in outcome.records["computers"]] == [str(row) for row in range(ROWS)]
    assert outcome.statuses == {"computers": "COMPLETE"}
    assert outcome.exit_code == 0
    for text in ("printed by a library", "own stream", "written in C", "put in C", "ZeroDivisionError"):
        assert text in outcome.stderr


@pytest.mark.parametrize("argument", ["spec", "--help"])
def test_a_full_disk_is_a_sentence(argument: str) -> None:
    """A redirected output that can't be written would end in a traceback, or with exit code 0."""
    with open("/dev/full", "wb") as full:
        outcome = subprocess.run(
            [sys.executable, "-m", "source_snow_atlas.run", argument],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert outcome.returncode == 1
    assert outcome.stderr.decode() == (
        "source-snow-atlas: standard output can't be written: No space left on device.\n"
    )


def test_a_closed_output_is_a_sentence() -> None:
    """The same where there is no output at all."""
    outcome = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m source_snow_atlas.run spec >&-"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 1
    assert outcome.stderr.decode() == "source-snow-atlas: standard output is closed.\n"


# Signals


def ended(process: subprocess.Popen[bytes], number: int) -> tuple[int, bytes, bytes]:
    """Send the signal; the exit code, and what was written, which nobody read before."""
    process.send_signal(number)
    sent = time.monotonic()
    while process.poll() is None and time.monotonic() - sent < 20:
        time.sleep(0.02)
    took = time.monotonic() - sent
    process.kill()
    stdout, stderr = process.communicate(timeout=20)
    assert took < 2 * SECONDS, took
    return process.returncode, stdout, stderr


def assert_quiet_end(code: int, stderr: bytes, number: int) -> None:
    """The exit code of the signal, and no traceback."""
    assert code == 128 + number
    assert b"Traceback" not in stderr
    assert b"KeyboardInterrupt" not in stderr


def until_signals_are_taken(process: subprocess.Popen[bytes]) -> None:
    """Wait for the connector's first line of Python: what is before it is the interpreter's own start."""
    blocked = 0
    while not blocked & 1 << (signal.SIGTERM - 1):
        assert process.poll() is None
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:")]
        blocked = int(mask, 16)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("number", "after"), [(signal.SIGINT, 0.0), (signal.SIGTERM, 0.1), (signal.SIGINT, 0.4)]
)
def test_a_signal_while_the_process_starts(
    silent: ScriptedServer, tmp_path: Path, number: int, after: float
) -> None:
    """Whoever notices a mistake at once would get a page of traceback."""
    connector = Connector(tmp_path, silent.config())
    process = connector.start(*connector.read_arguments(["computers"]))
    until_signals_are_taken(process)
    time.sleep(after)
    code, _, stderr = ended(process, number)
    assert_quiet_end(code, stderr, number)


def until_asked(server: ScriptedServer, requests: int) -> None:
    """Wait until the server was asked so often."""
    began = time.monotonic()
    while len(server.requests) < requests:
        assert time.monotonic() - began < 60
        time.sleep(0.02)


@pytest.mark.parametrize(("command", "number"), [("check", signal.SIGINT), ("read", signal.SIGTERM)])
def test_a_signal_while_a_server_is_silent(
    silent: ScriptedServer, tmp_path: Path, command: str, number: int
) -> None:
    """Ctrl-C would wait for a server that does not answer."""
    connector = Connector(tmp_path, silent.config())
    arguments = connector.read_arguments(["computers"])
    process = connector.start(*(arguments if command == "read" else ["check", *arguments[1:3]]))
    until_asked(silent, 1)
    code, stdout, stderr = ended(process, number)
    assert_quiet_end(code, stderr, number)
    assert Outcome.of_process(code, stdout, stderr).other_lines == []


def test_a_signal_in_a_wait(waiting: ScriptedServer, tmp_path: Path) -> None:
    """Ctrl-C would be answered a quarter of an hour later."""
    connector = Connector(tmp_path, waiting.config())
    process = connector.start(*connector.read_arguments(["computers", "mobile_devices"]))
    until_asked(waiting, 2)
    time.sleep(0.5)
    code, stdout, stderr = ended(process, signal.SIGINT)
    assert_quiet_end(code, stderr, signal.SIGINT)
    assert Outcome.of_process(code, stdout, stderr).other_lines == []


def test_a_signal_with_a_reader_that_does_not_read(large: ScriptedServer, tmp_path: Path) -> None:
    """Ctrl-C in a pipeline whose other end hangs would hang, too."""
    connector = Connector(tmp_path, large.config(page_size=1000))
    process = connector.start(*connector.read_arguments(["computers"]))
    until_asked(large, 10)
    time.sleep(1)
    code, stdout, stderr = ended(process, signal.SIGTERM)
    assert_quiet_end(code, stderr, signal.SIGTERM)
    outcome = Outcome.of_process(code, stdout, stderr)
    assert len(outcome.other_lines) <= 1, "the pipe was full in the middle of a line, the last one"
    assert outcome.other_lines == [] or stdout.decode().endswith(outcome.other_lines[0])


def test_a_signal_in_the_middle_of_reading_leaves_whole_lines(large: ScriptedServer, tmp_path: Path) -> None:
    """A record that is cut in two would be lost, or stop the destination."""
    connector = Connector(tmp_path, large.config(page_size=500))
    process = connector.start(*connector.read_arguments(["computers"]))
    assert process.stdout is not None
    read = b""
    while read.count(b'"RECORD"') < 5_000:
        read += os.read(process.stdout.fileno(), 65536)
    process.send_signal(signal.SIGINT)
    while piece := os.read(process.stdout.fileno(), 65536):
        read += piece
    code = process.wait(timeout=20)
    _, stderr = process.communicate()
    assert_quiet_end(code, stderr, signal.SIGINT)
    assert read.endswith(b"\n")
    assert Outcome.of_process(code, read, stderr).other_lines == []


# Proxies and certificates


def refused(outcome: Outcome, *words: str) -> None:
    """`check` failed with one sentence that has the words."""
    status, message = outcome.connection_status
    assert status == "FAILED"
    assert "\n" not in message
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert outcome.other_lines == []
    for word in words:
        assert word in message


HOST = "https://snowatlas.example.invalid"


def test_proxies_that_are_wrong_are_named(
    silent: ScriptedServer, tmp_path: Path, no_waiting: list[float]
) -> None:
    """A wrong variable of the shell would look like a server that is down."""
    connector = Connector(tmp_path, silent.config(api_url=HOST))
    wrong = connector.check_here(HTTPS_PROXY="http://proxy..example:3128")
    refused(wrong, "Set HTTPS_PROXY to the URL of a proxy")
    refused(connector.check_here(https_proxy="http://proxy.invalid:3128"), "https_proxy", "is unknown")
    refused(connector.check_here(ALL_PROXY="http://127.0.0.1:9"), "ALL_PROXY", "can't be reached")
    outcome = connector.read_here(["computers"], HTTPS_PROXY="http://user:hush@pro xy:3128")
    assert outcome.exit_code == 1
    assert "Set HTTPS_PROXY" in outcome.general_errors[0]
    assert "hush" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("status", [407, 502, 503])
def test_a_proxy_that_refuses_is_named(tmp_path: Path, no_waiting: list[float], status: int) -> None:
    """The same for one that lets nothing through."""
    with serving(lambda _: Answer(status, b"no")) as proxy:
        connector = Connector(tmp_path, proxy.config(api_url=HOST))
        refused(connector.check_here(HTTPS_PROXY=proxy.url), "HTTPS_PROXY", proxy.url, f"HTTP {status}")


def test_a_proxy_that_never_answers_is_named(
    silent: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for one that is dead."""
    monkeypatch.setattr(check, "LONGEST", 1.0)
    connector = Connector(tmp_path, silent.config(api_url=HOST))
    refused(connector.check_here(HTTPS_PROXY=silent.url), "HTTPS_PROXY", silent.url)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_are_not_there_are_named(
    tmp_path: Path, variable: str, content: str | None
) -> None:
    """A file that was moved would end in a traceback."""
    path = tmp_path / "bundle.pem"
    if content:
        path.write_text(content, encoding="utf-8")
    with Sandbox(5, use_tls=True) as secure:
        connector = Connector(tmp_path, secure.config())
        environment = {variable: str(path)}
        refused(connector.check_here(**environment), f"Set {variable} to a file of certificates", str(path))
        outcome = connector.read_here(["computers"], **environment)
    assert outcome.exit_code == 1
    assert variable in outcome.general_errors[0]
    assert "Traceback" not in outcome.stdout + outcome.stderr
