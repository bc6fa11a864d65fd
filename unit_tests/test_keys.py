"""Keys that are none: null, or the same for several rows. One warning a stream each, judged on the rows that
are given out, with an example that names no person.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from source_snow_atlas import definitions
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.stream.keys import KeyWarnings, may_be_shown
from tools.sensitive import PERSONAL, SECRET
from unit_tests.helpers.fake_http import HOST, FakeHttp, Reply, query_of
from unit_tests.helpers.retriever import retriever
from unit_tests.helpers.retriever import rows as rows_of

SHAPES = {"together": 50, "a few at a time": 4}


def warned_of(rows: Sequence[Row], key: tuple[str, ...], at_once: int = 50) -> list[str]:
    """What is said of rows that are given out so many at once, every kind of trouble once."""
    said: dict[str, str] = {}
    warnings = KeyWarnings(key, "Stream rows", said.setdefault)
    for start in range(0, len(rows), at_once):
        warnings.check(list(rows[start : start + at_once]))
    return list(said.values())


@pytest.mark.parametrize("at_once", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("position", [0, 9, 19])
def test_a_null_in_a_key_is_one_warning_with_an_example(at_once: int, position: int) -> None:
    """A destination that merges by the key would lose the row, and nobody would know why."""
    rows: list[Row] = [{"id": number, "partId": number} for number in range(20)]
    rows[position]["partId"] = None
    rows[19 - position]["partId"] = None
    (message,) = warned_of(rows, ("id", "partId"), at_once)
    assert "partId, a part of the primary key, is null" in message
    assert "id = '" in message
    assert "partId = null)" in message


def test_a_key_that_is_null_as_a_whole_has_no_example() -> None:
    """The user would search for rows whose key is the text None."""
    (message,) = warned_of([{"id": 1}, {"id": None}], ("id",))
    assert "is null in some rows. They are emitted" in message
    assert "None" not in message


@pytest.mark.parametrize("at_once", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("positions", [(0, 1), (12, 15), (18, 19)])
def test_a_key_that_repeats_is_one_warning_with_an_example(at_once: int, positions: tuple[int, int]) -> None:
    """A destination that merges by the key would keep one of the rows only."""
    rows: list[Row] = [{"id": number, "name": f"row {number}"} for number in range(20)]
    for position in positions:
        rows[position]["id"] = 777
    (message,) = warned_of(rows, ("id",), at_once)
    assert "the primary key id is not unique in the data (for example id = '777')" in message


def test_a_list_without_pages_is_looked_at_too(
    config: dict[str, Any], http: FakeHttp, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the audit log or a tree would not learn of it."""
    http.on("GET", f"{HOST}/api/x", Reply(document=[{"id": 1}, {"id": 2}, {"id": 2}, {"id": None}]))
    caplog.set_level(logging.WARNING, logger="airbyte")
    assert len(rows_of(retriever(config, page_parameters=False))) == 4
    assert sorted("null" in record.message for record in caplog.records) == [False, True]


def test_rows_that_their_key_does_not_tell_apart_are_all_given_out(
    config: dict[str, Any], http: FakeHttp, caplog: pytest.LogCaptureFixture
) -> None:
    """Two computers with one id, or none, would be taken for one, and warned of with every page."""
    config["page_size"] = 20
    all_rows = [{"id": (None, 7, number)[number % 3], "name": f"row {number}"} for number in range(100)]

    def answer(request: Any) -> Reply:
        query = query_of(request)
        number, size = int(query["page_number"]), int(query["page_size"])
        pagination = {"page_number": number, "page_size": size, "total_items": 100}
        items = all_rows[(number - 1) * size : number * size]
        return Reply(document={"items": items, "pagination": pagination})

    http.on("GET", f"{HOST}/api/x", answer)
    caplog.set_level(logging.WARNING, logger="airbyte")
    assert rows_of(retriever(config)) == all_rows
    assert sorted("is null" in record.message for record in caplog.records) == [False, True]


def test_a_key_of_several_fields_or_of_a_list_is_looked_at() -> None:
    """A key that can't be hashed would end the sync with a traceback, or not be looked at."""
    rows: list[Row] = [{"id": [number // 2], "part": 1} for number in range(4)]
    (message,) = warned_of(rows, ("id", "part"))
    assert "id, part is not unique" in message
    assert warned_of(rows, ()) == []


@pytest.mark.parametrize("at_once", SHAPES.values(), ids=SHAPES)
def test_good_keys_are_not_warned_of(at_once: int) -> None:
    """A warning at every sync is one that nobody reads."""
    rows: list[Row] = [{"id": number // 2, "part": number % 2, "other": None} for number in range(20)]
    assert warned_of(rows, ("id", "part"), at_once) == []


def test_nulls_that_are_provided_for_are_not_warned_of(
    config: dict[str, Any], http: FakeHttp, caplog: pytest.LogCaptureFixture
) -> None:
    """Streams with the field recordKey merge by it: their users would be frightened by every sync."""
    items = [{"id": 1, "name": None}, {"id": 2, "name": "b"}]
    document = {"items": items, "pagination": {"page_number": 1, "page_size": 500, "total_items": 2}}
    http.on("GET", f"{HOST}/api/x", Reply(document=document))
    caplog.set_level(logging.WARNING, logger="airbyte")
    source = retriever(config, primary_key="recordKey", record_key=["id", "name"])
    assert [row["recordKey"] for row in rows_of(source)] == ["[1, null]", '[2, "b"]']
    assert caplog.records == []


def test_the_example_names_no_person() -> None:
    """Names of people in a log are read by people who may not see them."""
    person = {"userId": "u-17", "userName": "Zoe Example", "licenseKeys": "AAAA-BBBB", "id": 5}
    rows: list[Row] = [{**person, "id": number} for number in (5, 5)]
    repeated = warned_of(rows, ("id", "userId", "userName", "licenseKeys"))
    null = warned_of([{**person, "id": None}], ("id", "userId", "userName", "licenseKeys"))
    assert len(repeated) == len(null) == 1
    for message in repeated + null:
        assert "example" not in message.lower()
        assert not {"u-17", "Zoe", "AAAA"} & set(message.replace("'", " ").replace("-BBBB", "").split())


def test_no_sensitive_field_of_a_key_may_be_shown() -> None:
    """A key field that is added to a stream later may be personal."""
    assert [name for name in PERSONAL | SECRET if may_be_shown(name)] == []
    keys: set[str] = set()
    for definition in definitions.stream_definitions().values():
        key = definition.get("primary_key") or []
        keys.update([key] if isinstance(key, str) else key)
    assert may_be_shown("id")
    assert {"computerId", "licenseId"} <= {name for name in keys if may_be_shown(name)}
    assert not {"name", "environmentVariableName", "userId"} & {name for name in keys if may_be_shown(name)}


def test_text_of_the_server_stays_within_the_line() -> None:
    """A key with line breaks would begin a line of the log that looks like a message of the connector."""
    rows: list[Row] = [{"id": 'x\n{"type": "STATE"}' + "y" * 500}] * 2
    (message,) = warned_of(rows, ("id",))
    assert "\n" not in message
    assert len(message) < 300
