"""The fault matrix: every kind of fault, at every place of a sync, once and for good, over real HTTP.

What passes must change nothing; what stays must be said, and must cost its own stream only. Waiting between
repeats is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from integration_tests.helpers.connector import Connector, Outcome, Record
from integration_tests.helpers.expected import Expected, difference
from sandbox import Sandbox
from sandbox.company.saas_children import INSIGHT_RULE_IDS
from source_snow_atlas import definitions

pytestmark = pytest.mark.spread
COMPUTERS = 12
PAGE_SIZE = 3
START = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=8)
COMPUTERS_PATH = "/api/sam/estate/v1/computers"
DISKS_PATH = "/api/sam/estate/v1/computers/{id}/hardware/disks/logical"
AUDIT_PATH = "/api/audit/v2/logs"
TOKEN_PATH = "/idp/api/connect/token"
REMEDIES = ("ry again", "Check", "check", "report it", "sync again", "Grant")


@dataclass(frozen=True)
class Kind:
    """A fault of the sandbox. `cause` is what its error says; `envelope` faults need a reply with a
    pagination object.
    """

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    envelope: bool = False
    token: bool = True
    heals: bool = False
    """Whether a second pass with another page size may get round it, even where it stays."""

    def __str__(self) -> str:
        return "-".join([self.name, *(str(value) for value in self.fields.values())])


@dataclass(frozen=True)
class Place:
    """Where a fault strikes: fields of the sandbox's `Fault`, and the stream that it costs."""

    name: str
    stream: str
    path: str
    fields: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


KINDS = [
    *(Kind("status", {"status": status}, f"HTTP {status}") for status in (408, 500, 502, 503, 504)),
    *(
        Kind(name, cause="got no complete reply")
        for name in ("cut_before_headers", "reset", "cut_body", "cut_chunked")
    ),
    *(
        Kind(name, cause="can't be right")
        for name in ("invalid_json", "html", "empty_body", "error_with_200")
    ),
    *(
        Kind(name, cause="can't be right", envelope=True, token=False)
        for name in ("items_missing", "items_null")
    ),
    Kind("wrong_page_number", cause="was returned for page", envelope=True, token=False),
    Kind("items_short", cause="counts", envelope=True, token=False, heals=True),
    Kind("wrong_total", cause="counts", envelope=True, token=False, heals=True),
]
PLACES = [
    Place("token", "", TOKEN_PATH),
    Place("page-1", "computers", COMPUTERS_PATH, {"page_number": 1}),
    Place("middle-page", "computers", COMPUTERS_PATH, {"page_number": 2}),
    Place("last-page", "computers", COMPUTERS_PATH, {"page_number": 4}),
    # a page after the last one, which nothing announces, would not be requested again
    Place("child", "computer_logical_disks", DISKS_PATH, {"page_number": 1, "skip": 7}),
    Place("audit-window", "audit_logs", AUDIT_PATH, {"skip": 5}),
]
STREAMS = ["computers", "computer_logical_disks", "audit_logs", "organizations"]
EVERYWHERE = {
    *("status-503", "cut_body", "invalid_json", "items_null"),
    *("wrong_page_number", "items_short", "wrong_total"),
}
"""One fault for each kind of error. The unit tests have the others too; here they strike at page 1."""
MATRIX = [
    pytest.param(kind, place, id=f"{kind}-at-{place}")
    for kind in KINDS
    for place in PLACES
    if str(kind) in EVERYWHERE or place.name == "page-1"
    if (kind.token or place.name != "token") and not (kind.envelope and place.name == "audit-window")
]


def expected_records(sandbox: Sandbox, streams: list[str]) -> dict[str, list[Record]]:
    """What the streams must hold."""
    expected = Expected(sandbox, insight_rule_ids=INSIGHT_RULE_IDS)
    records = {}
    for stream in streams:
        records[stream] = expected.records(stream)
        if stream == "audit_logs":
            records[stream] = [
                row for row in records[stream] if row["created"][:19] >= START.strftime("%Y-%m-%dT%H:%M:%S")
            ]
    return records


@pytest.fixture
def patient(connector_with: Callable[..., Connector], no_waiting: list[float]) -> Connector:
    """A connector with small pages whose repeats come at once."""
    return connector_with(page_size=PAGE_SIZE, start_date=START.strftime("%Y-%m-%dT%H:%M:%SZ"))


def assert_whole(outcome: Outcome, expected: dict[str, list[Record]]) -> None:
    """Every stream is complete, and its records are the expected ones."""
    assert outcome.errors == []
    assert outcome.exit_code == 0
    assert outcome.statuses == dict.fromkeys(expected, "COMPLETE")
    for stream, records in expected.items():
        assert difference(outcome.records.get(stream, []), records) == "", stream


@pytest.mark.parametrize(("kind", "place"), MATRIX)
def test_a_fault_that_passes_changes_nothing(
    sandbox: Sandbox, patient: Connector, no_waiting: list[float], kind: Kind, place: Place
) -> None:
    """A hiccup of the network or the server would cost rows, or the night's sync."""
    fault = sandbox.control.fault(kind.name, place.path, count=1, **place.fields, **kind.fields)
    outcome = patient.read_here(STREAMS)
    assert fault.applied == 1
    assert_whole(outcome, expected_records(sandbox, STREAMS))
    assert len(no_waiting) == (0 if kind.heals else 1)


@pytest.mark.parametrize(("kind", "place"), MATRIX)
def test_a_fault_that_stays_costs_its_stream_and_says_so(
    sandbox: Sandbox, patient: Connector, no_waiting: list[float], kind: Kind, place: Place
) -> None:
    """A table that lacks rows without a word, or an error nobody can act on, costs more than a failed
    sync.
    """
    sandbox.control.fault(kind.name, place.path, **place.fields, **kind.fields)
    outcome = patient.read_here(STREAMS)
    if not place.stream:
        assert outcome.records == {}
        (message,) = outcome.general_errors
        assert any(remedy in message for remedy in REMEDIES)
        assert outcome.exit_code == 1
        return
    expected = expected_records(sandbox, STREAMS)
    if kind.heals and outcome.statuses[place.stream] == "COMPLETE":
        assert_whole(outcome, expected)
        return
    assert_only_this_stream_fails(outcome, place, expected)
    (message,) = outcome.stream_errors[place.stream]
    assert kind.cause in message
    assert len(no_waiting) <= 8 * 40


def assert_only_this_stream_fails(outcome: Outcome, place: Place, expected: dict[str, list[Record]]) -> None:
    """The stream is INCOMPLETE with one error that names stream, endpoint and remedy; only its children fail
    with it.
    """
    lost = {place.stream, *(name for name in STREAMS if place.stream in definitions.parent_streams(name))}
    assert outcome.exit_code == 1
    assert outcome.statuses == {stream: "INCOMPLETE" if stream in lost else "COMPLETE" for stream in expected}
    assert {stream: len(messages) for stream, messages in outcome.stream_errors.items()} == dict.fromkeys(
        lost, 1
    )
    (message,) = outcome.stream_errors[place.stream]
    assert place.stream in message
    assert place.path.partition("{")[0] in message or "counts" in message
    assert any(remedy in message for remedy in REMEDIES)
    assert "Traceback" not in outcome.stdout
    for stream, records in expected.items():
        if stream not in lost:
            assert difference(outcome.records.get(stream, []), records) == "", stream
        else:
            held = {str(sorted(record.items(), key=str)) for record in records}
            read = [dict(record) for record in outcome.records.get(stream, [])]
            for record in read:
                record.pop("recordKey", None)
            assert all(str(sorted(record.items(), key=str)) in held for record in read)
    (general,) = outcome.general_errors
    assert place.stream in general


@pytest.mark.parametrize(
    ("status", "place"),
    [
        *((403, place) for place in PLACES if place.stream),
        *(
            (status, place)
            for status in (400, 401, 302)
            for place in PLACES
            if place.name in ("page-1", "child")
        ),
    ],
    ids=str,
)
def test_a_refusal_is_never_an_empty_table(
    sandbox: Sandbox, patient: Connector, no_waiting: list[float], status: int, place: Place
) -> None:
    """An overwrite sync would empty the user's table because a permission was taken away."""
    if status == 302:
        sandbox.control.fault("redirect", place.path, **place.fields)
    else:
        sandbox.control.fault("status", place.path, status=status, **place.fields)
    outcome = patient.read_here(STREAMS)
    assert_only_this_stream_fails(outcome, place, expected_records(sandbox, STREAMS))
    (message,) = outcome.stream_errors[place.stream]
    assert f"HTTP {status}" in message
    if status == 403:
        assert definitions.parameters(place.stream)["permission"] in message
    if status != 401:
        assert no_waiting == []


@pytest.mark.parametrize("place", [place for place in PLACES if place.stream], ids=str)
def test_one_401_is_a_renewal(sandbox: Sandbox, patient: Connector, place: Place) -> None:
    """A token that ended early costs one more request, not the stream."""
    sandbox.control.fault("status", place.path, status=401, count=1, **place.fields)
    assert_whole(patient.read_here(STREAMS), expected_records(sandbox, STREAMS))
    assert sandbox.counts.token_requests == 2


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_429_is_waited_for(sandbox: Sandbox, patient: Connector, place: Place) -> None:
    """Snow Atlas limits rates; whoever gives up at the first 429 never finishes a large tenant."""
    sandbox.control.fault("status", place.path, status=429, retry_after=0, count=2, **place.fields)
    assert_whole(patient.read_here(STREAMS), expected_records(sandbox, STREAMS))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_429_of_hours_is_an_error(sandbox: Sandbox, patient: Connector, place: Place) -> None:
    """A sync that silently waits for hours looks hung."""
    sandbox.control.fault("status", place.path, status=429, retry_after=7200, **place.fields)
    outcome = patient.read_here(STREAMS)
    assert outcome.exit_code == 1
    message = outcome.stream_errors[place.stream][0] if place.stream else outcome.general_errors[0]
    assert "7200 s" in message
    if place.stream:
        assert_only_this_stream_fails(outcome, place, expected_records(sandbox, STREAMS))


@pytest.mark.parametrize("collection", ["computers", "audit_logs", "organizations"])
def test_a_collection_that_is_not_there(sandbox: Sandbox, patient: Connector, collection: str) -> None:
    """A host without the endpoint has not said that the tenant has no computers."""
    path = definitions.parameters(collection)["path"]
    sandbox.control.fault("status", path, status=404)
    outcome = patient.read_here([collection, "tenant"])
    assert outcome.statuses == {collection: "INCOMPLETE", "tenant": "COMPLETE"}
    assert "HTTP 404" in outcome.stream_errors[collection][0]


def test_a_parent_that_is_gone_is_skipped_and_named(sandbox: Sandbox, patient: Connector) -> None:
    """A computer deleted during the sync must not fail it, and must not vanish without a word."""
    gone = [row["id"] for row in sandbox.estate.computers[3:5]]
    paths = [DISKS_PATH.replace("{id}", computer) for computer in gone]
    for path in paths:
        sandbox.control.fault("status", path, status=404)
    expected = expected_records(sandbox, STREAMS)
    expected["computer_logical_disks"] = [
        row for row in expected["computer_logical_disks"] if row["computerId"] not in gone
    ]
    outcome = patient.read_here(STREAMS)
    assert_whole(outcome, expected)
    for path in paths:
        assert any(path in line for line in outcome.logs)
    assert any("computer_logical_disks: 2 parents were skipped" in line for line in outcome.logs)


def test_slow_replies_are_read(sandbox: Sandbox, patient: Connector) -> None:
    """Pages of minutes are normal at the vendor."""
    sandbox.control.fault("delay", COMPUTERS_PATH, delay=0.3, count=1)
    sandbox.control.fault("slow_drip", AUDIT_PATH, delay=0.3, count=1)
    sandbox.control.set(gzip=True)
    assert_whole(patient.read_here(STREAMS), expected_records(sandbox, STREAMS))


def test_a_tenth_of_all_requests_may_fail(
    sandbox: Sandbox, connector_with: Callable[..., Connector], no_waiting: list[float]
) -> None:
    """On a bad day everything fails now and then; the tables must not show it."""
    streams = [
        name
        for name in sorted(definitions.stream_definitions())
        if name not in ("audit_logs", "tenant") and not definitions.parameters(name).get("window_format")
    ][::3]
    connector = connector_with(page_size=50, insight_rule_ids=list(INSIGHT_RULE_IDS))
    connector.config["asset_kinds"] = ["licenses", "computers"]
    kinds = [kind for kind in KINDS if not kind.heals]
    for seed, kind in enumerate(kinds):
        sandbox.control.fault(kind.name, "*", probability=0.1 / len(kinds), seed=seed, **kind.fields)
    sandbox.control.revoke_tokens(after_requests=500)
    outcome = connector.read_here([*streams, "tenant"])
    expected = Expected(sandbox, ["licenses", "computers"], INSIGHT_RULE_IDS)
    counts = sandbox.counts
    assert sum(counts.faults.values()) > 0.08 * counts.requests
    assert outcome.errors == []
    assert outcome.exit_code == 0
    for stream in streams:
        assert difference(outcome.records.get(stream, []), expected.records(stream)) == "", stream
    assert len(outcome.records["tenant"]) == 1


ODD_VALUES: dict[str, tuple[str, Any]] = {
    "text for a number": ('"processorCount":"four"', "four"),
    "nested nulls": ('"processorCount":{"a":null,"b":[null]}', {"a": None, "b": [None]}),
    "20 digits": ('"processorCount":12345678901234567890', 12345678901234567890),
    "30 digits": ('"processorCount":123456789012345678901234567890', 123456789012345678901234567890),
    "every plane": ('"processorCount":"a\\u00e9\\u4e2d\\ud83d\\ude00\\udbff\\udfff"', "aé中😀\U0010ffff"),
    "seven digits of a second": (
        '"processorCount":"2026-01-02T03:04:05.1234567"',
        "2026-01-02T03:04:05.1234567",
    ),
    "long text": ('"processorCount":"' + "x" * 2_000_000 + '"', "x" * 2_000_000),
}


@pytest.mark.parametrize("name", ODD_VALUES)
def test_odd_values_arrive_as_sent(sandbox: Sandbox, patient: Connector, name: str) -> None:
    """A value that is altered on the way is worse than one that looks odd."""
    sent, wanted = ODD_VALUES[name]
    _spoil_first_computer(sandbox, sent)
    outcome = patient.read_here(["computers"])
    assert outcome.exit_code == 0
    assert sum(record.get("processorCount") == wanted for record in outcome.records["computers"]) == 1
    assert len(outcome.records["computers"]) == COMPUTERS


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_named(
    sandbox: Sandbox, patient: Connector, no_waiting: list[float], number: str
) -> None:
    """A destination would store null or fail without saying for which field."""
    _spoil_first_computer(sandbox, f'"processorCount":{number}')
    outcome = patient.read_here(["computers"])
    assert outcome.exit_code == 1
    assert "processorCount" in outcome.stream_errors["computers"][0]


def test_half_a_character_costs_no_record(sandbox: Sandbox, patient: Connector) -> None:
    """No UTF-8 can hold it: a reader of the output would drop the record without a word, or stop."""
    _spoil_first_computer(sandbox, '"processorCount":"a\\ud800b"')
    outcome = patient.read_here(["computers"])
    assert outcome.exit_code == 0
    # the strict reader that PyAirbyte uses is as strict as this one
    messages = [orjson.loads(line) for line in outcome.stdout.encode().splitlines()]
    records = [message["record"]["data"] for message in messages if message["type"] == "RECORD"]
    assert len(records) == COMPUTERS
    assert sum(record.get("processorCount") == "a\ufffdb" for record in records) == 1
    (warning,) = [text for text in outcome.logs if "half a character" in text]
    assert "Stream computers" in warning
    assert "items[0].processorCount" in warning


@pytest.mark.parametrize("number", ["0.1234567890123456789", "12345678901234567890.12"])
def test_a_number_that_no_double_holds_is_named_once(
    sandbox: Sandbox, patient: Connector, number: str
) -> None:
    """A cost would be rounded without a word."""
    _spoil_first_computer(sandbox, f'"processorCount":{number}')
    outcome = patient.read_here(["computers"])
    assert outcome.exit_code == 0
    assert len(outcome.records["computers"]) == COMPUTERS
    (warning,) = [text for text in outcome.logs if "more digits than a double holds" in text]
    assert "Stream computers" in warning
    assert "items[0].processorCount" in warning


def _spoil_first_computer(sandbox: Sandbox, member: str) -> None:
    """The first computer's processorCount becomes this JSON text."""
    first = sandbox.estate.computers[0]["processorCount"]

    def edit(body: bytes) -> bytes:
        assert f'"processorCount":{first}'.encode() in body
        return body.replace(f'"processorCount":{first}'.encode(), member.encode(), 1)

    sandbox.control.fault("edit", COMPUTERS_PATH, page_number=1, edit=edit)


def test_an_endpoint_that_no_parent_has_is_an_error(sandbox: Sandbox, patient: Connector) -> None:
    """An endpoint that the host lacks would look like a table without rows, and empty the user's."""
    sandbox.control.fault("status", "/api/sam/estate/v1/computers/*/hardware/harddrives", status=404)
    outcome = patient.read_here(["computer_hard_drives", "computers"])
    assert outcome.statuses == {"computer_hard_drives": "INCOMPLETE", "computers": "COMPLETE"}
    assert list(outcome.stream_errors) == ["computer_hard_drives"]
    assert [("HTTP 404" in error) for error in outcome.stream_errors["computer_hard_drives"]] == [True]
    assert outcome.exit_code == 1
