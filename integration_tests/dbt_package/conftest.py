"""Fixtures that load and build each scenario once per warehouse, for the tests of all marts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import pytest

from integration_tests.dbt_package.building import Built, build, dbt
from integration_tests.dbt_package.emulated import EMULATED, emulator
from integration_tests.dbt_package.scenarios import CHANGES, Rows, company, scenario
from integration_tests.dbt_package.warehouses import DuckDB, PostgreSQL, Warehouse
from integration_tests.helpers.postgres_server import PostgresUnavailable, private_postgres

EVERYTHING = "*"
EMULATED_SCENARIOS = ("company", "nulls", "edges")
"""Scenarios for emulators, which are slow: those in which databases differ most."""
EMULATED_ROWS = 60
"""Rows of each stream."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--marts",
        default=EVERYTHING,
        help="build only these marts and what they need, as in --marts 'snow_atlas__renewals'",
    )


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group tests by warehouse, so that one process builds each scenario once."""
    kept, left_out = [], []
    for item in items:
        params = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        item.add_marker(pytest.mark.xdist_group(str(params.get("warehouse", "report"))))
        (left_out if _is_too_much(item, params) else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def _is_too_much(item: pytest.Item, params: Mapping[str, object]) -> bool:
    """Return whether emulators skip a test: they run few scenarios, and no handmade tables."""
    if params.get("warehouse") not in EMULATED or not isinstance(item, pytest.Function):
        return False
    wanted = set(inspect.signature(item.function).parameters)
    if wanted & {"warehouse", "build_scenario", "tenant_only", "tables", "duckdb_only"}:
        return True
    return params.get("built", "company") not in EMULATED_SCENARIOS


@pytest.fixture(scope="session")
def company_rows() -> Rows:
    if not dbt("duckdb").exists():
        pytest.fail("dbt is not installed: run make dbt-test")
    return company()


@pytest.fixture(scope="session", params=["duckdb", "postgres", *EMULATED])
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    if request.param in EMULATED:
        if not dbt(request.param).exists():
            pytest.fail(f"dbt's adapter for {request.param} is not installed: run make dbt-test")
        with emulator(request.param, tmp_path_factory.mktemp(request.param)) as running:
            yield running
        return
    if request.param == "duckdb":
        yield DuckDB(tmp_path_factory.mktemp("duckdb") / "warehouse.duckdb")
        return
    try:
        with private_postgres() as server:
            yield PostgreSQL(server)
    except PostgresUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def build_scenario(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    company_rows: Rows,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Built]:
    """Return a function that builds a scenario by name: the selected marts, or all models."""
    marts: str = request.config.getoption("--marts")
    select = ["*"] if marts == EVERYTHING else [f"+{name}" for name in marts.split()]
    scratch = tmp_path_factory.mktemp(f"dbt-{warehouse.target}")

    @cache
    def built(name: str) -> Built:
        rows = company_rows
        if warehouse.target in EMULATED:
            rows = {stream: held[:EMULATED_ROWS] for stream, held in rows.items()}
        return build(scenario(name, rows), warehouse, select, scratch)

    return built


@pytest.fixture(params=list(CHANGES))
def built(request: pytest.FixtureRequest, build_scenario: Callable[[str], Built]) -> Built:
    """The tables of each scenario in turn."""
    return build_scenario(request.param)


@pytest.fixture
def company_built(build_scenario: Callable[[str], Built]) -> Built:
    """The tables of the company as it is."""
    return build_scenario("company")
