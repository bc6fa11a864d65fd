"""`make sync` as a user runs it: what it prints, what it leaves in the file, and how it fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.helpers.pyairbyte import needs_pyairbyte
from sandbox import Sandbox
from snow_atlas_sync import inputs, questions, warehouse
from source_snow_atlas import definitions
from tools import sync

pytestmark = [
    needs_pyairbyte,
    pytest.mark.timeout(600),
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(computers=40) as running:
        yield running
        assert not running.internal_errors


def config_file(folder: Path, config: dict[str, Any]) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)


def test_sync_fills_the_tables_and_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first command of the README would end without tables or answers."""
    database = tmp_path / "snow_atlas.duckdb"
    streams = sorted({stream for question in questions.QUESTIONS for stream in question.streams})
    arguments = ["--database", str(database), "--computers", "40", "--streams", " ".join(streams)]
    for _ in range(2):
        assert sync.main(arguments) == 0
        printed = capsys.readouterr().out
        for stream in streams:
            assert f"  {stream}" in printed
        for question in questions.QUESTIONS:
            assert question.title in printed
    cache = warehouse.duckdb_cache(database)
    assert warehouse.query(cache, "SELECT count(*) AS n FROM computers") == [{"n": 40}]
    for question in questions.QUESTIONS:
        assert warehouse.query(cache, question.sql), f"no row answers: {question.title}"
    cache.close()


def test_areas_without_permission_are_named_and_left_out(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registration that may read one product would get nothing, or would not learn what is missing."""
    monkeypatch.setattr(inputs, "suggested_streams", lambda: ["computers", "licenses", "user_accounts"])
    client = sandbox.control.add_client(["sam.computer.r", "sam.user.r"])
    config = config_file(tmp_path, sandbox.config(client))
    assert sync.main(["--config", config, "--database", str(tmp_path / "x.duckdb")]) == 0
    printed = capsys.readouterr().out
    assert "Not readable:" in printed
    assert "licenses (grant" in printed
    assert "2 streams" in printed
    asked = {request.path for request in sandbox.requests if request.parameter("page_size") != "1"}
    assert definitions.parameters("licenses")["path"] not in asked


def test_stream_asked_for_by_name_fails_aloud(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that names a stream it may not read would take an old table for a new one."""
    client = sandbox.control.add_client(["sam.computer.r"])
    arguments = ["--config", config_file(tmp_path, sandbox.config(client))]
    arguments += ["--database", str(tmp_path / "x.duckdb"), "--streams", "computers,licenses"]
    assert sync.main(arguments) == 1
    printed = capsys.readouterr().out
    assert "licenses could not be read: " in printed
    assert "incomplete" in printed
    cache = warehouse.duckdb_cache(tmp_path / "x.duckdb")
    assert warehouse.query(cache, "SELECT count(*) AS n FROM computers") == [{"n": 40}]
    cache.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"client_secret": "wrong"}, "client"), ({"region": "mars"}, "region"), ({"page_size": 0}, "page_size")],
)
def test_wrong_configuration_gives_one_line(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: dict[str, Any], said: str
) -> None:
    """The user would have to find the cause in a traceback."""
    config = {**sandbox.config(), **wrong}
    arguments = ["--config", config_file(tmp_path, config), "--database", str(tmp_path / "x.duckdb")]
    assert sync.main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("sync: ")
    assert said in captured.err
    assert str(config["client_secret"]) not in captured.out + captured.err


def test_file_that_is_no_database_gives_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that can't be written would be noticed after an hour of reading only."""
    (tmp_path / "x.duckdb").write_text("a text", encoding="utf-8")
    config = config_file(tmp_path, {"region": "westeurope", "client_id": "a", "client_secret": "b"})
    assert sync.main(["--config", config, "--database", str(tmp_path / "x.duckdb")]) == 1
    assert "can't be used as the database" in capsys.readouterr().err
