"""Which rows were seen: the memory behind "no row twice"."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.collection import seen as seen_module
from source_snow_atlas.components.collection.seen import SeenRows, content_hash, file_system, key_hash

INTEGERS = st.integers(-(2**63), 2**64) | st.sampled_from([0, 1, -1, 4096, 2**32, 2**63, 2**64 - 1])


@given(st.lists(INTEGERS, max_size=300), st.integers(0, 100_000))
def test_agrees_with_a_set(values: list[int], expected: int) -> None:
    """Rows would be dropped as repeats that are none, or given out twice."""
    seen, model = SeenRows(expected), set()
    for value in values:
        slot = (value & (2**64 - 1)) or 1  # zero shares the place of one: it marks a free slot
        assert seen.add(value) == (slot not in model)
        model.add(slot)
        assert len(seen) == len(model)


def test_grows_far_beyond_what_was_expected() -> None:
    """A collection without totals would stop or lose rows when its table is full."""
    seen = SeenRows()
    values = [hash((number, "row")) for number in range(50_000)]
    assert all(seen.add(value) for value in values)
    assert not any(seen.add(value) for value in values)
    assert len(seen) == 50_000


@given(st.lists(st.integers(0, 2**16).map(lambda number: number << 20), unique=True, max_size=200))
def test_hashes_that_collide_are_told_apart(values: list[int]) -> None:
    """Rows whose hashes fall on the same slot would be taken for one row."""
    seen = SeenRows()
    assert all(seen.add(value) for value in values if value)


KEYS = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)


@given(KEYS, KEYS)
def test_rows_with_the_same_key_have_the_same_hash(first: object, second: object) -> None:
    """A row would come twice, or a row with a null or a list in its key would stop the sync."""
    one = key_hash({"a": first, "b": second, "other": 1}, ("a", "b"))
    assert one == key_hash({"b": second, "other": 2, "a": first}, ("a", "b"))


def test_contents_are_told_apart_whatever_they_hold() -> None:
    """Rows without a key: huge numbers and lone surrogates would stop the sync."""
    rows = [{"a": 10**30}, {"a": "\ud800"}, {"a": 1}, {"a": 2}, {"b": 1}, {}]
    assert len({content_hash(row) for row in rows}) == len(rows)
    assert content_hash({"a": 1, "b": [2]}) == content_hash({"b": [2], "a": 1})


@pytest.mark.parametrize("writable", [True, False])
def test_a_large_table_lies_in_a_file_and_holds_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture, writable: bool
) -> None:
    """Fifty million rows would take a gibibyte that nobody can reclaim; on a read-only root they would end
    the sync.
    """
    monkeypatch.setattr(seen_module, "IN_MEMORY", 1 << 12)
    monkeypatch.setattr(seen_module, "_said", set())
    seen = SeenRows(folder=lambda: str(tmp_path) if writable else None)
    values = [hash((number, "row")) for number in range(30_000)]
    assert seen.add_all(values) == list(range(30_000))
    assert seen.add_all(values) == []
    assert all(value in seen for value in values[::100])
    assert len(seen) == 30_000
    assert list(tmp_path.iterdir()) == [], "the file has no name: nothing stays behind"
    said = [record for record in caplog.records if "no folder on a disk" in record.message]
    assert len(said) == 0 if writable else len(said) >= 1
    seen.close()
    assert values[0] not in seen


def test_memory_that_looks_like_a_disk_is_told_apart() -> None:
    """A table on tmpfs would take the memory that the file is meant to save."""
    if Path("/dev/shm").is_dir():
        assert file_system("/dev/shm") == "tmpfs"
    assert file_system(tempfile.gettempdir()) != ""
