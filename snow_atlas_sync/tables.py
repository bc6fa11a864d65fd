"""Conversion of records to Arrow tables with the types of the stream's schema.

A table has a column for each field of the schema, named after it in lower case, and two more:
`_airbyte_extracted_at`, the time when the record was read, and `_extra`, a JSON object with the fields that
the schema does not declare and the values that do not fit the types of their columns. No value is lost.
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

from snow_atlas_sync.values import COLUMN_CONVERTERS, TYPES, VALUE_CONVERTERS, Unfit, json_text
from source_snow_atlas import definitions

HOLD_NUL = frozenset({"duckdb", "motherduck", "filesystem"})
"""Destinations of dlt whose texts can hold the character U+0000."""
DUCKDB_FILE: dict[str, Any] = {"storage_compatibility_version": "v1.2.0"}
"""Settings for a new DuckDB file that clients from 1.2 on can read. An existing file keeps its version."""
EXTRA, EXTRACTED_AT = "_extra", "_airbyte_extracted_at"
FORMATS = {"date": "date", "date-time": "timestamp"}
SCALARS = {"string": "text", "integer": "bigint", "number": "decimal", "boolean": "bool"}


@dataclass(frozen=True)
class Layout:
    """Columns of a stream's table."""

    kinds: Mapping[str, str]
    """The dlt type of each field."""

    @classmethod
    @cache
    def of(cls, stream: str) -> Layout:
        """Return the layout of a stream, from its schema."""
        document = json.loads(pkgutil.get_data(definitions.PACKAGE, f"schemas/{stream}.json") or b"{}")
        return cls({name: dlt_type(declared) for name, declared in document["properties"].items()})

    @cached_property
    def types(self) -> dict[str, str]:
        """Return the dlt type of each column."""
        fields = {field.lower(): kind for field, kind in self.kinds.items()}
        return {**fields, EXTRACTED_AT: "timestamp", EXTRA: "text"}

    @cached_property
    def schema(self) -> pa.Schema:
        """Return the Arrow schema of the table."""
        return pa.schema([(name, TYPES[kind]) for name, kind in self.types.items()])


def dlt_type(declared: dict[str, Any]) -> str:
    """Return the dlt type of a field: json for nested values, text if its values may have several types."""
    first, *others = (each for each in declared["type"] if each != "null")
    if others:
        return "text"
    if first in ("array", "object"):
        return "json"
    return FORMATS.get(declared.get("format", ""), SCALARS[first])


@dataclass
class Batch:
    """Some records of a stream as a table."""

    table: pa.RecordBatch
    unfit: Counter[str]
    """The number of values of each field that did not fit its column."""
    undeclared: set[str]
    """The fields that the schema does not declare."""


def batch_of(layout: Layout, lines: Sequence[bytes], *, holds_nul: bool = True) -> Batch:
    """Convert the record lines of a stream to a table.

    `holds_nul` says whether texts of the destination can hold U+0000. If not, it is replaced. Raises
    JSONDecodeError if a line is not JSON, and RecursionError if a value is nested too deeply.
    """
    text = b"[" + b",".join(lines) + b"]"
    try:
        messages = orjson.loads(text)
    except orjson.JSONDecodeError:  # the list can add the level that is too deep
        messages = [orjson.loads(line) for line in lines]
    records = [message["record"] for message in messages]
    rows = [record["data"] for record in records]
    extras = Extras(lines)
    replace_nul = not holds_nul and b"\\u0000" in text
    arrays = [
        extras.column(field, kind, [row.get(field) for row in rows], replace_nul)
        for field, kind in layout.kinds.items()
    ]
    undeclared = set().union(*rows) - layout.kinds.keys()
    extras.add_undeclared(rows, undeclared)
    emitted_at = pa.array([int(record["emitted_at"]) for record in records], pa.timestamp("ms", "UTC"))
    arrays += [emitted_at.cast(TYPES["timestamp"]), extras.array()]
    return Batch(pa.RecordBatch.from_arrays(arrays, schema=layout.schema), extras.unfit, undeclared)


class Extras:
    """Values of a batch that go into the column `_extra`."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines
        self._rows: dict[int, dict[str, Any]] = {}
        self._exact: dict[int, dict[str, Any]] = {}
        self.unfit: Counter[str] = Counter()

    def column(self, field: str, kind: str, values: list[Any], replace_nul: bool) -> pa.Array:
        """Convert the values of a field to a column, and keep those that do not fit."""
        if not (replace_nul and kind == "text"):
            try:
                return COLUMN_CONVERTERS[kind](values)
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                pass
        converted = []
        for index, value in enumerate(values):
            try:
                converted.append(
                    None if value is None else self._convert(field, kind, index, value, replace_nul)
                )
            except Unfit as unfit:
                converted.append(unfit.replacement)
                self._rows.setdefault(index, {})[field] = self._as_sent(index, field)
                self.unfit[field] += 1
        return pa.array(converted, TYPES[kind])

    def add_undeclared(self, rows: Sequence[dict[str, Any]], fields: set[str]) -> None:
        """Keep the values of fields that have no column."""
        if fields:
            for index, row in enumerate(rows):
                for field in fields.intersection(row):
                    value = row[field]
                    if isinstance(value, (float, list, dict)):
                        value = self._as_sent(index, field)
                    self._rows.setdefault(index, {})[field] = value

    def array(self) -> pa.Array:
        """Return the column `_extra`."""
        texts = {index: json_text(row) for index, row in self._rows.items()}
        return pa.array([texts.get(index) for index in range(len(self._lines))], pa.string())

    def _convert(self, field: str, kind: str, index: int, value: Any, replace_nul: bool) -> Any:
        if kind == "json" or isinstance(value, float) or (kind == "text" and not isinstance(value, str)):
            value = json_text(self._as_sent(index, field))
        if kind == "text" and replace_nul and "\0" in value:
            raise Unfit(value.replace("\0", "\ufffd"))
        return value if kind in ("text", "json") else VALUE_CONVERTERS[kind](value)

    def _as_sent(self, index: int, field: str) -> Any:
        """Return a value with all digits of its numbers."""
        if index not in self._exact:
            message = json.loads(self._lines[index], parse_float=orjson.Fragment, parse_int=orjson.Fragment)
            self._exact[index] = message["record"]["data"]
        return self._exact[index][field]
