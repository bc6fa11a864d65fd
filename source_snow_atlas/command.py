"""Commands of the Airbyte protocol: spec, check, discover and read."""

from __future__ import annotations

import argparse
import ctypes
import gc
import io
import json
import logging
import os
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import IO, Any

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import LOGGING_CONFIG
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteRecordMessage,
    Status,
    Type,
)
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.sources.utils.slice_logger import SliceLogger
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_snow_atlas import __version__
from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError, plain
from source_snow_atlas.components.basics.secrets import remember
from source_snow_atlas.output import LineWriter, LogLines, OutputLost
from source_snow_atlas.source import SourceSnowAtlas, read_json

MALLOC_ARENA_MAXIMUM = -8
"""M_ARENA_MAX of malloc.h. Other C libraries than glibc ignore it."""


class Entrypoint(AirbyteEntrypoint):
    """Entrypoint of the CDK with faster output and with checks that replace those of the CDK."""

    def __init__(self, source: SourceSnowAtlas, output: LineWriter) -> None:
        super().__init__(source)
        self._output = output
        self._records: Counter[str] = Counter()

    def read(self, *arguments: Any) -> Iterator[AirbyteMessage]:
        """Write records, and yield all other messages.

        The CDK would create a stream descriptor for each record, to count it, and copy it without its null
        fields. Both take a tenth of the processor time of a sync (100,000 computers, medians of seven pairs).
        """
        for message in super().read(*arguments):
            if message.record is not None:
                self._output.record(_record_line(message.record))
            elif message.log is None or not message.log.message.startswith(SliceLogger.SLICE_LOG_PREFIX):
                # slice logs (--debug) contain the ids of parents, which may contain secrets
                yield message

    def handle_record_counts(  # type: ignore[override]  # static in the CDK, and called on the instance
        self, message: AirbyteMessage, stream_message_count: defaultdict[HashableStreamDescriptor, float]
    ) -> AirbyteMessage:
        """Count a record, or add the number of records since the last state to a state message."""
        if message.record is not None:
            self._records[message.record.stream] += 1
            return message
        if message.state is not None and message.state.stream is not None:
            name = message.state.stream.stream_descriptor.name
            stream_message_count[HashableStreamDescriptor(name=name)] = float(self._records.pop(name, 0))
        return super().handle_record_counts(message, stream_message_count)

    @staticmethod
    def set_up_secret_filter(config: Any, connection_specification: Any) -> None:
        """Mask the client secret."""
        remember(config.get("client_secret"))

    @staticmethod
    def validate_connection(source_spec: Any, config: Any) -> None:
        """Do nothing. The schema of the form would refuse empty options, with less helpful messages."""


def run(
    arguments: list[str] | None,
    stdout: IO[bytes],
    add_exit_callback: Callable[[Callable[[float], None]], object] = lambda _: None,
) -> None:
    """Run a command and end the process, with exit code 1 if something failed.

    `add_exit_callback` is called with a function to call before a signal ends the process.
    """
    _configure_interpreter()
    arguments = sys.argv[1:] if arguments is None else arguments
    output = LineWriter(stdout)
    code = 1
    try:
        parsed = _parse(arguments, output)
        if parsed.command is None:
            sys.exit("Name a command: spec, check, discover or read (--help shows their options).")
        add_exit_callback(output.close)
        with _logs_to(output):
            code = _run(Entrypoint(SourceSnowAtlas(), output), parsed, output)
    except OutputLost as error:
        # lost output must not count as delivered, and worker threads must not keep the process alive
        with suppress(OSError):
            print(f"source-snow-atlas: {error}", file=sys.stderr)
    finally:
        logging.shutdown()
    os._exit(code)


def _parse(arguments: list[str], output: LineWriter) -> argparse.Namespace:
    """Parse the arguments. Ends the process for --version and --help, and if they are wrong."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            if arguments == ["--version"]:
                print(f"source-snow-atlas {__version__}")
                sys.exit()
            return AirbyteEntrypoint.parse_args(arguments)
    finally:
        if text := printed.getvalue():
            output.say(text.removesuffix("\n"))


@contextmanager
def _logs_to(output: LineWriter) -> Iterator[None]:
    """Send log lines to the writer instead of the CDK's print buffer."""
    console: dict[str, Any] = LOGGING_CONFIG["handlers"]["console"]  # type: ignore[index]
    before, lines = console["stream"], LogLines(output)
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream is before
    ]
    console["stream"] = lines
    for handler in handlers:
        handler.setStream(lines)
    try:
        yield
    finally:
        console["stream"] = before
        for handler in handlers:
            handler.setStream(before)


def _configure_interpreter() -> None:
    """Set up logging, garbage collection and memory allocation.

    Garbage is collected less often, as rows are short-lived and contain no cycles. The allocator of the C
    library uses one arena for all threads, because each thread's arena would keep memory of page bodies
    (100,000 records: peak of 158 MB instead of 225 MB, at the same speed).
    """
    # no traceback on stderr if a log line meets a broken pipe: the next record ends the process
    logging.raiseExceptions = False
    gc.set_threshold(100_000, 50, 50)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(MALLOC_ARENA_MAXIMUM, 1)


def _run(entrypoint: AirbyteEntrypoint, parsed: argparse.Namespace, output: LineWriter) -> int:
    try:
        problem = _problem_of_inputs(parsed)
        if problem is not None and parsed.command == "check":
            output.write(_line(_failed_status(problem)))
            return 0
        if problem is not None:
            raise problem
        for line in entrypoint.run(parsed):
            output.write(line)
        output.flush()
    except AirbyteTracedException as error:
        output.write(_line(error.as_sanitized_airbyte_message()))
        return 1
    except OutputLost:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        unexpected = SnowAtlasError(
            f"The connector failed unexpectedly ({type(error).__name__} in {Path(frame.filename).name}, line "
            f"{frame.lineno}). Report this to the maintainers of the connector."
        )
        output.write(_line(unexpected.as_airbyte_message()))
        return 1
    return 0


def _problem_of_inputs(parsed: argparse.Namespace) -> ConfigurationError | None:
    """Return what is wrong with the configuration. Raises ConfigurationError if a file can't be used."""
    if not getattr(parsed, "config", None):
        return None
    config = read_json(parsed.config, "configuration")
    if not isinstance(config, dict):
        raise ConfigurationError(f"The configuration file {parsed.config} must hold a JSON object.")
    remember(config.get("client_secret"))
    if getattr(parsed, "catalog", None):
        _check_file(
            SourceSnowAtlas.read_catalog,
            parsed.catalog,
            "catalog",
            "It must contain a configured catalog: "
            '{"streams": [{"stream": …, "sync_mode": …, "destination_sync_mode": …}]}.',
        )
    if getattr(parsed, "state", None):
        _check_file(
            SourceSnowAtlas.read_state,
            parsed.state,
            "state",
            "It must contain state messages of an earlier sync. Reset the connection, or omit --state.",
        )
    from source_snow_atlas.components.identity.configuration import Configuration
    from source_snow_atlas.components.run.inputs import warn_of_unknown_options

    warn_of_unknown_options(config)
    try:
        Configuration.parse(config)
    except ConfigurationError as problem:
        return problem
    return None


def _check_file(load: Callable[[str], object], path: str, what: str, advice: str) -> None:
    """Raise ConfigurationError if a file can't be loaded, with the field that is wrong."""
    try:
        load(path)
    except ConfigurationError:
        raise
    except Exception as error:
        mistakes = [
            f"{each.instance_path}: {each.message}".removeprefix(": ")
            for each in getattr(error, "errors", ())
        ]
        reason = plain((mistakes or [type(error).__name__])[0], 200)
        raise ConfigurationError(f"The {what} file {path} can't be used ({reason}). {advice}") from None


def _failed_status(problem: ConfigurationError) -> AirbyteMessage:
    return AirbyteMessage(
        type=Type.CONNECTION_STATUS,
        connectionStatus=AirbyteConnectionStatus(status=Status.FAILED, message=problem.message),
    )


def _record_line(record: AirbyteRecordMessage) -> bytes:
    """Serialize a record with all of its fields, including null ones."""
    values = {"stream": record.stream, "data": record.data, "emitted_at": record.emitted_at}
    try:
        return orjson.dumps({"type": "RECORD", "record": values})
    except TypeError:  # an integer of more than 64 bits, or a lone surrogate
        return json.dumps({"type": "RECORD", "record": values}).encode()


def _line(message: AirbyteMessage) -> str:
    return orjson.dumps(AirbyteMessageSerializer.dump(message)).decode()
