"""Sync, build, change data in Snow Atlas, sync and build again, in one database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from integration_tests.dbt_package import (
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
from integration_tests.dbt_package.building import run_dbt
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Rows, Scenario, records
from integration_tests.dbt_package.warehouses import DuckDB, PostgreSQL, Warehouse
from integration_tests.helpers.expected import Expected
from integration_tests.helpers.syncing import DuckDB as SyncedDuckDB
from integration_tests.helpers.syncing import PostgreSQL as SyncedPostgreSQL
from integration_tests.helpers.syncing import Target
from sandbox import Sandbox
from snow_atlas_sync.report.marts import streams_of

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


def sync(warehouse: Warehouse, sandbox: Sandbox, folder: Path, streams: Sequence[str]) -> None:
    """Run `snow-atlas-sync` into the database."""
    target: Target = SyncedDuckDB(folder, sandbox)
    arguments = ["--streams", ",".join(streams)]
    if isinstance(warehouse, PostgreSQL):
        target = SyncedPostgreSQL(folder, sandbox, server=warehouse.server)
        arguments += ["--dataset", warehouse.schema]
    elif isinstance(warehouse, DuckDB):
        arguments += ["--database", str(warehouse.path)]
    target.run_process(*arguments)


def test_marts_are_right_after_a_second_sync(warehouse: Warehouse, sandbox: Sandbox, tmp_path: Path) -> None:
    """The first report would be right, and from then on a sync would fail, or a mart keep what is gone."""
    today = datetime.now(timezone.utc).date()
    streams = sorted(set().union(*(streams_of(mart) for mart in MARTS)))
    warehouse.fill({})
    for change in (nothing_happens, a_day_passes):
        change(sandbox)
        sync(warehouse, sandbox, tmp_path, streams)
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
    """Change nothing: the state before the first sync."""


def a_day_passes(sandbox: Sandbox) -> None:
    """Add, remove and change rows."""
    control = sandbox.control
    for table in ("computers", "licenses", "agreements", "users"):
        control.change_row("insert", table)
        control.change_row("delete", table, position=1)
    control.change_row("update", "computers", position=0, row={"status": "Quarantined"})
    control.change_row("update", "licenses", position=0, row={"purchaseValue": 123456.78, "quantity": 7})
