"""The promises of docs/behavior.md have tests, and docs/proofs.md names them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROMISES = (ROOT / "docs" / "behavior.md").read_text(encoding="utf-8")
PROOFS = (ROOT / "docs" / "proofs.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:unit|integration)_tests/\w+\.py)(?:::(\w+))?`", PROOFS)))


def test_every_promise_names_a_test() -> None:
    """A user would lose the reason to believe a promise that nothing proves."""
    promises = re.findall(r"^(\d+)\. ", PROMISES, re.M)
    proved = re.findall(r"^\| (\d+) \| `(?:unit|integration)_tests/", PROOFS, re.M)
    assert promises
    assert promises == proved


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_the_named_tests_exist(file: str, test: str) -> None:
    """A promise whose test was renamed or removed would stand unproved."""
    path = ROOT / file
    assert path.exists()
    assert not test or f"def {test}(" in path.read_text(encoding="utf-8")
