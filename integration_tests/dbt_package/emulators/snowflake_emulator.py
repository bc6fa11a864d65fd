"""An emulated Snowflake, fakesnow, in an environment of its own, which has nothing of this project:

python snowflake_emulator.py serve PORT          until it is stopped
python snowflake_emulator.py load PORT FILE      the tables of a pickled {name: ({column: type}, rows)}
python snowflake_emulator.py reload PORT FILE    these, and what dbt has made stays
python snowflake_emulator.py tables PORT FILE    all that dbt has made, pickled as {name: rows}
"""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATABASE, SCHEMA = "WAREHOUSE", "ATLAS"
ROWS_AT_ONCE = 200
TYPES = {
    "VARCHAR": "TEXT",
    "BIGINT": "NUMBER(38,0)",
    "DECIMAL(38, 9)": "FLOAT",
    "TIMESTAMP": "TIMESTAMP_TZ",
    "JSON": "VARIANT",
}


def serve(port: int) -> None:
    """Serve, with fixes for what fakesnow 0.12.1 does unlike Snowflake."""
    import fakesnow.arrow
    import fakesnow.cursor
    import fakesnow.server
    import fakesnow.transforms
    import pyarrow as pa
    import pyarrow.compute as pc
    import uvicorn

    # `sum` of integers and decimals is cast to a double: select sum(1.10)
    fakesnow.transforms.numeric_agg_implicit_cast = lambda expression: expression

    # a timestamp that is null arrives as 1970: select cast(null as timestamp)
    inner = fakesnow.arrow.timestamp_to_sf_struct

    def timestamps(array: Any) -> Any:
        held = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        known = inner(pc.fill_null(held, pa.scalar(0, held.type)))
        valid = pa.array(pc.is_valid(held).to_pylist()).buffers()[1] if len(held) else None
        children = [known.field(number) for number in range(known.type.num_fields)]
        return pa.StructArray.from_buffers(known.type, len(held), [valid], children=children)

    fakesnow.arrow.timestamp_to_sf_struct = timestamps

    # the schema is not heeded, so that dbt finds no table of an earlier run: show objects in WAREHOUSE.OTHER
    # a temporary view can't have a schema: create temporary view WAREHOUSE.ATLAS.SOME as select 1 as one
    execute = fakesnow.cursor.FakeSnowflakeCursor.execute

    def executed(self: Any, command: str, *arguments: Any, **named: Any) -> Any:
        shown = re.sub(r"(?i)\bshow objects in (\w+\.\w+)", r"show objects in schema \1", command)
        lasting = re.sub(r"(?i)^(\s*create or replace\s+)temporary (view)", r"\1\2", shown)
        return execute(self, lasting, *arguments, **named)

    fakesnow.cursor.FakeSnowflakeCursor.execute = executed
    uvicorn.run(fakesnow.server.app, host="127.0.0.1", port=port, log_level="error")


def connected(port: int) -> Any:
    import snowflake.connector

    return snowflake.connector.connect(
        user="any",
        password="any",
        account="fakesnow",
        host="127.0.0.1",
        port=port,
        protocol="http",
        session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
    ).cursor()


def load(port: int, file: Path, *, whole: bool = True) -> None:
    cursor = connected(port)
    cursor.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    cursor.execute(f"USE DATABASE {DATABASE}")
    for schema in schemas(cursor):
        if whole or schema == SCHEMA:
            cursor.execute(f"DROP SCHEMA {schema} CASCADE")
    cursor.execute(f"CREATE SCHEMA {SCHEMA}")
    cursor.execute(f"USE SCHEMA {SCHEMA}")
    for name, (columns, rows) in pickle.loads(file.read_bytes()).items():
        kinds = [TYPES.get(kind, kind) for kind in columns.values()]
        declared = ", ".join(
            f'"{column.upper()}" {kind}' for column, kind in zip(columns, kinds, strict=True)
        )
        cursor.execute(f'CREATE TABLE "{name.upper()}" ({declared})')
        for start in range(0, len(rows), ROWS_AT_ONCE):
            cursor.execute(
                f'INSERT INTO "{name.upper()}" {values(kinds, rows[start : start + ROWS_AT_ONCE])}'
            )


def reload(port: int, file: Path) -> None:
    load(port, file, whole=False)


def values(kinds: list[str], rows: list[list[Any]]) -> str:
    lines = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
    shown = [
        f"parse_json(column{number})" if kind == "VARIANT" else f"column{number}::{kind}"
        for number, kind in enumerate(kinds, start=1)
    ]
    return f"SELECT {', '.join(shown)} FROM VALUES {lines}"


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    text = str(value).replace("\\", "\\\\").replace("'", "''")
    return f"'{text}'"


def schemas(cursor: Any) -> Iterator[str]:
    cursor.execute(f"SELECT schema_name FROM {DATABASE}.information_schema.schemata")
    return iter([name for (name,) in cursor.fetchall() if name.upper().startswith(SCHEMA)])


def tables(port: int, file: Path) -> None:
    cursor = connected(port)
    cursor.execute(f"USE DATABASE {DATABASE}")
    cursor.execute(
        " UNION ".join(
            f"SELECT table_schema, table_name FROM {DATABASE}.information_schema.{kind}"
            f" WHERE table_schema LIKE '{SCHEMA}_SNOW_ATLAS%'"
            for kind in ("tables", "views")
        )
    )
    made = {}
    for schema, name in cursor.fetchall():
        cursor.execute(f"SELECT * FROM {DATABASE}.{schema}.{name}")
        columns = [each[0].lower() for each in cursor.description]
        made[name.lower()] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    file.write_bytes(pickle.dumps(made))


if __name__ == "__main__":
    command, port, *files = sys.argv[1:]
    {"serve": serve, "load": load, "reload": reload, "tables": tables}[command](int(port), *map(Path, files))
