"""The marts of every database equal DuckDB's. `test_history` has the same test of the history."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration_tests.dbt_package.agreement import documented, keys, outcome
from integration_tests.dbt_package.building import Built, build
from integration_tests.dbt_package.warehouses import DuckDB

pytestmark = pytest.mark.timeout(3600)  # waits for two builds
HISTORIES = {name for name in keys() if name.endswith("_history") or name == "snow_atlas__changes"}


def test_marts_of_the_company_are_as_on_duckdb(company_built: Built, tmp_path: Path) -> None:
    """A figure would depend on where it was computed, and DEVELOPMENT.md say otherwise."""
    if company_built.target == "duckdb":
        pytest.skip("the others are compared with it")
    marts = [name for name in keys() if name in company_built.tables and name not in HISTORIES]
    on_duckdb = build(
        company_built.scenario,
        DuckDB(tmp_path / "warehouse.duckdb"),
        [f"+{mart}" for mart in marts],
        tmp_path,
    )
    said = documented()[company_built.target]
    found = {mart: outcome(mart, company_built[mart], on_duckdb[mart]) for mart in marts}
    assert found == {mart: said[mart] for mart in marts}


def test_the_table_has_every_mart_and_history() -> None:
    """One that is left out looks as if it were compared."""
    for said in documented().values():
        assert said.keys() == keys().keys()
