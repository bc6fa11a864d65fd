"""The ``filter`` and ``sort`` parameters: grammar, type checks, and evaluation on rows.

The rules are those of the API conventions. A comparison is ``field -operator value``; with more than one
operator, every operand is in parentheses. Values are quoted (quote and backslash escaped by a backslash)
unless they are plain words. Dates are RFC 3339 in UTC. Ordering operators work on numbers and dates,
containment on strings. Chains of one connective (``(a) -or (b) -or (c)``) are accepted; mixtures of ``-and``
and ``-or`` without parentheses are not. Field names and texts are compared case-insensitively, since the
vendor's own examples vary both.
"""

from __future__ import annotations

import calendar
import operator as operators
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput

from sandbox.api.errors import ApiError

Row = Mapping[str, Any]
Predicate = Callable[[Row], bool]

GRAMMAR = r"""
start: _expression

_expression: comparison | group | negation | conjunction | disjunction

group: "(" _expression ")"
negation: NOT group
conjunction: group (AND group)+
disjunction: group (OR group)+

comparison: FIELD OPERATOR (QUOTED | WORD)

AND: "-and"
OR: "-or"
NOT: "-not"
OPERATOR: /(?<=\s)-(eq|ne|gt|ge|lt|le|contains|notcontains)(?=\s)/
FIELD: /[A-Za-z_][A-Za-z0-9_.]*/
QUOTED: /"([^"\\]|\\.)*"/s
WORD: /[^\s()\[\]'",+\-0-9][^\s()\[\]'",+]*/

%ignore /\s+/
"""

_PARSER = Lark(GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=True)

_OPERATORS = {
    "string": {"eq", "ne", "contains", "notcontains"},
    "number": {"eq", "ne", "gt", "ge", "lt", "le"},
    "boolean": {"eq", "ne"},
    "date": {"eq", "ne", "gt", "ge", "lt", "le"},
}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
_SAMPLE = 200
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operators.eq,
    "gt": operators.gt,
    "ge": operators.ge,
    "lt": operators.lt,
    "le": operators.le,
}


@lru_cache(maxsize=65536)
def nanoseconds(text: str) -> int | None:
    """Parse a date or datetime to nanoseconds since 1970, or return ``None`` if it is neither.

    Without a time zone, UTC is assumed.
    """
    match = _DATE.fullmatch(text)
    if not match:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = int(match[4] or 0), int(match[5] or 0), int(match[6] or 0)
    if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(max(year, 1), month)[1]):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    zone = match[8]
    if zone and zone not in "Zz":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        seconds += offset if zone[0] == "-" else -offset
    return seconds * 1_000_000_000 + int((match[7] or "").ljust(9, "0"))


class Fields:
    """The filterable fields of an operation: their names as the rows spell them, and their types."""

    def __init__(self, declared: Mapping[str, str], rows: Sequence[Row]) -> None:
        self._open = not declared
        self._types = {name.lower(): (name, kind) for name, kind in declared.items()}
        self._rows = rows

    def find(self, name: str, what: str) -> tuple[str, str]:
        """Return the field's name in the rows and its type, or raise a 400 if it can't be used."""
        known = self._types.get(name.lower())
        if known is None:
            if not self._open:
                raise ApiError(400, f"{what}: the field '{name}' cannot be used here")
            known = self._types[name.lower()] = self._infer(name, what)
        return known

    def _infer(self, name: str, what: str) -> tuple[str, str]:
        wanted = name.lower()
        spelled: str | None = None
        samples: list[Any] = []
        for row in self._rows:
            if spelled is None:
                spelled = next((key for key in row if key.lower() == wanted), None)
            value = row.get(spelled) if spelled is not None else None
            if value is not None:
                samples.append(value)
                if len(samples) >= _SAMPLE:
                    break
        if spelled is None:
            if len(self._rows):
                raise ApiError(400, f"{what}: there is no field '{name}'")
            return name, "unknown"
        if not samples:
            return spelled, "unknown"
        if any(isinstance(value, (dict, list, tuple)) for value in samples):
            raise ApiError(400, f"{what}: the field '{name}' is not a single value")
        if all(isinstance(value, bool) for value in samples):
            return spelled, "boolean"
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in samples):
            return spelled, "number"
        if all(isinstance(value, str) and nanoseconds(value) is not None for value in samples):
            return spelled, "date"
        return spelled, "string"


def parse(text: str) -> Tree[Token]:
    """Return the syntax tree of a filter expression, or raise a 400 that quotes the bad part."""
    try:
        return _PARSER.parse(text)
    except UnexpectedEOF as error:
        raise ApiError(400, "filter: the expression ends too early") from error
    except UnexpectedInput as error:
        rest = text[error.pos_in_stream or 0 :][:20]
        hint = ""
        if isinstance(error, UnexpectedCharacters) and rest[:1] in "-0123456789[]'+,":
            hint = "; put values in double quotes"
        elif rest.startswith(("-and", "-or")):
            hint = "; put every operand in parentheses"
        raise ApiError(400, f"filter: cannot read the expression at '{rest}'{hint}") from error
    except LarkError as error:
        raise ApiError(400, "filter: cannot read the expression") from error


def compile_filter(text: str, fields: Fields) -> Predicate:
    """Return a function that tells whether a row passes the filter."""
    return _build(parse(text).children[0], fields)


def _build(node: Any, fields: Fields) -> Predicate:
    children = node.children
    if node.data == "group":
        return _build(children[0], fields)
    if node.data == "negation":
        inner = _build(children[1], fields)
        return lambda row: not inner(row)
    if node.data == "comparison":
        return _comparison(str(children[0]), str(children[1])[1:], children[2], fields)
    parts = [_build(child, fields) for child in children if isinstance(child, Tree)]
    if node.data == "conjunction":
        return lambda row: all(part(row) for part in parts)
    return lambda row: any(part(row) for part in parts)


def _literal(token: Token) -> str:
    text = str(token)
    if token.type == "WORD":
        return text
    out: list[str] = []
    characters = iter(text[1:-1])
    for character in characters:
        if character == "\\":
            character = next(characters)
            if character not in '"\\':
                raise ApiError(
                    400, f"filter: '\\{character}' is not an escape; only the quote and the backslash are"
                )
        out.append(character)
    return "".join(out)


def _comparison(field: str, operator: str, token: Token, fields: Fields) -> Predicate:
    name, kind = fields.find(field, "filter")
    text = _literal(token)
    if kind == "unknown":
        if operator in _OPERATORS["string"]:
            kind = "string"
        else:
            kind = "number" if nanoseconds(text) is None else "date"
    if operator not in _OPERATORS[kind]:
        raise ApiError(400, f"filter: -{operator} does not work on '{field}', which is of type {kind}")
    if kind == "string":
        return _string_comparison(name, operator, text.casefold())
    value: Any
    convert: Callable[[Any], Any]
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise ApiError(400, f"filter: '{field}' is a boolean; '{text}' is neither true nor false")
        value, convert = text.lower() == "true", _as_boolean
    elif kind == "number":
        if not _NUMBER.fullmatch(text):
            raise ApiError(400, f"filter: '{field}' is a number; '{text}' is not")
        value, convert = Decimal(text), _as_number
    else:
        zone = text[-6:] if len(text) > 19 else ""
        value, convert = nanoseconds(text), _as_nanoseconds
        if value is None or not (text.endswith("Z") or zone == "+00:00"):
            raise ApiError(400, f"filter: '{field}' is a date; '{text}' is not RFC 3339 in UTC")
    return _ordered_comparison(name, operator, value, convert)


def _string_comparison(name: str, operator: str, wanted: str) -> Predicate:
    def found(row: Row) -> bool:
        value = row.get(name)
        if value is None:
            return False
        text = str(value).casefold()
        return text == wanted if operator in ("eq", "ne") else wanted in text

    if operator in ("eq", "contains"):
        return found
    return lambda row: not found(row)


def _as_boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _as_number(value: Any) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _as_nanoseconds(value: Any) -> int | None:
    return nanoseconds(value) if isinstance(value, str) else None


def _ordered_comparison(name: str, operator: str, wanted: Any, convert: Callable[[Any], Any]) -> Predicate:
    def value(row: Row) -> Any:
        found = row.get(name)
        return None if found is None else convert(found)

    if operator == "ne":
        return lambda row: bool(value(row) != wanted)
    compare = _COMPARE[operator]

    def passes(row: Row) -> bool:
        found = value(row)
        return found is not None and compare(found, wanted)

    return passes


def sort_rows(text: str, rows: Sequence[Row], fields: Fields) -> list[Row]:
    """Return the rows in the order of ``field:asc,other:desc``; nulls come first when ascending."""
    keys: list[tuple[str, bool]] = []
    for part in text.split(","):
        name, colon, direction = part.strip().partition(":")
        if not name or not colon or direction not in ("asc", "desc"):
            raise ApiError(400, f"sort: '{part}' is not field:asc or field:desc")
        spelled, _ = fields.find(name, "sort")
        if any(spelled == known for known, _ in keys):
            raise ApiError(400, f"sort: the field '{name}' is given twice")
        keys.append((spelled, direction == "desc"))
    ordered = list(rows)
    for name, descending in reversed(keys):
        ordered.sort(key=partial(_sort_key, name), reverse=descending)
    return ordered


def _sort_key(name: str, row: Row) -> tuple[int, Any]:
    value = row.get(name)
    if value is None:
        return (0, 0)
    if isinstance(value, (bool, int, float)):
        return (1, value)
    return (2, str(value).casefold())
