"""Read a great many drawn servers, shared among processes: `python -m unit_tests.simulation.drawn`.

Prints every reading that is wrong, shrunk to its plainest server, and how often each property was drawn.

`--seed` is the number of the first draw; the same numbers draw the same servers on every machine. The exit
code is 1 where a reading is wrong.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields, replace

from unit_tests.simulation.nature import CHOICES, Nature
from unit_tests.simulation.verdict import Verdict, read

CHUNK = 500
"""Draws that a process does at a time."""


@dataclass
class Draws:
    """What many readings came to. `values` counts the values of every property, of COMPLETE readings and of
    INCOMPLETE ones.
    """

    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    complete: Counter[tuple[str, object]] = field(default_factory=Counter)
    incomplete: Counter[tuple[str, object]] = field(default_factory=Counter)
    readings: int = 0

    def add(self, seed: int, verdict: Verdict) -> None:
        """Count one reading."""
        self.readings += 1
        values = self.complete if verdict.is_complete else self.incomplete
        values.update((one.name, getattr(verdict.nature, one.name)) for one in fields(Nature))
        if verdict.wrong:
            least = shrunk(verdict)
            self.wrong.append((seed, str(least.nature), least.wrong))

    def merge(self, other: Draws) -> None:
        """Add the readings of another process."""
        self.wrong += other.wrong
        self.complete.update(other.complete)
        self.incomplete.update(other.incomplete)
        self.readings += other.readings


def nature_of(seed: int) -> Nature:
    """The server that a seed draws."""
    return Nature.drawn(random.Random(seed))


def shrunk(verdict: Verdict) -> Verdict:
    """The plainest nature that is still read wrongly: each property is set back as far as it goes."""
    was_wrong = True
    while was_wrong:
        was_wrong = False
        for name, values in CHOICES.items():
            value = getattr(verdict.nature, name)
            for plainer in values[: values.index(value)]:
                attempt = read(replace(verdict.nature, **{name: plainer}))
                if attempt.wrong:
                    verdict, was_wrong = attempt, True
                    break
    return verdict


def read_drawn(seeds: Sequence[int]) -> Draws:
    """Read the server of each seed once."""
    logging.disable(logging.CRITICAL)
    draws = Draws()
    for seed in seeds:
        draws.add(seed, read(nature_of(seed)))
    return draws


def main() -> int:
    """Read them all and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="the number of the first draw")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + max(0, arguments.draws))
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    total = Draws()
    with ProcessPoolExecutor(max(1, arguments.processes)) as pool:
        for draws in pool.map(read_drawn, chunks):
            for seed, nature, wrong in draws.wrong:
                print(f"draw {seed}: {wrong}\n    {nature}", flush=True)
            total.merge(draws)
    for line in table(total):
        print(line)
    print(f"\n{total.readings:,} drawn servers were read, {len(total.wrong):,} of them wrongly.")
    return 1 if total.wrong else 0


def table(draws: Draws) -> Iterator[str]:
    """The lines of a Markdown table: how often every value was drawn, and how the readings ended."""
    yield "| property | value | COMPLETE | INCOMPLETE |"
    yield "|---|---|---|---|"
    for name, values in CHOICES.items():
        if name == "seed":
            continue
        for value in sorted(set(values), key=values.index):
            counted = (name, value)
            yield f"| {name} | {value} | {draws.complete[counted]:,} | {draws.incomplete[counted]:,} |"


if __name__ == "__main__":
    sys.exit(main())
