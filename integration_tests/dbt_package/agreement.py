"""Compare the marts of a database with DuckDB's, cell by cell, and with the table in DEVELOPMENT.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from integration_tests.dbt_package.building import PACKAGE
from integration_tests.dbt_package.comparing import difference, equal
from integration_tests.dbt_package.warehouses import Table

PAGE = PACKAGE / "DEVELOPMENT.md"
COLUMNS = {
    "PostgreSQL": "postgres",
    "Snowflake (fakesnow)": "snowflake",
    "BigQuery (bqemulator)": "bigquery",
}
"""The table's columns, and the target that each is about."""


@cache
def documented() -> Mapping[str, Mapping[str, str]]:
    """Return the table in DEVELOPMENT.md: the outcome of each mart for each target."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    titles = f"| Table | {' | '.join(COLUMNS)} |"
    said: dict[str, dict[str, str]] = {target: {} for target in COLUMNS.values()}
    for line in lines[lines.index(titles) + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip().strip("`") for cell in line.strip("|").split("|"))
        for target, cell in zip(COLUMNS.values(), cells, strict=True):
            said[target][name] = cell
    return said


@cache
def keys() -> Mapping[str, tuple[str, ...]]:
    """Return the key of each mart and history, from its own test."""
    found = {}
    for folder in ("marts", "history"):
        for path in (PACKAGE / "models" / folder).glob("*.yml"):
            for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
                key = next(each for each in model["data_tests"] if "snow_atlas.unique_key" in each)
                found[model["name"]] = tuple(key["snow_atlas.unique_key"]["arguments"]["columns"])
    return found


def outcome(model: str, found: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]]) -> str:
    """Return a cell of the table: how the rows of a database differ from DuckDB's."""
    key, ours, theirs = keys()[model], without_tenant(found), without_tenant(wanted)
    if not theirs:
        return "nothing to compare"
    differing = {
        name
        for here, there in zip(in_order(ours, key), in_order(theirs, key), strict=False)
        for name in there
        if name not in here or not equal(here[name], there[name])
    }
    if not difference(ours, theirs, key):
        return "equal"
    return f"equal but for {', '.join(sorted(differing))}" if len(ours) == len(theirs) else "other rows"


def without_tenant(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return the rows without the name of the schema."""
    return [{name: value for name, value in row.items() if name != "tenant_id"} for row in rows]


def in_order(rows: Table, key: tuple[str, ...]) -> Table:
    return sorted(rows, key=lambda row: [str(row[name]) for name in key])
