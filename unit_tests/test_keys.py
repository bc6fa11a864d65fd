"""Keys that are none: null, or the same for several rows. One warning a stream each, with an example that
names no person.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from simulation.paged_api import ModelServer
from source_snow_atlas import definitions
from source_snow_atlas.components.collection.keys import may_be_shown
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page, Row
from tools.sensitive import PERSONAL, SECRET
from unit_tests.helpers.fake_http import HOST, FakeHttp, Reply
from unit_tests.helpers.retriever import retriever
from unit_tests.helpers.retriever import rows as rows_of

SHAPES = {"one page": 50, "many pages": 4}


def read(rows: Sequence[Row], page_size: int, key: tuple[str, ...], **options: Any) -> tuple[int, list[str]]:
    """How many rows came, and what was warned of."""
    warned: list[str] = []
    server = ModelServer(list(rows))
    reader = server.reader(page_size, key, warn=lambda kind, message: warned.append(message), **options)
    return sum(len(batch) for batch in reader.rows()), warned


@pytest.mark.parametrize("page_size", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("position", [0, 9, 19])
def test_a_null_in_a_key_is_one_warning_with_an_example(page_size: int, position: int) -> None:
    """A destination that merges by the key would lose the row, and nobody would know why."""
    rows: list[Row] = [{"id": number, "partId": number} for number in range(20)]
    rows[position]["partId"] = None
    rows[19 - position]["partId"] = None
    count, warned = read(rows, page_size, ("id", "partId"))
    assert count == 20
    (message,) = warned
    assert "partId, a part of the primary key, is null" in message
    assert "id = '" in message


@pytest.mark.parametrize("page_size", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("positions", [(0, 1), (2, 17), (18, 19)])
def test_a_key_that_repeats_is_one_warning_with_an_example(
    page_size: int, positions: tuple[int, int]
) -> None:
    """A destination that merges by the key would keep one of the rows only."""
    rows: list[Row] = [{"id": number, "name": f"row {number}"} for number in range(20)]
    for position in positions:
        rows[position]["id"] = 777
    count, warned = read(rows, page_size, ("id",))
    assert count == 20
    (message,) = warned
    assert "the primary key id is not unique in the data (for example id = '777')" in message


def test_a_list_without_pages_is_looked_at_too() -> None:
    """Whoever reads the audit log or a tree would not learn of it."""
    warned: list[str] = []
    page = Page([{"id": 1}, {"id": 2}, {"id": 2}, {"id": None}])
    reader = CollectionReader(
        "Stream rows",
        lambda number, size, numbers: page,
        50,
        ("id",),
        warn=lambda kind, message: warned.append(message),
    )
    assert [len(batch) for batch in reader.rows()] == [4]
    assert len(warned) == 2


@pytest.mark.parametrize("page_size", SHAPES.values(), ids=SHAPES)
def test_good_keys_are_not_warned_of(page_size: int) -> None:
    """A warning at every sync is one that nobody reads."""
    rows: list[Row] = [{"id": number // 2, "part": number % 2, "other": None} for number in range(20)]
    assert read(rows, page_size, ("id", "part")) == (20, [])


def test_nulls_that_are_provided_for_are_not_warned_of(
    config: dict[str, Any], http: FakeHttp, caplog: pytest.LogCaptureFixture
) -> None:
    """Streams with the field recordKey merge by it: their users would be frightened by every sync."""
    document = {"items": [{"id": 1, "name": None}, {"id": 2, "name": "b"}]}
    http.on("GET", f"{HOST}/api/x", Reply(document=document))
    caplog.set_level(logging.WARNING, logger="airbyte")
    source = retriever(config, primary_key="recordKey", record_key=["id", "name"])
    assert [row["recordKey"] for row in rows_of(source)] == ["[1, null]", '[2, "b"]']
    assert caplog.records == []


def test_the_example_names_no_person() -> None:
    """Names of people in a log are read by people who may not see them."""
    person = {"userId": "u-17", "userName": "Zoe Example", "licenseKeys": "AAAA-BBBB", "id": 5}
    rows: list[Row] = [{**person, "id": number} for number in (5, 5)]
    _, warned = read(rows, 50, ("id", "userId", "userName", "licenseKeys"))
    _, warned_of_null = read([{**person, "id": None}], 50, ("id", "userId", "userName", "licenseKeys"))
    for message in warned + warned_of_null:
        assert "id = " in message
        assert not {"u-17", "Zoe", "AAAA"} & set(message.replace("'", " ").split())
    assert len(warned) == len(warned_of_null) == 1


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
    _, (message,) = read(rows, 50, ("id",))
    assert "\n" not in message
    assert len(message) < 300
