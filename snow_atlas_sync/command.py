"""The command `snow-atlas-sync`: read Snow Atlas into a database and answer questions from it."""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snow_atlas_sync import connector, inputs, spool
from snow_atlas_sync.errors import SyncError, stop_if_asked
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.progress import shown
from snow_atlas_sync.questions import QUESTIONS
from snow_atlas_sync.sync import sync
from snow_atlas_sync.tables import HOLD_NUL
from snow_atlas_sync.text_table import counted, text_table
from source_snow_atlas import __version__

if TYPE_CHECKING:
    from snow_atlas_sync.destination import Destination

NAME = "snow-atlas-sync"
DATABASE = Path("snow_atlas.duckdb")
DUCKDB, DATASET = "duckdb", "snow_atlas"
NOTES = 10
"""So many notes are printed."""
SECONDS_TO_OPEN = 1.0
"""What the destination has to be opened when a signal ends the command."""

# Entries of the audit log are never changed, so a sync asks only for those since the last one. All other
# streams are read whole: what was removed in Snow Atlas is seen in no other way.
INCREMENTAL = "audit_logs"


NOT_SUGGESTED = (
    "Licence positions and SaaS seats are not among them: they take a request for each application or user, "
    "which --streams adds, and the report."
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(NAME, "Read Snow Atlas into a database, and answer questions from it.").parse_args(
        arguments
    )
    if options.config is None:
        raise SyncError(
            "name the configuration of your tenant with --config FILE: a JSON object with region, "
            "client_id and client_secret"
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
        "--streams", default="", help="names, by comma or space, or all (default: the suggested streams)"
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
        help="destination of dlt, such as postgres or filesystem (default: %(default)s)",
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
    """Sync, and print what was read and what it answers."""
    start = time.monotonic()
    with synced(config, options, inputs.suggested_streams()) as (report, destination):
        print_report(report, time.monotonic() - start)
        if destination.name == DUCKDB:
            answer(destination, {stream.name for stream in report.complete})
        if report.complete:
            print(f"\nThe tables are in {destination.title}.")
            if not options.streams:
                print(NOT_SUGGESTED)
    return report


@contextlib.contextmanager
def synced(
    config: dict[str, Any],
    options: argparse.Namespace,
    suggested: Collection[str],
    refuse: Callable[[str | None], None] = lambda tenant: None,
) -> Iterator[tuple[SyncReport, Destination]]:
    """Sync the streams that the user names, else of the suggested ones those that can be read; the
    destination is open as long as the block. `refuse` raises where nothing is to be read of the tenant that
    the check found.

    What is named is read at once, and says itself what it lacks; else the connection is checked first. In the
    meantime a thread imports dlt and opens the destination, which takes as long.
    """
    names = inputs.choose(options.streams, inputs.available_streams())
    incremental = inputs.incremental(options.incremental).intersection(names or suggested)
    readable = connector.Readable()
    at_once = bool(names) and not incremental
    with spool.folder() as folder, contextlib.ExitStack() as stack:
        file = folder / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        process = stack.enter_context(
            connector.reading(file, folder, names, (), {}) if at_once else connector.checking(file, folder)
        )
        opening = ThreadPoolExecutor(1).submit(opened, options, folder)
        stack.callback(wait, [opening], SECONDS_TO_OPEN)
        if at_once:
            # there is nowhere to write what it reads
            opening.add_done_callback(lambda opening: process.terminate() if opening.exception() else None)
        else:
            states = opening.result().states()
            readable = connector.checked(process, folder)
            refuse(readable.tenant)
            print(readable.sentence, flush=True)
            names = names or [name for name in suggested if not readable.lacks(name)]
            process = stack.enter_context(connector.reading(file, folder, names, incremental, states))
        print(f"Reading {counted(len(names), 'stream')} into {title(options)}:", flush=True)
        report = SyncReport.of(names)
        report.refused = {name: readable.lacks(name) for name in suggested if readable.lacks(name)}
        with shown(report):
            sync(process, folder, opening, report, incremental, holds_nul=options.destination in HOLD_NUL)
        with contextlib.closing(opening.result()) as destination:
            yield report, destination


def opened(options: argparse.Namespace, folder: Path) -> Destination:
    """The destination that the options name."""
    from snow_atlas_sync.destination import Destination

    stop_if_asked()
    return Destination(options.destination, options.database, dataset(options), folder, title(options))


def dataset(options: argparse.Namespace) -> str:
    """The schema of the tables."""
    return str(options.dataset or ("main" if options.destination == DUCKDB else DATASET))


def title(options: argparse.Namespace) -> str:
    """Where the tables go, for people."""
    if options.destination != DUCKDB:
        return f"{options.destination} ({dataset(options)})"
    return f"{options.database} ({options.dataset})" if options.dataset else str(options.database)


def print_report(report: SyncReport, seconds: float) -> None:
    streams = report.streams.values()
    rows = [(s.name, s.records, s.seconds, "" if s.complete else s.status.lower()) for s in streams]
    print()
    print(text_table(("stream", "records", "seconds", ""), rows))
    read = f"{counted(len(rows), 'stream')}, {counted(report.records, 'record')}"
    print(f"\n  {read}, {seconds:.0f} seconds from start to end")
    for stream in report.failed:
        print(f"\n  {stream.name} was not read whole, and its table is as it was: {stream.error}")
    for text, count in list(report.warnings.items())[:NOTES]:
        print(f"\n  note{f' ({count} times)' * (count > 1)}: {text}")
    if len(report.warnings) > NOTES:
        print(f"\n  and {counted(len(report.warnings) - NOTES, 'note')} more")


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
