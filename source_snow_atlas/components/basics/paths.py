"""Identifiers as segments of a path: what can be asked for under its own name, and what can't."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as percent_encode
from urllib.parse import unquote

from source_snow_atlas.components.basics.errors import plain

PLAIN = re.compile(r"[A-Za-z0-9_-]+")
DELIMITERS = re.compile(r"[/\\?#%;]")
"""What servers and proxies may take for a part of the URL, although it is encoded."""
CONTROL = re.compile("[\x00-\x1f\x7f]")
UNREADABLE = re.compile("[\x80-\x9f\ufffd\ud800-\udfff]")
"""Control characters beyond ASCII, and what stands in the place of half a character."""
EXACT_WHOLE_NUMBERS = 2.0**53
LONGEST = 500
"""Characters of an id; with many more a URL is refused, or cut in logs."""


def names_nothing(value: Any) -> str:
    """Why no resource can go by this value; empty where it is a text or a whole number."""
    if isinstance(value, str):
        bare = value.strip()
        if not bare:
            return "it is empty"
        return "" if bare.strip(".") else "it is nothing but dots, which stand for a folder in a path"
    if value is None:
        return "it is null"
    if isinstance(value, (bool, dict, list)):
        return f"it is {'a boolean' if isinstance(value, bool) else 'no single value'}"
    if isinstance(value, float) and not (value.is_integer() and abs(value) < EXACT_WHOLE_NUMBERS):
        return "it is a fraction"
    return "" if isinstance(value, (int, float)) else "it is no text and no number"


def not_safe(value: Any) -> str:
    """Why a value that may name a resource can't be asked for; empty where it can, once it is encoded.

    Proxies and servers decode segments, some of them twice, and then resolve dots, join slashes and cut
    parameters off.
    """
    text = str(value)
    if len(text) > LONGEST:
        return "it is too long for a path"
    if PLAIN.fullmatch(text):
        return ""
    once = unquote(text)
    forms = (text, once, unquote(once))
    if UNREADABLE.search(text) or any(CONTROL.search(form) for form in forms):
        return "it holds a control character, or half of a character"
    parts = (part for form in forms for part in re.split(r"[/\\]", form))
    if any(not part.split(";")[0].strip(" .") for part in parts):
        return "a server that decodes it would take it for another path"
    return ""


def is_delicate(value: Any) -> bool:
    """Whether the value holds characters that some servers take for a part of the path: then a 404 does not
    say that there is nothing.
    """
    return bool(DELIMITERS.search(str(value)))


def shown(value: Any) -> str:
    """The value for a sentence: as JSON, in one line, cut."""
    return plain(json.dumps(value, ensure_ascii=False, default=str), 60)


def segment(value: Any) -> str:
    """The value percent-encoded whole, as one segment of a path. Raises ValueError where that can't be."""
    reason = names_nothing(value) or not_safe(value)
    if reason:
        raise ValueError(f"{shown(value)} can't be a segment of a path: {reason}")
    return percent_encode(str(int(value) if isinstance(value, float) else value), safe="")


def fill(path: str, partition: Mapping[str, Any]) -> str:
    """The path with every `{field}` replaced by the partition's value, percent-encoded whole."""
    for name, value in partition.items():
        if "{" + name + "}" in path:
            path = path.replace("{" + name + "}", segment(value))
    return path
