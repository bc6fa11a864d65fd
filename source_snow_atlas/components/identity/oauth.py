"""The access token: one per process for host and client, whatever the number of streams."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.sources.streams.http.requests_native_auth import Oauth2Authenticator
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets
from airbyte_cdk.utils.datetime_helpers import AirbyteDateTime, ab_datetime_now

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.network import Route
from source_snow_atlas.components.basics.secrets import remember
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.token_endpoint import TOKEN_PATH, TokenEndpoint

SAME_FAILURE = 60.0
"""Seconds for which a failure of the token endpoint is everybody's: 168 streams would ask 168 times more."""


class SharedToken:
    """The live token of one host and client, and where it comes from. Guarded by the CDK's refresh lock."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        self.endpoint = endpoint
        self.access_token: str | None = None
        self.identity_token: str | None = None
        self.claims: Mapping[str, Any] | None = None
        self.renew_at = 0.0
        self.failure: SnowAtlasError | None = None
        self.failed_at = 0.0


@dataclass
class SnowAtlasOauth2Authenticator(Oauth2Authenticator, DeclarativeAuthenticator):
    """Client credentials grant with the token shared by all instances of the process that have the same host
    and client.

    The CDK keeps one token per instance and makes one instance per stream; the vendor limits token requests
    and live tokens. Its requests for a token have no timeouts and don't read Retry-After.
    """

    config: Mapping[str, Any]
    fail_fast: bool = field(default=False, init=False)
    """Set by `check`, which a person waits for: an announced wait is then an error at once."""

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
        remember(settings.client_secret)
        key = (settings.host, settings.client_id, settings.client_secret)
        with self._token_refresh_lock:
            self._shared = self._tokens.setdefault(key, SharedToken(TokenEndpoint(*key)))

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

    @cached_property
    def route(self) -> Route:
        """How the host is reached. Raises ConfigurationError where the environment's proxy or certificates
        are wrong.
        """
        return Route.to(self.host)

    def _clock(self) -> float:
        return time.monotonic()

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

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
    def claims(self) -> Mapping[str, Any] | None:
        """The claims of the first identity token that could be read."""
        return self._shared.claims

    @claims.setter
    def claims(self, claims: Mapping[str, Any]) -> None:
        self._shared.claims = claims

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
        """Get a token. Returns it with the moment it ends. Raises what `TokenEndpoint.ask` does."""
        shared = self._shared
        if shared.failure is not None and self._clock() < shared.failed_at + SAME_FAILURE:
            raise shared.failure
        try:
            grant = shared.endpoint.ask(self.route, self.fail_fast, self._clock, self._sleep)
        except SnowAtlasError as failure:
            shared.failure, shared.failed_at = failure, self._clock()
            raise
        shared.failure = None
        shared.access_token = grant.access_token
        shared.identity_token = grant.identity_token or shared.identity_token
        shared.renew_at = grant.asked_at + grant.life - min(60.0, 0.2 * grant.life)
        remember(self.get_client_secret())  # once more, so that tokens don't push it out
        for secret in filter(None, (grant.access_token, grant.identity_token)):
            add_to_secrets(secret)
            remember(secret)
        return grant.access_token, ab_datetime_now() + timedelta(seconds=grant.life)
