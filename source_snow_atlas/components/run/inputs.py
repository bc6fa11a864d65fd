"""Validation of the catalog, the state and the options of a sync."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    SyncMode,
)

from source_snow_atlas import definitions
from source_snow_atlas.components.basics.errors import ConfigurationError, plain
from source_snow_atlas.components.identity.configuration import (
    DATETIME_FORMAT,
    EPOCH,
    EVERY_STREAM,
    Configuration,
    parse_timestamp,
)
from source_snow_atlas.components.run.progress import COUNTS_IN_STATE

LOGGER = logging.getLogger("airbyte")
WITHOUT_CURSOR = "__ab_no_cursor_state_message"


def usable_catalog(catalog: ConfiguredAirbyteCatalog) -> ConfiguredAirbyteCatalog:
    """Return the catalog with parents before their children, which can then use the keys that were read.

    Raises ConfigurationError for a catalog without streams, or a stream that does not exist or occurs twice.
    """
    known = definitions.stream_definitions()
    names = [stream.stream.name for stream in catalog.streams]
    if not names:
        raise ConfigurationError(
            "The catalog names no stream: select at least one from the result of discover."
        )
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"The catalog names the stream {plain(name)!r}, which this connector does not have: "
                "run discover (in Airbyte: refresh the source schema) and select streams from its result"
                + _nearest(name, known)
            )
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigurationError(
            f"The catalog names the stream {twice[0]!r} more than once: keep one of them."
        )
    return ConfiguredAirbyteCatalog(
        sorted(catalog.streams, key=lambda stream: definitions.depth(stream.stream.name))
    )


def incremental_streams(catalog: ConfiguredAirbyteCatalog) -> set[str]:
    """Return the streams that are configured as incremental and support it."""
    found = set()
    for stream in catalog.streams:
        if stream.sync_mode != SyncMode.incremental:
            continue
        if "incremental_sync" in definitions.stream_definitions()[stream.stream.name]:
            found.add(stream.stream.name)
        else:
            LOGGER.warning(f"Stream {stream.stream.name} can't be read incrementally; all of it is read.")
    return found


def usable_state(state: list[AirbyteStateMessage], incremental: Collection[str]) -> list[AirbyteStateMessage]:
    """Return the cursor positions of the incremental streams, without anything else that the state holds.

    A position in the future is replaced by the current time, so that later rows are not skipped. Raises
    ConfigurationError for a state that is not per stream, or whose position is not a timestamp.
    """
    known = definitions.stream_definitions()
    positions: dict[str, datetime] = {}
    for message in state:
        if message.stream is None:
            raise ConfigurationError(
                "The state is not of this connector: it has no state per stream. Reset the connection, or "
                "run without --state."
            )
        name = message.stream.stream_descriptor.name
        if name not in known:
            LOGGER.warning(
                f"The state of {plain(name)!r} is ignored: this connector does not have such a stream."
            )
        elif name in incremental and (position := _position(name, message.stream.stream_state)):
            positions[name] = min(position, positions.get(name, position))
    return [_state(name, position) for name, position in positions.items()]


def _position(stream: str, stream_state: Any) -> datetime | None:
    values = vars(stream_state) if stream_state is not None else {}
    cursor_field = definitions.parameters(stream)["cursor_field"]
    position = EPOCH
    if cursor_field in values or not (values.get(WITHOUT_CURSOR) or values.keys() <= COUNTS_IN_STATE.keys()):
        try:
            position = parse_timestamp(values.get(cursor_field))
        except ValueError:
            raise ConfigurationError(
                f"The state of stream {stream} can't be used: {cursor_field} is not a date and time in it. "
                "Reset the stream, or run without --state."
            ) from None
    if position == EPOCH:
        LOGGER.info(f"Stream {stream} has no position in its state: it is read from the start.")
        return None
    now, text = datetime.now(timezone.utc), position.strftime(DATETIME_FORMAT)
    if position > now:
        LOGGER.warning(
            f"Stream {stream}: the position in its state, {text}, is in the future and counts as now. Reset "
            "the stream to read earlier rows again."
        )
    else:
        LOGGER.info(f"Stream {stream} continues from {text}.")
    return min(position, now)


def _state(stream: str, position: datetime) -> AirbyteStateMessage:
    cursor = {definitions.parameters(stream)["cursor_field"]: position.strftime(DATETIME_FORMAT)}
    stream_state = {"stream_descriptor": {"name": stream}, "stream_state": cursor}
    return AirbyteStateMessageSerializer.load({"type": "STREAM", "stream": stream_state})


def check_options(settings: Configuration) -> None:
    """Raise ConfigurationError if an option names a stream that does not exist or can't be filtered."""
    known = definitions.stream_definitions()
    named = [("filters", name) for name in settings.filters]
    named += [("accept_missing_rows", name) for name in settings.accept_missing_rows if name != EVERY_STREAM]
    for option, name in named:
        if name not in known:
            raise ConfigurationError(
                f"The option {option} names the stream {plain(name)!r}, which does not exist"
                + _nearest(name, known)
            )
        if option == "filters" and not definitions.parameters(name).get("filterable"):
            raise ConfigurationError(
                f"The API can't filter the stream {name}: remove its filter from the configuration."
            )


def warn_of_unknown_options(config: Mapping[str, Any]) -> None:
    """Warn about unknown options: if one is mistyped, the default is used."""
    known = definitions.options()
    for name in config:
        # the platform adds options that begin with two underscores
        if name not in known and not name.startswith("__"):
            LOGGER.warning(
                f"The configuration has an option {plain(name)!r}, which does not exist and is ignored"
                + _nearest(name, known)
            )


def _nearest(name: str, names: Iterable[str]) -> str:
    """Return the end of a message that suggests the nearest of the names, or "." if none is near."""
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[close[0]]}?" if close else "."
