"""Client of the token endpoint, and the token that it issued. Messages show registered error codes only.

Sources: the vendor's page "Authentication with client credentials", RFC 6749 sections 4.4 and 5.2, RFC 8707
(resource).
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests

from source_snow_atlas.components.basics.errors import (
    ConfigurationError,
    MalformedReply,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
)
from source_snow_atlas.components.basics.network import Route
from source_snow_atlas.components.basics.retries import LONGEST_WAIT, Attempts, announced_wait
from source_snow_atlas.components.basics.secrets import remember
from source_snow_atlas.components.basics.transport import Meaning, Transport

LOGGER = logging.getLogger("airbyte")
TOKEN_PATH = "/idp/api/connect/token"
OPTIONS = {"resource": "api://snowsoftware.io/api", "scope": "openid"}
"""Parameters that some servers do not know. `openid` requests an identity token, too."""
REFUSALS_OF_OPTIONS = {"resource": "invalid_target", "scope": "invalid_scope"}
TIMEOUTS, CHECK_TIMEOUTS = (15.0, 60.0), (5.0, 10.0)
"""Seconds to connect, and then to the end of the reply."""
LARGEST = 2 * 2**20
"""Decoded bytes of a reply. A token has a few KiB."""
DEFAULT_LIFE = 3300.0
"""Seconds that public clients assume without `expires_in`. Also used if a token has less than a second left,
because each request would require a token. One that expires sooner is refused with a 401 and then renewed.
"""
MOST_OF_A_WRONG_HOST = 3
"""Attempts at a host that is unknown, not trusted, or does not send a token."""
SAME_FAILURE = 60.0
"""Seconds for which a failure is raised again."""
LONGEST_SILENCE = 30.0
"""Seconds of attempts at a host that has never answered: the URL or the network is probably wrong."""
REGISTERED_ERRORS = frozenset(
    (
        # RFC 6749 sections 5.2 and 4.1.2.1, RFC 8707 section 2
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
        "server_error",
        "temporarily_unavailable",
        "invalid_target",
        # RFC 6750 section 3.1
        "invalid_token",
        "insufficient_scope",
    )
)
"""The only texts of the token endpoint that are shown: any other may repeat the secret."""
TEMPORARY_ERRORS = frozenset({"server_error", "temporarily_unavailable"})
"""RFC 6749 section 4.1.2.1 has them for redirects, in place of the statuses 500 and 503."""
REFUSALS_OF_CLIENTS = {
    "invalid_client": (
        "Snow Atlas does not know this client ID and client secret (invalid_client). Check both and the "
        "region. A new secret makes the old one invalid at once, and a registration works only in its own "
        "region."
    ),
    "unauthorized_client": (
        "This client may not use the client credentials grant (unauthorized_client). Add an application "
        "registration for unattended applications in Snow Atlas settings."
    ),
}


class TokenEndpoint:
    """The token endpoint of one host for one client, and the latest token. `lock` is held to renew it."""

    def __init__(self, host: str, client_id: str, client_secret: str) -> None:
        self.lock = threading.RLock()
        self.access_token = ""
        self.identity_token: str | None = None
        """The OpenID Connect identity token, if the server issues one."""
        self._renew_at = 0.0
        self._host = host
        credentials = {"client_id": client_id, "client_secret": client_secret}
        self._form = {"grant_type": "client_credentials", **credentials, **OPTIONS}
        self._has_answered = False
        self._failure: SnowAtlasError | None = None
        self._failed_at = 0.0

    def has_expired(self) -> bool:
        """Return whether the token, less a margin, has expired, by the monotonic clock of this machine."""
        return not self.access_token or time.monotonic() >= self._renew_at

    def renew(self, route: Route, fail_fast: bool) -> None:
        """Replace the token. With `fail_fast` an announced wait is an error.

        Raises ConfigurationError (client refused, wrong host), RateLimited, TransientError or ServerError. A
        failure is raised again for a minute, so that not every stream sends a request.
        """
        # every thread that needs a token from now on waits for the new one
        self._renew_at = 0.0
        if self._failure is not None and time.monotonic() < self._failed_at + SAME_FAILURE:
            raise self._failure
        try:
            self._renew(route, fail_fast)
        except SnowAtlasError as failure:
            self._failure, self._failed_at = failure, time.monotonic()
            raise

    def _renew(self, route: Route, fail_fast: bool) -> None:
        transport = Transport(CHECK_TIMEOUTS if fail_fast else TIMEOUTS, largest=LARGEST)
        attempts = Attempts(maximum=3, seconds=12.0) if fail_fast else Attempts()
        # rate limits end by time, so the number of attempts is not limited
        limits = Attempts(1 if fail_fast else 1_000_000, seconds=LONGEST_WAIT, longest_wait=60.0)
        while True:
            began = time.monotonic()
            failure, announced = self._try(transport, route)
            if failure is None:
                return
            if not isinstance(failure, TransientError):
                attempts.maximum = MOST_OF_A_WRONG_HOST
            if not self._has_answered:
                attempts.seconds = min(attempts.seconds, LONGEST_SILENCE)
            policy = limits if isinstance(failure, RateLimited) else attempts
            wait = policy.next_wait(time.monotonic() - began)
            if wait is None or announced > (0.0 if fail_fast else LONGEST_WAIT - limits.spent):
                raise failure
            if announced > wait:
                limits.spent += announced
                wait = announced
            LOGGER.warning("%s Retrying in %.1f s.", failure.message, wait)
            time.sleep(wait)

    def _try(self, transport: Transport, route: Route) -> tuple[SnowAtlasError | None, float]:
        """Send one request. Return a failure that may pass, if any, and the announced seconds to wait.

        Raises ConfigurationError if the client is refused.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "Connection": "close"}
        request = requests.Request("POST", self._host + TOKEN_PATH, headers, data=self._form)
        requested_at = time.monotonic()
        try:
            reply = transport.send(request, route)
        except MalformedReply as error:
            return self._no_token(f"gave a reply that can't be right: {error}"), 0.0
        except OSError as error:
            return route.failure(error) or TransientError(
                f"The token endpoint of {self._host} is down or can't be reached{route.through} "
                f"({type(error).__name__}): check the network and the API URL, or try again later."
            ), 0.0
        self._has_answered = True
        announced, document = announced_wait(reply.headers), _document(reply.body)
        failure: SnowAtlasError | None = None
        if reply.meaning is Meaning.PAGE:
            if not self._accept(document, requested_at):
                failure = self._no_token("answered without an access token")
        elif reply.meaning is Meaning.LIMITED:
            failure = _limited(announced)
        elif reply.meaning is Meaning.TEMPORARY:
            failure = TransientError(
                f"The token endpoint of {self._host} fails with HTTP {reply.status}. Try again later."
            )
        else:
            code = _error_code(document)
            if self._leaves_out_an_option(code):
                return self._try(transport, route)
            if code not in TEMPORARY_ERRORS:
                raise self._refused(reply.status, code)
            failure = TransientError(
                f"The token endpoint of {self._host} answers with the error {code}. Try again later."
            )
        return failure, announced or 0.0

    def _accept(self, document: Mapping[str, Any], requested_at: float) -> bool:
        """Store the tokens of a reply. Return whether it has an access token."""
        token, identity = document.get("access_token"), document.get("id_token")
        # other characters are not allowed in a header
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e\xa1-\xff]+", token):
            return False
        # the client secret again, because only the latest secrets are remembered
        for secret in (self._form["client_secret"], token, identity):
            remember(secret)
        self.access_token = token
        if isinstance(identity, str) and identity:
            self.identity_token = identity
        life, now = _life(document.get("expires_in")), time.monotonic()
        left = requested_at + life - min(60.0, 0.2 * life) - now
        self._renew_at = now + (left if left >= 1.0 else DEFAULT_LIFE)
        return True

    def _leaves_out_an_option(self, error: str) -> bool:
        """Return whether the request should be repeated without an option that the server refuses."""
        for option, refusal in REFUSALS_OF_OPTIONS.items():
            if option in self._form and error in (refusal, "invalid_request"):
                LOGGER.info("The token endpoint does not accept the %s. It is left out.", option)
                del self._form[option]
                return True
        return False

    def _no_token(self, what: str) -> ServerError:
        return ServerError(
            f"The token endpoint of {self._host} {what}. "
            "Check the API URL, which is shown in Snow Atlas settings."
        )

    def _refused(self, status: int, error: str) -> ConfigurationError:
        verb = "answered" if status < 300 else "refused"
        return ConfigurationError(
            REFUSALS_OF_CLIENTS.get(error)
            or f"The token endpoint of {self._host} {verb} the request with HTTP {status}"
            + (f" ({error})" if error else "")
            + ": check the region, the API URL and the client."
        )


def _limited(announced: float | None) -> RateLimited:
    asks = "no wait is announced" if announced is None else f"wait {announced:.0f} s"
    return RateLimited(
        f"Snow Atlas limits token requests at the moment (HTTP 429, {asks}): too many tokens were requested "
        "with this client or from this address. Try again later, and let no script request a token for each "
        "request to the API."
    )


def _document(body: bytes | bytearray) -> Mapping[str, Any]:
    """Return the object in a body, with numbers as floats, or {} for any other body."""
    try:
        document = json.loads(body, parse_int=float)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _error_code(document: Mapping[str, Any]) -> str:
    error = document.get("error")
    return error if isinstance(error, str) and error in REGISTERED_ERRORS else ""


def _life(expires_in: Any) -> float:
    try:
        return 0.0 if isinstance(expires_in, bool) else float(expires_in)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFE
