"""Ids in paths: every id asks for its own resource or for nothing, whatever a server makes of it."""

from __future__ import annotations

import posixpath
import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.paths import fill, reason_not_an_id, reason_unsafe, segment
from unit_tests.helpers.fake_http import HOST

DELICATE = "./\\%;?#:@&=+ ~aé字2eEfF5cC\x00\n"
"""What paths are made of, and what percent-encoding is."""

values = (
    st.text(st.sampled_from(DELICATE), max_size=9)
    | st.text(max_size=6)
    | st.integers()
    | st.none()
    | st.booleans()
    | st.floats()
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=1)
)


@given(values)
def test_an_id_is_one_segment_of_the_path_or_is_refused(value: Any) -> None:
    """Ids with slashes, blanks or question marks would ask for another resource."""
    if reason_not_an_id(value) or reason_unsafe(value):
        with pytest.raises(ValueError, match="can't be a segment"):
            fill("/api/c/{id}/x", {"id": value})
        return
    url = requests.Request("GET", HOST + fill("/api/c/{id}/x", {"id": value})).prepare().url
    parts = urlsplit(str(url))
    segments = parts.path.split("/")
    assert len(segments) == 5
    assert (segments[1], segments[2], segments[4]) == ("api", "c", "x")
    assert unquote(segments[3]) in (str(value), str(value).removesuffix(".0"))
    assert not parts.query
    assert not parts.fragment


@given(st.text(st.sampled_from(DELICATE), min_size=1, max_size=12))
def test_no_server_resolves_an_id_to_a_path_above_it(value: str) -> None:
    """Servers that decode before they resolve dots would answer with a list of the tenant for one computer:
    its rows would be filed under that computer.
    """
    if reason_not_an_id(value) or reason_unsafe(value):
        return
    path = fill("/api/c/{id}/x", {"id": value})
    for decoded in (path, unquote(path), unquote(unquote(path))):
        for seen in (decoded, decoded.replace("\\", "/"), re.sub(r";[^/]*", "", decoded.replace("\\", "/"))):
            resolved = posixpath.normpath(seen)
            assert resolved.startswith("/api/c/")
            assert resolved.count("/") == seen.count("/"), "no part of it vanishes"


@pytest.mark.parametrize(
    "value",
    [None, "", " ", "\t", ".", "..", "...", " .. ", {}, {"id": 1}, [], ["a"], True, False, 1.5, 1e300],
)
def test_what_names_nothing(value: Any) -> None:
    """A list, an object or a boolean would be asked for by its Python name."""
    assert reason_not_an_id(value)


@pytest.mark.parametrize(
    "value",
    [
        "../x",
        "a/../b",
        "a/..",
        "..\\x",
        "%2e%2e",
        "%252e%252e/x",
        "..;/x",
        "a//b",
        "/a",
        "a/",
        "a\nb",
        "a\x00",
        "x" * 501,
        "�a",
    ],
)
def test_what_can_not_be_sent(value: str) -> None:
    """A proxy would make another path of it."""
    assert not reason_not_an_id(value)
    assert reason_unsafe(value)
    with pytest.raises(ValueError, match="can't be a segment"):
        segment(value)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("a/b", "a%2Fb"),
        ("50%", "50%25"),
        ("what?", "what%3F"),
        ("a#b", "a%23b"),
        ("a;b", "a%3Bb"),
        ("a\\b", "a%5Cb"),
        ("a.b", "a.b"),
        (".net", ".net"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("a b", "a%20b"),
        (7, "7"),
        (7.0, "7"),
        (-1, "-1"),
        (10**20, "100000000000000000000"),
    ],
)
def test_what_is_sent(value: Any, sent: str) -> None:
    """Children of parents with such ids would be missing, or be another parent's."""
    assert segment(value) == sent
    assert sent == quote(unquote(sent), safe="")


def test_several_ids_in_a_path() -> None:
    """Ids would be put in one another's place."""
    assert fill("/a/{x}/b/{y}", {"x": "{y}", "y": "{x}"}) == "/a/%7By%7D/b/%7Bx%7D"
    assert fill("/a/{x}", {"x": 1, "other": None}) == "/a/1", "what the path has no place for does not matter"
