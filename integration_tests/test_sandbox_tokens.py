"""The sandbox's token endpoint, tokens and identity tokens over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests

from integration_tests.helpers.sandbox_world import GUARDED, THINGS, Reader, make_sandbox, token_form
from sandbox import Sandbox

PRODUCT = "api://snowsoftware.io/api"
IDENTITY = "api://snowsoftware.io/idp/api"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with make_sandbox() as running:
        yield running
        assert not running.internal_errors


def _endpoint(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/idp/api/connect/token"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"scope": "openid profile"}, "invalid_scope"),
        ({"resource": "api://elsewhere"}, "invalid_target"),
        ({"resource": [PRODUCT, "api://elsewhere"]}, "invalid_target"),
        ({"client_id": ["a", "b"]}, "invalid_request"),
    ],
)
def test_refuses_a_wrong_form(sandbox: Sandbox, changes: dict[str, Any], error: str) -> None:
    """A connector that sends a wrong token request would pass its tests and fail at the vendor."""
    reply = requests.post(_endpoint(sandbox), data=token_form(sandbox, **changes), timeout=10)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


def test_refuses_credentials_outside_the_body(sandbox: Sandbox) -> None:
    """Secrets in URLs end in proxies' logs: a connector that puts them there must fail its tests."""
    form = token_form(sandbox)
    in_url = requests.post(_endpoint(sandbox), params=form, timeout=10)
    in_both = requests.post(
        _endpoint(sandbox), params={"client_id": form["client_id"]}, data=form, timeout=10
    )
    in_header = requests.post(
        _endpoint(sandbox), data=form, auth=(form["client_id"], form["client_secret"]), timeout=10
    )
    as_json = requests.post(_endpoint(sandbox), json=form, timeout=10)
    for reply in (in_url, in_both, in_header, as_json):
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
    assert requests.get(_endpoint(sandbox), params=form, timeout=10).status_code == 405


def test_grants_and_permissions_belong_to_the_client(sandbox: Sandbox) -> None:
    """Without clients of different rights, nobody could test how missing permissions are reported."""
    barred = sandbox.control.add_client(grants=("authorization_code",))
    form = token_form(sandbox, client_id=barred.client_id, client_secret=barred.client_secret)
    assert requests.post(_endpoint(sandbox), data=form, timeout=10).json()["error"] == "unauthorized_client"
    for permissions, status in (((), 403), (("test.other",), 403), (("test.crud",), 200)):
        client = sandbox.control.add_client(permissions)
        reader = Reader(sandbox, client_id=client.client_id, client_secret=client.client_secret)
        assert reader.get(GUARDED).status_code == status
        assert reader.get(THINGS).status_code == 200
    assert Reader(sandbox).get(GUARDED).status_code == 200


def test_a_rotated_secret_stops_working(sandbox: Sandbox) -> None:
    """Users rotate secrets; the connector's answer to it must be testable."""
    old = sandbox.client_secret
    sandbox.control.rotate_secret(sandbox.client_id)
    reply = requests.post(_endpoint(sandbox), data=token_form(sandbox, client_secret=old), timeout=10)
    assert reply.json()["error"] == "invalid_client"
    assert Reader(sandbox).get(THINGS).status_code == 200


def test_product_apis_want_a_live_product_token(sandbox: Sandbox) -> None:
    """A connector that loses its token, or narrows it wrongly, must see the vendor's 401."""
    reader = Reader(sandbox, resource=[PRODUCT, IDENTITY])
    assert reader.get(THINGS).status_code == 200
    for header in (None, "Bearer", "Bearer nonsense", "Basic abc"):
        headers = {} if header is None else {"Authorization": header}
        reply = requests.get(f"{sandbox.url}{THINGS}", headers=headers, timeout=10)
        assert reply.status_code == 401
        assert reply.json() == {"error": {"code": 401, "message": "token is invalid or expired"}}
    assert Reader(sandbox, resource=IDENTITY).get(THINGS).status_code == 401


def test_tokens_expire_and_can_be_revoked(sandbox: Sandbox) -> None:
    """Renewal of tokens in the middle of a sync could not be tested otherwise."""
    reader = Reader(sandbox)
    sandbox.control.revoke_tokens(after_requests=2)
    assert [reader.get(THINGS).status_code for _ in range(3)] == [200, 200, 401]
    reader.renew()
    sandbox.control.revoke_tokens()
    assert reader.get(THINGS).status_code == 401
    sandbox.control.set(token_life=0.0)
    reader.renew()
    assert reader.get(THINGS).status_code == 401


def test_the_number_of_live_tokens_is_capped(sandbox: Sandbox) -> None:
    """A connector that asks for a token per stream must be seen to lose its tokens."""
    sandbox.control.set(max_tokens=2)
    first, second, third = Reader(sandbox), Reader(sandbox), Reader(sandbox)
    assert [reader.get(THINGS).status_code for reader in (first, second, third)] == [401, 200, 200]
    sandbox.control.set(max_tokens_mode="refuse")
    reply = third.ask_token()
    assert reply.status_code == 429
    assert 1 <= int(reply.headers["Retry-After"]) <= 3600
    assert second.get(THINGS).status_code == 200


def test_token_requests_are_rate_limited(sandbox: Sandbox) -> None:
    """The vendor limits token requests; retries by Retry-After must be testable."""
    sandbox.control.set(token_rate_limit=2)
    reader = Reader(sandbox)
    replies = [reader.ask_token() for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 429, 429]
    assert int(replies[1].headers["Retry-After"]) >= 1
    assert sandbox.counts.rate_limit_violations == 1
    assert sandbox.counts.token_requests == 4
    assert sandbox.counts.tokens_issued == 2


def test_optional_parameters_can_be_refused(sandbox: Sandbox) -> None:
    """Some servers know neither the resource nor the scope; the connector must go on without."""
    sandbox.control.set(refuse_resource=True, refuse_openid=True)
    reader = Reader(sandbox)
    assert reader.ask_token(resource=PRODUCT).json()["error"] == "invalid_target"
    assert reader.ask_token(scope="openid").json()["error"] == "invalid_scope"
    assert "id_token" not in reader.ask_token().json()


def _verify(sandbox: Sandbox) -> dict[str, Any]:
    """The claims of a fresh identity token, verified as OpenID Connect says."""
    form = token_form(sandbox, scope="openid")
    token = requests.post(_endpoint(sandbox), data=form, timeout=10).json()["id_token"]
    document = requests.get(f"{sandbox.url}/idp/.well-known/openid-configuration", timeout=10).json()
    keys = jwt.PyJWKSet.from_dict(requests.get(document["jwks_uri"], timeout=10).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience=sandbox.client_id, issuer=document["issuer"]
    )
    return claims


def test_identity_token_says_who_the_tenant_is(sandbox: Sandbox) -> None:
    """The stream `tenant` and the log line rest on these claims."""
    claims = _verify(sandbox)
    assert claims["sub"] == claims["azp"] == sandbox.client_id
    assert claims["region"] == "westeurope"
    assert {"tenant", "tenant_name", "iat", "auth_time", "exp"} <= claims.keys()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("bad_signature", jwt.InvalidSignatureError),
        ("unknown_key", KeyError),
        ("unsigned", jwt.InvalidTokenError),
        ("wrong_audience", jwt.InvalidAudienceError),
        ("wrong_issuer", jwt.InvalidIssuerError),
        ("expired", jwt.ExpiredSignatureError),
        ("malformed", jwt.DecodeError),
    ],
)
def test_identity_token_faults(sandbox: Sandbox, fault: str, error: type[Exception]) -> None:
    """A forged or foreign identity token must fail a verifying client, each in its own way."""
    sandbox.control.set(id_token_fault=fault)
    with pytest.raises(error):
        _verify(sandbox)


def test_discovery_faults(sandbox: Sandbox) -> None:
    """A client that takes keys from any host could be given forged ones."""
    url = f"{sandbox.url}/idp/.well-known/openid-configuration"
    assert requests.get(url, timeout=10).json()["jwks_uri"].startswith(sandbox.url)
    sandbox.control.set(discovery_fault="foreign_jwks")
    assert not requests.get(url, timeout=10).json()["jwks_uri"].startswith(sandbox.url)
    sandbox.control.set(discovery_fault="error")
    assert requests.get(url, timeout=10).status_code == 500
    sandbox.control.set(discovery_fault=None, id_token_fault="other_region")
    assert _verify(sandbox)["region"] != "westeurope"
