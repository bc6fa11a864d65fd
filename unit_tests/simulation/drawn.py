"""Read many randomly drawn servers in several processes: `python -m unit_tests.simulation.drawn`.

It prints every wrong read with the simplest server that causes it, and the count of each drawn property.
`--seed` is the number of the first draw. The same numbers draw the same servers on every machine. The exit
code is 1 if a read is wrong.
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
"""Number of draws in a task of a process."""


@dataclass
class Draws:
    """Results of many reads, with counts of the values of all properties by the result."""

    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    complete: Counter[tuple[str, object]] = field(default_factory=Counter)
    incomplete: Counter[tuple[str, object]] = field(default_factory=Counter)
    reads: int = 0

    def add(self, seed: int, verdict: Verdict) -> None:
        """Count a read."""
        self.reads += 1
        values = self.complete if verdict.is_complete else self.incomplete
        values.update((one.name, getattr(verdict.nature, one.name)) for one in fields(Nature))
        if verdict.wrong:
            simplest = shrink(verdict)
            self.wrong.append((seed, str(simplest.nature), simplest.wrong))

    def merge(self, other: Draws) -> None:
        """Add the results of another process."""
        self.wrong += other.wrong
        self.complete.update(other.complete)
        self.incomplete.update(other.incomplete)
        self.reads += other.reads


def nature_of(seed: int) -> Nature:
    """Return the nature that a seed draws."""
    return Nature.drawn(random.Random(seed))


def shrink(verdict: Verdict) -> Verdict:
    """Simplify the properties of a server as long as it is still read wrongly."""
    was_wrong = True
    while was_wrong:
        was_wrong = False
        for name, values in CHOICES.items():
            value = getattr(verdict.nature, name)
            for simpler in values[: values.index(value)]:
                attempt = read(replace(verdict.nature, **{name: simpler}))
                if attempt.wrong:
                    verdict, was_wrong = attempt, True
                    break
    return verdict


def read_drawn(seeds: Sequence[int]) -> Draws:
    """Read the server of each seed."""
    logging.disable(logging.CRITICAL)
    draws = Draws()
    for seed in seeds:
        draws.add(seed, read(nature_of(seed)))
    return draws


def main() -> int:
    """Read the servers and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first draw")
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
    print(f"\n{total.reads:,} drawn servers were read, {len(total.wrong):,} of them wrongly.")
    return 1 if total.wrong else 0


def table(draws: Draws) -> Iterator[str]:
    """Yield the lines of a table in Markdown with the counts of all values by the result."""
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
