"""Filter expressions: what the vendor's grammar allows passes, what it does not is refused before the first
request.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.identity.filters import FilterSyntaxError, both, check_filter

FIELDS = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True)
COMPARISONS = st.sampled_from(["-eq", "-ne", "-gt", "-ge", "-lt", "-le", "-contains", "-notcontains"])
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["2022-01-01T00:00:00Z", 'a "quoted" word', "back\\slash", "(brackets)", "-and", "-eq", "", "\n", "'"]
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def joined(parts: tuple[str, str, str]) -> str:
    return " ".join(parts)


COMPARED = st.tuples(FIELDS, COMPARISONS, TEXTS.map(quoted)).map(joined)
EXPRESSIONS = st.recursive(
    COMPARED,
    lambda inner: (
        inner.map(lambda operand: f"-not ({operand})")
        | st.builds(
            lambda operands, connective: connective.join(f"({operand})" for operand in operands),
            st.lists(inner, min_size=2, max_size=3),
            st.sampled_from([" -and ", " -or "]),
        )
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_every_expression_of_the_grammar_is_accepted(expression: str) -> None:
    """A filter that Snow Atlas understands could not be configured."""
    check_filter(expression)


@pytest.mark.parametrize(
    "expression",
    [
        'status -eq "Active"',
        '(hostName -contains "MacBook")'
        ' -and ((status -eq "Quarantined") -or (lastScanDate -le "2022-01-01T00:00:00Z"))',
        '-not (status -eq "Active")',
        '(a -eq "1") -and (b -eq "2") -and (c -eq "3")',
        "isVirtual -eq true",
        "  (  a   -ne \"x\" )\n-or\n( b -gt '5' )  ",
        "count -ge 5",
    ],
)
def test_examples(expression: str) -> None:
    """The vendor's own examples could not be configured."""
    check_filter(expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("status", "too early"),
        ("status -eq", "too early"),
        ("status = Active", "operator"),
        ('status -equals "Active"', "operator"),
        ('status -eq "Active', "quotes"),
        ('status -eq "Active" extra', "unexpected"),
        ('status -eq "a" -and name -eq "b"', "brackets"),
        ('(status -eq "a") -and name -eq "b"', "brackets"),
        ('(status -eq "a"', "too early"),
        ('(status -eq "a"))', "unexpected"),
        ('-not status -eq "a"', "brackets"),
        ('(status -eq "a") -and', "too early"),
        ('-and (status -eq "a")', "field"),
        ('"status" -eq "a"', "field"),
        ("status -eq -eq", "value"),
        ("status -eq ()", "value"),
        ("lastScanDate -ge 2022-01-01T00:00:00Z", "double quotes"),
        ("name -eq a,b", "double quotes"),
        ("(" * 500 + 'a -eq "b"' + ")" * 500, "nested"),
    ],
)
def test_broken_expressions_are_refused_with_the_reason(expression: str, said: str) -> None:
    """The user would get a bare 400 from the server in the middle of a sync, or the whole table
    unfiltered.
    """
    with pytest.raises(FilterSyntaxError, match=said):
        check_filter(expression)


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    """A typing mistake would crash the configuration check."""
    with suppress(FilterSyntaxError):
        check_filter(text)


@given(
    st.lists(
        st.sampled_from(["(", ")", "-and", "-or", "-not", "-eq", "name", '"x"', "'", '"', "\\", "5"]),
        max_size=14,
    )
)
def test_any_tokens_are_judged(tokens: list[str]) -> None:
    """A nearly right expression would crash the configuration check."""
    with suppress(FilterSyntaxError):
        check_filter(" ".join(tokens))


@given(EXPRESSIONS, st.integers(0, 200))
def test_a_missing_bracket_or_quote_is_found(expression: str, position: int) -> None:
    """A filter cut while copying would be sent, and select other rows than meant."""
    structural = [
        index for index, letter in enumerate(expression) if letter in "()" and outside(expression, index)
    ]
    if structural:
        index = structural[position % len(structural)]
        with pytest.raises(FilterSyntaxError):
            check_filter(expression[:index] + expression[index + 1 :])


def outside(expression: str, index: int) -> bool:
    """Whether the position lies outside of quoted values."""
    inside = escaped = False
    for letter in expression[:index]:
        if escaped:
            escaped = False
        elif letter == "\\" and inside:
            escaped = True
        elif letter == '"':
            inside = not inside
    return not inside


@given(EXPRESSIONS, EXPRESSIONS)
def test_two_filters_joined_are_a_filter(first: str, second: str) -> None:
    """An incremental stream with a filter of the user's would be refused by the server."""
    check_filter(both(first, second))
