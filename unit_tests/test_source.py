"""The connector as the platform sees it: spec, discover and read."""

from __future__ import annotations

import json
import logging
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteStream, SyncMode, Type
from jsonschema import Draft7Validator

from source_snow_atlas import SourceSnowAtlas, definitions
from source_snow_atlas.components.basics.errors import ConfigurationError, SnowAtlasError
from unit_tests.helpers.fake_http import HOST, FakeHttp, Reply, query_of
from unit_tests.helpers.fakes import SECRET
from unit_tests.helpers.inputs import catalog, state

LOGGER = logging.getLogger("airbyte")
SPEC = SourceSnowAtlas().spec(LOGGER).connectionSpecification
PROPERTIES: dict[str, dict[str, Any]] = SPEC["properties"]
COMPUTERS = f"{HOST}/api/sam/estate/v1/computers"


@pytest.fixture(scope="module")
def streams() -> dict[str, AirbyteStream]:
    config = {"region": "westeurope", "client_id": "client-1", "client_secret": "secret"}
    found = SourceSnowAtlas().discover(LOGGER, config).streams
    assert len({stream.name for stream in found}) == len(found), "a stream is listed twice"
    return {stream.name: stream for stream in found}


# spec


def test_the_form_asks_for_what_is_needed() -> None:
    """A form could be saved that can't work, or would ask for what nobody knows."""
    assert SPEC["required"] == ["region", "client_id", "client_secret"]
    assert PROPERTIES["region"]["enum"] == ["westeurope", "australiasoutheast", "eastus2", "uksouth"]
    assert PROPERTIES["client_secret"]["airbyte_secret"] is True
    assert not any(PROPERTIES[name].get("airbyte_secret") for name in PROPERTIES if name != "client_secret")
    limits = {
        name: (PROPERTIES[name]["minimum"], PROPERTIES[name]["maximum"], PROPERTIES[name]["default"])
        for name in ("page_size", "num_workers")
    }
    assert limits == {"page_size": (1, 1000, 500), "num_workers": (1, 40, 10)}
    assert PROPERTIES["start_date"]["format"] == "date-time"
    assert PROPERTIES["asset_kinds"]["items"]["enum"][:3] == ["licenses", "agreements", "contracts"]


def test_every_property_is_explained_and_in_order() -> None:
    """The user would not know where in Snow Atlas to find a value."""
    assert sorted(each["order"] for each in PROPERTIES.values()) == list(range(len(PROPERTIES)))
    assert all(each["title"] and len(each["description"]) > 30 for each in PROPERTIES.values())
    for name in ("region", "client_id", "api_url"):
        assert "Snow Atlas settings" in PROPERTIES[name]["description"]
    Draft7Validator.check_schema(SPEC)


@pytest.mark.parametrize(
    ("api_url", "accepted"),
    [
        ("https://snowatlas-westeurope.flexera.eu", True),
        ("https://host.example:8443/", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("", True),
        ("http://host.example", False),
        ("https://host.example/api", False),
        ("https://user@host.example", False),
        ("https://host.example?x=1", False),
    ],
)
def test_the_form_and_the_connector_agree_on_api_urls(api_url: str, accepted: bool) -> None:
    """The form would refuse what the connector reads, or save what it refuses."""
    assert bool(re.search(PROPERTIES["api_url"]["pattern"], api_url)) is accepted
    config = {"region": "westeurope", "client_id": "a", "client_secret": "b", "api_url": api_url}
    from source_snow_atlas.components.identity.configuration import Configuration

    if accepted:
        Configuration.parse(config)
    else:
        with pytest.raises(ConfigurationError):
            Configuration.parse(config)


@pytest.mark.parametrize(
    ("start_date", "accepted"),
    [
        ("2026-01-01T00:00:00Z", True),
        ("2026-01-01", True),
        ("", True),
        ("yesterday", False),
        ("01/01/2026", False),
    ],
)
def test_the_form_and_the_connector_agree_on_start_dates(start_date: str, accepted: bool) -> None:
    """The form would refuse what the connector reads, or save what it refuses."""
    assert bool(re.search(PROPERTIES["start_date"]["pattern"], start_date)) is accepted


# discover


def test_discover_lists_every_stream(streams: dict[str, AirbyteStream]) -> None:
    """Streams could not be selected."""
    assert set(streams) == set(definitions.stream_definitions())


def test_discovered_streams_are_as_defined(streams: dict[str, AirbyteStream]) -> None:
    """The platform would merge by another key than the connector reads by, or not offer incremental
    reading.
    """
    for name, definition in definitions.stream_definitions().items():
        stream = streams[name]
        key = definition.get("primary_key", [])
        fields = [key] if isinstance(key, str) else key
        assert (stream.source_defined_primary_key or []) == [[field] for field in fields], name
        assert stream.json_schema["properties"], name
        assert (SyncMode.incremental in stream.supported_sync_modes) == ("incremental_sync" in definition), (
            name
        )
    assert streams["computers"].default_cursor_field == ["lastScanDate"]
    assert streams["audit_logs"].default_cursor_field == ["created"]


def test_discover_asks_nothing(config: dict[str, Any]) -> None:
    """The list of streams could not be seen without access to the tenant."""
    assert SourceSnowAtlas().discover(LOGGER, config).streams


def test_discover_refuses_a_wrong_configuration() -> None:
    """A mistake in the form would end in a traceback."""
    with pytest.raises(ConfigurationError, match="region"):
        SourceSnowAtlas().discover(LOGGER, {"region": "mars"})


# read


def pages_of(rows: list[dict[str, Any]]) -> Any:
    def answer(request: Any) -> Reply:
        query = query_of(request)
        number, size = int(query["page_number"]), int(query["page_size"])
        pagination = {
            "page_number": number,
            "page_size": size,
            "total_items": len(rows),
            "total_pages": -(-len(rows) // size),
        }
        return Reply(document={"items": rows[(number - 1) * size : number * size], "pagination": pagination})

    return answer


def read(
    config: dict[str, Any], chosen: Any, before: Any = None
) -> tuple[list[AirbyteMessage], Exception | None]:
    """All messages of a read and the error it ended with; a read that hangs fails the test."""
    found: list[AirbyteMessage] = []
    ended: list[Exception | None] = []

    def work() -> None:
        try:
            for message in SourceSnowAtlas().read(LOGGER, config, chosen, before):
                found.append(message)
        except Exception as error:
            ended.append(error)
        else:
            ended.append(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert ended, "the read hangs"
    return found, ended[0]


def records(messages: list[AirbyteMessage], stream: str) -> list[dict[str, Any]]:
    return [each.record.data for each in messages if each.record is not None and each.record.stream == stream]


def statuses(messages: list[AirbyteMessage], stream: str) -> list[str]:
    return [
        str(each.trace.stream_status.status.value)
        for each in messages
        if each.trace is not None
        and each.trace.stream_status is not None
        and each.trace.stream_status.stream_descriptor.name == stream
    ]


def test_a_read_gives_every_record_once_and_children_share_their_parents(
    config: dict[str, Any], http: FakeHttp
) -> None:
    """Tables would be incomplete, or the estate be read once per child stream."""
    config["page_size"] = 20
    rows = [{"id": f"c {number}", "hostName": "ö"} for number in range(50)]
    http.on("GET", COMPUTERS, pages_of(rows))
    for row in rows:
        quoted = row["id"].replace(" ", "%20")
        http.on("GET", f"{COMPUTERS}/{quoted}", Reply(document={**row, "biosVersion": "1"}))
        http.on("GET", f"{COMPUTERS}/{quoted}/hardware/monitors", Reply(document={"items": [{"name": "m"}]}))
    chosen = catalog("computer_monitors", "computer_details", "computers")
    http_paths = {definitions.parameters(name)["path"] for name in ("computer_monitors", "computer_details")}
    assert http_paths == {
        f"{COMPUTERS[len(HOST) :]}/{{computerId}}/hardware/monitors",
        f"{COMPUTERS[len(HOST) :]}/{{id}}",
    }
    messages, error = read(config, chosen)
    assert error is None
    assert sorted(row["id"] for row in records(messages, "computers")) == sorted(row["id"] for row in rows)
    assert {row["id"] for row in records(messages, "computer_details")} == {row["id"] for row in rows}
    assert {row["computerId"] for row in records(messages, "computer_monitors")} == {
        row["id"] for row in rows
    }
    assert len(http.asked(COMPUTERS[len(HOST) :])) <= 2 * 4, "once for computers, and once for both children"
    assert len(http.asked("/idp/api/connect/token")) == 1
    assert statuses(messages, "computers")[-1] == "COMPLETE"


def test_a_stream_that_is_refused_ends_incomplete_and_the_others_go_on(
    config: dict[str, Any], http: FakeHttp
) -> None:
    """One missing permission would stop all tables, or empty one without a word."""
    http.on("GET", COMPUTERS, Reply(403, {"error": {"message": "denied"}}))
    http.on("GET", f"{HOST}/api/sam/v1/licenses", pages_of([{"id": 1}, {"id": 2}]))
    messages, error = read(config, catalog("computers", "licenses", "computer_details"))
    assert isinstance(error, SnowAtlasError)
    assert "2 of 3 streams" in (error.message or "")
    assert len(records(messages, "licenses")) == 2
    assert statuses(messages, "licenses")[-1] == "COMPLETE"
    assert statuses(messages, "computers")[-1] == "INCOMPLETE"
    assert statuses(messages, "computer_details")[-1] == "INCOMPLETE"
    errors = [
        each.trace.error for each in messages if each.trace is not None and each.trace.error is not None
    ]
    about_computers = [
        each for each in errors if each.stream_descriptor and each.stream_descriptor.name == "computers"
    ]
    assert len(about_computers) == 1
    assert "sam.computer.r" in (about_computers[0].message or "")
    assert SECRET not in json.dumps([str(each) for each in messages])


def test_grandchildren_fail_with_a_stream_whose_endpoint_is_not_there(
    config: dict[str, Any], http: FakeHttp
) -> None:
    """A table two levels down would be emptied as complete because the host lacks the endpoint between."""
    clusters = f"{HOST}/api/sam/estate/v1/dcc"
    http.on("GET", clusters, pages_of([{"id": number} for number in range(5)]))
    for number in range(5):
        http.on("GET", f"{clusters}/{number}/members", Reply(404, {}))
    chosen = ["datacenters", "datacenter_members", "datacenter_member_features"]
    messages, error = read(config, catalog(*chosen))
    assert [statuses(messages, name)[-1] for name in chosen] == ["COMPLETE", "INCOMPLETE", "INCOMPLETE"]
    assert "2 of 3 streams" in str(getattr(error, "message", ""))


def test_grandchildren_end_with_their_parents(config: dict[str, Any], http: FakeHttp) -> None:
    """Streams two levels down would wait for ever, or lack rows."""
    clusters = f"{HOST}/api/sam/estate/v1/dcc"
    http.on("GET", clusters, pages_of([{"id": number} for number in range(5)]))
    for number in range(5):
        members = [{"id": number, "computerId": f"c{number}"}] if number else []
        http.on("GET", f"{clusters}/{number}/members", pages_of(members))
        http.on("GET", f"{clusters}/{number}/members/c{number}/features", pages_of([{"featureName": "x"}]))
    messages, error = read(config, catalog("datacenters", "datacenter_members", "datacenter_member_features"))
    assert error is None
    features = records(messages, "datacenter_member_features")
    assert {(row["id"], row["computerId"]) for row in features} == {(n, f"c{n}") for n in range(1, 5)}


def test_an_incremental_read_starts_from_the_state_and_says_how_far_it_came(
    config: dict[str, Any], http: FakeHttp
) -> None:
    """Every sync would read all computers, or the next one would miss some."""
    http.on("GET", COMPUTERS, pages_of([{"id": 1, "lastScanDate": "2026-03-05T10:00:00.1234567Z"}]))
    chosen = catalog("computers", mode=SyncMode.incremental)
    before = [state("computers", lastScanDate="2026-03-01T00:00:00Z")]
    messages, error = read(config, chosen, before)
    assert error is None
    assert records(messages, "computers") == [{"id": 1, "lastScanDate": "2026-03-05T10:00:00.1234567Z"}]
    asked = query_of(http.asked(COMPUTERS[len(HOST) :])[0])["filter"]
    assert asked == 'lastScanDate -ge "2026-02-28T00:00:00Z"', "a day back, for scans that are reported late"
    states = [each.state for each in messages if each.type == Type.STATE and each.state is not None]
    assert states[-1].stream is not None
    assert vars(states[-1].stream.stream_state)["lastScanDate"] == "2026-03-05T10:00:00Z"


def test_states_are_read_bare_and_as_whole_messages(tmp_path: Path) -> None:
    """Whoever saves the output of a sync would be refused the state that it contains."""
    bare = {
        "type": "STREAM",
        "stream": {
            "stream_descriptor": {"name": "computers"},
            "stream_state": {"lastScanDate": "2026-01-01"},
        },
    }
    whole = {"type": "STATE", "state": bare}
    path = tmp_path / "state.json"
    states = []
    for document in (bare, whole, [bare], [whole]):
        path.write_text(json.dumps(document), encoding="utf-8")
        states.append(SourceSnowAtlas.read_state(str(path)))
    assert all(len(each) == 1 and each == states[0] for each in states)


def test_a_full_refresh_sends_no_filter(config: dict[str, Any], http: FakeHttp) -> None:
    """Computers that were never scanned would be missing."""
    http.on("GET", COMPUTERS, pages_of([{"id": 1, "lastScanDate": None}]))
    messages, error = read({**config, "start_date": "2026-01-01T00:00:00Z"}, catalog("computers"))
    assert error is None
    assert len(records(messages, "computers")) == 1
    assert "filter" not in query_of(http.asked(COMPUTERS[len(HOST) :])[0])


@pytest.mark.parametrize(
    ("changes", "chosen", "before", "said"),
    [
        ({"region": "mars"}, catalog("computers"), None, "region"),
        ({}, catalog("printers"), None, "printers"),
        ({}, catalog("computers", "computers"), None, "more than once"),
        (
            {"filters": [{"stream": "printers", "filter": 'a -eq "b"'}]},
            catalog("computers"),
            None,
            "printers",
        ),
        (
            {},
            catalog("computers", mode=SyncMode.incremental),
            [state("computers", updated="x")],
            "state of stream computers",
        ),
    ],
)
def test_bad_input_is_refused_before_the_first_request(
    config: dict[str, Any], http: FakeHttp, changes: dict[str, Any], chosen: Any, before: Any, said: str
) -> None:
    """A sync would write half of its tables before it ends with a traceback."""
    messages, error = read({**config, **changes}, chosen, before)
    assert isinstance(error, ConfigurationError)
    assert said in (error.message or "")
    assert http.requests == []
    assert messages == []


def test_a_finished_read_leaves_nothing_behind(config: dict[str, Any], http: FakeHttp) -> None:
    """A process that reads again and again would grow, or mix up two syncs."""
    http.on("GET", COMPUTERS, pages_of([{"id": 1}]))
    for _ in range(2):
        messages, error = read(config, catalog("computers"))
        assert error is None
        assert len(records(messages, "computers")) == 1
    assert len(http.asked("/idp/api/connect/token")) == 1


def test_the_source_needs_no_arguments() -> None:
    """PyAirbyte and the platform's runner, which construct it without arguments, could not use it."""
    assert SourceSnowAtlas().name == "source-snow-atlas"
    import source_snow_atlas

    assert source_snow_atlas.__version__
    with pytest.raises(AttributeError):
        _ = source_snow_atlas.nothing  # type: ignore[attr-defined]
