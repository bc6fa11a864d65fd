"""Requests over real HTTP against servers that the vendor's files don't know: what passes, what is told, and
that nothing is echoed.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote as percent_encoded

import pytest

from integration_tests.helpers.connector import Connector, Outcome
from integration_tests.helpers.scripted_server import (
    TOKEN_PATH,
    Answer,
    Asked,
    Script,
    grant,
    page_of,
    serving,
)
from source_snow_atlas.components.basics.transport import Transport
from source_snow_atlas.components.identity import token_endpoint
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.run import check

pytestmark = pytest.mark.spread

COMPUTERS = "/api/sam/estate/v1/computers"
ROWS = 120


def answering(data: Script, token: Script = grant) -> Script:
    """A script for the token endpoint, and one for all else."""
    return lambda asked: (token if asked.path == TOKEN_PATH else data)(asked)


def read(folder: Path, script: Script, **config: Any) -> tuple[Outcome, list[Asked]]:
    """Read the computers of a server inside this process."""
    with serving(script) as server:
        connector = Connector(folder, server.config(**{"page_size": 50, **config}))
        return connector.read_here(["computers"]), server.requests


def assert_whole(outcome: Outcome) -> None:
    """All rows came, and nothing else is told."""
    assert outcome.errors == []
    assert outcome.exit_code == 0
    assert [row["id"] for row in outcome.records["computers"]] == [str(row) for row in range(ROWS)]


# Statuses


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("status", [201, 205, 206, 207, 226])
def test_a_success_that_carries_no_page_is_a_failed_page(
    tmp_path: Path, no_waiting: list[float], status: int, page: int
) -> None:
    """Rows of a part of a page would be given out as the whole of it, and the stream end COMPLETE."""

    def data(asked: Asked) -> Answer:
        answer = page_of(asked, ROWS)
        answer.status = status if asked.query["page_number"] == str(page) else 200
        return answer

    outcome, _ = read(tmp_path, answering(data))
    assert outcome.statuses == {"computers": "INCOMPLETE"}
    assert outcome.exit_code == 1
    assert f"HTTP {status}" in outcome.stream_errors["computers"][0]


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("body", [b"", None, {"items": []}])
def test_a_page_that_takes_longer_is_asked_for_again(
    tmp_path: Path, no_waiting: list[float], body: Any, page: int
) -> None:
    """The vendor answers 202 where a request takes longer: the page would be taken for an empty one."""
    left = [4]

    def data(asked: Asked) -> Answer:
        if asked.query["page_number"] == str(page) and left[0]:
            left[0] -= 1
            return Answer(202, body)
        return page_of(asked, ROWS)

    outcome, _ = read(tmp_path, answering(data))
    assert_whole(outcome)


def test_pages_that_a_proxy_passed_on(tmp_path: Path) -> None:
    """Behind a proxy that marks what it passes on with 203 nothing could be read."""

    def data(asked: Asked) -> Answer:
        answer = page_of(asked, ROWS)
        answer.status = 203
        return answer

    outcome, _ = read(tmp_path, answering(data))
    assert_whole(outcome)


def test_a_page_that_is_never_ready_fails_its_stream(tmp_path: Path, no_waiting: list[float]) -> None:
    """The sync would wait for ever, or the stream end without its rows."""
    outcome, _ = read(tmp_path, answering(lambda _: Answer(202, {})))
    assert outcome.statuses == {"computers": "INCOMPLETE"}
    assert "HTTP 202" in outcome.stream_errors["computers"][0]


def test_a_page_that_is_too_large_is_read_with_a_smaller_page_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user with very large rows would download 256 MiB nine times, and be told to report it."""
    smaller = partial(Transport, largest=40_000)
    monkeypatch.setattr("source_snow_atlas.components.request.client.Transport", smaller)

    def data(asked: Asked) -> Answer:
        answer = page_of(asked, ROWS)
        for row in answer.body["items"]:
            row["notes"] = "x" * 1000
        return answer

    outcome, asked = read(tmp_path, answering(data))
    assert outcome.statuses == {"computers": "INCOMPLETE"}
    (said,) = outcome.stream_errors["computers"]
    assert f"the reply to GET {COMPUTERS} is larger than 256 MiB" in said
    assert "Lower page_size" in said
    assert [each.query["page_number"] for each in asked if each.path == COMPUTERS] == ["1"]
    outcome, _ = read(tmp_path, answering(data), page_size=25)
    assert_whole(outcome)


# Tokens


@pytest.mark.parametrize(
    "life", ["0", "-1", "true", "null", "NaN", '"soon"', "9" * 400, "9" * 5000, "[]", "0.0001"]
)
def test_a_strange_life_is_no_token_a_request(tmp_path: Path, life: str) -> None:
    """Every request would ask for a token of its own, until the vendor's limit of tokens ends the sync."""

    def token(_: Asked) -> Answer:
        return Answer(body=f'{{"access_token": "token-1", "expires_in": {life}}}'.encode())

    outcome, requests = read(tmp_path, answering(lambda asked: page_of(asked, ROWS), token))
    assert_whole(outcome)
    assert len([request for request in requests if request.path == TOKEN_PATH]) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(429, {}, {"Retry-After": "0"}),
        Answer(503, {}, {"Retry-After": "0"}),
        Answer(reset=True),
    ],
    ids=["429", "503", "reset"],
)
def test_a_token_endpoint_that_refuses_is_left_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Answer
) -> None:
    """It was asked 193 times in 20 seconds. The time between two requests is only counted here."""
    now, asked_at = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def refuse(asked: Asked) -> Answer:
        asked_at.append(now[0])
        return refusal

    monkeypatch.setattr(token_endpoint, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    outcome, _ = read(tmp_path, refuse)
    assert outcome.exit_code == 1
    assert 1 <= sum(at <= 5 for at in asked_at) <= 6
    assert sum(at <= 20 for at in asked_at) <= 9


@pytest.mark.parametrize("status", [429, 503])
def test_an_announced_wait_of_the_token_endpoint_is_obeyed(tmp_path: Path, status: int) -> None:
    """A request inside the announced wait earns another one."""

    def token(asked: Asked) -> Answer:
        asked_at.append(asked.at)
        return Answer(status, {}, {"Retry-After": "1"}) if len(asked_at) == 1 else grant(asked)

    asked_at: list[float] = []
    outcome, _ = read(tmp_path, answering(lambda asked: page_of(asked, ROWS), token))
    assert_whole(outcome)
    assert len(asked_at) == 2
    assert asked_at[1] - asked_at[0] >= 1


def test_faults_after_an_announced_wait_are_survived(
    tmp_path: Path, no_waiting: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first 502 after a wait of a quarter of an hour failed the stream."""
    from source_snow_atlas.components.request import client

    skipped = [0.0]
    make = client.SnowAtlasClient.__init__

    def with_clock(self: client.SnowAtlasClient, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **{**options, "clock": lambda: time.monotonic() + skipped[0]})
        self.pace._wait = lambda condition, seconds: (  # type: ignore[assignment]
            skipped.__setitem__(0, skipped[0] + seconds)
            if seconds is not None and seconds > 100
            else condition.wait(seconds)
        )

    monkeypatch.setattr(client.SnowAtlasClient, "__init__", with_clock)
    replies = iter(
        [Answer(429, {}, {"Retry-After": "900"}), Answer(502, {}), Answer(reset=True), Answer(502, {})]
    )
    outcome, _ = read(tmp_path, answering(lambda asked: next(replies, page_of(asked, ROWS))))
    assert_whole(outcome)
    assert skipped[0] > 800


# Secrets

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "percent-encoded": lambda secret: percent_encoded(secret, safe=""),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "basic authentication": lambda secret: base64.b64encode(f"client:{secret}".encode()).decode(),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "first half": lambda secret: secret[: len(secret) // 2],
    "in two lines": lambda secret: f"{secret[:10]}\n{secret[10:]}",
    "with blanks": lambda secret: " ".join(secret),
}
SHAPES: dict[str, Callable[[str], Any]] = {
    "error object": lambda text: {"error": {"code": 400, "message": text}},
    "error code": lambda text: {"error": text, "error_description": text, "error_uri": text},
    "registered error": lambda text: {"error": "invalid_grant", "error_description": text},
    "message": lambda text: {"message": text, "title": text, "detail": text},
    "text": lambda text: text.encode(),
    "rows": lambda text: {"items": [{"id": text, "message": text}]},
}


STATUSES = (403, 400, 401, 503, 500, 404)


@pytest.mark.parametrize(
    ("shape", "form", "status"),
    [(SHAPES["error object"], form, 400) for form in FORMS.values()]
    + [
        (shape, FORMS["percent-encoded"], status)
        for shape, status in zip(SHAPES.values(), STATUSES, strict=True)
    ],
)
@pytest.mark.parametrize("where", ["token endpoint", "api"])
def test_what_is_echoed_stays_where_it_is(
    tmp_path: Path,
    no_waiting: list[float],
    where: str,
    form: Callable[[str], str],
    shape: Callable[[str], Any],
    status: int,
) -> None:
    """A server that echoes the request, in whatever form, would put the secret or the token into the log."""

    def token(asked: Asked) -> Answer:
        if where == "api":
            return grant(asked)
        return echo(asked.form["client_secret"])

    def echo(secret: str) -> Answer:
        echoed.append(form(secret))
        text = f"what was sent: {echoed[-1]} end"
        return Answer(status, shape(text), {"X-Echo": percent_encoded(echoed[-1])})

    echoed: list[str] = []
    script = answering(lambda asked: echo(asked.authorization.removeprefix("Bearer ")), token)
    outcome, _ = read(tmp_path, script)
    assert outcome.exit_code == 1
    assert echoed
    for piece in " ".join(echoed).split():
        assert len(piece) < 5 or piece not in outcome.stdout
        assert len(piece) < 5 or json.dumps(piece)[1:-1] not in outcome.stdout
    for text in echoed:
        assert text not in outcome.stdout


def test_the_message_of_an_error_object_is_quoted(tmp_path: Path) -> None:
    """The most useful part of an error would be lost."""
    said = Answer(400, {"error": {"code": 400, "message": "Unknown field 'hostname'"}})
    outcome, _ = read(tmp_path, answering(lambda _: said))
    assert "Unknown field 'hostname'" in outcome.stream_errors["computers"][0]


def test_a_registered_error_of_the_token_endpoint_is_quoted(tmp_path: Path) -> None:
    """The same for the token endpoint."""
    said = Answer(400, {"error": "unsupported_grant_type", "error_description": "no"})
    outcome, _ = read(tmp_path, lambda _: said)
    assert "unsupported_grant_type" in outcome.general_errors[0]


# check


def checked(folder: Path, script: Script) -> tuple[str, str]:
    """Status and message of `check` inside this process."""
    with serving(script) as server:
        return Connector(folder, server.config()).check_here().connection_status


@pytest.mark.parametrize(
    "down", [Answer(503, {}), Answer(500, b"<html>"), Answer(reset=True)], ids=["503", "500", "reset"]
)
def test_check_says_that_the_apis_are_down(tmp_path: Path, no_waiting: list[float], down: Answer) -> None:
    """A person would look for permissions that are not missing, while the server is down."""
    status, message = checked(tmp_path, answering(lambda _: down))
    assert status == "FAILED"
    assert "down or can't be reached" in message
    assert "grant" not in message.lower()


HANGING = {"never": Answer(body={}, hang=1000), "trickling": Answer(body={"items": []}, hang=0.5)}


@pytest.mark.parametrize("where", ["token", "api", "one area"])
@pytest.mark.parametrize("hanging", HANGING.values(), ids=HANGING.keys())
def test_check_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, hanging: Answer
) -> None:
    """A server that accepts and never answers would hold the form for three minutes."""
    monkeypatch.setattr(check, "LONGEST", 1.0)

    def data(asked: Asked) -> Answer:
        return hanging if where == "api" or asked.path == COMPUTERS else Answer(403, {})

    token = (lambda _: hanging) if where == "token" else grant
    started = time.monotonic()
    status, message = checked(tmp_path, answering(data, token))
    assert time.monotonic() - started < 6
    assert status == "FAILED"
    assert "did not answer within 1 s" in message
    assert ("grant" in message) == (where == "one area")


@pytest.mark.thorough
def test_check_as_a_process_ends_within_half_a_minute(tmp_path: Path) -> None:
    """The same with the real bounds, the start of the process included."""
    with serving(answering(lambda _: HANGING["trickling"])) as server:
        started = time.monotonic()
        status, message = Connector(tmp_path, server.config()).check().connection_status
    assert time.monotonic() - started < 30
    assert status == "FAILED"
    assert "answer" in message or "down or can't be reached" in message


# Connections


def test_connections_are_made_anew_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that drops idle connections without a word would let the next request wait for minutes."""
    from source_snow_atlas.components.basics import transport
    from source_snow_atlas.components.request.client import SnowAtlasClient

    with serving(answering(lambda asked: page_of(asked, 1))) as server:
        client = SnowAtlasClient(SnowAtlasOauth2Authenticator(config=server.config()), 2)

        for idle in (30.0, 30.0, 0.0, 0.0):
            monkeypatch.setattr(transport, "LONGEST_IDLE", idle)
            client.get("computers", COMPUTERS, {"page_number": 1, "page_size": 1}, bytes)
        ports = [request.port for request in server.asked(COMPUTERS)]
    assert ports[0] == ports[1], "a connection in use is kept"
    assert len({*ports[1:]}) == 3
