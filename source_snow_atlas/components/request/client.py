"""Client of the APIs, with one connection pool, rate limiter and token for all streams.

The CDK's HttpClient is not used: it has a session per stream, sleeps on a 429 in one thread only and counts
it as a failed attempt, can't retry a malformed body, logs bodies and headers, and follows redirects.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote as percent_encode
from urllib.parse import urlencode

import requests

from source_snow_atlas import __version__
from source_snow_atlas.components.basics.errors import (
    MalformedReply,
    NotFound,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
    failed_request,
    quote,
)
from source_snow_atlas.components.basics.retries import LONGEST_WAIT, Attempts, announced_wait
from source_snow_atlas.components.basics.transport import Meaning, Response, Transport
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.pace import Pace, Ticket

LOGGER = logging.getLogger("airbyte")
TIMEOUTS = (15.0, 300.0)
"""Seconds to connect, and then to the end of the reply: some pages take minutes."""
CHECK_TIMEOUTS = (5.0, 12.0)
"""The same for `check`, whose user waits for the result."""
WAITS_OF_REFUSED_TOKENS = (0.0, 1.0, 2.0)
"""Seconds before a request whose token was refused is sent again, with a new token if there is no wait.

It may take a moment until every server of the API knows a new token. `check` waits once.
"""
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Cache-Control": "no-cache",  # a page from a cache lacks the rows that were inserted since
    "User-Agent": f"airbyte-source-snow-atlas/{__version__}",
}
ORACLE_PATHS = "/sam/oracle/"
ORACLE_ROOTS = ("", "/api")
"""The vendor's files declare the Oracle paths without `/api`, with which all other paths begin."""

Parsed = TypeVar("Parsed")
Body = bytes | bytearray


@dataclass
class _Request(Generic[Parsed]):
    """Request of a stream, and when it was last sent."""

    stream: str
    path: str
    query: Mapping[str, Any]
    parse: Callable[[Body], Parsed]
    permission: Any
    sent_at: float = 0.0

    def __str__(self) -> str:
        return f"Stream {self.stream}: GET {self.path}"


class SnowAtlasClient:
    """Client of the APIs. Thread-safe.

    With `fail_fast` (for `check`) rate limits and repeated faults are errors at once.
    """

    def __init__(
        self,
        authenticator: SnowAtlasOauth2Authenticator,
        requests_in_flight: int,
        fail_fast: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.authenticator = authenticator
        self.pace = Pace(requests_in_flight, clock)
        self._fail_fast = fail_fast
        self._longest_wait = 0.0 if fail_fast else LONGEST_WAIT
        self._waits_of_refused_tokens = WAITS_OF_REFUSED_TOKENS[: 2 if fail_fast else None]
        self._clock = clock
        self._sleep = sleep
        self._transport = Transport(CHECK_TIMEOUTS if fail_fast else TIMEOUTS, requests_in_flight + 1)
        self._oracle_root: str | None = None

    def get(
        self,
        stream: str,
        path: str,
        query: Mapping[str, Any],
        parse: Callable[[Body], Parsed],
        permission: Any = None,
    ) -> Parsed | None:
        """Return the parsed reply to GET `path`, or None for a 204. Temporary failures are retried.

        `parse` raises MalformedReply for a wrong body, which is retried too. Raises NotFound for a 404 or
        410, ConfigurationError, RateLimited, TransientError or ServerError.
        """
        request = _Request(stream, path, query, parse, permission)
        if not path.startswith(ORACLE_PATHS):
            return self._get(request)
        if self._oracle_root is None:
            return self._find_oracle(request)
        return self._get(replace(request, path=self._oracle_root + path))

    def _find_oracle(self, request: _Request[Parsed]) -> Parsed | None:
        """Return the reply of the root that answers, and keep that root.

        Neither a refusal nor a 204 is an answer: gateways send them for paths that they do not know.
        """
        failures: list[SnowAtlasError] = []
        for root in ORACLE_ROOTS:
            try:
                parsed = self._get(replace(request, path=root + request.path))
            except RateLimited:
                raise
            except SnowAtlasError as failure:
                failures.append(failure)
            else:
                if parsed is not None:
                    self._oracle_root = root
                    return parsed
        # a 404 or a 204 says only that the path is not there
        specific = [failure for failure in failures if not isinstance(failure, NotFound)]
        if specific:
            raise max(specific, key=lambda each: (isinstance(each, TransientError), each.status == 403))
        if len(failures) < len(ORACLE_ROOTS):
            return None
        raise failures[-1]

    def _get(self, request: _Request[Parsed]) -> Parsed | None:
        """Return the parsed reply. Temporary failures are retried."""
        attempts = Attempts(maximum=2, seconds=12.0) if self._fail_fast else Attempts()
        while True:
            failure: SnowAtlasError
            announced = 0.0
            try:
                reply, ticket = self._send(request)
                announced = announced_wait(reply.headers) or 0.0
                if reply.meaning is not Meaning.TEMPORARY:
                    return self._parsed(request, reply, ticket)
                failure = self._temporary(request, reply, announced)
            except OSError as error:
                failure = self._no_reply(request, error)
            except MalformedReply as error:
                failure = ServerError(
                    f"{request} was answered with a body that can't be right: {error}. None of it was used. "
                    "If it happens again, report it to Snow Atlas support.",
                    request.stream,
                )
            wait = attempts.next_wait(self._clock() - request.sent_at)
            if wait is None or announced > self._longest_wait:
                raise failure
            if announced:
                # until it is over, no request of any stream is sent
                self.pace.pause(announced)
            progress = f"attempt {attempts.made} of {attempts.maximum}"
            LOGGER.info(f"{failure.message} Retrying in {wait:.1f} s ({progress}).")
            self._sleep(wait)

    def _parsed(self, request: _Request[Parsed], reply: Response, ticket: Ticket) -> Parsed | None:
        """Return the parsed reply. Raises MalformedReply, or the error of a status that is not retried."""
        parsed = request.parse(reply.body) if reply.meaning is Meaning.PAGE else None
        # a limit has let it through, even if the answer is a 404
        self.pace.succeeded(ticket)
        if reply.meaning in (Meaning.PAGE, Meaning.NO_CONTENT):
            return parsed
        raise failed_request(
            request.stream, request.path, reply.status, reply.body, request.permission, request.query
        )

    def _send(self, request: _Request[Any]) -> tuple[Response, Ticket]:
        """Return the reply after rate limits, and after the renewal of a token that is refused."""
        limited_since: float | None = None
        refusals = 0
        query = f"?{urlencode(request.query, quote_via=percent_encode)}" if request.query else ""
        url = self.authenticator.host + request.path + query
        while True:
            # renewed before the slot, so that no request is sent late, inside a wait announced by then
            self.authenticator.get_access_token()
            with self.pace.slot() as ticket:
                # requested here, because it may be revoked while the request waits for the slot
                token = self.authenticator.get_access_token()
                request.sent_at = self._clock()
                prepared = requests.Request("GET", url, {**HEADERS, "Authorization": f"Bearer {token}"})
                reply = self._transport.send(prepared, self.authenticator.route)
                announced = announced_wait(reply.headers)
                if reply.meaning is Meaning.LIMITED:
                    limited_since = request.sent_at if limited_since is None else limited_since
                    self._raise_if_limited_for_long(request, announced, limited_since)
                    own_wait = self.pace.refused(announced, ticket)
            if reply.meaning is Meaning.LIMITED:
                refusals = 0
                self._sleep(own_wait)
            elif reply.meaning is Meaning.UNAUTHORIZED and refusals < len(self._waits_of_refused_tokens):
                self.pace.pause(min(announced or 0.0, self._longest_wait))
                if wait := self._waits_of_refused_tokens[refusals]:
                    self._sleep(wait)
                else:
                    self.authenticator.renew(token)
                refusals += 1
            else:
                return reply, ticket

    def _raise_if_limited_for_long(
        self, request: _Request[Any], announced: float | None, since: float
    ) -> None:
        if self._fail_fast or (announced or 0) > LONGEST_WAIT or self._clock() - since > 2 * LONGEST_WAIT:
            asks = "does not say how long to wait" if announced is None else f"asks to wait {announced:.0f} s"
            raise RateLimited(
                f"{request} was refused with HTTP 429: Snow Atlas limits the rate of requests and {asks}. "
                "Try again later, lower num_workers, or run fewer scripts with this client.",
                request.stream,
            )

    def _temporary(self, request: _Request[Any], reply: Response, announced: float) -> SnowAtlasError:
        said = quote(reply.body)
        failure = TransientError(
            f"{request} keeps being answered with HTTP {reply.status}. Try again later."
            + (f" The server asks to wait {announced:.0f} s." if announced else "")
            + (f' The server said: "{said}".' if said else ""),
            request.stream,
        )
        failure.status = reply.status
        return failure

    def _no_reply(self, request: _Request[Any], error: Exception) -> SnowAtlasError:
        route = self.authenticator.route
        return route.failure(error, request.stream) or TransientError(
            f"{request} got no complete reply from {route.host}{route.through} ({type(error).__name__}). "
            "Try again later.",
            request.stream,
        )
