"""Client of the token endpoint. Of its replies, messages show registered error codes only.

Sources: the vendor's page "Authentication with client credentials", RFC 6749 sections 4.4 and 5.2, RFC 8707
(resource).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
from source_snow_atlas.components.basics.statuses import Meaning, meaning
from source_snow_atlas.components.basics.transport import Transport

LOGGER = logging.getLogger("airbyte")
TOKEN_PATH = "/idp/api/connect/token"
RESOURCE = "api://snowsoftware.io/api"
TIMEOUTS, CHECK_TIMEOUTS = (15.0, 60.0), (5.0, 10.0)
"""Seconds to connect, and then to the end of the reply."""
LARGEST = 2 * 2**20
"""Decoded bytes of a reply. A token has a few KiB."""
DEFAULT_LIFE = 3300.0
"""Seconds that public clients assume without `expires_in`. Also used for a life below a second, which would
require a token per request. A token that expires sooner is refused with a 401 and then renewed.
"""
LONGEST_LIFE = 31_536_000.0
"""Seconds: a year."""
MOST_OF_A_WRONG_HOST = 3
"""Attempts at a host that is unknown, not trusted, or does not send a token."""
LONGEST_SILENCE = 30.0
"""Seconds of attempts at a host that has never answered: the URL or the network is probably wrong."""
REGISTERED_ERRORS = frozenset(
    (
        # RFC 6749 sections 5.2 and 4.1.2.1, RFC 8707 section 2
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"),
        *("unsupported_grant_type", "invalid_scope", "access_denied", "server_error"),
        *("temporarily_unavailable", "invalid_target"),
        # RFC 6750 section 3.1
        *("invalid_token", "insufficient_scope"),
    )
)
"""The only texts of the token endpoint that are shown: any other may repeat the secret."""


@dataclass(frozen=True)
class Grant:
    """An issued token. `life` is in seconds from `requested_at`."""

    access_token: str = field(repr=False)
    identity_token: str | None = field(repr=False)
    life: float
    requested_at: float


class _Retry(Exception):
    """Raised for a failure that may pass, with the announced seconds to wait, if any."""

    def __init__(self, failure: SnowAtlasError, announced: float | None = None) -> None:
        self.failure = failure
        self.announced = announced or 0.0


class TokenEndpoint:
    """The token endpoint of one host for one client. Remembers which options it refuses."""

    def __init__(self, host: str, client_id: str, client_secret: str) -> None:
        self.host = host
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._with_resource = True
        self._with_identity = True
        self._has_answered = False

    def request_grant(
        self, route: Route, fail_fast: bool, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> Grant:
        """Return a new token. With `fail_fast` an announced wait is an error.

        Raises ConfigurationError (client refused, wrong host), RateLimited, TransientError or ServerError.
        """
        transport = Transport(CHECK_TIMEOUTS if fail_fast else TIMEOUTS, largest=LARGEST)
        attempts = Attempts(maximum=3, seconds=12.0) if fail_fast else Attempts()
        # rate limits end by time, so the number of attempts is not limited
        limits = Attempts(1 if fail_fast else 1_000_000, seconds=LONGEST_WAIT, longest_wait=60.0)
        while True:
            requested_at = clock()
            try:
                return self._try(transport, route, requested_at)
            except _Retry as retry:
                failure, announced = retry.failure, retry.announced
            if not isinstance(failure, TransientError):
                attempts.maximum = MOST_OF_A_WRONG_HOST
            if not self._has_answered:
                attempts.seconds = min(attempts.seconds, LONGEST_SILENCE)
            policy = limits if isinstance(failure, RateLimited) else attempts
            wait = policy.next_wait(clock() - requested_at)
            if wait is None or announced > (0.0 if fail_fast else LONGEST_WAIT - limits.spent):
                raise failure
            if announced > wait:
                limits.spent += announced
                wait = announced
            LOGGER.warning("%s Retrying in %.1f s.", failure.message, wait)
            sleep(wait)

    def _try(self, transport: Transport, route: Route, requested_at: float) -> Grant:
        """Return the token of one request. Raises _Retry, or ConfigurationError if the client is refused."""
        try:
            reply = transport.send(self._request(), route)
        except MalformedReply as error:
            raise _Retry(self._no_token(f"gave a reply that can't be right: {error}")) from None
        except OSError as error:
            failure = route.failure(error) or TransientError(
                f"The token endpoint of {self.host} is down or can't be reached{route.through} "
                f"({type(error).__name__}): check the network and the API URL, or try again later."
            )
            raise _Retry(failure) from None
        self._has_answered = True
        announced, document = announced_wait(reply.headers), _document(reply.body)
        status = meaning(reply.status)
        if status is Meaning.PAGE:
            if grant := _grant(document, requested_at):
                return grant
            raise _Retry(self._no_token("answered without an access token"), announced)
        if status is Meaning.LIMITED:
            raise _Retry(_limited(announced), announced)
        if status is Meaning.TEMPORARY:
            fails = f"The token endpoint of {self.host} fails with HTTP {reply.status}. Try again later."
            raise _Retry(TransientError(fails), announced)
        if self._gives_up_an_option(_error_code(document)):
            return self._try(transport, route, requested_at)
        raise self._refused(reply.status, _error_code(document))

    def _request(self) -> requests.Request:
        form = {"grant_type": "client_credentials", **self._credentials}
        if self._with_resource:
            form["resource"] = RESOURCE
        if self._with_identity:
            form["scope"] = "openid"
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "Connection": "close"}
        return requests.Request("POST", self.host + TOKEN_PATH, headers, data=form)

    def _gives_up_an_option(self, error: str) -> bool:
        """Return whether the request should be repeated without an option that the server refuses."""
        if error in ("invalid_target", "invalid_request") and self._with_resource:
            LOGGER.info("The token endpoint does not accept the resource %s. It is omitted.", RESOURCE)
            self._with_resource = False
        elif error in ("invalid_scope", "invalid_request") and self._with_identity:
            LOGGER.info("The token endpoint issues no identity token. It is not requested again.")
            self._with_identity = False
        else:
            return False
        return True

    def _no_token(self, what: str) -> ServerError:
        return ServerError(
            f"The token endpoint of {self.host} {what}. "
            "Check the API URL, which is shown in Snow Atlas settings."
        )

    def _refused(self, status: int, error: str) -> ConfigurationError:
        if error == "invalid_client":
            return ConfigurationError(
                "Snow Atlas does not know this client ID and client secret (invalid_client). "
                "Check both and the region. A new secret makes the old one invalid at once, and a "
                "registration works only in its own region."
            )
        if error == "unauthorized_client":
            return ConfigurationError(
                "This client may not use the client credentials grant (unauthorized_client). "
                "Add an application registration for unattended applications in Snow Atlas settings."
            )
        return ConfigurationError(
            f"The token endpoint of {self.host} refused the request with HTTP {status}"
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


def _grant(document: Mapping[str, Any], requested_at: float) -> Grant | None:
    token, identity = document.get("access_token"), document.get("id_token")
    # other characters are not allowed in a header
    if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e\xa1-\xff]+", token):
        return None
    if not isinstance(identity, str) or not identity:
        identity = None
    return Grant(token, identity, _life(document.get("expires_in")), requested_at)


def _error_code(document: Mapping[str, Any]) -> str:
    error = document.get("error")
    return error if isinstance(error, str) and error in REGISTERED_ERRORS else ""


def _life(expires_in: Any) -> float:
    try:
        life = 0.0 if isinstance(expires_in, bool) else float(expires_in)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFE
    return min(life, LONGEST_LIFE) if life >= 1.0 else DEFAULT_LIFE
