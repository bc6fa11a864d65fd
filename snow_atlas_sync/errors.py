"""What ends a sync, said so that the user knows what to change."""


class SyncError(Exception):
    """The sync could not be done; the message tells the user why."""


class Stopped(BaseException):
    """A signal asked the process to end."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal
