"""Each scenario is loaded and built once in each warehouse; the tests of all marts then look at the same
tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from dbt_tests.building import Built, build, dbt
from dbt_tests.scenarios import CHANGES, Rows, company, scenario
from dbt_tests.warehouses import DuckDB, PostgreSQL, Warehouse
from integration_tests.helpers.postgres_server import PostgresUnavailable, private_postgres

EVERYTHING = "*"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--marts",
        default=EVERYTHING,
        help="build only these marts and what they need, as in --marts 'snow_atlas__renewals'",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process builds on one warehouse: two of them halve the time, and no scenario is built twice."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        group = callspec.params.get("warehouse", "report") if callspec else "report"
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def company_rows() -> Rows:
    if not dbt("duckdb").exists():
        pytest.fail("dbt is not installed: run make dbt-test")
    return company()


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
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
    """Builds a scenario by name: the selected marts, or everything."""
    marts: str = request.config.getoption("--marts")
    select = ["*"] if marts == EVERYTHING else [f"+{name}" for name in marts.split()]
    scratch = tmp_path_factory.mktemp(f"dbt-{warehouse.target}")

    @cache
    def built(name: str) -> Built:
        return build(scenario(name, company_rows), warehouse, select, scratch)

    return built


@pytest.fixture(params=list(CHANGES))
def built(request: pytest.FixtureRequest, build_scenario: Callable[[str], Built]) -> Built:
    """The tables of each scenario in turn."""
    return build_scenario(request.param)


@pytest.fixture
def company_built(build_scenario: Callable[[str], Built]) -> Built:
    """The tables of the company as it is."""
    return build_scenario("company")
