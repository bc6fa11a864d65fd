"""The command `snow-atlas-sync`: read Snow Atlas into a database and answer questions from it."""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from snow_atlas_sync import connector, inputs, spool
from snow_atlas_sync.destination import DUCKDB, Destination
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.progress import shown
from snow_atlas_sync.questions import QUESTIONS
from snow_atlas_sync.sync import sync
from snow_atlas_sync.text_table import text_table
from source_snow_atlas import __version__

NAME = "snow-atlas-sync"
DATABASE = Path("snow_atlas.duckdb")
DATASET = "snow_atlas"

# Entries of the audit log are never changed, so a sync asks only for those since the last one. All other
# streams are read whole: what was removed in Snow Atlas is seen in no other way.
INCREMENTAL = "audit_logs"


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(NAME, "Read Snow Atlas into a database, and answer questions from it.").parse_args(arguments)
    if options.config is None:
        raise SyncError(
            "name the configuration of your tenant with --config FILE: a JSON object with region, client_id and"
            " client_secret"
        )
    return 1 if run(prepare(options), options).failed else 0


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """The options that all ways to start a sync have."""
    options = argparse.ArgumentParser(prog=name, description=description)
    options.add_argument("--version", action="version", version=f"{name} {__version__}")
    options.add_argument(
        "--config", type=Path, metavar="FILE", help="JSON file with region, client_id, client_secret"
    )
    options.add_argument(
        "--streams", default="", help="names, by comma or space; all (default: the suggested streams)"
    )
    options.add_argument(
        "--incremental",
        default=INCREMENTAL,
        metavar="STREAMS",
        help="streams of which only what is new since the last sync is read (default: %(default)s)",
    )
    options.add_argument(
        "--database", type=Path, metavar="FILE", default=DATABASE, help="DuckDB file (default: %(default)s)"
    )
    options.add_argument(
        "--destination",
        default=DUCKDB,
        metavar="NAME",
        help="destination of dlt, such as postgres or filesystem; its settings as dlt has them (default: %(default)s)",
    )
    options.add_argument(
        "--dataset", metavar="NAME", help=f"schema of the tables (default: main in DuckDB, else {DATASET})"
    )
    return options


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """The configuration, empty where none is named. Refuses what is wrong with any option."""
    config = inputs.load(options.config) if options.config is not None else {}
    inputs.choose(options.streams, inputs.available_streams())
    inputs.incremental(options.incremental)
    return config


def run(config: dict[str, Any], options: argparse.Namespace) -> SyncReport:
    """Check, sync, and print what was read and what it answers."""
    start = time.monotonic()
    incremental = inputs.incremental(options.incremental)

    def wanted(readable: connector.Readable) -> list[str]:
        return inputs.choose(options.streams, inputs.available_streams(), readable)

    with contextlib.ExitStack() as stack:
        destination, report, _ = synced(config, options, wanted, incremental, stack)
        print_report(report, time.monotonic() - start)
        if destination.name == DUCKDB:
            answer(destination, {stream.name for stream in report.complete})
    if report.complete:
        print(f"\nThe tables are in {destination.title}.")
    return report


def synced(
    config: dict[str, Any],
    options: argparse.Namespace,
    wanted: Any,
    incremental: Collection[str],
    stack: contextlib.ExitStack,
) -> tuple[Destination, SyncReport, connector.Readable]:
    """Sync the streams that are wanted of what can be read. The destination is open as long as the stack."""
    folder = stack.enter_context(spool.folder())
    file = folder / "config.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    print("Checking the connection ...", flush=True)
    with connector.checking(file, folder) as process:
        dataset = options.dataset or ("main" if options.destination == DUCKDB else DATASET)
        destination = Destination(options.destination, options.database, dataset, folder)
        stack.callback(destination.close)
        readable = connector.checked(process, folder)
    print(readable.sentence, flush=True)
    report = SyncReport.of(wanted(readable))
    print(f"Reading {len(report.streams)} streams into {destination.title}:", flush=True)
    with shown(report):
        sync(file, folder, destination, report, [name for name in incremental if name in report.streams])
    return destination, report, readable


def print_report(report: SyncReport, seconds: float) -> None:
    streams = report.streams.values()
    rows = [(s.name, s.records, s.seconds, "" if s.complete else s.status.lower()) for s in streams]
    print()
    print(text_table(("stream", "records", "seconds", ""), rows))
    print(f"\n  {len(rows)} streams, {report.records:,} records, {seconds:.0f} seconds from start to end")
    for stream in report.failed:
        print(f"\n  {stream.name} was not read whole, and its table is as it was: {stream.error}")
    for text, count in list(report.warnings.items())[:10]:
        print(f"\n  note{f' ({count} times)' * (count > 1)}: {text}")


def answer(destination: Destination, complete: set[str]) -> None:
    """Print the answers to the questions whose tables were all read."""
    for question in QUESTIONS:
        if complete.issuperset(question.streams):
            rows = destination.rows(question.sql)
            print(f"\n{question.title}")
            if rows:
                print(text_table(list(rows[0]), [list(row.values()) for row in rows]))
            else:
                print("  none")
