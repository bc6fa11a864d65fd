"""What went wrong, said so that the reader knows what to change: HTTP failures and configuration errors as
traced exceptions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import orjson
from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_snow_atlas.components.basics.masking import masked
from source_snow_atlas.components.basics.secrets import carries_secret, without_codes

MAXIMUM_QUOTE = 300
HIDDEN = "(not shown)"
"""Stands in a sentence for what the server said, where that carries a secret."""
PATH = re.compile(r"/\S+")


class SnowAtlasError(AirbyteTracedException):
    """A failure whose sentence is complete: shown to the user as it is, without a traceback."""

    status: int | None = None
    """The HTTP status that the request was refused with, where that is the cause."""

    def __init__(self, message: str, failure_type: FailureType, stream: str | None = None) -> None:
        message = without_secret_ids(filter_secrets(message))
        super().__init__(
            internal_message=message,
            message=message,
            failure_type=failure_type,
            stream_descriptor=StreamDescriptor(name=stream) if stream else None,
        )

    def as_airbyte_message(self, stream_descriptor: StreamDescriptor | None = None) -> AirbyteMessage:
        """The error as a protocol message. The CDK's carries a traceback, which tells the user nothing that
        the sentence does not.
        """
        message = super().as_airbyte_message(stream_descriptor)
        if message.trace is not None and message.trace.error is not None:
            message.trace.error.stack_trace = None
        return message


class MalformedReply(Exception):
    """The body can't be the answer to the request; the text says why. Usually a passing fault, so it is worth
    a repeat.
    """


class ConfigurationError(SnowAtlasError):
    """Something that the user has to change: the configuration, the catalog, the state, or a permission in
    Snow Atlas.
    """

    def __init__(self, message: str, stream: str | None = None) -> None:
        super().__init__(message, FailureType.config_error, stream)


class TransientError(SnowAtlasError):
    """The server or the network failed again and again; a later sync may well succeed."""

    def __init__(self, message: str, stream: str | None = None) -> None:
        super().__init__(message, FailureType.transient_error, stream)


class ServerError(SnowAtlasError):
    """The server's replies can't be relied on: reading on would lose or invent rows."""

    def __init__(self, message: str, stream: str | None = None) -> None:
        super().__init__(message, FailureType.system_error, stream)


class NotFound(ConfigurationError):
    """HTTP 404 or 410. For one parent of many it means that the parent is gone; for a whole collection it is
    an error.
    """


class RateLimited(TransientError):
    """HTTP 429 that can't be waited out: the wait is too long, or the caller asked to fail fast."""


def quote(body: bytes | bytearray) -> str:
    """The message of an error object, one line, at most 300 characters; empty for any other body, which may
    hold rows, and where the message carries a secret.

    The vendor's APIs send `{"error": {"code": int, "message": str}}`.
    """
    try:
        document = orjson.loads(body)
    except ValueError:
        return ""
    error = document.get("error") if isinstance(document, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    if not isinstance(message, str):
        return ""
    said = plain(message, MAXIMUM_QUOTE)
    return "" if said == HIDDEN else without_codes(masked(said))


def plain(text: str, longest: int = 100) -> str:
    """Text of the server for a sentence of ours: one line without control characters, cut where it is longer,
    and not shown where it carries a secret.

    So it can't begin a line of a log, look like a message of the protocol, or move the cursor of a terminal.
    """
    text = text[: 8 * longest]
    if carries_secret(text):
        return HIDDEN
    shown = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[:longest] + "…"


def without_secret_ids(sentence: str) -> str:
    """The sentence without those segments of its paths that carry a secret: ids are what the server said."""
    return PATH.sub(
        lambda path: "/".join(
            HIDDEN if carries_secret(unquote(segment)) else segment for segment in path[0].split("/")
        ),
        sentence,
    )


def permission_names(permission: str | Sequence[str] | None) -> str:
    """The permission(s) of a stream for a sentence: any one of several is enough."""
    if not permission:
        return (
            "the permission of this API (the vendor names none; it may also need a product that the tenant "
            "has not bought)"
        )
    names = [permission] if isinstance(permission, str) else list(permission)
    return "the permission " + " or ".join(names)


def failed_request(
    stream: str, path: str, status: int, body: bytes | bytearray, permission: Any, filtered: bool = False
) -> SnowAtlasError:
    """The error for a reply with an HTTP status that retrying does not mend."""
    error = _refusal(stream, path, status, body, permission, filtered)
    error.status = status
    return error


def _refusal(
    stream: str, path: str, status: int, body: bytes | bytearray, permission: Any, filtered: bool
) -> SnowAtlasError:
    said = quote(body)
    reason = f' The server said: "{said}".' if said else ""
    where = f"Stream {stream}: GET {path} was refused with HTTP {status}."
    if status == 403:
        return ConfigurationError(
            f"{where} Grant {permission_names(permission)} to the application registration in Snow Atlas "
            "settings, "
            "or leave the stream out of the connection; a product that the tenant has not bought is refused "
            f"the same way.{reason}",
            stream,
        )
    if status == 401:
        return ConfigurationError(
            f"{where} The access token was renewed and refused again: check that the application "
            "registration still exists, "
            "that its region is the one configured, and that no other system generates a new secret for "
            f"it.{reason}",
            stream,
        )
    if status in (404, 410):
        return NotFound(
            f"{where} This host does not have the endpoint: check the region or the API URL; "
            f"if they are right, leave the stream out of the connection.{reason}",
            stream,
        )
    if status == 400 and filtered:
        return ConfigurationError(
            f"{where} The server does not accept the filter: correct the filter of this stream in the "
            "configuration, or, where it "
            f"has none, report it to the connector's maintainers.{reason}",
            stream,
        )
    if 200 <= status < 300:
        return ServerError(
            f"Stream {stream}: GET {path} was answered with HTTP {status}, which carries no whole page: "
            "nothing of it was used. Report it to the connector's maintainers.",
            stream,
        )
    if 300 <= status < 400 and status != 304:
        return ServerError(
            f"{where} The server redirects to another address; credentials are not sent there. Check the API "
            "URL.",
            stream,
        )
    return ServerError(
        f"{where} This is not a reply the API documents for the request: leave the stream out of the "
        "connection, and report it "
        f"to the connector's maintainers.{reason}",
        stream,
    )
