"""Temporary files of a sync: one Parquet file per stream, which is loaded when the stream is complete."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from snow_atlas_sync.folder import report_unwritable_folder
from snow_atlas_sync.outcome import SyncReport
from snow_atlas_sync.tables import Layout, batch_of

RECORD = re.compile(rb'\{"type": ?"RECORD", ?"record": ?\{"stream": ?"([^"]+)",')

BATCH_LINES, BATCH_BYTES = 2_000, 4 << 20
"""Limits of the lines that are converted at once, so that they stay in the processor's cache."""
GROUP_ROWS, GROUP_BYTES = 20_000, 8 << 20
"""Limits of the rows of a stream that are written at once."""
BUFFER_BYTES = 48 << 20
"""Limit of the converted rows of all streams in memory."""


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

    @report_unwritable_folder()
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

    @report_unwritable_folder()
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
