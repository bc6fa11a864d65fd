"""Local file system that writes each file in one step, so that a killed sync leaves no half-written file.

dlt writes in place: what a kill leaves of its state or schema would fail all later syncs. fsspec's own
transactions don't help, as they prepare files in the system's temporary folder, maybe on another disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

SUFFIX = ".loading"


class WholeFiles(LocalFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Local file system that writes each file under a temporary name beside it, and then renames it."""

    def put_file(self, path1: str, path2: str, callback: Any = None, **options: Any) -> None:
        """Copy a file."""
        with self._replacement(path2) as new:
            super().put_file(path1, new, callback, **options)

    def write_text(self, path: str, value: str, *arguments: Any, **options: Any) -> Any:
        """Write a text to a file."""
        with self._replacement(path) as new:
            return super().write_text(new, value, *arguments, **options)

    @contextmanager
    def _replacement(self, path: str) -> Iterator[str]:
        folder, name = os.path.split(self._strip_protocol(path))
        new = os.path.join(folder, f".{name}{SUFFIX}")
        try:
            yield new
            with open(new, "rb") as file:
                os.fsync(file.fileno())  # else a power failure can leave an empty file of the new name
            os.replace(new, os.path.join(folder, name))
        except OSError as error:  # a failed copy names the file that it reads
            raise OSError(error.errno, error.strerror, os.path.join(folder, name)) from None
        finally:
            with suppress(FileNotFoundError):
                os.remove(new)


def remove_temporary(folder: Path) -> None:
    """Remove the temporary files that killed syncs left in a folder and in its folders."""
    for pattern in (f".*{SUFFIX}", f"*/.*{SUFFIX}"):
        for path in folder.glob(pattern):
            path.unlink()
