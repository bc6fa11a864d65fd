"""Headless Chromium, driven over a pipe with only the standard library.

It opens a file, records its messages and requests, and takes screenshots.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.sandbox_process import stop

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Program that duplicates the pipes to the descriptors 3 and 4, as the browser expects, and executes it."""
TIMEOUT = 120.0
"""Seconds to wait for each answer; on a loaded machine the browser starts slowly."""


class ChromiumUnavailable(Exception):
    """Error if there is no Chromium on this machine."""


class ChromiumError(Exception):
    """Error if the browser refuses a command or does not answer."""


@dataclass
class Observations:
    """Requests, messages and measurements of a page since it was opened."""

    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    overflow: dict[str, int] = field(default_factory=dict)
    """Number of pixels by which the page is wider than its window, by name of the window."""
    heights: dict[str, int] = field(default_factory=dict)


class Page:
    """One tab."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.seen = Observations()
        target = connection.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = connection.send("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = session["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one command of the DevTools protocol; events that arrive before its answer are recorded."""
        answer = self._connection.send(method, parameters, self._session)
        self._note()
        return answer

    def open(self, file: Path) -> None:
        """Open a file and wait until it has loaded."""
        self.seen = Observations()
        failed = self.send("Page.navigate", {"url": file.resolve().as_uri()}).get("errorText")
        if failed:
            raise ChromiumError(f"{file} can't be opened: {failed}")
        self.evaluate(
            "new Promise(done => document.readyState == 'complete' ? done() : addEventListener('load', done))"
        )

    def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page; promises are awaited."""
        parameters = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.send("Runtime.evaluate", parameters)
        if "exceptionDetails" in answer:
            raise ChromiumError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def set_window(self, *, width: int, height: int, dark: bool = False, scale: float = 1.0) -> None:
        """Set the size of the window and the preferred colour scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", {"features": [scheme]})

    def measure(self, window: str) -> None:
        """Record by how much the page is wider than the window, and its height."""
        wider = self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.seen.overflow[window] = int(wider)
        self.seen.heights[window] = int(self.evaluate("document.documentElement.scrollHeight"))

    def screenshot(self, *, whole: bool = True, kind: str = "png", quality: int | None = None) -> bytes:
        """Return an image of the window or of the whole page."""
        parameters: dict[str, Any] = {"format": kind, "captureBeyondViewport": whole}
        if quality is not None:
            parameters["quality"] = quality
        if whole:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            parameters["clip"] = {**size, "scale": 1}
        return base64.b64decode(self.send("Page.captureScreenshot", parameters)["data"])

    def pdf(self) -> bytes:
        """Return the page as PDF, on the paper size that it asks for."""
        parameters = {"preferCSSPageSize": True, "printBackground": False}
        return base64.b64decode(self.send("Page.printToPDF", parameters)["data"])

    def _note(self) -> None:
        for event in self._connection.events(self._session):
            parameters = event["params"]
            if event["method"] == "Network.requestWillBeSent":
                self.seen.requests.append(parameters["request"]["url"])
            elif event["method"] == "Runtime.consoleAPICalled":
                self.seen.messages.append(json.dumps(parameters["args"]))
            elif event["method"] == "Runtime.exceptionThrown":
                self.seen.messages.append(parameters["exceptionDetails"]["text"])
            elif event["method"] == "Log.entryAdded":
                self.seen.messages.append(parameters["entry"]["text"])


class Connection:
    """The two pipes, which carry JSON messages that end with a zero byte."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self._last = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(read, selectors.EVENT_READ)

    def send(
        self, method: str, parameters: Mapping[str, Any] | None = None, session: str | None = None
    ) -> dict[str, Any]:
        """Send a command and return its result; raise `ChromiumError` if the browser refuses it."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": dict(parameters or {})}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT
        while True:
            answer = self._message(deadline)
            if answer.get("id") != self._last:
                self._events.append(answer)
            elif "error" in answer:
                raise ChromiumError(f"{method}: {answer['error']['message']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def events(self, session: str) -> list[dict[str, Any]]:
        """Return the events of a tab since the last call."""
        own = [event for event in self._events if event.get("sessionId") == session]
        self._events = [event for event in self._events if event.get("sessionId") != session]
        return own

    def _message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise ChromiumError("the browser does not answer")
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise ChromiumError("the browser has exited")
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        decoded: dict[str, Any] = json.loads(message)
        return decoded


def _high(descriptor: int) -> int:
    """Move a descriptor to a number above 4; the browser needs 3 and 4 for its pipes."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


@contextmanager
def chromium() -> Iterator[Page]:
    """Start a browser with a profile of its own, and yield a tab of it."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise ChromiumUnavailable(f"none of {', '.join(PROGRAMS)} is installed")
    (to_browser, ours_to_write), (ours_to_read, from_browser) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        theirs = [_high(to_browser), _high(from_browser)]
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, *map(str, theirs), *command],
            pass_fds=theirs,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )
        for descriptor in theirs:
            os.close(descriptor)
        try:
            yield Page(Connection(ours_to_write, ours_to_read))
        finally:
            os.close(ours_to_write)
            os.close(ours_to_read)
            stop(process)
