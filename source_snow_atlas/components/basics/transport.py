"""HTTP transport whose replies are bounded in time and in decoded size, and the meaning of their statuses."""

from __future__ import annotations

import http.client
import io
import logging
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from source_snow_atlas.components.basics.errors import MalformedReply, ReplyTooLarge
from source_snow_atlas.components.basics.network import Route

MAX_BODY_BYTES = 256 * 2**20
"""Decoded bytes of a reply. Pages of 1000 rows have one to a few MiB."""
CHUNK_BYTES = 256 * 2**10
PADDING_RATIO, PADDING_FROM = 200, 16 * 2**20
"""A body of at least so many decoded bytes is refused as padding if it was compressed by this ratio or more.
JSON compresses 5 to 30 times.
"""
LONGEST_IDLE = 30.0
"""Seconds after which an idle connection is replaced: firewalls drop idle ones without closing them."""

# urllib3 logs headers that it can't parse, and thus whatever a server echoes in them
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class Meaning(Enum):
    """What the client does with a reply, by its HTTP status."""

    PAGE = "its body is the page"
    NO_CONTENT = "there is no body"
    TEMPORARY = "it is retried, like a lost connection"
    LIMITED = "it is retried after the wait that it announces"
    UNAUTHORIZED = "it is retried once, with a new token"
    REFUSED = "it is an error, which a retry would not change"


MEANINGS = {
    200: Meaning.PAGE,
    203: Meaning.PAGE,  # a 200 that a proxy passed on (RFC 9110 section 15.3.4)
    204: Meaning.NO_CONTENT,
    401: Meaning.UNAUTHORIZED,
    429: Meaning.LIMITED,
    # 202, says the vendor: the service needs more time for the request
    **dict.fromkeys((202, 408, 425, 500, 502, 503, 504), Meaning.TEMPORARY),
}


@dataclass(frozen=True)
class Response:
    """A reply that was received completely. The body is decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes | bytearray

    @property
    def meaning(self) -> Meaning:
        """Return the meaning of the status. 501 and 505 are final; gateways send those above 505."""
        return MEANINGS.get(self.status, Meaning.TEMPORARY if self.status > 505 else Meaning.REFUSED)


class Transport:
    """Sends requests over pooled connections. Thread-safe.

    `timeouts` are the seconds to connect, and from then on to the end of the reply.
    """

    def __init__(
        self, timeouts: tuple[float, float], connections: int = 1, largest: int = MAX_BODY_BYTES
    ) -> None:
        self._timeouts = timeouts
        self._largest = largest
        self._adapter = _Adapter(pool_connections=2, pool_maxsize=connections, max_retries=0)

    def send(self, request: requests.Request, route: Route) -> Response:
        """Return the reply. Redirects are not followed, and neither cookies nor .netrc are used.

        Raises requests.RequestException without a complete reply, ReplyTooLarge, or MalformedReply for a body
        that is padded.
        """
        try:
            with self._adapter.send(request.prepare(), timeout=self._timeouts, **route.settings) as response:
                return Response(response.status_code, response.headers, self._read(request.url, response.raw))
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from None

    def _read(self, url: str, raw: Any) -> bytearray:
        body = bytearray()
        while piece := raw.read1(CHUNK_BYTES, decode_content=True):
            body += piece
            if len(body) > self._largest:
                address = urlsplit(url)._replace(query="").geturl()
                raise ReplyTooLarge(
                    f"The reply of {address} is larger than {self._largest // 2**20} MiB, "
                    "the most that is read of it. Check the API URL."
                )
            ratio = len(body) // max(1, raw.tell())
            if len(body) > PADDING_FROM and ratio >= PADDING_RATIO:
                raise MalformedReply(f"it unpacks to {ratio} times its size and more, which no data does")
        return body


class _TimedReader(io.RawIOBase):
    """Reader of a socket with a deadline, while the timeout of a socket starts again with every byte."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, seconds: float) -> None:
        self._raw = raw
        self._connection = connection
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(max(0.001, self._ends - time.monotonic()))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        if seconds := sock.gettimeout():
            self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, seconds))


class _Connection:
    response_class: Any = _TimedResponse
    _used_at = float("inf")

    @property
    def is_connected(self) -> bool:
        is_fresh = time.monotonic() - self._used_at < LONGEST_IDLE
        return is_fresh and bool(super().is_connected)  # type: ignore[misc]

    def getresponse(self) -> Any:
        try:
            return super().getresponse()  # type: ignore[misc]
        finally:
            self._used_at = time.monotonic()


class _Http(_Connection, urllib3.connection.HTTPConnection):
    pass


class _Https(_Connection, urllib3.connection.HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        pool.ConnectionCls = _Https if pool.scheme == "https" else _Http
        return pool
