"""The promises of docs/behavior.md name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "behavior.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:unit|integration)_tests/\w+\.py)(?:::(\w+))?`", PAGE)))


def test_every_promise_names_a_test() -> None:
    """A user would lose the reason to believe a promise that nothing proves."""
    promises = [line for line in PAGE.split("\n## ")[0].splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(promises) == 15
    assert all(re.search(r"`(unit|integration)_tests/", promise) for promise in promises)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_named_tests_exist(file: str, test: str) -> None:
    """A promise whose test was renamed or removed would stand unproved."""
    path = ROOT / file
    assert path.exists()
    assert not test or f"def {test}(" in path.read_text(encoding="utf-8")
