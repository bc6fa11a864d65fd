"""Errors that end a sync."""


class SyncError(Exception):
    """Error whose message tells the user why the sync failed. It gets a full stop if it has none."""

    def __init__(self, message: str) -> None:
        super().__init__(sentence(message))


def sentence(text: str) -> str:
    """Return a text with a full stop, unless it ends with a punctuation mark."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


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
