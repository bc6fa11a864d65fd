"""The tenant that the OpenID Connect identity token names.

It is used for a log line and the stream `tenant`. The token comes from the token
endpoint over TLS, so its signature needs no check (OpenID Connect Core section 3.1.3.7, item 6).
"""

from __future__ import annotations

from dataclasses import dataclass

import jwt

from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator


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


def _text(claim: object) -> str | None:
    return str(claim) if isinstance(claim, (str, int)) and claim != "" else None
