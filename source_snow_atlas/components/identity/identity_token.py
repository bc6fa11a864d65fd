"""Who the tenant is: the claims of the OpenID Connect identity token.

It is for a log line, a hint at the region and the stream `tenant`, so nothing here fails a sync. It came over
TLS straight from the token endpoint, which makes a check of its signature unnecessary (OpenID Connect Core
section 3.1.3.7, item 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from source_snow_atlas.components.identity.configuration import REGIONS
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator

LEEWAY = 60
"""Seconds by which this machine's clock may differ from the server's."""


@dataclass(frozen=True)
class Tenant:
    """The tenant that the application registration belongs to."""

    id: str
    name: str | None
    region: str | None

    def region_hint(self, region: str) -> str:
        """A sentence where the tenant lies in another known region than the configured one; else empty."""
        claimed = (self.region or "").replace(" ", "").lower()
        if claimed not in REGIONS or claimed == region:
            return ""
        return (
            f"The tenant of this application registration lies in region {claimed}, not in {region}: where "
            f"something can't be read, set region to {claimed}."
        )


class IdentityUnavailable(Exception):
    """The tenant is not known; the text says why."""


def read_tenant(authenticator: SnowAtlasOauth2Authenticator) -> Tenant:
    """The tenant that the identity token names. Raises IdentityUnavailable where it names none."""
    # kept, because the token itself ends while a sync goes on
    claims = authenticator.claims = authenticator.claims or _claims(authenticator)
    tenant, name, region = (_text(claims.get(claim)) for claim in ("tenant", "tenant_name", "region"))
    if tenant is None:
        raise IdentityUnavailable("the identity token names no tenant")
    return Tenant(tenant, name, region)


def _claims(authenticator: SnowAtlasOauth2Authenticator) -> Mapping[str, Any]:
    token = authenticator.identity_token
    if token is None:
        raise IdentityUnavailable("the server issues no identity token to this client")
    try:
        return jwt.decode(
            token,
            audience=authenticator.get_client_id(),
            leeway=LEEWAY,
            options={
                "verify_signature": False,
                "verify_exp": True,
                "verify_aud": True,
                "require": ["exp", "aud"],
            },
        )
    except jwt.ExpiredSignatureError:
        raise IdentityUnavailable("the identity token has expired") from None
    except jwt.InvalidAudienceError:
        raise IdentityUnavailable("the identity token is not for this client") from None
    except (jwt.InvalidTokenError, ValueError, TypeError, ArithmeticError, RecursionError):
        raise IdentityUnavailable("the identity token can't be read") from None


def _text(claim: object) -> str | None:
    return str(claim) if isinstance(claim, (str, int)) and claim != "" else None
