"""Drives a headless Chromium over a pipe, with nothing but the standard library: open a file, see what it
says and asks for, take pictures of it.
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
STARTER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the pipes where the browser reads its commands, 3, and writes its answers, 4, and becomes the browser.
"""
PATIENCE = 120.0
"""Seconds within which every answer has to come; a loaded machine takes its time to start the browser."""


class ChromiumUnavailable(Exception):
    """There is no Chromium on this machine."""


class ChromiumError(Exception):
    """The browser refused something, or did not answer."""


@dataclass
class Seen:
    """What a page said and asked for since it was opened."""

    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    overflow: dict[str, int] = field(default_factory=dict)
    """By how many pixels the page is wider than its window, for each window it was looked at in."""
    heights: dict[str, int] = field(default_factory=dict)


class Page:
    """One tab."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.seen = Seen()
        target = connection.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = connection.ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = session["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One command of the DevTools protocol; events that come before its answer are noted."""
        answer = self._connection.ask(method, parameters, self._session)
        self._note()
        return answer

    def open(self, file: Path) -> None:
        """Open a file, and wait until it has been loaded."""
        self.seen = Seen()
        failed = self.ask("Page.navigate", {"url": file.resolve().as_uri()}).get("errorText")
        if failed:
            raise ChromiumError(f"{file} can't be opened: {failed}")
        self.evaluate(
            "new Promise(done => document.readyState == 'complete' ? done() : addEventListener('load', done))"
        )

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        parameters = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.ask("Runtime.evaluate", parameters)
        if "exceptionDetails" in answer:
            raise ChromiumError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def look(self, *, width: int, height: int, dark: bool = False, scale: float = 1.0) -> None:
        """Set the size of the window and the colour scheme that the user prefers."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", {"features": [scheme]})

    def measure(self, window: str) -> None:
        """Note by how much the page is wider than the window, and how high it is."""
        wider = self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.seen.overflow[window] = int(wider)
        self.seen.heights[window] = int(self.evaluate("document.documentElement.scrollHeight"))

    def picture(self, *, whole: bool = True, kind: str = "png", quality: int | None = None) -> bytes:
        """The window, or the whole page, as an image."""
        parameters: dict[str, Any] = {"format": kind, "captureBeyondViewport": whole}
        if quality is not None:
            parameters["quality"] = quality
        if whole:
            size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
            parameters["clip"] = {**size, "scale": 1}
        return base64.b64decode(self.ask("Page.captureScreenshot", parameters)["data"])

    def printed(self) -> bytes:
        """The page as PDF, on the paper that it asks for."""
        parameters = {"preferCSSPageSize": True, "printBackground": False}
        return base64.b64decode(self.ask("Page.printToPDF", parameters)["data"])

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
    """The two pipes: messages in JSON, each ended by a zero byte."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self._last = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(read, selectors.EVENT_READ)

    def ask(
        self, method: str, parameters: Mapping[str, Any] | None = None, session: str | None = None
    ) -> dict[str, Any]:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": dict(parameters or {})}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
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
        """The events of a tab that came since the last call."""
        own = [event for event in self._events if event.get("sessionId") == session]
        self._events = [event for event in self._events if event.get("sessionId") != session]
        return own

    def _message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise ChromiumError("the browser does not answer")
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise ChromiumError("the browser has ended")
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        decoded: dict[str, Any] = json.loads(message)
        return decoded


def _high(descriptor: int) -> int:
    """The same under a number that is neither 3 nor 4, where the browser wants its pipes."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


@contextmanager
def chromium() -> Iterator[Page]:
    """A tab of a browser that knows nothing of any other one on this machine, for as long as the block
    lasts.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise ChromiumUnavailable(f"none of {', '.join(PROGRAMS)} is installed")
    (to_browser, ours_to_write), (ours_to_read, from_browser) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        theirs = [_high(to_browser), _high(from_browser)]
        process = subprocess.Popen(
            [sys.executable, "-c", STARTER, *map(str, theirs), *command],
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
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
