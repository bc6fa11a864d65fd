"""Fast loader of records into DuckDB, with the column types of PyAirbyte."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

from tools.schemas import schema

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCALARS = {"string": "VARCHAR", "integer": "BIGINT", "number": "DECIMAL(38, 9)", "boolean": "BOOLEAN"}
TIMES = {"date": "DATE", "date-time": "TIMESTAMP"}
ROWS_AT_ONCE = 500


def load(database: DuckDBPyConnection, stream: str, records: Iterable[Mapping[str, Any]]) -> None:
    """Create the table of a stream, with a column for each field in lower case, and insert the records."""
    types = column_types(schema(stream)["properties"])
    columns = ", ".join(f'"{field.lower()}" {kind}' for field, kind in types.items())
    database.execute(f'CREATE TABLE "{stream}" ({columns})')
    rows = [[cell(record.get(field), kind) for field, kind in types.items()] for record in records]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        _insert(database, stream, len(types), rows[start : start + ROWS_AT_ONCE])


def _insert(database: DuckDBPyConnection, stream: str, width: int, rows: Sequence[Sequence[Any]]) -> None:
    # a statement for each row would be slow in DuckDB
    row = f"({', '.join('?' * width)})"
    values = [value for each in rows for value in each]
    database.execute(f'INSERT INTO "{stream}" VALUES {", ".join([row] * len(rows))}', values)


def column_types(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the column type of each field. Fields that differ only in case share the first one's column."""
    types: dict[str, str] = {}
    for field, declared in properties.items():
        if field.lower() not in {known.lower() for known in types}:
            types[field] = column_type(declared)
    return types


def column_type(declared: Mapping[str, Any]) -> str:
    """Return the column type of a field: JSON if it is nested, text if it may have several types."""
    (first, *others) = [kind for kind in declared["type"] if kind != "null"]
    if others:
        return "VARCHAR"
    if first in ("array", "object"):
        return "JSON"
    return TIMES.get(declared.get("format", ""), SCALARS[first])


def cell(value: Any, kind: str) -> Any:
    """Convert a value for DuckDB. Timestamps are in UTC, without a zone."""
    if value is None:
        return None
    if kind == "JSON" or isinstance(value, (list, dict)):
        return json.dumps(value)
    if kind == "DATE":
        return date.fromisoformat(value[:10])
    if kind == "TIMESTAMP":
        return utc_timestamp(value)
    return str(value) if kind == "VARCHAR" else value


def utc_timestamp(text: str) -> datetime:
    """Parse a timestamp as naive UTC. Snow Atlas writes up to seven decimal places of a second."""
    whole, _, rest = text.removesuffix("Z").partition(".")
    parsed = datetime.fromisoformat(whole).replace(microsecond=int(rest[:6].ljust(6, "0")) if rest else 0)
    return parsed if parsed.tzinfo is None else parsed.astimezone(timezone.utc).replace(tzinfo=None)
