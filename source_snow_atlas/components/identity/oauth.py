"""Access tokens by the client credentials grant, and the tenant that comes with them.

A process has one token per host and client. The OpenID Connect identity token names the tenant. It comes from
the token endpoint over TLS, so its signature needs no check (OpenID Connect Core section 3.1.3.7, item 6).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import jwt
from airbyte_cdk.sources.streams.http.requests_native_auth import Oauth2Authenticator

from source_snow_atlas.components.basics.errors import plain
from source_snow_atlas.components.basics.network import Route
from source_snow_atlas.components.basics.secrets import remember
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.token_endpoint import TOKEN_PATH, TokenEndpoint


@dataclass(eq=False)
class SnowAtlasOauth2Authenticator(Oauth2Authenticator):
    """Authenticator whose token is shared by all instances with the same host and client. Thread-safe.

    The CDK makes one authenticator per stream, each with a token of its own, while the vendor limits token
    requests and live tokens. The CDK's token requests have no timeout and ignore Retry-After. With
    `fail_fast` an announced wait is an error.
    """

    config: Mapping[str, Any]
    fail_fast: bool = False

    _endpoints: ClassVar[dict[tuple[str, str, str], TokenEndpoint]] = {}

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
        self._endpoint = self._endpoints.setdefault(key, TokenEndpoint(*key))
        # the CDK's own lock is one for all hosts: a token endpoint that hangs would hold up the others
        self._token_refresh_lock = self._endpoint.lock

    @cached_property
    def route(self) -> Route:
        """Return the route to the host. Raises ConfigurationError for a wrong proxy or certificate file."""
        return Route.to(self.host)

    @property  # type: ignore[misc]  # the CDK's can be set
    def access_token(self) -> str:
        """Return the shared token; empty before the first grant."""
        return self._endpoint.access_token

    @property
    def identity_token(self) -> str | None:
        """Return the OpenID Connect identity token of the access token, if the server issues one."""
        self.get_access_token()
        return self._endpoint.identity_token

    def token_has_expired(self) -> bool:
        return self._endpoint.has_expired()

    def refresh_and_set_access_token(self) -> None:
        """Request a token. Raises what `TokenEndpoint.renew` does."""
        self._endpoint.renew(self.route, self.fail_fast)

    def renew(self, stale: str) -> None:
        """Replace a token that the server refused, unless another thread has replaced it."""
        with self._token_refresh_lock:
            if self.access_token == stale:
                self.refresh_and_set_access_token()


@dataclass(frozen=True)
class Tenant:
    """The tenant that the application registration belongs to."""

    id: str
    name: str | None
    region: str | None


class IdentityUnavailable(Exception):
    """Raised if the tenant is not known. The text says why."""


def read_tenant(authenticator: SnowAtlasOauth2Authenticator) -> Tenant:
    """Return the tenant that the identity token names. Raises IdentityUnavailable if it names none."""
    token = authenticator.identity_token
    if token is None:
        raise IdentityUnavailable("the server issues no identity token to this client")
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise IdentityUnavailable("the identity token can't be read") from None
    tenant, name, region = (_text(claims.get(claim)) for claim in ("tenant", "tenant_name", "region"))
    if tenant is None:
        raise IdentityUnavailable("the identity token names no tenant")
    return Tenant(tenant, name, region)


def log_tenant(logger: logging.Logger, authenticator: SnowAtlasOauth2Authenticator) -> None:
    """Log the tenant that the identity token names."""
    try:
        tenant = read_tenant(authenticator)
    except IdentityUnavailable as reason:
        logger.info(f"The tenant is not known: {reason}.")
        return
    name, region = plain(tenant.name or "without a name"), plain(tenant.region or "not named")
    logger.info(f"Tenant {name} ({plain(tenant.id)}), region {region}.")


def _text(claim: object) -> str | None:
    return str(claim) if isinstance(claim, (str, int)) and claim != "" else None
