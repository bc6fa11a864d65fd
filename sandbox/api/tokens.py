"""Client registrations and access tokens: the token endpoint's rules, expiry, the limit of live tokens."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from sandbox.api import identity
from sandbox.api.errors import ApiError, Reply, TokenError, encode
from sandbox.api.limits import RateLimiter
from sandbox.api.settings import Settings

PRODUCT_RESOURCE = "api://snowsoftware.io/api"
IDENTITY_RESOURCE = "api://snowsoftware.io/idp/api"
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass
class Client:
    """An application registration. ``permissions`` of ``None`` means all permissions."""

    client_id: str
    client_secret: str
    permissions: frozenset[str] | None = None
    grants: tuple[str, ...] = ("client_credentials",)

    def allows(self, wanted: tuple[str, ...]) -> bool:
        """Return whether one of the required permissions is granted, or none is required."""
        return not wanted or self.permissions is None or any(name in self.permissions for name in wanted)


@dataclass(frozen=True)
class _AccessToken:
    client: Client
    expires: float
    resources: frozenset[str]


@dataclass(frozen=True)
class TokenRequest:
    """The parts of a request that the token endpoint checks."""

    method: str
    content_type: str
    has_query: bool
    authorization: str | None
    body: bytes


class TokenStore:
    """Registered clients and their live tokens."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._live: dict[str, _AccessToken] = {}
        self._revoke_in: int | None = None
        self.clients: dict[str, Client] = {}
        self.limiter = RateLimiter(clock)
        self.issued = 0

    def add_client(
        self,
        permissions: Iterable[str] | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        grants: Iterable[str] = ("client_credentials",),
    ) -> Client:
        """Register an application; without ``permissions`` it has all of them."""
        client = Client(
            client_id or f"sandbox-{secrets.token_hex(8)}",
            client_secret or secrets.token_urlsafe(32),
            None if permissions is None else frozenset(permissions),
            tuple(grants),
        )
        self.clients[client.client_id] = client
        return client

    def rotate_secret(self, client_id: str) -> str:
        """Give a client a new secret; the old one stops working at once."""
        self.clients[client_id].client_secret = secrets.token_urlsafe(32)
        return self.clients[client_id].client_secret

    def live_tokens(self, client_id: str | None = None) -> list[str]:
        """Return the valid tokens, oldest first."""
        now = self._clock()
        return [
            token
            for token, entry in self._live.items()
            if entry.expires > now and client_id in (None, entry.client.client_id)
        ]

    def revoke_all(self, after_requests: int = 0) -> None:
        """Revoke all live tokens now, or after that many more accepted API requests."""
        if after_requests:
            self._revoke_in = after_requests
        else:
            self._live.clear()
            self._revoke_in = None

    def authenticate(self, authorization: str | None) -> Client:
        """Return the client of an Authorization header; anything but a live product token raises a 401."""
        scheme, _, token = (authorization or "").partition(" ")
        entry = self._live.get(token.strip()) if scheme.lower() == "bearer" else None
        if entry is None or entry.expires <= self._clock() or PRODUCT_RESOURCE not in entry.resources:
            raise ApiError(401, "token is invalid or expired", {"WWW-Authenticate": "Bearer"})
        if self._revoke_in is not None:
            self._revoke_in -= 1
            if self._revoke_in <= 0:
                self.revoke_all()
        return entry.client

    def answer(self, request: TokenRequest, base_url: str) -> tuple[Reply, str]:
        """Return the reply to a token request, and the id of the client that received a token."""
        form = self._form(request)
        client = self._client(form)
        resources = self._resources(form)
        openid = self._openid(form)
        per_minute = self._settings.token_rate_limit
        if per_minute is not None:
            wait = self.limiter.take(client.client_id, per_minute / 60, max(1, per_minute))
            if wait is not None:
                raise TokenError("slow_down", "Too many token requests", 429, {"Retry-After": str(wait)})
        token = self._issue(client, resources)
        reply: dict[str, object] = {
            "access_token": token,
            "expires_in": max(1, int(self._settings.token_life)),
            "token_type": "Bearer",
        }
        if openid:
            reply["id_token"] = identity.identity_token(self._settings, base_url, client.client_id)
            reply["scope"] = "openid"
        return Reply(encode(reply), headers={"Cache-Control": "no-store"}), client.client_id

    def _form(self, request: TokenRequest) -> dict[str, list[str]]:
        if request.method != "POST":
            raise TokenError(
                "invalid_request", "The token endpoint accepts only POST", 405, {"Allow": "POST"}
            )
        if request.content_type != FORM_TYPE:
            raise TokenError("invalid_request", f"The content type must be {FORM_TYPE}")
        if request.has_query:
            raise TokenError("invalid_request", "Parameters belong in the body, not in the URL")
        if request.authorization is not None:
            raise TokenError(
                "invalid_request", "Credentials belong in the body, not in the Authorization header"
            )
        try:
            pairs = parse_qsl(
                request.body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict"
            )
        except ValueError as error:
            raise TokenError("invalid_request", "The body is not a form") from error
        form: dict[str, list[str]] = {}
        for name, value in pairs:
            if name in form and name != "resource":
                raise TokenError("invalid_request", f"The parameter {name} is given more than once")
            form.setdefault(name, []).append(value)
        return form

    def _client(self, form: dict[str, list[str]]) -> Client:
        if "grant_type" not in form:
            raise TokenError("invalid_request", "grant_type is missing")
        client_id = form.get("client_id", [""])[0]
        client_secret = form.get("client_secret", [""])[0]
        client = self.clients.get(client_id)
        if client is None or not secrets.compare_digest(
            client.client_secret.encode(), client_secret.encode()
        ):
            raise TokenError("invalid_client", "The client is unknown or its secret is wrong")
        grant = form["grant_type"][0]
        if grant != "client_credentials":
            raise TokenError("unsupported_grant_type", f"The grant {grant} is not supported")
        if grant not in client.grants:
            raise TokenError("unauthorized_client", "The client may not use this grant")
        return client

    def _resources(self, form: dict[str, list[str]]) -> frozenset[str]:
        known = frozenset((PRODUCT_RESOURCE, IDENTITY_RESOURCE))
        asked = form.get("resource", [])
        if asked and (self._settings.refuse_resource or not known.issuperset(asked)):
            raise TokenError("invalid_target", "The resource is not known")
        return frozenset(asked) or known

    def _openid(self, form: dict[str, list[str]]) -> bool:
        scopes = form.get("scope", [""])[0].split()
        if scopes and (self._settings.refuse_openid or any(scope != "openid" for scope in scopes)):
            raise TokenError("invalid_scope", "The scope is not known or not allowed")
        return bool(scopes)

    def _issue(self, client: Client, resources: frozenset[str]) -> str:
        now = self._clock()
        self._live = {token: entry for token, entry in self._live.items() if entry.expires > now}
        own = [token for token, entry in self._live.items() if entry.client is client]
        cap = self._settings.max_tokens
        if cap is not None and len(own) >= cap:
            if self._settings.max_tokens_mode == "refuse":
                wait = max(1, math.ceil(min(self._live[token].expires for token in own) - now))
                raise TokenError("slow_down", "Too many live tokens", 429, {"Retry-After": str(wait)})
            for token in own[: len(own) - cap + 1]:
                del self._live[token]
        token = secrets.token_urlsafe(64)
        self._live[token] = _AccessToken(client, now + self._settings.token_life, resources)
        self.issued += 1
        return token
