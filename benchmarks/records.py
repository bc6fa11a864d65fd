"""Check of a contender's output: it must contain every record once. It runs as a process of its own."""

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.data import COLLECTIONS, keys


def written(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the stream and the row of every record, from Airbyte or Singer lines or from dlt's files."""
    if path.is_dir():
        for file in sorted(path.rglob("*jsonl*")):
            stream = file.name.split(".")[0]
            with gzip.open(file, "rt") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
                for line in lines:
                    row = json.loads(line)
                    yield from ((stream, item) for item in (row if isinstance(row, list) else [row]))
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            if message["type"] != "RECORD":
                continue
            record = message["record"]
            if "stream" in message:
                yield message["stream"], record
            else:
                yield record["stream"], record["data"]


def problems(path: Path, streams: list[str], computers: int, records: int) -> list[str]:
    """Return what is wrong with the output, a sentence per stream."""
    seen: dict[str, set[bytes]] = {stream: set() for stream in streams}
    counts = dict.fromkeys(streams, 0)
    for stream, row in written(path):
        if stream in seen:
            counts[stream] += 1
            seen[stream].add(_digest(row.get(field) for field in COLLECTIONS[stream].key))
    found = []
    for stream in streams:
        expected = {_digest(key) for key in keys(COLLECTIONS[stream], computers, records)}
        missing, foreign = len(expected - seen[stream]), len(seen[stream] - expected)
        if missing or foreign or counts[stream] != len(expected):
            found.append(
                f"{stream}: {counts[stream]} records instead of {len(expected)}, "
                f"{missing} missing, {foreign} with an unknown id"
            )
    return found


def _digest(key: Iterator[Any] | tuple[str, ...]) -> bytes:
    return hashlib.blake2b("\n".join(map(str, key)).encode(), digest_size=12).digest()


if __name__ == "__main__":
    job = json.load(sys.stdin)
    print(json.dumps(problems(Path(job["path"]), job["streams"], job["computers"], job["records"])))
