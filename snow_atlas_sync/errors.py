"""Errors that end a sync."""


class SyncError(Exception):
    """Error whose message tells the user why the sync failed."""


class Stopped(BaseException):
    """Raised by a signal. It is no Exception, as libraries would catch that."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


received_signals: list[int] = []
"""Signals that asked the process to end."""


def stop_if_asked() -> None:
    """Raise Stopped again if a library swallowed the first one while it was imported."""
    if received_signals:
        raise Stopped(received_signals[0])
