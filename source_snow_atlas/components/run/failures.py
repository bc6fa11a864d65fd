"""Filter of error messages: one per failed stream.

The CDK reports the failure of every partition, each with a traceback in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator

from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError

OVER = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)


def one_error_per_stream(
    messages: Iterable[AirbyteMessage], streams: Collection[str]
) -> Iterator[AirbyteMessage]:
    """Yield the messages without repeated errors of a stream.

    Raises one error at the end if streams failed, or if the sync ended before them.
    """
    failed: set[str] = set()
    ended: set[str] = set()
    with _WithoutTracebacks():
        try:
            for message in messages:
                status = message.trace.stream_status if message.trace is not None else None
                if status is not None and status.status in OVER:
                    ended.add(status.stream_descriptor.name)
                error = message.trace.error if message.trace is not None else None
                if error is not None and error.stream_descriptor is not None:
                    stream = error.stream_descriptor.name
                    if stream in failed:
                        continue
                    failed.add(stream)
                yield message
        except AirbyteTracedException:
            if not failed:
                raise
        if failed:
            raise ConfigurationError(
                f"{len(failed)} of {len(streams)} streams could not be read completely: "
                f"{', '.join(sorted(failed))}. The error of each says why; the other streams are complete."
            )
        if silent := sorted(set(streams) - ended):
            raise SnowAtlasError(
                f"The sync ended before {len(silent)} of {len(streams)} streams: {', '.join(silent)}. "
                "Report it to the connector's maintainers."
            )


class _WithoutTracebacks(logging.Filter):
    """Context in which the CDK's log lines about a SnowAtlasError are left out, as its message says all."""

    LOGGER = logging.getLogger("airbyte.ConcurrentDeclarativeSource")

    def __enter__(self) -> None:
        self.LOGGER.addFilter(self)

    def __exit__(self, *_: object) -> None:
        self.LOGGER.removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log the record."""
        expected = record.exc_info is not None and isinstance(record.exc_info[1], SnowAtlasError)
        return not expected and not str(record.msg).startswith("During the sync, the following streams")
