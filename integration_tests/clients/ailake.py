"""All streams written by a destination connector of the package index, twice, with its states in between:
`make clients`.

    python -m integration_tests.clients.ailake PYTHON

PYTHON is the one of the environment that has the destination. This module does what Airbyte's platform does:
it hands RECORD and STATE messages from the connector to the destination, keeps only the states that come
back, as only what came before them is stored, and starts the next read with them. The rows are then counted
in the destination's files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_tests.helpers.connector import Connector, Outcome
from sandbox import Sandbox
from sandbox.company.saas_children import INSIGHT_RULE_IDS
from source_snow_atlas import definitions
from source_snow_atlas.components.identity.configuration import ASSET_KINDS

COMPUTERS = 30
SECONDS = 600
VECTORS = Path(__file__).with_name("ailake_vectors.py")
STREAMS = set(definitions.stream_definitions())
INCREMENTAL = {"audit_logs", "computers"}
"""Streams that go on from their state; all others are read whole again."""


class DestinationError(Exception):
    """The destination did not store what it was given, or the states are wrong; the message says what."""


@dataclass
class Destination:
    """The destination connector, its settings and its catalog."""

    command: Path
    folder: Path
    catalog: dict[str, Any]

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    def run(self, *arguments: str, messages: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Run one of its commands and return its messages."""
        config = {
            "table_base_path": str(self.tables),
            "embed_mode": "cmd",
            "embed_cmd": f"{self.command.with_name('python')} -S {VECTORS}",
            "embedding_dim": 2,
            "text_field": "id",
        }
        (self.folder / "destination.json").write_text(json.dumps(config), encoding="utf-8")
        lines = "".join(json.dumps(message) + "\n" for message in messages or ())
        done = subprocess.run(
            [str(self.command), *arguments, "--config", "destination.json"],
            cwd=self.folder,
            input=lines,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise DestinationError(
                f"it ended with code {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check(self) -> None:
        (status,) = (m["connectionStatus"] for m in self.run("check") if m["type"] == "CONNECTION_STATUS")
        if status["status"] != "SUCCEEDED":
            raise DestinationError(status.get("message") or "check failed")

    def write(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Write the messages; returns the STATE messages that came back."""
        (self.folder / "catalog.json").write_text(json.dumps(self.catalog), encoding="utf-8")
        answers = self.run("write", "--catalog", "catalog.json", messages=messages)
        return [answer for answer in answers if answer["type"] == "STATE"]

    def rows(self) -> Counter[str]:
        """How many rows the files of each table have."""
        from duckdb import connect

        with connect() as database:
            counted: Counter[str] = Counter()
            for table in self.tables.iterdir():
                query = "SELECT count(*) FROM read_parquet(?, union_by_name=true)"
                (counted[table.name],) = database.execute(query, [f"{table}/data/*.parquet"]).fetchone() or (
                    0,
                )
        return counted


def catalog_of(discovered: Outcome) -> dict[str, Any]:
    """A catalog with every stream, incremental where it can be."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append",
                "cursor_field": stream.get("default_cursor_field", []),
                "primary_key": stream.get("source_defined_primary_key", []),
            }
            for stream in discovered.catalog
        ]
    }


def sync(
    connector: Connector, destination: Destination, state: list[Any] | None
) -> tuple[Counter[str], list[Any]]:
    """One sync as the platform runs it: the records read by stream, and the state for the next one."""
    outcome = connector.read(destination.catalog, state=state)
    incomplete = sorted(name for name in STREAMS if outcome.statuses.get(name) != "COMPLETE")
    if outcome.exit_code != 0 or incomplete:
        raise DestinationError(
            f"the connector ended with code {outcome.exit_code}, not complete: {incomplete}"
        )
    passed_on = [message for message in outcome.messages if message["type"] in ("RECORD", "STATE")]
    sent = [message for message in passed_on if message["type"] == "STATE"]
    echoed = destination.write(passed_on)
    if [each["state"]["stream"] for each in echoed] != [each["state"]["stream"] for each in sent]:
        raise DestinationError(f"{len(sent)} states went in, others came back: {len(echoed)}")
    last = {each["state"]["stream"]["stream_descriptor"]["name"]: each["state"] for each in echoed}
    if last.keys() != STREAMS:
        raise DestinationError(f"no state of {sorted(STREAMS - last.keys())}")
    records = Counter({name: len(found) for name, found in outcome.records.items()})
    print(
        f"destination ailake: {len(STREAMS)} streams, {records.total():,} records written, {len(echoed)} "
        "states back"
    )
    return records, list(last.values())


def require_rows(destination: Destination, wanted: Counter[str]) -> None:
    """Every record must be a row of its table, and nothing else."""
    found = destination.rows()
    differ = {name: (wanted[name], found[name]) for name in {*wanted, *found} if wanted[name] != found[name]}
    if differ:
        raise DestinationError(f"records and rows differ: {differ}")


def main(python: str) -> int:
    command = Path(python).absolute().with_name("airbyte-destination-ailake")
    with Sandbox(COMPUTERS) as sandbox, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = sandbox.config(insight_rule_ids=list(INSIGHT_RULE_IDS), asset_kinds=list(ASSET_KINDS))
        connector = Connector(folder, config)
        try:
            destination = Destination(command, folder, catalog_of(connector.discover()))
            destination.check()
            first, state = sync(connector, destination, None)
            require_rows(destination, first)
            second, _ = sync(connector, destination, state)
            require_rows(destination, first + second)
            for stream in sorted(STREAMS):
                if stream in INCREMENTAL:
                    print(f"  {stream}: {first[stream]}, then {second[stream]} records")
                if (second[stream] < first[stream]) != (stream in INCREMENTAL):
                    raise DestinationError(f"{stream}: {first[stream]} records, then {second[stream]}")
        except DestinationError as error:
            print(f"destination ailake: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
