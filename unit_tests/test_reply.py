"""Replies: what is in them arrives exactly, and nothing that can't be true passes."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics.errors import MalformedReply
from source_snow_atlas.components.request.reply import Page, Repairs, WrongPage, decode, parse_page

KNOWN = frozenset({"id", "name"})


def parse(document: Any, number: int | None = 1, items_field: str = "items") -> Page:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_page(body, items_field, KNOWN, None if number is None else {number})


def test_envelope() -> None:
    """Nothing would be read at all."""
    page = parse(
        {
            "items": [{"id": 1}, {"id": 2}],
            "pagination": {"page_number": 1, "page_size": 2, "total_pages": 3, "total_items": 5},
            "_links": [{"rel": "first", "href": "/1"}, {"rel": "next", "href": "/2"}],
        }
    )
    assert page == Page([{"id": 1}, {"id": 2}], True, 1, 2, 3, 5, True)


@pytest.mark.parametrize(
    ("links", "has_next"),
    [
        ({"_links": [{"rel": "next", "href": "/2"}]}, True),
        ({"links": [{"rel": "next", "href": "/2"}]}, True),
        ({"_links": {"next": {"href": "/2"}}}, True),
        ({"_links": {"next": None}}, False),
        ({"_links": [{"rel": "last", "href": "/2"}]}, False),
        ({"_links": [{"rel": "next", "href": None}]}, False),
        ({"_links": [{"rel": "next"}, None, "next"]}, False),
        ({"_links": "next"}, False),
        ({"_links": None}, False),
        ({}, False),
    ],
)
def test_next_page_by_links(links: dict[str, Any], has_next: bool) -> None:
    """Where links alone tell of more pages, the rest of the collection would be missing, or a page asked for
    that is none.
    """
    assert parse({"items": [{"id": 1}], **links}).has_next is has_next


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ([{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 2}]),
        ([], []),
        ({"id": 1, "name": None}, [{"id": 1, "name": None}]),
        ({"items": {"id": 1}}, [{"id": 1}]),
        ({"items": []}, []),
        ({"items": [], "pagination": None}, []),
    ],
)
def test_other_shapes(document: Any, rows: list[Any]) -> None:
    """Audit logs (an array) and details (an object) would be refused or come as the wrong rows."""
    assert parse(document).rows == rows


def test_items_under_another_name() -> None:
    """The organization tree (`nodes`) would be refused."""
    assert parse({"nodes": [{"id": 1}]}, items_field="nodes").rows == [{"id": 1}]


def test_a_record_with_a_field_named_like_a_part_of_the_envelope_stays_a_record() -> None:
    """Details that hold an `error` or `links` of their own would be refused."""
    document = {"id": 1, "error": "none", "links": [{"rel": "next", "href": "/"}]}
    page = parse_page(json.dumps(document).encode(), "items", {"id", "error"}, None)
    assert page.rows == [document]
    assert not page.is_collection


MALFORMED = {
    "empty": b"",
    "blanks": b"  \n",
    "cut": b'{"items": [{"id": 1}, {"i',
    "cut string": b'[{"id": "a',
    "html": b"<html><body>Sign in</body></html>",
    "text": b"Service unavailable",
    "two documents": b'{"items": []}{"items": []}',
    "null": b"null",
    "number": b"7",
    "string": b'"items"',
    "true": b"true",
    "items null": b'{"items": null}',
    "items text": b'{"items": "none"}',
    "items number": b'{"items": 0}',
    "items missing": b'{"pagination": {"page_number": 1, "page_size": 1}}',
    "error with 200": b'{"error": {"code": 500, "message": "boom"}}',
    "error with 200 beside a field of the record": b'{"id": 1, "error": {"code": 500, "message": "boom"}}',
    "empty object": b"{}",
    "strange object": b'{"message": "please wait"}',
    "links alone": b'{"_links": []}',
    "row null": b'{"items": [{"id": 1}, null]}',
    "row number": b'{"items": [1]}',
    "row array": b"[[]]",
    "not utf-8": b'{"items": [{"id": "\xff\xfe"}]}',
    "trailing comma": b'{"items": [{"id": 1},]}',
    "deep": b"[" * 100_000,
    "nan": b'{"items": [{"id": 1, "price": NaN}]}',
    "infinity": b'{"items": [{"id": Infinity}]}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_replies_are_refused(body: bytes) -> None:
    """A broken reply would be taken for an empty or a shorter collection: rows missing without a word."""
    with pytest.raises(MalformedReply):
        parse(body)


def test_a_record_may_say_that_there_was_no_error() -> None:
    """Details of a server that always sends the field would fail their stream."""
    assert parse({"id": 1, "error": None}).rows == [{"id": 1, "error": None}]


def test_another_page_than_the_one_asked_for_is_refused() -> None:
    """A cache that answers with page 1 for every page would fill the table with the same rows."""
    with pytest.raises(WrongPage, match="page 1 was returned for page 2"):
        parse({"items": [{"id": 1}], "pagination": {"page_number": 1, "page_size": 1}}, number=2)


@pytest.mark.parametrize("echo", [{"page_number": "2"}, {"page_number": 2.0}, {"page_number": None}, {}])
def test_page_numbers_in_other_types_are_understood(echo: dict[str, Any]) -> None:
    """A server that writes its numbers as text, or leaves them out, could not be read."""
    assert parse({"items": [{"id": 1}], "pagination": echo}, number=2).number in (2, None)


@pytest.mark.parametrize("bad", [-1, "x", 1.5, True, [], {}, "", "²", "-3"])
def test_totals_that_are_no_counts_count_as_absent(bad: Any) -> None:
    """A strange total would stop the sync, or end it too early."""
    pagination = {"total_items": bad, "total_pages": bad, "page_size": bad, "page_number": bad}
    page = parse({"items": [{"id": 1}], "pagination": pagination})
    assert (page.total_items, page.total_pages, page.size, page.number) == (None, None, None, None)


@pytest.mark.parametrize(
    "number",
    [10**19, -(10**19), 10**20, 12345678901234567890123456789, 2**63, 2**64 - 1, 2**64, -(2**63) - 1],
)
def test_long_whole_numbers_are_exact(number: int) -> None:
    """Serial numbers and ids of twenty digits would be rounded, and no longer join."""
    for document in ([{"id": number}], [{"a": [{"id": number}]}], {"items": [{"id": number}]}):
        body = json.dumps(document).encode()
        assert decode(body) == document
        assert type(decode(b"[%d]" % number)[0]) is int


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"items": [{"id": 1, "price": NaN}]}', "items[0].price"),
        (b'[{"a": {"b": [1, -Infinity]}}]', "[0].a.b[1]"),
        (b'{"name": "NaN", "cost": Infinity}', "cost"),
        (b'{"items": [{"cost": 1e400}]}', "items[0].cost"),
        (b'{"items": [{"id": 123456789012345678901, "cost": -1E+999}]}', "items[0].cost"),
        (b'{"items": [{"id": ' + b"9" * 5000 + b"}]}", "items[0].id"),
    ],
)
def test_nan_is_refused_by_name(body: bytes, field: str) -> None:
    """A user would not know which field of the tenant's data breaks the sync."""
    with pytest.raises(MalformedReply) as refusal:
        decode(body)
    assert f"field {field} " in str(refusal.value)


NOT_FOR_A_DOUBLE = [
    "0.1234567890123456789",
    "12345678901234567890.12",
    "-3.0000000000000001e-7",
    "9007199254740993.0",
]
FOR_A_DOUBLE = [
    "0.30000000000000004",
    "33.333333333333336",
    "1e23",
    "-0.0",
    "1.50000000000000000000",
    "9e-300",
]


@pytest.mark.parametrize("number", [*NOT_FOR_A_DOUBLE, *FOR_A_DOUBLE])
@pytest.mark.parametrize("beside", ["", ', "id": "12345678901234567.8"', ', "id": 123456789012345678901'])
def test_a_number_that_is_rounded_is_named(number: str, beside: str) -> None:
    """A cost or a reading would be changed without a word, or ordinary fractions be warned of."""
    page = parse(f'{{"items": [{{"cost": 1.5}}, {{"cost":{number}{beside}}}]}}'.encode())
    assert page.rows[1]["cost"] == float(number)
    assert type(page.rows[1]["cost"]) is float
    assert page.repairs.rounded == ("items[1].cost" if number in NOT_FOR_A_DOUBLE else "")


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(['[{"n":%s}]', '[{"n": %s ,"text":"1.22.333.4444.55555.666666"}]', '[{"n":\n%s}]']),
)
def test_every_number_is_the_one_sent_or_named(number: str, body: str) -> None:
    """Digits would be lost in silence for numbers that nobody thought of."""
    repairs = Repairs()
    found = decode((body % number).encode(), repairs)[0]["n"]
    is_same = Decimal(number) == Decimal(repr(found))
    assert repairs.rounded == ("" if is_same else "[0].n")


def test_texts_that_look_special_are_texts() -> None:
    """A computer named NaN, or a serial number of digits in quotes, would be refused or changed."""
    document = [{"id": "NaN", "serial": "0" * 30, "name": "Infinity", "n": 1}]
    assert decode(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    "text",
    ["\x00", "\U0001f600", "\U0010ffff", "e\u0301", "\ufeff", "\u2028", "日本", "\x7f"],
)
def test_every_character_arrives(text: str) -> None:
    """Names would be altered on their way to the warehouse."""
    body = json.dumps([{"name": text}]).encode()
    assert decode(body) == [{"name": text}]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("\ud800", "\ufffd"),
        ("x\udfffy", "x\ufffdy"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ude00\ud83d", "\U0001f600\ufffd"),
        ("ä" * 1000 + "\udc00", "ä" * 1000 + "\ufffd"),
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
def test_half_a_character_becomes_a_mark_and_its_field_is_named(text: str, whole: str, escaped: bool) -> None:
    """No UTF-8 can hold it: strict readers refuse the record, and PyAirbyte drops it without a word."""
    document = {"items": [{"id": 1, "name": "whole"}, {"id": 2, "tags": [{text: text}]}]}
    body = json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    page = parse(body)
    assert page.rows == [{"id": 1, "name": "whole"}, {"id": 2, "tags": [{whole: whole}]}]
    assert orjson.loads(orjson.dumps(page.rows)) == page.rows
    assert page.repairs.repaired.startswith("items[1].tags[0]")


def test_whole_characters_are_not_mended() -> None:
    """A warning of a fault that is none; or a long number would cost the text beside it."""
    page = parse(json.dumps({"items": [{"id": 10**40, "name": "\U0001f600"}]}).encode())
    assert page.rows == [{"id": 10**40, "name": "\U0001f600"}]
    assert page.repairs.repaired == ""


def test_a_byte_order_mark_does_no_harm() -> None:
    """A server behind a proxy that adds a byte order mark could not be read."""
    assert parse(b'\xef\xbb\xbf{"items": [{"id": 1}]}').rows == [{"id": 1}]


def test_a_text_of_ten_megabytes_arrives_whole() -> None:
    """Large values (a device's inventory document) would be cut."""
    text = "ä" * 5_000_000
    assert decode(json.dumps([{"name": text}], ensure_ascii=False).encode()) == [{"name": text}]


def test_the_message_does_not_hold_the_data() -> None:
    """A broken reply would put records into the log."""
    with pytest.raises(MalformedReply) as refusal:
        parse(b'{"items": [{"id": "confidential host", "x"')
    assert "confidential" not in str(refusal.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_page_or_refused(body: bytes) -> None:
    """Garbage from a broken proxy would crash the sync with a traceback instead of being asked for again."""
    with suppress(MalformedReply):
        assert isinstance(parse(body, None), Page)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
FRAGMENTS = st.dictionaries(
    st.sampled_from(["items", "pagination", "_links", "links", "error", "id", "page_number", "nodes"]), JSON
)


@given(JSON | FRAGMENTS | st.lists(FRAGMENTS, max_size=3))
def test_any_json_is_a_page_or_refused(document: Any) -> None:
    """A reply of an unforeseen shape would crash the sync with a traceback."""
    with suppress(MalformedReply):
        assert isinstance(parse(document, None), Page)


@given(st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=4), max_size=4), st.booleans())
def test_rows_arrive_as_sent(rows: list[dict[str, Any]], escaped: bool) -> None:
    """Values would be altered between the API and the warehouse."""
    body = json.dumps({"items": rows}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    received = parse(body).rows
    assert received == rows
    assert json.dumps(received) == json.dumps(rows)


@given(st.binary(max_size=40), st.integers(0, 400))
def test_a_damaged_envelope_is_a_page_or_refused(noise: bytes, position: int) -> None:
    """Damage in the middle of a reply would crash the sync."""
    body = json.dumps({"items": [{"id": number, "name": "ä"} for number in range(10)]}).encode()
    with suppress(MalformedReply):
        assert isinstance(parse(body[:position] + noise + body[position:], None), Page)


@given(st.integers(1, 399))
def test_a_cut_envelope_never_passes(length: int) -> None:
    """A connection cut in the middle would give a part of the rows as the whole."""
    body = json.dumps({"items": [{"id": number, "name": "a"} for number in range(20)]}).encode()
    with pytest.raises(MalformedReply):
        parse(body[: min(length, len(body) - 1)])


@pytest.mark.parametrize("name", ["error", "errors"])
def test_an_error_beside_the_rows_is_no_page(name: str) -> None:
    """A refusal with status 200 would be an empty table, or a table with rows missing."""
    for rows in ([], [{"id": 1}]):
        for error in ({"code": 500, "message": "down"}, "one shard failed", [{"code": 403}]):
            with pytest.raises(MalformedReply, match="an error"):
                parse({"items": rows, name: error})
        for nothing in (None, [], {}, ""):
            assert parse({"items": rows, name: nothing}).rows == rows


@pytest.mark.parametrize("count", ["9" * 5000, 10**12, 2**63 - 1, -1, True, [], "many"])
def test_a_page_size_that_no_page_has_is_none(count: Any) -> None:
    """The connector would compute for ever, or end with a traceback."""
    page = parse({"items": [{"id": 1}], "pagination": {"page_size": count, "total_items": "9" * 5000}})
    assert page.size is None
    assert page.total_items is None


def test_an_empty_object_is_no_row() -> None:
    """A server that means no rows would give one that holds nothing."""
    with pytest.raises(MalformedReply, match="items is"):
        parse({"items": {}})


@pytest.mark.parametrize(
    ("following", "has_next"), [({"href": None}, False), ({"href": "/x"}, True), (None, False)]
)
def test_links_by_rel_name_a_next_page(following: Any, has_next: bool) -> None:
    """The last page would be followed by one that is announced and not there."""
    assert parse({"items": [{"id": 1}], "_links": {"next": following}}).has_next is has_next
