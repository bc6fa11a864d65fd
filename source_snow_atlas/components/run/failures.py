"""Filter of error messages: one per failed stream.

The CDK reports the failure of every partition, each with a traceback in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator

from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError, pluralized

OVER = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)


def one_error_per_stream(
    messages: Iterable[AirbyteMessage], streams: Collection[str]
) -> Iterator[AirbyteMessage]:
    """Yield the messages without repeated errors of a stream.

    Raises one error at the end if streams failed, or if the sync ended before them.
    """
    failed: set[str] = set()
    ended: set[str] = set()
    try:
        for message in messages:
            trace = message.trace
            if trace and trace.stream_status and trace.stream_status.status in OVER:
                ended.add(trace.stream_status.stream_descriptor.name)
            if trace and trace.error and trace.error.stream_descriptor:
                stream = trace.error.stream_descriptor.name
                if stream in failed:
                    continue
                failed.add(stream)
            yield message
    except AirbyteTracedException:
        if not failed:
            raise
    silent = sorted(set(streams) - ended - failed)
    if failed:
        summary = (
            f"{len(failed)} of {len(streams)} streams could not be read completely: "
            f"{', '.join(sorted(failed))}. The error of each says why"
        )
        if silent:
            number = pluralized(len(silent), "stream", "streams")
            raise ConfigurationError(f"{summary}. {number} did not end: {', '.join(silent)}.")
        raise ConfigurationError(f"{summary}; the other streams are complete.")
    if silent:
        raise SnowAtlasError(
            f"The sync ended before {len(silent)} of {len(streams)} streams: {', '.join(silent)}. "
            "Report it to the connector's maintainers."
        )


def _is_unexpected(record: logging.LogRecord) -> bool:
    """Return whether a line of the CDK says more than the message of a SnowAtlasError does."""
    is_expected = record.exc_info is not None and isinstance(record.exc_info[1], SnowAtlasError)
    return not is_expected and not str(record.msg).startswith("During the sync, the following streams")


logging.getLogger("airbyte.ConcurrentDeclarativeSource").addFilter(_is_unexpected)
