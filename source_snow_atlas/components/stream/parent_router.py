"""Partition router for streams that cost a request per parent record."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers import SinglePartitionRouter
from airbyte_cdk.sources.types import StreamSlice

from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.parent_keys import ParentKeys

LOGGER = logging.getLogger("airbyte")


@dataclass
class ParentPartitionRouter(SinglePartitionRouter):
    """Router that yields a partition for every distinct parent of a stream.

    parents: {stream, keys: {partition field: field of the parent's record}, where?, lacking?, asset_kind?,
    identity, definition} each, as `definitions.compose` makes them; the keys of several parents are united.
    values_from: {partition field: name of an option}; every key is combined with every value of the option.
    """

    config: Mapping[str, Any]
    name: str
    parents: list[dict[str, Any]]
    values_from: Mapping[str, str] | None = None

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._sync = Sync.of(self.config)
        options = None
        if self.values_from:
            ((field, option),) = self.values_from.items()
            options = [{field: value} for value in getattr(self._sync.settings, option)]
        self._keys = ParentKeys(self._sync, self.name, self.parents, options)

    def stream_slices(self) -> Iterable[StreamSlice]:
        """Yield the partitions, while the parents are still being read."""
        if self.values_from and not self._keys.options:
            LOGGER.warning(
                "Stream %s reads nothing, because the API does not list the values of %s. "
                "Name them in the option %s.",
                self.name,
                *next(iter(self.values_from.items())),
            )
        partitions = self._sync.partitions(self.name)
        partitions.listed_again = self._keys.listed_again
        try:
            for partition in self._keys.partitions(partitions):
                if partitions.error is not None:
                    return
                self._sync.progress.expect(self.name, total_parents=partitions.begin())
                yield StreamSlice(partition=partition, cursor_slice={})
            if partitions.all_begun():
                self._sync.end_stream(self.name)
        except Exception as error:
            partitions.fail(error)
            raise
