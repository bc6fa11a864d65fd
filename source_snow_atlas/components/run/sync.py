"""What all streams of one sync share: the client, the pages fetched ahead, the parents' keys and the
progress.

The CDK builds every component from the configuration alone, so a run marks its configuration, and components
find it by the mark. Two runs with the same client in one process, as in a notebook, thus share their token
and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from uuid import uuid4

from airbyte_cdk.models import FailureType

from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient
from source_snow_atlas.components.run.parents import ParentRegistry
from source_snow_atlas.components.run.partitions import Partitions, RowsMissing
from source_snow_atlas.components.run.progress import Heartbeat, Progress

LOGGER = logging.getLogger("airbyte")
RUN = "__run"
"""The key of the configuration that holds the mark of a run."""


class Sync:
    """One run of `read` or `check`. `whole_streams` are the selected streams that read their collection from
    end to end.
    """

    _running: ClassVar[dict[str, Sync]] = {}

    def __init__(
        self, settings: Configuration, config: Mapping[str, Any], whole_streams: Collection[str] = ()
    ) -> None:
        self.settings = settings
        self.config = config
        self.authenticator = SnowAtlasOauth2Authenticator(config=config)
        self.client = SnowAtlasClient(self.authenticator, settings.num_workers)
        self.prefetch = PagePrefetch(settings.num_workers)
        self.parents = ParentRegistry(frozenset(whole_streams))
        self._partitions: dict[str, Partitions] = {}
        self.progress = Progress()
        self.heartbeat = Heartbeat(self.progress, self.client.pace.in_flight)

    @staticmethod
    def marked(config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration with the mark of a new run."""
        return {**config, RUN: uuid4().hex}

    @classmethod
    def begin(cls, config: Mapping[str, Any], whole_streams: Collection[str] = ()) -> Sync:
        """Start a sync: components built from this configuration, or one with the same mark, belong to it."""
        settings = Configuration.parse(config)
        sync = cls(settings, config, whole_streams)
        cls._running[_run_of(config)] = sync
        return sync

    def start_heartbeat(self) -> None:
        """Show signs of life from now on."""
        self.heartbeat.start()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Sync:
        """The sync that a component with this configuration belongs to; a new one where none was begun
        (`discover`).
        """
        return cls._running.get(_run_of(config)) or cls.begin(config)

    def partitions(self, stream: str) -> Partitions:
        """What is known of a selected stream's partitions."""
        return self._partitions.setdefault(stream, Partitions(stream))

    def ended(self, stream: str) -> None:
        """All partitions of a selected stream have ended: its own children may end, too.

        Raises where rows are missing that the user does not accept to be.
        """
        partitions = self.partitions(stream)
        self.progress.say_changes(stream)
        missing = partitions.missing()
        self.parents.end(stream, missing or self.rows_not_served(stream))
        if missing is not None and not self.settings.accepts_missing_rows(stream):
            raise missing
        if missing is not None:
            LOGGER.warning("Stream %s goes on without the rows that are missing: %s", stream, missing.reason)
        lacking = partitions.nameless.count + (missing.parents if missing else 0)
        if lacking:
            self.progress.add(stream, parents_not_read=lacking)

    def rows_not_served(self, stream: str) -> RowsMissing | None:
        """What the children of a stream lack where the API does not serve all of its rows."""
        rows = self.progress.count(stream, "not_served")
        if not rows:
            return None
        reason = f"the API counts {rows} more rows of {stream} than it serves."
        return RowsMissing(stream, reason, FailureType.system_error, rows)

    def fail(self, stream: str, error: Exception) -> None:
        """A selected stream is lost, and its children with it: they would lack parents."""
        self.partitions(stream).fail(error)
        self.parents.end(stream, error)

    def end(self) -> None:
        """Say what is not said yet, and let go of threads and tables."""
        self.progress.conclude()
        self.heartbeat.stop()
        self.prefetch.close()
        run = _run_of(self.config)
        if self._running.get(run) is self:
            del self._running[run]


def _run_of(config: Mapping[str, Any]) -> str:
    """What tells one run from another: its mark in the configuration; without one, the whole of its
    credentials and options.
    """
    return str(config.get(RUN) or sorted(config.items(), key=str))
