"""Connections whose replies must begin in time, and that are not used again after a pause.

`requests` bounds the seconds between two pieces of a reply only, which a header that comes a byte at a time
never exceeds. A watch shuts the connection when the status line and the headers are not complete by then; the
request fails like any other that got no whole reply.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

SECONDS_BETWEEN_LOOKS = 5.0
BETWEEN_PIECES = 60.0
"""Seconds between two pieces of a body: only the first byte of a reply may take longer."""
LONGEST_IDLE = 30.0
"""Seconds after which a connection is made anew: servers, proxies and firewalls close idle ones, some of them
without a word, after a minute and more.
"""

# it logs headers that it can't read, and so what a server echoes in them
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


def no_ambient_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` for requests that adds nothing: without one, requests would send what a .netrc file holds for
    the host.
    """
    return request


class Watch:
    """Shuts connections that are past their time; one thread for all, while any is under way."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._due: dict[int, tuple[float, socket.socket]] = {}
        self._shut: set[int] = set()
        self._thread: threading.Thread | None = None

    def begin(self, connection: socket.socket) -> None:
        """The reply of the connection has to begin now."""
        with self._lock:
            self._due[id(connection)] = (time.monotonic() + self.seconds, connection)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
                self._thread.start()

    def end(self, connection: socket.socket) -> bool:
        """Its headers are complete, or it has failed. Whether it was shut because it was late."""
        with self._lock:
            self._due.pop(id(connection), None)
            was_shut = id(connection) in self._shut
            self._shut.discard(id(connection))
            return was_shut

    def _look(self) -> None:
        while True:
            time.sleep(min(SECONDS_BETWEEN_LOOKS, self.seconds / 2))
            now = time.monotonic()
            with self._lock:
                if not self._due:
                    self._thread = None
                    return
                late = [connection for due, connection in self._due.values() if due < now]
                self._shut.update(map(id, late))
            for connection in late:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class WatchedAdapter(HTTPAdapter):
    """An adapter for `requests` whose connections are watched until the headers of a reply are complete."""

    def __init__(self, seconds: float, **options: Any) -> None:
        self._watch = Watch(seconds)
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As in HTTPAdapter, with watched connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """As in HTTPAdapter, with watched connections."""
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict[str, Any]:
        watch = self._watch

        class Watched:
            sock: socket.socket
            used_at = float("inf")

            @property
            def is_connected(self) -> bool:
                """As in urllib3, which asks before it uses a connection again."""
                is_fresh = time.monotonic() - self.used_at < LONGEST_IDLE
                return is_fresh and bool(super().is_connected)  # type: ignore[misc]

            def getresponse(self) -> Any:
                sock = self.sock
                watch.begin(sock)
                try:
                    response = super().getresponse()  # type: ignore[misc]
                finally:
                    self.used_at = time.monotonic()
                    if watch.end(sock):  # headers that are cut off look like whole ones without a body
                        raise TimeoutError("the headers were not complete in time")
                with suppress(OSError):
                    sock.settimeout(min(BETWEEN_PIECES, watch.seconds))
                return response

        class Http(Watched, urllib3.connection.HTTPConnection):
            pass

        class Https(Watched, urllib3.connection.HTTPSConnection):
            pass

        class HttpPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Http

        class HttpsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Https

        return {"http": HttpPool, "https": HttpsPool}
