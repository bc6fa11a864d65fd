"""Tables as loaders leave them: names of columns, rows of several syncs, and invalid values.

Each loader has a schema of its own, and dbt reads all of them at once, as several tenants.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from integration_tests.dbt_package.building import DbtError, run_dbt
from integration_tests.dbt_package.warehouses import Table, Warehouse
from integration_tests.helpers.expected import Record
from tools.dbt_staging import column_name, model_name

Spelling = Callable[[str], str]
Stamp = Callable[[str, int], Sequence[Any]]

MOMENT = "TIMESTAMP WITH TIME ZONE"
FIELDS: Mapping[str, Mapping[str, str]] = {
    "computers": {
        "id": "VARCHAR",
        "hostName": "VARCHAR",
        "isVDI": "BOOLEAN",
        "lastScanDate": MOMENT,
        "coreCount": "BIGINT",
    },
    "licenses": {"id": "VARCHAR", "purchaseCurrency": "VARCHAR", "purchaseValue": "DOUBLE PRECISION"},
    "applications": {"id": "VARCHAR", "metrics": "JSON", "endOfSupportDate": MOMENT},
    "computer_monitors": {"computerId": "VARCHAR", "name": "VARCHAR"},
    "saas_applications": {"id": "VARCHAR", "discoveryDate": "DATE"},
}
"""Some streams, with some fields of each and the types that loaders give them."""

ROWS: Mapping[str, Sequence[Record]] = {
    "computers": [
        {
            "id": "c1",
            "hostName": "ONE",
            "isVDI": True,
            "lastScanDate": "2026-05-01T10:00:00Z",
            "coreCount": 4,
        },
        {"id": "c2", "hostName": "TWO", "isVDI": False, "lastScanDate": "2026-05-02T10:00:00Z"},
    ],
    "licenses": [{"id": "l1", "purchaseCurrency": "EUR", "purchaseValue": 12.5}],
    "applications": [{"id": "a1", "metrics": [{"id": "m1"}], "endOfSupportDate": "2026-06-01T00:00:00Z"}],
    "computer_monitors": [{"computerId": "c1", "name": "Wide"}, {"computerId": "c1", "name": "Wide"}],
    "saas_applications": [{"id": "s1", "discoveryDate": "2026-02-03"}],
}
SHOWN: Mapping[str, Table] = {
    "computers": [
        {
            "id": "c1",
            "host_name": "ONE",
            "is_vdi": True,
            "last_scan_date": datetime(2026, 5, 1, 10),
            "core_count": 4,
        },
        {
            "id": "c2",
            "host_name": "TWO",
            "is_vdi": False,
            "last_scan_date": datetime(2026, 5, 2, 10),
            "core_count": None,
        },
    ],
    "licenses": [{"id": "l1", "purchase_currency": "EUR", "purchase_value": 12.5}],
    "applications": [{"id": "a1", "metrics": [{"id": "m1"}], "end_of_support_date": datetime(2026, 6, 1)}],
    "computer_monitors": [{"computer_id": "c1", "name": "Wide"}, {"computer_id": "c1", "name": "Wide"}],
    "saas_applications": [{"id": "s1", "discovery_date": date(2026, 2, 3)}],
}
"""What the staging models are to show of these rows, whoever has loaded them."""

BEFORE: Mapping[str, Sequence[Record]] = {
    **ROWS,
    "computers": [{**ROWS["computers"][0], "hostName": "OLD"}, ROWS["computers"][1]],
    "licenses": [*ROWS["licenses"], {"id": "gone", "purchaseCurrency": "EUR", "purchaseValue": 1.0}],
}
"""The sync before: a computer had another name, and there was a licence that is gone."""
CHANGES: Mapping[str, Sequence[Record]] = {**ROWS, "computers": ROWS["computers"][:1]}
"""The sync after that: computers are read incrementally, so that only the one that has changed is there."""


@dataclass(frozen=True)
class Loader:
    """Schema with the tables of a loader."""

    schema: str
    spelling: Spelling = str
    added: Mapping[str, str] = field(default_factory=dict)
    """The loader's own columns, and what `stamp` writes into them for a stream in a sync."""
    stamp: Stamp = lambda _stream, _sync: ()
    syncs: Sequence[Mapping[str, Sequence[Record]]] = (ROWS,)

    def load(self, warehouse: Warehouse) -> None:
        for stream, fields in FIELDS.items():
            columns = {self.spelling(name): kind for name, kind in fields.items()}
            rows = [
                [*(_cell(record.get(name)) for name in fields), *self.stamp(stream, number)]
                for number, sync in enumerate(self.syncs, start=1)
                for record in sync[stream]
            ]
            warehouse.make_table(self.schema, stream, {**columns, **self.added}, rows)


def airbyte(stream: str, sync: int) -> Sequence[Any]:
    """Return Airbyte's columns: every full refresh is a new generation, incremental rows stay in the
    first.
    """
    return (f"2026-05-0{sync}T00:00:00Z", 1 if stream == "computers" else sync)


LOADERS = (
    Loader("spelt_as_the_vendor_does", str),
    Loader("in_upper_case", str.upper),
    Loader("in_lower_case", str.lower),
    Loader("in_snake_case", column_name),
    Loader(
        "appended_by_airbyte",
        added={"_airbyte_extracted_at": MOMENT, "_airbyte_generation_id": "BIGINT"},
        stamp=airbyte,
        syncs=(BEFORE, CHANGES),
    ),
    Loader(
        "without_a_generation",
        added={"_airbyte_generation_id": "BIGINT"},
        stamp=lambda _stream, _sync: (None,),
    ),
    Loader(
        "appended_by_dlt",
        column_name,
        added={"_dlt_load_id": "VARCHAR"},
        stamp=lambda _stream, sync: (f"{1777593600.5 + sync}",),
        syncs=(BEFORE, CHANGES),
    ),
)

ODD = "odd"
ODD_DATES = {
    "2026-05-01T12:00:00+02:00": datetime(2026, 5, 1, 10),
    "2026-05-01T05:00:00-0500": datetime(2026, 5, 1, 10),
    "2026-05-01T10:00:00": datetime(2026, 5, 1, 10),
    "2026-05-01 10:00:00.1234564Z": datetime(2026, 5, 1, 10, 0, 0, 123456),
    "1900-01-01T00:00:00Z": datetime(1900, 1, 1),
    "9990-12-31T23:59:59Z": datetime(9990, 12, 31, 23, 59, 59),
    "0001-01-01T00:00:00Z": None,
    "1899-12-31T23:59:59Z": None,
    "9991-01-01T00:00:00Z": None,
    "9999-12-31T23:59:59Z": None,
    "": None,
    "soon": None,
    "2026-13-01T00:00:00Z": None,
}
"""Moments in a column of texts, and what is shown of them."""
NO_DATES, UNREADABLE_DATES = 4, 3


def load_odd_values(warehouse: Warehouse) -> None:
    """Load texts where other types belong, as loaders write unexpected values."""
    second = "HostName" if warehouse.target == "postgres" else "HostName_1"
    columns = {
        "id": "VARCHAR",
        second: "VARCHAR",
        "hostName": "VARCHAR",
        "lastScanDate": "VARCHAR",
        "coreCount": "VARCHAR",
        "isVDI": "BOOLEAN",
        "_extra": "VARCHAR",
    }
    extra = json.dumps({"costCentre": "K1", "isVDI": "perhaps"})
    rows = [
        [f"{number:02}", "other", "own", moment, "4" if number else "12,5", None, None if number else extra]
        for number, moment in enumerate(ODD_DATES)
    ]
    warehouse.make_table(ODD, "computers", columns, rows)
    warehouse.make_table(
        ODD,
        "licenses",
        {"id": "VARCHAR", "purchaseCurrency": "VARCHAR", "purchaseValue": "VARCHAR"},
        [["l1", " eur ", "12.5"], ["l2", " ", "1"], ["l3", "Euro", "2"]],
    )
    warehouse.make_table(
        ODD,
        "applications",
        {"id": "VARCHAR", "metrics": "VARCHAR", "_airbyte_meta": "JSON"},
        [
            ["a1", '[{"id": "m1"}]', '{"changes": []}'],
            ["a2", "{broken", '{"changes": []}'],
            ["a3", None, '{"changes": [{"field": "endOfSupportDate", "change": "NULLED"}]}'],
        ],
    )
    warehouse.make_table(
        ODD,
        "saas_applications",
        {"id": "VARCHAR", "discoveryDate": "DATE"},
        [["s1", "0001-01-01"], ["s2", "9999-12-31"], ["s3", "2026-02-03"]],
    )


@pytest.fixture(scope="module")
def tables(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Table]:
    """Return the models that dbt builds of all schemas at once."""
    warehouse.fill({})
    for loader in LOADERS:
        loader.load(warehouse)
    load_odd_values(warehouse)
    models = [model_name(stream) for stream in FIELDS]
    variables = {
        "snow_atlas_sources": [{"schema": schema} for schema in (*(each.schema for each in LOADERS), ODD)],
        "snow_atlas_pass_through_columns": {"computers": ["costCentre"]},
        "snow_atlas_today": "2026-05-02",
    }
    select = ["+int_snow_atlas__streams", "+snow_atlas__data_quality", *models]
    arguments = ["build", "--indirect-selection", "cautious", "--select", *select]
    run_dbt(warehouse, arguments, variables, tmp_path_factory.mktemp("loaders"))
    return warehouse.tables()


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.schema)
def test_staging_shows_the_rows_whoever_has_loaded_them(tables: Mapping[str, Table], loader: Loader) -> None:
    """A column that is not found is null in every mart, and rows of two syncs double every figure."""
    for stream, shown in SHOWN.items():
        found = [
            {name: _shown(row[name]) for name in shown[0]}
            for row in tables[model_name(stream)]
            if row["tenant_id"] == loader.schema
        ]
        assert sorted(found, key=str) == sorted(shown, key=str), stream


def test_dates_that_are_none_are_null_and_offsets_are_utc(tables: Mapping[str, Table]) -> None:
    """Software whose support ends in the year 1 would have ended, and a licence of 9999 never ends."""
    computers = of(ODD, tables[model_name("computers")])
    assert [row["last_scan_date"] for row in computers] == list(ODD_DATES.values())
    dates = of(ODD, tables[model_name("saas_applications")])
    assert [row["discovery_date"] for row in dates] == [None, None, date(2026, 2, 3)]


def test_texts_that_are_not_what_they_should_be_are_null(tables: Mapping[str, Table]) -> None:
    """One of them would cost the model, and every mart that reads it."""
    assert [row["core_count"] for row in of(ODD, tables[model_name("computers")])] == [None, *[4] * 12]
    metrics = [row["metrics"] for row in of(ODD, tables[model_name("applications")])]
    assert [_shown(each) for each in metrics] == [[{"id": "m1"}], None, None]
    values = [float(row["purchase_value"]) for row in of(ODD, tables[model_name("licenses")])]
    assert values == [12.5, 1.0, 2.0]


def test_what_was_left_out_is_counted(tables: Mapping[str, Table]) -> None:
    """Null for "there is none" and null for "it could not be read" are different things."""
    counted = {row["stream"]: row for row in of(ODD, tables["int_snow_atlas__streams"], "stream")}
    left_out = {name: row["rows_with_dates_left_out"] for name, row in counted.items()}
    unreadable = {name: row["rows_with_unreadable_values"] for name, row in counted.items()}
    assert {name: number for name, number in left_out.items() if number} == {
        "computers": NO_DATES,
        "saas_applications": 2,
    }
    # the first computer has no readable number of cores, and isVDI is no flag
    assert {name: number for name, number in unreadable.items() if number} == {
        "computers": UNREADABLE_DATES + 1,
        "applications": 2,
    }
    checks = {row["check_name"]: row for row in of(ODD, tables["snow_atlas__data_quality"], "check_name")}
    assert (checks["dates_left_out"]["failing"], checks["dates_left_out"]["checked"]) == (6, 22)
    assert checks["dates_left_out"]["examples"] == "computers; saas_applications"
    assert (checks["values_unreadable"]["failing"], checks["values_unreadable"]["status"]) == (6, "found")


def test_currencies_are_known_by_their_code(tables: Mapping[str, Table]) -> None:
    """` eur` and `EUR` would be two currencies that never add up."""
    licenses = of(ODD, tables[model_name("licenses")])
    assert [row["purchase_currency"] for row in licenses] == ["EUR", None, "EURO"]
    checks = {row["check_name"]: row for row in of(ODD, tables["snow_atlas__data_quality"], "check_name")}
    unknown = checks["currencies_not_known"]
    assert (unknown["failing"], unknown["checked"], unknown["examples"]) == (1, 2, "EURO")


def test_a_field_of_nearly_the_same_name_overwrites_nothing(tables: Mapping[str, Table]) -> None:
    """Snow Atlas may add a `HostName` to its `hostName`."""
    assert {row["host_name"] for row in of(ODD, tables[model_name("computers")])} == {"own"}


def test_fields_that_are_not_declared_can_be_shown(tables: Mapping[str, Table]) -> None:
    """A new field would stay in the loader's table until the next release of the package."""
    shown = [row["cost_centre"] for row in of(ODD, tables[model_name("computers")])]
    assert shown == ["K1", *[None] * (len(ODD_DATES) - 1)]


def test_checks_without_their_streams_are_not_synced(tables: Mapping[str, Table]) -> None:
    """ "60 of 60 computers are in no organization", where organizations were not read."""
    for loader in LOADERS:
        checks = {
            row["check_name"]: row for row in of(loader.schema, tables["snow_atlas__data_quality"], "title")
        }
        assert checks["computers_without_organization"]["status"] == "not synced"
        assert checks["computers_without_organization"]["failing"] == 0
        assert checks["computers_not_scanned"]["checked"] == 2
        lacking = checks["streams_of_renewals"]
        assert (lacking["status"], lacking["checked"], lacking["failing"]) == ("found", 10, 8)
        assert "contracts" in lacking["examples"]


def test_rows_of_several_syncs_that_can_not_be_told_apart_are_refused(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Every licence would count twice after the second night."""
    warehouse.fill({})
    Loader(
        "appended",
        added={"_airbyte_extracted_at": MOMENT},
        stamp=lambda _, sync: (f"2026-05-0{sync}",),
        syncs=(ROWS, ROWS),
    ).load(warehouse)
    arguments = ["build", "--select", model_name("licenses"), model_name("saas_applications")]
    with pytest.raises(DbtError) as caught:
        run_dbt(warehouse, arguments, {"snow_atlas_schema": "appended"}, tmp_path)
    told = " ".join(str(caught.value).split())
    assert "has 1 keys of licenses more than once, as if several syncs had been appended" in told
    assert "snow_atlas_leave_out" in told


def of(tenant: str, rows: Table, key: str = "id") -> Table:
    """Return the rows of a tenant, by their key."""
    return sorted((row for row in rows if row["tenant_id"] == tenant), key=lambda row: str(row[key]))


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _shown(value: Any) -> Any:
    """Return a value of a staging model, with JSON parsed."""
    if isinstance(value, str) and value[:1] in "[{":
        return json.loads(value)
    return value
