"""State that the streams of one sync share.

The CDK builds components from the configuration alone, so the sync is an entry of its configuration: `of` is
the only function that looks for it. Two syncs in one process thus share their token and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.parents import Batches, KeyFeed, KeySource
from source_snow_atlas.components.run.partitions import Partitions
from source_snow_atlas.components.run.progress import Progress

LOGGER = logging.getLogger("airbyte")
SYNC = "__sync"
"""The key of the configuration that holds the sync."""


class Sync:
    """One run of `read`, or of `check` with `fail_fast`."""

    def __init__(self, config: Mapping[str, Any], fail_fast: bool = False) -> None:
        self.settings = Configuration.parse(config)
        self.authenticator = SnowAtlasOauth2Authenticator(config, fail_fast)
        self.client = SnowAtlasClient(self.authenticator, self.settings.num_workers, fail_fast)
        self.prefetch = PagePrefetch(self.settings.num_workers)
        self.progress = Progress()
        self._partitions: dict[str, Partitions] = {}
        self._parent_keys: dict[KeySource, KeyFeed] = {}
        self._emitted_keys: dict[KeySource, KeyFeed] = {}
        """Keys of parent streams that are being read, while no child has needed them."""

    @classmethod
    def begin(cls, config: dict[str, Any]) -> Sync:
        """Make a sync, and put it into its configuration."""
        config[SYNC] = sync = cls(config)
        return sync

    @staticmethod
    def of(config: Mapping[str, Any]) -> Sync:
        """Return the sync that a component with this configuration belongs to."""
        sync: Sync = config[SYNC]
        return sync

    def partitions(self, stream: str) -> Partitions:
        return self._partitions.setdefault(stream, Partitions(stream))

    def expect_keys(self, source: KeySource) -> None:
        """Collect the keys of a source from now on, if its stream emits rows."""
        self._emitted_keys.setdefault(source, KeyFeed(source, lambda: iter(())))

    def parent_keys(self, source: KeySource, batches: Batches) -> KeyFeed:
        """Return the keys of a source, which all streams share. `batches` reads the parent records."""
        self._emitted_keys.pop(source, None)
        return self._parent_keys.setdefault(source, KeyFeed(source, batches))

    def add_rows(self, stream: str, rows: list[Row]) -> None:
        """Collect the keys in rows that a selected stream emits."""
        for feed in self._emitted_by(stream):
            feed.add(rows)

    def _emitted_by(self, stream: str) -> list[KeyFeed]:
        return [feed for feed in list(self._emitted_keys.values()) if feed.source.stream == stream]

    def end_stream(self, stream: str, *, is_whole: bool) -> None:
        """End a selected stream whose partitions have all ended.

        The keys of a stream that was read as a whole are used by its children. Raises RowsMissing unless the
        user accepts missing rows.
        """
        partitions = self.partitions(stream)
        missing = partitions.missing()
        if missing is not None and not self.settings.accepts_missing_rows(stream):
            raise missing
        if missing is not None:
            LOGGER.warning(f"Stream {stream} continues without the missing rows: {missing.reason}")
        lacking = partitions.invalid.count + (missing.parents if missing else 0)
        if lacking:
            self.progress.add(stream, parents_not_read=lacking)
        if is_whole and missing is None and not self.progress.count(stream, "not_served"):
            for feed in self._emitted_by(stream):
                self._parent_keys.setdefault(feed.source, feed)

    def close(self) -> None:
        """Log the changes of the data, and stop the threads."""
        self.progress.log_changes()
        self.prefetch.close()
