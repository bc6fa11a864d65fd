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

from source_snow_atlas.components.basics.errors import SnowAtlasError, TransientError
from source_snow_atlas.components.request.reply import Row
from source_snow_atlas.components.run.parents import KeyFeed, KeySource
from source_snow_atlas.components.run.partitions import Partitions
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.routers import (
    ParentCollection,
    ParentKeys,
    ParentPartitionRouter,
)
from unit_tests.helpers.fake_http import HOST, FakeHttp, Reply
from unit_tests.helpers.retriever import retriever, rows

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
    return KeyFeed(source, batches)


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


def test_an_empty_parent_has_no_children() -> None:
    """A tenant without licences would wait for ever."""
    feed = pulled(batches_of([], 1))
    assert in_threads([lambda: list(feed), lambda: list(feed)]) == [[], []]


def failing_batches() -> Iterator[list[Row]]:
    yield [{"id": 1}]
    raise TransientError("the list can't be read")


def test_a_parent_that_fails_fails_its_children() -> None:
    """Child tables would hold the children of the first parents only, and be called complete."""
    feed = pulled(failing_batches)
    results = in_threads([lambda: list(feed)] * 4)
    assert all(isinstance(result, TransientError) for result in results)


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
    # where it is not known whether it is a bundle, its children are requested
    assert list(feed) == [(1, 1), (1, 2), (4, 6), (5, 5), (6, 6)]


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


def test_a_failure_is_raised_after_the_keys_before_it() -> None:
    """A child that begins after the failure would be called complete, as nothing is left to read."""
    feed = pulled(failing_batches)
    for _ in range(2):
        keys = iter(feed)
        assert next(keys) == (1,)
        with pytest.raises(TransientError):
            next(keys)


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
        parameters={},
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
    assert partitions(ParentPartitionRouter(parameters={}, config=config, name="files", parents=parents)) == [
        {"assetId": 1}
    ]


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
            parameters={}, config=configured, name="insights", parents=[parent], values_from=values
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
    assert partitions(
        ParentPartitionRouter(parameters={}, config=config, name="children", parents=[parent])
    ) == [{"id": 1}]
    assert query_of(http.requests[-1])["filter"] == 'status -eq "Active"'


def test_all_children_share_the_keys_of_a_list(config: dict[str, Any], http: FakeHttp) -> None:
    """Seventeen streams per computer would read the list of computers seventeen times."""
    http.on("GET", f"{HOST}/computers", rows_reply({"id": 1}, {"id": 2}))
    Sync.begin(config)
    parent = {
        "stream": "computers",
        "keys": {"id": "id"},
        "definition": definition("computers", "/computers"),
    }
    routers = [
        ParentPartitionRouter(parameters={}, config=config, name=f"children_{number}", parents=[parent])
        for number in range(17)
    ]
    assert all(partitions(router) == [{"id": 1}, {"id": 2}] for router in routers)
    assert len(http.asked("/computers")) == 1


def test_grandparents(config: dict[str, Any], http: FakeHttp) -> None:
    """Streams two levels down would lack rows, or the ids of the level between."""
    http.on("GET", f"{HOST}/types", rows_reply({"id": "t 1"}, {"id": "t/2"}))
    http.on("GET", f"{HOST}/types/t%201/properties", rows_reply({"id": 1}, {"id": 2, "typeId": None}))
    http.on("GET", f"{HOST}/types/t%2F2/properties", rows_reply({"id": 3}))
    Sync.begin(config)
    types = {"stream": "types", "keys": {"typeId": "id"}, "definition": definition("types", "/types")}
    properties = definition("properties", "/types/{typeId}/properties", parents=[types])
    router = ParentPartitionRouter(
        parameters={},
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
    router = ParentPartitionRouter(parameters={}, config=config, name="children", parents=[parent])
    with pytest.raises(SnowAtlasError, match=r"Stream children .*sam\.computer\.r") as raised:
        list(router.stream_slices())
    assert sync.partitions("children").error is not None
    trace = raised.value.as_airbyte_message().trace
    assert trace is not None
    assert trace.error is not None
    assert trace.error.stream_descriptor is not None
    assert trace.error.stream_descriptor.name == "children", "no catalog holds the parents"


@pytest.mark.parametrize("is_incremental", [False, True])
def test_a_parent_stream_that_was_read_as_a_whole_lists_the_parents(
    config: dict[str, Any], http: FakeHttp, is_incremental: bool
) -> None:
    """A list would be requested twice; or an incremental read would list only the parents that changed."""
    http.on("GET", f"{HOST}/api/x", rows_reply({"id": 1}, {"id": 2}))
    cursor = {"cursor_field": "seen", "cursor_filter": "from"} if is_incremental else {}
    parent_stream = retriever(config, **cursor)
    parent = {"stream": "things", "keys": {"id": "id"}, "definition": definition("things", "/api/x")}
    router = ParentPartitionRouter(parameters={}, config=config, name="children", parents=[parent])
    assert len(rows(parent_stream)) == 2
    http.on("GET", f"{HOST}/api/x", rows_reply({"id": 1}, {"id": 3}))
    assert partitions(router) == [{"id": 1}, {"id": 3 if is_incremental else 2}]


def test_a_parent_stream_that_lacks_rows_does_not_list_the_parents(
    config: dict[str, Any], http: FakeHttp
) -> None:
    """Children would be complete without the children of the rows that lack."""
    config["accept_missing_rows"] = ["things"]
    reply = {"items": [{"id": 1}], "pagination": {"total_items": 2, "page_size": 500}}
    http.on("GET", f"{HOST}/api/x", Reply(document=reply))
    parent_stream = retriever(config)
    parent = {"stream": "things", "keys": {"id": "id"}, "definition": definition("things", "/api/x")}
    router = ParentPartitionRouter(parameters={}, config=config, name="children", parents=[parent])
    assert len(rows(parent_stream)) == 1
    assert partitions(router) == [{"id": 1}]
    assert "counts 1 more rows of things" in str(Sync.of(config).partitions("children").missing())


MEMBERS = {
    "stream": "members",
    "keys": {"groupId": "groupId", "memberId": "id"},
    "definition": definition(
        "members",
        "/groups/{groupId}/members",
        parents=[
            {"stream": "groups", "keys": {"groupId": "id"}, "definition": definition("groups", "/groups")}
        ],
    ),
}


def slots(sync: Sync) -> int:
    """The number of pages that can be fetched ahead at the moment."""
    free = 0
    while sync.prefetch.try_submit(lambda: None) is not None:
        free += 1
    for _ in range(free):
        sync.prefetch.done()
    return free


@pytest.mark.parametrize("is_busy", [False, True])
def test_the_parents_of_many_grandparents(config: dict[str, Any], http: FakeHttp, is_busy: bool) -> None:
    """Rows of some grandparents would be missing; or, with all threads busy, nothing would move any more."""
    http.on("GET", f"{HOST}/groups", rows_reply(*({"id": number} for number in range(50))))
    for number in range(50):
        http.on("GET", f"{HOST}/groups/{number}/members", rows_reply({"id": 1}, {"id": 2}))
    sync = Sync.begin(config)
    router = ParentPartitionRouter(parameters={}, config=config, name="features", parents=[MEMBERS])
    while is_busy and sync.prefetch.try_submit(lambda: None) is not None:
        pass
    expected = [{"groupId": number, "memberId": member} for number in range(50) for member in (1, 2)]
    assert partitions(router) == expected


def test_a_grandparent_that_fails_does_not_end_the_others(config: dict[str, Any], http: FakeHttp) -> None:
    """One datacenter that the server can't answer for would fail the features of all members."""
    http.on("GET", f"{HOST}/groups", rows_reply(*({"id": number} for number in range(20))))
    for number in range(20):
        failing = number in (0, 7, 19)
        reply = Reply(501, {}) if failing else rows_reply({"id": 1})
        http.on("GET", f"{HOST}/groups/{number}/members", reply)
    sync = Sync.begin(config)
    keys = ParentKeys(sync, "features", [MEMBERS])
    of_features = Partitions("features")
    found = [partition["groupId"] for partition in keys.partitions(of_features)]
    assert found == [number for number in range(20) if number not in (0, 7, 19)]
    assert "3 parents are unknown" in str(of_features.missing())


def test_a_list_that_is_left_gives_its_slots_back(config: dict[str, Any], http: FakeHttp) -> None:
    """Every such list would take pages from all streams, until none is fetched ahead any more."""
    http.on("GET", f"{HOST}/groups", rows_reply(*({"id": number} for number in range(50))))
    for number in range(50):
        http.on("GET", f"{HOST}/groups/{number}/members", rows_reply({"id": 1}))
    sync = Sync.begin(config)
    collection = ParentCollection(sync, MEMBERS["definition"])
    before = slots(sync)
    batches = collection.batches()
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert slots(sync) == before
