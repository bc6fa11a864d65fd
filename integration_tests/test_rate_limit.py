"""A server that limits the rate of requests, over real HTTP: nothing is lost, and hardly a request is
refused.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration_tests.helpers.connector import Connector
from integration_tests.helpers.expected import Expected, difference
from sandbox import Sandbox

COMPUTERS = 40
STREAMS = ["computers", "computer_costs", "computer_hardware", "computer_logical_disks", "computer_details"]
RATE = 40


def test_forty_workers_at_forty_requests_a_second(
    sandbox: Sandbox, connector_with: Callable[..., Connector], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs into the limit again and again is locked out, and every other script of the tenant with
    him.
    """
    sandbox.control.set(rate_limit=RATE)
    outcome = connector_with(num_workers=40, page_size=100).read_here(STREAMS)
    requests = [exchange for exchange in sandbox.requests if exchange.path.startswith("/api/")]
    refused = [exchange for exchange in requests if exchange.status == 429]
    seconds = max(exchange.started for exchange in requests) - min(exchange.started for exchange in requests)
    with capsys.disabled():
        served = len(requests) - len(refused)
        print(
            f"\n  {served} requests served in {seconds:.1f} s at {RATE}/s: "
            f"{served / seconds / RATE:.0%} of the allowance used, {len(refused)} refused"
        )
    assert outcome.errors == []
    assert outcome.exit_code == 0
    expected = Expected(sandbox)
    for stream in STREAMS:
        assert difference(outcome.records[stream], expected.records(stream)) == "", stream
    assert refused
    assert len(refused) < 0.1 * len(requests)


def test_the_token_endpoint_may_be_limited(
    sandbox: Sandbox, connector: Connector, no_waiting: list[float]
) -> None:
    """A token endpoint that asks for a pause is no reason to give up a sync."""
    sandbox.control.fault("status", "/idp/api/connect/token", status=429, retry_after=9, count=3)
    outcome = connector.read_here(["computers"])
    assert outcome.exit_code == 0
    assert no_waiting == [9.0, 9.0, 9.0]
    assert difference(outcome.records["computers"], Expected(sandbox).records("computers")) == ""


@pytest.mark.parametrize("path", ["/api/*", "/idp/api/connect/token"])
def test_check_does_not_wait(
    sandbox: Sandbox, connector: Connector, no_waiting: list[float], path: str
) -> None:
    """A person waits for the form: after seconds it must say that the limit is used up."""
    sandbox.control.fault("status", path, status=429, retry_after=120)
    status, message = connector.check_here().connection_status
    assert status == "FAILED"
    assert "120 s" in message
    assert no_waiting == []


def test_requests_in_flight_are_bounded(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> None:
    """`num_workers` is a promise to the other users of the tenant."""
    sandbox.control.set(latency=0.02)
    outcome = connector_with(num_workers=3, page_size=5).read_here(STREAMS)
    assert outcome.exit_code == 0
    assert sandbox.counts.peak_in_flight <= 3
