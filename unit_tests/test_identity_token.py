"""The identity token: it says who the tenant is, or why that is not known; it never fails anything."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from source_snow_atlas.components.identity.oauth import (
    IdentityUnavailable,
    SnowAtlasOauth2Authenticator,
    Tenant,
    read_tenant,
)
from unit_tests.helpers.fake_http import TOKEN_URL, FakeHttp, token_reply
from unit_tests.helpers.fakes import FakeClock

TENANT = Tenant("9c1b0f5e-0000-4000-8000-000000000001", "Blå Berg AB", "westeurope")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "sub": "client-1",
        "tenant": TENANT.id,
        "tenant_name": TENANT.name,
        "region": TENANT.region,
        "iss": "https://westeurope.snowsoftware.io/idp",
        "aud": "client-1",
        "exp": now + 86_400,
        "iat": now,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(**changes: Any) -> str:
    return jwt.encode(claims(**changes), "a key that nobody else has to know of", "HS256")


def raw(payload: bytes, header: bytes = b'{"alg": "RS256"}') -> str:
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, payload, b"sig")
    )


@pytest.fixture
def read(config: dict[str, Any], http: FakeHttp, clock: FakeClock) -> Callable[..., Tenant]:
    """Read the tenant from a token that comes with the access token."""

    def read(token: Any) -> Tenant:
        http.on("POST", TOKEN_URL, token_reply(**({"id_token": token} if token is not None else {})))
        return read_tenant(SnowAtlasOauth2Authenticator(config=config))

    return read


READABLE: dict[str, Callable[[], str]] = {
    "as the vendor issues it": signed,
    "for others, too": lambda: signed(aud=["other", "client-1"]),
    "by a clock that is a little off": lambda: signed(exp=int(time.time()) - 30, iat=int(time.time()) + 30),
    "ended while the sync goes on": lambda: signed(exp=int(time.time()) - 3600),
    "another issuer name": lambda: signed(iss="https://login.example/idp"),
    "no issuer": lambda: signed(iss=None),
    "signed by anyone": lambda: raw(json.dumps(claims()).encode()),
    "not signed": lambda: jwt.encode(claims(), "", "none"),
    "a key of its own": lambda: jwt.encode(claims(), "k" * 64, "HS512", headers={"kid": "rotated"}),
}


@pytest.mark.parametrize("token", READABLE.values(), ids=READABLE.keys())
def test_a_token_from_the_token_endpoint_is_believed(
    read: Callable[..., Tenant], http: FakeHttp, token: Callable[[], str]
) -> None:
    """Tenants whose keys lie on another host, or whose issuer has another name, would not be known; the log
    would not say whose data is read.
    """
    assert read(token()) == TENANT
    assert {request.url for request in http.requests} == {TOKEN_URL}


NOT_KNOWN: dict[str, tuple[Any, str]] = {
    "none": (None, "issues no identity token"),
    "empty": ("", "issues no identity token"),
    "number": (7, "issues no identity token"),
    "no token": ("not.a.token", "can't be read"),
    "text": ("nothing", "can't be read"),
    "no text": ("\x00\ud800", "can't be read"),
    "not JSON": (raw(b"{"), "can't be read"),
    "array": (raw(b"[]"), "can't be read"),
    "nested without end": (raw(b"[" * 50_000), "can't be read"),
    "header without end": (raw(b"{}", b"[" * 50_000), "can't be read"),
    "no tenant": (signed(tenant=None), "names no tenant"),
    "empty tenant": (signed(tenant=""), "names no tenant"),
    "object as tenant": (signed(tenant={"id": 1}), "names no tenant"),
}


@pytest.mark.parametrize(("token", "why"), NOT_KNOWN.values(), ids=NOT_KNOWN.keys())
def test_what_is_not_known_is_said(read: Callable[..., Tenant], token: Any, why: str) -> None:
    """An odd identity token would end a sync, which does not need it, in a traceback."""
    with pytest.raises(IdentityUnavailable, match=why) as reason:
        read(token)
    assert not isinstance(token, str) or len(token) < 5 or token not in str(reason.value)
