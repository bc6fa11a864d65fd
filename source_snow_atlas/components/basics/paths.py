"""Ids as segments of a path, and checks whether an id can be requested."""

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
"""Characters that servers and proxies may treat as delimiters of the URL, although they are encoded."""
CONTROL = re.compile("[\x00-\x1f\x7f]")
UNREADABLE = re.compile("[\x80-\x9f\ufffd\ud800-\udfff]")
"""Control characters beyond ASCII, lone surrogates and their replacement."""
EXACT_WHOLE_NUMBERS = 2.0**53
LONGEST = 500
"""Length of an id. Servers refuse much longer URLs."""


def reason_not_an_id(value: Any) -> str:
    """Return why a value can't be the id of a resource, or "" if it is a text or a whole number."""
    if isinstance(value, str):
        bare = value.strip()
        if not bare:
            return "it is empty"
        return "" if bare.strip(".") else "it has only dots, which name a folder in a path"
    if value is None:
        return "it is null"
    if isinstance(value, (bool, dict, list)):
        return "it is neither a text nor a number"
    if isinstance(value, float) and not (value.is_integer() and abs(value) < EXACT_WHOLE_NUMBERS):
        return "it is a fraction"
    return ""


def reason_unsafe(value: Any) -> str:
    """Return why an id can't be requested, or "" if it can be, with percent-encoding.

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
        return "it contains a control character or a lone surrogate"
    parts = (part for form in forms for part in re.split(r"[/\\]", form))
    if any(not part.split(";")[0].strip(" .") for part in parts):
        return "a server that decodes it would treat it as another path"
    return ""


def has_delimiters(value: Any) -> bool:
    """Return whether some servers may treat part of an id as a path: a 404 then proves nothing."""
    return bool(DELIMITERS.search(str(value)))


def shown(value: Any) -> str:
    """Return a value for a message: as JSON in one line, truncated."""
    return plain(json.dumps(value, ensure_ascii=False, default=str), 60)


def segment(value: Any) -> str:
    """Return an id as one percent-encoded segment of a path. Raises ValueError if it can't be requested."""
    reason = reason_not_an_id(value) or reason_unsafe(value)
    if reason:
        raise ValueError(f"{shown(value)} can't be a segment of a path: {reason}")
    return percent_encode(str(int(value) if isinstance(value, float) else value), safe="")


def fill(path: str, partition: Mapping[str, Any]) -> str:
    """Return the path with every `{field}` replaced by the percent-encoded value of the partition."""
    return re.sub(r"\{(\w+)\}", lambda field: segment(partition[field[1]]), path)
