"""Turn the records of a stream into Arrow tables, with the types of its schema.

A table has a column for each field that the schema declares, named after it in lower case, and two more:
`_airbyte_extracted_at`, when the record was read, and `_extra`, a JSON object of what fits in no column:
fields that the schema does not declare, and values that are not of their column's type. So a row always
holds all that was read.
"""

from __future__ import annotations

import json
import pkgutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import orjson
import pyarrow as pa

from snow_atlas_sync.values import QUICK, SLOW, TYPES, Unfit, json_text
from source_snow_atlas import definitions

HOLD_NUL = frozenset({"duckdb", "motherduck", "filesystem"})
"""Destinations of dlt whose texts can hold the character U+0000."""
EXTRA, EXTRACTED_AT = "_extra", "_airbyte_extracted_at"
FORMATS = {"date": "date", "date-time": "timestamp"}
SCALARS = {"string": "text", "integer": "bigint", "number": "decimal", "boolean": "bool"}


@dataclass(frozen=True)
class Layout:
    """The columns of a stream's table, each named after its field in lower case."""

    kinds: Mapping[str, str]
    """The type of each field, in dlt's words."""

    @classmethod
    @cache
    def of(cls, stream: str) -> Layout:
        document = json.loads(pkgutil.get_data(definitions.PACKAGE, f"schemas/{stream}.json") or b"{}")
        return cls({name: kind(of) for name, of in document["properties"].items()})

    @cached_property
    def types(self) -> dict[str, str]:
        """The type of each column."""
        own = {field.lower(): kind for field, kind in self.kinds.items()}
        return {**own, EXTRACTED_AT: "timestamp", EXTRA: "text"}

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, TYPES[kind]) for name, kind in self.types.items()])


def kind(declared: dict[str, Any]) -> str:
    """The type of a column, in dlt's words. Nested values are JSON; what may be of several types is text."""
    first, *others = (each for each in declared["type"] if each != "null")
    if others:
        return "text"
    if first in ("array", "object"):
        return "json"
    return FORMATS.get(declared.get("format", ""), SCALARS[first])


@dataclass
class Batch:
    """A part of a stream as a table, the fields whose values fit in no column, with how many there are, and
    the fields that have no column.
    """

    table: pa.RecordBatch
    unfit: Counter[str]
    undeclared: set[str]


def batch_of(layout: Layout, lines: Sequence[bytes], *, holds_nul: bool = True) -> Batch:
    """The record lines of a stream as a table. `holds_nul` says whether the destination's texts can hold
    U+0000.
    """
    text = b"[" + b",".join(lines) + b"]"
    records = [message["record"] for message in orjson.loads(text)]
    rows = [record["data"] for record in records]
    extras = Extras(lines)
    without_nul = not holds_nul and b"\\u0000" in text
    arrays = [
        extras.column(field, kind, [row.get(field) for row in rows], without_nul)
        for field, kind in layout.kinds.items()
    ]
    undeclared = set().union(*rows) - layout.kinds.keys()
    extras.undeclared(rows, undeclared)
    moments = pa.array([int(record["emitted_at"]) for record in records], pa.timestamp("ms", "UTC"))
    arrays += [moments.cast(TYPES["timestamp"]), extras.array()]
    return Batch(pa.RecordBatch.from_arrays(arrays, schema=layout.schema), extras.unfit, undeclared)


class Extras:
    """What the rows of a batch hold beside their columns."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines
        self._rows: dict[int, dict[str, Any]] = {}
        self._exact: dict[int, dict[str, Any]] = {}
        self.unfit: Counter[str] = Counter()

    def column(self, field: str, kind: str, values: list[Any], without_nul: bool) -> pa.Array:
        """The values as a column: at once where all fit, else one by one."""
        if not (without_nul and kind == "text"):
            try:
                return QUICK[kind](values)
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                pass
        fitting = []
        for place, value in enumerate(values):
            try:
                fitting.append(
                    None if value is None else self._fitted(field, kind, place, value, without_nul)
                )
            except Unfit as unfit:
                fitting.append(unfit.instead)
                self._rows.setdefault(place, {})[field] = self._as_sent(place, field)
                self.unfit[field] += 1
        return pa.array(fitting, TYPES[kind])

    def undeclared(self, rows: Sequence[dict[str, Any]], fields: set[str]) -> None:
        """Keep the fields that have no column."""
        if fields:
            for place, row in enumerate(rows):
                for field in fields.intersection(row):
                    value = row[field]
                    if isinstance(value, (float, list, dict)):
                        value = self._as_sent(place, field)
                    self._rows.setdefault(place, {})[field] = value

    def array(self) -> pa.Array:
        texts = {place: orjson.dumps(row).decode() for place, row in self._rows.items()}
        return pa.array([texts.get(place) for place in range(len(self._lines))], pa.string())

    def _fitted(self, field: str, kind: str, place: int, value: Any, without_nul: bool) -> Any:
        if kind == "json" or isinstance(value, float) or (kind == "text" and not isinstance(value, str)):
            value = json_text(self._as_sent(place, field))
        if kind == "text" and without_nul and "\0" in value:
            raise Unfit(value.replace("\0", "\ufffd"))
        return value if kind in ("text", "json") else SLOW[kind](value)

    def _as_sent(self, place: int, field: str) -> Any:
        """A value with the digits of its numbers as they were sent."""
        if place not in self._exact:
            message = json.loads(self._lines[place], parse_float=orjson.Fragment, parse_int=orjson.Fragment)
            self._exact[place] = message["record"]["data"]
        return self._exact[place][field]
