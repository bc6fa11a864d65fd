"""The identity token: believed when its signature, issuer, audience and end are right, and never
otherwise.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from source_snow_atlas.components.basics.errors import ConfigurationError
from source_snow_atlas.components.identity.identity_token import IdentityUnavailable, Tenant, read_tenant
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from unit_tests.helpers.fake_http import HOST, TOKEN_URL, FakeHttp, Reply, token_reply
from unit_tests.helpers.fakes import FakeClock

DISCOVERY_URL = f"{HOST}/idp/.well-known/openid-configuration"
KEYS_URL = f"{HOST}/idp/.well-known/openid-configuration/jwks"
ISSUER = f"{HOST}/idp"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, kid: str | None, algorithm: Any = RSAAlgorithm) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))
    return {**document, "use": "sig", **({"kid": kid} if kid else {})}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "sub": "client-1",
        "tenant": "9c1b0f5e-0000-4000-8000-000000000001",
        "tenant_name": "Blå Berg AB",
        "region": "westeurope",
        "iss": ISSUER,
        "aud": "client-1",
        "exp": now + 300,
        "iat": now,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(payload: dict[str, Any], key: Any = KEY, kid: str | None = "one", algorithm: str = "RS256") -> str:
    return jwt.encode(payload, key, algorithm, headers={"kid": kid} if kid else None)


@pytest.fixture
def read(config: dict[str, Any], http: FakeHttp, clock: FakeClock) -> Callable[..., Tenant]:
    """Read the tenant from a token that comes with the access token."""
    http.on("GET", DISCOVERY_URL, Reply(document={"issuer": ISSUER, "jwks_uri": KEYS_URL}))
    http.on("GET", KEYS_URL, Reply(document={"keys": [public(KEY, "one")]}))

    def read(token: Any, region: str = "westeurope") -> Tenant:
        http.on("POST", TOKEN_URL, token_reply(**({"id_token": token} if token is not None else {})))
        return read_tenant(SnowAtlasOauth2Authenticator(config=config), region)

    return read


def test_a_genuine_token(read: Callable[..., Tenant]) -> None:
    """The warehouse would not say whose data it holds."""
    tenant = read(signed(claims()))
    assert tenant == Tenant("9c1b0f5e-0000-4000-8000-000000000001", "Blå Berg AB", "westeurope")


def test_an_audience_of_several(read: Callable[..., Tenant]) -> None:
    """A token that is for this client among others would be refused."""
    assert read(signed(claims(aud=["other", "client-1"]))).id


def test_a_clock_that_is_a_little_off(read: Callable[..., Tenant]) -> None:
    """A machine whose clock is half a minute fast could not test its connection."""
    assert read(signed(claims(exp=int(time.time()) - 30))).id


def forged_with_public_key() -> str:
    """HS256 with the server's public key as the secret: the classic confusion of algorithms."""
    pem = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    import base64
    import hashlib
    import hmac

    def encoded(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    header = json.dumps({"alg": "HS256", "kid": "one"})
    signing = f"{encoded(header.encode())}.{encoded(json.dumps(claims()).encode())}"
    return f"{signing}.{encoded(hmac.new(pem, signing.encode(), hashlib.sha256).digest())}"


def tampered() -> str:
    head, _, signature = signed(claims()).split(".")
    _, payload, _ = signed(claims(tenant="another")).split(".")
    return f"{head}.{payload}.{signature}"


FORGED: dict[str, Callable[[], str]] = {
    "signed by another key": lambda: signed(claims(), OTHER_KEY),
    "payload changed": tampered,
    "signature cut": lambda: signed(claims())[:-10],
    "without a signature": lambda: jwt.encode(claims(), "", "none", headers={"kid": "one"}),
    "HS256 with the public key": forged_with_public_key,
    "HS256 with a password": lambda: signed(claims(), "p" * 40, algorithm="HS256"),
    "other audience": lambda: signed(claims(aud="client-2")),
    "no audience": lambda: signed(claims(aud=None)),
    "other issuer": lambda: signed(claims(iss="https://evil.example/idp")),
    "no issuer": lambda: signed(claims(iss=None)),
    "expired": lambda: signed(claims(exp=int(time.time()) - 3600)),
    "no end": lambda: signed(claims(exp=None)),
    "unknown key id": lambda: signed(claims(), kid="three"),
    "no token": lambda: "not.a.token",
    "text": lambda: "nothing",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_a_token_that_is_not_genuine_is_refused(
    read: Callable[..., Tenant], token: Callable[[], str]
) -> None:
    """Somebody between this machine and Snow Atlas could pass another tenant's data off as the user's."""
    with pytest.raises(ConfigurationError, match="can't be trusted") as error:
        read(token())
    assert token() not in str(error.value.message)


def test_the_right_key_of_several_is_used(read: Callable[..., Tenant], http: FakeHttp) -> None:
    """While the server changes its keys, every connection test would fail."""
    http.on("GET", KEYS_URL, Reply(document={"keys": [public(KEY, "one"), public(OTHER_KEY, "two")]}))
    assert read(signed(claims())).id
    SnowAtlasOauth2Authenticator.forget_tokens()
    assert read(signed(claims(), OTHER_KEY, "two")).id
    SnowAtlasOauth2Authenticator.forget_tokens()
    with pytest.raises(ConfigurationError):
        read(signed(claims(), OTHER_KEY, "one"))


def test_a_single_key_needs_no_id(read: Callable[..., Tenant], http: FakeHttp) -> None:
    """A server with one key that names it nowhere could not be trusted."""
    http.on("GET", KEYS_URL, Reply(document={"keys": [public(KEY, None)]}))
    assert read(signed(claims(), kid=None)).id


def test_other_kinds_of_keys(read: Callable[..., Tenant], http: FakeHttp) -> None:
    """A server that signs with elliptic curves could not be trusted."""
    http.on("GET", KEYS_URL, Reply(document={"keys": [public(CURVE_KEY, "curve", ECAlgorithm)]}))
    assert read(signed(claims(), CURVE_KEY, "curve", "ES256")).id


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/jwks",
        "http://westeurope.snowsoftware.io/jwks",
        "https://westeurope.snowsoftware.io:8443/jwks",
        "https://westeurope.snowsoftware.io.evil.example/jwks",
        "https://westeurope.snowsoftware.io@evil.example/jwks",
    ],
)
def test_keys_on_another_host_are_not_fetched(
    read: Callable[..., Tenant], http: FakeHttp, elsewhere: str
) -> None:
    """A forged discovery document could name the forger's own keys."""
    http.on("GET", DISCOVERY_URL, Reply(document={"issuer": ISSUER, "jwks_uri": elsewhere}))
    with pytest.raises(ConfigurationError, match="another host"):
        read(signed(claims()))
    assert {request.url for request in http.requests} == {TOKEN_URL, DISCOVERY_URL}


UNREACHABLE: dict[str, Any] = {
    "connection refused": requests.ConnectionError("refused"),
    "timeout": requests.Timeout("slow"),
    "not found": Reply(404, {}),
    "failing": Reply(503, {}),
    "redirect": Reply(302, {}, headers={"Location": "https://evil.example/"}),
    "html": Reply(body=b"<html></html>"),
    "array": Reply(document=[]),
}


@pytest.mark.parametrize("url", [DISCOVERY_URL, KEYS_URL])
@pytest.mark.parametrize("fault", UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_a_discovery_document_that_cannot_be_read_is_no_error_of_the_user(
    read: Callable[..., Tenant], http: FakeHttp, url: str, fault: Any
) -> None:
    """A firewall that lets nothing but the APIs through would make every connection test fail."""
    http.on("GET", url, fault)
    with pytest.raises(IdentityUnavailable):
        read(signed(claims()))


@pytest.mark.parametrize(
    "document", [{}, {"issuer": ISSUER}, {"jwks_uri": KEYS_URL}, {"issuer": 1, "jwks_uri": 2}]
)
def test_a_discovery_document_without_content(
    read: Callable[..., Tenant], http: FakeHttp, document: dict[str, Any]
) -> None:
    """A half-empty discovery document would crash the connection test."""
    http.on("GET", DISCOVERY_URL, Reply(document=document))
    with pytest.raises(IdentityUnavailable):
        read(signed(claims()))


@pytest.mark.parametrize("token", [None, "", 7])
def test_no_identity_token(read: Callable[..., Tenant], token: Any) -> None:
    """A tenant whose server issues none could not be read."""
    with pytest.raises(IdentityUnavailable, match="issues no identity token"):
        read(token)


@pytest.mark.parametrize("claimed", ["eastus2", "EastUS2", "East US 2"])
def test_a_tenant_of_another_region(read: Callable[..., Tenant], claimed: str) -> None:
    """A wrong region would only show as a strange refusal somewhere in the sync."""
    with pytest.raises(ConfigurationError, match="set region to eastus2"):
        read(signed(claims(region=claimed)))


@pytest.mark.parametrize("claimed", [None, "", "a region of the future", "WestEurope", "West Europe"])
def test_a_region_that_is_not_known_does_no_harm(read: Callable[..., Tenant], claimed: Any) -> None:
    """A claim written in another way would keep a user out of his own tenant."""
    assert read(signed(claims(region=claimed))).id


def test_a_token_without_a_tenant(read: Callable[..., Tenant]) -> None:
    """The `tenant` stream would hold a record without an id."""
    with pytest.raises(IdentityUnavailable):
        read(signed(claims(tenant=None)))
