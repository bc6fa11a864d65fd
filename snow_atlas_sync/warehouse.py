"""Read streams into a warehouse through PyAirbyte, so that afterwards the tables equal Snow Atlas.

PyAirbyte left to itself does not do that: it merges what it reads into tables that have a key, so rows that
are gone in Snow Atlas would stay; it leaves a table alone when its stream turns out empty; and when one
stream fails it writes none. So streams are read whole and their tables replaced, but for those that only ever
grow, which continue from their state; emptied streams empty their tables; and if streams fail, the others are
read again without them.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import time
import warnings
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from snow_atlas_sync.errors import PyAirbyteMissing, SyncError
from snow_atlas_sync.observer import ObservedExecutor, StreamReport, SyncReport
from snow_atlas_sync.refused import find_refused

if TYPE_CHECKING:
    from airbyte import Source
    from airbyte._executors.base import Executor
    from airbyte.caches import CacheBase

CONNECTOR = "source-snow-atlas"


def require_pyairbyte() -> None:
    """Refuse at once where PyAirbyte is not installed, without importing it, which takes seconds."""
    if find_spec("airbyte") is None:
        raise PyAirbyteMissing()


def pyairbyte() -> Any:
    """PyAirbyte, set up to stay on this machine: no registry, no usage reports, its files in one folder."""
    folder = scratch()
    os.environ.update(
        {
            "AIRBYTE_OFFLINE_MODE": "1",
            "DO_NOT_TRACK": "1",
            "NO_LIVE_PROGRESS": "1",
            "AIRBYTE_CACHE_ROOT": str(folder),
            "AIRBYTE_LOGGING_ROOT": str(folder / "logs"),
            "AIRBYTE_PRINT_FULL_ERROR_LOGS": "0",
        }
    )
    warnings.filterwarnings("ignore")
    try:
        import airbyte
        import airbyte.caches
    except ImportError as error:
        raise PyAirbyteMissing(str(error)) from None
    return airbyte


def scratch() -> Path:
    """The folder for PyAirbyte's files: AIRBYTE_CACHE_ROOT, else one in the user's cache."""
    named = os.environ.get("AIRBYTE_CACHE_ROOT")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    folder = Path(named or os.path.join(cache, "snow-atlas-sync")).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SyncError(
            f"the folder for temporary files, {folder}, can't be made: {error.strerror};"
            " name another in the environment variable AIRBYTE_CACHE_ROOT"
        ) from None
    return folder


def check_database(database: Path) -> None:
    """Open the DuckDB file once, so that one that is locked, foreign or not writable is noticed before
    anything is read.
    """
    import duckdb

    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        duckdb.connect(str(database)).close()
    except (OSError, duckdb.Error) as error:
        raise SyncError(f"{database} can't be used as the database: {database_message(error)}") from None


def duckdb_cache(database: Path) -> CacheBase:
    """A DuckDB file as the warehouse, opened, so that a locked or foreign file is noticed at once.

    What is read waits in a folder of its own, since other syncs may run at the same time.
    """
    airbyte = pyairbyte()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        folder = tempfile.mkdtemp(prefix="sync-", dir=scratch())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        cache: CacheBase = airbyte.caches.DuckDBCache(db_path=database, schema_name="main", cache_dir=folder)
        query(cache, "SELECT 1")
    except (OSError, SQLAlchemyError) as error:
        raise SyncError(f"{database} can't be used as the database: {database_message(error)}") from None
    return cache


def database_message(error: Exception) -> str:
    """What the database or the system itself said, in one line. PyAirbyte puts the statement before it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(getattr(error, "orig", None) or error)
    said = re.search(r"^\w+\([\w.]+\) (.+)", text, re.MULTILINE)
    return said[1] if said else text.splitlines()[0]


def source(config: dict[str, Any]) -> Source:
    """The connector of this installation, as PyAirbyte runs it."""
    with quiet():
        made: Source = pyairbyte().get_source(CONNECTOR, config=config, local_executable=executable())
    return made


def executable() -> Path:
    """The connector's program, where this Python has its programs; whether they are on the PATH does not
    matter.
    """
    folders = (
        str(Path(sys.executable).parent),
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")),
    )
    found = shutil.which(CONNECTOR, path=os.pathsep.join(folders))
    if found is None:
        raise SyncError(
            f"the program {CONNECTOR} is missing in {folders[0]}; install airbyte-source-snow-atlas again"
        )
    return Path(found).absolute()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep PyAirbyte's own progress lines from the terminal; its log files have them."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


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
