"""What a stream lacks where the user accepts that: rows that the API counts and does not serve, parents that
could not be read. The numbers stand in the stream's state.

So a warehouse, or whoever looks at the state of a connection, can see that a table lacks rows, and how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airbyte_cdk.models import AirbyteMessage

from source_snow_atlas.components.run.progress import Progress

COUNTS = {"rowsNotServed": "not_served", "parentsNotRead": "parents_not_read"}
"""The key in the state, and what it counts."""


def with_rows_not_served(messages: Iterable[AirbyteMessage], progress: Progress) -> Iterator[AirbyteMessage]:
    """The messages; the state of a stream that lacks rows says how many, or of how many parents."""
    for message in messages:
        if message.state is not None and message.state.stream is not None:
            stream = message.state.stream
            for key, name in COUNTS.items():
                missing = progress.count(stream.stream_descriptor.name, name)
                if missing and stream.stream_state is not None:
                    setattr(stream.stream_state, key, missing)
        yield message
