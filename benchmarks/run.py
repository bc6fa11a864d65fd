"""Measure the connector and its alternatives: `python -m benchmarks.run --help`.

New samples of a work replace the old ones, and those of other works are kept, so works can be run one by one.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import contenders, report
from benchmarks.environments import PROJECT, executable, versions
from benchmarks.rate_limit import run_rate_limit
from benchmarks.rate_limits import run_rate_limits
from benchmarks.session import Plan, Sample, run_start_up, run_work
from benchmarks.works import NAMES, OURS, RATE_LIMIT, RATE_LIMITS, START_UP, WORKS

RESULTS = PROJECT / "benchmarks" / "results.json"
PAGE = PROJECT / "benchmarks" / "results.md"
SUMMARY = PROJECT / "docs" / "performance.md"
PICTURE = PROJECT / "docs" / "performance.svg"
BUSY = 0.5
"""Load average above which a warning is printed."""


def arguments() -> argparse.Namespace:
    """Parse the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.splitlines()[0])
    names = ", ".join(NAMES)
    parser.add_argument(
        "--works", type=_list(NAMES), default=list(NAMES), help=f"some of {names} (default: all)"
    )
    everybody = tuple(contenders.LABELS)
    parser.add_argument(
        "--contenders",
        type=_list(everybody),
        default=list(everybody),
        help=f"some of {', '.join(everybody)} (default: all)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each work")
    parser.add_argument("--slow-rounds", type=int, default=3, help="rounds of slow contenders")
    parser.add_argument(
        "--slow-seconds", type=float, default=20, help="wall time from which a contender is slow"
    )
    parser.add_argument("--timeout", type=int, default=1800, help="seconds until a run is killed")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of the samples")
    parser.add_argument("--page", type=Path, default=PAGE, help="page of the tables")
    parser.add_argument("--summary", type=Path, default=SUMMARY, help="page of the summary for users")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="file of the chart")
    parser.add_argument(
        "--report-only", action="store_true", help="write pages and chart without new samples"
    )
    return parser.parse_args()


def _list(known: tuple[str, ...]) -> Any:
    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",")]
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(
                f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}"
            )
        return names

    return parse


def samples(options: argparse.Namespace) -> Iterator[Sample]:
    """Run the selected works and yield their samples."""
    plan = Plan(options.rounds, options.slow_rounds, options.slow_seconds, options.timeout)
    for work in WORKS:
        names = [name for name in work.contenders if name in options.contenders]
        if work.name in options.works and names:
            print(f"\n{work.title}", file=sys.stderr)
            yield from run_work(work, names, plan)
    if OURS in options.contenders:
        if START_UP in options.works:
            print("\nCommands that read no records", file=sys.stderr)
            yield from run_start_up(plan)
        if RATE_LIMIT in options.works:
            print("\nA server with a rate limit", file=sys.stderr)
            yield run_rate_limit(options.timeout)
        if RATE_LIMITS in options.works:
            print("\nServers with all kinds of limits", file=sys.stderr)
            yield from run_rate_limits(min(options.rounds, options.slow_rounds), options.timeout)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the works, and save the results after each sample."""
    for name in options.contenders:
        contenders.prepare(name)
    results = _load(options.results)
    results["date"] = datetime.date.today().isoformat()
    results["machine"] = machine()
    for name in options.contenders:
        if name in contenders.DISTRIBUTIONS:
            results["versions"][name] = versions(*contenders.DISTRIBUTIONS[name])
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"The machine is busy (load {load:.1f}), which distorts the figures.", file=sys.stderr)
    warm_up(options)
    run = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    replaced: set[tuple[str, str]] = set()
    for measured in samples(options):
        sample = {**measured, "run": run}
        key = (sample["work"], sample["contender"])
        if key not in replaced:
            replaced.add(key)
            results["samples"] = [old for old in results["samples"] if (old["work"], old["contender"]) != key]
        results["samples"].append(sample)
        _save(options.results, results)
        verdict = "; ".join(sample["problems"])
        print(
            f"  {sample['contender']:18} {sample['wall']:8.2f} s wall {sample['cpu']:8.2f} s processor"
            f" {sample['rss'] / 2**20:6.0f} MiB {verdict}",
            file=sys.stderr,
            flush=True,
        )
    return results


def warm_up(options: argparse.Namespace) -> None:
    """Run every contender once, so that its files are in the cache of the system."""
    work = next(work for work in WORKS if work.name == "A50-page")
    plan = Plan(rounds=1, slow_rounds=1, slow_seconds=options.slow_seconds, timeout=options.timeout)
    names = [name for name in work.contenders if name in options.contenders]
    for sample in run_work(work, names, plan) if names else ():
        for problem in sample["problems"]:
            print(f"{sample['contender']}: {problem}", file=sys.stderr)


def machine() -> str:
    """Describe the hardware and the system, without names."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        models = []
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    model = models[0] if models else platform.machine()
    return (
        f"{os.cpu_count()} cores ({model}), shared by server and contender; "
        f"{gibibytes:.0f} GiB of memory; {system}"
    )


def draw(options: argparse.Namespace) -> None:
    """Draw the chart in its own environment, which has matplotlib."""
    command = [
        executable("chart"),
        "-m",
        "benchmarks.chart",
        str(options.results.resolve()),
        str(options.picture.resolve()),
    ]
    subprocess.run(command, cwd=PROJECT, check=True)


def _load(path: Path) -> dict[str, Any]:
    if path.exists():
        results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return results
    return {"date": "", "machine": "", "versions": {}, "samples": []}


def _save(path: Path, results: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(sample) for sample in results["samples"])
    head = json.dumps({name: value for name, value in results.items() if name != "samples"})
    path.write_text(f'{head[:-1]}, "samples": [\n{lines}\n]}}\n', encoding="utf-8")


def main() -> int:
    """Measure, and write the pages and the chart. Returns 1 if the output of a contender is wrong."""
    options = arguments()
    results = _load(options.results) if options.report_only else measure(options)
    for page, text in ((options.page, report.figures), (options.summary, report.summary)):
        report.write(page, text(results, os.path.relpath(options.picture, page.parent)))
    draw(options)
    return int(any(sample["problems"] for sample in results["samples"]))


if __name__ == "__main__":
    sys.exit(main())
