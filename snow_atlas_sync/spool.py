"""Temporary files of a sync: one Parquet file per stream, which is loaded when the stream is complete."""

from __future__ import annotations

import errno
import gc
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.tables import Layout, batch_of

FOLDER = "SNOW_ATLAS_SYNC_FOLDER"
RECORD = re.compile(rb'\{"type": ?"RECORD", ?"record": ?\{"stream": ?"([^"]+)",')

BATCH_LINES, BATCH_BYTES = 2_000, 4 << 20
"""Limits of the lines that are converted at once, so that they stay in the processor's cache."""
GROUP_ROWS, GROUP_BYTES = 20_000, 8 << 20
"""Limits of the rows of a stream that are written at once."""
BUFFER_BYTES = 48 << 20
"""Limit of the converted rows of all streams in memory."""


def root_folder() -> Path:
    """Return the folder for temporary files, which the environment variable can change."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    return Path(os.environ.get(FOLDER) or os.path.join(cache, "snow-atlas-sync")).expanduser().absolute()


@contextmanager
def writable_root_folder() -> Iterator[Path]:
    """Create the folder for temporary files. Raises SyncError if it can't be written, also in the block."""
    path = root_folder()
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise SyncError(
            f"the folder for temporary files, {path}, can't be written: {error.strerror}; "
            f"name another folder in the environment variable {FOLDER}"
        ) from None


@contextmanager
def sync_folder() -> Iterator[Path]:
    """Create a folder for one sync, and remove it at the end with those that killed syncs have left."""
    with writable_root_folder() as root:
        for path in root.glob("sync-*-*"):
            if not is_alive(path.name.split("-")[1]):
                shutil.rmtree(path, ignore_errors=True)
        created = Path(tempfile.mkdtemp(prefix=f"sync-{os.getpid()}-", dir=root))
    try:
        yield created
    finally:
        shutil.rmtree(created, ignore_errors=True)


def is_alive(process: str) -> bool:
    """Return whether a process with this number may exist."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, OverflowError):
        pass
    return True


@contextmanager
def report_full_disk() -> Iterator[None]:
    """Raise SyncError with the path if the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SyncError(
            f"the disk of {root_folder()} is full; free some space, "
            f"or name another folder in the environment variable {FOLDER}"
        ) from None


class StreamFile:
    """Parquet file of a stream. Lines are buffered, converted to tables and written in groups of rows."""

    def __init__(self, path: Path, layout: Layout, holds_nul: bool) -> None:
        self.path = path
        self.layout = layout
        self.rows = 0
        self.error = ""
        """Why a record could not be converted."""
        self.unfit: Counter[str] = Counter()
        self.undeclared: set[str] = set()
        self.buffered_bytes = 0
        self.lines: list[bytes] = []
        self._holds_nul = holds_nul
        self._batches: list[pa.RecordBatch] = []
        self._writer: pq.ParquetWriter | None = None

    def convert(self) -> None:
        """Convert the buffered lines to a table."""
        if not self.lines:
            return
        lines, self.lines = self.lines, []
        try:
            batch = batch_of(self.layout, lines, holds_nul=self._holds_nul)
        except (orjson.JSONDecodeError, RecursionError) as error:
            self.error = f"the connector wrote a record that can't be parsed: {error}"
            return
        self.unfit.update(batch.unfit)
        self.undeclared |= batch.undeclared
        self._batches.append(batch.table)
        self.rows += batch.table.num_rows
        self.buffered_bytes += batch.table.nbytes
        if sum(each.num_rows for each in self._batches) >= GROUP_ROWS or self.buffered_bytes >= GROUP_BYTES:
            self.write()

    def write(self) -> None:
        """Write all that is buffered."""
        self.convert()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, self.layout.schema)
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches))
        self._batches, self.buffered_bytes = [], 0

    @report_full_disk()
    def close(self) -> None:
        """Write the rest and close the file."""
        self.write()
        if self._writer is not None:
            self._writer.close()


class Spool:
    """Files of all streams of a sync."""

    def __init__(self, path: Path, *, holds_nul: bool) -> None:
        self._path = path
        self._holds_nul = holds_nul
        self._files: dict[str, StreamFile] = {}

    @report_full_disk()
    def write(self, lines: Iterable[bytes], report: SyncReport) -> None:
        """Write the records of the connector's output to the files, and update the report from the rest."""
        gc.disable()  # the rows contain no cycles, and looking for some takes half as long again
        start, size = b"\0", 0
        for line in lines:
            if not line.startswith(start):
                record = RECORD.match(line)
                if record is None:
                    report.update(line)
                    continue
                start, name = record[0], record[1].decode()
                file, stream = self.file(name), report.stream(name)
            stream.records += 1
            file.lines.append(line)
            size += len(line)
            if size >= BATCH_BYTES or len(file.lines) >= BATCH_LINES:
                # may be early: most of the bytes may be lines of other streams
                file.convert()
                size = 0
                if sum(each.buffered_bytes for each in self._files.values()) > BUFFER_BYTES:
                    for each in self._files.values():
                        each.write()

    def file(self, stream: str) -> StreamFile:
        """Return the file of a stream, which is empty if the stream has no records."""
        if stream not in self._files:
            layout = Layout.of(stream)
            self._files[stream] = StreamFile(self._path / f"{stream}.parquet", layout, self._holds_nul)
        return self._files[stream]
