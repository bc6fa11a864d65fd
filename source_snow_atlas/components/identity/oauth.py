"""Access tokens by the client credentials grant. A process has one token per host and client.

The CDK's authenticator is not used: it keeps a token per stream, while the vendor limits token requests and
live tokens, and its token requests have no timeout and ignore Retry-After.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets

from source_snow_atlas.components.basics.errors import SnowAtlasError
from source_snow_atlas.components.basics.network import Route
from source_snow_atlas.components.basics.secrets import remember
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.token_endpoint import Grant, TokenEndpoint

SAME_FAILURE = 60.0
"""Seconds for which a failure of the token endpoint is raised again: 168 streams would ask 168 times more."""


@dataclass
class _SharedToken:
    endpoint: TokenEndpoint
    lock: threading.Lock = field(default_factory=threading.Lock)
    grant: Grant | None = None
    identity_token: str | None = None
    renew_at: float = 0.0
    failure: SnowAtlasError | None = None
    failed_at: float = 0.0


class SnowAtlasOauth2Authenticator:
    """Source of the access token for one configuration. Thread-safe.

    With `fail_fast` an announced wait is an error.
    """

    _tokens: ClassVar[dict[tuple[str, str, str], _SharedToken]] = {}

    def __init__(self, config: Mapping[str, Any], fail_fast: bool = False) -> None:
        settings = Configuration.parse(config)
        self.host = settings.host
        self.fail_fast = fail_fast
        self._secret = settings.client_secret
        remember(self._secret)
        key = (settings.host, settings.client_id, settings.client_secret)
        # setdefault is atomic
        self._shared = self._tokens.setdefault(key, _SharedToken(TokenEndpoint(*key)))

    @classmethod
    def forget_tokens(cls) -> None:
        """Drop every token: for a process that reads twice, as tests do."""
        cls._tokens.clear()

    @cached_property
    def route(self) -> Route:
        """The route to the host. Raises ConfigurationError for a wrong proxy or wrong certificates."""
        return Route.to(self.host)

    def get_access_token(self) -> str:
        """Return a token with some life left. Raises what `TokenEndpoint.ask` does."""
        with self._shared.lock:
            grant = self._shared.grant
            if grant is None or self._clock() >= self._shared.renew_at:
                grant = self._ask()
            return grant.access_token

    def renew(self, stale: str) -> None:
        """Replace a token that the server refused, unless another thread has replaced it."""
        with self._shared.lock:
            if self._shared.grant is not None and self._shared.grant.access_token == stale:
                self._shared.grant = None
                self._ask()

    @property
    def identity_token(self) -> str | None:
        """The OpenID Connect identity token that came with the access token, if the server issues one."""
        self.get_access_token()
        return self._shared.identity_token

    def _ask(self) -> Grant:
        shared = self._shared
        if shared.failure is not None and self._clock() < shared.failed_at + SAME_FAILURE:
            raise shared.failure
        try:
            grant = shared.endpoint.ask(self.route, self.fail_fast, self._clock, self._sleep)
        except SnowAtlasError as failure:
            shared.failure, shared.failed_at = failure, self._clock()
            raise
        shared.failure = None
        shared.grant = grant
        shared.identity_token = grant.identity_token or shared.identity_token
        shared.renew_at = grant.asked_at + grant.life - min(60.0, 0.2 * grant.life)
        remember(self._secret)  # again, because only the latest secrets are remembered
        for secret in filter(None, (grant.access_token, grant.identity_token)):
            add_to_secrets(secret)
            remember(secret)
        return grant

    def _clock(self) -> float:
        return time.monotonic()

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)
