"""What ends a sync, said so that the user knows what to change."""

from __future__ import annotations

import sys


class SyncError(Exception):
    """The sync could not be done; the message tells the user why."""


NEWEST_PYTHON = 12
"""The minor version of the newest Python 3 that PyAirbyte supports."""


class PyAirbyteMissing(SyncError):
    """PyAirbyte is not installed, or can't be on this Python."""

    def __init__(self, reason: str = "") -> None:
        self.fact = f"PyAirbyte is not installed{f' ({reason})' * bool(reason)}"
        super().__init__(f"{self.fact}. {self._remedy()}")

    @staticmethod
    def _remedy() -> str:
        install = 'pip install "airbyte-source-snow-atlas[sync]"'
        this = sys.version_info.minor
        if this <= NEWEST_PYTHON:
            return f"Install it with: {install}"
        return (
            f"It supports Python up to 3.{NEWEST_PYTHON}, and this is Python 3.{this}:"
            f" make an environment with Python 3.{NEWEST_PYTHON}, and in it {install}"
        )
