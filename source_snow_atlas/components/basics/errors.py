"""Errors with messages for the user, and texts of the server for use in messages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import unquote

import orjson
from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_snow_atlas.components.basics.secrets import contains_secret, without_codes

MAXIMUM_QUOTE = 300
HIDDEN = "(not shown)"
"""Placeholder for a text of the server that contains a secret."""
PATH = re.compile(r"/\S+")


class SnowAtlasError(AirbyteTracedException):
    """Error whose message is shown to the user unchanged, without a traceback."""

    kind = FailureType.system_error
    status: int | None = None
    """The HTTP status of the refused request, if that is the cause."""

    def __init__(
        self, message: str, stream: str | None = None, failure_type: FailureType | None = None
    ) -> None:
        message = without_secret_ids(filter_secrets(message))
        super().__init__(
            internal_message=message,
            message=message,
            failure_type=failure_type or self.kind,
            stream_descriptor=StreamDescriptor(name=stream) if stream else None,
        )

    def as_airbyte_message(self, stream_descriptor: StreamDescriptor | None = None) -> AirbyteMessage:
        """Return the error as a protocol message, without the traceback that the CDK adds."""
        message = super().as_airbyte_message(stream_descriptor)
        if message.trace is not None and message.trace.error is not None:
            message.trace.error.stack_trace = None
        return message


class MalformedReply(Exception):
    """Error of a body that can't be the reply to the request. Usually temporary, so it is retried."""


class ConfigurationError(SnowAtlasError):
    """Error that the user can correct in the configuration, catalog, state or permissions."""

    kind = FailureType.config_error


class TransientError(SnowAtlasError):
    """Error of the server or the network that retries did not overcome. A later sync may succeed."""

    kind = FailureType.transient_error


class ServerError(SnowAtlasError):
    """Error of a server whose replies are wrong, so that rows would be lost or duplicated."""


class ReplyTooLarge(ServerError):
    """Error of a reply that is larger than is read. It is not retried, as it would be as large again."""


class NotFound(ConfigurationError):
    """HTTP 404 or 410. One parent of many is then skipped; for a collection it is an error."""


class RateLimited(TransientError):
    """HTTP 429 with a wait that is too long, for more than two hours, or with `fail_fast`."""


def quote(body: bytes | bytearray) -> str:
    """Return the message of an error object in one line of at most 300 characters.

    The vendor's APIs send `{"error": {"code": int, "message": str}}`. Any other body, which may contain rows,
    and a message that contains a secret give "".
    """
    try:
        message = orjson.loads(body)["error"]["message"]
    except (ValueError, LookupError, TypeError):
        return ""
    if not isinstance(message, str):
        return ""
    said = without_codes(plain(message, MAXIMUM_QUOTE))
    return said if said != HIDDEN and said.strip("… ") else ""


def plain(text: str, longest: int = 100) -> str:
    """Return a text of the server in one line without control characters, truncated to `longest` characters.

    So it can't begin a log line, imitate a protocol message or move the cursor of a terminal. A text that
    contains a secret is not shown.
    """
    text = text[: 8 * longest]
    if contains_secret(text):
        return HIDDEN
    shown = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[:longest] + "…"


def pluralized(number: int, one: str, many: str) -> str:
    """Return a number and the words that agree with it, as "1 parent was" and "1,200 parents were"."""
    return f"{number:,} {one if number == 1 else many}"


def without_secret_ids(sentence: str) -> str:
    """Return the sentence without the segments of its paths that contain a secret: the server names ids."""
    return PATH.sub(
        lambda path: "/".join(
            HIDDEN if contains_secret(unquote(segment)) else segment for segment in path[0].split("/")
        ),
        sentence,
    )


def permission_names(permission: str | Sequence[str] | None) -> str:
    """Return the permissions of a stream for a message. Any one of several is enough."""
    if not permission:
        return (
            "the permission of this API (the vendor names none; it may also need a product that the tenant "
            "has not bought)"
        )
    names = [permission] if isinstance(permission, str) else list(permission)
    return "the permission " + " or ".join(names)


def failed_request(
    stream: str,
    path: str,
    status: int,
    body: bytes | bytearray,
    permission: Any,
    query: Collection[str] = (),
) -> SnowAtlasError:
    """Return the error for a reply with an HTTP status that is not retried."""
    kind, advice = _advice(status, permission, query)
    said = quote(body)
    error = kind(
        f"Stream {stream}: GET {path} was {'answered' if status < 300 else 'refused'} with HTTP {status}. "
        + advice
        + (f' The server said: "{said}".' if said else ""),
        stream,
    )
    error.status = status
    return error


def _advice(status: int, permission: Any, query: Collection[str]) -> tuple[type[SnowAtlasError], str]:
    """Return the kind of error that a status is, and what the user can do."""
    if status == 403:
        return ConfigurationError, (
            f"Grant {permission_names(permission)} to the application registration in Snow Atlas settings, "
            "or leave the stream out of the connection. "
            "A product that the tenant has not bought is refused in the same way."
        )
    if status == 401:
        return ConfigurationError, (
            "The access token was renewed and refused again. Check that the application registration still "
            "exists, that its region is the configured one, and that no other system generates a new secret "
            "for it."
        )
    if status in (404, 410):
        return NotFound, (
            "This host does not have the endpoint: check the region or the API URL. "
            "If they are right, leave the stream out of the connection."
        )
    if status == 414 and "filter" in query:
        return ConfigurationError, (
            "The filter makes the address of the request longer than the server accepts: "
            "shorten the filter of this stream in the configuration."
        )
    if status == 400 and "filter" in query:
        return ConfigurationError, (
            "The server does not accept the filter: correct the filter of this stream in the configuration. "
            "If it has none, report it to the connector's maintainers."
        )
    if 300 <= status < 400 and status != 304:
        return ServerError, (
            "The server redirects to another address, and credentials are not sent there. Check the API URL."
        )
    if status == 206:
        return ServerError, (
            "Only a part of the page was sent, so none of it was used. Sync again later. "
            "If it happens again, report it to Snow Atlas support."
        )
    if status == 409:
        return ServerError, (
            "The request conflicts with another operation in Snow Atlas. Sync again later. "
            "If it happens again, report it to Snow Atlas support."
        )
    if status in (400, 422) and "page_size" in query:
        return ServerError, (
            "The server may allow smaller pages only: lower page_size. If that does not help, leave the "
            "stream out of the connection, and report it to the connector's maintainers."
        )
    return ServerError, (
        "The API does not document this reply to the request. Leave the stream out of the connection, and "
        "report it to the connector's maintainers."
    )
