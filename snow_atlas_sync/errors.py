"""What ends a sync, said so that the user knows what to change."""


class SyncError(Exception):
    """The sync could not be done; the message tells the user why."""


class Stopped(BaseException):
    """A signal asked the process to end."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


asked: list[int] = []
"""Signals that asked the process to end."""


def stop_if_asked() -> None:
    """Raise Stopped once more where the first one was lost: the import of a library can swallow it."""
    if asked:
        raise Stopped(asked[0])
