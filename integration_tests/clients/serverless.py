"""All streams read by airbyte-serverless, and again with the state that it kept: `make clients`.

    python -m integration_tests.clients.serverless PYTHON

PYTHON is the one of the environment that has the client. It starts the connector as its users do, by the
command `source-snow-atlas`. What it loaded is compared with the sandbox's own rows.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_tests.helpers.expected import Expected, difference
from sandbox import Sandbox
from sandbox.company.saas_children import INSIGHT_RULE_IDS
from source_snow_atlas import definitions
from source_snow_atlas.components.identity.configuration import ASSET_KINDS

COMPUTERS = 30
SECONDS = 600
JOB = Path(__file__).with_name("serverless_job.py")
EXECUTABLE = Path(sys.executable).with_name("source-snow-atlas")
STREAMS = sorted(definitions.stream_definitions())
INCREMENTAL = {"audit_logs", "computers"}
"""Streams that go on from their state; all others are read whole again."""


class ClientError(Exception):
    """The client did not load what it should have; the message says what."""


@dataclass
class Loaded:
    """What the client handed to its destination in one job."""

    records: dict[str, list[dict[str, Any]]]
    states: dict[str, dict[str, Any]]
    complete: set[str]

    @classmethod
    def of(cls, lines: list[str]) -> Loaded:
        loaded = cls(defaultdict(list), {}, set())
        for line in lines:
            row = json.loads(line)
            table, data = row["table"], row["data"]
            if table == "_airbyte_states":
                # the last one of a stream is the one that counts
                loaded.states[data["stream"]["stream_descriptor"]["name"]] = data
            elif table == "_airbyte_logs":
                status = data.get("stream_status", {})
                if status.get("status") == "COMPLETE":
                    loaded.complete.add(status["stream_descriptor"]["name"])
            else:
                loaded.records[table.removeprefix("_airbyte_raw_")].append(data)
        return loaded

    def __str__(self) -> str:
        count = sum(map(len, self.records.values()))
        return (
            f"{len(self.complete)} streams complete, {count:,} records, states of {len(self.states)} streams"
        )


def run_job(python: str, folder: Path, config: dict[str, Any], state: list[Any] | None) -> Loaded:
    """Run one job of the client to its end."""
    loaded = folder / "loaded.jsonl"
    loaded.write_text("", encoding="utf-8")
    job = {"executable": str(EXECUTABLE), "config": config, "state": state, "loaded": str(loaded)}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    done = subprocess.run(
        [python, str(JOB), str(folder / "job.json")],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise ClientError(f"it ended with code {done.returncode}: {done.stderr[-2000:]}")
    if "NOT JSON:" in done.stdout:
        raise ClientError("the connector wrote lines that are no messages")
    return Loaded.of(loaded.read_text(encoding="utf-8").splitlines())


def compare_first(first: Loaded, expected: Expected) -> None:
    """Without a state every stream must be there, whole."""
    require_complete(first)
    for stream in STREAMS:
        if not first.records[stream]:
            raise ClientError(f"{stream} has no records")
        holder = definitions.parameters(stream)
        # The rows of a window of time and of the tenant are not all that the API holds at their path.
        if not holder.get("window_format") and stream not in ("audit_logs", "tenant"):
            compare(stream, first.records[stream], expected.records(stream))
    if first.states.keys() != set(STREAMS):
        raise ClientError(f"no state of {sorted(set(STREAMS) - first.states.keys())}")


def compare_second(first: Loaded, second: Loaded) -> None:
    """With the state the incremental streams must go on from it, and all others be the same once more."""
    require_complete(second)
    for stream in STREAMS:
        before, after = first.records[stream], second.records[stream]
        if stream not in INCREMENTAL:
            compare(stream, after, before)
        elif not len(after) < len(before):
            raise ClientError(f"{stream} was read whole again, in spite of its state: {len(after)} records")


def require_complete(loaded: Loaded) -> None:
    missing = sorted(set(STREAMS) - loaded.complete)
    if missing:
        raise ClientError(f"not complete: {', '.join(missing)}")


def compare(stream: str, records: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    differs = difference(records, wanted)
    if differs:
        raise ClientError(f"{stream}: {differs}")


def main(python: str) -> int:
    python = str(Path(python).absolute())  # jobs run in a folder of their own
    with Sandbox(COMPUTERS) as sandbox, tempfile.TemporaryDirectory() as name:
        config = sandbox.config(insight_rule_ids=list(INSIGHT_RULE_IDS), asset_kinds=list(ASSET_KINDS))
        expected = Expected(sandbox, ASSET_KINDS, INSIGHT_RULE_IDS)
        try:
            first = run_job(python, Path(name), config, None)
            print(f"airbyte-serverless: {first}", flush=True)
            compare_first(first, expected)
            second = run_job(python, Path(name), config, list(first.states.values()))
            print(f"airbyte-serverless, with that state: {second}", flush=True)
            compare_second(first, second)
        except ClientError as error:
            print(f"airbyte-serverless: {error}", file=sys.stderr)
            return 1
        for stream in sorted(INCREMENTAL):
            print(f"  {stream}: {len(first.records[stream])}, then {len(second.records[stream])} records")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
