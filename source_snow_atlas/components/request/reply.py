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
from dataclasses import dataclass
from math import isfinite
from typing import Any

import orjson

from source_snow_atlas.components.basics.errors import MalformedReply, plain

Row = dict[str, Any]

LONG_DIGITS = b"0" * 20
LONG_NEGATIVE = b"-" + b"0" * 19
DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x2D if byte == 0x2D else 0x20 for byte in range(256))
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
ENVELOPE_FIELDS = frozenset({"pagination", "_links", "links"})


class WrongPage(MalformedReply):
    """The reply says that it is another page than the one asked for."""


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


def parse_page(
    body: bytes | bytearray, items_field: str, known_fields: Collection[str], numbers: Collection[int] | None
) -> Page:
    """The page in a body. `known_fields` are the fields of the stream's records, `numbers` those by which the
    reply may call its page (None: any).

    Raises MalformedReply.
    """
    mended: list[str] = []
    page = _page(decode(body, mended), items_field, known_fields, numbers)
    page.mended = mended[0] if mended else ""
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


def decode(body: bytes | bytearray, mended: list[str] | None = None) -> Any:
    """The JSON document of a body, every value exactly as sent but for half characters. Raises
    MalformedReply.

    JSON can name half a character (a lone surrogate, as "\\ud800"), which no UTF-8 holds: strict readers
    refuse the whole record, and PyAirbyte takes its line for a log message. Each becomes U+FFFD, and `mended`
    gets the field.

    orjson is fast but turns whole numbers above 64 bits into floats and refuses lone surrogates; the standard
    library keeps both.
    """
    if not body:
        raise MalformedReply("the body is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _whole_characters(_decode_exactly(body), "", [] if mended is None else mended)
    digits = body.translate(DIGITS)
    if LONG_DIGITS in digits or LONG_NEGATIVE in digits:
        return _decode_exactly(body)
    return document


def _decode_exactly(body: bytes | bytearray) -> Any:
    try:
        document = json.loads(body, parse_constant=_NotANumber, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "not valid JSON"
        raise MalformedReply(f"the body is {kind} ({_first_line(error)})") from None
    bad = _find_constant(document, "")
    if bad:
        raise MalformedReply(f"field {plain(bad)} is not a number that JSON allows, or too large for one")
    return document


def _whole_characters(value: Any, path: str, mended: list[str]) -> Any:
    """The value with U+FFFD for every half of a character; the fields that had one are added to `mended`."""
    if isinstance(value, str):
        if HALF_CHARACTER.search(value) is None:
            return value
        mended.append(path)
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {
            _whole_characters(key, path, mended): _whole_characters(item, f"{path}.{key}".lstrip("."), mended)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_whole_characters(item, f"{path}[{index}]", mended) for index, item in enumerate(value)]
    return value


class _NotANumber(str):
    """NaN, an infinity or a number beyond all doubles in the place of a number."""


def _finite(text: str) -> float | _NotANumber:
    """The number, where it is one that a double can hold: 1e400 would become an infinity, and null in the
    output.
    """
    value = float(text)
    return value if isfinite(value) else _NotANumber(text)


def _find_constant(value: Any, path: str) -> str:
    if isinstance(value, _NotANumber):
        return f"{path} ({value})"
    if isinstance(value, dict):
        return next(
            filter(None, (_find_constant(item, f"{path}.{key}".lstrip(".")) for key, item in value.items())),
            "",
        )
    if isinstance(value, list):
        return next(
            filter(None, (_find_constant(item, f"{path}[{index}]") for index, item in enumerate(value))), ""
        )
    return ""


def _first_line(error: BaseException) -> str:
    return plain(str(error).split("\n", 1)[0], 80)


def _envelope(document: Row, items_field: str, numbers: Collection[int] | None) -> Page:
    items = document[items_field]
    if isinstance(items, dict):
        return Page([items])
    if items is None:
        raise MalformedReply(f"{items_field} is null")
    if not isinstance(items, list):
        raise MalformedReply(f"{items_field} is {type(items).__name__}, not an array")
    pagination = document.get("pagination")
    if not isinstance(pagination, dict):
        pagination = {}
    page = Page(
        rows=_rows(items),
        is_collection=True,
        number=_count(pagination.get("page_number")),
        size=_count(pagination.get("page_size")) or None,
        total_pages=_count(pagination.get("total_pages")),
        total_items=_count(pagination.get("total_items")),
        has_next=_has_next(document.get("_links") or document.get("links")),
    )
    if numbers is not None and page.number is not None and page.number not in numbers:
        raise WrongPage(f"page {page.number} came back for page {max(numbers)}")
    return page


def _rows(items: list[Any]) -> list[Row]:
    for item in items:
        if not isinstance(item, dict):
            raise MalformedReply(f"a row is {type(item).__name__}, not an object")
    return items


def _count(value: Any) -> int | None:
    """A count of the pagination object; None where it is absent or no count."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _has_next(links: Any) -> bool:
    """Whether the links name a next page: an array of `{rel, href}`, or an object by rel."""
    if isinstance(links, dict):
        return bool(links.get("next"))
    if not isinstance(links, list):
        return False
    return any(
        isinstance(link, dict) and link.get("rel") == "next" and bool(link.get("href")) for link in links
    )
