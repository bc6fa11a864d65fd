"""Benchmark of the connector with 40 workers on a sandbox that allows 20 requests a second."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import contenders
from benchmarks.data import CHILDREN
from benchmarks.servers import Server, sandbox
from benchmarks.session import Sample, make_task, measured
from benchmarks.works import OURS, RATE_LIMIT

COMPUTERS = 1000
LIMIT = 20
WORKERS = 40
STREAM = CHILDREN[0]


def run_rate_limit(timeout: int) -> Sample:
    """Read a child collection of every computer, and count the refused requests."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, sandbox(COMPUTERS, LIMIT) as server:
        folder = Path(name)
        ready = json.loads(server.first_line)
        client = (ready["client_id"], ready["client_secret"])
        task = make_task(server.url, client, (STREAM,), WORKERS, folder)
        argv = contenders.command(OURS, task, folder)
        sample = measured(argv, contenders.variables(OURS, folder, None), folder, timeout)
        problems = [] if sample["exit"] == 0 else [f"exit code {sample['exit']}"]
        if _expected(server) != _rows(folder / "stdout"):
            problems.append("the records differ from those of the sandbox")
        exchanges = [
            exchange
            for exchange in server.ask("/_sandbox/requests?limit=1000000")
            if exchange["template"].startswith("/api/")
        ]
    return {
        "work": RATE_LIMIT,
        "contender": OURS,
        "round": 0,
        **sample,
        **_shares(exchanges),
        "problems": problems,
    }


def _shares(exchanges: list[dict[str, Any]]) -> dict[str, float]:
    """Return the share of the requests that were refused, and the share of the rate that was used."""
    started = [exchange["started"] for exchange in exchanges if exchange["status"] == 200]
    seconds = max(started) - min(started)
    refused = sum(exchange["status"] == 429 for exchange in exchanges)
    return {
        "requests": len(exchanges),
        "refused": refused,
        "refused_share": refused / len(exchanges),
        "rate_share": (len(started) - 1) / (LIMIT * seconds),
    }


def _expected(server: Server) -> Counter[str]:
    """Return the rows of the sandbox."""
    computers = server.ask("/_sandbox/estate?path=/api/sam/estate/v1/computers")
    paths = [STREAM.path.replace("{id}", computer["id"]) for computer in computers]
    return Counter(_canonical(row) for path in paths for row in server.ask(f"/_sandbox/estate?path={path}"))


def _rows(path: Path) -> Counter[str]:
    """Return the rows that the connector wrote."""
    with path.open(encoding="utf-8") as lines:
        messages = (json.loads(line) for line in lines)
        return Counter(
            _canonical(message["record"]["data"]) for message in messages if message["type"] == "RECORD"
        )


def _canonical(row: Mapping[str, Any]) -> str:
    """Return a row as a text, without null fields."""
    return json.dumps({name: value for name, value in row.items() if value is not None}, sort_keys=True)
