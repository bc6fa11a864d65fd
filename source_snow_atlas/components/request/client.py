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
    ConfigurationError,
    MalformedReply,
    NotFound,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
    failed_request,
    quote,
)
from source_snow_atlas.components.basics.retries import (
    LONGEST_WAIT,
    TRANSIENT_STATUSES,
    Attempts,
    announced_wait,
)
from source_snow_atlas.components.identity.oauth import (
    SnowAtlasOauth2Authenticator,
    does_not_resolve,
)
from source_snow_atlas.components.request.pace import Pace, Ticket

LOGGER = logging.getLogger("airbyte")
TIMEOUTS = (15.0, 300.0)
"""Seconds to connect, and between two pieces of a reply: slow pages of minutes are known."""
HASTY_TIMEOUTS = (10.0, 30.0)
"""The same for `check`, which a person waits for."""
ORACLE_ROOT = "/sam/oracle/"
ORACLE_PROBE = "/sam/oracle/v1/products"

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
            self._timeouts[1] + 30, pool_connections=2, pool_maxsize=requests_in_flight + 1, max_retries=0
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
        # proxies and CA bundle of the environment, looked up once: requests would do it for every request
        self._environment: dict[str, Any] = dict(
            self._session.merge_environment_settings(authenticator.host, {}, True, None, None)
        )
        self._oracle_prefix: str | None = None
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

        `parse` raises MalformedReply for a body that can't be true. Raises NotFound for a 404,
        ConfigurationError, RateLimited, TransientError or ServerError for what repeating does not mend.
        """
        located = self._oracle_root(stream) + path if path.startswith(ORACLE_ROOT) else path
        return self._get(stream, located, query, parse, permission)

    def _get(
        self,
        stream: str,
        path: str,
        query: Mapping[str, Any],
        parse: Callable[[Body], Parsed],
        permission: Any,
        attempts: Attempts | None = None,
    ) -> Parsed | None:
        url = (
            self.authenticator.host
            + path
            + (f"?{urlencode(query, quote_via=percent_encode)}" if query else "")
        )
        attempts = attempts or Attempts(maximum=2 if self._fail_fast else 9, clock=self._clock)
        unauthorized = False
        while True:
            failure: SnowAtlasError
            try:
                with self.pace.slot() as ticket:
                    # not before: what waits for its turn would send a token that was revoked meanwhile
                    token = self.authenticator.get_access_token()
                    status, headers, body = self._send(url, token)
                    if status == 429:
                        wait_alone = self._wait_as_told(headers, ticket, attempts, stream, path)
                if status == 429:
                    self._sleep(wait_alone)
                    continue
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                failure = self._no_reply(stream, path, error)
            except MalformedReply as error:
                failure = self._not_right(stream, path, error)
            else:
                if status == 200:
                    try:
                        parsed = parse(body)
                    except MalformedReply as error:
                        failure = self._not_right(stream, path, error)
                    else:
                        self.pace.succeeded(ticket)
                        return parsed
                elif status == 204:
                    return None
                elif status == 401 and not unauthorized:
                    unauthorized = True
                    self.authenticator.renew(token)
                    continue
                elif status in TRANSIENT_STATUSES or (status > 505):
                    said = quote(body)
                    if not self._fail_fast:
                        self.pace.pause(min(announced_wait(headers) or 0.0, LONGEST_WAIT))
                    failure = TransientError(
                        f"Stream {stream}: GET {path} keeps failing with HTTP {status}; try again later."
                        + (f' The server said: "{said}".' if said else ""),
                        stream,
                    )
                else:
                    raise failed_request(stream, path, status, body, permission, "filter" in query)
            unauthorized = False
            wait = attempts.next_wait()
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
            **self._environment,
        ) as response:
            body = self._bodies.read(response.raw, longest=self._longest_body)
            return response.status_code, response.headers, body

    def _wait_as_told(
        self, headers: Any, ticket: Ticket, attempts: Attempts, stream: str, path: str
    ) -> float:
        """Let the pace learn of a refusal. Seconds that this request has to wait besides."""
        announced = announced_wait(headers)
        waited = self._clock() - attempts.started
        if self._fail_fast or (announced or 0) > LONGEST_WAIT or waited > 2 * LONGEST_WAIT:
            asks = (
                f"asks for {announced:.0f} s of quiet"
                if announced is not None
                else "does not say for how long"
            )
            raise RateLimited(
                f"Stream {stream}: GET {path} was refused with HTTP 429: Snow Atlas limits the rate of "
                f"requests and {asks}. "
                "Try again later, lower num_workers, or run fewer scripts with this client.",
                stream,
            )
        return self.pace.refused(announced, ticket)

    def _not_right(self, stream: str, path: str, error: MalformedReply) -> SnowAtlasError:
        return ServerError(
            f"Stream {stream}: GET {path} was answered with a body that can't be right: {error}. "
            "Nothing of it was used; if it happens again, report it to Snow Atlas support.",
            stream,
        )

    def _no_reply(self, stream: str, path: str, error: Exception) -> SnowAtlasError:
        host = self.authenticator.host
        if isinstance(error, requests.ConnectionError) and does_not_resolve(error):
            return ConfigurationError(
                f"The host of {host} is unknown: the region or the API URL is probably wrong; "
                "both are shown in Snow Atlas settings, Application registrations, General information.",
                stream,
            )
        return TransientError(
            f"Stream {stream}: GET {path} got no whole reply from {host} ({type(error).__name__}); try again "
            "later.",
            stream,
        )

    def _oracle_root(self, stream: str) -> str:
        """`/api` or nothing, whichever this host serves Oracle under: the vendor's files have it without, all
        else lies under /api.

        Asked once per sync with a lookup that is always there.
        """
        with self._oracle_lock:
            if self._oracle_prefix is None:
                self._oracle_prefix = next(
                    (root for root in ("", "/api") if self._serves_oracle(stream, root)), ""
                )
            return self._oracle_prefix

    def _serves_oracle(self, stream: str, root: str) -> bool:
        try:
            attempts = Attempts(maximum=4, clock=self._clock)
            self._get(
                stream, root + ORACLE_PROBE, {"page_size": 1, "page_number": 1}, _is_json, None, attempts
            )
        except (NotFound, ServerError):
            return False
        except ConfigurationError:
            # refused for want of the permission: the endpoint is there
            return True
        return True


def _is_json(body: Body) -> bool:
    if body.lstrip()[:1] not in (b"{", b"["):
        raise MalformedReply("the body is not JSON")
    return True
