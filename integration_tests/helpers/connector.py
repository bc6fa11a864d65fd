"""Runs of the connector, as a process like in Airbyte or, which is faster, inside the test's process."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TextIO
from unittest import mock

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint

from source_snow_atlas import SourceSnowAtlas, definitions
from source_snow_atlas import command as console
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.output import LineWriter

ROOT = Path(__file__).parent.parent.parent
SECONDS = 120
"""Timeout of a run, so that a connector that hangs fails its test."""
AMBIENT = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "LOG_LEVEL", "NETRC"),
)
"""Environment variables that could change the result of a test."""

Record = dict[str, Any]
Message = dict[str, Any]


@dataclass
class Outcome:
    """Output and exit code of a run. `other_lines` are lines of stdout that are not protocol messages."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""
    messages: list[Message] = field(default_factory=list)
    other_lines: list[str] = field(default_factory=list)

    @classmethod
    def of_process(cls, exit_code: int, stdout: bytes, stderr: bytes) -> Outcome:
        """Parse the output of a process. A last line that is cut off is one of the other lines."""
        outcome = cls(exit_code, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))
        for line in stdout.split(b"\n"):
            if not line.strip():
                continue
            message = _message(line)
            if message is None:
                outcome.other_lines.append(line.decode("utf-8", "replace"))
            else:
                outcome.messages.append(message)
        return outcome

    @cached_property
    def records(self) -> dict[str, list[Record]]:
        """Return the records by stream, in their order."""
        records: dict[str, list[Record]] = {}
        for message in self._of("RECORD"):
            records.setdefault(message["record"]["stream"], []).append(message["record"]["data"])
        return records

    @property
    def statuses(self) -> dict[str, str]:
        """Return the last status of every stream."""
        statuses = {}
        for trace in self._traces("STREAM_STATUS"):
            status = trace["stream_status"]
            statuses[status["stream_descriptor"]["name"]] = status["status"]
        return statuses

    @property
    def states(self) -> dict[str, list[Record]]:
        """Return the states by stream, in their order."""
        states: dict[str, list[Record]] = {}
        for message in self._of("STATE"):
            stream = message["state"]["stream"]
            states.setdefault(stream["stream_descriptor"]["name"], []).append(stream["stream_state"])
        return states

    @property
    def state(self) -> list[Message]:
        """Return the last state of every stream, in the format of a state file."""
        last = {
            message["state"]["stream"]["stream_descriptor"]["name"]: message["state"]
            for message in self._of("STATE")
        }
        return [{"type": "STREAM", "stream": state["stream"]} for state in last.values()]

    @property
    def errors(self) -> list[Message]:
        """Return the error traces."""
        return [trace["error"] for trace in self._traces("ERROR")]

    @property
    def stream_errors(self) -> dict[str, list[str]]:
        """Return the messages of error traces that name a stream, by stream."""
        errors: dict[str, list[str]] = {}
        for error in self.errors:
            descriptor = error.get("stream_descriptor")
            if descriptor:
                errors.setdefault(descriptor["name"], []).append(error["message"])
        return errors

    @property
    def general_errors(self) -> list[str]:
        """Return the messages of error traces that name no stream."""
        return [error["message"] for error in self.errors if not error.get("stream_descriptor")]

    @property
    def logs(self) -> list[str]:
        """Return the log messages."""
        return [message["log"]["message"] for message in self._of("LOG")]

    @property
    def connection_status(self) -> tuple[str, str]:
        """Return status and message of `check`."""
        (message,) = self._of("CONNECTION_STATUS")
        return message["connectionStatus"]["status"], message["connectionStatus"].get("message") or ""

    @property
    def catalog(self) -> list[Message]:
        """Return the streams of `discover`."""
        (message,) = self._of("CATALOG")
        streams: list[Message] = message["catalog"]["streams"]
        return streams

    def _of(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == kind]

    def _traces(self, kind: str) -> list[Message]:
        return [message["trace"] for message in self._of("TRACE") if message["trace"]["type"] == kind]


def configured_catalog(streams: Iterable[str], incremental: Collection[str] = ()) -> Message:
    """Return a configured catalog of the named streams, as Airbyte creates it after `discover`."""
    return {
        "streams": [
            {
                "stream": {
                    "name": name,
                    "json_schema": schema(name),
                    "supported_sync_modes": ["full_refresh", "incremental"],
                },
                "sync_mode": "incremental" if name in incremental else "full_refresh",
                "destination_sync_mode": "append_dedup" if name in incremental else "overwrite",
            }
            for name in streams
        ]
    }


@cache
def schema(stream: str) -> Message:
    """Return the JSON schema of a stream; an empty one for an unknown stream."""
    path = ROOT / "source_snow_atlas" / "schemas" / f"{stream}.json"
    if not path.exists():
        return {"type": "object", "properties": {}}
    document: Message = orjson.loads(path.read_bytes())
    return document


def primary_key(stream: str) -> list[str]:
    """Return the fields of a stream's primary key."""
    key = definitions.stream_definitions()[stream].get("primary_key") or []
    return [key] if isinstance(key, str) else list(key)


class Connector:
    """Connector with a configuration. Its files are in `folder`."""

    def __init__(self, folder: Path, config: Any) -> None:
        self.folder = folder
        self.config = config
        self._runs = 0

    def spec(self) -> Outcome:
        """Run `spec`."""
        return self.run("spec")

    def check(self, *options: str, config: Any = None, **environment: str) -> Outcome:
        """Run `check` as a process."""
        return self.run(
            "check", "--config", self.file("config", config or self.config), *options, **environment
        )

    def discover(self, *options: str, config: Any = None, **environment: str) -> Outcome:
        """Run `discover` as a process."""
        return self.run(
            "discover", "--config", self.file("config", config or self.config), *options, **environment
        )

    def read(
        self,
        streams: Iterable[str] | Message,
        *options: str,
        incremental: Collection[str] = (),
        state: Any = None,
        config: Any = None,
        **environment: str,
    ) -> Outcome:
        """Run `read` as a process. `streams` are names or a configured catalog."""
        return self.run(*self.read_arguments(streams, incremental, state, config), *options, **environment)

    def read_arguments(
        self,
        streams: Iterable[str] | Message,
        incremental: Collection[str] = (),
        state: Any = None,
        config: Any = None,
    ) -> list[str]:
        """Write the files of `read` and return its arguments."""
        catalog = streams if isinstance(streams, dict) else configured_catalog(streams, incremental)
        arguments = ["read", "--config", self.file("config", config or self.config)]
        arguments += ["--catalog", self.file("catalog", catalog)]
        return arguments if state is None else [*arguments, "--state", self.file("state", state)]

    def file(self, name: str, content: Any) -> str:
        """Write a text, or any other content as JSON, to a new file, and return its path."""
        self._runs += 1
        path = self.folder / f"{name}-{self._runs}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    def run(self, *arguments: str, **environment: str) -> Outcome:
        """Run the console command to its end."""
        process = self.start(*arguments, **environment)
        try:
            stdout, stderr = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return Outcome.of_process(process.returncode, stdout, stderr)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the console command. The caller reads its output and ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "source_snow_atlas.run", *arguments],
            cwd=ROOT,
            env=_variables(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def read_here(
        self,
        streams: Iterable[str] | Message,
        incremental: Collection[str] = (),
        state: Any = None,
        config: Any = None,
        **environment: str,
    ) -> Outcome:
        """Run `read` inside this process, where monkeypatch applies."""
        return self.run_here(*self.read_arguments(streams, incremental, state, config), **environment)

    def check_here(self, config: Any = None, **environment: str) -> Outcome:
        """Run `check` inside this process."""
        return self.run_here("check", "--config", self.file("config", config or self.config), **environment)

    def run_here(self, *arguments: str, **environment: str) -> Outcome:
        """Run the console command inside this process, with a new token."""
        code, output = run_inside(arguments, _variables(environment))
        return Outcome.of_process(code, output, b"")


def run_inside(arguments: Iterable[str], variables: Mapping[str, str]) -> tuple[int, bytes]:
    """Run the console command inside this process, and return its exit code and its stdout."""
    SnowAtlasOauth2Authenticator._endpoints.clear()
    parsed = AirbyteEntrypoint.parse_args(list(arguments))
    written = io.BytesIO()
    text = io.TextIOWrapper(written, encoding="utf-8", errors="surrogatepass", write_through=True)
    surroundings = mock.patch.dict(os.environ, variables, clear=True)
    with _logs_to(text), contextlib.redirect_stdout(text), surroundings:
        output = LineWriter(written)
        code = console._run(console.Entrypoint(SourceSnowAtlas(), output), parsed, output)
    return code, written.getvalue()


def _variables(added: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a run."""
    inherited = {name: value for name, value in os.environ.items() if name.upper() not in AMBIENT}
    return {**inherited, **added}


@contextlib.contextmanager
def _logs_to(stream: TextIO) -> Iterator[None]:
    """Send the connector's log lines to a stream, as their handlers keep the stdout of an earlier time.

    Handlers of PyAirbyte, which other tests import, are removed meanwhile.
    """
    handlers = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    before = [handler.setStream(stream) for handler in handlers]
    loggers = [logging.getLogger(name) for name in ("airbyte", "airbyte.source-snow-atlas")]
    settings = [(logger.handlers[:], logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers[:], logger.propagate = [], True
    try:
        yield
    finally:
        for logger, (own_handlers, propagates) in zip(loggers, settings, strict=True):
            logger.handlers[:], logger.propagate = own_handlers, propagates
        for handler, former in zip(handlers, before, strict=True):
            if former is not None:
                handler.setStream(former)


def _message(line: bytes) -> Message | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "type" in document else None
