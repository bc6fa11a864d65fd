"""Client of the APIs, with one connection pool, rate limiter and token for all streams.

The CDK's HttpClient is not used: it has a session per stream, sleeps on a 429 in one thread only and counts
it as a failed attempt, can't retry a malformed body, logs bodies and headers, and follows redirects.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
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
from source_snow_atlas.components.basics.statuses import Meaning, meaning
from source_snow_atlas.components.basics.transport import Response, Transport
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.pace import Pace

LOGGER = logging.getLogger("airbyte")
TIMEOUTS = (15.0, 300.0)
"""Seconds to connect, and then to the end of the reply: some pages take minutes."""
CHECK_TIMEOUTS = (5.0, 12.0)
"""The same for `check`, whose user waits for the result."""
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"airbyte-source-snow-atlas/{__version__}",
}
ORACLE_PATHS = "/sam/oracle/"
ORACLE_ROOTS = ("", "/api")
"""The vendor's files declare the Oracle paths without `/api`, with which all other paths begin."""
MALFORMED_UNDER_A_ROOT = 4
"""Attempts at a malformed body while the root is unknown: a wrong one may serve a sign-in page."""

Parsed = TypeVar("Parsed")
Body = bytes | bytearray


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
        self._clock = clock
        self._sleep = sleep
        self._transport = Transport(CHECK_TIMEOUTS if fail_fast else TIMEOUTS, requests_in_flight + 1)
        self._oracle_root: str | None = None
        self._oracle_lock = threading.Lock()

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

        def request(root: str, malformed: int = Attempts.maximum) -> Parsed | None:
            return self._get(stream, root + path, query, parse, permission, malformed)

        if not path.startswith(ORACLE_PATHS):
            return request("")
        if self._oracle_root is None:
            with self._oracle_lock:
                if self._oracle_root is None:
                    return self._find_oracle(request)
        return request(self._oracle_root)

    def _find_oracle(self, request: Callable[[str, int], Parsed | None]) -> Parsed | None:
        """Return the reply of the root that answers, and keep that root.

        Neither a refusal nor a 204 is an answer: gateways send them for paths that they do not know.
        """
        failures: list[SnowAtlasError] = []
        for root in ORACLE_ROOTS:
            try:
                parsed = request(root, MALFORMED_UNDER_A_ROOT)
            except RateLimited:
                raise
            except SnowAtlasError as failure:
                failures.append(failure)
            else:
                if parsed is not None:
                    self._oracle_root = root
                    return parsed
        if len(failures) < len(ORACLE_ROOTS):
            return None
        raise min(failures, key=_uncertainty)

    def _get(
        self,
        stream: str,
        path: str,
        query: Mapping[str, Any],
        parse: Callable[[Body], Parsed],
        permission: Any,
        malformed: int,
    ) -> Parsed | None:
        encoded = f"?{urlencode(query, quote_via=percent_encode)}" if query else ""
        url = self.authenticator.host + path + encoded
        attempts = Attempts(maximum=2, seconds=12.0) if self._fail_fast else Attempts()
        unauthorized = False
        limited_since: float | None = None
        while True:
            failure: SnowAtlasError
            sent = self._clock()
            try:
                # renewed before the slot, so that no request is sent late, inside a wait announced by then
                self.authenticator.get_access_token()
                with self.pace.slot() as ticket:
                    # requested here, because it may be revoked while the request waits for the slot
                    token = self.authenticator.get_access_token()
                    sent = self._clock()
                    headers = {**HEADERS, "Authorization": f"Bearer {token}"}
                    reply = self._transport.send(
                        requests.Request("GET", url, headers), self.authenticator.route
                    )
                    kind = meaning(reply.status)
                    if kind is Meaning.LIMITED:
                        limited_since = sent if limited_since is None else limited_since
                        self._raise_if_limited_for_long(reply.headers, limited_since, stream, path)
                        wait_alone = self.pace.refused(announced_wait(reply.headers), ticket)
                if kind is Meaning.LIMITED:
                    unauthorized = False
                    self._sleep(wait_alone)
                    continue
                if kind is Meaning.NO_CONTENT:
                    self.pace.succeeded(ticket)
                    return None
                if kind is Meaning.PAGE:
                    parsed = parse(reply.body)
                    self.pace.succeeded(ticket)
                    return parsed
            except OSError as error:
                failure = self._no_reply(stream, path, error)
            except MalformedReply as error:
                failure = self._malformed(stream, path, error)
                attempts.maximum = min(attempts.maximum, malformed)
            else:
                if kind is Meaning.UNAUTHORIZED and not unauthorized:
                    unauthorized = True
                    self.authenticator.renew(token)
                    continue
                if kind is not Meaning.TEMPORARY:
                    # a limit has let it through, even if the answer is a 404
                    self.pace.succeeded(ticket)
                    raise failed_request(
                        stream, path, reply.status, reply.body, permission, "filter" in query
                    )
                failure = self._temporary_failure(stream, path, reply)
            unauthorized = False
            limited_since = None
            wait = attempts.next_wait(self._clock() - sent)
            if wait is None:
                raise failure
            LOGGER.info(
                "%s Retrying in %.1f s (attempt %d of %d).",
                failure.message,
                wait,
                attempts.made,
                attempts.maximum,
            )
            self._sleep(wait)

    def _raise_if_limited_for_long(self, headers: Any, since: float, stream: str, path: str) -> None:
        announced = announced_wait(headers)
        if self._fail_fast or (announced or 0) > LONGEST_WAIT or self._clock() - since > 2 * LONGEST_WAIT:
            asks = (
                f"asks to wait {announced:.0f} s"
                if announced is not None
                else "does not say how long to wait"
            )
            raise RateLimited(
                f"Stream {stream}: GET {path} was refused with HTTP 429: Snow Atlas limits the rate of "
                f"requests and {asks}. "
                "Try again later, lower num_workers, or run fewer scripts with this client.",
                stream,
            )

    def _temporary_failure(self, stream: str, path: str, reply: Response) -> SnowAtlasError:
        """Return the failure of a temporary status. Raise it if the announced wait is too long.

        Until an announced wait is over, no request is sent.
        """
        announced = announced_wait(reply.headers) or 0.0
        said = quote(reply.body)
        failure = TransientError(
            f"Stream {stream}: GET {path} keeps being answered with HTTP {reply.status}. Try again later."
            + (f" The server asks to wait {announced:.0f} s." if announced else "")
            + (f' The server said: "{said}".' if said else ""),
            stream,
        )
        failure.status = reply.status
        if announced > (0.0 if self._fail_fast else LONGEST_WAIT):
            raise failure
        self.pace.pause(announced)
        return failure

    def _malformed(self, stream: str, path: str, error: MalformedReply) -> SnowAtlasError:
        return ServerError(
            f"Stream {stream}: GET {path} was answered with a body that can't be right: {error}. "
            "None of it was used. If it happens again, report it to Snow Atlas support.",
            stream,
        )

    def _no_reply(self, stream: str, path: str, error: Exception) -> SnowAtlasError:
        route = self.authenticator.route
        return route.failure(error, stream) or TransientError(
            f"Stream {stream}: GET {path} got no complete reply from {route.host}{route.through} "
            f"({type(error).__name__}). Try again later.",
            stream,
        )


def _uncertainty(failure: SnowAtlasError) -> int:
    """Return how strongly a failure suggests that the root does not exist."""
    if isinstance(failure, TransientError):
        return 0
    if failure.status in (401, 403):
        return 1
    return 3 if isinstance(failure, NotFound) else 2
