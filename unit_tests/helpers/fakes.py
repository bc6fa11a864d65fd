"""Secret of the tests, and a fake clock."""

from __future__ import annotations

SECRET = "a very secret client secret ö&="


class FakeClock:
    """Clock that advances only with `sleep`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock at once."""
        self.sleeps.append(seconds)
        self.now += seconds
