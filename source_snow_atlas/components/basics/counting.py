"""Numbers in messages."""

from __future__ import annotations


def counted(number: int, one: str, many: str) -> str:
    """Return a number and the words that agree with it, as "1 parent was" and "1,200 parents were"."""
    return f"{number:,} {one if number == 1 else many}"
