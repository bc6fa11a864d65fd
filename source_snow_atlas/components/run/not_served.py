"""Rows that the API counts and does not serve, where the user accepts that: their number stands in the
stream's state.

So a warehouse, or whoever looks at the state of a connection, can see that a table lacks rows, and how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airbyte_cdk.models import AirbyteMessage, Type

from source_snow_atlas.components.run.progress import Progress

ROWS_NOT_SERVED = "rowsNotServed"


def with_rows_not_served(messages: Iterable[AirbyteMessage], progress: Progress) -> Iterator[AirbyteMessage]:
    """The messages; the state of a stream that lacks rows says how many."""
    for message in messages:
        if message.type == Type.STATE and message.state is not None and message.state.stream is not None:
            stream = message.state.stream
            missing = progress.count(stream.stream_descriptor.name, "not_served")
            if missing and stream.stream_state is not None:
                setattr(stream.stream_state, ROWS_NOT_SERVED, missing)
        yield message
