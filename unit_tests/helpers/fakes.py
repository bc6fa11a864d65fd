"""A secret to look for in all output, and a clock that nobody waits for."""

from __future__ import annotations

SECRET = "a very secret client secret ö&="


class FakeClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.sleeps.append(seconds)
        self.now += seconds
