"""Functions that write replies to the connection, complete or deliberately broken."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct

from aiohttp import web

from sandbox.api.errors import Reply
from sandbox.api.faults import Fault

_GZIP_FROM = 1024
_DRIPS = 20


def cut(request: web.BaseRequest, reset: bool = False) -> web.StreamResponse:
    """Close the connection of a request, optionally with a TCP reset; the returned response is never sent."""
    transport = request.transport
    if transport is not None:
        if reset:
            connection = transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def send(
    request: web.BaseRequest, reply: Reply, fault: Fault | None, compress: bool
) -> web.StreamResponse:
    """Return the response for a reply; broken replies are written here."""
    body, headers = reply.body, {**reply.headers, "Content-Type": reply.content_type}
    if compress and len(body) >= _GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
    kind = fault.kind if fault else ""
    if kind not in ("cut_body", "cut_chunked", "slow_drip"):
        return web.Response(body=body, status=reply.status, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    if kind == "cut_chunked":
        response.enable_chunked_encoding()
    else:
        response.content_length = len(body)
    await response.prepare(request)
    if kind == "slow_drip":
        assert fault is not None
        size = max(1, -(-len(body) // _DRIPS))
        for start in range(0, len(body), size):
            await asyncio.sleep(fault.delay / _DRIPS)
            await response.write(body[start : start + size])
        await response.write_eof()
        return response
    await response.write(body[: len(body) // 2])
    # Closing a transport flushes it first, so the client receives exactly half of the body.
    if request.transport is not None:
        request.transport.close()
    return response
