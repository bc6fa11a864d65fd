"""Keep what is read in files until its stream is complete: one Parquet file for each stream, in a folder
that goes with the sync.
"""

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

import pyarrow as pa
import pyarrow.parquet as pq

from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.tables import Layout, batch_of

FOLDER = "SNOW_ATLAS_SYNC_FOLDER"
RECORD = re.compile(rb'\{"type": ?"RECORD", ?"record": ?\{"stream": ?"([^"]+)",')

LINES, LINE_BYTES = 2_000, 4 << 20
"""As much of a stream is turned into a table at once: few enough to stay in the processor's cache."""
ROWS, ROW_BYTES = 20_000, 8 << 20
"""As many rows of a stream are written at once."""
WAITING_BYTES = 48 << 20
"""As much of all streams waits in memory."""


def parent() -> Path:
    """Where temporary files go: where the user says, else in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    return Path(os.environ.get(FOLDER) or os.path.join(cache, "snow-atlas-sync")).expanduser().absolute()


@contextmanager
def writing() -> Iterator[Path]:
    """Where temporary files go, made; that it can't be written is one sentence."""
    place = parent()
    try:
        place.mkdir(parents=True, exist_ok=True)
        yield place
    except OSError as error:
        raise SyncError(
            f"the folder for temporary files, {place}, can't be written: {error.strerror}; "
            f"name another in the environment variable {FOLDER}"
        ) from None


@contextmanager
def folder() -> Iterator[Path]:
    """A new folder for one sync, removed at its end. What syncs have left that were killed is removed,
    too.
    """
    with writing() as place:
        for path in place.glob("sync-*-*"):
            if not alive(path.name.split("-")[1]):
                shutil.rmtree(path, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=f"sync-{os.getpid()}-", dir=place))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def alive(process: str) -> bool:
    """Whether there may be a process of this number."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, OverflowError):
        pass
    return True


@contextmanager
def full_disk_named() -> Iterator[None]:
    """Say which disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SyncError(
            f"the disk of {parent()} is full; free some space, "
            f"or name another folder in the environment variable {FOLDER}"
        ) from None


class StreamFile:
    """The file of a stream, written in parts."""

    def __init__(self, path: Path, layout: Layout, holds_nul: bool) -> None:
        self.path = path
        self.layout = layout
        self.rows = 0
        self.unfit: Counter[str] = Counter()
        self.undeclared: set[str] = set()
        self.waiting = 0
        self._holds_nul = holds_nul
        self.lines: list[bytes] = []
        self._batches: list[pa.RecordBatch] = []
        self._writer: pq.ParquetWriter | None = None

    def write(self) -> None:
        """Write all that waits."""
        self.convert()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, self.layout.schema)
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches))
        self._batches, self.waiting = [], 0

    @full_disk_named()
    def close(self) -> None:
        """Write the end of the file."""
        self.write()
        if self._writer is not None:
            self._writer.close()

    def convert(self) -> None:
        """Turn the lines that wait into a table."""
        if not self.lines:
            return
        batch = batch_of(self.layout, self.lines, holds_nul=self._holds_nul)
        self.lines.clear()
        self.unfit.update(batch.unfit)
        self.undeclared |= batch.undeclared
        self._batches.append(batch.table)
        self.rows += batch.table.num_rows
        self.waiting += batch.table.nbytes
        if sum(each.num_rows for each in self._batches) >= ROWS or self.waiting >= ROW_BYTES:
            self.write()


class Spool:
    """The files of all streams of a sync."""

    def __init__(self, path: Path, *, holds_nul: bool) -> None:
        self._path = path
        self._holds_nul = holds_nul
        self._files: dict[str, StreamFile] = {}

    @full_disk_named()
    def take(self, lines: Iterable[bytes], report: SyncReport) -> None:
        """Take what the connector writes: records into the files, everything else into the report."""
        gc.disable()  # rows are many and free of cycles: looking for some takes half as long again
        start, size = b"\0", 0
        for line in lines:
            if not line.startswith(start):
                record = RECORD.match(line)
                if record is None:
                    report.see(line)
                    continue
                start, name = record[0], record[1].decode()
                file, stream = self.file(name), report.stream(name)
            stream.records += 1
            file.lines.append(line)
            size += len(line)
            if size >= LINE_BYTES or len(file.lines) >= LINES:
                # another stream's lines may be most of it, then this is a little early
                file.convert()
                size = 0
                if sum(each.waiting for each in self._files.values()) > WAITING_BYTES:
                    for each in self._files.values():
                        each.write()

    def file(self, stream: str) -> StreamFile:
        """The file of a stream; an empty one where nothing was read."""
        if stream not in self._files:
            layout = Layout.of(stream)
            self._files[stream] = StreamFile(self._path / f"{stream}.parquet", layout, self._holds_nul)
        return self._files[stream]
