"""The messages that docs/troubleshooting.md and docs/upgrading.md quote are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ANY = "…"
"""Stands for a value: in a quote for any text, in a message for what the code puts there."""
SHORTEST = 8
"""Letters of a quote besides the placeholders. Fewer would match by chance."""


def text_of(node: ast.expr) -> str | None:
    """Return the text that an expression makes, with `…` for its values; None if it holds no text."""
    if isinstance(node, ast.Constant):
        return re.sub(r"%(?:\.\d+)?[sdrf]", ANY, node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else ANY for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [text_of(node.left), text_of(node.right)]
        return None if sides == [None, None] else "".join(side or ANY for side in sides)
    return None


def texts(source: str) -> Iterator[str]:
    """Return the texts in the code of a module, other than its docstrings and comments."""
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and id(node) not in told and (text := text_of(node)):
            yield text


@cache
def texts_of_the_code() -> list[str]:
    """Return the texts in the code of the connector and of the sync."""
    return [
        text
        for package in ("source_snow_atlas", "snow_atlas_sync")
        for path in sorted((ROOT / package).rglob("*.py"))
        for text in texts(path.read_text(encoding="utf-8"))
    ]


def is_a_message(quote: str) -> bool:
    """Return whether some text of the code has the parts of the quote, in their order."""
    parts = re.compile(".*".join(map(re.escape, quote.split(ANY))), re.DOTALL)
    return any(parts.search(text) for text in texts_of_the_code())


def quotes() -> list[str]:
    """Return the quoted messages: code in the first column of tables, and long quotations in sentences."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    columns = re.findall(r"^\| (`.*?) \| ", page, re.M)
    found = [quote for column in columns for quote in re.findall(r"`([^`]+)`", column)]
    sentences = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    return [*found, *re.findall(r'"([a-z][^"]{15,})"', re.sub(r"\s+", " ", sentences))]


QUOTES = [quote for quote in quotes() if quote != "Set"]


def test_messages_are_found_on_the_pages() -> None:
    """Every quote would pass if none were found."""
    assert len(QUOTES) > 40


@pytest.mark.parametrize("quote", QUOTES)
def test_the_message_is_in_the_code(quote: str) -> None:
    """A user who searches for the message they see would not find it."""
    assert len(quote.replace(ANY, "")) >= SHORTEST
    assert is_a_message(quote)


@pytest.mark.parametrize(
    "wrong", ["The host of … is not known", "Snow Atlas limits … HTTP 430", "the table … has … of no type"]
)
def test_a_message_that_nobody_writes_is_noticed(wrong: str) -> None:
    """The comparison would let anything pass."""
    assert not is_a_message(wrong)
