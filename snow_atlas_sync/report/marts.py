"""The marts that dbt has built in the synced database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from snow_atlas_sync.report.content import Absence
from source_snow_atlas import definitions

PACKAGE = next(
    path
    for path in (Path(__file__).resolve().parent.parent / "dbt", Path(__file__).resolve().parents[2] / "dbt")
    if path.is_dir()
)
"""The dbt package: beside the report in the wheel, at the top level in a clone."""
MARTS = (
    "snow_atlas__license_position",
    "snow_atlas__reclaimable_software",
    "snow_atlas__software_lifecycle",
    "snow_atlas__saas_seats",
    "snow_atlas__saas_spend",
    "snow_atlas__renewals",
    "snow_atlas__hardware_refresh",
    "snow_atlas__oracle_exposure",
    "snow_atlas__data_quality",
)
"""The marts that the report shows."""

SUBJECTS = {
    "snow_atlas__license_position": "licence position",
    "snow_atlas__reclaimable_software": "unused software",
    "snow_atlas__software_lifecycle": "support of software",
    "snow_atlas__saas_seats": "SaaS seats",
    "snow_atlas__saas_spend": "SaaS cost",
    "snow_atlas__renewals": "renewals",
    "snow_atlas__hardware_refresh": "hardware",
    "snow_atlas__oracle_exposure": "Oracle",
    "snow_atlas__data_quality": "data quality",
    "snow_atlas__organization_costs": "costs of organizations",
    "snow_atlas__changes": "changes",
}
"""The names of the marts on the page."""

HISTORY = ("path:models/history", "snow_atlas__changes")
"""What dbt builds in addition, for the history and the changes."""

NAMED = ("stg_snow_atlas__tenant", "stg_snow_atlas__user_accounts", "stg_snow_atlas__saas_users")
"""Staging views that the report takes names from."""

STAGING = "stg_snow_atlas__"
COUNTS = "int_snow_atlas__streams"
"""Model that counts the rows of every stream, and needs none of them."""
SYNCED, BUILT, STAGED = "main", "main_snow_atlas", "main_snow_atlas_staging"
SHARED, KEPT = "main_snow_atlas_intermediate", "main_snow_atlas_history"

Row = Mapping[str, Any]


@cache
def _sources() -> Mapping[str, str]:
    """Return the SQL of every model and macro of the dbt package, by name."""
    models = {path.stem: path.read_text(encoding="utf-8") for path in (PACKAGE / "models").rglob("*.sql")}
    macros = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "macros").rglob("*.sql"))
    texts = re.findall(r"\{%-?\s*macro\s+(\w+)\(.*?endmacro\s*-?%\}", macros, re.DOTALL)
    bodies = [
        match.group() for match in re.finditer(r"\{%-?\s*macro\s.*?endmacro\s*-?%\}", macros, re.DOTALL)
    ]
    return {**dict(zip(texts, bodies, strict=True)), **models}


@cache
def streams_of(model: str) -> frozenset[str]:
    """Return the streams that a model reads, directly, by a macro, or through other models."""
    streams, seen, left = set(), set(), {model}
    while left:
        name = left.pop()
        seen.add(name)
        if name in (COUNTS, STAGING):
            continue
        if name.startswith(STAGING):
            # macros make names of the prefix alone
            streams |= {name.removeprefix(STAGING)} - {""}
            continue
        text = _sources().get(name, "")
        named = re.findall(r"""ref\(\s*['"](\w+)['"]""", text) + re.findall(r"\bsnow_atlas\.(\w+)\(", text)
        left |= set(named) - seen
    return frozenset(streams)


class Marts(AbstractContextManager["Marts"]):
    """The built database, open for reading; `why` has the reasons of streams that were not synced."""

    def __init__(self, database: Path, why: Mapping[str, str] | None = None) -> None:
        self._connection = duckdb.connect(str(database), read_only=True)
        self._connection.execute(f"SET search_path = '{BUILT},{STAGED},{KEPT}'")
        self._why = why or {}
        self.synced = frozenset(self._tables(SYNCED))
        self.built = frozenset(self._tables(BUILT))

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query of marts and staging views."""
        found = self._connection.execute(sql, parameters)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def columns(self, relation: str) -> list[str]:
        """Return the names of a mart's columns."""
        return [row["column_name"] for row in self.rows(f"DESCRIBE {relation}")]

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row:
        """Return the row of a query that always has exactly one."""
        return self.rows(sql, parameters)[0]

    def absence(self, needed: Iterable[str], nothing: str) -> Absence:
        """Return why there are no rows: needed streams that were not synced, else `nothing`."""
        missing = [stream for stream in needed if stream not in self.synced]
        if not missing:
            return Absence(nothing)
        return Absence("Not synced", [(stream, self.reason(stream)) for stream in missing])

    def reason(self, stream: str) -> str:
        """Return why a stream was not synced."""
        unknown = "was not selected"
        if definitions.parent_streams(stream):
            unknown += (
                ", as it takes a request for each record of another stream; --streams adds it to a sync"
            )
        return self._why.get(stream) or unknown

    def lacking(self, mart: str) -> list[tuple[str, str]]:
        """Return the streams that a mart reads and that were not synced, with the reasons."""
        return [(stream, self.reason(stream)) for stream in sorted(streams_of(mart) - self.synced)]

    def _tables(self, schema: str) -> list[str]:
        found = self._connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [schema]
        )
        return [str(name) for (name,) in found.fetchall()]
