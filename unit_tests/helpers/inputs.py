"""Catalogs and states as Airbyte hands them to the source."""

from __future__ import annotations

from typing import Any

from airbyte_cdk.models import (
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStream,
    AirbyteStreamState,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    StreamDescriptor,
    SyncMode,
)


def catalog(*names: str, mode: SyncMode = SyncMode.full_refresh) -> ConfiguredAirbyteCatalog:
    """A configured catalog of the named streams."""
    return ConfiguredAirbyteCatalog(
        [
            ConfiguredAirbyteStream(
                stream=AirbyteStream(
                    name=name,
                    json_schema={},
                    supported_sync_modes=[SyncMode.full_refresh, SyncMode.incremental],
                ),
                sync_mode=mode,
                destination_sync_mode=DestinationSyncMode.overwrite,
            )
            for name in names
        ]
    )


def state(name: str, **values: Any) -> AirbyteStateMessage:
    """The state of one stream."""
    return AirbyteStateMessage(
        type=AirbyteStateType.STREAM,
        stream=AirbyteStreamState(
            stream_descriptor=StreamDescriptor(name=name), stream_state=AirbyteStateBlob(**values)
        ),
    )
