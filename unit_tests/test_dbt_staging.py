"""The staging models of the dbt package: what their columns are called, of which types they are, and what is
left out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import dbt_staging
from tools.dbt_staging import columns, model, model_name, staged_streams
from tools.sensitive import SECRET


def test_the_models_are_up_to_date() -> None:
    """A new field would be missing in the warehouse of those who use the package: run `make dbt-staging`."""
    assert sorted(path.name for path in dbt_staging.stale_files(dbt_staging.STAGING)) == []


def test_stale_missing_and_left_over_models_are_found_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CI could not tell that somebody forgot to write the models anew."""
    monkeypatch.setattr(dbt_staging, "STAGING", tmp_path)
    assert dbt_staging.main([]) == 0
    assert dbt_staging.main(["--check"]) == 0
    (tmp_path / "saas" / "stg_snow_atlas__saas_applications.sql").write_text("old", encoding="utf-8")
    (tmp_path / "saas" / "stg_snow_atlas__former.sql").write_text("old", encoding="utf-8")
    (tmp_path / "_sources.yml").unlink()
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
        ("licenses", "incompleteReasons", "incomplete_reasons", "json"),
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


def test_no_relation_has_a_name_that_postgresql_refuses() -> None:
    """A whole build would fail on PostgreSQL because of one stream with a long name."""
    for stream in staged_streams():
        alias = re.search(r"config\(alias='(\w+)'\)", model(stream))
        assert len(alias[1] if alias else model_name(stream)) <= 63
