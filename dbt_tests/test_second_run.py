"""Sync, build, change something in Snow Atlas, sync and build again: as every night, in one and the same
database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbt_tests import (
    test_data_quality,
    test_hardware_refresh,
    test_license_position,
    test_oracle_exposure,
    test_organization_costs,
    test_reclaimable_software,
    test_renewals,
    test_saas_seats,
    test_saas_spend,
    test_software_lifecycle,
)
from dbt_tests.building import run_dbt
from dbt_tests.comparing import difference
from dbt_tests.scenarios import Rows, Scenario, records
from dbt_tests.warehouses import DuckDB, PostgreSQL, Warehouse
from integration_tests.helpers.expected import Expected
from integration_tests.helpers.pyairbyte import postgres_cache
from report.marts import streams_of
from sandbox import Sandbox
from snow_atlas_sync import warehouse as syncing

if TYPE_CHECKING:
    from airbyte.caches import CacheBase

MARTS: Mapping[str, Any] = {
    "snow_atlas__data_quality": test_data_quality,
    "snow_atlas__hardware_refresh": test_hardware_refresh,
    "snow_atlas__license_position": test_license_position,
    "snow_atlas__oracle_exposure": test_oracle_exposure,
    "snow_atlas__organization_costs": test_organization_costs,
    "snow_atlas__reclaimable_software": test_reclaimable_software,
    "snow_atlas__renewals": test_renewals,
    "snow_atlas__saas_seats": test_saas_seats,
    "snow_atlas__saas_spend": test_saas_spend,
    "snow_atlas__software_lifecycle": test_software_lifecycle,
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(computers=12) as running:
        yield running
        assert not running.internal_errors


@pytest.fixture
def cache(warehouse: Warehouse, tmp_path: Path) -> Callable[[], CacheBase]:
    """Opens the database for PyAirbyte, which must let go of a DuckDB file before dbt can have it."""
    if isinstance(warehouse, PostgreSQL):
        return partial(postgres_cache, warehouse.server, warehouse.schema, tmp_path)
    assert isinstance(warehouse, DuckDB)
    return partial(syncing.duckdb_cache, warehouse.path)


def test_marts_are_right_after_a_second_sync(
    warehouse: Warehouse, sandbox: Sandbox, cache: Callable[[], CacheBase], tmp_path: Path
) -> None:
    """The first report would be right, and from then on a sync would fail, or a mart keep what is gone."""
    today = datetime.now(timezone.utc).date()
    streams = sorted(set().union(*(streams_of(mart) for mart in MARTS)))
    connector = syncing.source(sandbox.config())
    warehouse.fill({})
    for change in (nothing_happens, a_day_passes):
        change(sandbox)
        with closing(cache()) as opened:
            report = syncing.sync(connector, opened, streams)
        assert {each.name: each.error for each in report.failed} == {}
        rows: Rows = {stream: records(sandbox, Expected(sandbox), stream) for stream in streams}
        synced = Scenario("synced", rows, today=today)
        select = ["build", "--indirect-selection", "cautious", "--select", *(f"+{mart}" for mart in MARTS)]
        run_dbt(warehouse, select, synced.variables, tmp_path)
        tables = warehouse.tables()
        for mart, module in MARTS.items():
            expected = list(module.expected(synced))
            held = [{name: row[name] for name in expected[0]} for row in tables[mart]]
            assert difference(held, expected, module.KEY) == "", mart


def nothing_happens(_sandbox: Sandbox) -> None:
    """Before the first sync."""


def a_day_passes(sandbox: Sandbox) -> None:
    """Things come, go, and change."""
    control = sandbox.control
    for table in ("computers", "licenses", "agreements", "users"):
        control.change_row("insert", table)
        control.change_row("delete", table, position=1)
    control.change_row("update", "computers", position=0, row={"status": "Quarantined"})
    control.change_row("update", "licenses", position=0, row={"purchaseValue": 123456.78, "quantity": 7})
