"""Numbers of accepted missing rows in the state of their stream.

A stream may lack rows that the API counts and doesn't serve, and children of parents that could not be read.
The state of a connection then shows that a table is incomplete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airbyte_cdk.models import AirbyteMessage

from source_snow_atlas.components.run.progress import Progress

COUNTS = {"rowsNotServed": "not_served", "parentsNotRead": "parents_not_read"}
"""Counts of `Progress`, by their keys in the state."""


def with_missing_counts(messages: Iterable[AirbyteMessage], progress: Progress) -> Iterator[AirbyteMessage]:
    """Yield the messages, with the numbers of missing rows and parents added to the states."""
    for message in messages:
        if message.state is not None and message.state.stream is not None:
            stream = message.state.stream
            for key, name in COUNTS.items():
                missing = progress.count(stream.stream_descriptor.name, name)
                if missing and stream.stream_state is not None:
                    setattr(stream.stream_state, key, missing)
        yield message
