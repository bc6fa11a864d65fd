"""Parsing of a reply into rows and pagination. A reply that contradicts itself is refused.

A reply has one of these shapes: an envelope `{items: [...], pagination: {...}, _links: [...]}` (`links` in
the vendor's text), an envelope with `nodes` in place of `items` (organization tree) or with one object in
`items`, a bare array (audit logs), or a single object (details, and some collections in the vendor's files).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

import orjson

from source_snow_atlas.components.basics.errors import MalformedReply, plain

Row = dict[str, Any]

MARKS = bytes(0x30 if byte in b"0123456789." else 0x20 for byte in range(256))
"""Translates digits and points to zeros and all else to spaces, to find long numbers with a fast search."""
LONG_NUMBER = b"0" * 16
"""A double preserves fifteen digits. A fraction with more has at least sixteen characters."""
EXPONENT = re.compile(rb"[eE][-+]?\d+")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
LARGEST_PAGE = 100_000
"""Rows: a larger page size in a reply is ignored. The vendor's APIs have at most 1000."""
ENVELOPE_FIELDS = frozenset({"pagination", "_links", "links"})


class WrongPage(MalformedReply):
    """Error of a reply that states the number of another page than the requested one."""


@dataclass
class Repairs:
    """First field of a reply with a replaced lone surrogate, and first one with a rounded number."""

    repaired: str = ""
    rounded: str = ""


@dataclass
class Page:
    """Rows of one reply. Numbers are None if the reply does not state them."""

    rows: list[Row]
    is_collection: bool = False
    """Whether the rows are a list in an envelope."""
    number: int | None = None
    size: int | None = None
    total_pages: int | None = None
    total_items: int | None = None
    has_next: bool = False
    is_array: bool = False
    """Whether the rows are a bare array."""
    repairs: Repairs = field(default_factory=Repairs)


def parse_page(
    body: bytes | bytearray, items_field: str, known_fields: Collection[str], numbers: Collection[int] | None
) -> Page:
    """Parse the page in a body. Raises MalformedReply.

    `known_fields` are the fields of the stream's records. `numbers` are the page numbers that the reply may
    state (None: any).
    """
    repairs = Repairs()
    document = decode(body, repairs)
    if isinstance(document, list):
        return Page(_rows(document), is_array=True, repairs=repairs)
    if not isinstance(document, dict):
        raise MalformedReply(f"the body is {type(document).__name__}, not an object or an array")
    if items_field in document:
        return _envelope(document, items_field, numbers, repairs)
    if document.get("error") and "error" not in known_fields:
        raise MalformedReply("an error object has status 200")
    if "pagination" in document and "pagination" not in known_fields:
        raise MalformedReply(f"{items_field} is missing")
    if not any(field in document for field in known_fields if field not in ENVELOPE_FIELDS):
        raise MalformedReply(f"the object has neither {items_field} nor any field of the stream's records")
    return Page([document], repairs=repairs)


def decode(body: bytes | bytearray, repairs: Repairs | None = None) -> Any:
    """Parse the JSON document of a body. Raises MalformedReply.

    Two kinds of values can't be kept; their first fields are recorded in `repairs`. A lone surrogate (as
    "\\ud800") is replaced by U+FFFD, because UTF-8 can't encode it: strict readers refuse the record, and
    PyAirbyte treats its line as a log message. A fraction is rounded to the nearest double, as every reader
    of the records would do.

    orjson is fast, but converts integers above 64 bits to floats, rounds silently and refuses lone
    surrogates. Bodies that may have any of these are parsed with the standard library.
    """
    if not body:
        raise MalformedReply("the body is empty")
    with suppress(orjson.JSONDecodeError):
        document = orjson.loads(body)
        if _keeps_long_numbers(body):
            return document
    return _decode_exactly(body, repairs or Repairs())


def _keeps_long_numbers(body: bytes | bytearray) -> bool:
    """Return whether orjson writes the long numbers of the body as they are. Digits in a text count, too."""
    marks = body.translate(MARKS)
    numbers = []
    end = 0
    while (start := marks.find(LONG_NUMBER, end)) >= 0:
        end = marks.find(b" ", start)
        end = len(body) if end < 0 else end
        if body[start - 1 : start] == b"-":
            start -= 1
        if body[start - 1 : start] != b'"':  # digits after a quote are a text, often an id
            exponent = EXPONENT.match(body, end)
            numbers.append(body[start : exponent.end() if exponent else end])
    together = b"[" + b",".join(numbers) + b"]"
    return orjson.dumps(orjson.loads(together)) == together


def _decode_exactly(body: bytes | bytearray, repairs: Repairs) -> Any:
    try:
        document = json.loads(body, parse_constant=_NotANumber, parse_float=_fraction, parse_int=_integer)
        return _writable(document, "", repairs)
    except (ValueError, RecursionError) as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "not valid JSON"
        raise MalformedReply(f"the body is {kind} ({plain(str(error), 80)})") from None


def _writable(value: Any, path: str, repairs: Repairs) -> Any:
    """Return a value that UTF-8 and doubles can hold, and record the first field of each repair.

    Raises MalformedReply for NaN, infinity and numbers too large for a double.
    """
    if isinstance(value, _NotANumber):
        raise MalformedReply(
            f"field {plain(path)} ({plain(value)}) is not a number that JSON allows, or is too large"
        )
    if isinstance(value, _Rounded):
        repairs.rounded = repairs.rounded or path
        return float(value)
    if isinstance(value, str):
        if LONE_SURROGATE.search(value) is None:
            return value
        repairs.repaired = repairs.repaired or path
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {
            _writable(key, path, repairs): _writable(item, f"{path}.{key}".lstrip("."), repairs)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_writable(item, f"{path}[{index}]", repairs) for index, item in enumerate(value)]
    return value


class _NotANumber(str):
    """Text of a number that is NaN, infinite or too large."""


class _Rounded(float):
    """Double that differs from the number in the body."""


def _fraction(text: str) -> float | _NotANumber:
    """Return the nearest double. One that is infinite, such as 1e400, would be null in the output."""
    value = float(text)
    if not isfinite(value):
        return _NotANumber(text)
    try:
        is_exact = text == repr(value) or Decimal(text) == Decimal(repr(value))
    except InvalidOperation:  # an exponent beyond all bounds
        is_exact = False
    return value if is_exact else _Rounded(value)


def _integer(text: str) -> int | _NotANumber:
    """Return an integer with all digits, up to the 4,300 that Python converts."""
    try:
        return int(text)
    except ValueError:
        return _NotANumber(text)


def _envelope(document: Row, items_field: str, numbers: Collection[int] | None, repairs: Repairs) -> Page:
    items = document[items_field]
    if document.get("error") or document.get("errors"):
        raise MalformedReply(f"the body has both an error and {items_field}, with status 200")
    if items is None:
        raise MalformedReply(f"{items_field} is null")
    if not isinstance(items, (list, dict)) or items == {}:
        raise MalformedReply(f"{items_field} is {type(items).__name__}, not an array")
    pagination = document.get("pagination")
    if not isinstance(pagination, dict):
        pagination = {}
    size = _count(pagination.get("page_size"))
    page = Page(
        rows=_rows(items) if isinstance(items, list) else [items],
        is_collection=isinstance(items, list),
        number=_count(pagination.get("page_number")),
        size=size if size and size <= LARGEST_PAGE else None,
        total_pages=_count(pagination.get("total_pages")),
        total_items=_count(pagination.get("total_items")),
        has_next=_has_next(document.get("_links") or document.get("links")),
        repairs=repairs,
    )
    if not page.is_collection and (page.has_next or max(page.total_items or 0, page.total_pages or 0) > 1):
        raise MalformedReply(f"{items_field} is one object, but more are counted")
    if numbers is not None and page.number is not None and page.number not in numbers:
        asked = max(numbers)
        items, pages = page.total_items, page.total_pages
        is_after_end = pages is not None and pages < asked
        is_after_end |= items is not None and page.size is not None and items <= (asked - 1) * page.size
        # some servers then send their last page
        if not is_after_end:
            raise WrongPage(f"page {page.number} was returned for page {asked}")
    return page


def _rows(items: list[Any]) -> list[Row]:
    for item in items:
        if not isinstance(item, dict):
            raise MalformedReply(f"a row is {type(item).__name__}, not an object")
    return items


def _count(value: Any) -> int | None:
    """Return a count of the pagination object, or None if it is absent or not a count."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _has_next(links: Any) -> bool:
    """Return whether the links name a next page: an array of `{rel, href}`, or an object by rel."""
    if isinstance(links, dict):
        following = links.get("next")
        return bool(following.get("href") if isinstance(following, dict) else following)
    if not isinstance(links, list):
        return False
    return any(
        isinstance(link, dict) and link.get("rel") == "next" and bool(link.get("href")) for link in links
    )
