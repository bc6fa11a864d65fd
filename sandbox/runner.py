"""The sandbox as an object: the API and the made-up company, served in a thread of its own."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web

from sandbox.api import tls
from sandbox.api.churn import Churn
from sandbox.api.control import Control
from sandbox.api.recording import Counts, Exchange
from sandbox.api.route import Route
from sandbox.api.server import Server
from sandbox.api.settings import Settings
from sandbox.api.tokens import Client
from sandbox.company.estate import Estate
from sandbox.routes import all_routes

# At the end, replies that a fault delays are dropped rather than awaited.
_SHUTDOWN_SECONDS = 0.2


class Sandbox:
    """Running stand-in for the API: ``with Sandbox(computers=60, seed=1) as sandbox: …``.

    Further keywords are fields of ``Settings``. With ``ugly`` the data has nulls, odd dates and odd names.
    With ``months`` the company is shown as it was that many months ago, until ``control.show`` changes the
    day. ``estate`` and ``routes`` replace the company and its operations, for tests of the server itself.
    """

    def __init__(
        self,
        computers: int = 60,
        seed: int = 1,
        *,
        port: int = 0,
        use_tls: bool = False,
        ugly: bool = False,
        estate: Any = None,
        routes: Iterable[Route] | None = None,
        **settings: Any,
    ) -> None:
        self.server = Server(
            Settings(**settings),
            Estate(computers, seed, ugly=ugly) if estate is None else estate,
            all_routes() if routes is None else routes,
        )
        self.control = Control(self.server)
        if self.settings.months:
            self.control.show(self.control.month_ends[0])
        self.ca_file: Path | None = None
        self.url = ""
        self._port = port
        self._use_tls = use_tls
        self._client = self.server.tokens.add_client()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._loop = asyncio.new_event_loop()
        self._runner: web.ServerRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)

    @property
    def client_id(self) -> str:
        """Return the id of the first client, which has all permissions."""
        return self._client.client_id

    @property
    def client_secret(self) -> str:
        """Return the current secret of the first client."""
        return self._client.client_secret

    @property
    def settings(self) -> Settings:
        """Return the settings of the server."""
        return self.server.settings

    @property
    def estate(self) -> Any:
        """Return the made-up company as of the day that is shown."""
        return self.server.estate

    @property
    def churn(self) -> Churn:
        """Return the record of the rows that changed while clients read."""
        return self.server.churn

    @property
    def counts(self) -> Counts:
        """Return the totals of the requests since the last reset."""
        return self.server.counts()

    @property
    def requests(self) -> list[Exchange]:
        """Return the requests since the last reset, in the order in which they ended."""
        return self.server.recorder.requests()

    @property
    def internal_errors(self) -> list[Exception]:
        """Return the exceptions raised by the sandbox itself; each is a bug of the sandbox."""
        return self.server.internal_errors

    def reset_counts(self) -> None:
        """Forget the recorded requests and reset all counts."""
        self.server.reset_counts()

    def rows(self, path: str) -> Any:
        """Return everything the API holds at a path, unpaged; the path may have a query."""
        return self.server.rows(path)

    def config(self, client: Client | None = None, **overrides: Any) -> dict[str, Any]:
        """Return a connector configuration for this sandbox; an override of ``None`` removes the property."""
        client = client or self._client
        config: dict[str, Any] = {
            "region": self.settings.region,
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "api_url": self.url,
            **overrides,
        }
        return {name: value for name, value in config.items() if value is not None}

    def start(self) -> Sandbox:
        """Start listening on a loopback port."""
        context = None
        if self._use_tls:
            self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
            context, self.ca_file = tls.make_certificate(Path(self._folder.name))
            self.server.scheme = "https"
        self._thread.start()

        async def listen() -> int:
            self._runner = web.ServerRunner(
                web.Server(self.server.handle, access_log=None), shutdown_timeout=_SHUTDOWN_SECONDS
            )
            await self._runner.setup()
            site = web.TCPSite(
                self._runner, "127.0.0.1", self._port, ssl_context=context, backlog=512, reuse_address=True
            )
            await site.start()
            port: int = self._runner.addresses[0][1]
            return port

        try:
            port = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(timeout=30)
        except BaseException:
            self.stop()
            raise
        self.url = f"{self.server.scheme}://127.0.0.1:{port}"
        return self

    def stop(self) -> None:
        """Stop listening and end the thread."""
        if self._loop.is_closed():
            return

        async def close() -> None:
            if self._runner is not None:
                await self._runner.cleanup()
            # Closed connections are released in the next iterations of the loop.
            for _ in range(3):
                await asyncio.sleep(0)

        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(close(), self._loop).result(timeout=30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=30)
        self._loop.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
