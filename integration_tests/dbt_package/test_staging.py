"""The staging views: the vendor's rows under other names and with types, from both kinds of tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration_tests.dbt_package.building import Built, run_dbt
from integration_tests.dbt_package.scenarios import NOW, Rows, known
from integration_tests.dbt_package.warehouses import Warehouse
from integration_tests.helpers.warehouse_loader import utc_timestamp
from tools.dbt_staging import Column, columns, model_name, staged_streams, view_name

STREAMS = staged_streams()


@pytest.fixture
def views(request: pytest.FixtureRequest, company_built: Built) -> Built:
    """Return the company's tables, if all of staging was built."""
    if request.config.getoption("--marts") != "*":
        pytest.skip("only some of the views were built")
    return company_built


@pytest.mark.parametrize("stream", STREAMS)
def test_views_hold_the_rows_of_the_stream(views: Built, stream: str) -> None:
    """A field that comes out null or altered is missing in every mart."""
    shown = columns(stream)
    made = Counter(_text({column: row[column.name] for column in shown}) for row in views[view_name(stream)])
    held = Counter(
        _text({column: _value(row, column) for column in shown}) for row in views.scenario.staged(stream)
    )
    assert (made - held, held - made) == (Counter(), Counter())
    assert {row["_synced_at"] for row in views[view_name(stream)]} <= {NOW.replace(tzinfo=None)}


def test_a_stream_that_was_not_synced_is_an_empty_view(
    build_scenario: Callable[[str], Built], views: Built
) -> None:
    """A tenant without Oracle or SaaS could build no mart."""
    empty = build_scenario("nothing_synced")
    assert set(empty.tables) == set(views.tables)
    assert [stream for stream in STREAMS if empty[view_name(stream)]] == ["tenant"]


def test_missing_columns_are_null_and_streams_can_be_left_out(
    warehouse: Warehouse, company_rows: Rows, tmp_path: Path
) -> None:
    """An older sync lacks the fields that came later, and a stream that is wrong in a tenant must not be in
    the way.
    """
    rows = {stream: company_rows[stream] for stream in ("computers", "organizations")}
    warehouse.fill(rows)
    column = "isVirtual" if warehouse.target == "postgres" else "isvirtual"
    warehouse.execute(f'ALTER TABLE computers DROP COLUMN "{column}"')
    models = [model_name(stream) for stream in rows]
    run_dbt(
        warehouse,
        ["build", "--indirect-selection", "cautious", "--select", *models],
        {"snow_atlas_leave_out": ["organizations"]},
        tmp_path,
    )
    tables = warehouse.tables()
    assert tables[view_name("organizations")] == []
    computers = tables[view_name("computers")]
    assert {row["id"] for row in computers} == {row["id"] for row in rows["computers"]}
    assert {row["is_virtual"] for row in computers} == {None}


def _value(record: Mapping[str, Any], column: Column) -> Any:
    value = record.get(column.field)
    if column.within:
        value = known((value or {}).get(column.within), column.type)
    if value is None:
        return None
    if column.type == "timestamp":
        return utc_timestamp(value)
    if column.type == "date":
        return datetime.fromisoformat(value[:10]).date()
    return Decimal(str(value)) if column.type == "money" else value


def _text(row: Mapping[Column, Any]) -> str:
    return json.dumps(
        {column.name: _comparable(value, column) for column, value in row.items()}, sort_keys=True
    )


def _comparable(value: Any, column: Column) -> Any:
    """Return a cell in the same form for every database."""
    if value is None:
        return None
    if column.type in ("json", "any"):
        return _parsed(value)
    if column.type == "money":
        assert isinstance(value, Decimal)
        return str(value.quantize(Decimal("0.000001")))
    if column.type == "double":
        return round(float(value), 6)
    return value if column.type in ("text", "currency", "integer", "boolean") else value.isoformat()


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:  # text of a field that may be text or a number
        return value
