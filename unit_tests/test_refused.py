"""Which value a warehouse refused, found in the files that PyAirbyte could not load."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snow_atlas_sync.refused import find_refused, problem

BATCH = "01HZX3Y7Q8R9S0T1V2W3X4Y5Z6"
WHOLE = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
TEXT = {"type": ["null", "string"]}
MOMENT = {"type": ["null", "string"], "format": "date-time"}
TRUTH = {"type": ["null", "boolean"]}
ANYTHING = {"type": ["null", "object"]}


def cache(folder: Path, dialect: str) -> Any:
    """What is asked of a cache."""
    engine = SimpleNamespace(dialect=SimpleNamespace(name=dialect))
    return SimpleNamespace(cache_dir=folder, get_sql_engine=lambda: engine)


def write(path: Path, *records: dict[str, Any], age: float = 0) -> None:
    """A file as PyAirbyte leaves it."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    os.utime(path, (1000 - age, 1000 - age))


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (None, WHOLE),
        (2**63 - 1, WHOLE),
        (-(2**63), WHOLE),
        ("17", WHOLE),
        (10**28, NUMBER),
        (0, NUMBER),
        (1.5, NUMBER),
        ("x" * 10_000_000, TEXT),
        ("1" * 40, TEXT),
        ("2026-01-02T03:04:05.1234567Z", MOMENT),
        (True, TRUTH),
        ({"a": [None]}, ANYTHING),
        (10**40, {}),
    ],
)
def test_values_that_fit_are_not_suspected(value: Any, declared: dict[str, Any]) -> None:
    """The user would look for the fault in the wrong field."""
    assert problem(value, declared, without_nul=True) == ""


@pytest.mark.parametrize(
    ("value", "declared", "said"),
    [
        (2**63, WHOLE, "a whole number of 19 digits"),
        (10**39, WHOLE, "a whole number of 40 digits"),
        (10**39, NUMBER, "a whole number of 40 digits"),
        (-(10.0**29), NUMBER, "a whole number of 30 digits"),
        ("secret", WHOLE, "a text of 6 characters where a whole number belongs"),
        ([1], NUMBER, "a list where a number belongs"),
        (True, WHOLE, "true or false where a whole number belongs"),
        ("secret", TRUTH, "a text of 6 characters where true or false belongs"),
        ("2026-02-30T00:00:00Z", MOMENT, "a text of 20 characters where a date belongs"),
        ("a\0b", TEXT, "U+0000"),
        ({"a": [{"\0": 1}]}, ANYTHING, "U+0000"),
    ],
)
def test_values_that_do_not_fit_are_described_and_not_shown(
    value: Any, declared: dict[str, Any], said: str
) -> None:
    """The user would not know what to look for; or a personal value would stand in a log."""
    described = problem(value, declared, without_nul=True)
    assert said in described
    assert "secret" not in described


def test_stream_and_field_are_named(tmp_path: Path) -> None:
    """With a dozen streams of forty fields each, the value could be anywhere."""
    write(tmp_path / f"computers_{BATCH}.jsonl.gz", {"id": "1", "processorcount": 4, "_airbyte_meta": {}})
    write(tmp_path / f"computer_costs_{BATCH}.jsonl.gz", {"purchaseprice": 1.5}, {"purchaseprice": 10**40})
    found = find_refused(cache(tmp_path, "duckdb"), ["computers", "computer_costs"], since=1000)
    assert found is not None
    assert (found.stream, found.field) == ("computer_costs", "purchasePrice")
    assert "the field purchasePrice: a whole number of 41 digits" in found.sentence


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """A file of an earlier sync, or of a stream whose name begins the same, would be blamed."""
    odd = {"processorcount": "four", "id": 1}
    write(tmp_path / f"computers_{BATCH}.jsonl.gz", odd, age=1)
    write(tmp_path / f"computers_{BATCH}_more_{BATCH}.jsonl.gz", odd)
    assert find_refused(cache(tmp_path, "duckdb"), ["computers"], since=1000) is None


@pytest.mark.parametrize(("dialect", "is_found"), [("duckdb", False), ("postgresql", True)])
def test_the_character_nul_is_refused_by_some(tmp_path: Path, dialect: str, is_found: bool) -> None:
    """DuckDB holds it, so another value must be looked for there."""
    write(tmp_path / f"computers_{BATCH}.jsonl.gz", {"hostname": "a\0b"})
    assert (find_refused(cache(tmp_path, dialect), ["computers"], since=1000) is not None) is is_found
