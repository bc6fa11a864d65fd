"""The SQL of every model and test is well-formed in the dialect of each database."""

from __future__ import annotations

import subprocess

import pytest

from integration_tests.dbt_package.building import PROJECT, Built

SQLFLUFF = PROJECT / ".cache" / "sqlfluff" / "bin" / "python"
WELL_FORMED = PROJECT / "integration_tests" / "dbt_package" / "emulators" / "well_formed.py"


def test_the_sql_is_well_formed_in_its_dialect(request: pytest.FixtureRequest, company_built: Built) -> None:
    """Emulators take any name for a column; BigQuery would refuse a whole model for one that is reserved."""
    if request.config.getoption("--marts") != "*":
        pytest.skip("only some of the models were built")
    command = [str(SQLFLUFF), str(WELL_FORMED), company_built.target, str(company_built.compiled)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert len(list(company_built.compiled.rglob("*.sql"))) > 400
