"""What the user reads when something failed."""

from __future__ import annotations

import json
import unicodedata

import orjson
import pytest
from airbyte_cdk.models import FailureType
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.errors import (
    ConfigurationError,
    NotFound,
    ServerError,
    SnowAtlasError,
    TransientError,
    failed_request,
    permission_names,
    plain,
    quote,
)
from source_snow_atlas.components.basics.secrets import remember


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"code": 400, "message": "Unknown field"}}', "Unknown field"),
        (b'{"error": {"code": 400, "message": "in\\n  lines"}}', "in lines"),
    ],
)
def test_the_servers_own_words(body: bytes, said: str) -> None:
    """The most useful part of an error, what the server says, would be lost."""
    assert quote(body) == said


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"id": 1, "message": "Jane Doe"}]}',
        b'[{"message": "Jane Doe"}]',
        b'{"message": "Jane Doe", "title": "Jane Doe", "detail": "Jane Doe"}',
        b'{"error": "Jane Doe", "error_description": "Jane Doe"}',
        b'{"error": {"message": {"name": "Jane Doe"}}}',
        b'{"error": {"code": 400, "details": "Jane Doe"}}',
        b'{"error": [{"message": "Jane Doe"}]}',
        b"Jane Doe",
        b"<html>Jane Doe</html>",
        b"",
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_a_body_that_is_no_error_object_is_not_quoted(body: bytes) -> None:
    """Rows of the tenant, or whatever a gateway sends, would stand in the log."""
    assert quote(body) == ""


@given(st.binary(max_size=2000))
def test_any_body_can_be_quoted(body: bytes) -> None:
    """A strange error body would hide the error behind a traceback."""
    text = quote(body)
    assert len(text) <= 301
    assert "\n" not in text


def test_secrets_are_cut_out() -> None:
    """A server that echoes the request would put the secret into the log."""
    remember("hush-hush")
    assert "hush-hush" not in quote(b'{"error": {"message": "bad value hush-hush"}}')
    error = ConfigurationError("the value hush-hush is wrong")
    assert "hush-hush" not in str(error.message)
    assert "hush-hush" not in str(error.internal_message)


@given(st.integers(200, 599), st.binary(max_size=50), st.none() | st.just("a.r") | st.just(["a.r", "b.r"]))
def test_every_status_has_a_sentence(status: int, body: bytes, permission: object) -> None:
    """An unforeseen status would end in a traceback instead of an error that names stream and endpoint."""
    error = failed_request("computers", "/api/x", status, body, permission)
    assert isinstance(error, SnowAtlasError)
    assert "Stream computers: GET /api/x was" in (error.message or "")
    assert f"HTTP {status}" in (error.message or "")
    assert error.status == status


@pytest.mark.parametrize("status", [400, 422, 405])
def test_pages_that_may_be_too_large(status: int) -> None:
    """The user would leave out a stream that smaller pages can read."""
    for query in ({}, {"page_size": 1000}):
        message = failed_request("computers", "/api/x", status, b"", None, query).message or ""
        assert ("page_size" in message) == (bool(query) and status != 405)
        assert "report it" in message


@pytest.mark.parametrize(
    ("status", "said"), [(206, "Only a part of the page was sent"), (409, "conflicts with another operation")]
)
def test_replies_that_the_vendor_documents_are_not_called_undocumented(status: int, said: str) -> None:
    """The user would leave out a stream that can be read an hour later."""
    message = failed_request("computers", "/api/x", status, b"", None, {"page_size": 500}).message or ""
    assert said in message
    assert "Sync again later" in message
    assert "does not document" not in message


def test_a_filter_that_is_too_long_is_named_as_the_cause() -> None:
    """The user would report to the maintainers what only a shorter filter mends."""
    for query in ({"page_size": 500}, {"page_size": 500, "filter": "x"}):
        error = failed_request("computers", "/api/x", 414, b"", None, query)
        assert ("shorten the filter" in (error.message or "")) == ("filter" in query)
        assert isinstance(error, ConfigurationError) == ("filter" in query)


def test_hidden_codes_are_not_quoted_alone() -> None:
    """An error would end with 'The server said: "…".'"""
    assert quote(b'{"error": {"message": "a1b2c3d4e5f6g7h8 x9y8z7w6v5u4t3s2"}}') == ""


def test_errors_reach_the_platform_by_stream_and_kind() -> None:
    """Airbyte would show the error at no stream, or retry what only the user can mend."""
    for error, kind in (
        (ConfigurationError("Grant it.", "computers"), FailureType.config_error),
        (TransientError("Later.", "computers"), FailureType.transient_error),
        (ServerError("Odd.", "computers"), FailureType.system_error),
    ):
        trace = error.as_airbyte_message().trace
        assert trace is not None
        assert trace.error is not None
        assert trace.error.failure_type == kind
        assert trace.error.stream_descriptor is not None
        assert trace.error.stream_descriptor.name == "computers"
        assert not trace.error.stack_trace


def test_permission_names() -> None:
    """The user would be told to grant a list in Python's writing."""
    assert permission_names("a.r") == "the permission a.r"
    assert permission_names(["a.r", "b.r"]) == "the permission a.r or b.r"
    assert "[" not in permission_names(None)
    assert json.dumps(permission_names(""))


@given(st.text(max_size=2000))
def test_server_text_stays_within_its_line(text: str) -> None:
    """A tenant could write lines into the log that look like the connector's, or like messages of the
    protocol.
    """
    for said in (plain(text), quote(orjson.dumps({"error": {"message": text}}))):
        assert len(said.splitlines()) <= 1
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in said)
        assert len(said) <= 301


@pytest.mark.parametrize("text", ["x" * 10_000, "x y" * 5_000, "\U0001f600" * 10_000])
def test_long_server_text_is_cut(text: str) -> None:
    """One refusal would fill the log with a page of HTML or a dump of the server's memory."""
    assert len(plain(text)) == 101
    assert len(quote(orjson.dumps({"error": {"message": text}}))) <= 301
    assert plain(text).endswith("…")


@pytest.mark.parametrize("status", [201, 205, 206, 207, 226, 299])
def test_a_success_that_carries_no_page_is_an_error(status: int) -> None:
    """A part of a page (206) would be taken for the whole."""
    error = failed_request("computers", "/api/x", status, b'{"items": []}', None)
    assert isinstance(error, ServerError)
    assert error.status == status
    assert f"HTTP {status}" in (error.message or "")


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_told_apart(status: int) -> None:
    """A parent that is gone (410) would fail all of its stream."""
    assert isinstance(failed_request("computers", "/api/x", status, b"", None), NotFound)
