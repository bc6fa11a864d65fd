"""PyAirbyte for tests: the mark of those that need it, and its cache on a PostgreSQL server."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration_tests.helpers.postgres_server import PostgresServer
from snow_atlas_sync import warehouse

if TYPE_CHECKING:
    from airbyte.caches import CacheBase

needs_pyairbyte = pytest.mark.skipif(
    find_spec("airbyte") is None, reason="needs PyAirbyte (Python 3.10 to 3.12)"
)


def postgres_cache(server: PostgresServer, schema: str, folder: Path) -> CacheBase:
    """A schema of the server as a warehouse; what is read waits in the folder."""
    cache: CacheBase = warehouse.pyairbyte().caches.PostgresCache(
        host=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        database=server.database,
        schema_name=schema,
        cache_dir=folder,
    )
    return cache
