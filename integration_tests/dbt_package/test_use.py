"""The package in use: wrong variables and schemas, missing streams, freshness, tenants."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_tests.dbt_package.building import PACKAGE, DbtError, run_dbt
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Rows, scenario
from integration_tests.dbt_package.warehouses import PostgreSQL, Warehouse
from tools.dbt_staging import LONGEST_NAME, model_name, staged_streams

TENANT = ["build", "--select", model_name("tenant")]
MARTS = tuple(sorted(path.stem for path in (PACKAGE / "models" / "marts").glob("*.sql")))
HISTORY = tuple(path.stem for path in (PACKAGE / "models" / "history").glob("*.sql"))
CHANGES = "snow_atlas__changes"
"""Empty where marts were built on one day only: test_history has it."""


@pytest.fixture
def tenant_only(warehouse: Warehouse, company_rows: Rows) -> Warehouse:
    """Return a warehouse with one table."""
    warehouse.fill({"tenant": company_rows["tenant"]})
    return warehouse


def refused(warehouse: Warehouse, variables: Mapping[str, Any], scratch: Path) -> str:
    """Return dbt's message of a run that fails, in one line."""
    with pytest.raises(DbtError) as caught:
        run_dbt(warehouse, TENANT, variables, scratch)
    return " ".join(str(caught.value).split())


def test_a_wrong_schema_is_an_error_that_names_the_right_one(tenant_only: Warehouse, tmp_path: Path) -> None:
    """Every mart would be empty, and every test would pass."""
    told = refused(tenant_only, {"snow_atlas_schema": "elsewhere"}, tmp_path)
    known, schema = len(staged_streams()), tenant_only.schema
    assert f"0 of {known} tables of Snow Atlas in schema elsewhere of" in told
    assert f"there are 1 in {schema}. Set snow_atlas_schema" in told
    told = refused(tenant_only, {"snow_atlas_prefix": "atlas_"}, tmp_path)
    assert f"0 of {known} tables of Snow Atlas in schema {schema} of" in told
    assert "none in its other schemas" in told
    assert "snow_atlas_prefix" in told


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"snow_atlas_shema": "main"}, "snow_atlas_shema is no variable of snow_atlas; it has"),
        ({"snow_atlas_unused_days": "ninety"}, "snow_atlas_unused_days is to be a number, and not ninety"),
        ({"snow_atlas_unused_days": -1}, "snow_atlas_unused_days is to be a number, and not -1"),
        ({"snow_atlas_leave_out": "computers"}, "snow_atlas_leave_out is to be a list, and not computers"),
        ({"snow_atlas_leave_out": ["computer"]}, "snow_atlas_leave_out: there is no stream computer"),
        (
            {"snow_atlas_pass_through_columns": {"machines": ["x"]}},
            "snow_atlas_pass_through_columns: there is no stream machines",
        ),
        (
            {"snow_atlas_today": "31.01.2026"},
            "snow_atlas_today is to be a day as 2026-01-31, and not 31.01.2026",
        ),
        ({"snow_atlas_today": "2199-01-31"}, "snow_atlas_today is 2199-01-31, a day in the future"),
        ({"snow_atlas_since": "2199-01-31"}, "snow_atlas_since is 2199-01-31, a day in the future"),
        ({"snow_atlas_since": 20260131}, "snow_atlas_since is to be a text in quotes, and not 20260131"),
        ({"snow_atlas_refresh_points": {"ages": 1}}, "snow_atlas_refresh_points: ages: 1"),
        ({"snow_atlas_sources": [{"shema": "main"}]}, "a database, a schema and a tenant_id for each tenant"),
        ({"snow_atlas_sources": [{"tenant_id": "a'b"}]}, "the tenant_id a'b has more than letters"),
        ({"snow_atlas_sources": [{"tenant_id": "a"}, {"tenant_id": "b"}]}, "comes twice"),
        ({"snow_atlas_sources": [{"schema": "main"}, {"schema": "x", "tenant_id": "main"}]}, "comes twice"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_variable_is_an_error_that_says_what_is_right(
    duckdb_only: Warehouse, variables: Mapping[str, Any], told: str, tmp_path: Path
) -> None:
    """A misspelt name is ignored, and a threshold of no number is 0, without a word."""
    assert told in refused(duckdb_only, variables, tmp_path)


@pytest.fixture
def duckdb_only(tenant_only: Warehouse) -> Warehouse:
    if tenant_only.target != "duckdb":
        pytest.skip("the same on every database")
    return tenant_only


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project of the user that depends on the package."""
    folder = tmp_path / "project"
    shutil.copytree(PACKAGE / "profiles", folder / "profiles")
    document = {"name": "warehouse", "version": "1.0.0", "profile": "snow_atlas", "model-paths": ["models"]}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "packages.yml").write_text(
        yaml.safe_dump({"packages": [{"local": str(PACKAGE)}]}), encoding="utf-8"
    )
    (folder / "models").mkdir()
    (folder / "models" / "renewals.sql").write_text(
        "select tenant_id, kind from {{ ref('snow_atlas__renewals') }}", encoding="utf-8"
    )
    return folder


def test_a_project_has_it_beside_its_own_models(
    duckdb_only: Warehouse, project: Path, tmp_path: Path
) -> None:
    """A model `renewals` of the user's own is not in the way, and its variables are looked at as well."""
    run_dbt(duckdb_only, ["deps"], {}, tmp_path, project=project)
    run_dbt(duckdb_only, ["run", "--select", "+renewals"], {}, tmp_path, project=project)
    assert duckdb_only.query("SELECT * FROM main.renewals") == []
    settings = project / "dbt_project.yml"
    document = yaml.safe_load(settings.read_text(encoding="utf-8"))
    document["vars"] = {"snow_atlas": {"snow_atlas_unused": 30}}
    settings.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(DbtError, match="snow_atlas_unused is no variable of snow_atlas"):
        run_dbt(duckdb_only, ["run", "--select", "+renewals"], {}, tmp_path, project=project)
    # nothing of the package is asked for
    run_dbt(duckdb_only, ["list", "--select", "renewals"], {}, tmp_path, project=project)


def test_marts_that_lack_streams_are_named_at_the_end_of_the_run(
    tenant_only: Warehouse, tmp_path: Path
) -> None:
    """An empty mart looks like good news."""
    arguments = ["run", "--select", "+snow_atlas__renewals", "snow_atlas__renewals_history"]
    told = run_dbt(tenant_only, arguments, {}, tmp_path, quiet=False)
    (line,) = (line for line in told.splitlines() if "lack streams" in line)
    assert (
        "snow_atlas__renewals (agreement_details, agreement_periods, agreements, applications, contract"
        in line
    )
    assert "snow_atlas__saas_seats" not in line
    assert "snow_atlas__renewals_history" not in line  # it lacks what the mart lacks


def test_a_prefix_of_the_connection_is_a_variable(tenant_only: Warehouse, tmp_path: Path) -> None:
    """Airbyte lets a connection put a prefix before the names of its tables."""
    tenant_only.execute("ALTER TABLE tenant RENAME TO atlas_tenant")
    run_dbt(tenant_only, TENANT, {"snow_atlas_prefix": "atlas_"}, tmp_path)
    assert len(tenant_only.tables()[model_name("tenant")]) == 1


def test_freshness_is_told_of_every_tenant(warehouse: Warehouse, company_rows: Rows, tmp_path: Path) -> None:
    """A sync that stopped weeks ago leaves marts that look as they should."""
    warehouse.fill({name: company_rows[name] for name in ("tenant", "computers")})
    arguments = [
        "source",
        "freshness",
        "--select",
        *(f"source:snow_atlas.{name}" for name in ("computers", "licenses")),
    ]
    # the rows of these tests are of a day of their own, and licences are not synced
    with pytest.raises(DbtError, match="source computers"):
        run_dbt(warehouse, arguments, {}, tmp_path)
    ages = {"snow_atlas_warn_after_hours": 10**6, "snow_atlas_error_after_hours": 10**6}
    run_dbt(warehouse, arguments, ages, tmp_path)


def test_tenants_stay_apart_in_every_mart(warehouse: Warehouse, company_rows: Rows, tmp_path: Path) -> None:
    """The licences of one customer would be counted for another: ids of several tenants may be the same."""
    tenants = {"first": scenario("edges", company_rows), "second": scenario("no_organization", company_rows)}
    warehouse.fill({})
    for name, held in tenants.items():
        warehouse.fill_schema(name, held.rows)
    variables = {
        **tenants["first"].variables,
        "snow_atlas_sources": [{"schema": "first"}, {"schema": "second", "tenant_id": "customer 2"}],
    }
    run_dbt(warehouse, ["build"], variables, tmp_path)
    tables = warehouse.tables()
    for mart in sorted({*MARTS} - {CHANGES}):
        module = import_module(f"integration_tests.dbt_package.test_{mart.removeprefix('snow_atlas__')}")
        for tenant_id, held in zip(("first", "customer 2"), tenants.values(), strict=True):
            expected = list(module.expected(held))
            found = [
                {name: row[name] for name in expected[0]}
                for row in tables[mart]
                if row["tenant_id"] == tenant_id
            ]
            assert difference(found, expected, module.KEY) == "", (mart, tenant_id)
        assert {row["tenant_id"] for row in tables[mart]} == {"first", "customer 2"}


def test_a_second_run_with_eight_threads_replaces_everything(
    warehouse: Warehouse, company_rows: Rows, tmp_path: Path
) -> None:
    """dbt renames a table to its name with `__dbt_backup`, which PostgreSQL cuts: from the second run
    on, tables whose names begin alike were in each other's way, at random.
    """
    if not isinstance(warehouse, PostgreSQL):
        pytest.skip("only PostgreSQL cuts names")
    warehouse.fill({stream: rows[:3] for stream, rows in company_rows.items()})
    for _ in range(2):
        run_dbt(warehouse, ["run", "--threads", "8"], {}, tmp_path)
    names = list(warehouse.tables())
    assert len(names) == len(staged_streams()) + len(MARTS) + len(HISTORY) + 2
    assert [name for name in names if len(name) > LONGEST_NAME] == []
