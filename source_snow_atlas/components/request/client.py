"""GET requests to Snow Atlas: one session, one pace and one token for all streams, with repeats of what
passes.

The CDK's HttpClient is not used for them: it has a session per stream, sleeps on a 429 in one thread only and
counts it as a failed attempt, can't repeat a request whose body is malformed, writes bodies and headers to
its logs, and follows redirects.
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
import urllib3

from source_snow_atlas import __version__
from source_snow_atlas.components.basics.body import LONGEST, BodyReader
from source_snow_atlas.components.basics.connections import WatchedAdapter, no_ambient_credentials
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
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.pace import Pace

LOGGER = logging.getLogger("airbyte")
TIMEOUTS = (15.0, 300.0)
"""Seconds to connect, and between two pieces of a reply: slow pages of minutes are known."""
HASTY_TIMEOUTS = (5.0, 12.0)
"""The same for `check`, which a person waits for."""
ORACLE_PATHS = "/sam/oracle/"
ORACLE_ROOTS = ("", "/api")
"""The vendor's files have Oracle without `/api`, which all other paths begin with."""
MALFORMED_UNDER_A_ROOT = 4
"""Attempts at a body that is no page while the root is not known: the wrong one may serve a sign-in page."""

Parsed = TypeVar("Parsed")
Body = bytes | bytearray


class SnowAtlasClient:
    """Sends requests with a bearer token. `fail_fast` (for `check`) makes rate limits and repeated faults an
    error at once.
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
        self._timeouts = HASTY_TIMEOUTS if fail_fast else TIMEOUTS
        self._clock = clock
        self._sleep = sleep
        self._session = requests.Session()
        self._bodies = BodyReader()
        self._longest_body = HASTY_TIMEOUTS[1] if fail_fast else LONGEST
        adapter = WatchedAdapter(
            self._timeouts[1], pool_connections=2, pool_maxsize=requests_in_flight + 1, max_retries=0
        )
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)  # ignore-https-check: for loopback only, see configuration.py
        self._session.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": f"airbyte-source-snow-atlas/{__version__}",
            }
        )
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
        """The parsed reply to GET `path`, repeated while the failure may pass; None where the server says "no
        content".

        `parse` raises MalformedReply for a body that can't be true. Raises NotFound for a 404 or 410,
        ConfigurationError, RateLimited, TransientError or ServerError for what repeating does not mend.
        """
        if not path.startswith(ORACLE_PATHS):
            return self._get(stream, path, query, parse, permission)
        if self._oracle_root is None:
            with self._oracle_lock:
                if self._oracle_root is None:
                    return self._get_oracle(stream, path, query, parse, permission)
        return self._get(stream, self._oracle_root + path, query, parse, permission)

    def _get_oracle(
        self,
        stream: str,
        path: str,
        query: Mapping[str, Any],
        parse: Callable[[Body], Parsed],
        permission: Any,
    ) -> Parsed | None:
        """As `get`, under the root that answers. A refusal decides nothing, and no content neither: a
        gateway may say that of whatever it does not know.
        """
        failures: list[SnowAtlasError] = []
        for root in ORACLE_ROOTS:
            try:
                parsed = self._get(stream, root + path, query, parse, permission, MALFORMED_UNDER_A_ROOT)
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
        malformed: int = 9,
    ) -> Parsed | None:
        url = (
            self.authenticator.host
            + path
            + (f"?{urlencode(query, quote_via=percent_encode)}" if query else "")
        )
        attempts = Attempts(maximum=2, seconds=12.0) if self._fail_fast else Attempts()
        unauthorized = False
        limited_since: float | None = None
        while True:
            failure: SnowAtlasError
            sent = self._clock()
            try:
                with self.pace.slot() as ticket:
                    # not before: what waits for its turn would send a token that was revoked meanwhile
                    token = self.authenticator.get_access_token()
                    sent = self._clock()
                    status, headers, body = self._send(url, token)
                    kind = meaning(status)
                    if kind is Meaning.LIMITED:
                        limited_since = sent if limited_since is None else limited_since
                        self._raise_if_limited_for_long(headers, limited_since, stream, path)
                        wait_alone = self.pace.refused(announced_wait(headers), ticket)
                if kind is Meaning.LIMITED:
                    unauthorized = False
                    self._sleep(wait_alone)
                    continue
                if kind is Meaning.NO_CONTENT:
                    return None
                if kind is Meaning.PAGE:
                    parsed = parse(body)
                    self.pace.succeeded(ticket)
                    return parsed
            except (OSError, urllib3.exceptions.HTTPError) as error:
                failure = self._no_reply(stream, path, error)
            except MalformedReply as error:
                failure = self._not_right(stream, path, error)
                attempts.maximum = min(attempts.maximum, malformed)
            else:
                if kind is Meaning.UNAUTHORIZED and not unauthorized:
                    unauthorized = True
                    self.authenticator.renew(token)
                    continue
                if kind is not Meaning.PASSING:
                    raise failed_request(stream, path, status, body, permission, "filter" in query)
                failure = self._passing(stream, path, status, headers, body)
            unauthorized = False
            limited_since = None
            wait = attempts.next_wait(self._clock() - sent)
            if wait is None:
                raise failure
            LOGGER.info(
                "%s Repeating in %.1f s (attempt %d of %d).",
                failure.message,
                wait,
                attempts.made,
                attempts.maximum,
            )
            self._sleep(wait)

    def _send(self, url: str, token: str) -> tuple[int, Any, Body]:
        request = requests.Request(
            "GET", url, headers={**self._session.headers, "Authorization": f"Bearer {token}"}
        )
        request.auth = no_ambient_credentials
        # read here and not by requests, which would take pieces of 10 KiB and as many as there are
        with self._session.send(
            request.prepare(),
            timeout=self._timeouts,
            allow_redirects=False,
            **self.authenticator.route.settings,
        ) as response:
            body = self._bodies.read(response.raw, longest=self._longest_body)
            return response.status_code, response.headers, body

    def _raise_if_limited_for_long(self, headers: Any, since: float, stream: str, path: str) -> None:
        announced = announced_wait(headers)
        if self._fail_fast or (announced or 0) > LONGEST_WAIT or self._clock() - since > 2 * LONGEST_WAIT:
            asks = (
                f"asks for {announced:.0f} s of quiet"
                if announced is not None
                else "does not say for how long"
            )
            raise RateLimited(
                f"Stream {stream}: GET {path} was refused with HTTP 429: Snow Atlas limits the rate of "
                f"requests and {asks}. Try again later, lower num_workers, or run fewer scripts with this "
                "client.",
                stream,
            )

    def _passing(self, stream: str, path: str, status: int, headers: Any, body: Body) -> SnowAtlasError:
        """The failure that the status stands for. Raises it where the server asks for more than can be waited
        for; nothing is sent before what it asks for has passed.
        """
        announced = announced_wait(headers) or 0.0
        said = quote(body)
        failure = TransientError(
            f"Stream {stream}: GET {path} keeps being answered with HTTP {status}; try again later."
            + (f" The server asks for {announced:.0f} s of quiet." if announced else "")
            + (f' The server said: "{said}".' if said else ""),
            stream,
        )
        failure.status = status
        if announced > (0.0 if self._fail_fast else LONGEST_WAIT):
            raise failure
        self.pace.pause(announced)
        return failure

    def _not_right(self, stream: str, path: str, error: MalformedReply) -> SnowAtlasError:
        return ServerError(
            f"Stream {stream}: GET {path} was answered with a body that can't be right: {error}. "
            "Nothing of it was used; if it happens again, report it to Snow Atlas support.",
            stream,
        )

    def _no_reply(self, stream: str, path: str, error: Exception) -> SnowAtlasError:
        route = self.authenticator.route
        return route.failure(error, stream) or TransientError(
            f"Stream {stream}: GET {path} got no whole reply from {route.host}{route.through} "
            f"({type(error).__name__}); try again later.",
            stream,
        )


def _uncertainty(failure: SnowAtlasError) -> int:
    """The smaller, the less is known of a root: one that is down may be the one, one without the path is
    not.
    """
    if isinstance(failure, TransientError):
        return 0
    if failure.status in (401, 403):
        return 1
    return 3 if isinstance(failure, NotFound) else 2
