"""Command `snow-atlas-sync`: read Snow Atlas into a database and answer questions from it."""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snow_atlas_sync import connector, inputs
from snow_atlas_sync.errors import SyncError, sentence, stop_if_asked
from snow_atlas_sync.folder import report_unwritable_folder, sync_folder
from snow_atlas_sync.origin import Origin
from snow_atlas_sync.outcome import NOT_LOADED, SyncReport
from snow_atlas_sync.progress import describe, show_progress
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
MAX_NOTES = 10
"""Number of notes that are printed."""
SECONDS_TO_OPEN = 5.0
"""Time to wait for the destination to open when a signal ends the command."""

# Entries of the audit log never change, so only new ones are read. All other streams are read completely,
# as that is the only way to notice what was deleted in Snow Atlas.
INCREMENTAL = "audit_logs"

NOT_SUGGESTED = (
    "Licence positions and SaaS seats are not included, as they need a request for each application or user. "
    "Read them with --streams license_compliance_summary,saas_user_subscriptions, or run snow-atlas-report."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser(NAME, "Read Snow Atlas into a database, and answer questions from it.").parse_args(
        arguments
    )
    if options.config is None:
        raise SyncError(
            "Name the configuration of your tenant with --config FILE: a JSON object with region, "
            "client_id and client_secret"
        )
    return 1 if run(prepare(options), options).failed else 0


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser of the options that all commands that sync share."""
    options = argparse.ArgumentParser(prog=name, description=description)
    options.add_argument("--version", action="version", version=f"{name} {__version__}")
    options.add_argument(
        "--config", type=Path, metavar="FILE", help="JSON file with region, client_id and client_secret"
    )
    options.add_argument(
        "--streams",
        default="",
        help="names, separated by commas or spaces, or all (default: the suggested streams)",
    )
    options.add_argument(
        "--incremental",
        default=INCREMENTAL,
        metavar="STREAMS",
        help="streams of which only new and changed records are read (default: %(default)s)",
    )
    options.add_argument(
        "--database", type=Path, metavar="FILE", default=DATABASE, help="DuckDB file (default: %(default)s)"
    )
    options.add_argument(
        "--destination",
        default=DUCKDB,
        metavar="NAME",
        help="dlt destination, such as postgres or filesystem (default: %(default)s)",
    )
    options.add_argument(
        "--dataset", metavar="NAME", help=f"schema of the tables (default: main in DuckDB, else {DATASET})"
    )
    return options


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """Validate the options and return the configuration, which is empty if none is named."""
    config = inputs.load(options.config) if options.config is not None else {}
    inputs.choose(options.streams, inputs.available_streams())
    inputs.incremental(options.incremental)
    if options.destination == DUCKDB:
        inputs.check_database(options.database)
    return config


def run(
    config: dict[str, Any], options: argparse.Namespace, not_suggested: str = NOT_SUGGESTED
) -> SyncReport:
    """Sync, and print the report, the answers to the questions and what the default leaves out."""
    start = time.monotonic()
    with synced(config, options, inputs.suggested_streams()) as (report, destination):
        print_report(report, time.monotonic() - start)
        if destination.name == DUCKDB:
            print_answers(destination, {stream.name for stream in report.complete})
        if report.complete:
            print(f"\nThe tables are in {destination.title}.")
            if not options.streams:
                print(not_suggested)
    return report


@contextlib.contextmanager
def synced(
    config: dict[str, Any],
    options: argparse.Namespace,
    suggested: Collection[str],
    refuse: Callable[[str | None], None] = lambda tenant: None,
) -> Iterator[tuple[SyncReport, Destination]]:
    """Sync, and yield the report and the open destination.

    Streams that the options name are read without a check: they fail if a permission is missing. Otherwise
    the connection is checked, and those of the `suggested` streams that can be read are synced. `refuse` is
    called with the tenant that the check found, and raises an error if it must not be synced. Tables of
    another tenant, or of a sandbox, are never mixed with those of this one.

    A thread imports dlt and opens the destination in the meantime, which takes as long as the check.
    """
    names = inputs.choose(options.streams, inputs.available_streams())
    incremental = inputs.incremental(options.incremental).intersection(names or suggested)
    without_check = bool(names) and not incremental
    checked = connector.CheckResult()
    with sync_folder() as folder, contextlib.ExitStack() as stack:
        file = folder / "config.json"
        with report_unwritable_folder():
            file.touch(mode=0o600)
            file.write_text(json.dumps(config), encoding="utf-8")
        process = stack.enter_context(
            connector.start_read(file, folder, names, (), {})
            if without_check
            else connector.start_check(file, folder)
        )
        opening = ThreadPoolExecutor(1).submit(open_destination, options, folder)
        stack.callback(wait, [opening], SECONDS_TO_OPEN)
        destination = opening.result()
        if not without_check:
            checked = connector.check_result(process, folder)
            refuse(checked.tenant)
        destination.refuse_other_origin(Origin.of(config, checked.tenant))
        if not without_check:
            print(checked.message, flush=True)
            names = names or [name for name in suggested if not checked.missing_permission(name)]
            if not names:
                raise SyncError(
                    "The client may read none of the streams that this command reads by default: "
                    "grant it the permissions above."
                )
            process = stack.enter_context(
                connector.start_read(file, folder, names, incremental, destination.states())
            )
        first_lines = connector.lines_until_start(process)
        if connector.starts_stream(first_lines):
            print(f"Reading {counted(len(names), 'stream')} into {destination.title}:", flush=True)
        report = SyncReport.of(names)
        missing = {name: checked.missing_permission(name) for name in suggested}
        report.refused = {name: permission for name, permission in missing.items() if permission}
        with show_progress(lambda seconds: (report.share, describe(report, seconds))):
            sync(
                process,
                first_lines,
                folder,
                destination,
                report,
                incremental,
                holds_nul=options.destination in HOLD_NUL,
            )
        with contextlib.closing(destination):
            yield report, destination


def open_destination(options: argparse.Namespace, folder: Path) -> Destination:
    """Open the destination that the options name."""
    from snow_atlas_sync.destination import Destination

    stop_if_asked()
    return Destination(options.destination, options.database, dataset(options), folder, title(options))


def dataset(options: argparse.Namespace) -> str:
    """Return the schema of the tables."""
    return str(options.dataset or ("main" if options.destination == DUCKDB else DATASET))


def title(options: argparse.Namespace) -> str:
    """Return the name of the destination for messages."""
    if options.destination != DUCKDB:
        return f"{options.destination} ({dataset(options)})"
    return f"{options.database} ({options.dataset})" if options.dataset else str(options.database)


def print_report(report: SyncReport, seconds: float) -> None:
    """Print a table of the streams, the errors and the first notes."""
    streams = report.streams.values()
    rows = [(s.name, s.records, s.seconds, "" if s.complete else s.status.lower()) for s in streams]
    print()
    print(text_table(("stream", "records", "seconds", ""), rows))
    totals = f"{counted(len(rows), 'stream')}, {counted(report.records, 'record')}"
    print(f"\n  {totals}, {seconds:.0f} seconds from start to end")
    for stream in report.failed:
        error = sentence(stream.error)
        if stream.status == NOT_LOADED:
            print(f"\n  {stream.name} could not be loaded, so its table is unchanged: {error}")
        else:
            print(f"\n  {stream.name} was not read completely, so its table is unchanged: {error}")
    for text, count in list(report.warnings.items())[:MAX_NOTES]:
        print(f"\n  note{f' ({count} times)' * (count > 1)}: {text}")
    if len(report.warnings) > MAX_NOTES:
        print(f"\n  and {counted(len(report.warnings) - MAX_NOTES, 'note')} more")


def print_answers(destination: Destination, complete: set[str]) -> None:
    """Print the answers to the questions whose streams are all complete."""
    for question in QUESTIONS:
        if complete.issuperset(question.streams):
            rows = destination.rows(question.sql)
            print(f"\n{question.title}")
            if rows:
                print(text_table(list(rows[0]), [list(row.values()) for row in rows]))
            else:
                print("  none")
