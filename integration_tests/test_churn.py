"""Rows come and go while they are read: whatever was there all the time must be in the output, once."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from integration_tests.helpers.connector import Connector, Outcome
from integration_tests.helpers.expected import keys_of
from sandbox import Operation, Sandbox
from sandbox.company.estate import Estate, Row

pytestmark = pytest.mark.spread
COMPUTERS = 600
PAGE_SIZE = 20
PATH = "/api/sam/estate/v1/computers"
SEEDS = [*range(6), *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(6, 12))]


@pytest.fixture(scope="module")
def made() -> list[Row]:
    """The computers as they were made."""
    return Estate(COMPUTERS).computers


@pytest.fixture
def sandbox(running: Sandbox, sandbox: Sandbox, made: list[Row]) -> Sandbox:
    """The module's sandbox with its table of computers as it was made."""
    running.estate.computers[:] = copy.deepcopy(made)
    return sandbox


@pytest.fixture
def reader(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> Connector:
    """A connector with many small pages."""
    return connector_with(page_size=PAGE_SIZE)


def assert_nothing_is_lost(outcome: Outcome, sandbox: Sandbox) -> None:
    """Survivors are all there, no key comes twice, and nothing was made up."""
    assert outcome.exit_code == 0, outcome.stream_errors
    assert outcome.statuses["computers"] == "COMPLETE"
    counted = keys_of(outcome.records["computers"], ["id"])
    read = {key for (key,) in counted}
    assert max(counted.values()) == 1
    assert sandbox.churn.survivors("computers") - read == set()
    initial_and_new = sandbox.churn.survivors("computers") | set(sandbox.churn.deleted("computers"))
    assert read <= initial_and_new | set(sandbox.churn.inserted("computers"))


@pytest.mark.parametrize("seed", SEEDS)
def test_inserts_and_deletes_at_random(sandbox: Sandbox, reader: Connector, seed: int) -> None:
    """Rows that shift between pages are lost to a serial reader: assets that exist would be missing from the
    inventory.
    """
    sandbox.control.random_churn("computers", PATH, seed=seed, rate=0.4, limit=12)
    outcome = reader.read_here(["computers"])
    if outcome.exit_code:
        # on pages of twenty rows, some orders of the requests leave no overlap
        (message,) = outcome.stream_errors["computers"]
        assert "sync again, at a quieter time" in message
        outcome = reader.read_here(["computers"])
    assert sandbox.churn.deleted("computers") or sandbox.churn.inserted("computers")
    assert_nothing_is_lost(outcome, sandbox)


@pytest.mark.parametrize("seed", SEEDS)
def test_deletes_before_every_page(sandbox: Sandbox, reader: Connector, seed: int) -> None:
    """Deletions alone shift rows to earlier pages, which were read already."""
    sandbox.control.random_churn("computers", PATH, seed=seed, rate=1.0, inserts=0.0, limit=20)
    assert_nothing_is_lost(reader.read_here(["computers"]), sandbox)


@pytest.mark.parametrize("seed", range(4))
def test_changes_that_never_end(sandbox: Sandbox, reader: Connector, seed: int) -> None:
    """Where three rows come or go with every page of twenty, the reading may fail, but not lose a row and say
    that it is whole.
    """
    sandbox.control.random_churn("computers", PATH, seed=seed, rate=3.0)
    outcome = reader.read_here(["computers"])
    if outcome.exit_code:
        assert outcome.statuses["computers"] == "INCOMPLETE"
        (message,) = outcome.stream_errors["computers"]
        assert "sync again, at a quieter time" in message
    else:
        read = {record["id"] for record in outcome.records["computers"]}
        assert sandbox.churn.survivors("computers") - read == set()


@pytest.mark.parametrize("after", [1, 15, 29])
def test_one_row_deleted_from_the_first_page(sandbox: Sandbox, reader: Connector, after: int) -> None:
    """The plainest case: every row behind it moves up by one."""
    sandbox.control.schedule([Operation("delete", "computers", after_request=after, position=0)], PATH)
    outcome = reader.read_here(["computers"])
    assert_nothing_is_lost(outcome, sandbox)


@pytest.mark.parametrize("after", [1, 15, 29])
def test_one_row_inserted_in_front(sandbox: Sandbox, reader: Connector, after: int) -> None:
    """Every row behind it moves down: one comes twice, and must be given out once."""
    sandbox.control.schedule([Operation("insert", "computers", after_request=after, position=0)], PATH)
    outcome = reader.read_here(["computers"])
    assert_nothing_is_lost(outcome, sandbox)


@pytest.mark.parametrize("after", [1, 10, 20])
def test_a_deletion_and_an_insertion_that_hide_each_other(
    sandbox: Sandbox, reader: Connector, after: int
) -> None:
    """The total is the same before and after, but a row has slipped between two pages."""
    changes = [
        Operation("delete", "computers", after_request=after, position=3),
        Operation("insert", "computers", after_request=after, position=-1),
    ]
    sandbox.control.schedule(changes, PATH)
    assert_nothing_is_lost(reader.read_here(["computers"]), sandbox)


def test_data_at_rest_is_read_once(sandbox: Sandbox, connector_with: Callable[..., Connector]) -> None:
    """The care for moving data must not double the requests of all others: pages overlap by few rows."""
    outcome = connector_with(page_size=100).read_here(["computers"])
    assert len(outcome.records["computers"]) == COMPUTERS
    assert sandbox.counts.templates[PATH] <= COMPUTERS // 100 + 2


def test_children_of_a_moving_parent(sandbox: Sandbox, reader: Connector) -> None:
    """A computer that slipped between pages would lack its costs, too."""
    sandbox.control.random_churn("computers", PATH, seed=3, rate=0.5, limit=8)
    outcome = reader.read_here(["computers", "computer_costs"])
    assert outcome.exit_code == 0
    costs = {record["computerId"] for record in outcome.records["computer_costs"]}
    assert sandbox.churn.survivors("computers") - costs == set()
