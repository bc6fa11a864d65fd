"""The sandbox's filter language: expressions made at random, judged by an evaluator of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_tests.helpers.sandbox_world import (
    BARE,
    DECLARED,
    EMPTY,
    PAGES_ONLY,
    THINGS,
    Reader,
    build_things,
    make_sandbox,
)
from sandbox import Sandbox
from sandbox.api.errors import ApiError
from sandbox.api.filters import Fields, compile_filter, parse
from sandbox.company.estate import Estate

ROWS = build_things(Estate(computers=1))


@dataclass(frozen=True)
class Comparison:
    """A leaf of an expression."""

    field: str
    operator: str
    text: str


@dataclass(frozen=True)
class Not:
    """A negated expression."""

    inner: Expression


@dataclass(frozen=True)
class Chain:
    """Two or more expressions joined by one connective."""

    connective: str
    parts: tuple[Expression, ...]


Expression = Comparison | Not | Chain


def written(node: Expression) -> str:
    """The expression as a user would write it."""
    if isinstance(node, Comparison):
        escaped = node.text.replace("\\", "\\\\").replace('"', '\\"')
        return f'{node.field} -{node.operator} "{escaped}"'
    if isinstance(node, Not):
        return f"-not ({written(node.inner)})"
    return f" -{node.connective} ".join(f"({written(part)})" for part in node.parts)


def _date(text: str) -> tuple[datetime, str]:
    head, _, fraction = text.rstrip("Z").partition(".")
    return datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc), fraction.ljust(9, "0")


def _typed(field: str, value: Any) -> Any:
    kind = DECLARED[field]
    if kind == "date":
        return _date(value)
    if kind == "number":
        return float(value)
    if kind == "boolean":
        return str(value).lower() == "true"
    return str(value).casefold()


def holds(node: Expression, row: dict[str, Any]) -> bool:
    """Whether a row passes, worked out from the tree and not from the text."""
    if isinstance(node, Not):
        return not holds(node.inner, row)
    if isinstance(node, Chain):
        results = [holds(part, row) for part in node.parts]
        return all(results) if node.connective == "and" else any(results)
    value = row[node.field]
    if value is None:
        return node.operator in ("ne", "notcontains")
    have, want = _typed(node.field, value), _typed(node.field, node.text)
    match node.operator:
        case "eq":
            return bool(have == want)
        case "ne":
            return bool(have != want)
        case "contains":
            return want in have
        case "notcontains":
            return want not in have
        case "gt":
            return bool(have > want)
        case "ge":
            return bool(have >= want)
        case "lt":
            return bool(have < want)
    return bool(have <= want)


EQUALITY = ["eq", "ne"]
ORDER = ["eq", "ne", "gt", "ge", "lt", "le"]
TEXTS = st.one_of(
    st.sampled_from(
        [row["name"] for row in ROWS if row["name"]] + ['"', "\\", "ünit", "THING", ") -or (", ""]
    ),
    st.text(max_size=6),
)
NUMBERS = st.one_of(st.integers(-30, 30).map(str), st.sampled_from(["1.5", "-3.0", "1e1", "0.0"]))
DATES = st.one_of(
    st.sampled_from([row["seen"] for row in ROWS if row["seen"]]),
    st.datetimes(datetime(2025, 12, 20), datetime(2026, 2, 5)).map(
        lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
    ),
)
COMPARISONS = st.one_of(
    st.builds(Comparison, st.just("name"), st.sampled_from([*EQUALITY, "contains", "notcontains"]), TEXTS),
    st.builds(Comparison, st.just("size"), st.sampled_from(ORDER), NUMBERS),
    st.builds(Comparison, st.just("active"), st.sampled_from(EQUALITY), st.sampled_from(["true", "false"])),
    st.builds(Comparison, st.just("seen"), st.sampled_from(ORDER), DATES),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Chain, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with make_sandbox() as running:
        yield running
        assert not running.internal_errors


@pytest.fixture(scope="module")
def reader(sandbox: Sandbox) -> Reader:
    return Reader(sandbox)


@settings(max_examples=200, deadline=None, database=None)
@given(EXPRESSIONS)
def test_expressions_select_what_they_say(expression: Expression) -> None:
    """Tests of the connector's filters would compare with wrong rows."""
    passes = compile_filter(written(expression), Fields(DECLARED, ROWS))
    assert [row["id"] for row in ROWS if passes(row)] == [row["id"] for row in ROWS if holds(expression, row)]


@settings(max_examples=25, deadline=None, database=None)
@given(expression=EXPRESSIONS)
def test_expressions_survive_the_way_over_http(reader: Reader, expression: Expression) -> None:
    """Quotes, backslashes and any character of a filter must survive URL encoding."""
    reply = reader.get(THINGS, filter=written(expression), page_size=50)
    assert reply.status_code == 200, reply.text
    assert reply.json()["items"] == [row for row in ROWS if holds(expression, row)]
    assert reply.json()["pagination"]["total_items"] == len(reply.json()["items"])


@pytest.mark.parametrize(
    "text",
    [
        "active -eq true",
        "  ( active -eq true )  ",
        '((active -eq "true"))',
        'NAME -contains "thing"',
        '(-not (name -contains "x")) -and (size -gt "1")',
        "(active -eq true)-and(active -eq false)",
        'seen -ge "2026-01-03T00:00:00+00:00"',
        'name -eq "a (b) -and c"',
    ],
)
def test_good_expressions(reader: Reader, text: str) -> None:
    """Expressions the vendor's pages allow must not be refused."""
    reply = reader.get(THINGS, filter=text)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name -eq",
        'name eq "x"',
        'name -like "x"',
        'name -EQ "x"',
        'name-eq "x"',
        "name -eq 'x'",
        'name -eq "x',
        "name -eq two words",
        "size -eq 3",
        "size -eq -3",
        "name -eq a+b",
        "name -eq a,b",
        'name -eq "a\\n"',
        'size -gt "three"',
        'size -contains "3"',
        'name -gt "x"',
        'active -eq "yes"',
        'active -gt "true"',
        'seen -eq "yesterday"',
        'seen -ge "2026-01-03"',
        'seen -ge "2026-01-03T00:00:00"',
        'seen -ge "2026-01-03T00:00:00+02:00"',
        'seen -ge "2026-02-30T00:00:00Z"',
        'seen -contains "2026"',
        'id -eq "x"',
        'nothing -eq "x"',
        '(name -eq "x"',
        'name -eq "x")',
        'name -eq "x" -and size -gt "1"',
        '(name -eq "x") -and size -gt "1"',
        '(name -eq "x") -and (size -gt "1") -or (size -lt "0")',
        '-not name -eq "x"',
        '-not (name -eq "x") -and (size -gt "1")',
        '(name -eq "x") -and',
        '(name -eq "x") (size -gt "1")',
        '() -and (name -eq "x")',
    ],
)
def test_bad_expressions_are_refused_with_a_reason(reader: Reader, text: str) -> None:
    """A filter the vendor would refuse must not pass here."""
    reply = reader.get(THINGS, filter=text)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].startswith("filter: ")


def test_types_are_inferred_where_fields_are_unlisted(reader: Reader) -> None:
    """Most operations list no filterable fields, and still are filtered by type."""
    for text, status in (
        ('seen -ge "2026-01-10T00:00:00Z"', 200),
        ('seen -ge "soon"', 400),
        ('size -lt "0"', 200),
        ('name -lt "0"', 400),
        ('tags -eq "a"', 400),
        ('unknown -eq "a"', 400),
    ):
        assert reader.get(PAGES_ONLY, filter=text).status_code == status
    assert reader.get(EMPTY, filter='whatever -eq "a"').json()["items"] == []
    recent = reader.get(BARE, filter='seen -gt "2026-01-20T12:00:00Z"').json()
    assert recent == [row for row in ROWS if row["seen"] and row["seen"] > "2026-01-20T12:00:00Z"]


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(st.sampled_from('()" \\-andornteqx1'), max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Any text is either read or refused: a failure of the sandbox would look like a server error."""
    try:
        parse(text)
        status = 200
    except ApiError as error:
        status = error.status
    assert status in (200, 400)
