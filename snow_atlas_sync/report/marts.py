"""The marts, as dbt has built them in the database that was synced."""

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
"""The dbt package: in the wheel it lies beside the report, in a clone at the top."""
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
"""What the page calls them."""

HISTORY = ("path:models/history", "snow_atlas__changes")
"""What dbt is told to build, beside them, for what has changed."""

NAMED = ("stg_snow_atlas__tenant", "stg_snow_atlas__user_accounts", "stg_snow_atlas__saas_users")
"""Staging views that the report takes names from."""

STAGING = "stg_snow_atlas__"
COUNTS = "int_snow_atlas__streams"
"""Counts what arrived, of whatever stream: no figure needs more of them for that."""
SYNCED, BUILT, STAGED = "main", "main_snow_atlas", "main_snow_atlas_staging"
SHARED, KEPT = "main_snow_atlas_intermediate", "main_snow_atlas_history"

Row = Mapping[str, Any]


@cache
def _sources() -> Mapping[str, str]:
    """The SQL of every model of the dbt package, and the text of every macro, by name."""
    models = {path.stem: path.read_text(encoding="utf-8") for path in (PACKAGE / "models").rglob("*.sql")}
    macros = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "macros").rglob("*.sql"))
    texts = re.findall(r"\{%-?\s*macro\s+(\w+)\(.*?endmacro\s*-?%\}", macros, re.DOTALL)
    bodies = [
        match.group() for match in re.finditer(r"\{%-?\s*macro\s.*?endmacro\s*-?%\}", macros, re.DOTALL)
    ]
    return {**dict(zip(texts, bodies, strict=True)), **models}


@cache
def streams_of(model: str) -> frozenset[str]:
    """The streams that a model reads, itself, by a macro, or through other models."""
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
    """The built database, open for reading. `why` says why streams were not synced, where that is known."""

    def __init__(self, database: Path, why: Mapping[str, str] | None = None) -> None:
        self._connection = duckdb.connect(str(database), read_only=True)
        self._connection.execute(f"SET search_path = '{BUILT},{STAGED},{KEPT}'")
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

    def columns(self, relation: str) -> list[str]:
        """The names of the columns of a mart."""
        return [row["column_name"] for row in self.rows(f"DESCRIBE {relation}")]

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row:
        """The one row of a query that always has one."""
        return self.rows(sql, parameters)[0]

    def absence(self, needed: Iterable[str], nothing: str) -> Absence:
        """Why there are no rows: streams that they come from and that were not synced, else that there is
        nothing.
        """
        missing = [stream for stream in needed if stream not in self.synced]
        if not missing:
            return Absence(nothing)
        return Absence("Not synced", [(stream, self.reason(stream)) for stream in missing])

    def reason(self, stream: str) -> str:
        """Why a stream is not there."""
        unknown = "was not selected"
        if definitions.parent_streams(stream):
            unknown += (
                ", as it takes a request for each record of another stream; --streams adds it to a sync"
            )
        return self._why.get(stream) or unknown

    def lacking(self, mart: str) -> list[tuple[str, str]]:
        """Streams that a mart would have more from."""
        return [(stream, self.reason(stream)) for stream in sorted(streams_of(mart) - self.synced)]

    def _tables(self, schema: str) -> list[str]:
        found = self._connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [schema]
        )
        return [str(name) for (name,) in found.fetchall()]
