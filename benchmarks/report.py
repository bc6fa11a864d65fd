"""Write the measured figures into benchmarks/results.md, and a summary of them into docs/performance.md."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contenders import LABELS
from benchmarks.works import (
    CDK,
    COMMAND_GOALS,
    DLT_PARALLEL,
    EVERYBODY,
    GOALS,
    KNOWING_GOAL,
    MEBIBYTE,
    MEMORY_GOAL,
    MEMORY_GROWTH_GOAL,
    OURS,
    PARENTS_MEMORY_GOAL,
    PROCESSOR_GOAL,
    RATE_GOAL,
    RATE_LIMIT,
    RATE_LIMITS,
    REFUSED_GOAL,
    REFUSED_OF_FIXED_GOAL,
    START_UP,
    WORKS,
)
from unit_tests.simulation.limits import LIMITS

SUMMARY = {
    "A50": "100,000 records, 50 ms a request",
    "A200": "the same, 200 ms a request",
    "B": "20 streams of 5,000 records, 50 ms",
    "C": "one request for each of 1,000 computers, 50 ms",
}
"""Works on the page for users, with their headings."""
BEGIN = "<!-- figures: written by `make bench`, do not edit -->"
END = "<!-- end of the figures -->"
Sample = dict[str, Any]
_TITLES = {work.name: work.title for work in WORKS}
_RECORDS = 100_000
_PAGE = 1000


class Samples:
    """Samples by work and contender. `bad` has those with a wrong output."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._all = list(samples)
        self.bad = [sample for sample in self._all if sample["problems"]]

    def of(self, work: str, contender: str) -> list[Sample]:
        """Return the good samples of a contender in a work, in the order of the rounds."""
        found = (sample for sample in self._all if (sample["work"], sample["contender"]) == (work, contender))
        return sorted((sample for sample in found if not sample["problems"]), key=lambda item: item["round"])

    def values(self, work: str, contender: str, field: str) -> list[float]:
        """Return a field of these samples."""
        return [float(sample[field]) for sample in self.of(work, contender)]

    def ratios(self, work: str, contender: str, other: str, field: str = "wall") -> list[float]:
        """Return the ratios of two contenders in the same rounds, in which both are disturbed alike."""
        others = {(sample["run"], sample["round"]): float(sample[field]) for sample in self.of(work, other)}
        return [
            float(sample[field]) / others[sample["run"], sample["round"]]
            for sample in self.of(work, contender)
            if (sample["run"], sample["round"]) in others
        ]

    def processor_per_record(self, contender: str) -> float | None:
        """Return the microseconds of processor time per record of A, without the first page."""
        whole, page = self.values("A50", contender, "cpu"), self.values("A50-page", contender, "cpu")
        if not whole or not page:
            return None
        return (median(whole) - median(page)) / (_RECORDS - _PAGE) * 1e6


def spread(values: list[float], form: Callable[[float], str]) -> str:
    """Format the median, with minimum and maximum."""
    if not values:
        return ""
    middle, least, most = form(median(values)), form(min(values)), form(max(values))
    return middle if least == most else f"{middle} ({least} to {most})"


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Format a table in Markdown. Without rows it is empty."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines]) + "\n"


def figures(results: dict[str, Any], picture: str) -> str:
    """Return the figures of the developers' page: every measurement, with the picture at a relative path."""
    samples = Samples(results["samples"])
    parts = [
        f"Measured on {results['date']}: {results['machine']}.",
        _section("Versions", _versions(results["versions"])),
        _section("Goals", _goals(samples)),
        _section("Wall time of the whole process, in seconds", _walls(samples)),
        f"![Wall time against latency]({picture})\n",
        _section("Ratios of wall time: source-snow-atlas over the other, round by round", _ratios(samples)),
        _section("Other costs of A at 50 ms", _costs(samples)),
        _section("Peak memory of source-snow-atlas", _memory(samples)),
        _section("TLS and gzip", _secure(samples)),
        _section("Wall time of commands that read no records, in seconds", _commands(samples)),
        _section("A rate limit of 20 requests a second, 40 workers", _rate(samples)),
        _section("Servers with rate limits: 600 pages, 50 ms, ten workers", _limits(samples)),
        _section("Runs with a wrong output", _bad(samples)),
    ]
    return "\n".join(part for part in parts if part)


def summary(results: dict[str, Any], picture: str) -> str:
    """Return the figures of the users' page: medians of a few works, with the picture at a relative path."""
    samples = Samples(results["samples"])
    works = [name for name in SUMMARY if _has_samples(samples, name)]
    rows = []
    for contender in EVERYBODY:
        walls = [samples.values(work, contender, "wall") for work in works]
        memory = samples.values("A50", contender, "rss")
        if any(walls):
            cells = [f"{median(values):.1f}" if values else "" for values in walls]
            rows.append([LABELS[contender], *cells, _mebibytes(median(memory)) if memory else ""])
    head = ["wall time in seconds", *(SUMMARY[name] for name in works), "peak memory"]
    measured = f"Measured on {results['date']}: {results['machine']}."
    return f"{table(head, rows)}\n{measured}\n\n![Wall time against latency]({picture})\n"


def write(path: Path, text: str) -> None:
    """Replace the text between the two marks of a page, or append it with the marks where there are none."""
    block = f"{BEGIN}\n{text}\n{END}\n"
    old = path.read_text(encoding="utf-8") if path.exists() else "# Performance\n"
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END) + "\n?", re.DOTALL)
    new = pattern.sub(lambda _: block, old) if pattern.search(old) else f"{old.rstrip()}\n\n{block}"
    path.write_text(new, encoding="utf-8")


def _section(title: str, body: str) -> str:
    return f"\n## {title}\n\n{body}" if body else ""


def _versions(versions: dict[str, dict[str, str]]) -> str:
    rows = (
        [LABELS[name], ", ".join(f"{package} {version}" for package, version in found.items())]
        for name, found in versions.items()
    )
    return table(["contender", "versions"], rows)


def _goals(samples: Samples) -> str:
    rows = []

    def add(what: str, goal: str, values: list[float], limit: float, form: Callable[[float], str]) -> None:
        met = ""
        if values:
            middle = median(values)
            met = "yes" if (middle <= limit if goal.startswith("at most") else middle >= limit) else "**no**"
        rows.append([what, goal, spread(values, form) or "not measured", met])

    for goal in GOALS:
        ratios = samples.ratios(goal.work, OURS, goal.against)
        what = f"{_TITLES[goal.work]}: wall time over {LABELS[goal.against]}"
        add(what, f"at most {goal.ratio}", ratios, goal.ratio, _ratio)
    own, other = samples.processor_per_record(OURS), samples.processor_per_record(CDK)
    share = [own / other] if own and other else []
    what = f"A: processor time per record over {LABELS[CDK]}"
    add(what, f"at most {PROCESSOR_GOAL}", share, PROCESSOR_GOAL, _ratio)
    for command, limit in COMMAND_GOALS.items():
        ratios = samples.ratios(START_UP, command, "import")
        what = f"`{command}`: wall time over `import airbyte_cdk.entrypoint`"
        add(what, f"at most {limit}", ratios, limit, _ratio)
    for suffix, title in (("", ""), ("-slow", ", stdout read at 10 MB/s")):
        small = samples.values("M100k-slow" if suffix else "A50", OURS, "rss")
        large = samples.values(f"M1M{suffix}", OURS, "rss")
        growth = [median(large) / median(small)] if small and large else []
        most = [max(large + small)] if small and large else []
        what = f"peak memory of 1,000,000 records over 100,000{title}"
        add(what, f"at most {MEMORY_GROWTH_GOAL}", growth, MEMORY_GROWTH_GOAL, _ratio)
        add(f"the larger of the two{title}", "at most 200 MiB", most, MEMORY_GOAL, _mebibytes)
    parents = samples.values("P100k", OURS, "rss")
    add("peak memory of 100,000 parents", "at most 250 MiB", parents, PARENTS_MEMORY_GOAL, _mebibytes)
    tokens = [value for work in WORKS for value in samples.values(work.name, OURS, "tokens")]
    add("token requests, maximum of all runs", "at most 1", [max(tokens)] if tokens else [], 1, _whole)
    refused = samples.values(RATE_LIMIT, OURS, "refused_share")
    add("requests answered with 429", "at most 5 %", refused, REFUSED_GOAL, _percent)
    used = samples.values(RATE_LIMIT, OURS, "rate_share")
    add("share of the allowed rate used", "at least 85 %", used, RATE_GOAL, _percent)
    inside = samples.values(RATE_LIMITS, OURS, "inside_waits")
    add(
        "requests during a `Retry-After`, maximum of all runs",
        "at most 0",
        [max(inside)] if inside else [],
        0,
        _whole,
    )
    return table(["what", "goal", "measured", "met"], rows)


def _walls(samples: Samples) -> str:
    works = [name for name in ("A0", "A50", "A200", "B", "C", "D") if _has_samples(samples, name)]
    rows = []
    for contender in (*EVERYBODY, DLT_PARALLEL):
        cells = [spread(samples.values(work, contender, "wall"), _seconds) for work in works]
        if any(cells):
            rows.append([LABELS[contender], *cells])
    key = "\n".join(f"- **{name}**: {_TITLES[name].partition(': ')[2]}" for name in works)
    return table(["", *works], rows) + ("\n" + key + "\n" if works else "")


def _ratios(samples: Samples) -> str:
    works = [name for name in ("A0", "A50", "A200", "B", "C", "D") if _has_samples(samples, name)]
    rows = []
    for contender in (*EVERYBODY[1:], DLT_PARALLEL):
        cells = [spread(samples.ratios(work, OURS, contender), _ratio) for work in works]
        if any(cells):
            rows.append([LABELS[contender], *cells])
    return table(["over", *works], rows)


def _costs(samples: Samples) -> str:
    rows = []
    for contender in EVERYBODY:
        if not samples.of("A50", contender):
            continue
        per_record = samples.processor_per_record(contender)
        rows.append(
            [
                LABELS[contender],
                spread(samples.values("A50", contender, "cpu"), _seconds),
                "" if per_record is None else f"{per_record:.1f}",
                spread(samples.values("A50-page", contender, "wall"), _seconds),
                spread(samples.values("A50", contender, "rss"), _mebibytes),
                *(
                    " / ".join(
                        _whole(max(values)) if (values := samples.values(work, contender, field)) else "-"
                        for work in ("A50", "B", "C", "D")
                    )
                    for field in ("requests", "tokens", "most_in_flight")
                ),
            ]
        )
    head = ["", "processor time (s)", "µs per record", "first page alone (s)", "peak memory"]
    counts = ["requests A / B / C / D", "of them for tokens", "most in flight"]
    return table([*head, *counts], rows)


def _memory(samples: Samples) -> str:
    rows = []
    for name in ("A50", "M100k-slow", "M1M", "M1M-slow", "C", "P100k"):
        if rss := samples.values(name, OURS, "rss"):
            rows.append(
                [_TITLES[name], spread(rss, _mebibytes), spread(samples.values(name, OURS, "wall"), _seconds)]
            )
    return table(["work", "peak memory", "wall time (s)"], rows)


def _secure(samples: Samples) -> str:
    rows = []
    for contender in EVERYBODY:
        plain, secure = (
            samples.values("A50", contender, "wall"),
            samples.values("A50-secure", contender, "wall"),
        )
        if plain and secure:
            cpu = [median(samples.values(work, contender, "cpu")) for work in ("A50-secure", "A50")]
            rows.append(
                [
                    LABELS[contender],
                    spread(plain, _seconds),
                    spread(secure, _seconds),
                    f"{median(secure) - median(plain):+.2f}",
                    f"{cpu[0] - cpu[1]:+.2f}",
                ]
            )
    return table(
        ["A at 50 ms", "without (s)", "with (s)", "added wall time (s)", "added processor time (s)"], rows
    )


def _commands(samples: Samples) -> str:
    rows = []
    for command in ("import", *COMMAND_GOALS):
        if walls := samples.values(START_UP, command, "wall"):
            name = '`python -c "import airbyte_cdk.entrypoint"`' if command == "import" else f"`{command}`"
            ratios = samples.ratios(START_UP, command, "import")
            rows.append([name, spread(walls, _seconds), spread(ratios, _ratio)])
    return table(["", "wall time (s)", "over the import"], rows)


def _rate(samples: Samples) -> str:
    rows = [
        [
            _whole(sample["requests"]),
            f"{_whole(sample['refused'])} ({_percent(sample['refused_share'])})",
            _percent(sample["rate_share"]),
            _seconds(sample["wall"]),
        ]
        for sample in samples.of(RATE_LIMIT, OURS)
    ]
    return table(["requests", "answered with 429", "of the allowed rate used", "wall time (s)"], rows)


def _limited(samples: Samples, kind: str) -> Iterator[tuple[bool, list[Sample]]]:
    """Yield the samples of a limit: those with `Retry-After`, then those without."""
    for announces in (True, False):
        found = [
            sample
            for sample in samples.of(RATE_LIMITS, OURS)
            if (sample["kind"], sample["announces"]) == (kind, announces)
        ]
        if found:
            yield announces, found


def _limits(samples: Samples) -> str:
    rows = []
    for kind, limit in LIMITS.items():
        refused_goal = REFUSED_OF_FIXED_GOAL if limit.is_fixed else 1.0
        for announces, found in _limited(samples, kind):

            def values(field: str, found: list[Sample] = found) -> list[float]:
                return [float(sample[field]) for sample in found]

            rows.append(
                [
                    limit.title,
                    "yes" if announces else "no",
                    spread(values("knowing"), _seconds),
                    spread(values("busy"), _seconds),
                    _judged(values("over_knowing"), KNOWING_GOAL, _ratio),
                    _judged(values("refused_share"), refused_goal, _percent),
                    _whole(max(values("inside_waits"))),
                ]
            )
    head = ["server", "`Retry-After`", "ideal client (s)", "connector (s)", "ratio", "refused"]
    note = (
        f"The ideal client knows the limit. Bold: a ratio above {KNOWING_GOAL}, or more than "
        f"{100 * REFUSED_OF_FIXED_GOAL:.0f} % refused where the limit does not change.\n"
    )
    return f"{note}\n{table([*head, 'during a `Retry-After`'], rows)}" if rows else ""


def _judged(values: list[float], most: float, form: Callable[[float], str]) -> str:
    """Return the spread, in bold where the median is above the goal."""
    return f"**{spread(values, form)}**" if median(values) > most else spread(values, form)


def _bad(samples: Samples) -> str:
    rows = [
        [
            sample["work"],
            sample["contender"],
            str(sample["round"]),
            "; ".join(sample["problems"]).replace("\n", " "),
        ]
        for sample in samples.bad
    ]
    return table(["work", "contender", "round", "why"], rows)


def _has_samples(samples: Samples, work: str) -> bool:
    return any(samples.of(work, contender) for contender in (*EVERYBODY, DLT_PARALLEL))


def _seconds(value: float) -> str:
    return f"{value:.2f}"


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _mebibytes(value: float) -> str:
    return f"{value / MEBIBYTE:.0f} MiB"
