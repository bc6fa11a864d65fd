"""One error per stream that failed, and an end that says so."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator

import pytest
from airbyte_cdk.models import (
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteStreamStatus,
    Level,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError, TransientError
from source_snow_atlas.components.run.failures import one_error_per_stream

LOG = AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=Level.INFO, message="line"))


STREAMS = ("agreements", "computers", "contracts", "licenses", "users")


def status(stream: str, reached: AirbyteStreamStatus) -> AirbyteMessage:
    return as_airbyte_message(StreamDescriptor(name=stream), reached)


def failure(stream: str | None, message: str = "no") -> AirbyteMessage:
    return TransientError(message, stream).as_airbyte_message()


def read(
    *messages: AirbyteMessage, end: Exception | None = None, streams: Collection[str] = STREAMS
) -> tuple[list[AirbyteMessage], Exception | None]:
    def source() -> Iterator[AirbyteMessage]:
        yield from messages
        if end is not None:
            raise end

    found: list[AirbyteMessage] = []
    try:
        for message in one_error_per_stream(source(), streams):
            found.append(message)
    except Exception as error:
        return found, error
    return found, None


def test_all_well() -> None:
    """A good sync would end with an error."""
    ends = [status(stream, AirbyteStreamStatus.COMPLETE) for stream in STREAMS]
    assert read(LOG, *ends) == ([LOG, *ends], None)


@pytest.mark.parametrize("last", [None, AirbyteStreamStatus.STARTED, AirbyteStreamStatus.RUNNING])
def test_a_stream_without_an_end_is_an_error(last: AirbyteStreamStatus | None) -> None:
    """A sync that stops in the middle would end with exit code 0, and tables without rows look whole."""
    began = [status("users", last)] if last else []
    error = read(status("computers", AirbyteStreamStatus.COMPLETE), *began, streams=["computers", "users"])[1]
    assert isinstance(error, SnowAtlasError)
    assert "before 1 of 2 streams: users" in (error.message or "")


def test_a_stream_fails_once() -> None:
    """A stream with 20,000 parents would report the same error 20,000 times."""
    first = failure("computers", "first")
    other = failure("licenses")
    found, error = read(first, LOG, failure("computers", "second"), other, failure("computers"))
    assert found == [first, LOG, other]
    assert isinstance(error, SnowAtlasError)
    assert "2 of 5 streams" in (error.message or "")
    assert "computers, licenses" in (error.message or "")


@pytest.mark.parametrize("last", [None, AirbyteStreamStatus.RUNNING])
def test_streams_that_did_not_end_are_not_called_complete(last: AirbyteStreamStatus | None) -> None:
    """The user would trust tables that the sync never finished."""
    ends = [status(stream, AirbyteStreamStatus.COMPLETE) for stream in ("computers", "contracts", "licenses")]
    started = [status("users", last)] if last else []
    _, error = read(failure("agreements"), *started, *ends)
    message = str(getattr(error, "message", ""))
    assert "1 of 5 streams could not be read completely: agreements. " in message
    assert message.endswith("1 stream did not end: users.")
    _, error = read(failure("agreements"), *ends, status("users", AirbyteStreamStatus.COMPLETE))
    assert str(getattr(error, "message", "")).endswith("the other streams are complete.")


def test_the_end_is_an_error_even_if_the_framework_says_nothing() -> None:
    """The exit code would be 0 although a table is not whole."""
    assert isinstance(read(failure("computers"))[1], SnowAtlasError)


def test_the_frameworks_own_summary_is_replaced() -> None:
    """The user would read a general sentence of the framework instead of which streams failed."""
    _, error = read(failure("computers"), end=AirbyteTracedException(message="During the sync …"))
    assert "1 of 5 streams could not be read completely: computers" in str(getattr(error, "message", ""))


def test_errors_of_no_stream_stay() -> None:
    """A wrong configuration would end without its reason."""
    reason = ConfigurationError("Set region.")
    assert read(end=reason) == ([], reason)
    crash = RuntimeError("bug")
    found, error = read(failure("computers"), end=crash)
    assert error is crash, "what nobody foresaw is not hidden behind a summary"
    assert len(found) == 1
    unnamed = failure(None)
    assert read(unnamed, unnamed)[0] == [unnamed, unnamed]


def test_tracebacks_of_known_failures_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log would bury the sentence that helps under pages of tracebacks; or hide those of real bugs."""
    logger = logging.getLogger("airbyte.ConcurrentDeclarativeSource")
    logger.propagate = True

    def source() -> Iterator[AirbyteMessage]:
        for error in (TransientError("known", "computers"), RuntimeError("bug")):
            try:
                raise error
            except Exception:
                logger.exception("failed with %s", error)
        yield LOG

    with caplog.at_level(logging.INFO, logger=logger.name):
        list(one_error_per_stream(source(), []))
        logger.error("afterwards")
    assert "known" not in caplog.text
    assert "bug" in caplog.text
    assert "afterwards" in caplog.text
