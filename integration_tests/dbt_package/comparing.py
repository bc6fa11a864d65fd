"""Compare a mart with an independent computation, cell by cell."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SHOWN = 8

Row = Mapping[str, Any]


def difference(actual: Iterable[Row], expected: Iterable[Row], key: Sequence[str]) -> str:
    """Return a description of the difference; empty if rows and columns are equal.

    Only floats may differ by rounding.
    """
    (found, found_twice), (wanted, wanted_twice) = _by_key(actual, key), _by_key(expected, key)
    problems = [f"key comes twice: {each}" for each in found_twice]
    problems += [f"the computation has the key twice: {each}" for each in wanted_twice]
    problems += [f"missing: {dict(wanted[each])}" for each in wanted if each not in found]
    problems += [f"too many: {dict(found[each])}" for each in found if each not in wanted]
    for each in wanted:
        if each in found:
            problems += _cells(each, found[each], wanted[each])
    if not problems:
        return ""
    return "\n".join([f"{len(problems)} differences", *problems[:SHOWN]])


def _by_key(
    rows: Iterable[Row], key: Sequence[str]
) -> tuple[dict[tuple[Any, ...], Row], list[tuple[Any, ...]]]:
    held = list(rows)
    keys = [tuple(row[name] for name in key) for row in held]
    return dict(zip(keys, held, strict=True)), [each for each, count in Counter(keys).items() if count > 1]


def _cells(key: tuple[Any, ...], found: Row, wanted: Row) -> list[str]:
    if found.keys() != wanted.keys():
        return [f"{key}: columns that only one side has: {sorted(found.keys() ^ wanted.keys())}"]
    return [
        f"{key}: {name} is {found[name]!r}, expected {value!r}"
        for name, value in wanted.items()
        if not equal(found[name], value)
    ]


def equal(first: Any, second: Any) -> bool:
    """Return whether two cells are equal; True is not 1, and money is exact."""
    if first is None or second is None:
        return first is second
    if isinstance(first, bool) != isinstance(second, bool):
        return False
    if isinstance(first, float) or isinstance(second, float):
        return math.isclose(float(first), float(second), rel_tol=1e-9, abs_tol=1e-9)
    return bool(first == second)
