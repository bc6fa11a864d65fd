"""Folder for the temporary files of syncs."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snow_atlas_sync.errors import SyncError

FOLDER = "SNOW_ATLAS_SYNC_FOLDER"
FULL = (errno.ENOSPC, errno.EDQUOT)
ATTEMPTS_TO_REMOVE = 40
"""Attempts to remove a folder into which a thread of dlt still writes after a signal."""


def root_folder() -> Path:
    """Return the folder for temporary files, which the environment variable can change."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    return Path(os.environ.get(FOLDER) or os.path.join(cache, "snow-atlas-sync")).expanduser().absolute()


@contextmanager
def report_unwritable_folder() -> Iterator[None]:
    """Raise SyncError with the path if a temporary file can't be written, for example on a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise SyncError(
                f"The disk of {root_folder()} is full; free some space, "
                f"or name another folder in the environment variable {FOLDER}"
            ) from None
        cause = os.strerror(error.errno) if error.errno else error
        raise SyncError(
            f"The folder for temporary files, {root_folder()}, can't be written: {cause}; "
            f"name another folder in the environment variable {FOLDER}"
        ) from None


@contextmanager
def writable_root_folder() -> Iterator[Path]:
    """Create the folder for temporary files. Raises SyncError if it can't be written, also in the block."""
    path = root_folder()
    with report_unwritable_folder():
        path.mkdir(parents=True, exist_ok=True)
        yield path


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
        for _ in range(ATTEMPTS_TO_REMOVE):
            shutil.rmtree(created, ignore_errors=True)
            if not created.exists():
                break
            time.sleep(0.05)


def is_alive(process: str) -> bool:
    """Return whether a process with this number may exist."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, OverflowError):
        pass
    return True
