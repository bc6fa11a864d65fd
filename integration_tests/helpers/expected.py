"""What a stream must hold, and how what was read differs from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from tools.sandbox_records import Expected, Record, completed

__all__ = ["Expected", "Record", "completed", "difference", "keys_of"]

ADDED_FIELDS = ("recordKey",)
"""What the connector adds to records besides the ids of their parents."""


def difference(
    records: Iterable[Record], expected: Iterable[Record], without: Sequence[str] = ADDED_FIELDS
) -> str:
    """What the records lack and what they have too much, in words; empty where they are the same, whatever
    their order.
    """
    found = Counter(_text(record, without) for record in records)
    wanted = Counter(_text(record, without) for record in expected)
    missing, surplus = wanted - found, found - wanted
    if not missing and not surplus:
        return ""
    return (
        f"{sum(missing.values())} missing, {sum(surplus.values())} too many; "
        f"missing: {_some(missing)}; too many: {_some(surplus)}"
    )


def keys_of(records: Iterable[Record], key: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """How often each value of the primary key comes."""
    return Counter(tuple(record.get(name) for name in key) for record in records)


def _text(record: Record, without: Sequence[str]) -> bytes:
    plain = {name: value for name, value in record.items() if name not in without}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def _some(counted: Counter[bytes]) -> str:
    return "; ".join(text.decode()[:300] for text in list(counted)[:2]) or "none"
