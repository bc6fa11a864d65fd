"""Catalogs and states of Airbyte."""

from __future__ import annotations

from pathlib import Path
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

STATE_OF_0_1_0 = Path(__file__).parent / "state_of_0_1_0.json"
"""State of four streams, written by version 0.1.0."""


def catalog(*names: str, mode: SyncMode = SyncMode.full_refresh) -> ConfiguredAirbyteCatalog:
    """Return a configured catalog of the named streams."""
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
    """Return the state of a stream."""
    return AirbyteStateMessage(
        type=AirbyteStateType.STREAM,
        stream=AirbyteStreamState(
            stream_descriptor=StreamDescriptor(name=name), stream_state=AirbyteStateBlob(**values)
        ),
    )
