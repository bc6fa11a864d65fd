"""The command `snow-atlas-sync`: read Snow Atlas into a DuckDB file and answer questions from it."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from snow_atlas_sync import inputs, warehouse
from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.observer import SyncReport
from snow_atlas_sync.progress import shown
from snow_atlas_sync.questions import QUESTIONS
from snow_atlas_sync.text_table import text_table

NAME = "snow-atlas-sync"
DATABASE = Path("snow_atlas.duckdb")

# Entries of the audit log are never changed, so a sync asks only for those since the last one. All other
# streams are read whole: what was removed in Snow Atlas is seen in no other way.
GROWING = frozenset({"audit_logs"})


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(NAME, "Read Snow Atlas into a DuckDB file, and answer questions from it.").parse_args(
        arguments
    )

    def sync() -> SyncReport:
        if options.config is None:
            raise SyncError(
                "name the configuration of your tenant with --config FILE: a JSON object with region,"
                " client_id and client_secret"
            )
        return run(prepare(options), options)

    return exit_code(sync, NAME)


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """The options that all ways to start a sync have."""
    options = argparse.ArgumentParser(prog=name, description=description)
    options.add_argument(
        "--config", type=Path, metavar="FILE", help="JSON file with region, client_id, client_secret"
    )
    options.add_argument(
        "--database", type=Path, metavar="FILE", default=DATABASE, help="DuckDB file (default: %(default)s)"
    )
    options.add_argument(
        "--streams", default="", help="names, by comma or space; all (default: the suggested streams)"
    )
    return options


def exit_code(sync: Callable[[], SyncReport], name: str) -> int:
    """Run a sync: 0 where every stream was read whole; what stops it is one line on standard error."""
    # As on Ctrl-C: the connector is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        report = sync()
    except SyncError as error:
        print(f"{name}: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return 130
    return 1 if report.failed else 0


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """The configuration, empty where none is named. Refuses what is wrong with any option, the quickest to
    see first.
    """
    config = inputs.load(options.config) if options.config is not None else {}
    inputs.choose(options.streams, inputs.available_streams())
    if options.config is not None:
        inputs.check_configuration(config)
    warehouse.require_pyairbyte()
    warehouse.check_database(options.database)
    return config


def run(config: dict[str, Any], options: argparse.Namespace) -> SyncReport:
    """Check, sync, and print what was read and what it answers."""
    start = time.monotonic()
    print("Starting PyAirbyte and checking the connection ...", flush=True)
    readable = inputs.check_connection(config)
    with contextlib.closing(warehouse.duckdb_cache(options.database)) as cache:
        connector = warehouse.source(config)
        print(readable, flush=True)
        streams = inputs.choose(options.streams, inputs.available_streams(), readable)
        report = SyncReport.of(streams)
        print(f"Reading {len(streams)} streams into {options.database}:", flush=True)
        with shown(report):
            warehouse.sync(connector, cache, streams, growing=GROWING, report=report)
        print_report(report, time.monotonic() - start)
        answer(cache, {name for name, stream in report.streams.items() if stream.complete})
    print(f"\nThe tables are in {options.database}.")
    return report


def print_report(report: SyncReport, seconds: float) -> None:
    streams = report.streams.values()
    rows = [(s.name, s.records, s.seconds, "" if s.complete else s.status.lower()) for s in streams]
    print()
    print(text_table(("stream", "records", "seconds", ""), rows))
    print(f"\n  {len(rows)} streams, {report.records:,} records, {seconds:.0f} seconds from start to end")
    for stream in report.failed:
        print(f"\n  {stream.name} could not be read: {stream.error}")
    for text, count in list(report.warnings.items())[:10]:
        print(f"\n  note{f' ({count} times)' * (count > 1)}: {text}")


def answer(cache: Any, complete: set[str]) -> None:
    """Print the answers to the questions whose tables were all read."""
    for question in QUESTIONS:
        if complete.issuperset(question.streams):
            rows = warehouse.query(cache, question.sql)
            print(f"\n{question.title}")
            if rows:
                print(text_table(list(rows[0]), [list(row.values()) for row in rows]))
            else:
                print("  none")


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())
