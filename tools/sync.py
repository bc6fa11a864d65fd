"""Read Snow Atlas into a DuckDB file and answer questions from it: what `make sync` runs.

Without a configuration it reads the sandbox, a made-up company on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from source_snow_atlas import definitions
from tools import warehouse
from tools.observer import SyncReport
from tools.progress import shown
from tools.questions import QUESTIONS
from tools.sandbox_process import SandboxError, config_for, running_sandbox
from tools.text_table import text_table

PROJECT = Path(__file__).resolve().parent.parent
DATABASE = Path("snow_atlas.duckdb")
SANDBOX_COMPUTERS = 500

# Entries of the audit log are never changed, so a sync asks only for those since the last one. All other
# streams are read whole: what was removed in Snow Atlas is seen in no other way.
GROWING = frozenset({"audit_logs"})


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    # As on Ctrl-C: the sandbox and the connector are stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with configuration(options) as config:
            report = run(config, options)
    except (warehouse.SyncError, SandboxError) as error:
        print(f"sync: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sync: stopped", file=sys.stderr)
        return 130
    return 1 if report.failed else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make sync", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration of a real tenant (default: the sandbox)")
    parser.add_argument(
        "--streams", default="", help="names, by comma or space; all (default: the suggested streams)"
    )
    parser.add_argument("--database", type=Path, default=DATABASE, help="DuckDB file (default: %(default)s)")
    parser.add_argument("--computers", type=int, default=SANDBOX_COMPUTERS, help="size of the sandbox")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def configuration(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The configuration to sync with: the user's file, or that of a sandbox which runs meanwhile."""
    if options.config is not None:
        yield load(options.config)
        return
    print(f"No CONFIG given: reading a sandbox with {options.computers:,} made-up computers.", flush=True)
    with running_sandbox(computers=options.computers) as announced:
        yield config_for(announced)


def load(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise warehouse.SyncError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise warehouse.SyncError(f"{path} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise warehouse.SyncError(f"{path} must hold one JSON object")
    return config


def run(config: dict[str, Any], options: argparse.Namespace) -> SyncReport:
    """Check, sync, and print what was read and what it answers."""
    start = time.monotonic()
    print("Starting PyAirbyte and checking the connection ...", flush=True)
    cache = warehouse.duckdb_cache(options.database)
    connector = warehouse.source(config)
    readable = warehouse.check(connector)
    print(readable, flush=True)
    streams = choose(options.streams, connector, readable)
    report = SyncReport.of(streams)
    print(f"Reading {len(streams)} streams into {options.database}:", flush=True)
    with shown(report):
        warehouse.sync(connector, cache, streams, growing=GROWING, report=report)
    print_report(report, time.monotonic() - start)
    answer(cache, {name for name, stream in report.streams.items() if stream.complete})
    print(f"\nThe tables are in {options.database}.")
    return report


def choose(wanted: str, connector: Any, readable: str = "") -> list[str]:
    """Names of the streams to read, in the order of the catalog.

    Where the user named none, the ones are left out that lack a permission by what `check` said.
    """
    available = warehouse.available_streams(connector)
    names = wanted.replace(",", " ").split()
    names = names or [name for name in suggested_streams() if not lacks_permission(name, readable)]
    if names == ["all"]:
        return available
    for name in names:
        if name not in available:
            close = " or ".join(difflib.get_close_matches(name, available, n=3))
            hint = f"did you mean {close}?" if close else f"there are: {', '.join(available)}"
            raise warehouse.SyncError(f"there is no stream {name}; {hint}")
    return [name for name in available if name in names]


def suggested_streams() -> list[str]:
    """The streams that the connector suggests: read page by page, and without secrets in them."""
    metadata = yaml.safe_load((PROJECT / "metadata.yaml").read_text(encoding="utf-8"))
    names: list[str] = metadata["data"]["suggestedStreams"]["streams"]
    return names


def lacks_permission(stream: str, readable: str) -> bool:
    """Whether `check` named the permission of a stream among those to be granted."""
    from source_snow_atlas.components.basics.errors import (
        permission_names,  # brings the CDK, a second of imports
    )

    own = definitions.parameters(stream)
    return f"{own['area']} (grant {permission_names(own.get('permission'))})" in readable


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


if __name__ == "__main__":
    sys.exit(main())
