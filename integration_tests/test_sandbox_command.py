"""`make sandbox`: the sandbox alone, for people who try the connector in a pipeline of their own."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest
import requests

from sandbox.__main__ import main


def test_the_printed_commands_read_the_sandbox(tmp_path: Path) -> None:
    """Without it, the first thing that a newcomer tries could fail at the first step."""
    config_file = tmp_path / "secrets" / "sandbox.json"
    command = [sys.executable, "-m", "sandbox", "--computers", "3", "--config-file", str(config_file)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as process:
        try:
            assert process.stdout is not None
            printed = list(takewhile(lambda line: not line.startswith("Ctrl-C"), process.stdout))
            commands = [shlex.split(line) for line in printed if line.startswith("  ")]
            assert [words[1] for words in commands] == ["check", "discover", "read", "sync"]
            messages = [
                subprocess.run(words, capture_output=True, cwd=root, check=True, timeout=120).stdout
                for words in commands[:3]
            ]
            assert b'"SUCCEEDED"' in messages[0]
            assert b'"CATALOG"' in messages[1]
            assert b'"RECORD"' in messages[2]
            assert commands[3] == ["make", "sync", f"CONFIG={config_file}"]
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_last_years_company_is_served_with_its_ugly_data() -> None:
    """Whoever tries a pipeline on hard data, or on a year of it, starts the sandbox by these options."""
    command = [sys.executable, "-m", "sandbox", "--computers", "8", "--months", "12", "--ugly"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["api_url"]
            months = requests.get(f"{url}/_sandbox/months", timeout=10).json()
            assert months["as_of"] == months["ends"][0]
            assert len(months["ends"]) == 13
            path = "/api/sam/software-registry/v1/applications"
            rows = requests.get(f"{url}/_sandbox/estate", params={"path": path}, timeout=10).json()
            assert any(row["endOfSupportDate"] == "0001-01-01T00:00:00Z" for row in rows)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "{taken}"], "address already in use: choose another with --port 8081"),
        (["--config-file", "unused.json", "--port", "{taken}"], 'choose another with ARGS="--port 8081"'),
        (["--port", "70000"], "port must be 0-65535"),
        (["--computers", "0"], "--computers must be 1 or more"),
        (["--months", "40"], "the company is known for the last 23 months"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    options: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line is also what `make sync` says when its sandbox does not start."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = [option.format(taken=port) for option in options]
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    # Python prints a text with which a program exits as the last line of stderr
    last_line = ended.value.code if isinstance(ended.value.code, str) else capsys.readouterr().err.strip()
    assert ended.value.code not in (None, 0)
    assert said in last_line.splitlines()[-1]
