"""Lock that lets one sync at a time load into a destination."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from snow_atlas_sync.dlt_pipeline import FILESYSTEM, POSTGRES
from snow_atlas_sync.errors import SyncError


@contextmanager
def locked(pipeline: Any, name: str) -> Iterator[None]:
    """Lock a PostgreSQL schema or a local folder. Raises SyncError if another sync holds the lock.

    Two syncs that fill the same tables at the same time would duplicate rows. DuckDB locks its file.
    """
    with ExitStack() as stack:
        client = stack.enter_context(pipeline.destination_client())
        acquired = True
        if name == POSTGRES:
            schema = client.sql_client.fully_qualified_dataset_name()
            ((acquired,),) = client.sql_client.execute_sql(
                "SELECT pg_try_advisory_lock(hashtext(%s))", schema
            )
        elif name == FILESYSTEM and client.config.is_local_filesystem:
            folder = os.open(client.dataset_path, os.O_RDONLY)
            stack.callback(os.close, folder)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                acquired = False
        if not acquired:
            raise SyncError("another sync is writing into it")
        yield
