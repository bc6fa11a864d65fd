"""Which rows were seen: 64-bit hashes in one flat table, 8 bytes a slot, so that a million rows take 16 MiB
and not 65.

A large table lies in a file that is mapped into memory: the kernel can write its pages back and take them
away, so that fifty million rows do not need a gibibyte of memory that nobody can reclaim. The file has no
name, so nothing is left behind.
"""

from __future__ import annotations

import logging
import mmap
import os
import tempfile
from array import array
from collections.abc import Callable, MutableSequence, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from source_snow_atlas.components.request.reply import Row

LOGGER = logging.getLogger("airbyte")
MASK = 0xFFFFFFFFFFFFFFFF
IN_MEMORY = 1 << 21
"""Slots (16 MiB) up to which a table is kept in memory."""
MOST_EXPECTED = 300_000
"""Rows up to which room is made in advance: a total may be a lie."""
VOLATILE = frozenset({"tmpfs", "ramfs", "devtmpfs"})
"""File systems whose files are memory that can't be reclaimed."""


class SeenRows:
    """A set of hashes. Open addressing with linear probing; zero marks a free slot."""

    def __init__(self, expected: int = 0, folder: Callable[[], str | None] | None = None) -> None:
        self._folder = folder or folder_on_disk
        self._map: mmap.mmap | None = None
        size = 1 << 12
        while size * 2 < min(expected, MOST_EXPECTED) * 3:
            size *= 2
        self._allocate(size)

    def __len__(self) -> int:
        return self._used

    def __contains__(self, value: int) -> bool:
        value = (value & MASK) or 1
        table, mask = self._table, self._size - 1
        index = value & mask
        while table[index]:
            if table[index] == value:
                return True
            index = (index + 1) & mask
        return False

    def add(self, value: int) -> bool:
        """Whether the hash is new."""
        return bool(self.add_all((value,)))

    def add_all(self, values: Sequence[int]) -> list[int]:
        """Add the hashes; the positions of those that are new."""
        if (self._used + len(values)) * 3 > self._size * 2:
            self._grow(self._used + len(values))
        table, mask = self._table, self._size - 1
        new = []
        for position, value in enumerate(values):
            value = (value & MASK) or 1
            index = value & mask
            held = table[index]
            while held and held != value:
                index = (index + 1) & mask
                held = table[index]
            if not held:
                table[index] = value
                new.append(position)
        self._used += len(new)
        return new

    def close(self) -> None:
        """Let go of the table."""
        self._release()
        self._allocate(1 << 4)

    def _allocate(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._table: MutableSequence[int] | Any = self._mapped(size) if size > IN_MEMORY else None
        if self._table is None:
            self._table = array("Q", (0,)) * size

    def _mapped(self, size: int) -> memoryview | None:
        """The table in a file without a name; None where there is no room for one on a disk."""
        folder = self._folder()
        if folder is None:
            _say_once(size)
            return None
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                # room is taken now: a disk that is full later would end the process without a word
                os.posix_fallocate(file.fileno(), 0, 8 * size)
                self._map = mmap.mmap(file.fileno(), 8 * size)
        except (OSError, AttributeError, ValueError):
            _say_once(size)
            return None
        return memoryview(self._map).cast("Q")

    def _release(self) -> None:
        table, held = self._table, self._map
        self._table, self._map = array("Q"), None
        if isinstance(table, memoryview):
            table.release()
        if held is not None:
            with suppress(BufferError):
                held.close()

    def _grow(self, needed: int) -> None:
        size = self._size
        while needed * 3 > size * 2:
            size *= 2
        old, old_map = self._table, self._map
        self._map = None
        self._allocate(size)
        piece = 1 << 14
        for start in range(0, len(old), piece):
            self.add_all([value for value in old[start : start + piece] if value])
        if isinstance(old, memoryview):
            old.release()
        if old_map is not None:
            old_map.close()


def folder_on_disk() -> str | None:
    """A folder that can be written to and lies on a disk; None where there is none, as with a read-only
    root.
    """
    for folder in dict.fromkeys((tempfile.gettempdir(), "/var/tmp", "/tmp", os.getcwd())):
        if os.access(folder, os.W_OK | os.X_OK) and file_system(folder) not in VOLATILE:
            return folder
    return None


def file_system(folder: str) -> str:
    """The kind of file system that a folder lies on, by the mounts of this process; "" where the system does
    not say.
    """
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    path = os.path.realpath(folder)
    mounts = [(line.split(" ")[1], line.split(" ")[2]) for line in lines if line.count(" ") >= 2]
    inside = [
        (point, kind) for point, kind in mounts if path == point or path.startswith(point.rstrip("/") + "/")
    ]
    # of mounts at the same place the last one counts
    return max(enumerate(inside), key=lambda mount: (len(mount[1][0]), mount[0]), default=(0, ("", "")))[1][1]


_said: set[int] = set()


def _say_once(size: int) -> None:
    if size not in _said:
        _said.add(size)
        LOGGER.info(
            "The keys of the rows seen take %d MiB of memory from here on: no folder on a disk can be "
            "written to. With a writable "
            "TMPDIR they would lie in a file.",
            8 * size // 2**20,
        )


def key_hash(row: Row, key: Sequence[str]) -> int:
    """The hash of the row's primary key; parts that can't be hashed count by their text."""
    try:
        return hash(tuple([row.get(field) for field in key]))
    except TypeError:
        return hash(repr([row.get(field) for field in key]))


def content_hash(row: Row) -> int:
    """The hash of all that the row holds: the identity of rows that have no key."""
    try:
        return hash(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        return hash(repr(row))
