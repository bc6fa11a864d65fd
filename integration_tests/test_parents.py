"""Streams per parent over real HTTP: odd ids, parents that are gone, parents that fail, lists that can't be
read, and keys that the list leaves out.
"""

from __future__ import annotations

import json
import logging
import posixpath
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson
import pytest

from integration_tests.helpers.connector import Connector, Outcome
from integration_tests.helpers.expected import Expected, difference
from integration_tests.helpers.small_server import SmallServer, page, serving
from sandbox import Sandbox
from source_snow_atlas import definitions

pytestmark = pytest.mark.spread

LIST = "/api/sam/estate/v1/computers"
CONTRACTS = "computer_contracts"
DATACENTERS = "/api/sam/estate/v1/dcc"
SAAS = "/api/saas/consolidated-view/v1"
UNASKED = ("/idp/", "/api/organizations/")


def contracts_of(value: Any) -> str:
    """The path of a computer's contracts."""
    return f"{LIST}/{quote(str(value), safe='')}/contracts"


def estate(ids: list[Any]) -> dict[str, Any]:
    """Computers with these ids; each has a contract, those apart that no path can name."""
    texts = [value for value in ids if isinstance(value, (str, int)) and not isinstance(value, bool)]
    return {
        LIST: [{"id": value, "hostName": f"host {number}"} for number, value in enumerate(ids)],
        "/api/sam/estate/v1/contracts": [{"contractId": "one of the tenant's"}],
        **{contracts_of(value): [{"contractId": f"of {value}"}] for value in texts},
    }


@pytest.fixture
def read(tmp_path: Path, no_waiting: list[float]) -> Callable[..., Outcome]:
    """Reads streams from a server; repeats come at once."""

    def reading(server: SmallServer, streams: list[str], **options: Any) -> Outcome:
        return Connector(tmp_path, server.config(**options)).read_here(streams)

    return reading


def contracts(outcome: Outcome) -> dict[Any, str]:
    """The contract of every computer."""
    return {row["computerId"]: row["contractId"] for row in outcome.records.get(CONTRACTS, [])}


def asked_paths(server: SmallServer) -> set[str]:
    """The paths that were asked for, but for those of every sync."""
    return {path for path in server.asked if not path.startswith(UNASKED)}


# Ids

NAMELESS = ["", "  ", None, ".", "..", "...", {"a": 1}, {}, ["x"], [], True, False, 1.5]


def decoded_and_resolved(path: str) -> str:
    """What some proxies make of a path."""
    return posixpath.normpath(unquote(path).replace("\\", "/"))


@pytest.mark.parametrize("selected", [True, False])
@pytest.mark.parametrize("seen_as", [lambda path: path, decoded_and_resolved], ids=["as sent", "resolved"])
def test_ids_that_name_nothing_are_skipped_counted_and_named(
    read: Callable[..., Outcome], selected: bool, seen_as: Callable[[str], str]
) -> None:
    """The tenant's whole list of contracts would be filed under computer "..", or a list as id fail the
    computers, too.
    """
    ids = ["a", *NAMELESS, "b"]
    streams = [CONTRACTS, "computers"] if selected else [CONTRACTS]
    with serving(estate(ids), seen_as) as server:
        outcome = read(server, streams)
    assert outcome.errors == []
    assert outcome.exit_code == 0
    assert outcome.statuses == dict.fromkeys(streams, "COMPLETE")
    assert contracts(outcome) == {"a": "of a", "b": "of b"}
    assert asked_paths(server) == {LIST, contracts_of("a"), contracts_of("b")}
    (line,) = [line for line in outcome.logs if "parents were skipped" in line]
    assert line.startswith(f"Stream {CONTRACTS}: {len(NAMELESS)} parents were skipped")
    assert 'is ""' in line
    assert "is null" in line
    assert outcome.states[CONTRACTS][-1]["parentsNotRead"] == len(NAMELESS)
    if selected:
        assert len(outcome.records["computers"]) == len(ids)
        assert "parentsNotRead" not in outcome.states["computers"][-1]


def test_a_list_of_nameless_parents_is_no_empty_table(read: Callable[..., Outcome]) -> None:
    """A list whose ids are gone would empty all tables of its children."""
    with serving(estate([None, None])) as server:
        outcome = read(server, [CONTRACTS, "computers"])
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE", "computers": "COMPLETE"}
    assert "none of its parents, 2 in all, has an id" in outcome.stream_errors[CONTRACTS][0]
    assert asked_paths(server) == {LIST}


DELICATE = [
    "a/b",
    "50%",
    "a?b",
    "a#b",
    "a;b",
    "a\\b",
    "größe",
    "字",
    "a b",
    "a.b",
    ".x",
    "a&b=c",
    "a+b",
    "%41",
    7,
]


@pytest.mark.parametrize("selected", [True, False])
def test_ids_are_one_segment_of_the_path(read: Callable[..., Outcome], selected: bool) -> None:
    """Children of parents with such ids would be missing, or another parent's."""
    with serving(estate(DELICATE)) as server:
        outcome = read(server, [CONTRACTS, "computers"] if selected else [CONTRACTS])
    assert outcome.errors == []
    assert contracts(outcome) == {value: f"of {value}" for value in DELICATE}
    assert asked_paths(server) == {LIST, *map(contracts_of, DELICATE)}


UNSAFE = ["../x", "a/../b", "..\\x", "%2e%2e", "..;/x", "a//b", "a/", "a\nb"]


@pytest.mark.parametrize("unsafe", UNSAFE)
def test_an_id_that_some_server_would_resolve_is_not_sent(read: Callable[..., Outcome], unsafe: str) -> None:
    """Rows of another resource would be filed under that computer; or its own be missing without a word."""
    with serving(estate(["a", unsafe, "b"]), decoded_and_resolved) as server:
        outcome = read(server, [CONTRACTS, "computers"])
        accepted = read(server, [CONTRACTS], accept_missing_rows=[CONTRACTS])
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE", "computers": "COMPLETE"}
    assert outcome.exit_code == 1
    assert contracts(outcome) == {"a": "of a", "b": "of b"}
    (message,) = outcome.stream_errors[CONTRACTS]
    assert "1 parent was not requested, because of the id" in message
    assert asked_paths(server) == {LIST, contracts_of("a"), contracts_of("b")}
    assert accepted.statuses == {CONTRACTS: "COMPLETE"}
    assert accepted.states[CONTRACTS][-1]["parentsNotRead"] == 1


def test_a_server_that_takes_an_id_for_a_path_costs_no_rows_in_silence(read: Callable[..., Outcome]) -> None:
    """A proxy that decodes a slash answers 404: the computer would be called gone."""
    with serving(estate(["a", "x/y"]), unquote) as server:
        server.replies[f"{LIST}/x/y/contracts"] = 404
        outcome = read(server, [CONTRACTS])
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE"}
    assert contracts(outcome) == {"a": "of a"}
    assert contracts_of("x/y") in outcome.stream_errors[CONTRACTS][0]


# Parents that are gone


@pytest.mark.parametrize("status", [404, 410])
def test_a_parent_that_is_gone_is_skipped_and_named(read: Callable[..., Outcome], status: int) -> None:
    """A computer deleted during the sync must not fail it, and must not vanish without a word."""
    with serving(estate(["a", "b"])) as server:
        server.replies[contracts_of("a")] = status
        outcome = read(server, [CONTRACTS])
    assert outcome.errors == []
    assert outcome.statuses == {CONTRACTS: "COMPLETE"}
    assert contracts(outcome) == {"b": "of b"}
    assert any(contracts_of("a") in line for line in outcome.logs)
    assert any("1 parent was skipped, nothing was there" in line for line in outcome.logs)


@pytest.mark.parametrize("status", [404, 410, 400, 416])
def test_a_later_page_that_is_refused_is_no_parent_that_is_gone(
    read: Callable[..., Outcome], status: int
) -> None:
    """The rest of a computer's contracts would be missing from a table that is called complete."""
    rows = [{"contractId": str(number)} for number in range(5)]

    def refuses_the_second(query: dict[str, str]) -> Any:
        return page(rows, query) if query["page_number"] == "1" else status

    with serving(estate(["a", "b"])) as server:
        server.replies[contracts_of("a")] = refuses_the_second
        outcome = read(server, [CONTRACTS], page_size=2)
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE"}
    assert contracts_of("a") in outcome.stream_errors[CONTRACTS][0]
    assert contracts(outcome)["b"] == "of b"


@pytest.mark.parametrize("parents", [1, 2, 7])
@pytest.mark.parametrize("stream", [CONTRACTS, "computer_details", "computer_costs"])
def test_an_endpoint_that_no_parent_has_is_an_error(
    read: Callable[..., Outcome], stream: str, parents: int
) -> None:
    """An endpoint that the host lacks would look like a table without rows, and empty the user's."""
    with serving({LIST: [{"id": str(number)} for number in range(parents)]}) as server:
        outcome = read(server, [stream, "computers"])
    assert outcome.statuses == {stream: "INCOMPLETE", "computers": "COMPLETE"}
    (message,) = outcome.stream_errors[stream]
    assert "HTTP 404" in message
    listed = "1 parent is" if parents == 1 else f"{parents} parents are"
    assert f"{listed} listed, and every request" in message


def test_a_stream_that_no_parent_has_anything_for_may_be_accepted(read: Callable[..., Outcome]) -> None:
    """A tenant in which no computer has a socket map could never sync the stream."""
    with serving({LIST: [{"id": "a"}, {"id": "b"}]}) as server:
        outcome = read(server, [CONTRACTS], accept_missing_rows=[CONTRACTS])
    assert outcome.errors == []
    assert outcome.statuses == {CONTRACTS: "COMPLETE"}
    assert outcome.states[CONTRACTS][-1]["parentsNotRead"] == 2


@pytest.mark.parametrize("selected", [True, False])
def test_the_only_parent_may_be_gone(read: Callable[..., Outcome], selected: bool) -> None:
    """The last computer of a small tenant, deleted during the sync, would fail it."""

    def until_it_is_requested(query: dict[str, str]) -> Any:
        return page([] if contracts_of("a") in server.asked else [{"id": "a"}], query)

    with serving({LIST: until_it_is_requested}) as server:
        outcome = read(server, [CONTRACTS, "computers"] if selected else [CONTRACTS])
    assert outcome.errors == []
    assert outcome.statuses[CONTRACTS] == "COMPLETE"
    assert any(contracts_of("a") in line for line in outcome.logs)


# Lists of parents that can't be read


@pytest.mark.parametrize("selected", [True, False])
@pytest.mark.parametrize(
    ("reply", "cause", "failure_type"),
    [
        (403, "sam.computer.r", "config_error"),
        (404, "HTTP 404", "config_error"),
        (500, "HTTP 500", "transient_error"),
        (501, "HTTP 501", "system_error"),
        ([{"id": "a"}, 7], "a row is int", "system_error"),
        ({"items": None}, "items is null", "system_error"),
    ],
    ids=["403", "404", "500", "501", "row", "null"],
)
def test_what_fails_the_list_of_parents_is_the_childs_own_error(
    read: Callable[..., Outcome], reply: Any, cause: str, failure_type: str, selected: bool
) -> None:
    """A child without an error is called complete; an error of a stream that nobody chose tells nobody
    anything.
    """
    streams = [CONTRACTS, "computer_details"] + (["computers"] if selected else [])
    with serving({LIST: reply}) as server:
        outcome = read(server, streams)
    assert outcome.statuses == dict.fromkeys(streams, "INCOMPLETE")
    assert set(outcome.stream_errors) == set(streams)
    assert outcome.exit_code == 1
    for error in outcome.errors:
        if error.get("stream_descriptor"):
            assert cause in error["message"]
            assert f"Stream {error['stream_descriptor']['name']}" in error["message"]
            assert error["failure_type"] == failure_type


@pytest.mark.parametrize("selected", [[], ["datacenter_members"], ["datacenter_members", "datacenters"]])
@pytest.mark.parametrize("status", [403, 404, 501])
def test_what_fails_the_grandparents_is_the_grandchilds_own_error(
    read: Callable[..., Outcome], selected: list[str], status: int
) -> None:
    """Two levels down nobody would know what is missing, and why."""
    streams = ["datacenter_member_features", *selected]
    with serving({DATACENTERS: status}) as server:
        outcome = read(server, streams)
    assert outcome.statuses == dict.fromkeys(streams, "INCOMPLETE")
    assert set(outcome.stream_errors) == set(streams)
    for messages in outcome.stream_errors.values():
        assert f"{DATACENTERS} was refused with HTTP {status}" in messages[0]


# Lists of parents that are selected

MEMBERS, FEATURES = "datacenter_members", "datacenter_member_features"


def datacenters(ids: list[str]) -> dict[str, Any]:
    """Datacenters with a member each, which has a feature."""
    replies: dict[str, Any] = {DATACENTERS: [{"id": value} for value in ids]}
    for value in ids:
        replies[members_of(value)] = [{"computerId": f"of {value}"}]
        replies[f"{members_of(value)}/{quote(f'of {value}')}/features"] = [{"featureName": "x"}]
    return replies


def members_of(value: str) -> str:
    """The path of a datacenter's members."""
    return f"{DATACENTERS}/{value}/members"


@pytest.mark.parametrize("nodes", ["lack it once", "lack it for some"])
def test_a_parent_that_is_there_when_it_is_requested_again_is_read(
    read: Callable[..., Outcome], nodes: str
) -> None:
    """While a server is deployed, some nodes lack a path: a fifth of the contracts would be missing."""
    ids = many(30)
    always = ids[20:23] if nodes == "lack it for some" else []

    def lacking(value: Any) -> Any:
        path = contracts_of(value)
        contract = {"contractId": f"of {value}"}
        return lambda query: 404 if server.asked[path] == 1 or value in always else page([contract], query)

    with serving(estate(ids)) as server:
        for value in ids[::5] + always:
            server.replies[contracts_of(value)] = lacking(value)
        outcome = read(server, [CONTRACTS])
    assert set(contracts(outcome)) == {*ids} - {*always}
    if always:
        assert outcome.statuses == {CONTRACTS: "INCOMPLETE"}
        assert "3 parents were answered with HTTP 404 or 410, as were others" in outcome.errors[0]["message"]
    else:
        assert outcome.statuses == {CONTRACTS: "COMPLETE"}


@pytest.mark.parametrize("workers", [1, 10])
def test_the_lists_of_a_selected_parent_are_requested_once(
    read: Callable[..., Outcome], workers: int
) -> None:
    """The subscriptions of 50,000 SaaS users would cost 50,000 requests more."""
    ids = many(30)
    streams = [FEATURES, MEMBERS, "datacenters"]
    with serving(datacenters(ids)) as server:
        server.replies[members_of(ids[7])] = []
        server.replies[members_of(ids[8])] = 404
        outcome = read(server, streams, num_workers=workers)
    assert outcome.errors == []
    assert outcome.statuses == dict.fromkeys(streams, "COMPLETE")
    assert {row["id"] for row in outcome.records[FEATURES]} == {*ids} - {ids[7], ids[8]}
    assert {value: server.asked[members_of(value)] for value in ids} == {**dict.fromkeys(ids, 1), ids[8]: 2}


def test_the_children_of_a_selected_parent_that_failed_read_its_lists(read: Callable[..., Outcome]) -> None:
    """The children would lack the rows of the list that failed, or end with an error of another stream."""
    ids = many(30)

    def refuses_the_first(query: dict[str, str]) -> Any:
        return 501 if server.asked[members_of(ids[7])] == 1 else page([{"computerId": f"of {ids[7]}"}], query)

    for accepted in ([], [MEMBERS]):
        with serving(datacenters(ids)) as server:
            server.replies[members_of(ids[7])] = refuses_the_first
            outcome = read(server, [FEATURES, MEMBERS], accept_missing_rows=accepted)
        assert outcome.statuses == {FEATURES: "COMPLETE", MEMBERS: "COMPLETE" if accepted else "INCOMPLETE"}
        assert {row["id"] for row in outcome.records[FEATURES]} == {*ids}
        assert len(outcome.records[MEMBERS]) == 29


# Parents that fail


def many(count: int) -> list[str]:
    """So many ids."""
    return [f"c{number:04}" for number in range(count)]


@pytest.mark.parametrize(
    "fault", [500, {"items": None}, {"neither": "nor"}], ids=["500", "null", "malformed"]
)
def test_a_parent_that_fails_does_not_end_the_others(read: Callable[..., Outcome], fault: Any) -> None:
    """One computer that the server stumbles over would cost the rows of all others; or they would be called
    all.
    """
    ids = many(60)
    failing = ids[7:9]
    with serving(estate(ids)) as server:
        server.replies |= {contracts_of(value): fault for value in failing}
        outcome = read(server, [CONTRACTS, "computers"])
        accepted = read(server, [CONTRACTS, "computers"], accept_missing_rows=[CONTRACTS])
    whole = {value: f"of {value}" for value in ids if value not in failing}
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE", "computers": "COMPLETE"}
    assert outcome.exit_code == 1
    assert contracts(outcome) == whole
    (message,) = outcome.stream_errors[CONTRACTS]
    assert "2 of 60 parents could not be read" in message
    assert all(contracts_of(value) in message for value in failing)
    assert "accept_missing_rows" in message
    assert "parentsNotRead" not in outcome.stdout
    assert accepted.errors == []
    assert accepted.exit_code == 0
    assert accepted.statuses == {CONTRACTS: "COMPLETE", "computers": "COMPLETE"}
    assert contracts(accepted) == whole
    assert accepted.states[CONTRACTS][-1]["parentsNotRead"] == 2
    assert any("2 of 60 parents could not be read" in line for line in accepted.logs)


@pytest.mark.parametrize("accepted", [[], ["all"]])
@pytest.mark.parametrize(
    ("failing", "most"),
    [(slice(0, 400), 40), (slice(100, 400), 160), (slice(0, 400, 5), 260), (slice(None), 40)],
    ids=["first", "later", "every fifth", "all"],
)
def test_many_parents_that_fail_end_the_stream(
    read: Callable[..., Outcome], failing: slice, most: int, accepted: list[str]
) -> None:
    """A service that is down would be asked for every parent nine times; half a table would be accepted."""
    ids = many(400)
    with serving(estate(ids)) as server:
        server.replies |= {contracts_of(value): 500 for value in ids[failing]}
        outcome = read(server, [CONTRACTS], accept_missing_rows=accepted)
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE"}
    (message,) = outcome.stream_errors[CONTRACTS]
    assert "too many to continue" in message
    assert "HTTP 500" in message
    assert len(asked_paths(server)) < most + 40, "what is lost is not read on"


@pytest.mark.parametrize("status", [401, 403])
def test_what_holds_for_every_parent_ends_the_stream_at_once(
    read: Callable[..., Outcome], status: int
) -> None:
    """A missing permission would be told as rows of single parents."""
    ids = many(400)
    with serving(estate(ids)) as server:
        server.replies |= {contracts_of(value): status for value in ids}
        outcome = read(server, [CONTRACTS], accept_missing_rows=["all"])
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE"}
    assert f"was refused with HTTP {status}" in outcome.stream_errors[CONTRACTS][0]
    assert len(asked_paths(server)) < 60


def test_a_stream_whose_few_parents_all_fail_is_never_accepted(read: Callable[..., Outcome]) -> None:
    """An empty table would be called complete."""
    with serving(estate(["a", "b"])) as server:
        server.replies |= {contracts_of("a"): 500, contracts_of("b"): 500}
        outcome = read(server, [CONTRACTS], accept_missing_rows=["all"])
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE"}
    assert "none of its parents could be read, of 2" in outcome.stream_errors[CONTRACTS][0]


@pytest.mark.parametrize("selected", [True, False])
@pytest.mark.parametrize("accepted", [[], ["datacenter_members"], ["all"]])
def test_grandchildren_of_a_parent_that_failed_are_not_complete(
    read: Callable[..., Outcome], selected: bool, accepted: list[str]
) -> None:
    """The members of one datacenter are unknown, so the table of their features is not whole either."""
    ids = many(8)
    streams = [FEATURES, MEMBERS] if selected else [FEATURES]
    with serving(datacenters(ids)) as server:
        server.replies[members_of(ids[3])] = 500
        outcome = read(server, streams, accept_missing_rows=accepted)
    assert {row["id"] for row in outcome.records[FEATURES]} == {*ids} - {ids[3]}
    if accepted == ["all"]:
        assert outcome.statuses == dict.fromkeys(streams, "COMPLETE")
        assert outcome.states[FEATURES][-1]["parentsNotRead"] == 1
    else:
        assert outcome.statuses[FEATURES] == "INCOMPLETE"
        assert members_of(ids[3]) in outcome.stream_errors[FEATURES][0]
    if selected and not accepted:
        assert outcome.statuses[MEMBERS] == "INCOMPLETE"
    if selected and accepted:
        assert outcome.statuses[MEMBERS] == "COMPLETE"
        assert outcome.states[MEMBERS][-1]["parentsNotRead"] == 1
    assert set(outcome.stream_errors) <= set(streams)


def test_children_of_parents_that_are_not_served_are_not_complete(
    sandbox: Sandbox, connector_with: Callable[..., Connector], no_waiting: list[float]
) -> None:
    """A computer that the API counts and does not serve has children, too."""
    sandbox.control.fault("wrong_total", LIST)
    for streams in ([CONTRACTS], [CONTRACTS, "computers"]):
        outcome = connector_with(accept_missing_rows=["computers"]).read_here(streams)
        assert outcome.statuses == {
            name: "INCOMPLETE" if name == CONTRACTS else "COMPLETE" for name in streams
        }
        assert "the API counts 1 more rows of computers than it serves" in outcome.stream_errors[CONTRACTS][0]
    alone = connector_with(accept_missing_rows=[CONTRACTS]).read_here([CONTRACTS])
    assert alone.statuses == {CONTRACTS: "COMPLETE"}
    assert alone.states[CONTRACTS][-1]["parentsNotRead"] == 1
    for streams in ([CONTRACTS], [CONTRACTS, "computers"]):
        both = connector_with(accept_missing_rows=["computers", CONTRACTS]).read_here(streams)
        assert both.statuses == dict.fromkeys(streams, "COMPLETE")
        assert both.states[CONTRACTS][-1]["parentsNotRead"] == 1


@pytest.mark.parametrize(
    "form", [b64encode, bytes.hex, lambda secret: secret[::-1]], ids=["base64", "hex", "backwards"]
)
def test_names_and_ids_that_carry_the_secret_are_not_shown(
    read: Callable[..., Outcome], form: Callable[[bytes], bytes | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that echoes what it was sent could put the secret into the log by the name of a field."""
    monkeypatch.setattr(logging.getLogger("airbyte"), "level", logging.DEBUG)
    said = form(b"a-long-client-secret")
    name = said if isinstance(said, str) else said.decode()
    replies = estate([name, *many(30)])
    replies[contracts_of(name)] = 418
    replies[LIST] += [{"id": f"{name}/.."}, {"id": name, name: "\ud800"}]
    with serving(replies) as server:
        outcome = read(server, ["computers", CONTRACTS], client_secret="a-long-client-secret")
    assert outcome.statuses == {"computers": "COMPLETE", CONTRACTS: "INCOMPLETE"}
    lines = [line for line in outcome.stdout.splitlines() if '"RECORD"' not in line]
    for what in ("U+FFFD", "is not unique", "HTTP 418", "would treat it as another path"):
        assert [line for line in lines if what in line]
    assert [line for line in lines if name in line] == []


# Keys that the list leaves out


def without(field: str) -> Callable[[bytes], bytes]:
    """An edit that takes a field out of every record of a reply."""

    def edit(body: bytes) -> bytes:
        document = orjson.loads(body)
        for row in document.get("items", [document]):
            row.pop(field, None)
        return orjson.dumps(document)

    return edit


USERS = "saas_subscription_users"


@pytest.mark.parametrize("selected", [True, False])
def test_licences_that_the_list_of_applications_leaves_out_come_from_the_detail(
    sandbox: Sandbox, connector: Connector, selected: bool
) -> None:
    """Subscriptions that no user names would be missing, and nobody would know."""
    expected = Expected(sandbox).records(USERS)
    # no user names a subscription, so that the applications alone do
    sandbox.control.fault("edit", f"{SAAS}/users/*/subscriptions", edit=lambda _: b'{"items": []}')
    sandbox.control.fault("edit", f"{SAAS}/applications", edit=without("licenses"))
    outcome = connector.read_here([USERS, "saas_applications"] if selected else [USERS])
    assert outcome.errors == []
    named = {
        item["id"]
        for row in Expected(sandbox).records("saas_applications")
        for item in row.get("licenses") or ()
    }
    assert named
    wanted = [row for row in expected if row["subscriptionId"] in named]
    assert difference(outcome.records[USERS], wanted) == ""
    assert not [line for line in outcome.logs if "may lack rows" in line]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "edit", "edit": without("licenses")},
        {"kind": "edit", "edit": lambda _: b'{"items": []}'},
    ],
)
def test_where_the_detail_leaves_them_out_too_the_stream_says_so(
    sandbox: Sandbox, connector: Connector, fault: dict[str, Any]
) -> None:
    """A table without those rows would be taken for whole; or one application would cost all rows."""
    sandbox.control.fault("edit", f"{SAAS}/applications", edit=without("licenses"))
    sandbox.control.fault(path=SAAS + "/applications/{applicationId}", **fault)
    outcome = connector.read_here([USERS])
    assert outcome.errors == []
    (line,) = [line for line in outcome.logs if "may lack rows" in line]
    assert line.startswith(f"Stream {USERS} may lack rows")
    assert "have no licenses" in line


@pytest.mark.parametrize("count", [1, None])
def test_details_that_are_not_there_once_are_requested_again(
    sandbox: Sandbox, connector: Connector, count: int | None
) -> None:
    """A node that does not know the details would cost the users of all subscriptions, COMPLETE."""
    wanted = len(Expected(sandbox).records(USERS))
    sandbox.control.fault("edit", f"{SAAS}/applications", edit=without("licenses"))
    for application in Expected(sandbox).records("saas_applications"):
        sandbox.control.fault("status", f"{SAAS}/applications/{application['id']}", status=404, count=count)
    outcome = connector.read_here([USERS])
    if count:
        assert len(outcome.records[USERS]) == wanted
    else:
        assert outcome.stream_errors[USERS]


def test_a_list_with_licences_costs_no_detail(sandbox: Sandbox, connector: Connector) -> None:
    """Every application would cost a request."""
    outcome = connector.read_here([USERS])
    assert outcome.errors == []
    asked = [
        exchange.path for exchange in sandbox.requests if exchange.path.startswith(f"{SAAS}/applications/")
    ]
    assert asked == []


@pytest.mark.parametrize("value", [None, ...])
def test_applications_that_may_be_bundles_are_requested(
    sandbox: Sandbox, connector: Connector, value: object
) -> None:
    """Bundles of a registry that does not say which applications are bundles would be missing."""
    expected = Expected(sandbox).records("application_bundles")
    assert expected

    def edit(body: bytes) -> bytes:
        document = json.loads(body)
        for row in document["items"]:
            row.pop("isBundle", None)
            if value is None:
                row["isBundle"] = None
        return json.dumps(document).encode()

    sandbox.control.fault("edit", definitions.parameters("applications")["path"], edit=edit)
    outcome = connector.read_here(["application_bundles"])
    assert outcome.errors == []
    assert difference(outcome.records["application_bundles"], expected) == ""


def test_as_a_process(tmp_path: Path) -> None:
    """What Airbyte runs would end well although rows are missing, or with a traceback."""
    with serving(estate(["a", "..", ["x"], "../x", "b"])) as server:
        outcome = Connector(tmp_path, server.config()).read([CONTRACTS, "computers"])
    assert outcome.exit_code == 1
    assert outcome.other_lines == []
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert outcome.statuses == {CONTRACTS: "INCOMPLETE", "computers": "COMPLETE"}
    assert len(outcome.records["computers"]) == 5
    assert contracts(outcome) == {"a": "of a", "b": "of b"}
    assert '"../x"' in outcome.stream_errors[CONTRACTS][0]
