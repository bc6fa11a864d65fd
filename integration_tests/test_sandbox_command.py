"""`make sandbox`: the sandbox alone, for people who try the connector in a pipeline of their own."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest
import requests


def test_what_a_person_reads_is_enough_to_get_in() -> None:
    """Without it, the first thing that a newcomer tries could fail at the first step."""
    command = [sys.executable, "-m", "sandbox", "--readable", "--computers", "3"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = "".join(takewhile(lambda line: not line.startswith("Ctrl-C"), process.stdout))
            facts = dict(re.findall(r"^  (\S.*?)  +(\S+)$", said, re.MULTILINE))
            form = {
                "grant_type": "client_credentials",
                "client_id": facts["Client ID"],
                "client_secret": facts["Client secret"],
            }
            token = requests.post(facts["Token URL"], data=form, timeout=10).json()["access_token"]
            reply = requests.get(
                f"{facts['API URL']}/api/sam/estate/v1/computers",
                headers={"Authorization": f"Bearer {token}"},
                timeout=10,
            )
            assert len(reply.json()["items"]) == 3
            assert json.loads(said[said.index("{") :]) == {
                "region": "westeurope",
                "client_id": facts["Client ID"],
                "client_secret": facts["Client secret"],
                "api_url": facts["API URL"],
            }
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
            url = json.loads(process.stdout.readline())["url"]
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
        (["--readable", "--port", "{taken}"], 'choose another with ARGS="--port 8081"'),
        (["--port", "70000"], "port must be 0-65535"),
        (["--computers", "0"], "--computers must be 1 or more"),
        (["--months", "40"], "the company is known for the last 23 months"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], said: str) -> None:
    """The last line is also what `make sync` says when its sandbox does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "sandbox", *(option.format(taken=port) for option in options)]
        root = Path(__file__).parents[1]
        ended = subprocess.run(command, capture_output=True, cwd=root, text=True, timeout=60)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert said in ended.stderr.splitlines()[-1]
