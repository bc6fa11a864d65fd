"""Secrets in what a server says: a text that carries one, whole or in pieces, encoded or not, is not shown.

The CDK masks the exact text of a secret wherever something is logged; that stays as the second line.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections import deque
from functools import lru_cache
from urllib.parse import unquote

PIECE = 6
"""Letters and digits in a row that a text may not share with a secret. Fewer tell little and occur by
chance.
"""
SHORTEST_CODE = 12
"""Letters and digits of a word that may be an encoded secret where it has a digit."""
LONGEST_WORD = 40
"""Letters of a word that may be one in any case."""
MOST_NUMBERS = 6
"""Words with digits; more may be a secret in pieces."""
PATH = re.compile(r"/[\w/.{}-]*(\?[\w.&=-]*)?")
UUID = re.compile(r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
"""What requests and rows are named by."""
REMEMBERED = 32
"""Secrets that are looked for: the latest ones."""

_secrets: deque[str] = deque(maxlen=REMEMBERED)


def remember(secret: str) -> None:
    """Show no text of a server that carries a part of this secret from now on."""
    if secret in _secrets:
        _secrets.remove(secret)
    _secrets.append(secret)


def forget() -> None:
    """Forget all secrets: for a process that runs twice, as tests do."""
    _secrets.clear()


def carries_secret(text: str) -> bool:
    """Whether a text holds a secret or a piece of one: as it is, percent-encoded, in escapes, in base64 or
    hexadecimal, backwards, or split by other characters.
    """
    readings = {_bare(reading) for reading in _readings(text)}
    for secret in list(_secrets):
        forms = _forms(secret)  # one that is shorter than a piece is masked as a word
        for reading in readings:
            starts = range(len(reading) - PIECE + 1)
            if any(reading[start : start + PIECE] in forms for start in starts):
                return True
    return False


def without_codes(text: str) -> str:
    """The text with long words that hold digits left out, as an encoded secret is one: there is no end of
    encodings. Empty where there are many short ones, which may be a secret in pieces.
    """
    words = text.split()
    if sum(any(character.isdigit() for character in word) for word in words) > MOST_NUMBERS:
        return ""
    return " ".join("…" if _is_code(word) else word for word in words)


def _is_code(word: str) -> bool:
    if PATH.fullmatch(word):
        return any(_is_code(part) for part in re.split("[/?&=]", word) if part)
    letters = "".join(character for character in UUID.sub("", word) if character.isalnum())
    has_digit = any(character.isdigit() for character in letters)
    return (len(letters) >= SHORTEST_CODE and has_digit) or len(letters) > LONGEST_WORD


def _readings(text: str) -> list[str]:
    readings = [text]
    for decode in (unquote, unquote, html.unescape, _unescaped):
        readings.append(decode(readings[-1]))
    return readings


def _unescaped(text: str) -> str:
    """The text with escapes such as \\u0041, \\x41 and %u0041 read."""
    return re.sub(r"(?:\\u|%u|\\x)([0-9a-fA-F]{2,4})", lambda match: chr(int(match[1], 16)), text)


def _bare(text: str) -> str:
    """Letters and digits alone, so that nothing between them hides a secret."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


@lru_cache(maxsize=REMEMBERED)
def _forms(secret: str) -> str:
    """The secret in every form, a line each."""
    data = secret.encode("utf-8", "surrogatepass")
    # what stands before the secret, such as a user name, shifts its base64 form, whose ends depend on it
    shifted = [base64.b64encode(b"\0" * offset + data).decode() for offset in range(3)]
    encoded = [text.rstrip("=")[(0, 2, 3)[offset] : -1] for offset, text in enumerate(shifted)]
    return "\n".join(map(_bare, (secret, secret[::-1], data.hex(), *encoded)))
