"""The HTTP server: token endpoint, discovery, the product APIs and the control interface."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from aiohttp import web

from sandbox.api import control, identity, wire
from sandbox.api.errors import ApiError, Reply, encode
from sandbox.api.faults import BYTES, PAYLOAD, Fault
from sandbox.api.recording import Exchange
from sandbox.api.route import Route
from sandbox.api.routing import Target
from sandbox.api.state import State
from sandbox.api.tokens import TokenRequest

LOGGER = logging.getLogger(__name__)


class Server(State):
    """HTTP handler on the state of a sandbox."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        target = Target.parse(request.raw_path)
        if target.path.startswith(control.PREFIX):
            return await self._control(request, target)
        exchange = self.recorder.begin(
            request.method, target.path, target.query, "Authorization" in request.headers
        )
        try:
            return await self._answer(request, target, exchange)
        except (ConnectionError, web.RequestPayloadError):
            # The client disconnected, which is no error of the sandbox. This response is never sent.
            return web.Response()
        finally:
            self.recorder.end(exchange)

    async def _control(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        body = await request.read()
        try:
            reply = control.answer(self, request.method, target, body)
        except ApiError as error:
            reply = error.reply()
        except (ValueError, TypeError, KeyError) as error:
            reply = ApiError(400, f"{type(error).__name__}: {error}").reply()
        return await wire.send(request, reply, None, compress=False)

    async def _answer(
        self, request: web.BaseRequest, target: Target, exchange: Exchange
    ) -> web.StreamResponse:
        if self.settings.latency:
            await asyncio.sleep(self.settings.latency)
        fault: Fault | None = None
        try:
            prepare = await self._prepare(request, target, exchange)
            fault = self.faults.select(exchange)
            if fault is not None:
                if fault.delay and fault.kind != "slow_drip":
                    await asyncio.sleep(fault.delay)
                if fault.kind in ("cut_before_headers", "reset"):
                    return wire.cut(request, reset=fault.kind == "reset")
            reply = fault.replacement() if fault else None
            if reply is None:
                with self.lock:
                    reply = prepare(fault)
        except ApiError as error:
            reply = error.reply()
        except (ConnectionError, web.RequestPayloadError):
            raise
        except Exception as error:
            LOGGER.exception("The sandbox failed on %s %s", request.method, target.path)
            self.internal_errors.append(error)
            reply = ApiError(500, f"The sandbox itself failed: {error!r}").reply()
        response = await wire.send(request, reply, fault, self.settings.gzip)
        exchange.status = 0 if fault and fault.kind in ("cut_body", "cut_chunked") else reply.status
        return response

    async def _prepare(
        self, request: web.BaseRequest, target: Target, exchange: Exchange
    ) -> Callable[[Fault | None], Reply]:
        """Check a request and return the function that makes its reply, to be called after any delay."""
        base_url = f"{self.scheme}://{request.headers.get('Host', '')}"
        if target.path == identity.TOKEN_PATH:
            token_request = TokenRequest(
                request.method,
                request.content_type if "Content-Type" in request.headers else "",
                bool(target.raw_query),
                request.headers.get("Authorization"),
                await request.read(),
            )
            return lambda fault: self._token(token_request, base_url, exchange, fault)
        if target.path == identity.DISCOVERY_PATH:
            _only_get(request.method)
            return lambda fault: self._discovery(base_url, fault)
        if target.path == identity.KEYS_PATH:
            _only_get(request.method)
            return self._keys
        match = self.router.match(target.segments)
        if match is not None:
            exchange.template = match[0].path
        with self.lock:
            client = self.tokens.authenticate(request.headers.get("Authorization"))
            exchange.client = client.client_id
            per_second = self.settings.rate_limit
            burst = self.settings.rate_burst or max(1, int(per_second or 1))
            wait = self.limiter.take(client.client_id, per_second, burst)
        if wait is not None:
            raise ApiError(429, "Too many requests", {"Retry-After": str(wait)})
        if match is None:
            raise ApiError(404, "The resource was not found")
        _only_get(request.method)
        route, parameters = match
        if not client.allows(route.permissions):
            raise ApiError(403, "Forbidden")
        return lambda fault: self._data(route, parameters, target, exchange, fault)

    def _token(
        self, token_request: TokenRequest, base_url: str, exchange: Exchange, fault: Fault | None
    ) -> Reply:
        reply, exchange.client = self.tokens.answer(token_request, base_url)
        return _change_bytes(reply, fault)

    def _discovery(self, base_url: str, fault: Fault | None) -> Reply:
        if self.settings.discovery_fault == "error":
            raise ApiError(500, "The service met an unexpected condition")
        if self.settings.discovery_fault == "html":
            return Reply(b"<html><body>Maintenance</body></html>", content_type="text/html")
        return _change_bytes(Reply(encode(identity.discovery_document(self.settings, base_url))), fault)

    def _keys(self, fault: Fault | None) -> Reply:
        if self.settings.discovery_fault == "keys_error":
            raise ApiError(500, "The service met an unexpected condition")
        return _change_bytes(Reply(encode(identity.key_set())), fault)

    def _data(
        self,
        route: Route,
        parameters: Mapping[str, str],
        target: Target,
        exchange: Exchange,
        fault: Fault | None,
    ) -> Reply:
        payload = self.data.payload(route, parameters, target, self.settings.page_size_clamp)
        if isinstance(payload, list):
            payload = payload[::-1] if self.settings.array_newest_first else payload
            payload = payload[: self.settings.array_cap]
        if fault is not None and fault.kind in PAYLOAD:
            payload = fault.change_payload(payload)
        reply = _change_bytes(Reply(encode(payload)), fault)
        self.churn.on_reply(exchange)
        return reply


def _only_get(method: str) -> None:
    if method != "GET":
        raise ApiError(405, "The method is not allowed here", {"Allow": "GET"})


def _change_bytes(reply: Reply, fault: Fault | None) -> Reply:
    if fault is not None and fault.kind in BYTES:
        reply.body = fault.change_bytes(reply.body)
    return reply
