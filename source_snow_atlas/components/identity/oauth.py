"""Access tokens by the client credentials grant. A process has one token per host and client."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.sources.streams.http.requests_native_auth import Oauth2Authenticator
from airbyte_cdk.utils.datetime_helpers import AirbyteDateTime, ab_datetime_now

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.network import Route
from source_snow_atlas.components.basics.secrets import remember
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.token_endpoint import TOKEN_PATH, TokenEndpoint

SAME_FAILURE = 60.0
"""Seconds for which a failure of the token endpoint is raised again, without a request for each stream."""


@dataclass
class _SharedToken:
    """The token of one host and client, and the lock that guards it."""

    endpoint: TokenEndpoint
    lock: threading.RLock = field(default_factory=threading.RLock)
    access_token: str = ""
    identity_token: str | None = None
    renew_at: float = 0.0
    failure: SnowAtlasError | None = None
    failed_at: float = 0.0


@dataclass(eq=False)
class SnowAtlasOauth2Authenticator(Oauth2Authenticator):
    """Authenticator whose token is shared by all instances with the same host and client. Thread-safe.

    The CDK makes one authenticator per stream, each with a token of its own, while the vendor limits token
    requests and live tokens. The CDK's token requests have no timeout and ignore Retry-After. With
    `fail_fast` an announced wait is an error.
    """

    config: Mapping[str, Any]
    fail_fast: bool = False

    _tokens: ClassVar[dict[tuple[str, str, str], _SharedToken]] = {}

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
        # setdefault is atomic
        self._shared = self._tokens.setdefault(key, _SharedToken(TokenEndpoint(*key)))
        # the CDK's own lock is one for all hosts: a token endpoint that hangs would hold up the others
        self._token_refresh_lock = self._shared.lock

    @classmethod
    def forget_tokens(cls) -> None:
        """Drop every token: for a process that reads twice, as tests do."""
        cls._tokens.clear()

    @cached_property
    def route(self) -> Route:
        """Return the route to the host. Raises ConfigurationError for a wrong proxy or certificate file."""
        return Route.to(self.host)

    @property
    def access_token(self) -> str:
        """Return the shared token; empty before the first grant."""
        return self._shared.access_token

    @access_token.setter
    def access_token(self, value: str | None) -> None:
        self._shared.access_token = value or ""

    @property
    def identity_token(self) -> str | None:
        """Return the OpenID Connect identity token of the access token, if the server issues one."""
        self.get_access_token()
        return self._shared.identity_token

    def token_has_expired(self) -> bool:
        """Return whether the token, less a margin, has expired, by the monotonic clock of this machine."""
        return not self._shared.access_token or self._clock() >= self._shared.renew_at

    def renew(self, stale: str) -> None:
        """Replace a token that the server refused, unless another thread has replaced it."""
        with self._token_refresh_lock:
            if self.access_token == stale:
                # every thread that needs a token from now on waits for the new one
                self._shared.renew_at = 0.0
                self.refresh_and_set_access_token()

    def refresh_access_token(self) -> tuple[str, AirbyteDateTime]:
        """Request a token, and return it with its expiry. Raises what `TokenEndpoint.request_grant` does."""
        shared = self._shared
        if shared.failure is not None and self._clock() < shared.failed_at + SAME_FAILURE:
            raise shared.failure
        try:
            grant = shared.endpoint.request_grant(self.route, self.fail_fast, self._clock, self._sleep)
        except SnowAtlasError as failure:
            shared.failure, shared.failed_at = failure, self._clock()
            raise
        shared.failure = None
        shared.access_token = grant.access_token
        shared.identity_token = grant.identity_token or shared.identity_token
        shared.renew_at = grant.requested_at + grant.life - min(60.0, 0.2 * grant.life)
        remember(self.get_client_secret())  # again, because only the latest secrets are remembered
        remember(grant.access_token)
        remember(grant.identity_token)
        return grant.access_token, ab_datetime_now() + timedelta(seconds=grant.life)

    def _clock(self) -> float:
        return time.monotonic()

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)
