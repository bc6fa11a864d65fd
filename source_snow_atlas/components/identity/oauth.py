"""The access token: client credentials grant at the region's token URL, one token per process for host and
client.

Source of the rules: the vendor's page "Authentication with client credentials", RFC 6749 sections 4.4 and
5.2, RFC 8707 (resource).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import requests
from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.sources.streams.http.requests_native_auth import Oauth2Authenticator
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets
from airbyte_cdk.utils.datetime_helpers import AirbyteDateTime, ab_datetime_now
from urllib3.exceptions import NameResolutionError

from source_snow_atlas.components.basics.errors import (
    ConfigurationError,
    RateLimited,
    ServerError,
    SnowAtlasError,
    TransientError,
    quote,
)
from source_snow_atlas.components.basics.retries import (
    LONGEST_WAIT,
    TRANSIENT_STATUSES,
    Attempts,
    retry_after,
)
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.exchange import Answer, UnboundedReply, exchange

LOGGER = logging.getLogger("airbyte")
TOKEN_PATH = "/idp/api/connect/token"
RESOURCE = "api://snowsoftware.io/api"
LIFE_WHERE_UNSAID = 3300.0
"""Seconds: what public clients assume where `expires_in` is missing."""
LONGEST_LIFE = 31_536_000.0
"""Seconds: a year. A larger figure is a mistake, and no date can be told from it."""


class SharedToken:
    """The live token of one host and client, with what is known of the token endpoint. Guarded by the CDK's
    refresh lock.
    """

    def __init__(self) -> None:
        self.access_token: str | None = None
        self.identity_token: str | None = None
        self.verified_claims: Mapping[str, Any] | None = None
        self.renew_at = 0.0
        self.with_resource = True
        self.with_identity = True


def does_not_resolve(error: requests.ConnectionError) -> bool:
    """Whether the connection failed because the host name is unknown."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, NameResolutionError)


@dataclass
class SnowAtlasOauth2Authenticator(Oauth2Authenticator, DeclarativeAuthenticator):
    """Client credentials grant with the token shared by all instances of the process that have the same host
    and client.

    The CDK keeps one token per instance and makes one instance per stream; the vendor limits token requests
    and live tokens.
    """

    config: Mapping[str, Any]
    fail_fast: bool = field(default=False, init=False)
    """Set by `check`: a rate limit is then an error at once instead of a wait."""

    _tokens: ClassVar[dict[tuple[str, str, str], SharedToken]] = {}

    def __post_init__(self) -> None:
        settings = Configuration.parse(self.config)
        self.host = settings.host
        super().__init__(
            token_refresh_endpoint=settings.host + TOKEN_PATH,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            refresh_token="",
            grant_type="client_credentials",
        )
        key = (settings.host, settings.client_id, settings.client_secret)
        with self._token_refresh_lock:
            self._shared = self._tokens.setdefault(key, SharedToken())

    @classmethod
    def forget_tokens(cls) -> None:
        """Drop every cached token: for a process that reads twice, as tests do."""
        with cls._token_refresh_lock:
            cls._tokens.clear()

    def __hash__(self) -> int:
        return id(self)

    @property
    def auth_header(self) -> str:
        """The header that carries the token."""
        return "Authorization"

    @property
    def token(self) -> str:
        """The value of the header."""
        return f"Bearer {self.get_access_token()}"

    def _clock(self) -> float:
        return time.monotonic()

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Wait before a repeat of what belongs to the token."""
        self._sleep(seconds)

    def build_refresh_request_body(self) -> Mapping[str, Any]:
        """The form of the grant. The CDK's has a `refresh_token` and sends scopes under a name of its own."""
        form = {
            "grant_type": self.get_grant_type(),
            "client_id": self.get_client_id(),
            "client_secret": self.get_client_secret(),
        }
        if self._shared.with_resource:
            form["resource"] = RESOURCE
        if self._shared.with_identity:
            form["scope"] = "openid"
        return form

    @property
    def access_token(self) -> str:
        """The live token; empty before the first grant."""
        return self._shared.access_token or ""

    @access_token.setter
    def access_token(self, value: str | None) -> None:
        if value:
            self._shared.access_token = value

    @property
    def identity_token(self) -> str | None:
        """The OpenID Connect identity token that came with the live access token, if the server issues
        one.
        """
        self.get_access_token()
        return self._shared.identity_token

    @property
    def verified_claims(self) -> Mapping[str, Any] | None:
        """The claims of the identity token, once somebody has checked its signature."""
        return self._shared.verified_claims

    @verified_claims.setter
    def verified_claims(self, claims: Mapping[str, Any]) -> None:
        self._shared.verified_claims = claims

    def token_has_expired(self) -> bool:
        """Whether the token's life, less a margin, is over. Measured on this machine's steady clock, not by
        wall time.
        """
        return self._shared.access_token is None or self._clock() >= self._shared.renew_at

    def renew(self, stale: str) -> None:
        """Replace the token that the server refused; nothing to do where another thread has done it
        already.
        """
        with self._token_refresh_lock:
            if self.access_token == stale:
                # whoever needs a token from now on waits for the new one
                self._shared.renew_at = 0.0
                self.refresh_and_set_access_token()

    def refresh_access_token(self) -> tuple[str, AirbyteDateTime]:
        """Get a token. Returns it with the moment it ends.

        Raises ConfigurationError (client refused, wrong host), RateLimited, TransientError or ServerError.
        """
        requested = self._clock()
        reply = self._make_handled_request()
        token = reply["access_token"]
        add_to_secrets(token)
        life = _seconds(reply.get("expires_in"))
        self._shared.access_token = token
        self._shared.renew_at = requested + life - min(60.0, 0.2 * life)
        identity = reply.get("id_token")
        if isinstance(identity, str) and identity:
            add_to_secrets(identity)
            self._shared.identity_token = identity
            self._shared.verified_claims = None
        return token, ab_datetime_now() + timedelta(seconds=life)

    def _make_handled_request(self) -> Any:
        """Ask the token endpoint. The CDK's own has no timeouts, does not read Retry-After and gives up the
        optional parts never.
        """
        attempts = Attempts(clock=self._clock)
        while True:
            failure: SnowAtlasError
            try:
                answer = exchange(
                    "POST", str(self.get_token_refresh_endpoint()), self.build_refresh_request_body()
                )
            except UnboundedReply as error:
                failure = ServerError(
                    f"The token endpoint of {self.host} gave a reply that can't be right: {error}. Check the "
                    "API URL."
                )
                patience = 3
            except requests.ConnectionError as error:
                failure, patience = self._unreachable(error)
            except requests.RequestException as error:
                failure = TransientError(
                    f"The token endpoint of {self.host} did not answer ({type(error).__name__}); try again "
                    "later."
                )
                patience = 3 if self.fail_fast else attempts.maximum
            else:
                if answer.status_code == 200:
                    reply = answer.json()
                    if (
                        isinstance(reply, dict)
                        and isinstance(reply.get("access_token"), str)
                        and reply["access_token"]
                    ):
                        return reply
                    failure = ServerError(
                        f"The token endpoint of {self.host} answered without an access token: check that the "
                        "API URL is the one "
                        "shown in Snow Atlas settings."
                    )
                    patience = 3
                elif answer.status_code == 429:
                    self._wait_for_token_rate(answer, attempts)
                    continue
                elif answer.status_code in TRANSIENT_STATUSES:
                    failure = TransientError(
                        f"The token endpoint of {self.host} fails with HTTP {answer.status_code}; try again "
                        "later."
                    )
                    patience = 3 if self.fail_fast else attempts.maximum
                elif self._gave_up_an_option(answer):
                    continue
                else:
                    raise self._refused(answer)
            attempts.maximum = min(attempts.maximum, patience)
            wait = attempts.next_wait()
            if wait is None:
                raise failure
            LOGGER.info("%s Asking again in %.1f s (attempt %d).", failure.message, wait, attempts.made)
            self._sleep(wait)

    def _unreachable(self, error: requests.ConnectionError) -> tuple[SnowAtlasError, int]:
        """The failure of a connection and how many attempts it is worth."""
        if does_not_resolve(error):
            return ConfigurationError(
                f"The host of {self.host} is unknown: the region or the API URL is probably wrong; "
                "both are shown in Snow Atlas settings, Application registrations, General information."
            ), 2
        if isinstance(error, requests.exceptions.SSLError):
            return ConfigurationError(
                f"The TLS certificate of {self.host} can't be trusted: check the API URL, or set "
                "REQUESTS_CA_BUNDLE "
                "to the certificates of your proxy."
            ), 1
        return TransientError(
            f"No connection to {self.host} ({type(error).__name__}): check the network, the proxy and the "
            "API URL."
        ), 3 if self.fail_fast else 9

    def _wait_for_token_rate(self, answer: Answer, attempts: Attempts) -> None:
        wait = max(retry_after(answer.headers), 0.1)
        waited = self._clock() - attempts.started
        if self.fail_fast or waited + wait > LONGEST_WAIT:
            raise RateLimited(
                f"Snow Atlas limits token requests at the moment (HTTP 429, wait {wait:.0f} s): too many "
                "tokens were asked for "
                "with this client or from this address. Try again later, and let no other script ask for a "
                "token per request."
            )
        LOGGER.warning("The token endpoint is rate limited; waiting %.0f s as it asks.", wait)
        self._sleep(wait)

    def _gave_up_an_option(self, answer: Answer) -> bool:
        """Whether the grant should be repeated without the resource or the scope that the server does not
        accept.
        """
        error = _error_code(answer)
        if error in ("invalid_target", "invalid_request") and self._shared.with_resource:
            LOGGER.info("The token endpoint does not accept the resource %s; going on without it.", RESOURCE)
            self._shared.with_resource = False
            return True
        if error in ("invalid_scope", "invalid_request") and self._shared.with_identity:
            LOGGER.info("The token endpoint issues no identity token; going on without it.")
            self._shared.with_identity = False
            return True
        return False

    def _refused(self, answer: Answer) -> ConfigurationError:
        error = _error_code(answer)
        if error == "invalid_client":
            return ConfigurationError(
                "Snow Atlas does not know this client ID and client secret (invalid_client): check both and "
                "the region. "
                "A new secret makes the old one invalid at once, and a registration works only in its own "
                "region."
            )
        if error == "unauthorized_client":
            return ConfigurationError(
                "This client may not use the client credentials grant (unauthorized_client): "
                "make an application registration for unattended applications in Snow Atlas settings."
            )
        said = quote(answer.content)
        return ConfigurationError(
            f"The token endpoint of {self.host} refused the request with HTTP {answer.status_code}: check "
            "the region, "
            f"the API URL and the client." + (f' The server said: "{said}".' if said else "")
        )


def _error_code(answer: Answer) -> str:
    document = answer.json()
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, str) else ""


def _seconds(expires_in: Any) -> float:
    """`expires_in` as seconds, from one to a year; texts that hold a number are read too."""
    try:
        return min(max(1.0, float(expires_in)), LONGEST_LIFE)
    except (TypeError, ValueError):
        return LIFE_WHERE_UNSAID
