"""Runs of the works. The contenders take turns, and each output is checked."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import contenders
from benchmarks.data import COMPUTERS, Collection
from benchmarks.environments import CONNECTOR, PROJECT, executable
from benchmarks.servers import Server, mock_server
from benchmarks.task import Task, TaskStream
from benchmarks.works import OURS, PAGE_SIZE, START_UP, WORKERS, Work

CLIENT_ID = "benchmark"
CLIENT_SECRET = "no-secret-at-all"
Sample = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """Numbers of rounds and time limits."""

    rounds: int
    slow_rounds: int
    slow_seconds: float
    timeout: int


def task_stream(collection: Collection) -> TaskStream:
    """Return the description of a collection for a contender."""
    return TaskStream(collection.name, collection.path, collection.key)


def make_task(
    url: str, client: tuple[str, str], streams: tuple[Collection, ...], workers: int, folder: Path
) -> Task:
    """Return the task to read the collections."""
    return Task(
        url,
        *client,
        PAGE_SIZE,
        workers,
        task_stream(COMPUTERS),
        tuple(map(task_stream, streams)),
        str(folder / "output"),
    )


def measured(argv: list[str], variables: dict[str, str], folder: Path, timeout: int, pace: int = 0) -> Sample:
    """Run a command with `measure.py` and return its sample."""
    job = {
        "argv": argv,
        "environment": variables,
        "folder": str(folder),
        "timeout": timeout,
        "bytes_per_second": pace,
    }
    script = str(Path(__file__).with_name("measure.py"))
    return dict(_helper([sys.executable, "-I", "-S", script], job))


def run_work(work: Work, names: list[str], plan: Plan) -> Iterator[Sample]:
    """Yield the samples of a work. In each round another contender is the first."""
    rounds = min(plan.rounds, work.most_rounds)
    slow: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        arguments = (Path(folder), work.computers, work.records, work.latency_ms, PAGE_SIZE, work.secure)
        with mock_server(*arguments) as server:
            for number in range(rounds):
                first = number % len(names)
                for name in names[first:] + names[:first]:
                    if name in slow and number >= plan.slow_rounds:
                        continue
                    sample = _run_once(work, name, server, plan.timeout)
                    if sample["wall"] > plan.slow_seconds:
                        slow.add(name)
                    yield {"work": work.name, "contender": name, "round": number, **sample}


def run_start_up(plan: Plan) -> Iterator[Sample]:
    """Yield samples of the commands that read no records, and of the import that all of them need."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        task = make_task("http://127.0.0.1:9", (CLIENT_ID, CLIENT_SECRET), (), WORKERS, folder)
        contenders.command(OURS, task, folder)
        program = executable(CONNECTOR, "source-snow-atlas")
        commands = {
            "import": [executable(CONNECTOR), "-c", "import airbyte_cdk.entrypoint"],
            "spec": [program, "spec"],
            "discover": [program, "discover", "--config", "config.json"],
        }
        variables = contenders.variables(OURS, folder, None)
        for number in range(2 * plan.rounds):
            for label, argv in commands.items():
                sample = measured(argv, variables, folder, plan.timeout)
                problems = [] if sample["exit"] == 0 else [error_output(folder)]
                if label != "import" and f'"type":"{_MESSAGE[label]}"' not in _compact(folder / "stdout"):
                    problems.append(f"{label} printed no {_MESSAGE[label]} message")
                yield {"work": START_UP, "contender": label, "round": number, **sample, "problems": problems}


_MESSAGE = {"spec": "SPEC", "discover": "CATALOG"}


def _run_once(work: Work, contender: str, server: Server, timeout: int) -> Sample:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        task = make_task(server.url, (CLIENT_ID, CLIENT_SECRET), work.streams, WORKERS, folder)
        argv = contenders.command(contender, task, folder)
        variables = contenders.variables(contender, folder, server.certificate_authority)
        server.ask("/stats", "POST")
        sample = measured(argv, variables, folder, timeout, work.bytes_per_second)
        statistics = server.ask("/stats")
        problems = [] if sample["exit"] == 0 else [error_output(folder)]
        if not problems:
            path = contenders.output(contender, task, folder)
            problems = wrong_records(path, work.streams, work.computers, work.records)
        return {
            **sample,
            **{key: statistics[key] for key in ("requests", "tokens", "most_in_flight")},
            "problems": problems,
        }


def wrong_records(path: Path, streams: tuple[Collection, ...], computers: int, records: int) -> list[str]:
    """Return what is wrong with the output of a contender, a sentence per stream."""
    check = {
        "path": str(path),
        "streams": [stream.name for stream in streams],
        "computers": computers,
        "records": records,
    }
    return list(_helper([sys.executable, "-m", "benchmarks.records"], check))


def _helper(command: list[str], job: dict[str, Any]) -> Any:
    """Run a program with a job in JSON on stdin, and return the JSON of its stdout."""
    done = subprocess.run(
        command, cwd=PROJECT, input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def error_output(folder: Path) -> str:
    """Return the end of the output of a process that failed."""
    for name in ("stderr", "stdout"):
        text = (folder / name).read_text(encoding="utf-8", errors="replace").strip()
        if text:
            return text[-600:].replace(str(PROJECT), "").replace(str(folder), "")
    return "it failed without any output"


def _compact(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace(" ", "")
