"""Expected records of a stream, and their comparison with those that were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from tools.sandbox_records import Expected, Record, completed

__all__ = ["Expected", "Record", "completed", "difference", "keys_of"]

ADDED_FIELDS = ("recordKey",)
"""Fields that the connector adds to records, besides the ids of their parents."""


def difference(
    records: Iterable[Record], expected: Iterable[Record], without: Sequence[str] = ADDED_FIELDS
) -> str:
    """Describe missing and surplus records. The result is empty if there are none; the order is ignored."""
    found = Counter(_text(record, without) for record in records)
    required = Counter(_text(record, without) for record in expected)
    missing, surplus = required - found, found - required
    if not missing and not surplus:
        return ""
    return (
        f"{sum(missing.values())} missing, {sum(surplus.values())} too many; "
        f"missing: {_some(missing)}; too many: {_some(surplus)}"
    )


def keys_of(records: Iterable[Record], key: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """Count the values of the primary key."""
    return Counter(tuple(record.get(name) for name in key) for record in records)


def _text(record: Record, without: Sequence[str]) -> bytes:
    plain = {name: value for name, value in record.items() if name not in without}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def _some(counted: Counter[bytes]) -> str:
    return "; ".join(text.decode()[:300] for text in list(counted)[:2]) or "none"
