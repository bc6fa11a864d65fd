"""The four commands in a process of their own, with right and with wrong input: what a user and the platform
see.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_tests.helpers.connector import Connector, Outcome, configured_catalog
from integration_tests.helpers.expected import Expected, difference
from sandbox import Sandbox

SOON = 20
"""Seconds in which `check` must fail on a busy machine; a request given up for good takes ten times as long.
"""
BASE: dict[str, Any] = {"region": "westeurope", "client_id": "id", "client_secret": "not a secret of anybody"}


def assert_one_sentence(message: str) -> None:
    """The message is prose for the user: no traceback, no class names, no line breaks."""
    assert message
    assert "\n" not in message
    assert "Traceback" not in message
    assert "Something went wrong" not in message


def assert_refused(outcome: Outcome, *words: str) -> None:
    """The run failed before any record, with one error that says each of the words."""
    assert outcome.exit_code == 1
    assert outcome.records == {}
    assert outcome.other_lines == []
    (error,) = outcome.errors
    assert_one_sentence(error["message"])
    assert [word for word in words if word not in error["message"]] == []
    assert error["failure_type"] == "config_error"
    assert "Traceback" not in outcome.stdout + outcome.stderr


def assert_refused_by_check_and_read(connector: Connector, *words: str) -> None:
    """Both commands say each of the words in their one sentence: the form is where mistakes are mended."""
    status, message = connector.check_here().connection_status
    assert status == "FAILED"
    assert_one_sentence(message)
    assert [word for word in words if word not in message] == []
    assert_refused(connector.read_here(["tenant"]), *words)


def test_spec(connector: Connector) -> None:
    """The platform draws the form of a new connection from it."""
    outcome = connector.run_here("spec")
    (message,) = [message for message in outcome.messages if message["type"] == "SPEC"]
    properties = message["spec"]["connectionSpecification"]["properties"]
    assert outcome.exit_code == 0
    assert outcome.other_lines == []
    assert [name for name, entry in properties.items() if entry.get("airbyte_secret")] == ["client_secret"]


def test_check_succeeds(connector: Connector) -> None:
    """A right configuration must be accepted, and the user told whose tenant it is."""
    outcome = connector.check()
    status, message = outcome.connection_status
    assert (outcome.exit_code, status) == (0, "SUCCEEDED")
    assert "Not readable" not in message
    assert any("Nordlicht Foods" in line for line in outcome.logs)
    assert outcome.other_lines == []
    assert outcome.stderr == ""


def test_check_names_the_permissions_that_are_missing(
    sandbox: Sandbox, connector_with: Callable[..., Connector]
) -> None:
    """Permissions are granted one by one; whoever has to ask an administrator needs their names."""
    few = sandbox.control.add_client(["sam.computer.r", "audit.logs.app.r"])
    status, message = (
        connector_with(client_id=few.client_id, client_secret=few.client_secret)
        .check_here()
        .connection_status
    )
    assert status == "SUCCEEDED"
    readable, _, lacking = message.partition("Not readable:")
    assert "audit_logs" in readable
    assert "computers" in readable
    for permission in ("sam.mobiledevice.r", "sam.user.r", "saas.consolidation.view.r", "sam.license.r"):
        assert permission in lacking
    assert "sam.computer.r" not in lacking


def test_check_fails_where_nothing_may_be_read(
    sandbox: Sandbox, connector_with: Callable[..., Connector]
) -> None:
    """A connection that reads nothing must not look healthy."""
    for root in ("/api/*", "/sam/*"):
        sandbox.control.fault("status", root, status=403)
    nobody = sandbox.control.add_client(["settings.nothing"])
    outcome = connector_with(client_id=nobody.client_id, client_secret=nobody.client_secret).check_here()
    status, message = outcome.connection_status
    assert status == "FAILED"
    assert "Application registrations" in message
    for permission in ("sam.computer.r", "audit.logs.app.r", "saas.consolidation.view.r"):
        assert permission in message


def _check_in_time(connector: Connector) -> str:
    started = time.monotonic()
    outcome = connector.check_here()
    assert time.monotonic() - started < SOON
    status, message = outcome.connection_status
    assert status == "FAILED"
    assert outcome.other_lines == []
    assert_one_sentence(message)
    return message


def test_check_with_a_wrong_secret(connector_with: Callable[..., Connector]) -> None:
    """The commonest mistake must be told from a server that is down."""
    assert "client secret" in _check_in_time(connector_with(client_secret="wrong"))


def test_check_with_an_unknown_host(connector_with: Callable[..., Connector]) -> None:
    """A mistyped API URL must not look like a problem of the network."""
    message = _check_in_time(connector_with(api_url="https://snowatlas.example.invalid"))
    assert "region or the API URL" in message


def test_check_with_nobody_listening(connector_with: Callable[..., Connector]) -> None:
    """A firewall or a server that is down must not hang the form for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "down or can't be reached" in _check_in_time(connector_with(api_url=f"http://127.0.0.1:{port}"))


def test_check_with_a_limited_token_endpoint(sandbox: Sandbox, connector: Connector) -> None:
    """Somebody's script used up the token limit: the user must learn that, not wait half an hour."""
    sandbox.control.fault("status", "/idp/api/connect/token", status=429, retry_after=1800)
    assert "token requests" in _check_in_time(connector)


def test_check_with_a_limited_api(sandbox: Sandbox, connector: Connector) -> None:
    """The same for the APIs themselves."""
    sandbox.control.fault("status", "/api/*", status=429, retry_after=1800)
    assert "limits the rate" in _check_in_time(connector)


def test_a_tenant_of_another_region(sandbox: Sandbox, connector: Connector) -> None:
    """What can be read must not fail for a region that the identity token names in another way."""
    sandbox.control.set(id_token_fault="other_region")
    assert connector.check_here().connection_status[0] == "SUCCEEDED"
    outcome = connector.read_here(["computers"])
    assert outcome.exit_code == 0
    assert any("region uksouth" in line for line in outcome.logs)


@pytest.mark.parametrize("command", ["check", "discover", "read"])
@pytest.mark.parametrize("content", ["{not json", '["a", "list"]', ""])
def test_a_configuration_that_is_no_json_object(tmp_path: Path, command: str, content: str) -> None:
    """Whoever edits the file by hand needs to be told of the bracket that is missing."""
    connector = Connector(tmp_path, BASE)
    arguments = [command, "--config", connector.file("config", content)]
    if command == "read":
        arguments += ["--catalog", connector.file("catalog", configured_catalog(["tenant"]))]
    assert_refused(connector.run_here(*arguments), "configuration file")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"region": "europe"}, "westeurope"),
        ({"region": None}, "region"),
        ({"region": 7}, "region"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": 12}, "client_id"),
        ({"client_secret": None}, "client_secret"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"num_workers": 41}, "num_workers"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2199-01-01"}, "in the future"),
        ({"api_url": "http://snowatlas.example.com"}, "https"),
        ({"api_url": "https://snowatlas.example.com/api"}, "path"),
        ({"api_url": "https://a:b@snowatlas.example.com"}, "credentials"),
        ({"api_url": "https://snowatlas.example.com?x=1"}, "query"),
        ({"filters": {"computers": "x"}}, "filters"),
        ({"asset_kinds": ["cars"]}, "asset_kinds"),
        ({"insight_rule_ids": "all"}, "insight_rule_ids"),
        ({"accept_missing_rows": "all"}, "accept_missing_rows"),
        ({"accept_missing_rows": ["all", "tenant"]}, "accept_missing_rows"),
    ],
)
def test_a_wrong_value(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """Each wrong value gets a sentence that says what to change, from `check` and from `read` alike."""
    config = {name: value for name, value in {**BASE, **changes}.items() if value is not None}
    connector = Connector(tmp_path, config)
    outcome = connector.check_here()
    status, message = outcome.connection_status
    assert status == "FAILED"
    assert_one_sentence(message)
    assert words in message
    assert_refused(connector.read_here(["tenant"]), words)


@pytest.mark.parametrize(
    ("stream", "words"), [("no_such_stream", "does not exist"), ("tenant", "can't filter the stream tenant")]
)
def test_a_filter_that_no_stream_takes(tmp_path: Path, stream: str, words: str) -> None:
    """A filter for a mistyped stream would be ignored, and the table hold what the user meant to keep out."""
    config = {**BASE, "filters": [{"stream": stream, "filter": 'a -eq "b"'}]}
    assert_refused_by_check_and_read(Connector(tmp_path, config), words)


@pytest.mark.parametrize("name", ["computer", "Computers"])
def test_missing_rows_of_a_stream_that_does_not_exist(tmp_path: Path, name: str) -> None:
    """An option for a mistyped stream would be ignored, and the sync fail as before."""
    connector = Connector(tmp_path, {**BASE, "accept_missing_rows": [name]})
    assert_refused_by_check_and_read(connector, "accept_missing_rows", repr(name), "did you mean computers?")


def test_the_nearest_stream_of_a_mistyped_filter(tmp_path: Path) -> None:
    """There are 168 names to look through."""
    config = {**BASE, "filters": [{"stream": "licences", "filter": 'a -eq "b"'}]}
    assert_refused_by_check_and_read(Connector(tmp_path, config), "'licences'", "did you mean licenses?")


def test_an_unknown_option_is_named(connector_with: Callable[..., Connector]) -> None:
    """A mistyped option has no effect, and nobody learns why the sync is as slow as before."""
    connector = connector_with(num_worker=20)
    for outcome in (connector.check_here(), connector.read_here(["tenant"])):
        assert outcome.exit_code == 0
        (warning,) = [text for text in outcome.logs if "does not exist" in text]
        assert "'num_worker'" in warning
        assert "did you mean num_workers?" in warning


@pytest.mark.parametrize("value", [[], "", None, {}], ids=repr)
def test_an_empty_list_is_the_default(connector_with: Callable[..., Connector], value: Any) -> None:
    """A form that was cleared would read no files at all, and say that all is well."""
    without = connector_with().read_here(["files"])
    assert len(without.records["files"]) > 0
    options = ("asset_kinds", "filters", "page_size", "start_date", "insight_rule_ids", "accept_missing_rows")
    connector = connector_with(**dict.fromkeys(options, value))
    assert connector.check_here().connection_status[0] == "SUCCEEDED"
    emptied = connector.read_here(["files"])
    assert difference(emptied.records["files"], without.records["files"]) == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_files_in_the_encodings_of_editors_and_shells(
    sandbox: Sandbox, tmp_path: Path, encoding: str
) -> None:
    """Windows saves a byte order mark without being asked, and the file would count as broken."""
    documents = {
        "config": {**sandbox.config(), "filters": [{"stream": "computers", "filter": 'model -ne "Böhm"'}]},
        "catalog": configured_catalog(["computers"]),
        "state": _state("computers", {"lastScanDate": "2026-01-01T00:00:00Z"}),
    }
    for name, document in documents.items():
        (tmp_path / name).write_bytes(json.dumps(document, ensure_ascii=False).encode(encoding))
    files = [part for name in documents for part in (f"--{name}", str(tmp_path / name))]
    outcome = Connector(tmp_path, {}).run_here("read", *files)
    assert outcome.exit_code == 0
    assert len(outcome.records["computers"]) == len(sandbox.estate.computers)
    assert Connector(tmp_path, {}).run_here("check", *files[:2]).connection_status[0] == "SUCCEEDED"


@pytest.mark.parametrize("option", ["config", "catalog", "state"])
def test_a_mistake_in_a_file_is_named_with_its_place(connector: Connector, option: str) -> None:
    """In a file of a thousand lines, "not valid JSON" is no help."""
    arguments = connector.read_arguments(["tenant"], state=[])
    path = connector.file(option, '{\n  "a": 1,\n  "b": 2 "c"\n}')
    arguments[arguments.index(f"--{option}") + 1] = path
    assert_refused(connector.run_here(*arguments), path, "line 3, column 10", "Expecting ',' delimiter")


def test_a_file_that_is_no_text(connector: Connector, tmp_path: Path) -> None:
    """A file in an old encoding would end in a traceback."""
    path = tmp_path / "latin"
    path.write_bytes('{"client_secret": "Böhm"}'.encode("latin-1"))
    assert_refused(connector.run_here("discover", "--config", str(path)), "is not UTF-8 text")


def test_a_filter_with_an_unknown_field(connector_with: Callable[..., Connector]) -> None:
    """Only the server knows the fields: its own words must reach the user."""
    connector = connector_with(filters=[{"stream": "computers", "filter": 'colour -eq "red"'}])
    outcome = connector.read_here(["computers", "tenant"])
    assert outcome.exit_code == 1
    (message,) = outcome.stream_errors["computers"]
    assert "filter" in message
    assert "colour" in message
    assert outcome.statuses == {"computers": "INCOMPLETE", "tenant": "COMPLETE"}


def test_a_filter_narrows_the_stream(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> None:
    """A user who asks for active computers must get all of these and no other."""
    expression = 'status -eq "Active"'
    outcome = connector_with(filters=[{"stream": "computers", "filter": expression}]).read_here(["computers"])
    active = [row for row in Expected(sandbox).records("computers") if row["status"] == "Active"]
    assert 0 < len(active) < len(sandbox.estate.computers)
    assert difference(outcome.records["computers"], active) == ""


CATALOGS: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "catalog file"),
    "no catalog": ({"stream": []}, "catalog file"),
    "a list": ([], "catalog file"),
    "no stream": (configured_catalog([]), "names no stream"),
    "unknown stream": (configured_catalog(["no_such_stream"]), "no_such_stream"),
    "stream twice": (configured_catalog(["tenant", "tenant"]), "more than once"),
    "unknown sync mode": (
        {"streams": [{**configured_catalog(["tenant"])["streams"][0], "sync_mode": "weekly"}]},
        "weekly",
    ),
    "no sync mode": ({"streams": [{"stream": {"name": "tenant"}}]}, "catalog file"),
}


@pytest.mark.parametrize("kind", CATALOGS)
def test_a_wrong_catalog(connector: Connector, kind: str) -> None:
    """A catalog of another version or connector must say so instead of failing somewhere in the middle."""
    catalog, words = CATALOGS[kind]
    arguments = ["read", "--config", connector.file("config", connector.config)]
    outcome = connector.run_here(*arguments, "--catalog", connector.file("catalog", catalog))
    assert_refused(outcome, words)


def _state(stream: str, values: Any) -> list[dict[str, Any]]:
    descriptor = {"name": stream}
    return [{"type": "STREAM", "stream": {"stream_descriptor": descriptor, "stream_state": values}}]


STATES: dict[str, tuple[Any, str]] = {
    "no JSON": ("[", "state file"),
    "an older version": (_state("audit_logs", {"since": "2026-01-01"}), "audit_logs"),
    "no moment": (_state("audit_logs", {"created": "soon"}), "created"),
    "a number": (_state("audit_logs", {"created": 5.5e300}), "created"),
    "seconds": (_state("audit_logs", {"created": 1700000000}), "created"),
    "null": (_state("audit_logs", {"created": None}), "created"),
    "an array": (_state("audit_logs", {"created": ["2026-01-01T00:00:00Z"]}), "created"),
    "the CDK's own": (_state("audit_logs", {"state_type": "date-range", "slices": [{}]}), "created"),
    "values that are no object": (_state("audit_logs", "2026-01-01"), "state file"),
    "text": ('"state"', "every state must be a JSON object"),
    "a list of numbers": ([1], "every state must be a JSON object"),
    "of no stream": ([{"type": "GLOBAL", "global": {"shared_state": {}, "stream_states": []}}], "state"),
}


@pytest.mark.parametrize("kind", STATES)
def test_a_wrong_state(connector: Connector, kind: str) -> None:
    """Reading on with a state that means nothing would skip or repeat years of entries."""
    state, words = STATES[kind]
    assert_refused(connector.read_here(["audit_logs"], incremental=["audit_logs"], state=state), words)


USABLE_STATES: dict[str, tuple[Any, str]] = {
    "of a stream that is no more": (_state("printers", {"page": [None]}), "'printers' is ignored"),
    "null": (_state("computers", None), "is read from the start"),
    "empty": (_state("computers", {}), "is read from the start"),
    "a full refresh": (_state("computers", {"__ab_no_cursor_state_message": True}), "is read from the start"),
    "a bare date": (_state("computers", {"lastScanDate": "2020-01-01"}), "from 2020-01-01T00:00:00Z"),
    "unknown keys": (
        _state("computers", {"lastScanDate": "2020-01-01T00:00:00Z", "state_type": "date-range", "x": []}),
        "from 2020-01-01T00:00:00Z",
    ),
}


@pytest.mark.parametrize("kind", USABLE_STATES)
def test_an_odd_state_that_can_be_meant(sandbox: Sandbox, connector: Connector, kind: str) -> None:
    """An upgrade, or a state that somebody wrote by hand, would end in a traceback."""
    state, words = USABLE_STATES[kind]
    outcome = connector.read_here(["computers"], incremental=["computers"], state=state)
    assert outcome.exit_code == 0
    assert outcome.errors == []
    assert any(words in text for text in outcome.logs)
    assert len(outcome.records["computers"]) == len(sandbox.estate.computers)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
_DATES = st.sampled_from(
    ["2026-01-01", "2026-W01", "20260101", "2026-01-01T24:00:00Z", "9999-12-31", "0001-01-01"]
)
_KEYS = st.sampled_from(
    ["lastScanDate", "state_type", "slices", "__ab_no_cursor_state_message", "self", "page"]
)
_BLOBS = _VALUES | st.dictionaries(_KEYS, _VALUES | _DATES, max_size=3)
_STATES = _VALUES | st.lists(_VALUES | _BLOBS.map(lambda blob: _state("computers", blob)[0]), max_size=2)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=_STATES)
def test_any_state_is_used_or_refused_in_a_sentence(connector: Connector, document: Any) -> None:
    """A state that nobody thought of would end in a traceback, or in a sync of nothing."""
    outcome = connector.read_here(["computers"], incremental=["computers"], state=document)
    assert "Traceback" not in outcome.stdout
    if outcome.exit_code == 0:
        assert outcome.statuses == {"computers": "COMPLETE"}
    else:
        assert_refused(outcome, "tate")


@pytest.mark.parametrize("option", ["config", "catalog", "state"])
def test_a_file_that_is_not_there(connector: Connector, option: str) -> None:
    """A mistyped path is not a bug of the connector."""
    arguments = connector.read_arguments(["tenant"], state=[])
    arguments[arguments.index(f"--{option}") + 1] = "/nowhere/at-all.json"
    assert_refused(connector.run_here(*arguments), "/nowhere/at-all.json", "can't be read")


@pytest.mark.parametrize("arguments", [["read"], ["write"], []])
def test_wrong_arguments(connector: Connector, arguments: list[str]) -> None:
    """A wrong command line must not look like a sync that succeeded."""
    outcome = connector.run(*arguments)
    assert outcome.exit_code != 0
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr


def test_a_failure_as_the_platform_sees_it(connector: Connector, sandbox: Sandbox) -> None:
    """One stream's failure: its error once, the other streams whole, protocol lines only, exit code 1."""
    sandbox.control.fault("status", "/api/sam/estate/v1/mobiledevices", status=403)
    outcome = connector.read(["computers", "mobile_devices", "organizations", "tenant"])
    assert outcome.exit_code == 1
    assert outcome.other_lines == []
    assert outcome.stderr == ""
    whole = dict.fromkeys(["computers", "organizations", "tenant"], "COMPLETE")
    assert outcome.statuses == {**whole, "mobile_devices": "INCOMPLETE"}
    (message,) = outcome.stream_errors["mobile_devices"]
    assert "sam.mobiledevice.r" in message
    assert "/api/sam/estate/v1/mobiledevices" in message
    assert "Traceback" not in outcome.stdout
    assert difference(outcome.records["computers"], Expected(sandbox).records("computers")) == ""
    (general,) = outcome.general_errors
    assert "mobile_devices" in general


def test_a_wrong_secret_fails_the_read(connector_with: Callable[..., Connector]) -> None:
    """A secret that was replaced stops a sync with one sentence, not with a failure per stream and page."""
    outcome = connector_with(client_secret="replaced").read_here(["computers", "audit_logs"])
    assert_refused(outcome, "client secret")
