"""Which rows were seen: the memory behind "no row twice"."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.collection.seen import SeenRows, content_hash, key_hash

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
