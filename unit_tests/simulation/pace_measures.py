"""The servers that the pace is held against, and how far it is from a client that knows the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from statistics import median
from typing import Any

from unit_tests.simulation.pace_run import all_knowing, run
from unit_tests.simulation.pace_servers import Bucket, Every, InFlight, Leftover, Server, Shedding, Window

Make = Callable[..., Server]
FIXED: dict[str, Make] = {
    "no limit": Server,
    "bucket of 20, 20 a second": Bucket,
    "window of 100 in 10 s": Window,
    "4 in flight": InFlight,
}
OTHER: dict[str, Make] = {
    "5 % at random": Shedding,
    "a share of another client": lambda **options: Bucket(other_rate=15, **options),
    "the first ten": Leftover,
    "every 11th": Every,
    "1 % at random": lambda **options: Shedding(share=0.01, **options),
    "15 % at random": lambda **options: Shedding(share=0.15, **options),
}
VARIED: dict[str, Make] = {
    "10 a second": lambda **options: Bucket(rate=10, burst=10, retry_after=1, **options),
    "50 a second, burst 5": lambda **options: Bucket(rate=50, burst=5, retry_after=1, **options),
    "100 a second, burst 100": lambda **options: Bucket(rate=100, burst=100, retry_after=3, **options),
    "20 in 1 s": lambda **options: Window(allowed=20, seconds=1, **options),
    "600 in 60 s": lambda **options: Window(allowed=600, seconds=60, **options),
    "1 in flight": lambda **options: InFlight(allowed=1, **options),
    "7 in flight, wait of 2 s": lambda **options: InFlight(allowed=7, retry_after=2, **options),
    "5 % at random, wait of 5 s": lambda **options: Shedding(retry_after=5, **options),
}
WITH_SLOW_REQUESTS: dict[str, Make] = {
    "no limit": Server,
    "bucket of 20, 20 a second": Bucket,
    "bucket of 10, 10 a second": lambda **options: Bucket(rate=10, burst=10, **options),
    "window of 100 in 10 s": Window,
    "4 in flight": InFlight,
}


def slow(name: str, work: int) -> dict[str, Make]:
    """A server that becomes slow when half of the work is done, or that is slow now and then."""
    make = WITH_SLOW_REQUESTS[name]
    return {
        "3 s halfway": partial(make, slow_share=1.0, slow=3.0, slow_after=work // 2),
        "10 % take 4 s": partial(make, slow_share=0.1, slow=4.0),
        "2 % take 10 s": partial(make, slow_share=0.02, slow=10.0),
    }


def changing(name: str, work: int) -> Make:
    """A limit that changes by four times when half of the work is done."""
    half = work // 2
    return {
        "bucket up": lambda **options: Bucket(change_at=half, change_to=80, **options),
        "bucket down": lambda **options: Bucket(rate=80, change_at=half, change_to=20, **options),
        "in flight up": lambda **options: InFlight(allowed=2, change_at=half, change_to=8, **options),
        "in flight down": lambda **options: InFlight(allowed=8, change_at=half, change_to=2, **options),
    }[name]


def measure(
    make: Make, work: int, announces: bool, seeds: Iterable[int] = range(5), **options: Any
) -> tuple[float, float, int]:
    """Medians over the seeds: time over that of a client that knows, share of refusals; and how often an
    announced wait was broken.
    """
    ratios, shares, inside = [], [], 0
    for seed in seeds:
        known = all_knowing(
            make(seed=seed, announces=announces),
            work,
            options.get("workers", 10),
            options.get("latency", 0.05),
        )
        outcome = run(make(seed=seed, announces=announces), work=work, limit=10 * known + 60, **options)
        ratios.append(outcome.seconds / known)
        shares.append(outcome.refused / outcome.requests)
        inside += outcome.inside_waits
    return median(ratios), median(shares), inside
