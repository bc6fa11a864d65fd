"""Rows that change while they are read: the sandbox's schedule, its randomness and its memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from integration_tests.helpers.sandbox_world import DETAIL, THINGS, Reader, make_sandbox
from sandbox import Operation, Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with make_sandbox() as running:
        yield running
        assert not running.internal_errors


def _ids(sandbox: Sandbox) -> list[str]:
    return [row["id"] for row in sandbox.rows(THINGS)]


def test_planned_changes_happen_between_the_requests(sandbox: Sandbox) -> None:
    """A test of a shifting page needs the shift at exactly that page."""
    reader, before = Reader(sandbox), _ids(sandbox)
    sandbox.control.schedule(
        [
            Operation("delete", "things", after_request=1, position=0),
            Operation("insert", "things", after_request=2, position=3),
            Operation("update", "things", after_request=2, key=before[8], row={"name": "new"}),
        ],
        path=THINGS,
    )
    reader.get(f"{THINGS}/{before[24]}")
    first, second, third = (
        reader.get(THINGS, page_number=number, page_size=5).json() for number in (1, 2, 3)
    )
    assert [row["id"] for row in first["items"]] == before[:5]
    assert second["pagination"]["total_items"] == 24
    assert [row["id"] for row in second["items"]] == before[6:11]
    assert third["pagination"]["total_items"] == 25
    (inserted,) = sandbox.churn.inserted("things")
    assert _ids(sandbox)[3] == inserted
    assert sandbox.churn.deleted("things") == before[:1]
    assert sandbox.churn.updated("things") == [before[8]]
    assert next(row["name"] for row in sandbox.rows(THINGS) if row["id"] == before[8]) == "new"
    assert sandbox.churn.survivors("things") == set(before[1:])


def test_detail_requests_see_the_changes(sandbox: Sandbox) -> None:
    """A parent that is gone between listing and reading must answer 404."""
    reader, before = Reader(sandbox), _ids(sandbox)
    assert reader.get(DETAIL.format(id=before[1])).status_code == 200
    assert sandbox.control.change_row("delete", "things", key=before[1]) == before[1]
    assert sandbox.control.change_row("delete", "things", key=before[1]) is None
    assert reader.get(DETAIL.format(id=before[1])).status_code == 404


def test_random_churn_follows_its_seed_and_remembers() -> None:
    """A lost row can be told from a deleted one only by what the sandbox remembers; and runs must repeat."""
    runs = []
    for _ in range(2):
        with make_sandbox() as sandbox:
            reader, before = Reader(sandbox), set(_ids(sandbox))
            sandbox.control.random_churn("things", THINGS, seed=3, rate=1.5, updates=0.5, limit=20)
            read = [row["id"] for row in reader.pages(THINGS, lambda page: not page["items"], page_size=4)]
            while len(sandbox.requests) < 40:
                reader.get(THINGS)
            after, churn = set(_ids(sandbox)), sandbox.churn
            inserted, deleted = churn.inserted("things"), churn.deleted("things")
            assert len(inserted) + len(deleted) + len(churn.updated("things")) == 20
            assert inserted
            assert deleted
            assert churn.survivors("things") == before & after
            assert after == (before | set(inserted)) - set(deleted)
            runs.append((read, inserted, deleted))
    assert runs[0] == runs[1]


def test_tables_without_an_id_and_tables_not_yet_built(sandbox: Sandbox) -> None:
    """Installations are known by computer and application together; their churn must be remembered too."""
    with pytest.raises(ValueError, match="does not exist yet"):
        sandbox.control.random_churn("no such table")
    sandbox.churn.watch("things", key=("id", "name"))
    first = sandbox.rows(THINGS)[0]
    sandbox.control.change_row("delete", "things", key=(first["id"], first["name"]))
    inserted = sandbox.control.change_row("insert", "things")
    assert sandbox.churn.deleted("things") == [(first["id"], first["name"])]
    assert sandbox.churn.inserted("things") == [inserted]
    assert len(sandbox.churn.survivors("things")) == 24
    with Sandbox(computers=12) as company:
        licenses = "/api/sam/v1/licenses"
        company.control.random_churn("licenses", licenses, rate=1, deletes=0)
        before = len(company.rows(licenses))
        assert Reader(company).get(licenses).status_code == 200
        assert len(company.rows(licenses)) == before + 1


def test_churn_over_http(sandbox: Sandbox) -> None:
    """Tests of whole processes plan and look up changes over HTTP."""
    reader, before = Reader(sandbox), _ids(sandbox)
    url = f"{sandbox.url}/_sandbox/"
    operations = [{"action": "delete", "table": "things", "after_request": 1, "position": -1}]
    assert requests.post(f"{url}churn", json={"operations": operations}, timeout=10).json()["planned"] == 1
    reader.get(THINGS)
    assert requests.get(f"{url}churn", timeout=10).json()["tables"]["things"]["deleted"] == before[-1:]
    row = {"action": "insert", "table": "things", "position": -1, "row": {"id": "new"}}
    assert requests.post(f"{url}rows", json=row, timeout=10).json() == {"key": "new"}
    assert _ids(sandbox) == [*before[:-1], "new"]
    random = {"table": "things", "rate": 1, "deletes": 0}
    requests.post(f"{url}churn", json={"random": random}, timeout=10).raise_for_status()
    reader.get(THINGS)
    assert len(_ids(sandbox)) == 26
    requests.delete(f"{url}churn", timeout=10).raise_for_status()
    reader.get(THINGS)
    assert len(_ids(sandbox)) == 26
    assert requests.get(f"{url}churn", timeout=10).json()["tables"] == {}
    bad = {"action": "explode", "table": "things"}
    assert requests.post(f"{url}rows", json=bad, timeout=10).status_code == 400
