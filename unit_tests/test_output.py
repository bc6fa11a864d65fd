"""Lines on stdout: whole, in order, and no state message that waits."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.output import LINES, LineWriter, LogLines, OutputLost, exclusive_stdout

RECORD = b'{"type":"RECORD","record":{}}'
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
        output.record(line.encode())
    output.flush()
    assert stream.getvalue().decode() == "".join(line + "\n" for line in lines)


def test_a_state_does_not_wait() -> None:
    """A checkpoint that lies in a buffer when the process is killed costs the next sync the work again."""
    output, stream = writer()
    output.record(RECORD)
    assert stream.getvalue() == b""
    output.write(STATE)
    assert stream.getvalue().decode().splitlines() == [RECORD.decode(), STATE]


def test_records_wait_for_a_few_others_only() -> None:
    """A platform that sees no record for long takes the connector for dead."""
    output, stream = writer()
    for _ in range(LINES):
        output.record(RECORD)
    assert len(stream.getvalue().splitlines()) == LINES


def test_records_of_a_slow_stream_come_at_once() -> None:
    """A record a second must be seen every second."""
    output, stream = writer([0.0, 1.0])
    output.record(RECORD)
    assert stream.getvalue().splitlines() == [RECORD]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokenPipeError(), "nobody reads"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_an_output_that_takes_no_more_is_told(error: OSError, said: str) -> None:
    """A reader that went away, or a full disk, must end the process, not fill its memory."""

    class Broken(io.BytesIO):
        def write(self, _: object) -> int:
            raise error

    with pytest.raises(OutputLost, match=said):
        LineWriter(Broken()).write(STATE)


def test_lines_of_all_threads_stay_whole() -> None:
    """A log line that another thread writes at the same moment would cut a record in two, and both would be
    lost.
    """

    class Slow(io.BytesIO):
        def write(self, data: Any) -> int:
            for byte in bytes(data):
                super().write(bytes([byte]))
                os.sched_yield()
            return len(data)

    stream = Slow()
    output = LineWriter(stream)
    log = LogLines(output)
    threads = [
        threading.Thread(target=lambda: [log.write('{"type":"LOG"}\n') for _ in range(50)], daemon=True)
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for _ in range(50):
        output.write(STATE)
    for thread in threads:
        thread.join(20)
    lines = stream.getvalue().decode().splitlines()
    assert sorted(lines) == ['{"type":"LOG"}'] * 200 + [STATE] * 50


def test_nothing_follows_the_last_line() -> None:
    """A line that begins while the process ends would be cut in two."""
    output, stream = writer()
    output.write(STATE)
    output.close(1)
    threading.Thread(target=output.write, args=(STATE,), daemon=True).start()
    began = time.monotonic()
    output.close(0.05)
    assert time.monotonic() - began < 1
    assert stream.getvalue().decode().splitlines() == [STATE]


def test_what_is_printed_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """What a library prints, or writes in C, would fall into a record and cost it."""
    with exclusive_stdout() as stream:
        print("printed")
        os.write(1, b"written in C\n")
        LineWriter(stream).write(STATE)
    print("after")
    captured = capfd.readouterr()
    assert captured.out.splitlines() == [STATE, "after"]
    assert "written in C" in captured.err
