"""Reply bodies of bounded size: what a server sends without end, or packed a thousand times smaller, must not
take the memory.

A body may have 256 MiB when it is unpacked, and five minutes from its first byte to its last. All bodies
under way may hold a few MiB each; what goes beyond is let in for one body at a time. What unpacks to hundreds
of times its size is nothing but padding.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from source_snow_atlas.components.basics.errors import MalformedReply

LARGEST = 256 * 2**20
"""Decoded bytes of a reply. Pages of 1000 rows have one to a few MiB."""
LONGEST = 300.0
"""Seconds from the first byte to the last."""
PIECE = 256 * 2**10
SHARED = 24 * 2**20
"""Decoded bytes that all bodies under way may hold together before they wait for one another."""
PADDING_RATIO, PADDING_FROM = 200, 16 * 2**20
"""Decoded over received bytes, from which on, and decoded bytes, from which on, a body is refused as padding.
JSON packs 5 to 30 times.
"""


class BodyReader:
    """Reads the bodies of one client's replies; for any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._large = threading.Lock()
        self._held = 0

    def read(self, raw: Any, largest: int = LARGEST, longest: float = LONGEST) -> bytes | bytearray:
        """The decoded body of a urllib3 response. Raises MalformedReply past a bound, and what reading
        raises.
        """
        began = self._clock()
        first = raw.read1(PIECE, decode_content=True)
        second = raw.read1(PIECE, decode_content=True) if first else b""
        if not second:
            return bytes(first)
        body = bytearray(first)
        body += second
        is_large = False
        held = 0
        try:
            while True:
                with self._lock:
                    self._held += len(body) - held
                    held = len(body)
                    crowded = self._held > SHARED
                if crowded and not is_large:
                    self._large.acquire()
                    is_large = True
                piece = raw.read1(PIECE, decode_content=True)
                if not piece:
                    return body
                body += piece
                self._check(len(body), raw, largest, longest, began)
        finally:
            with self._lock:
                self._held -= held
            if is_large:
                self._large.release()

    def _check(self, size: int, raw: Any, largest: int, longest: float, began: float) -> None:
        if size > largest:
            raise MalformedReply(
                f"it is larger than {largest // 2**20} MiB, the most that is read of a reply"
            )
        if size > PADDING_FROM and size > PADDING_RATIO * max(1, raw.tell()):
            raise MalformedReply(
                f"it unpacks to {size // max(1, raw.tell())} times its size and more, which no data does"
            )
        if self._clock() - began > longest:
            raise MalformedReply(f"its end did not come within {longest:.0f} s of its beginning")
