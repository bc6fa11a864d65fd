"""Keys of parents: every child stream gets every key once, whoever reads the parents, and a failure reaches
all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.errors import ServerError, SnowAtlasError, TransientError
from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.parents import KeyFeed, KeySource, ParentReading, ParentRegistry
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.parent_keys import children_rows
from source_snow_atlas.components.stream.parent_router import ParentPartitionRouter
from unit_tests.helpers.fake_http import HOST, FakeHttp, Reply

PATIENCE = 20.0
"""Seconds until a test takes threads for deadlocked."""


def in_threads(tasks: list[Callable[[], Any]]) -> list[Any]:
    """The results of tasks that run side by side; an exception stands for the result of a task that
    failed.
    """
    results: list[Any] = [None] * len(tasks)
    finished: list[int] = []

    def work(index: int) -> None:
        try:
            results[index] = tasks[index]()
        except Exception as error:
            results[index] = error
        finished.append(index)

    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(finished) == len(tasks), "threads are waiting for one another"
    return results


def batches_of(
    rows: list[Row], size: int, reads: list[int] | None = None
) -> Callable[[], Iterator[list[Row]]]:
    def batches() -> Iterator[list[Row]]:
        if reads is not None:
            reads.append(1)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    return batches


IDS = KeySource("things", ("id",))


def pulled(batches: Callable[[], Iterator[list[Row]]], source: KeySource = IDS) -> KeyFeed:
    return ParentReading(batches).feed(source)


@given(st.lists(st.integers(0, 40) | st.none(), max_size=60), st.integers(1, 10))
def test_pulled_keys_come_once_each_and_in_order(values: list[int | None], size: int) -> None:
    """Children would be read twice or not at all."""
    feed = pulled(batches_of([{"id": value} for value in values], size))
    expected = [(value,) for value in dict.fromkeys(values) if value is not None]
    assert list(feed) == expected
    assert list(feed) == expected, "every child stream reads them from the start"


def test_pulled_parents_are_read_once_for_all_readers() -> None:
    """Twenty child streams would read the list of computers twenty times."""
    reads: list[int] = []
    feed = pulled(batches_of([{"id": n} for n in range(500)], 7, reads))
    results = in_threads([lambda: list(feed)] * 8)
    assert all(result == [(n,) for n in range(500)] for result in results)
    assert reads == [1]


def test_pushed_keys_reach_all_readers_while_they_come() -> None:
    """Child streams of a parent that is read anyway would wait for its end, or for ever."""
    reading = ParentReading()
    feed = reading.feed(IDS)
    ready = threading.Barrier(4)

    def first() -> Any:
        keys = iter(feed)
        ready.wait(PATIENCE)
        return next(keys)

    def push() -> None:
        ready.wait(PATIENCE)
        reading.offer([{"id": 1}])

    assert in_threads([first, first, first, push])[:3] == [(1,), (1,), (1,)]

    def push_rest() -> None:
        for start in range(0, 300, 10):
            reading.offer([{"id": number} for number in range(start, start + 10)])
        reading.end()

    results = in_threads([lambda: list(feed), lambda: list(feed), push_rest])
    assert set(results[0]) == set(results[1]) == {(n,) for n in range(300)}
    assert len(results[0]) == 300


def test_an_empty_parent_has_no_children() -> None:
    """A tenant without licences would wait for ever."""
    reading = ParentReading()
    pushed = reading.feed(IDS)
    reading.end()
    feed = pulled(batches_of([], 1))
    assert in_threads([lambda: list(pushed), lambda: list(feed)]) == [[], []]


def failing_batches() -> Iterator[list[Row]]:
    yield [{"id": 1}]
    raise TransientError("the list can't be read")


def test_a_parent_that_fails_fails_its_children() -> None:
    """Child tables would hold the children of the first parents only, and be called complete."""
    feed = pulled(failing_batches)
    results = in_threads([lambda: list(feed)] * 4)
    assert all(isinstance(result, TransientError) for result in results)
    reading = ParentReading()
    pushed = reading.feed(IDS)

    def push() -> None:
        reading.offer([{"id": 1}])
        reading.end(ServerError("gone"))

    results = in_threads([lambda: list(pushed), lambda: list(pushed), push])
    assert all(isinstance(result, ServerError) for result in results[:2])


def test_keys_of_several_fields_and_conditions() -> None:
    """Bundles would be asked for of applications that are none; children would be asked for with half a
    key.
    """
    rows: list[Row] = [
        {"a": 1, "b": 1, "isBundle": True},
        {"a": 1, "b": 2, "isBundle": True},
        {"a": 1, "b": 1, "isBundle": True},
        {"a": 2, "b": None, "isBundle": True},
        {"a": 3, "isBundle": True},
        {"a": 4, "b": 4, "isBundle": False},
        {"a": 4, "b": 5, "isBundle": "false"},
        {"a": 4, "b": 6, "isBundle": "true"},
        {"a": 5, "b": 5, "isBundle": None},
        {"a": 6, "b": 6},
    ]
    feed = pulled(batches_of(rows, 3), KeySource("things", ("a", "b"), where="isBundle"))
    assert list(feed) == [(1, 1), (1, 2), (4, 6)]


def test_ids_that_can_not_be_asked_for_are_counted_and_named() -> None:
    """A list as an id would fail the parent stream itself; a null would make children vanish."""
    ids: list[Any] = [1, "1", None, "", "..", {}, ["a"], True, 1.5, "../x", "a/b", 1, "b"]
    feed = pulled(
        batches_of([{"id": value} for value in ids], 5),
        KeySource("things", ("id",), identity=frozenset({"id"})),
    )
    assert list(feed) == [(1,), ("a/b",), ("b",)]
    assert feed.invalid.count == 7
    assert feed.unsafe.count == 1
    assert "id of a record of things is null" in str(feed.invalid)
    assert '"../x"' in str(feed.unsafe)


def test_a_reference_that_is_null_asks_for_nothing() -> None:
    """Every licence without an application would be warned of."""
    feed = pulled(
        batches_of([{"applicationId": None}, {"applicationId": 1}], 5),
        KeySource("licenses", ("applicationId",)),
    )
    assert list(feed) == [(1,)]
    assert feed.invalid.count == 0
    assert (feed.incomplete, feed.rows) == (1, 2)


def test_one_reading_serves_all_keys() -> None:
    """A list that three streams take different keys from would be read three times."""
    reads: list[int] = []
    rows: list[Row] = [{"id": number, "isBundle": number % 2 == 0} for number in range(20)]
    registry = ParentRegistry(frozenset())
    batches = batches_of(rows, 3, reads)
    everything = registry.feed(KeySource("applications", ("id",)), batches)
    bundles = registry.feed(KeySource("applications", ("id",), "isBundle"), batches)
    results = in_threads([lambda: list(everything), lambda: list(bundles), lambda: list(everything)])
    assert [len(result) for result in results] == [20, 10, 20]
    assert reads == [1]
    late = registry.feed(KeySource("applications", ("isBundle",)), batches)
    assert late.rows == 0
    list(late)
    assert late.rows == 20, "what comes after the first rows would lack them"


def test_keys_inside_of_arrays() -> None:
    """Subscriptions, whose ids stand only inside of applications, could not be read; or one null would stop
    the sync.
    """
    rows: list[Row] = [
        {"id": "a", "licenses": [{"id": 1}, {"id": 2}, {"id": None}, {}, None, 5]},
        {"id": "b", "licenses": [{"id": 2}, {"id": 3}]},
        {"id": "c", "licenses": None},
        {"id": "d"},
        {"id": "e", "licenses": {"id": 9}},
        {"id": "f", "licenses": []},
    ]
    feed = pulled(batches_of(rows, 2), KeySource("applications", ("licenses.id",)))
    assert list(feed) == [(1,), (2,), (3,)]
    assert feed.invalid.count == 4, "licences without an id"
    assert feed.incomplete == 3, "applications that do not say what their licences are"
    others = KeySource("applications", ("id",), lacking="licenses")
    assert list(pulled(batches_of(rows, 2), others)) == [("c",), ("d",), ("e",)]


# Registry


@pytest.fixture
def prefetch() -> Iterator[PagePrefetch]:
    shared = PagePrefetch(4)
    yield shared
    shared.close()


def no_batches() -> Iterator[list[Row]]:
    raise AssertionError("the parent stream is read by itself; nobody else may read it")


def test_a_selected_parent_supplies_its_children(prefetch: PagePrefetch) -> None:
    """Parents that are part of the sync would be read a second time for their children."""
    registry = ParentRegistry(frozenset({"computers"}))
    source = KeySource("computers", ("id",))
    feed = registry.feed(source, no_batches)
    assert registry.feed(source, no_batches) is feed
    registry.offer("computers", [{"id": 1}])
    registry.offer("licenses", [{"id": 2}])
    registry.end("computers")
    assert list(feed) == [(1,)]


def test_children_fail_with_a_selected_parent(prefetch: PagePrefetch) -> None:
    """Child tables would be called complete although parents are missing; the reason would stay unsaid."""
    registry = ParentRegistry(frozenset({"computers"}))
    feed = registry.feed(KeySource("computers", ("id",)), no_batches)
    registry.offer("computers", [{"id": 1}])
    registry.end("computers", TransientError("no"))
    registry.end("computers", TransientError("a later one"))
    with pytest.raises(TransientError, match="no"):
        list(feed)


# Children


@pytest.mark.parametrize("parents", [0, 1, 3, 50])
def test_the_rows_of_all_children_come(prefetch: PagePrefetch, parents: int) -> None:
    """Rows of some parents would be missing."""
    partitions = ({"id": number} for number in range(parents))
    found = list(children_rows(prefetch, partitions, lambda partition: [{"of": partition["id"]}] * 2))
    assert found == [({"id": number}, [{"of": number}] * 2) for number in range(parents)]


def test_a_child_that_fails_does_not_end_the_others(prefetch: PagePrefetch) -> None:
    """One computer deleted during the sync would fail all streams below computers."""

    def read(partition: dict[str, Any]) -> list[Row]:
        if partition["id"] in (0, 7, 19):
            raise TransientError("no")
        return [partition]

    found = {
        partition["id"]: rows
        for partition, rows in children_rows(prefetch, ({"id": number} for number in range(20)), read)
    }
    assert {number for number, rows in found.items() if isinstance(rows, SnowAtlasError)} == {0, 7, 19}
    assert len(found) == 20


def test_a_reading_that_is_left_gives_its_room_back(prefetch: PagePrefetch) -> None:
    """Every such reading would take pages from all streams, until none is fetched ahead any more."""
    free = 0
    while prefetch.try_submit(lambda: None) is not None:
        free += 1
    for _ in range(free):
        prefetch.done()
    reading = children_rows(prefetch, ({"id": number} for number in range(50)), lambda partition: [partition])
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    found = 0
    while prefetch.try_submit(lambda: None) is not None:
        found += 1
    assert found == free


def test_children_are_read_where_no_room_is_left(prefetch: PagePrefetch) -> None:
    """With all threads busy nothing would move any more."""
    while prefetch.try_submit(lambda: None) is not None:
        pass
    found = list(
        children_rows(prefetch, ({"id": number} for number in range(5)), lambda partition: [partition])
    )
    assert [partition["id"] for partition, _ in found] == list(range(5))


# Router


def definition(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "path": path, **more}


def rows_reply(*rows: Row) -> Reply:
    return Reply(document={"items": list(rows), "pagination": {"total_items": len(rows), "page_size": 500}})


def partitions(router: ParentPartitionRouter) -> list[dict[str, Any]]:
    return [dict(each.partition) for each in router.stream_slices()]


def test_one_partition_for_every_distinct_parent(config: dict[str, Any], http: FakeHttp) -> None:
    """The same application would be asked for as often as it stands in the lists it is known from."""
    http.on("GET", f"{HOST}/first", rows_reply({"id": 1}, {"id": 2}, {"id": 2}))
    http.on("GET", f"{HOST}/second", rows_reply({"appId": 2}, {"appId": 3}, {"appId": None}))
    Sync.begin(config)
    router = ParentPartitionRouter(
        config=config,
        name="children",
        parents=[
            {"stream": "first", "keys": {"applicationId": "id"}, "definition": definition("first", "/first")},
            {
                "stream": "second",
                "keys": {"applicationId": "appId"},
                "definition": definition("second", "/second"),
            },
        ],
    )
    assert partitions(router) == [{"applicationId": 1}, {"applicationId": 2}, {"applicationId": 3}]


def test_only_the_asset_kinds_asked_for(config: dict[str, Any], http: FakeHttp) -> None:
    """Files of computers would be read, at a request each, although nobody asked for them."""
    config["asset_kinds"] = ["licenses"]
    http.on("GET", f"{HOST}/licenses", rows_reply({"id": 1}))
    Sync.begin(config)
    parents = [
        {
            "stream": kind,
            "asset_kind": kind,
            "keys": {"assetId": "id"},
            "definition": definition(kind, f"/{kind}"),
        }
        for kind in ("licenses", "computers")
    ]
    assert partitions(ParentPartitionRouter(config=config, name="files", parents=parents)) == [{"assetId": 1}]


def test_keys_crossed_with_values_of_the_configuration(
    config: dict[str, Any], http: FakeHttp, caplog: pytest.LogCaptureFixture
) -> None:
    """Insights could not be read; or the user would not learn why their table is empty."""
    http.on("GET", f"{HOST}/apps", rows_reply({"id": 1}, {"id": 2}))
    parent = {"stream": "apps", "keys": {"applicationId": "id"}, "definition": definition("apps", "/apps")}
    values = {"insightRuleId": "insight_rule_ids"}
    for rules, expected in ((["x", "y"], 4), ([], 0)):
        configured = {**config, "client_id": f"client-{expected}", "insight_rule_ids": rules}
        Sync.begin(configured)
        router = ParentPartitionRouter(
            config=configured, name="insights", parents=[parent], values_from=values
        )
        found = partitions(router)
        assert len(found) == expected
        assert all(set(each) == {"applicationId", "insightRuleId"} for each in found)
    assert "insight_rule_ids" in caplog.text


def test_parents_obey_the_filter_of_their_stream(config: dict[str, Any], http: FakeHttp) -> None:
    """Children of computers that the user filtered out would be read, one request each."""
    from unit_tests.helpers.fake_http import query_of

    config["filters"] = [{"stream": "computers", "filter": 'status -eq "Active"'}]
    http.on("GET", f"{HOST}/computers", rows_reply({"id": 1}))
    Sync.begin(config)
    parent = {
        "stream": "computers",
        "keys": {"id": "id"},
        "definition": definition("computers", "/computers"),
    }
    assert partitions(ParentPartitionRouter(config=config, name="children", parents=[parent])) == [{"id": 1}]
    assert query_of(http.requests[-1])["filter"] == 'status -eq "Active"'


def test_grandparents(config: dict[str, Any], http: FakeHttp) -> None:
    """Streams two levels down would lack rows, or the ids of the level between."""
    http.on("GET", f"{HOST}/types", rows_reply({"id": "t 1"}, {"id": "t/2"}))
    http.on("GET", f"{HOST}/types/t%201/properties", rows_reply({"id": 1}, {"id": 2, "typeId": None}))
    http.on("GET", f"{HOST}/types/t%2F2/properties", rows_reply({"id": 3}))
    Sync.begin(config)
    types = {"stream": "types", "keys": {"typeId": "id"}, "definition": definition("types", "/types")}
    properties = definition("properties", "/types/{typeId}/properties", parents=[types])
    router = ParentPartitionRouter(
        config=config,
        name="values",
        parents=[
            {
                "stream": "properties",
                "keys": {"typeId": "typeId", "propertyId": "id"},
                "definition": properties,
            }
        ],
    )
    assert partitions(router) == [
        {"typeId": "t 1", "propertyId": 1},
        {"typeId": "t 1", "propertyId": 2},
        {"typeId": "t/2", "propertyId": 3},
    ]


def test_a_parent_that_is_refused_fails_the_stream(config: dict[str, Any], http: FakeHttp) -> None:
    """A child table would be emptied because the list of its parents may not be read."""
    http.on("GET", f"{HOST}/computers", Reply(403, {}))
    sync = Sync.begin(config)
    parent = {
        "stream": "computers",
        "keys": {"id": "id"},
        "definition": definition("computers", "/computers", permission="sam.computer.r"),
    }
    router = ParentPartitionRouter(config=config, name="children", parents=[parent])
    with pytest.raises(SnowAtlasError, match=r"Stream children .*sam\.computer\.r") as raised:
        list(router.stream_slices())
    assert sync.partitions("children").has_failed
    trace = raised.value.as_airbyte_message().trace
    assert trace is not None
    assert trace.error is not None
    assert trace.error.stream_descriptor is not None
    assert trace.error.stream_descriptor.name == "children", "no catalog holds the parents"


def test_configured_ids_that_can_not_be_asked_for(config: dict[str, Any], http: FakeHttp) -> None:
    """A rule id of dots would ask for the users of a subscription, and file them under that rule."""
    http.on("GET", f"{HOST}/apps", rows_reply({"id": 1}))
    config["insight_rule_ids"] = ["a", ".."]
    Sync.begin(config)
    parent = {"stream": "apps", "keys": {"applicationId": "id"}, "definition": definition("apps", "/apps")}
    router = ParentPartitionRouter(
        config=config, name="insights", parents=[parent], values_from={"insightRuleId": "insight_rule_ids"}
    )
    with pytest.raises(SnowAtlasError, match="Correct insight_rule_ids"):
        list(router.stream_slices())
