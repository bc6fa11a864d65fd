"""What all streams of one sync share: the client, the pages fetched ahead, the parents' keys and the progress.

The CDK builds every component from the configuration alone, so components find their sync by it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar, TypeVar

from source_snow_atlas.components.client import SnowAtlasClient
from source_snow_atlas.components.configuration import Configuration
from source_snow_atlas.components.errors import NotFound
from source_snow_atlas.components.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.parents import ParentRegistry
from source_snow_atlas.components.progress import Heartbeat, Progress

Result = TypeVar("Result")


class PagePrefetch:
    """Pages of all streams fetched ahead of their use: as many as requests may be in flight, and a quarter as many waiting for use.

    That bounds memory, whatever the number of streams: a page of 1000 records takes about 3 MB.
    """

    def __init__(self, pages: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=pages, thread_name_prefix="pages")
        self._room = threading.BoundedSemaphore(pages + pages // 4 + 1)

    def try_submit(self, task: Callable[[], Result]) -> Future[Result] | None:
        """Start the task in another thread, if there is room."""
        if not self._room.acquire(blocking=False):
            return None
        return self._executor.submit(task)

    def done(self) -> None:
        """A submitted page was used up: there is room for another."""
        self._room.release()

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class Sync:
    """One run of `read` or `check`. `whole_streams` are the selected streams that read their collection from end to end."""

    _running: ClassVar[dict[tuple[str, str], Sync]] = {}

    def __init__(
        self, settings: Configuration, config: Mapping[str, Any], whole_streams: Collection[str] = ()
    ) -> None:
        self.settings = settings
        self.config = config
        self.authenticator = SnowAtlasOauth2Authenticator(config=config)
        self.client = SnowAtlasClient(self.authenticator, settings.num_workers)
        self.prefetch = PagePrefetch(settings.num_workers)
        self.parents = ParentRegistry(self.prefetch, frozenset(whole_streams))
        self.progress = Progress()
        self.heartbeat = Heartbeat(self.progress, self.client.pace.in_flight)

    @classmethod
    def begin(cls, config: Mapping[str, Any], whole_streams: Collection[str] = ()) -> Sync:
        """Start a sync: components built from this configuration after this call belong to it."""
        settings = Configuration.parse(config)
        sync = cls(settings, config, whole_streams)
        cls._running[settings.host, settings.client_id] = sync
        return sync

    def start_heartbeat(self) -> None:
        """Show signs of life from now on."""
        self.heartbeat.start()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Sync:
        """The sync that a component with this configuration belongs to; a new one where none was begun (`discover`)."""
        settings = Configuration.parse(config)
        return cls._running.get((settings.host, settings.client_id)) or cls.begin(config)

    def children_ended(self, stream: str) -> None:
        """All partitions of a stream per parent were read: its own children may end too, unless nothing was there at all.

        Raises NotFound then, after its children were told: they must not take it for a stream without rows.
        """
        try:
            self.progress.raise_if_nothing_was_there(stream)
        except NotFound as error:
            self.progress.failed(stream, error)
            self.parents.fail(stream, error)
            raise
        self.parents.collection_ended(stream)

    def end(self) -> None:
        """Say what was skipped, and let go of threads and tables."""
        self.progress.conclude()
        self.heartbeat.stop()
        self.prefetch.close()
        self._running.pop((self.settings.host, self.settings.client_id), None)
