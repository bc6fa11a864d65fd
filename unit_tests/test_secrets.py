"""What a server echoes of a secret is found in every form that a person could turn back."""

from __future__ import annotations

import base64
import codecs
import gzip
from collections.abc import Callable, Iterator
from urllib.parse import quote as percent_encoded

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_snow_atlas.components.basics import secrets
from source_snow_atlas.components.basics.errors import quote
from source_snow_atlas.components.basics.secrets import contains_secret, remember

SECRET = "xK7/q~2p+Zr9=Lw4&Tn8-bV5"

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "percent-encoded": lambda secret: percent_encoded(secret, safe=""),
    "percent-encoded twice": lambda secret: percent_encoded(percent_encoded(secret, safe=""), safe=""),
    "every byte percent-encoded": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "basic authentication": lambda secret: base64.b64encode(f"client-1:{secret}".encode()).decode(),
    "base64 behind two bytes": lambda secret: base64.b64encode(f"ab{secret}cd".encode()).decode(),
    "base64 behind a byte": lambda secret: base64.b64encode(f"a{secret}".encode()).decode(),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "hexadecimal in capitals": lambda secret: secret.encode().hex(":").upper(),
    "HTML entities": lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    "escapes": lambda secret: "".join(f"\\u{ord(character):04x}" for character in secret),
    "other capitals": lambda secret: secret.swapcase(),
    "backwards": lambda secret: secret[::-1],
    "first half": lambda secret: secret[: len(secret) // 2],
    "last half": lambda secret: secret[len(secret) // 2 :],
    "with blanks between": lambda secret: " ".join(secret),
    "in three pieces": lambda secret: " / ".join((secret[:8], secret[8:16], secret[16:])),
    "over lines": lambda secret: f"{secret[:10]}\n{secret[10:]}",
}


@pytest.fixture(autouse=True)
def _known() -> Iterator[None]:
    secrets._secrets.clear()
    remember(SECRET)
    yield
    secrets._secrets.clear()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_message_that_carries_a_secret_is_not_quoted(form: Callable[[str], str]) -> None:
    """The client secret would stand in the log, and whoever reads it could turn it back."""
    for text in (form(SECRET), f"The request was: client_secret={form(SECRET)}, which is wrong."):
        assert contains_secret(text)
        assert quote(orjson.dumps({"error": {"code": 400, "message": text}})) == ""


CODES: dict[str, Callable[[bytes], str]] = {
    "base32": lambda data: base64.b32encode(data).decode(),
    "base85": lambda data: base64.b85encode(data).decode(),
    "base64 of base64": lambda data: base64.b64encode(base64.b64encode(data)).decode(),
    "base64 backwards": lambda data: base64.b64encode(data).decode()[::-1],
    "compressed": lambda data: base64.b64encode(gzip.compress(data)).decode(),
    "letters moved by 13": lambda data: codecs.encode(data.decode(), "rot13"),
    "octal": lambda data: "".join(f"\\{byte:03o}" for byte in data),
    "numbers": lambda data: " ".join(map(str, data)),
    "hexadecimal numbers": lambda data: " ".join(f"{byte:#x}" for byte in data),
    "binary": lambda data: "".join(f"{byte:08b}" for byte in data),
    "UTF-16": lambda data: data.decode().encode("utf-16-le").hex(),
    "wide letters": lambda data: "".join(chr(byte + 0xFEE0) for byte in data),
}


@pytest.mark.parametrize("encode", CODES.values(), ids=CODES.keys())
def test_of_a_message_no_code_is_quoted(encode: Callable[[bytes], str]) -> None:
    """A secret in an encoding that nobody thought of would stand in the log."""
    code = encode(SECRET.encode())
    said = quote(orjson.dumps({"error": {"code": 501, "message": f"bad credential {code} of the client"}}))
    words = max(code.split(), key=len)
    assert words not in said
    assert said in ("", "bad credential … of the client")


def test_plain_words_are_quoted() -> None:
    """What the server says is the most useful part of an error."""
    said = 'Field "lastScanDate" of page 12 is unknown: use hostName, dnsName or biosSerialNumber instead.'
    assert quote(orjson.dumps({"error": {"code": 400, "message": said}})) == said


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHJKLMN0123456789-_~.+/=&%", min_size=12, max_size=80))
def test_the_forms_of_any_secret_are_found(secret: str) -> None:
    """The same for secrets of any make."""
    if sum(character.isalnum() for character in secret) < 2 * secrets.PIECE:
        return
    secrets._secrets.clear()
    remember(secret)
    for form in ("as it is", "percent-encoded", "base64", "basic authentication", "hexadecimal", "backwards"):
        assert contains_secret(f"what was sent is {FORMS[form](secret)}, no more"), form


@pytest.mark.parametrize(
    "text",
    [
        "Unknown field 'hostname'",
        "The service is unavailable; try again in 30 seconds (request 7c9e6679-7425-40de-944b-e07fc1f90ae7).",
        "Access denied: sam.computer.r is needed for GET /api/sam/estate/v1/computers?page_size=500",
        "Das Feld „größe“ gibt es nicht",
        "",
    ],
)
def test_other_messages_are_quoted(text: str) -> None:
    """The most useful part of an error would be lost."""
    remember("eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL3dlc3RldXJvcGUifQ.c2lnbmF0dXJl")
    assert not contains_secret(text)
    assert quote(orjson.dumps({"error": {"code": 400, "message": text}})) == text


@pytest.mark.parametrize("secret", ["", "!", "a1", "fie", "&&&&&&&&", None, 7])
def test_secrets_of_few_letters_do_no_harm(secret: object) -> None:
    """An odd secret would hide every message, or end the sync in a traceback."""
    secrets._secrets.clear()
    remember(secret)
    assert not contains_secret("Unknown field")


@pytest.mark.parametrize("secret", ["e", "a1b2", "s3cr3t!", "&&&&&&&&"])
def test_secrets_of_few_letters_are_found_as_words(secret: str) -> None:
    """A server that repeats what it was sent would put the secret into the log."""
    secrets._secrets.clear()
    remember(secret)
    assert contains_secret(f"we need no ({secret}) here")
    assert contains_secret(f"we need no ({percent_encoded(secret)}) here")


def test_the_latest_secrets_are_looked_for() -> None:
    """A sync of days would keep every token that it ever had, or forget the secret of the configuration
    while it is used.
    """
    for number in range(100):
        remember(f"token-number-{number}-abcdef")
        remember(SECRET)
    assert contains_secret(SECRET)
    assert contains_secret("token-number-99-abcdef")
    assert len(secrets._secrets) == secrets.REMEMBERED
