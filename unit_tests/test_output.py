"""Lines on stdout: whole, in order, and no state message that waits."""

from __future__ import annotations

import inspect
import io
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas import command
from source_snow_atlas.output import LINES, LineWriter

RECORD = '{"type":"RECORD","record":{}}'
STATE = '{"type":"STATE"}'


def writer(moments: list[float] | None = None) -> tuple[LineWriter, io.BytesIO]:
    """A writer on a clock that stands still, or says the given moments."""
    stream = io.BytesIO()
    times = iter(moments or [])
    return LineWriter(stream, lambda: next(times, 0.0)), stream


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]))))
def test_every_line_comes_whole_and_in_order(texts: list[str]) -> None:
    """A line that is lost, cut or moved is a row that is lost."""
    output, stream = writer()
    lines = [f'{{"type":"RECORD","text":"{text}"}}' for text in texts]
    for line in lines:
        output.write(line)
    output.flush()
    assert stream.getvalue().decode() == "".join(line + "\n" for line in lines)


def test_a_state_does_not_wait() -> None:
    """A checkpoint that lies in a buffer when the process is killed costs the next sync the work again."""
    output, stream = writer()
    output.write(RECORD)
    assert stream.getvalue() == b""
    output.write(STATE)
    assert stream.getvalue().decode().splitlines() == [RECORD, STATE]


def test_records_wait_for_a_few_others_only() -> None:
    """A platform that sees no record for long takes the connector for dead."""
    output, stream = writer()
    for _ in range(LINES):
        output.write(RECORD)
    assert len(stream.getvalue().splitlines()) == LINES


def test_records_of_a_slow_stream_come_at_once() -> None:
    """A record a second must be seen every second."""
    output, stream = writer([0.0, 1.0])
    output.write(RECORD)
    assert stream.getvalue().splitlines() == [RECORD.encode()]


def test_a_broken_pipe_is_told() -> None:
    """A reader that went away must end the process, not fill its memory."""

    class Broken(io.BytesIO):
        def write(self, _: object) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        LineWriter(Broken()).write(STATE)


def test_the_lock_is_held_while_lines_are_written() -> None:
    """A log line that another thread writes at the same moment would cut a record in two, and both would be
    lost.
    """
    held: list[bool] = []

    class Watched(io.BytesIO):
        def write(self, data: Any) -> int:
            held.append(lock.locked())
            return super().write(data)

        def flush(self) -> None:
            held.append(lock.locked())

    lock = threading.Lock()
    LineWriter(Watched(), lock=lock).write(STATE)
    assert held == [True, True]


def test_the_lock_is_that_of_the_log_lines() -> None:
    """The same, for the writer that the commands use."""
    assert "lock=PRINT_BUFFER.lock" in inspect.getsource(command.run)
