"""One reply of the API, read and vouched for: its rows and what it says of its page. A reply that can't be
true is refused.

Shapes: an envelope `{items: [...], pagination: {...}, _links: [...]}` (`links` in the vendor's prose),
`nodes` in place of `items` (organization tree), a bare array (audit logs), a single object (details; the
vendor's files declare one for some collections too), a single object wrapped in `items`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

import orjson

from source_snow_atlas.components.basics.errors import MalformedReply, plain

Row = dict[str, Any]

MARKS = bytes(0x30 if byte in b"0123456789." else 0x20 for byte in range(256))
"""Makes runs of zeros of numbers, points included, so that long ones are found at the speed of memory."""
LONG_NUMBER = b"0" * 16
"""A double holds any fifteen digits; a fraction with more has sixteen characters at least, with its point."""
EXPONENT = re.compile(rb"[eE][-+]?\d+")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
LARGEST_PAGE = 100_000
"""Rows: no page size that a reply names is believed to be larger; the vendor's APIs have at most 1000."""
ENVELOPE_FIELDS = frozenset({"pagination", "_links", "links"})


class WrongPage(MalformedReply):
    """The reply says that it is another page than the one asked for."""


@dataclass
class Changes:
    """The first field of a reply that holds half a character, and the first whose number is rounded."""

    mended: str = ""
    rounded: str = ""


@dataclass
class Page:
    """The rows of one reply. Numbers are None where the reply does not say."""

    rows: list[Row]
    is_collection: bool = False
    """Whether they came in an envelope, as the items of a list."""
    number: int | None = None
    size: int | None = None
    total_pages: int | None = None
    total_items: int | None = None
    has_next: bool = False
    is_array: bool = False
    """Whether the rows came as a bare array."""
    mended: str = ""
    """The first field whose text held half a character; empty where every character came whole."""
    rounded: str = ""
    """The first field whose number has more digits than a double holds; empty where none has."""


def parse_page(
    body: bytes | bytearray, items_field: str, known_fields: Collection[str], numbers: Collection[int] | None
) -> Page:
    """The page in a body. `known_fields` are the fields of the stream's records, `numbers` those by which the
    reply may call its page (None: any).

    Raises MalformedReply.
    """
    changes = Changes()
    page = _page(decode(body, changes), items_field, known_fields, numbers)
    page.mended, page.rounded = changes.mended, changes.rounded
    return page


def _page(
    document: Any, items_field: str, known_fields: Collection[str], numbers: Collection[int] | None
) -> Page:
    if isinstance(document, list):
        return Page(_rows(document), is_array=True)
    if not isinstance(document, dict):
        raise MalformedReply(f"the body is {type(document).__name__}, not an object or an array")
    if items_field in document:
        return _envelope(document, items_field, numbers)
    if "error" in document and "error" not in known_fields:
        raise MalformedReply("an error object came with status 200")
    if "pagination" in document and "pagination" not in known_fields:
        raise MalformedReply(f"{items_field} is missing")
    if not any(field in document for field in known_fields if field not in ENVELOPE_FIELDS):
        raise MalformedReply(f"the object has neither {items_field} nor any field of the stream's records")
    return Page([document])


def decode(body: bytes | bytearray, changes: Changes | None = None) -> Any:
    """The JSON document of a body, every value as sent; `changes` gets the fields where that can't be.

    Raises MalformedReply. Two things can't be kept. JSON can name half a character (a lone surrogate, as
    "\\ud800"), which no UTF-8 holds: strict readers refuse the whole record, and PyAirbyte takes its line for
    a log message. It becomes U+FFFD. And a fraction becomes the nearest double, as every reader of the
    records would make it one.

    orjson is fast but turns whole numbers above 64 bits into floats, rounds without a word, and refuses lone
    surrogates; replies that hold one of these are read with the standard library.
    """
    if not body:
        raise MalformedReply("the body is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _decode_exactly(body, changes or Changes())
    return _decode_exactly(body, changes or Changes()) if _has_doubtful_number(body) else document


def _has_doubtful_number(body: bytes | bytearray) -> bool:
    """Whether a number in the body, or what looks like one in a text, is more than orjson keeps."""
    marks = body.translate(MARKS)
    numbers = []
    end = 0
    while (start := marks.find(LONG_NUMBER, end)) >= 0:
        end = marks.find(b" ", start)
        end = len(body) if end < 0 else end
        if body[start - 1 : start] == b"-":
            start -= 1
        if body[start - 1 : start] != b'"':  # digits in quotes are a text: ids are often that
            exponent = EXPONENT.match(body, end)
            numbers.append(body[start : exponent.end() if exponent else end])
    if not numbers:
        return False
    together = b"[" + b",".join(numbers) + b"]"
    with suppress(orjson.JSONDecodeError):
        if orjson.dumps(orjson.loads(together)) == together:
            return False
    return not all(map(_is_kept, numbers))


def _is_kept(number: bytes | bytearray) -> bool:
    if number.lstrip(b"-").isdigit():
        return len(number) < 19  # more may be more than 64 bits
    text = number.decode()
    try:
        return _is_exact(text, float(text))
    except ValueError:  # several points: a version or an address in a text
        return True


def _is_exact(text: str, value: float) -> bool:
    """Whether the double, as it is written, is the number in the text."""
    written = repr(value)
    try:
        return text == written or Decimal(text) == Decimal(written)
    except InvalidOperation:  # an exponent beyond all bounds
        return False


def _decode_exactly(body: bytes | bytearray, changes: Changes) -> Any:
    try:
        document = json.loads(body, parse_constant=_NotANumber, parse_float=_fraction, parse_int=_whole)
        return _writable(document, "", changes)
    except (ValueError, RecursionError) as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "not valid JSON"
        raise MalformedReply(f"the body is {kind} ({_first_line(error)})") from None


def _writable(value: Any, path: str, changes: Changes) -> Any:
    """The value as UTF-8 and doubles can hold it; `changes` gets the first field of each change.

    Raises MalformedReply where a number is none.
    """
    if isinstance(value, _NotANumber):
        raise MalformedReply(
            f"field {plain(path)} ({plain(value)}) is not a number that JSON allows, or too large for one"
        )
    if isinstance(value, _Rounded):
        changes.rounded = changes.rounded or path
        return float(value)
    if isinstance(value, str):
        if HALF_CHARACTER.search(value) is None:
            return value
        changes.mended = changes.mended or path
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {
            _writable(key, path, changes): _writable(item, f"{path}.{key}".lstrip("."), changes)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_writable(item, f"{path}[{index}]", changes) for index, item in enumerate(value)]
    return value


class _NotANumber(str):
    """NaN, an infinity or a number beyond all bounds in the place of a number."""


class _Rounded(float):
    """A double that is not the number that was sent."""


def _fraction(text: str) -> float | _NotANumber:
    """The nearest double, where there is one: 1e400 would become an infinity, and null in the output."""
    value = float(text)
    if not isfinite(value):
        return _NotANumber(text)
    return value if _is_exact(text, value) else _Rounded(value)


def _whole(text: str) -> int | _NotANumber:
    """The number with all its digits, up to the 4,300 that Python reads and writes."""
    try:
        return int(text)
    except ValueError:
        return _NotANumber(text)


def _first_line(error: BaseException) -> str:
    return plain(str(error).split("\n", 1)[0], 80)


def _envelope(document: Row, items_field: str, numbers: Collection[int] | None) -> Page:
    items = document[items_field]
    if document.get("error") or document.get("errors"):
        raise MalformedReply(f"an error stands beside {items_field}, with status 200")
    if items is None:
        raise MalformedReply(f"{items_field} is null")
    if not isinstance(items, (list, dict)) or items == {}:
        raise MalformedReply(f"{items_field} is {type(items).__name__}, not an array")
    pagination = document.get("pagination")
    if not isinstance(pagination, dict):
        pagination = {}
    page = Page(
        rows=_rows(items) if isinstance(items, list) else [items],
        is_collection=isinstance(items, list),
        number=_count(pagination.get("page_number")),
        size=_page_size(pagination.get("page_size")),
        total_pages=_count(pagination.get("total_pages")),
        total_items=_count(pagination.get("total_items")),
        has_next=_has_next(document.get("_links") or document.get("links")),
    )
    if not page.is_collection and (page.has_next or max(page.total_items or 0, page.total_pages or 0) > 1):
        raise MalformedReply(f"{items_field} is one object where more are counted")
    if numbers is not None and page.number is not None and page.number not in numbers:
        asked = max(numbers)
        if not _is_behind(page, asked):
            raise WrongPage(f"page {page.number} came back for page {asked}")
    return page


def _is_behind(page: Page, number: int) -> bool:
    """Whether a reply says that a page is not there: some servers send their last page for it."""
    if page.total_pages is not None and page.total_pages < number:
        return True
    return bool(page.total_items is not None and page.size and page.total_items <= (number - 1) * page.size)


def _rows(items: list[Any]) -> list[Row]:
    for item in items:
        if not isinstance(item, dict):
            raise MalformedReply(f"a row is {type(item).__name__}, not an object")
    return items


def _count(value: Any) -> int | None:
    """A count of the pagination object; None where it is absent or no count."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _page_size(value: Any) -> int | None:
    """A page size of the pagination object; None where it is absent or can't be one."""
    size = _count(value)
    return size if size and size <= LARGEST_PAGE else None


def _has_next(links: Any) -> bool:
    """Whether the links name a next page: an array of `{rel, href}`, or an object by rel."""
    if isinstance(links, dict):
        following = links.get("next")
        return bool(following.get("href") if isinstance(following, dict) else following)
    if not isinstance(links, list):
        return False
    return any(
        isinstance(link, dict) and link.get("rel") == "next" and bool(link.get("href")) for link in links
    )
