"""Read streams into a warehouse through PyAirbyte, so that afterwards the tables equal Snow Atlas.

PyAirbyte left to itself does not do that: it merges what it reads into tables that have a key, so rows that
are gone in Snow Atlas would stay; it leaves a table alone when its stream turns out empty; and when one
stream fails it writes none. So streams are read whole and their tables replaced, but for those that only ever
grow, which continue from their state; emptied streams empty their tables; and if streams fail, the others are
read again without them.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tools.observer import ObservedExecutor, StreamReport, SyncReport
from tools.refused import find_refused

if TYPE_CHECKING:
    from airbyte import Source
    from airbyte._executors.base import Executor
    from airbyte.caches import CacheBase

CONNECTOR = "source-snow-atlas"
PROJECT = Path(__file__).resolve().parent.parent
SCRATCH = PROJECT / ".cache" / "airbyte"


class SyncError(Exception):
    """The sync could not be done; the message tells the user why."""


def pyairbyte() -> Any:
    """PyAirbyte, set up to stay on this machine: no registry, no usage reports, its files in .cache."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "AIRBYTE_OFFLINE_MODE": "1",
            "DO_NOT_TRACK": "1",
            "NO_LIVE_PROGRESS": "1",
            "AIRBYTE_CACHE_ROOT": str(SCRATCH),
            "AIRBYTE_LOGGING_ROOT": str(SCRATCH / "logs"),
            "AIRBYTE_PRINT_FULL_ERROR_LOGS": "0",
        }
    )
    warnings.filterwarnings("ignore")
    try:
        import airbyte
        import airbyte.caches
    except ImportError as error:
        raise SyncError(
            f"PyAirbyte is not installed ({error}). It runs on Python 3.10 to 3.12, here is"
            f" 3.{sys.version_info.minor}. Try: make clean, then make sync PYTHON=python3.12"
        ) from None
    return airbyte


def duckdb_cache(database: Path) -> CacheBase:
    """A DuckDB file as the warehouse, opened, so that a locked or foreign file is noticed at once."""
    airbyte = pyairbyte()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        cache: CacheBase = airbyte.caches.DuckDBCache(db_path=database, schema_name="main", cache_dir=SCRATCH)
        query(cache, "SELECT 1")
    except (OSError, SQLAlchemyError) as error:
        raise SyncError(f"{database} can't be used as the database: {database_message(error)}") from None
    return cache


def database_message(error: Exception) -> str:
    """What the database itself said, in one line."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def source(config: dict[str, Any]) -> Source:
    """The connector installed beside this Python, as PyAirbyte runs it."""
    executable = Path(sys.executable).with_name(CONNECTOR)
    if not executable.exists():
        raise SyncError(f"{executable} is missing; make sync installs it")
    with quiet():
        made: Source = pyairbyte().get_source(CONNECTOR, config=config, local_executable=executable)
    return made


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep PyAirbyte's own progress lines from the terminal; its log files have them."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def check(connector: Source) -> str:
    """Ask the connector what it can read with its configuration. SyncError where that is nothing."""
    from airbyte.exceptions import PyAirbyteError

    report = SyncReport.of([])
    try:
        with quiet(), observed(connector, report):
            connector.check()
    except PyAirbyteError as error:
        raise SyncError(report.connection or report.error or error.get_message()) from None
    return report.connection


def available_streams(connector: Source) -> list[str]:
    """The names of all streams of the connector."""
    from airbyte.exceptions import PyAirbyteError

    report = SyncReport.of([])
    try:
        with quiet(), observed(connector, report):
            return connector.get_available_streams()
    except PyAirbyteError as error:
        raise SyncError(report.error or error.get_message()) from None


@contextlib.contextmanager
def observed(connector: Source, report: SyncReport) -> Iterator[None]:
    """Let a report see all that the connector writes in the meantime."""
    inner = connector.executor
    connector.executor = cast("Executor", ObservedExecutor(inner, report))
    try:
        yield
    finally:
        connector.executor = inner


def sync(
    connector: Source,
    cache: CacheBase,
    streams: list[str],
    *,
    growing: frozenset[str] = frozenset(),
    report: SyncReport | None = None,
) -> SyncReport:
    """Read the streams into the warehouse; `growing` names those that continue from their state.

    The report can be handed in to be looked at while the sync runs. A stream that failed is in it with its
    error, and its table is as it was before.
    """
    report = report or SyncReport.of(streams)
    whole = [name for name in streams if name not in growing]
    continued = [name for name in streams if name in growing]
    if whole:
        done = read(connector, cache, whole, report, write_strategy="replace", force_full_refresh=True)
        clear_emptied_tables(cache, done)
    if continued:
        read(connector, cache, continued, report, write_strategy="auto", force_full_refresh=False)
    return report


def read(
    connector: Source, cache: CacheBase, streams: list[str], report: SyncReport, **options: Any
) -> list[StreamReport]:
    """Read streams in one run of the connector, and in a second one without those that failed."""
    from airbyte.exceptions import PyAirbyteError
    from airbyte.shared.sql_processor import SQLRuntimeError
    from sqlalchemy.exc import SQLAlchemyError

    left = streams
    while left:
        started = time.time()
        try:
            with quiet(), observed(connector, report), text_kept():
                connector.read(cache=cache, streams=left, skip_validation=True, **options)
            return [report.streams[name] for name in left]
        except PyAirbyteError as error:
            readable = [name for name in left if report.streams[name].complete]
            if readable == left or not (readable or report.failed):
                raise SyncError(report.error or error.get_message()) from None
            report.streams.update({name: StreamReport(name) for name in readable})
            report.error = ""
            left = readable
        except (SQLAlchemyError, SQLRuntimeError, ValueError) as error:
            refused = find_refused(cache, left, started)
            if refused is None:
                raise SyncError(f"the database refused what was read: {database_message(error)}") from None
            left = [name for name in left if name != refused.stream]
            report.streams.update({name: StreamReport(name) for name in left})
            report.streams[refused.stream].status = "INCOMPLETE"
            report.streams[refused.stream].error = refused.sentence
    return []


@contextlib.contextmanager
def text_kept() -> Iterator[None]:
    """Keep text that looks like a number as it is: "+4670..." and "0042" lose their first sign otherwise.

    For databases other than DuckDB, PyAirbyte lets pandas guess the types of what it is about to load.
    """
    import pandas  # type: ignore[import-untyped]

    guessing = pandas.read_json
    pandas.read_json = partial(guessing, dtype=False, convert_dates=False)
    try:
        yield
    finally:
        pandas.read_json = guessing


def clear_emptied_tables(cache: CacheBase, streams: list[StreamReport]) -> None:
    """Empty the tables of streams that were read to the end and had no record, as PyAirbyte does not."""
    for stream in streams:
        if stream.complete and stream.records == 0:
            table = cache.processor.get_sql_table_name(stream.name)
            cache.execute_sql(f'DELETE FROM "{cache.schema_name}"."{table}"')


def query(cache: CacheBase, sql: str) -> list[dict[str, Any]]:
    """Rows that a query of the warehouse gives."""
    rows: list[dict[str, Any]] = cache.run_sql_query(sql)
    return rows
