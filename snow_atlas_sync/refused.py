"""Which value a warehouse refused: the stream and the field.

A database says of a value it can't hold at most the value, and not whose it is. PyAirbyte keeps what it has
read in files until it is loaded, so after a load that failed the value is looked for there. Values themselves
are not shown: they may be personal.
"""

from __future__ import annotations

import gzip
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from source_snow_atlas import definitions

if TYPE_CHECKING:
    from airbyte.caches import CacheBase

SUFFIX = ".jsonl.gz"
WITHOUT_NUL = frozenset({"postgresql"})
"""Databases whose texts can't hold the character U+0000."""
LARGEST_WHOLE = 2**63
LARGEST_NUMBER = Decimal(10) ** 29
"""PyAirbyte's columns for numbers have 38 digits, nine of them behind the point."""


@dataclass(frozen=True)
class Refused:
    """A value that the database can't hold."""

    stream: str
    field: str
    what: str

    @property
    def sentence(self) -> str:
        """What a user is told of it."""
        return f"the database can't hold a value of the field {self.field}: {self.what}"


def find_refused(cache: CacheBase, streams: list[str], since: float) -> Refused | None:
    """The first value that the database can't hold, in what was read since then. None where each looks right.

    To be called while the load's exception is handled: PyAirbyte deletes its files with it.
    """
    without_nul = cache.get_sql_engine().dialect.name in WITHOUT_NUL
    for stream in streams:
        fields = {name.lower(): (name, declared) for name, declared in properties(stream).items()}
        for record in read_records(Path(cache.cache_dir), stream, since):
            for column, value in record.items():
                name, declared = fields.get(column.lower(), (column, {}))
                what = problem(value, declared, without_nul)
                if what:
                    return Refused(stream, name, what)
    return None


def properties(stream: str) -> dict[str, dict[str, Any]]:
    """The fields of a stream as its schema declares them."""
    document = pkgutil.get_data(definitions.PACKAGE, f"schemas/{stream}.json")
    found: dict[str, dict[str, Any]] = json.loads(document or b"{}").get("properties", {})
    return found


def read_records(folder: Path, stream: str, since: float) -> Iterator[dict[str, Any]]:
    """The records in PyAirbyte's files of a stream; their names are the stream's and an identifier of 26
    characters.
    """
    own = re.compile(re.escape(stream) + r"_[0-9A-Za-z]{26}" + re.escape(SUFFIX))
    for path in sorted(folder.glob(f"{stream}_*{SUFFIX}")):
        if own.fullmatch(path.name) and path.stat().st_mtime >= since:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                yield from map(json.loads, file)


def problem(value: Any, declared: Mapping[str, Any], without_nul: bool) -> str:
    """Why a column of the declared type can't hold the value; empty where it can."""
    if value is None:
        return ""
    if without_nul and holds_nul(value):
        return "the character U+0000, which this database's texts don't have"
    kinds = {kind for kind in declared.get("type", ()) if kind != "null"}
    if kinds == {"integer"}:
        number = decimal(value)
        if number is None:
            return f"{described(value)} where a whole number belongs"
        return "" if -LARGEST_WHOLE <= number < LARGEST_WHOLE else described(value)
    if kinds == {"number"}:
        number = decimal(value)
        if number is None:
            return f"{described(value)} where a number belongs"
        return "" if abs(number) < LARGEST_NUMBER else described(value)
    if kinds == {"boolean"} and not isinstance(value, bool):
        return f"{described(value)} where true or false belongs"
    if kinds == {"string"} and declared.get("format") in ("date", "date-time") and not is_date(value):
        return f"{described(value)} where a date belongs"
    return ""


def holds_nul(value: Any) -> bool:
    """Whether a text in the value, at whatever depth, has the character U+0000."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(holds_nul(key) or holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(holds_nul, value))


def decimal(value: Any) -> Decimal | None:
    """The number, also where it came as a text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_date(value: Any) -> bool:
    """Whether a text begins with a day of the calendar."""
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value[:10]))
    except ValueError:
        return False


def described(value: Any) -> str:
    """The kind of a value and its size, without the value."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        number = Decimal(str(value))
        whole = "whole number" if number == number.to_integral_value() else "number"
        return f"a {whole} of {max(1, number.adjusted() + 1)} digits"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return "a list" if isinstance(value, list) else "an object"
