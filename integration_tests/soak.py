"""Long runs of the connector: `make soak` prints a report in Markdown, and its progress on stderr.

The first run reads two million records while five percent of the requests fail and tokens expire after ten
seconds. It checks the records and the memory. The second part counts lost rows for random schedules of
inserts and deletes, in reads of the connector and of a serial reader.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import orjson

from integration_tests.helpers.connector import Connector
from integration_tests.helpers.sandbox_world import Reader
from sandbox import Route, Sandbox
from sandbox.company.estate import Estate
from unit_tests.simulation.outcome import Outcome, Summary

PATH = "/api/sam/estate/v1/computers"
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 500}),
    ("status", {"status": 502}),
    ("status", {"status": 503}),
    ("reset", {}),
    ("cut_body", {}),
    ("cut_before_headers", {}),
    ("invalid_json", {}),
    ("html", {}),
    ("items_null", {}),
    ("wrong_page_number", {}),
)
CHURN = (
    # name, rows, page size, changes per request, inserts per delete
    ("one change in ten pages, inserts and deletes", 600, 20, 0.1, 1.0),
    ("two changes in five pages, inserts and deletes", 600, 20, 0.4, 1.0),
    ("one delete per page", 600, 20, 1.0, 0.0),
    ("one insert per page", 600, 20, 1.0, float("inf")),
)


class ManyRows(Sequence[dict[str, Any]]):
    """Table of any length that takes no memory, as its rows are generated on request."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [make_row(number) for number in range(*index.indices(self._length))]
        return make_row(range(self._length)[index])


def make_row(number: int) -> dict[str, Any]:
    """Return the computer with a number."""
    return {
        "id": f"{number:08x}-5a4b-4c3d-8e2f-{number * 7919 % 16**12:012x}",
        "hostName": f"WS-{number:07d}",
        "manufacturer": ("Dell Inc.", "HP", "Lenovo", "Größe & Söhne")[number % 4],
        "model": f"Model {number % 97}",
        "operatingSystem": "Microsoft Windows 11 Enterprise",
        "domain": "corp.example",
        "ipAddress": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        "isPortable": number % 3 == 0,
        "isVirtual": number % 5 == 0,
        "isServer": number % 7 == 0,
        "lastScanDate": f"2026-01-{number % 28 + 1:02d}T{number % 24:02d}:00:00Z",
        "status": "Active",
        "organizationId": f"{number % 41:08x}-0000-4000-a000-000000000000",
        "processorCount": number % 4 + 1,
        "coreCount": number % 64,
    }


@dataclass
class Check:
    """Comparison of records with the expected rows, and the memory of the connector over time."""

    expected: int
    process: int
    records: int = 0
    wrong: int = 0
    repeated: int = 0
    memory: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._seen = bytearray(self.expected)

    @property
    def missing(self) -> int:
        """Return the number of rows that are missing."""
        return self._seen.count(0)

    def add(self, record: dict[str, Any]) -> None:
        """Check a record."""
        self.records += 1
        number = int(record["hostName"][3:])
        if not 0 <= number < self.expected or record != make_row(number):
            self.wrong += 1
            return
        self.repeated += self._seen[number]
        self._seen[number] = 1
        if self.records % max(1, self.expected // 20) == 0:
            self.memory.append(_resident(self.process))
            print(f"  {self.records:,} records, {self.memory[-1]:.0f} MB", file=sys.stderr, flush=True)


def _resident(process: int) -> float:
    """Return the resident megabytes of a process, or 0 if they are unknown."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmRSS")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024


def many_records(records: int, share: float, token_life: float) -> list[str]:
    """Read records while a share of the requests fails, and return a report in Markdown."""
    route = Route(PATH, lambda *_: ManyRows(records), ("sam.computer.r",), filter_fields={})
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(1, routes=[route], token_life=token_life) as sandbox,
    ):
        for seed, (kind, fields) in enumerate(FAULTS):
            sandbox.control.fault(kind, probability=share / len(FAULTS), seed=seed, **fields)
        connector = Connector(Path(folder), sandbox.config(page_size=1000))
        started = time.monotonic()
        process = connector.start(*connector.read_arguments(["computers"]))
        assert process.stdout is not None
        assert process.stderr is not None
        # stderr is ignored, but must be read, or the process could block
        threading.Thread(target=process.stderr.read, daemon=True).start()
        check = Check(records, process.pid)
        errors = []
        for line in process.stdout:
            if line.startswith(b'{"type":"RECORD"'):
                check.add(orjson.loads(line)["record"]["data"])
            elif b'"type":"ERROR"' in line:
                errors.append(line.decode())
        code = process.wait()
        seconds = time.monotonic() - started
        counts = sandbox.counts
    tenth = max(1, len(check.memory) // 10)
    return [
        f"### {records:,} records, {share:.0%} faults, tokens of {token_life:.0f} s",
        "",
        "| | |",
        "|---|---|",
        f"| exit code | {code} |",
        f"| records | {check.records:,} |",
        f"| missing, repeated, wrong | {check.missing}, {check.repeated}, {check.wrong} |",
        f"| requests | {counts.requests:,} |",
        f"| faults survived | {sum(counts.faults.values()):,} ({_counted(counts.faults)}) |",
        f"| tokens | {counts.tokens_issued} |",
        f"| seconds | {seconds:.0f} ({check.records / seconds:,.0f} records/s) |",
        f"| memory, early / middle / end / peak | {_figures(check.memory, tenth)} |",
        *(f"| error | {error[:200]} |" for error in errors),
        "",
    ]


def _figures(memory: list[float], tenth: int) -> str:
    if not memory:
        return "unknown"
    points = (memory[tenth - 1], memory[len(memory) // 2], memory[-1], max(memory))
    return " / ".join(f"{value:.0f} MB" for value in points)


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())


def _cells(outcomes: Iterable[Outcome]) -> str:
    """Format the figures of a reader as cells of the table."""
    summary = Summary.of(outcomes)
    lost = f"{summary.reads_with_silent_loss} ({summary.rows_lost_silently} rows)"
    return f"{lost} | {summary.reads_with_repeats} | {summary.reads_failed}"


def churn(seeds: int) -> list[str]:
    """Read while rows change, with a random schedule per seed, and return a report in Markdown."""
    lines = [
        f"### Inserted and deleted rows, {seeds} reads each",
        "",
        "| schedule | reader | reads that lost rows | reads with repeated keys | reads that failed |",
        "|---|---|---|---|---|",
    ]
    for name, rows, page_size, rate, inserts in CHURN:
        parallel: list[Outcome] = []
        serial: list[Outcome] = []
        with tempfile.TemporaryDirectory() as folder, Sandbox(rows) as sandbox:
            table = sandbox.estate.computers
            connector = Connector(Path(folder), sandbox.config(page_size=page_size))
            for seed in range(seeds):
                for outcomes, read in ((parallel, _read_with_connector), (serial, _read_serially)):
                    sandbox.churn.reset()
                    table[:] = Estate(rows).computers
                    weights = (
                        {"inserts": 1.0, "deletes": 0.0} if inserts == float("inf") else {"inserts": inserts}
                    )
                    sandbox.control.random_churn("computers", PATH, seed=seed, rate=rate, **weights)
                    keys, failed = read(sandbox, connector, page_size)
                    stable = sandbox.churn.survivors("computers")
                    outcomes.append(Outcome.of(keys, stable, failed=failed))
                if seed % 20 == 19:
                    print(f"  {name}: {seed + 1} reads", file=sys.stderr, flush=True)
        lines += [f"| {name} | this connector | {_cells(parallel)} |", f"| | serial | {_cells(serial)} |"]
    return [*lines, ""]


def _read_with_connector(_sandbox: Sandbox, connector: Connector, _page_size: int) -> tuple[list[str], bool]:
    outcome = connector.read_here(["computers"])
    return [record["id"] for record in outcome.records["computers"]], outcome.exit_code != 0


def _read_serially(sandbox: Sandbox, _connector: Connector, page_size: int) -> tuple[list[str], bool]:
    def is_last(reply: dict[str, Any]) -> bool:
        return len(reply["items"]) < page_size

    rows = Reader(sandbox).pages(PATH, is_last, page_size=page_size)
    return [row["id"] for row in rows], False


def main() -> None:
    """Run both parts and print the report."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.soak", description=__doc__)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--faults", type=float, default=0.05, help="share of the requests that fail")
    parser.add_argument("--token-life", type=float, default=10.0, help="seconds")
    parser.add_argument(
        "--seeds", type=int, default=200, help="number of random schedules of changes; 0 for none"
    )
    arguments = parser.parse_args()
    if arguments.records:
        print("\n".join(many_records(arguments.records, arguments.faults, arguments.token_life)), flush=True)
    if arguments.seeds:
        print("\n".join(churn(arguments.seeds)), flush=True)


if __name__ == "__main__":
    main()
