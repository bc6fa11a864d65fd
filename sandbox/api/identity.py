"""OpenID Connect: signing keys, identity tokens and the discovery document."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from sandbox.api.settings import Settings

DISCOVERY_PATH = "/idp/.well-known/openid-configuration"
KEYS_PATH = "/idp/.well-known/openid-configuration/jwks"
TOKEN_PATH = "/idp/api/connect/token"
KEY_ID = "sandbox-signing-key"


@lru_cache(maxsize=2)
def _key(name: str) -> RSAPrivateKey:
    """Return the key pair of a name, generated once per process because that is slow."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def issuer(base_url: str) -> str:
    """Return the issuer of a server's identity tokens."""
    return f"{base_url}/idp"


def identity_token(settings: Settings, base_url: str, client_id: str) -> str:
    """Return a signed identity token for a client, with the fault that ``id_token_fault`` names."""
    fault = settings.id_token_fault
    if fault == "malformed":
        return "not.a.token"
    now = int(time.time())
    region = settings.region
    if fault == "other_region":
        region = "uksouth" if region != "uksouth" else "eastus2"
    claims: dict[str, Any] = {
        "iss": issuer("https://login.example.invalid" if fault == "wrong_issuer" else base_url),
        "sub": client_id,
        "aud": "somebody-else" if fault == "wrong_audience" else client_id,
        "azp": client_id,
        "iat": now - 7200 if fault == "expired" else now,
        "auth_time": now,
        "exp": now - 3600 if fault == "expired" else now + max(int(settings.token_life), 60),
        "tenant": settings.tenant,
        "tenant_name": settings.tenant_name,
        "region": region,
        "at_hash": "aGFzaC1vZi10b2tlbg",
    }
    if fault == "unsigned":
        return jwt.encode(claims, key="", algorithm="none", headers={"kid": KEY_ID})
    key = _key("foreign" if fault == "bad_signature" else "own")
    key_id = "retired-key" if fault == "unknown_key" else KEY_ID
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": key_id})


def discovery_document(settings: Settings, base_url: str) -> dict[str, Any]:
    """Return the discovery document, with a foreign host or issuer if ``discovery_fault`` asks for it."""
    fault = settings.discovery_fault
    keys = f"{base_url}{KEYS_PATH}"
    if fault == "foreign_jwks":
        keys = f"https://keys.example.invalid{KEYS_PATH}"
    return {
        "issuer": "https://login.example.invalid/idp" if fault == "wrong_issuer" else issuer(base_url),
        "jwks_uri": keys,
        "token_endpoint": f"{base_url}{TOKEN_PATH}",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token", "id_token"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "tenant", "tenant_name", "region", "auth_time"],
    }


def key_set() -> dict[str, Any]:
    """Return the public keys that verify the identity tokens."""
    public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(_key("own").public_key()))
    return {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}
