"""Secrets of the process: masked by the CDK, and detected in texts of the server, which are then not shown.

The CDK masks the exact secret in everything that is logged, also for all syncs of a process together.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections import deque
from functools import lru_cache
from urllib.parse import unquote

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets

PIECE = 6
"""Consecutive letters and digits that a text must not share with a secret. Fewer may occur by chance."""
SHORTEST_CODE = 12
"""Letters and digits of a word that may be an encoded secret if it has a digit."""
LONGEST_WORD = 40
"""Letters of a longer word may be an encoded secret even without a digit."""
MOST_NUMBERS = 6
"""Words with digits in a text; more may be a secret in parts."""
PATH = re.compile(r"/[\w/.{}-]*(\?[\w.&=-]*)?")
UUID = re.compile(r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
"""Ids of requests and rows."""
SHORTEST_MASKED = 8
"""Characters of a secret that is masked. Shorter ones occur in words, which the mask would reveal."""
REMEMBERED = 32
"""Secrets that are searched for: the latest ones."""

_secrets: deque[str] = deque(maxlen=REMEMBERED)


def remember(secret: object) -> None:
    """Add a secret to mask and to search for. Anything but a text is ignored."""
    if not isinstance(secret, str) or not secret:
        return
    if secret in _secrets:
        _secrets.remove(secret)
    elif len(secret) >= SHORTEST_MASKED:
        add_to_secrets(secret)
    _secrets.append(secret)


def contains_secret(text: str) -> bool:
    """Return whether a text contains a secret, or part of one, in plain or encoded form.

    Encodings are percent-encoding, escapes, base64 and hexadecimal. The secret may also be reversed, or split
    by other characters. One of fewer letters than PIECE is found only as a word.
    """
    decoded = _decodings(text)
    readings = {_bare(reading) for reading in decoded}
    for secret in list(_secrets):
        word = re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")
        if any(map(word.search, decoded)):
            return True
        forms = _forms(secret)
        for reading in readings:
            starts = range(len(reading) - PIECE + 1)
            if any(reading[start : start + PIECE] in forms for start in starts):
                return True
    return False


def without_codes(text: str) -> str:
    """Return the text without long words that contain digits: they may be a secret in an unknown encoding.

    Return "" if it has many short words with digits, which may be a secret in parts.
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


def _decodings(text: str) -> list[str]:
    readings = [text]
    for decode in (unquote, unquote, html.unescape, _unescaped):
        readings.append(decode(readings[-1]))
    return readings


def _unescaped(text: str) -> str:
    """Return the text with escapes such as \\u0041, \\x41 and %u0041 decoded."""
    return re.sub(r"(?:\\u|%u|\\x)([0-9a-fA-F]{2,4})", lambda match: chr(int(match[1], 16)), text)


def _bare(text: str) -> str:
    """Return only the letters and digits of a text, as other characters may split a secret."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


@lru_cache(maxsize=REMEMBERED)
def _forms(secret: str) -> str:
    """Return the secret in every encoding, one per line."""
    data = secret.encode("utf-8", "surrogatepass")
    # a text before the secret, such as a user name, shifts its base64 form and changes the ends of it
    shifted = [base64.b64encode(b"\0" * offset + data).decode() for offset in range(3)]
    encoded = [text.rstrip("=")[(0, 2, 3)[offset] : -1] for offset, text in enumerate(shifted)]
    return "\n".join(map(_bare, (secret, secret[::-1], data.hex(), *encoded)))
