"""State that the streams of one sync share.

The CDK builds components from the configuration alone, so the sync is an entry of its configuration: `of` is
the only function that looks for it. Two syncs in one process thus share their token and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from airbyte_cdk.models import FailureType

from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient
from source_snow_atlas.components.run.parents import ParentRegistry
from source_snow_atlas.components.run.partitions import Partitions, RowsMissing
from source_snow_atlas.components.run.progress import Heartbeat, Progress

LOGGER = logging.getLogger("airbyte")
SYNC = "__sync"
"""The key of the configuration that holds the sync."""


class Sync:
    """One run of `read`. `read_completely` names the selected streams of which all rows are read."""

    def __init__(self, config: Mapping[str, Any], read_completely: Collection[str] = ()) -> None:
        self.settings = Configuration.parse(config)
        self.authenticator = SnowAtlasOauth2Authenticator(config)
        self.client = SnowAtlasClient(self.authenticator, self.settings.num_workers)
        self.prefetch = PagePrefetch(self.settings.num_workers)
        self.parents = ParentRegistry(frozenset(read_completely))
        self.progress = Progress()
        self.heartbeat = Heartbeat(self.progress, self.client.pace.in_flight)
        self._partitions: dict[str, Partitions] = {}

    @classmethod
    def begin(cls, config: dict[str, Any], read_completely: Collection[str] = ()) -> Sync:
        """Make a sync, and put it into its configuration."""
        config[SYNC] = sync = cls(config, read_completely)
        return sync

    @staticmethod
    def of(config: Mapping[str, Any]) -> Sync:
        """Return the sync that a component with this configuration belongs to."""
        sync: Sync = config[SYNC]
        return sync

    def partitions(self, stream: str) -> Partitions:
        """Return the partitions of a selected stream."""
        return self._partitions.setdefault(stream, Partitions(stream))

    def end_stream(self, stream: str) -> None:
        """End a selected stream whose partitions have all ended, so that its children can end.

        Raises RowsMissing unless the user accepts missing rows.
        """
        partitions = self.partitions(stream)
        self.progress.log_changes(stream)
        missing = partitions.missing()
        self.parents.end(stream, missing or self.rows_not_served(stream))
        if missing is not None and not self.settings.accepts_missing_rows(stream):
            raise missing
        if missing is not None:
            LOGGER.warning("Stream %s continues without the missing rows: %s", stream, missing.reason)
        lacking = partitions.invalid.count + (missing.parents if missing else 0)
        if lacking:
            self.progress.add(stream, parents_not_read=lacking)

    def rows_not_served(self, stream: str) -> RowsMissing | None:
        """Return what the children of a stream lack if the API does not serve all of its rows."""
        rows = self.progress.count(stream, "not_served")
        if not rows:
            return None
        reason = f"the API counts {rows} more rows of {stream} than it serves."
        return RowsMissing(stream, reason, FailureType.system_error, rows)

    def fail_stream(self, stream: str, error: Exception) -> None:
        """Fail a selected stream and its children, which would lack parents."""
        self.partitions(stream).fail(error)
        self.parents.end(stream, error)

    def close(self) -> None:
        """Log the remaining changes, and stop the threads."""
        self.progress.conclude()
        self.heartbeat.stop()
        self.prefetch.close()
