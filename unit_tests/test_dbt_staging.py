"""The staging models of the dbt package: what their columns are called, of which types they are, and what is
left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from source_snow_atlas import definitions
from tools import dbt_staging
from tools.dbt_staging import columns, model, model_name, staged_streams
from tools.sensitive import SECRET


@pytest.fixture(scope="module", autouse=True)
def _files_made_once() -> Iterator[None]:
    """Make the text of all files once, as it takes half a second and is the same each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt_staging, "files", cache(dbt_staging.files))
        yield


def test_the_models_are_up_to_date() -> None:
    """A new field would be missing in the warehouse of those who use the package: run `make dbt-staging`."""
    assert sorted(path.name for path in dbt_staging.stale_files(dbt_staging.MODELS)) == []


def test_stale_missing_and_left_over_models_are_found_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CI could not tell that somebody forgot to write the models anew."""
    monkeypatch.setattr(dbt_staging, "MODELS", tmp_path)
    assert dbt_staging.main([]) == 0
    assert dbt_staging.main(["--check"]) == 0
    (tmp_path / "staging" / "saas" / "stg_snow_atlas__saas_applications.sql").write_text(
        "old", encoding="utf-8"
    )
    (tmp_path / "staging" / "saas" / "stg_snow_atlas__former.sql").write_text("old", encoding="utf-8")
    (tmp_path / "staging" / "_sources.yml").unlink()
    capsys.readouterr()
    assert dbt_staging.main(["--check"]) == 1
    told = capsys.readouterr().out
    assert all(name in told for name in ("saas_applications.sql", "former.sql", "_sources.yml"))
    assert told.count("stale") == 3
    assert dbt_staging.main([]) == 0
    assert dbt_staging.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("stream", "field", "name", "kind"),
    [
        ("computers", "lastScanDate", "last_scan_date", "timestamp"),
        ("computers", "isVDI", "is_vdi", "boolean"),
        ("computers", "coreCount", "core_count", "integer"),
        ("licenses", "purchaseValue", "purchase_value", "money"),
        ("licenses", "incompleteReasons", "incomplete_reasons", "any"),
        ("licenses", "purchaseCurrency", "purchase_currency", "currency"),
        ("licenses", "upgrades", "upgrades", "json"),
        ("saas_applications", "discoveryDate", "discovery_date", "date"),
        ("saas_applications", "utilization", "utilization", "double"),
        ("saas_application_kpis", "monthlyCost.valueCurrent", "monthly_cost_value_current", "money"),
        ("saas_application_kpis", "totalUsers.value30DaysAgo", "total_users_value_30_days_ago", "integer"),
        ("saas_salesforce_subscriptions", "totalCostPerMonth", "total_cost_per_month", "money"),
    ],
)
def test_fields_become_columns(stream: str, field: str, name: str, kind: str) -> None:
    """Money as a float would not add up, and a date as text could not be compared."""
    assert [(column.name, column.type) for column in columns(stream) if column.source == field] == [
        (name, kind)
    ]


def test_secrets_and_links_are_left_out() -> None:
    """Licence keys would be copied into a schema that more people may read."""
    fields = {column.field for stream in staged_streams() for column in columns(stream)}
    assert fields.isdisjoint({*SECRET, "_links"})
    assert "computer_environment_variables" not in staged_streams()
    assert "user_accounts" in staged_streams()


def test_columns_that_name_a_person_say_so() -> None:
    """Whoever masks personal data goes by the mark."""
    described = dbt_staging.descriptions(["computers"])
    person, machine = (
        described.split(f"name: {name}\n")[1].split("- name")[0] for name in ("most_recent_user", "model")
    )
    assert "personal: true" in person
    assert "personal" not in machine


def test_two_fields_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them would silently show the values of the other."""
    text = {"type": ["null", "string"], "description": "A text."}
    monkeypatch.setattr(dbt_staging, "schema", lambda _stream: {"properties": {"isX": text, "is_x": text}})
    with pytest.raises(ValueError, match="is_x"):
        columns("computers")


def test_no_relation_has_a_name_that_postgresql_would_cut() -> None:
    """dbt adds `__dbt_backup` to a name: tables whose names begin alike would be in each other's way."""
    names = [dbt_staging.view_name(stream) for stream in staged_streams()]
    assert max(map(len, names)) <= 51
    assert len(set(names)) == len(names)
    for stream, name in zip(staged_streams(), names, strict=True):
        alias = re.search(r"config\(alias='(\w+)'\)", model(stream))
        assert (alias[1] if alias else model_name(stream)) == name


def test_a_stream_whose_name_is_too_long_is_refused() -> None:
    """Its table would be built the first time, and fail at random later."""
    with pytest.raises(ValueError, match="no name of at most 51 characters"):
        dbt_staging.view_name("oracle_database_options_of_virtual_machines_in_datacenters")


def test_the_page_on_loaders_says_from_which_namespace_on_raw_tables_collide() -> None:
    """Airbyte's destinations would write two streams into one raw table, and rows of one be lost."""
    page = dbt_staging.PROJECT / "dbt" / "LOADERS.md"
    told = " ".join(page.read_text(encoding="utf-8").split())
    found = re.search(
        r"from a namespace of (\d+) characters on, some streams share one "
        r"\((\d+) streams with (\d+), (\d+) with (\d+)\)",
        told,
    )
    assert found is not None
    first, fewest, shortest, more, longer = map(int, found.groups())
    assert first == shortest
    assert [colliding(length) for length in range(1, first)] == [0] * (first - 1)
    assert (colliding(first), colliding(longer)) == (fewest, more)


def colliding(namespace: int) -> int:
    """How many streams share the name of their raw table, 63 characters of it, with another."""
    names = Counter(
        ("n" * namespace + "_raw__stream_" + stream)[:63] for stream in definitions.stream_definitions()
    )
    return sum(number for number in names.values() if number > 1)
