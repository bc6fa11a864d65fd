"""Records as they come out of a partition: ids of the parent, keys, filters, windows, and what a failure
does.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.types import Record, StreamSlice
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.errors import (
    NotFound,
    ServerError,
    SnowAtlasError,
    TransientError,
)
from source_snow_atlas.components.basics.transport import Transport
from source_snow_atlas.components.run.partitions import FEW
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.components.stream.retriever import CursorRow
from unit_tests.helpers.fake_http import HOST, FakeHttp, Reply, query_of
from unit_tests.helpers.fakes import FakeClock
from unit_tests.helpers.retriever import SCHEMA, messages, retriever, rows

PARENTS = [{"stream": "computers", "keys": {"computerId": "id"}, "definition": {}}]


def envelope(*rows: dict[str, Any], **pagination: Any) -> Reply:
    return Reply(
        document={"items": list(rows), "pagination": {"page_number": 1, "page_size": 500, **pagination}}
    )


def test_a_collection(config: dict[str, Any], http: FakeHttp) -> None:
    """Nothing would be read, or not by the page size that was configured."""
    config["page_size"] = 20
    all_rows = [{"id": number} for number in range(50)]

    def answer(request: Any) -> Reply:
        query = query_of(request)
        number, size = int(query["page_number"]), int(query["page_size"])
        return envelope(
            *all_rows[(number - 1) * size : number * size], page_number=number, page_size=size, total_items=50
        )

    http.on("GET", f"{HOST}/api/x", answer)
    found = messages(retriever(config))
    assert [item.data for item in found if isinstance(item, Record)] == all_rows
    estimates = [item for item in found if isinstance(item, AirbyteMessage)]
    assert [each.trace.estimate.row_estimate for each in estimates if each.trace and each.trace.estimate] == [
        50
    ]
    asked = [query_of(request) for request in http.asked("/api/x")]
    assert {query["page_number"] for query in asked} == {"1", "2", "3"}
    assert all(int(query["page_size"]) <= 20 for query in asked)


def test_no_page_parameters_where_none_are_declared(config: dict[str, Any], http: FakeHttp) -> None:
    """A strict server would refuse parameters that it does not know with a 400."""
    http.on("GET", f"{HOST}/api/x", Reply(document={"nodes": [{"id": 1}]}))
    assert rows(retriever(config, page_parameters=False, items_field="nodes")) == [{"id": 1}]
    assert query_of(http.requests[-1]) == {}


def test_a_reply_without_pages_that_is_too_large_is_one_for_the_maintainers(
    config: dict[str, Any], http: FakeHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user would lower page_size, which this request does not have."""
    smaller = partial(Transport, largest=100)
    monkeypatch.setattr("source_snow_atlas.components.request.client.Transport", smaller)
    http.on("GET", f"{HOST}/api/x", Reply(document=[{"id": 1, "name": "x" * 100}]))
    with pytest.raises(ServerError, match="report it to the connector's maintainers") as error:
        rows(retriever(config, page_parameters=False))
    assert "page_size" not in str(error.value.message)


def test_ids_of_the_parent_are_added_where_they_lack(config: dict[str, Any], http: FakeHttp) -> None:
    """A child's record could not be joined with its parent; or a value that the API sent would be
    overwritten.
    """
    http.on(
        "GET",
        f"{HOST}/api/c/7/x",
        envelope({"id": 1}, {"id": 2, "computerId": None}, {"id": 3, "computerId": "own"}),
    )
    source = retriever(config, "/api/c/{computerId}/x", parents=PARENTS)
    Sync.of(config).partitions("things").begin()
    assert rows(source, {"computerId": 7}) == [
        {"id": 1, "computerId": 7},
        {"id": 2, "computerId": 7},
        {"id": 3, "computerId": "own"},
    ]


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.none() | st.integers() | st.text(max_size=5)))
def test_record_keys_tell_rows_apart(row: dict[str, Any]) -> None:
    """Rows whose key has nulls would overwrite one another in the warehouse."""
    config: dict[str, Any] = {"region": "westeurope", "client_id": "client-1", "client_secret": "secret"}
    (finished,) = retriever(config, record_key=["a", "b"])._with_fields([dict(row)], {})
    assert json.loads(finished["recordKey"]) == [row.get("a"), row.get("b")]


def test_the_record_key_names_the_parent_too(config: dict[str, Any], http: FakeHttp) -> None:
    """Rows of different parents would overwrite one another."""
    http.on("GET", f"{HOST}/api/c/7/x", envelope({"name": "ö"}, {"name": None}))
    source = retriever(
        config,
        "/api/c/{computerId}/x",
        parents=PARENTS,
        primary_key="recordKey",
        record_key=["computerId", "name"],
    )
    Sync.of(config).partitions("things").begin()
    assert [row["recordKey"] for row in rows(source, {"computerId": 7})] == ['[7, "ö"]', "[7, null]"]


# Filters and windows

WINDOW = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T23:59:59Z"}


def asked_filter(config: dict[str, Any], http: FakeHttp, window: Any = None, **parameters: Any) -> str | None:
    http.on("GET", f"{HOST}/api/x", envelope())
    rows(retriever(config, **parameters), window=window)
    return query_of(http.requests[-1]).get("filter")


def test_without_filters(config: dict[str, Any], http: FakeHttp) -> None:
    """A full refresh would lack the rows that a filter can't see, such as those without a scan date."""
    assert asked_filter(config, http) is None
    assert asked_filter(config, http, cursor_field="created", cursor_filter="from") is None
    beginning = {"start_time": "1970-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"}
    assert asked_filter(config, http, beginning, cursor_field="created", cursor_filter="from") is None


def test_the_users_filter(config: dict[str, Any], http: FakeHttp) -> None:
    """The whole collection would be read although the user asked for a part of it."""
    config["filters"] = [{"stream": "things", "filter": 'a -eq "1"'}]
    assert asked_filter(config, http) == 'a -eq "1"'


def test_the_cursor_s_filter(config: dict[str, Any], http: FakeHttp) -> None:
    """An incremental sync would read everything, or leave out what came in the last second."""
    assert asked_filter(config, http, WINDOW, cursor_field="created", cursor_filter="from") == (
        'created -ge "2026-01-01T00:00:00Z"'
    )
    assert asked_filter(config, http, WINDOW, cursor_field="created", cursor_filter="window") == (
        '(created -ge "2026-01-01T00:00:00Z") -and (created -lt "2026-01-02T00:00:00Z")'
    )


def test_both_filters(config: dict[str, Any], http: FakeHttp) -> None:
    """Either the user's filter or the cursor's would be lost."""
    config["filters"] = [{"stream": "things", "filter": '(a -eq "1") -or (b -eq "2")'}]
    found = asked_filter(config, http, WINDOW, cursor_field="created", cursor_filter="from")
    assert found == '((a -eq "1") -or (b -eq "2")) -and (created -ge "2026-01-01T00:00:00Z")'


def test_what_comes_for_a_window_is_given_out_whatever_its_time_looks_like(
    config: dict[str, Any], http: FakeHttp
) -> None:
    """An audit record at the edge of a window, in local time or without a date would be lost."""
    moments = [
        "2025-12-31T23:59:59.9999999Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.0000001Z",
        "2026-01-01T23:59:59+00:00",
        "2026-01-02T00:30:00+01:00",
        "2026-01-02T00:00:00Z",
        "not a date",
        None,
    ]
    http.on("GET", f"{HOST}/api/x", Reply(document=[{"id": m, "created": m} for m in moments]))
    source = retriever(config, page_parameters=False, cursor_field="created", cursor_filter="window")
    assert [row["created"] for row in rows(source, window=WINDOW)] == moments


def test_months_go_into_the_query(config: dict[str, Any], http: FakeHttp) -> None:
    """Key figures would be those of another period than the record says."""
    http.on("GET", f"{HOST}/api/kpi", Reply(document={"id": 1}))
    source = retriever(
        config, "/api/kpi", page_parameters=False, window_format="date", primary_key=["fromDate", "toDate"]
    )
    asked = {"fromDate": "2026-01-01", "toDate": "2026-01-15"}
    month = {"fromDate": "2026-01-01", "toDate": "2026-01-31", "isComplete": False}
    found = source.read_records(SCHEMA, StreamSlice(partition=month, cursor_slice={}, extra_fields=asked))
    assert [dict(record.data) for record in found] == [{"id": 1, **month}]
    assert query_of(http.requests[-1]) == asked


# Cursor values


def cursor_of(value: Any) -> Any:
    row = CursorRow({"created": value, "id": 1}, "created")
    assert row["created"] == value, "what is emitted is as it was sent"
    assert dict(row) == {"created": value, "id": 1}
    assert row.get("id") == 1
    return row.get("created")


@pytest.mark.parametrize(
    ("value", "cursor"),
    [
        ("2026-01-01T12:00:00.1234567Z", "2026-01-01T12:00:00Z"),
        ("2026-01-01T12:00:00.123Z", "2026-01-01T12:00:00Z"),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:00Z"),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        (None, None),
        ("never", None),
        (7.5e300, None),
    ],
)
def test_cursor_values_are_utc_seconds(value: Any, cursor: Any) -> None:
    """The state would hold a date that the next sync can't read, and the stream would be stuck."""
    assert cursor_of(value) == cursor


def test_dates_in_the_future_do_not_move_the_state() -> None:
    """One computer with a wrong clock would keep everything that is still to come out of all later syncs."""
    cursor = cursor_of("2199-01-01T00:00:00Z")
    assert datetime.fromisoformat(cursor.replace("Z", "+00:00")) <= datetime.now(timezone.utc) + timedelta(
        seconds=1
    )


def test_a_date_behind_the_window_does_not_move_the_state_behind_it() -> None:
    """The windows in between would count as read when the sync is ended before it comes to them."""
    row = CursorRow({"created": "2026-03-01T00:00:00Z"}, "created", datetime(2026, 2, 2, tzinfo=timezone.utc))
    assert row.get("created") == "2026-02-02T00:00:00Z"
    assert dict(row) == {"created": "2026-03-01T00:00:00Z"}


# Failures


def test_a_parent_that_is_gone_is_skipped_counted_and_named(
    config: dict[str, Any], http: FakeHttp, caplog: pytest.LogCaptureFixture
) -> None:
    """One deleted computer would fail the stream, or vanish without a word."""
    caplog.set_level("INFO", logger="airbyte")
    http.on("GET", f"{HOST}/api/c/7/x", Reply(404, {}))
    sync = Sync.begin(config)
    source = retriever(config, "/api/c/{computerId}/x", parents=PARENTS)
    sync.partitions("things").begin()
    assert rows(source, {"computerId": 7}) == []
    assert "/api/c/7/x" in caplog.text
    assert sync.partitions("things").error is None
    assert sync.partitions("things").all_begun()
    sync.end_stream("things", is_whole=True)
    assert "1 parent was skipped" in caplog.text


def test_a_collection_that_is_not_there_fails(config: dict[str, Any], http: FakeHttp) -> None:
    """A wrong API URL would give empty tables."""
    http.on("GET", f"{HOST}/api/x", Reply(404, {}))
    with pytest.raises(NotFound):
        rows(retriever(config))


@pytest.mark.parametrize("status", [401, 403])
def test_a_child_that_is_refused_fails_the_stream(
    config: dict[str, Any], http: FakeHttp, clock: FakeClock, status: int
) -> None:
    """A missing permission would look like parents without children."""
    for number in range(FEW + 2):
        http.on("GET", f"{HOST}/api/c/{number}/x", Reply(status, {}))
    sync = Sync.begin(config)
    source = retriever(config, "/api/c/{computerId}/x", parents=PARENTS, permission="sam.computer.r")
    for _ in range(FEW + 2):
        sync.partitions("things").begin()
    for number in range(FEW):
        assert rows(source, {"computerId": number}) == []
    with pytest.raises(SnowAtlasError, match=str(status)):
        rows(source, {"computerId": FEW})
    assert sync.partitions("things").error is not None
    asked = len(http.requests)
    assert rows(source, {"computerId": FEW + 1}) == []
    assert len(http.requests) == asked, "what is lost is not read on"


def test_a_collection_that_counts_more_than_it_serves_fails(config: dict[str, Any], http: FakeHttp) -> None:
    """Rows would be missing without a word."""
    http.on(
        "GET",
        f"{HOST}/api/x",
        lambda request: envelope({"id": 1}, total_items=2, page_number=int(query_of(request)["page_number"])),
    )
    with pytest.raises(ServerError, match="counts 2 rows"):
        rows(retriever(config))


def test_one_retriever_reads_one_partition_after_the_other(config: dict[str, Any], http: FakeHttp) -> None:
    """Rows of the second parent would be taken for repeats of the first one's."""
    for parent in (7, 8):
        http.on("GET", f"{HOST}/api/c/{parent}/x", envelope({"id": 1}))
    source = retriever(config, "/api/c/{computerId}/x", parents=PARENTS, primary_key=["computerId", "id"])
    sync = Sync.of(config)
    found = []
    for parent in (7, 8):
        sync.partitions("things").begin()
        found += rows(source, {"computerId": parent})
    assert found == [{"id": 1, "computerId": 7}, {"id": 1, "computerId": 8}]


def test_a_lasting_fault_fails_the_stream(config: dict[str, Any], http: FakeHttp) -> None:
    """A broken server would give an empty table."""
    http.on("GET", f"{HOST}/api/x", Reply(503, {}))
    sync = Sync.begin(config)
    sync.client._sleep = lambda seconds: None
    with pytest.raises(TransientError, match="503"):
        rows(retriever(config))
