"""Replies without an end, and replies that unpack to a thousand times their size: refused before they take
the memory.
"""

from __future__ import annotations

import gzip
import itertools
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

import pytest
import requests

from source_snow_atlas.components.basics.errors import MalformedReply, ReplyTooLarge, ServerError
from source_snow_atlas.components.basics.network import Route
from source_snow_atlas.components.basics.transport import MAX_BODY_BYTES, Transport
from source_snow_atlas.components.identity.token_endpoint import TokenEndpoint

MIB = 2**20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def serving(pieces: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """A server on the loopback host that answers every request with the pieces, and closes. Gives its URL."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.recv(65536)
                for piece in pieces():
                    connection.sendall(piece)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def read(url: str, seconds: float = 30.0, largest: int = MAX_BODY_BYTES) -> bytes:
    """The body at the URL, read as the connector reads it."""
    transport = Transport((5.0, seconds), largest=largest)
    request = requests.Request("GET", url, {"Accept-Encoding": "gzip"})
    return bytes(transport.send(request, Route.to(url)).body)


def packed(body: bytes, coding: str = "gzip") -> Iterator[bytes]:
    """A whole reply with a packed body."""
    yield HEAD + f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def endless(piece: bytes) -> Iterator[bytes]:
    """A body that never ends, in chunks."""
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    yield from itertools.repeat(chunk)


@cache
def bomb(mebibytes: int) -> bytes:
    """Blanks, packed to a thousandth: one mebibyte is packed, as a block that may be repeated."""
    blanks = b" " * MIB
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = compressor.compress(blanks) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(mebibytes):
        checksum = zlib.crc32(blanks, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    end = compressor.flush() + struct.pack("<II", checksum, mebibytes * MIB)
    return head + block * mebibytes + end


@pytest.mark.parametrize("size", [0, 1, 300_000, 3 * MIB])
@pytest.mark.parametrize("is_packed", [True, False])
def test_bodies_arrive_as_they_were_sent(size: int, is_packed: bool) -> None:
    """Pages would lose bytes where pieces meet."""
    body = bytes(itertools.islice(itertools.cycle(range(251)), size))
    reply = (
        packed(gzip.compress(body))
        if is_packed
        else iter([HEAD + f"Content-Length: {size}\r\n\r\n".encode() + body])
    )
    pieces = list(reply)
    with serving(lambda: iter(pieces)) as url:
        assert read(url) == body


def test_a_body_in_several_gzip_members_arrives_whole() -> None:
    """A proxy that packs piece by piece would cost all pieces but the first."""
    body = gzip.compress(b"[1,") + gzip.compress(b"2]")
    with serving(lambda: packed(body)) as url:
        assert read(url) == b"[1,2]"


def test_a_bomb_is_refused_and_takes_no_memory() -> None:
    """Three megabytes on the wire took six gigabytes, and the kernel killed the pod without a word."""
    body = bomb(600)
    tracemalloc.start()
    try:
        with serving(lambda: packed(body)) as url, pytest.raises(MalformedReply, match="times its size"):
            read(url)
        assert tracemalloc.get_traced_memory()[1] < 100 * MIB
    finally:
        tracemalloc.stop()


def test_a_bomb_within_a_bomb_is_refused() -> None:
    """A packed bomb that is packed again gets past a bound on one of the two."""
    body = gzip.compress(bomb(600))
    with (
        serving(lambda: packed(body, "gzip, gzip")) as url,
        pytest.raises((MalformedReply, requests.RequestException)),
    ):
        read(url)


def test_a_body_without_an_end_is_refused_at_the_bound() -> None:
    """A server that never stops would fill the memory of the pod."""
    with (
        serving(lambda: endless(b"x" * 65536)) as url,
        pytest.raises(ReplyTooLarge, match="larger than 8 MiB"),
    ):
        read(url, largest=8 * MIB)


@pytest.mark.timeout(60)
def test_a_trickle_is_refused_after_its_time() -> None:
    """A byte now and then trips no timeout between two pieces, and would hold the sync for ever."""

    def pieces() -> Iterator[bytes]:
        yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        for _ in range(200):
            time.sleep(0.05)
            yield b"1\r\nx\r\n"

    with serving(pieces) as url, pytest.raises(requests.ConnectionError, match="timed out"):
        read(url, seconds=0.4)


@pytest.mark.parametrize(
    "reply", [lambda: endless(b"x" * 65536), lambda: packed(bomb(600))], ids=["endless", "bomb"]
)
def test_the_identity_provider_has_bounds_too(reply: Callable[[], Iterator[bytes]]) -> None:
    """A wrong API URL that leads to an endless download would fill the memory before the first row is
    read.
    """
    tracemalloc.start()
    try:
        with serving(reply) as url:
            endpoint = TokenEndpoint(url.rstrip("/"), "client", "a secret")
            with pytest.raises(ServerError, match="larger than 2 MiB"):
                endpoint.renew(Route.to(url), fail_fast=True)
        assert tracemalloc.get_traced_memory()[1] < 20 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", [b"X-Filler: " + b"a" * 60 + b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_headers_without_an_end_are_refused(piece: bytes) -> None:
    """Headers, or interim replies, that go on and on are read before any bound on the body."""

    def pieces() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n" if piece.startswith(b"X") else b""
        yield from itertools.repeat(piece)

    with serving(pieces) as url, pytest.raises(requests.RequestException):
        read(url, seconds=0.4)


@pytest.mark.timeout(60)
def test_headers_that_come_too_slowly_are_no_whole_reply() -> None:
    """A reply that is cut off in its headers would be taken for one without a body."""

    def pieces() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        for _ in range(200):
            time.sleep(0.05)
            yield b"X-Filler: a\r\n"

    with serving(pieces) as url, pytest.raises(requests.ReadTimeout):
        read(url, seconds=0.4)
