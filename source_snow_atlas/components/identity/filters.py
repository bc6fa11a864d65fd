"""The syntax of Snow Atlas filter expressions, checked before the first request.

Grammar (vendor page "API conventions", section on filtering):
    expression = comparison | unary | operand (-and | -or operand)+
    unary      = -not operand
    operand    = "(" expression ")"
    comparison = field (-eq | -ne | -gt | -ge | -lt | -le | -contains | -notcontains) value
    value      = quoted text with backslash escapes
               | a bare word without blanks, quotes, brackets, commas and plus signs
Which fields exist is the server's to say: its own message reaches the user.
"""

from __future__ import annotations

import re

COMPARISONS = ("-eq", "-ne", "-gt", "-ge", "-lt", "-le", "-contains", "-notcontains")
CONNECTIVES = ("-and", "-or")
TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<bracket>[()])"""
    r"""|(?P<word>[^\s()"'\[\],+]+))""",
    re.S,
)
MAXIMUM_DEPTH = 50


class FilterSyntaxError(ValueError):
    """The expression can't be a Snow Atlas filter; the text says why."""


def check_filter(expression: str) -> None:
    """Raise FilterSyntaxError where the expression breaks the grammar above."""
    tokens = _tokens(expression)
    rest = _expression(tokens, 0, 0)
    if rest != len(tokens):
        raise FilterSyntaxError(
            f"unexpected {tokens[rest][1]!r}; put brackets around every operand once there is more than one "
            "operator"
        )


def both(first: str, second: str) -> str:
    """One expression that is true where both are."""
    return f"({first}) -and ({second})"


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = expression.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise FilterSyntaxError(
                f"{text[position:].strip()[:20]!r} can't be read; put values in double quotes"
            )
        tokens.append((str(match.lastgroup), str(match.group(str(match.lastgroup)))))
        position = match.end()
    if not tokens:
        raise FilterSyntaxError("it is empty")
    return tokens


def _expression(tokens: list[tuple[str, str]], position: int, depth: int) -> int:
    """The position behind the expression that begins here."""
    if depth > MAXIMUM_DEPTH:
        raise FilterSyntaxError("it is nested too deeply")
    kind, text = _at(tokens, position)
    if text.lower() == "-not" and kind == "word":
        return _operand(tokens, position + 1, depth)
    if text == "(":
        position = _operand(tokens, position, depth)
        while position < len(tokens) and tokens[position][1].lower() in CONNECTIVES:
            position = _operand(tokens, position + 1, depth)
        return position
    return _comparison(tokens, position)


def _operand(tokens: list[tuple[str, str]], position: int, depth: int) -> int:
    _, text = _at(tokens, position)
    if text != "(":
        raise FilterSyntaxError(f"put brackets around the operand that begins with {text!r}")
    position = _expression(tokens, position + 1, depth + 1)
    _, text = _at(tokens, position)
    if text != ")":
        raise FilterSyntaxError(f"a closing bracket is missing before {text!r}")
    return position + 1


def _comparison(tokens: list[tuple[str, str]], position: int) -> int:
    kind, field = _at(tokens, position)
    if kind != "word" or not re.fullmatch(r"[A-Za-z_][\w./-]*", field):
        raise FilterSyntaxError(f"{field!r} stands where the name of a field should be")
    _, operator = _at(tokens, position + 1)
    if operator.lower() not in COMPARISONS:
        raise FilterSyntaxError(f"{operator!r} is no operator; use one of {', '.join(COMPARISONS)}")
    kind, value = _at(tokens, position + 2)
    if kind == "bracket" or (kind == "word" and value.startswith("-")):
        raise FilterSyntaxError(f"a value is missing after {field} {operator}; put it in double quotes")
    if kind == "word" and value[0].isdigit() and not re.fullmatch(r"\d+(\.\d+)?", value):
        raise FilterSyntaxError(f"put the value {value} in double quotes")
    return position + 3


def _at(tokens: list[tuple[str, str]], position: int) -> tuple[str, str]:
    if position >= len(tokens):
        raise FilterSyntaxError("it ends too early")
    return tokens[position]
