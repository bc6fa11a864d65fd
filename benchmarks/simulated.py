"""Cost of changes and refusals in virtual time: `python -m benchmarks.simulated` prints tables in Markdown.

Seeds determine all figures, so they are the same on every machine. `--large` adds reads of 50,000 pages, each
of which takes minutes of processor time.
"""

import argparse
import logging
from collections.abc import Callable, Sequence
from functools import partial
from statistics import mean

from unit_tests.simulation.limits import LIMITS, WITH_SLOW_REQUESTS, Make, Unpredictable, slow_requests
from unit_tests.simulation.pace_run import measure
from unit_tests.simulation.virtual_time import read_by_clock

WORKS = ((200, 100, 1.0, 200), (200, 100, 5.0, 200), (400, 200, 3.0, 50), (200, 100, 50.0, 200))
"""Number of pages, latency in milliseconds, changes per second, number of reads."""
LARGE = (50_000, 300, 1.0)
BOTH = (True, False)
STEADY = ("none", "bucket", "window", "in-flight", "shedding", "shared", "leftover", "every-11th")
SERVERS: dict[str, Callable[[int], Make]] = {
    **{LIMITS[kind].name: LIMITS[kind].make for kind in STEADY},
    "1 % at random": lambda _: partial(Unpredictable, share=0.01),
    "15 % at random": lambda _: partial(Unpredictable, share=0.15),
    **{limit.name: limit.make for kind, limit in LIMITS.items() if kind not in STEADY},
}
"""Constructors of servers, by the number of requests."""


def main() -> None:
    """Print the tables."""
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--large", type=int, default=0, metavar="READS", help="number of reads of 50,000 pages"
    )
    parser.add_argument(
        "--large-rows", type=int, default=1000, metavar="ROWS", help="rows in each of these pages"
    )
    parser.add_argument("--only-large", action="store_true")
    arguments = parser.parse_args()
    if not arguments.only_large:
        _refusals()
        _slow_requests()
        _changes([(*work, 500, totals) for totals in (True, False) for work in WORKS])
    if arguments.large:
        pages, latency, rate = LARGE
        _changes([(pages, latency, rate, arguments.large, arguments.large_rows, True)])


def _refusals() -> None:
    print("| server | 600 requests | without `Retry-After` | 2,000 requests | without `Retry-After` |")
    print("|---|---|---|---|---|")
    for name, make in SERVERS.items():
        cells = [measure(make(work), work, announces) for work in (600, 2000) for announces in BOTH]
        _row(name, cells)


def _slow_requests() -> None:
    print("\n| server | ten in flight | without `Retry-After` | 40 in flight | without `Retry-After` |")
    print("|---|---|---|---|---|")
    for kind, options in slow_requests(600).items():
        for name, server in WITH_SLOW_REQUESTS.items():
            make = partial(server, **options)
            cells = [
                measure(make, 600, announces, workers=workers, in_order=False)
                for workers in (10, 40)
                for announces in BOTH
            ]
            _row(f"{name}; {kind}", cells)


def _row(name: str, measured: Sequence[tuple[float, float, int]]) -> None:
    cells = [
        f"{ratio:.2f} ({refused:.1%}{', inside a wait' if inside else ''})"
        for ratio, refused, inside in measured
    ]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _changes(works: Sequence[tuple[int, int, float, int, int, bool]]) -> None:
    print(
        "\n| work | `total_items` | reads | wall over unchanged | requests over unchanged "
        "| rows lost | rows repeated |"
    )
    print("|---|---|---|---|---|---|---|")
    for pages, latency, rate, count, size, totals in works:
        options = {"page_size": size, "latency": latency / 1000, "totals": totals}
        unchanged = read_by_clock(pages * size, 0, rate=0.0, **options)
        reads = [read_by_clock(pages * size, seed, rate=rate, **options) for seed in range(1, count + 1)]
        print(
            f"| {pages:,} pages of {size}, {latency} ms, {rate:g} changes/s "
            f"| {'yes' if totals else 'no'} | {count} "
            f"| {mean(read.seconds for read in reads) / unchanged.seconds:.3f} "
            f"| {mean(read.requests for read in reads) / unchanged.requests:.3f} "
            f"| {sum(read.lost for read in reads)} | {sum(read.repeated for read in reads)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
