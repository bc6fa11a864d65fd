"""The SQL of the documentation, run on what the connector reads from the sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from integration_tests.helpers.connector import Connector, Record
from sandbox import Sandbox
from snow_atlas_sync.questions import Question
from snow_atlas_sync.tables import Layout, batch_of
from source_snow_atlas import definitions
from tools.stream_questions import questions_by_area

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COMPUTERS = 60
QUESTIONS = [question for questions in questions_by_area().values() for question in questions]
STREAMS = sorted({stream for question in QUESTIONS for stream in question.streams})


@pytest.fixture(scope="module")
def records(running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Record]]:
    """What the connector reads of all streams that a question needs."""
    outcome = Connector(tmp_path_factory.mktemp("questions"), running.config(page_size=200)).read_here(
        STREAMS
    )
    assert outcome.exit_code == 0, outcome.stderr
    return outcome.records


@pytest.fixture(scope="module")
def tables(records: dict[str, list[Record]]) -> Iterator[DuckDBPyConnection]:
    """A database with a table for each stream."""
    import duckdb

    with duckdb.connect() as database:
        for stream in STREAMS:
            load(database, stream, records[stream])
        yield database


def load(database: DuckDBPyConnection, stream: str, records: list[Record]) -> None:
    """Make the stream's table with the columns that a sync gives it."""
    layout = Layout.of(stream)
    lines = [
        json.dumps({"record": {"stream": stream, "data": record, "emitted_at": 0}}).encode()
        for record in records
    ]
    database.register(
        "read", pa.Table.from_batches([batch_of(layout, lines).table] if lines else [], layout.schema)
    )
    columns = ", ".join(
        f'"{name}"::JSON AS "{name}"' if kind == "json" else f'"{name}"'
        for name, kind in layout.types.items()
    )
    database.execute(f'CREATE TABLE "{stream}" AS SELECT {columns} FROM read')


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.title)
def test_a_question_has_an_answer(question: Question, tables: DuckDBPyConnection) -> None:
    """A user who copies the query gets an error, or nothing."""
    answer = tables.execute(question.sql)
    rows = answer.fetchall()
    assert rows
    columns = [name for name, *_ in answer.description or ()]
    for place, column in enumerate(columns):
        assert any(row[place] is not None for row in rows), f"{column} is always null"


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.title)
def test_a_question_names_the_tables_it_needs(question: Question) -> None:
    """A user would sync streams that the query does not need, or miss one that it does."""
    named = set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", question.sql))
    assert named & set(definitions.stream_definitions()) == set(question.streams)


@pytest.mark.parametrize(
    "area", sorted({definitions.parameters(name)["area"] for name in definitions.stream_definitions()})
)
def test_every_area_has_a_question(area: str) -> None:
    """A user could not see what an area is good for."""
    assert questions_by_area()[area]


def test_the_tables_hold_what_was_read(tables: DuckDBPyConnection, records: dict[str, list[Record]]) -> None:
    """The answers of this module would be those of a loader that loses rows or values."""
    for stream in STREAMS:
        assert tables.execute(f'SELECT count(*) FROM "{stream}"').fetchone() == (len(records[stream]),)
    (computer, *_) = records["computers"]
    query = "SELECT isServer, coreCount, lastScanDate FROM computers WHERE id = ?"
    found = tables.execute(query, [computer["id"]]).fetchone()
    assert found is not None
    assert found[:2] == (computer.get("isServer"), computer.get("coreCount"))
    assert isinstance(found[2], datetime)
    assert found[2].isoformat()[:19] == computer["lastScanDate"][:19]
    assert tables.execute("SELECT typeof(purchaseValue), typeof(upgrades) FROM licenses").fetchone() == (
        "DECIMAL(38,9)",
        "JSON",
    )
    spent = tables.execute("SELECT sum(purchaseValue) FROM licenses").fetchone()
    wanted = sum(
        Decimal(str(row["purchaseValue"]))
        for row in records["licenses"]
        if row.get("purchaseValue") is not None
    )
    assert spent == (wanted,)


def test_numbers_of_the_answers_are_right(
    tables: DuckDBPyConnection, records: dict[str, list[Record]]
) -> None:
    """A query that joins wrongly counts a computer twice, and nobody notices."""
    units = _answer(tables, "How many computers does each unit have, those of the units below it included?")
    known = {row["id"] for row in records["organizations"]}
    placed = sum(computer.get("organizationId") in known for computer in records["computers"])
    assert units[0][1] == placed
    systems = _answer(tables, "How many computers of which kind run which system?")
    assert sum(row[1] for row in systems) == sum(row["status"] == "Active" for row in records["computers"])
    months = _answer(tables, "How did the number of active people change from month to month?")
    assert len({row[0] for row in months}) == len(records["saas_users_kpi"]) == 12
    assert all(isinstance(row[0], date) for row in months)


def _answer(tables: DuckDBPyConnection, title: str) -> list[tuple]:  # type: ignore[type-arg]
    (question,) = [question for question in QUESTIONS if question.title == title]
    return tables.execute(question.sql).fetchall()
