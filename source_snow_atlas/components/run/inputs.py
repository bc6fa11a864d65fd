"""The catalog, the state and the filters that a sync is started with: refused with a sentence where they
can't be meant.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from airbyte_cdk.models import AirbyteStateBlob, AirbyteStateMessage, ConfiguredAirbyteCatalog, SyncMode
from airbyte_cdk.utils.datetime_helpers import ab_datetime_parse

from source_snow_atlas import definitions
from source_snow_atlas.components.basics.errors import ConfigurationError
from source_snow_atlas.components.identity.configuration import EVERY_STREAM
from source_snow_atlas.components.run.not_served import COUNTS

LOGGER = logging.getLogger("airbyte")
WITHOUT_CURSOR = "__ab_no_cursor_state_message"


def usable_catalog(catalog: ConfiguredAirbyteCatalog) -> ConfiguredAirbyteCatalog:
    """The catalog with parents before their children, which then take the keys from what is read anyway.

    Raises ConfigurationError for streams that don't exist or stand twice.
    """
    known = definitions.stream_definitions()
    names = [stream.stream.name for stream in catalog.streams]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(
            f"The catalog names the stream {unknown[0]!r}, which this connector does not have: "
            "run discover (in Airbyte: refresh the source schema) and select streams from its answer."
        )
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigurationError(
            f"The catalog names the stream {twice[0]!r} more than once: keep one of them."
        )
    parents = {parent for name in names for parent in definitions.parent_streams(name)}
    return replace(
        catalog,
        streams=sorted(
            catalog.streams,
            key=lambda stream: (definitions.depth(stream.stream.name), stream.stream.name not in parents),
        ),
    )


def incremental_streams(catalog: ConfiguredAirbyteCatalog) -> set[str]:
    """The streams that are configured incremental and can be."""
    found = set()
    for stream in catalog.streams:
        if stream.sync_mode != SyncMode.incremental:
            continue
        if "incremental_sync" in definitions.stream_definitions()[stream.stream.name]:
            found.add(stream.stream.name)
        else:
            LOGGER.warning("Stream %s can't be read incrementally; it is read whole.", stream.stream.name)
    return found


def usable_state(state: list[AirbyteStateMessage], incremental: Collection[str]) -> list[AirbyteStateMessage]:
    """The state of the incremental streams; a full refresh starts from nothing.

    Raises ConfigurationError for the state of another connector, or one whose cursor value is no moment.
    """
    known = definitions.stream_definitions()
    usable = []
    for message in state:
        descriptor = message.stream.stream_descriptor if message.stream else None
        if message.stream is None or descriptor is None:
            raise ConfigurationError(
                "The state is not of this connector: it has no state per stream. Reset the connection, or "
                "run without --state."
            )
        if descriptor.name not in known:
            raise ConfigurationError(
                f"The state is not of this connector: it names the stream {descriptor.name!r}. "
                "Reset the connection, or run without --state."
            )
        if descriptor.name in incremental:
            values = _plain(message.stream.stream_state)
            for key in COUNTS:
                values.pop(key, None)
            _check_cursor(descriptor.name, values)
            if values and not values.get(WITHOUT_CURSOR):
                stream = replace(message.stream, stream_state=AirbyteStateBlob(values))
                usable.append(replace(message, stream=stream))
    return usable


def _plain(stream_state: Any) -> dict[str, Any]:
    return dict(vars(stream_state)) if stream_state is not None else {}


def _check_cursor(stream: str, values: Mapping[str, Any]) -> None:
    if not values or values.get(WITHOUT_CURSOR):
        return
    cursor_field = definitions.parameters(stream)["cursor_field"]
    try:
        ab_datetime_parse(values[cursor_field])
    except (KeyError, ValueError, TypeError):
        raise ConfigurationError(
            f"The state of stream {stream} can't be used: {cursor_field} is not a date and time in it. "
            "Reset the stream, or run without --state."
        ) from None


def check_filters(filters: Mapping[str, str]) -> None:
    """Raise ConfigurationError where a filter is meant for a stream that does not exist or has no filter
    parameter.
    """
    for stream in filters:
        if stream not in definitions.stream_definitions():
            raise ConfigurationError(
                f"The configuration filters the stream {stream!r}, which does not exist."
            )
        if not definitions.parameters(stream).get("filterable"):
            raise ConfigurationError(
                f"The API can't filter the stream {stream}: remove its filter from the configuration."
            )


def check_streams(names: Collection[str], option: str) -> None:
    """Raise ConfigurationError where an option names a stream that does not exist. `all` stands for every
    stream.
    """
    for name in names:
        if name != EVERY_STREAM and name not in definitions.stream_definitions():
            raise ConfigurationError(
                f"The option {option} names the stream {name!r}, which does not exist: name streams as they "
                "are called in the "
                f"connection, or {EVERY_STREAM} alone."
            )
