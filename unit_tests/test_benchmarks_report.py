"""The pages that `make bench` writes: users and developers compare the connector by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import report, run

RESULTS: dict[str, Any] = json.loads(run.RESULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("page", "text", "picture"),
    [
        (run.PAGE, report.figures, "../docs/performance.svg"),
        (run.SUMMARY, report.summary, "performance.svg"),
    ],
    ids=["developers", "users"],
)
def test_the_figures_are_those_of_the_samples(
    page: Path, text: Callable[[dict[str, Any], str], str], picture: str, tmp_path: Path
) -> None:
    """A reader would see figures that nobody measured: run `make bench ARGS=--report-only`."""
    copy = tmp_path / page.name
    copy.write_bytes(page.read_bytes())
    report.write(copy, text(RESULTS, picture))
    assert copy.read_text(encoding="utf-8") == page.read_text(encoding="utf-8")


def test_what_people_wrote_around_the_figures_stays(tmp_path: Path) -> None:
    """An explanation would be lost with the next measurement."""
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{report.BEGIN}\nold\n{report.END}\n\nExplained here.\n", encoding="utf-8")
    report.write(page, "new \\1")
    assert page.read_text(encoding="utf-8") == (
        f"# Title\n\n{report.BEGIN}\nnew \\1\n{report.END}\n\nExplained here.\n"
    )


def test_a_page_without_marks_gets_the_figures_at_its_end(tmp_path: Path) -> None:
    """The first measurement would be written nowhere."""
    page = tmp_path / "page.md"
    report.write(page, "new")
    assert page.read_text(encoding="utf-8") == f"# Performance\n\n{report.BEGIN}\nnew\n{report.END}\n"
