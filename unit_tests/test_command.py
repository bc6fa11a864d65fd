"""The console command: protocol messages alone on stdout, a sentence for every bad input, and the exit
code.
"""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteRecordMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
    Type,
)

from source_snow_atlas import __version__, command, output, source
from source_snow_atlas import run as entry
from source_snow_atlas.run import run
from unit_tests.helpers.fake_http import TOKEN_URL, FakeHttp, Reply
from unit_tests.helpers.fakes import SECRET


class Exited(BaseException):
    """Stands for the end of the process."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@pytest.fixture(autouse=True)
def _process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def leave(code: int) -> None:
        raise Exited(code)

    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    # signals end the process as a whole: tests with processes try it
    monkeypatch.setattr(entry, "end_at_signals", lambda: None)
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(command.logging, "raiseExceptions", True)
    monkeypatch.setattr(command.logging, "shutdown", lambda: None)
    yield
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


Outcome = tuple[int, list[dict[str, Any]]]


@pytest.fixture
def execute(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], config: dict[str, Any]
) -> Callable[..., Outcome]:
    """Run a command; keyword arguments are the contents of the files of that name."""

    def execute(name: str, **files: Any) -> Outcome:
        arguments = [name]
        for option, content in files.items():
            path = tmp_path / f"{option}.json"
            if content is not None:
                path.write_text(
                    content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
                )
            arguments += [f"--{option}", str(path)]
        with pytest.raises((Exited, SystemExit)) as end:
            run(arguments)
        output = capfd.readouterr()
        assert SECRET not in output.out + output.err
        assert "Traceback" not in output.out
        lines = [json.loads(line) for line in output.out.splitlines() if line.strip()]
        code = end.value.code
        assert isinstance(code, int)
        return code, lines

    return execute


def error_of(lines: list[dict[str, Any]]) -> str:
    errors = [
        line["trace"]["error"]
        for line in lines
        if line["type"] == "TRACE" and line["trace"]["type"] == "ERROR"
    ]
    assert errors, lines
    return str(errors[-1]["message"])


def configured(name: str = "computers", mode: str = "full_refresh") -> dict[str, Any]:
    stream = {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    return {"streams": [{"stream": stream, "sync_mode": mode, "destination_sync_mode": "overwrite"}]}


def test_spec(execute: Callable[..., Outcome]) -> None:
    """The platform could not show the form."""
    code, lines = execute("spec")
    assert code == 0
    (spec,) = [line["spec"] for line in lines if line["type"] == "SPEC"]
    assert spec["connectionSpecification"]["required"] == ["region", "client_id", "client_secret"]


def test_discover(execute: Callable[..., Outcome], config: dict[str, Any]) -> None:
    """Streams could not be selected."""
    code, lines = execute("discover", config=config)
    assert code == 0
    (catalog,) = [line["catalog"] for line in lines if line["type"] == "CATALOG"]
    assert len(catalog["streams"]) == 168


BAD_CONFIGURATIONS = {
    "not JSON": ("{", "not valid JSON"),
    "array": ("[]", "JSON object"),
    "empty file": ("", "not valid JSON"),
    "missing file": (None, "can't be read"),
    "text": ('"x"', "JSON object"),
}


@pytest.mark.parametrize("name", ["check", "discover", "read"])
@pytest.mark.parametrize(("content", "said"), BAD_CONFIGURATIONS.values(), ids=BAD_CONFIGURATIONS.keys())
def test_a_configuration_file_that_cannot_be_used(
    execute: Callable[..., Outcome], name: str, content: Any, said: str
) -> None:
    """The user would get a traceback instead of a sentence."""
    files = {"config": content, **({"catalog": configured()} if name == "read" else {})}
    code, lines = execute(name, **files)
    assert code == 1
    assert said in error_of(lines)


def test_a_wrong_value(execute: Callable[..., Outcome], config: dict[str, Any]) -> None:
    """`check` would crash instead of failing; `read` would end with exit code 0."""
    wrong = {**config, "page_size": 0}
    code, lines = execute("check", config=wrong)
    assert code == 0
    (status,) = [line["connectionStatus"] for line in lines if line["type"] == "CONNECTION_STATUS"]
    assert status["status"] == "FAILED"
    assert "page_size" in status["message"]
    for name, files in (("read", {"catalog": configured()}), ("discover", {})):
        code, lines = execute(name, config=wrong, **files)
        assert code == 1
        assert "page_size" in error_of(lines)


BAD_CATALOGS = {
    "not JSON": ("{", "catalog file"),
    "missing": (None, "can't be read"),
    "array": ([], "contain a configured catalog"),
    "no streams": ({}, "contain a configured catalog"),
    "null": ("null", "contain a configured catalog"),
    "streams null": ({"streams": None}, "contain a configured catalog"),
    "stream without mode": (
        {"streams": [{"stream": {"name": "computers"}}]},
        "contain a configured catalog",
    ),
    "unknown mode": (configured(mode="sometimes"), 'streams/0/sync_mode: "sometimes" is not one of'),
    "unknown stream": (configured("printers"), "'printers'"),
}


@pytest.mark.parametrize(("content", "said"), BAD_CATALOGS.values(), ids=BAD_CATALOGS.keys())
def test_a_catalog_that_cannot_be_used(
    execute: Callable[..., Outcome], config: dict[str, Any], http: FakeHttp, content: Any, said: str
) -> None:
    """The user would get a traceback, or nothing would be read with exit code 0."""
    code, lines = execute("read", config=config, catalog=content)
    assert code == 1
    assert said in error_of(lines)
    assert http.requests == []


def test_a_number_that_is_too_long(execute: Callable[..., Outcome], config: dict[str, Any]) -> None:
    """The user would be told to call a function of Python."""
    code, lines = execute("read", config=config, catalog="[" + "9" * 5000 + "]")
    assert code == 1
    assert "(4300" in error_of(lines)
    assert "sys." not in error_of(lines)


STREAM_STATE = {
    "type": "STREAM",
    "stream": {"stream_descriptor": {"name": "computers"}, "stream_state": {"a": 1}},
}
BAD_STATES = {
    "not JSON": "{",
    "of another kind": [STREAM_STATE],
    "legacy": {"computers": {"lastScanDate": "2026-01-01T00:00:00Z"}},
    "text": '"x"',
    "number": "7",
    "list of numbers": [1, 2],
}


@pytest.mark.parametrize("content", BAD_STATES.values(), ids=BAD_STATES.keys())
def test_a_state_that_cannot_be_used(
    execute: Callable[..., Outcome], config: dict[str, Any], http: FakeHttp, content: Any
) -> None:
    """A sync would start from the beginning without a word, or end in a traceback."""
    code, lines = execute("read", config=config, catalog=configured(mode="incremental"), state=content)
    assert code == 1
    assert "state" in error_of(lines)
    assert http.requests == []


def test_a_read_that_fails_ends_with_1(
    execute: Callable[..., Outcome], config: dict[str, Any], http: FakeHttp
) -> None:
    """A scheduler would take a failed sync for a good one."""
    http.on("POST", TOKEN_URL, Reply(400, {"error": "invalid_client"}))
    code, lines = execute("read", config=config, catalog=configured())
    assert code == 1
    assert "invalid_client" in error_of(lines)


def test_no_command(capfd: pytest.CaptureFixture[str]) -> None:
    """Calling the program without arguments would end in a traceback."""
    with pytest.raises(SystemExit) as end:
        run([])
    assert "spec, check, discover or read" in str(end.value.code)


def test_what_nobody_foresaw_is_a_message(
    execute: Callable[..., Outcome], config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the connector would end it without a message, and the platform show nothing."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(source.SourceSnowAtlas, "discover", fail)
    code, lines = execute("discover", config=config)
    assert code == 1
    assert "ZeroDivisionError" in error_of(lines)


@pytest.mark.parametrize(("name", "option"), [("spec", "--help"), ("", "--help")])
def test_help_is_on_standard_output(name: str, option: str, capfd: pytest.CaptureFixture[str]) -> None:
    """`source-snow-atlas --help | less` would show nothing."""
    with pytest.raises(SystemExit) as end:
        run([part for part in (name, option) if part])
    assert end.value.code == 0
    assert "usage:" in capfd.readouterr().out


def test_the_version_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """Who reports a fault could not say of which version."""
    with pytest.raises(SystemExit) as end:
        run(["--version"])
    assert end.value.code is None
    assert capfd.readouterr().out == f"source-snow-atlas {__version__}\n"


def test_an_output_that_takes_no_more_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A destination that stops would leave the source running, or a traceback as the last words."""

    def lost(*_: object) -> None:
        raise output.OutputLost("nobody reads standard output any more.")

    monkeypatch.setattr(output.LineWriter, "write", lost)
    with pytest.raises(Exited) as end:
        run(["spec"])
    assert end.value.code == 1
    said = capfd.readouterr().err
    assert "nobody reads standard output any more" in said
    assert "Traceback" not in said


class Messages(source.SourceSnowAtlas):
    """Yields the messages it was made with."""

    def __init__(self, *messages: AirbyteMessage) -> None:
        super().__init__()
        self.messages = messages

    def read(self, *_: Any) -> Iterator[AirbyteMessage]:  # type: ignore[override]
        yield from self.messages


def record(stream: str, **data: Any) -> AirbyteMessage:
    return AirbyteMessage(
        type=Type.RECORD, record=AirbyteRecordMessage(stream=stream, data=data, emitted_at=1)
    )


def state(stream: str) -> AirbyteMessage:
    return AirbyteMessage(
        type=Type.STATE,
        state=AirbyteStateMessage(
            type=AirbyteStateType.STREAM,
            stream=AirbyteStreamState(StreamDescriptor(name=stream), AirbyteStateBlob({"at": "2026-01-01"})),
        ),
    )


def lines_of(*messages: AirbyteMessage) -> list[dict[str, Any]]:
    written = io.BytesIO()
    writer = output.LineWriter(written)
    entrypoint = command.Entrypoint(Messages(*messages), writer)
    for message in entrypoint.read(entrypoint.source.spec(logging.getLogger()), {}, None, None):
        writer.write(entrypoint.airbyte_message_to_string(message))
    writer.flush()
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_values_arrive_as_sent() -> None:
    """A field that is null would look like one that the API does not have, and a long number like another."""
    sent = {"none": None, "in": {"none": None}, "long": 2**70, "text": "a\ud800b", "empty": ""}
    (line,) = lines_of(record("computers", **sent))
    assert line["record"]["data"] == sent


def test_a_state_stands_behind_its_records_and_counts_them() -> None:
    """A destination would commit a state before its records, or miss that some did not arrive."""
    lines = lines_of(
        record("computers"), record("users"), record("computers"), state("computers"),
        record("computers"), state("users"), state("computers"),
    )  # fmt: skip
    assert [line["type"] for line in lines] == ["RECORD"] * 3 + ["STATE", "RECORD", "STATE", "STATE"]
    counts = [
        (line["state"]["stream"]["stream_descriptor"]["name"], line["state"]["sourceStats"]["recordCount"])
        for line in lines
        if line["type"] == "STATE"
    ]
    assert counts == [("computers", 2), ("users", 1), ("computers", 1)]


def test_a_secret_with_half_a_character_is_refused(
    execute: Callable[..., Outcome], config: dict[str, Any]
) -> None:
    """It can't be sent: the user would read of an unexpected failure instead of which value is wrong."""
    wrong = json.dumps({**config, "client_secret": "half-\ud800-a-character"})
    code, lines = execute("check", config=wrong)
    assert code == 0
    (status,) = [line["connectionStatus"] for line in lines if line["type"] == "CONNECTION_STATUS"]
    assert "Enter client_secret again" in status["message"]
