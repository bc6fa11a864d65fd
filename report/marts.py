"""The marts, as dbt has built them in the database that was synced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from report.content import Absence
from source_snow_atlas import definitions

PACKAGE = Path(__file__).resolve().parent.parent / "dbt"
MARTS = (
    "license_position",
    "reclaimable_software",
    "software_lifecycle",
    "saas_seats",
    "saas_spend",
    "renewals",
    "hardware_refresh",
    "oracle_exposure",
    "data_quality",
)
"""The marts that the report shows."""

STAGING = "stg_snow_atlas__"
SYNCED, BUILT, STAGED = "main", "main_snow_atlas", "main_snow_atlas_staging"

Row = Mapping[str, Any]


@cache
def models() -> Mapping[str, str]:
    """The SQL of every model of the dbt package."""
    return {path.stem: path.read_text(encoding="utf-8") for path in (PACKAGE / "models").rglob("*.sql")}


@cache
def streams_of(model: str) -> frozenset[str]:
    """The streams that a model reads, itself or through other models."""
    if model.startswith(STAGING):
        return frozenset({model.removeprefix(STAGING)})
    named = re.findall(r"""ref\(\s*['"](\w+)['"]\s*\)""", models()[model])
    return frozenset().union(*(streams_of(each) for each in named))


class Marts(AbstractContextManager["Marts"]):
    """The built database, open for reading. `why` says why streams were not synced, where that is known."""

    def __init__(self, database: Path, why: Mapping[str, str] | None = None) -> None:
        self._connection = duckdb.connect(str(database), read_only=True)
        self._connection.execute(f"SET search_path = '{BUILT},{STAGED}'")
        self._why = why or {}
        self.synced = frozenset(self._tables(SYNCED))
        self.built = frozenset(self._tables(BUILT))

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """What a query of marts and staging views gives."""
        found = self._connection.execute(sql, parameters)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row:
        """The one row of a query that always has one."""
        return self.rows(sql, parameters)[0]

    def absence(self, needed: Iterable[str], nothing: str) -> Absence:
        """Why there are no rows: streams that they come from and that were not synced, else that there is nothing."""
        missing = [stream for stream in needed if stream not in self.synced]
        if not missing:
            return Absence(nothing)
        return Absence("Not synced", [(stream, self.reason(stream)) for stream in missing])

    def reason(self, stream: str) -> str:
        """Why a stream is not there, or at least what reading it takes."""
        return self._why.get(stream) or f"needs {permissions(stream)}"

    def lacking(self, mart: str) -> list[tuple[str, str]]:
        """Streams that a mart would have more from."""
        return [(stream, self.reason(stream)) for stream in sorted(streams_of(mart) - self.synced)]

    def _tables(self, schema: str) -> list[str]:
        found = self._connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [schema]
        )
        return [str(name) for (name,) in found.fetchall()]


def permissions(stream: str) -> str:
    """The permissions that a stream takes, its parents' among them."""
    needed = [definitions.parameters(each).get("permission") for each in (stream, *definitions.parent_streams(stream))]
    names = [name if isinstance(name, str) else " or ".join(name) for name in needed if name]
    return f"the permission {' and '.join(dict.fromkeys(names))}" if names else "no permission that the vendor names"
