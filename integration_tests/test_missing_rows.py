"""Rows that the API counts and never serves: an error, or, where the user accepts it, a count in the stream's
state.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from integration_tests.helpers.connector import Connector, Outcome
from integration_tests.helpers.expected import Expected, difference
from sandbox import Sandbox
from source_snow_atlas import definitions
from unit_tests.helpers.inputs import STATE_OF_0_1_0

COMPUTERS = 60
STREAMS = ["computers", "licenses", "organizations"]


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """A sandbox that counts one computer and one licence more than it serves."""
    for stream in ("computers", "licenses"):
        sandbox.control.fault("wrong_total", definitions.parameters(stream)["path"])
    return sandbox


def assert_all_rows_came(outcome: Outcome, sandbox: Sandbox, streams: list[str]) -> None:
    for stream in streams:
        assert difference(outcome.records[stream], Expected(sandbox).records(stream)) == "", stream


def test_rows_that_are_counted_and_not_served_are_an_error(sandbox: Sandbox, connector: Connector) -> None:
    """A table would lack a row, and nobody would know; and who knows must be told what can be done."""
    outcome = connector.read_here(STREAMS)
    assert outcome.exit_code == 1
    assert outcome.statuses == {
        "computers": "INCOMPLETE",
        "licenses": "INCOMPLETE",
        "organizations": "COMPLETE",
    }
    for stream in ("computers", "licenses"):
        (message,) = outcome.stream_errors[stream]
        assert "counts" in message
        assert "accept_missing_rows" in message
    assert "rowsNotServed" not in outcome.stdout
    assert_all_rows_came(outcome, sandbox, ["organizations"])


def test_the_state_says_how_many_rows_are_not_served(
    sandbox: Sandbox, connector_with: Callable[..., Connector]
) -> None:
    """A warehouse whose table lacks rows must be able to see it; and only the streams that were named may
    lack some.
    """
    outcome = connector_with(accept_missing_rows=["computers"]).read_here(STREAMS)
    assert outcome.statuses == {
        "computers": "COMPLETE",
        "licenses": "INCOMPLETE",
        "organizations": "COMPLETE",
    }
    assert outcome.states["computers"][-1]["rowsNotServed"] == 1
    assert "rowsNotServed" not in outcome.states["organizations"][-1]
    (warning,) = [text for text in outcome.logs if "not served" in text and "computers" in text]
    assert "They are left out" in warning
    assert_all_rows_came(outcome, sandbox, ["computers", "organizations"])


def test_all_stands_for_every_stream(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> None:
    """Whoever can't name the streams beforehand could not sync at all; the count must not stand in the way of
    the next sync.
    """
    connector = connector_with(accept_missing_rows=["all"])
    first = connector.read_here(STREAMS, incremental=["computers"])
    second = connector.read_here(STREAMS, incremental=["computers"], state=first.state)
    for outcome in (first, second):
        assert outcome.exit_code == 0
        assert set(outcome.statuses.values()) == {"COMPLETE"}
        assert outcome.states["licenses"][-1]["rowsNotServed"] == 1
        assert outcome.states["computers"][-1]["lastScanDate"] > "2020"
    sandbox.control.clear_faults()
    healed = connector.read_here(STREAMS, incremental=["computers"], state=second.state)
    assert healed.exit_code == 0
    assert "rowsNotServed" not in healed.stdout, "what is served again must not be reported as missing"


def test_state_of_the_first_version(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> None:
    """An upgrade must go on where the old version ended, not read everything again or refuse to."""
    sandbox.control.clear_faults()
    state = json.loads(STATE_OF_0_1_0.read_text(encoding="utf-8"))
    now = datetime.now(timezone.utc)
    values = state[1]["stream"]["stream_state"]
    assert list(values) == ["created"]
    # the same state, but of two days ago, whenever the test runs
    values["created"] = (now - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    connector = connector_with(start_date=(now - timedelta(days=40)).strftime("%Y-%m-%dT00:00:00Z"))
    streams = ["audit_logs", "computers", "licenses", "computer_costs"]
    sandbox.reset_counts()
    outcome = connector.read_here(streams, incremental=["audit_logs", "computers"], state=state)
    assert outcome.exit_code == 0
    assert set(outcome.statuses.values()) == {"COMPLETE"}
    asked = [each for each in sandbox.requests if each.path == definitions.parameters("audit_logs")["path"]]
    assert 1 <= len(asked) <= 4, "the windows before the state were asked for again"
    assert_all_rows_came(outcome, sandbox, ["licenses", "computer_costs"])
