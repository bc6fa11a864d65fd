"""Who the tenant is: the claims of the OpenID Connect identity token, believed only after their signature was
checked.

Source: the vendor's page "Authentication with client credentials" (openid scope), OpenID Connect Core section
3.1.3.7 and Discovery section 4.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests

from source_snow_atlas.components.basics.errors import ConfigurationError
from source_snow_atlas.components.basics.retries import Attempts
from source_snow_atlas.components.identity.configuration import REGIONS
from source_snow_atlas.components.identity.exchange import exchange
from source_snow_atlas.components.identity.oauth import (
    SnowAtlasOauth2Authenticator,
)

LOGGER = logging.getLogger("airbyte")
DISCOVERY_PATH = "/idp/.well-known/openid-configuration"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
LEEWAY = 60
"""Seconds by which this machine's clock may differ from the server's."""


@dataclass(frozen=True)
class Tenant:
    """The tenant that the application registration belongs to."""

    id: str
    name: str | None
    region: str | None


class IdentityUnavailable(Exception):
    """The server issues no identity token, or its keys can't be fetched now: nothing is wrong, nothing is
    known.
    """

    def __init__(self, reason: str, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


def read_tenant(authenticator: SnowAtlasOauth2Authenticator, region: str) -> Tenant:
    """The verified tenant.

    Raises IdentityUnavailable where there is no token or no key to check it with, ConfigurationError where
    the token is not genuine or the tenant lies in another region than the configured one.
    """
    token = authenticator.identity_token
    if token is None:
        raise IdentityUnavailable("the server issues no identity token to this client")
    claims = authenticator.verified_claims or _patiently_verified_claims(authenticator, token)
    authenticator.verified_claims = claims
    tenant = Tenant(
        str(claims.get("tenant") or ""), _optional(claims.get("tenant_name")), _optional(claims.get("region"))
    )
    if not tenant.id:
        raise IdentityUnavailable("the identity token names no tenant")
    claimed = (tenant.region or "").replace(" ", "").lower()
    if claimed in REGIONS and claimed != region:
        raise ConfigurationError(
            f"The tenant of this application registration lies in region {claimed}, not in {region}: set "
            f"region to {claimed}."
        )
    return tenant


def _patiently_verified_claims(authenticator: SnowAtlasOauth2Authenticator, token: str) -> Mapping[str, Any]:
    attempts = Attempts(maximum=2 if authenticator.fail_fast else 4, seconds=60.0)
    while True:
        try:
            return verified_claims(token, authenticator.host, authenticator.get_client_id())
        except IdentityUnavailable as reason:
            wait = attempts.next_wait() if reason.may_pass else None
            if wait is None:
                raise
            authenticator.pause(wait)


def verified_claims(token: str, host: str, client_id: str) -> Mapping[str, Any]:
    """The claims of a token whose signature, issuer, audience and end were checked against the host's
    discovery document.
    """
    discovery = _fetch(host + DISCOVERY_PATH)
    issuer, keys_url = discovery.get("issuer"), discovery.get("jwks_uri")
    if not isinstance(issuer, str) or not isinstance(keys_url, str):
        raise IdentityUnavailable("the discovery document names no issuer or no keys")
    if urlsplit(keys_url)[:2] != urlsplit(host)[:2]:
        raise ConfigurationError(
            "The identity token can't be trusted: the discovery document names keys on another host. Check "
            "the API URL."
        )
    keys = _fetch(keys_url)
    try:
        key = _key_for(token, jwt.PyJWKSet.from_dict(dict(keys)))
        return jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud"]},
        )
    except (jwt.InvalidTokenError, jwt.PyJWKSetError, jwt.PyJWKError) as error:
        raise ConfigurationError(
            f"The identity token that {host} issued can't be trusted ({type(error).__name__}): check the API "
            "URL, "
            "and that nothing between this machine and Snow Atlas rewrites replies."
        ) from None


def _key_for(token: str, keys: jwt.PyJWKSet) -> jwt.PyJWK:
    wanted = jwt.get_unverified_header(token).get("kid")
    candidates = [key for key in keys.keys if wanted is None or key.key_id == wanted]
    if len(candidates) != 1:
        raise jwt.InvalidSignatureError("no key of the server fits the token")
    return candidates[0]


def _fetch(url: str) -> Mapping[str, Any]:
    try:
        answer = exchange("GET", url)
    except requests.RequestException as error:
        raise IdentityUnavailable(f"{url} can't be read ({type(error).__name__})", may_pass=True) from None
    document = answer.json() if answer.status_code == 200 else None
    if not isinstance(document, dict):
        raise IdentityUnavailable(
            f"{url} answers HTTP {answer.status_code} without a document",
            may_pass=answer.status_code not in (401, 403, 404),
        )
    return document


def _optional(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None
