"""Chart of wall time by latency: `python -m benchmarks.chart RESULTS PICTURE`."""

import json
import sys
from collections import defaultdict
from statistics import median

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.ticker import ScalarFormatter

from benchmarks.contenders import LABELS
from benchmarks.works import EVERYBODY, OURS, WORKS

COLOURS = {
    OURS: "#0b6e4f",
    "floor": "#8a8a8a",
    "cdk_plain": "#c1440e",
    "plain_loop": "#2a6fbb",
    "singer_tap": "#8e44ad",
    "dlt_source": "#c79a00",
}


def main() -> None:
    """Read the results and write the chart."""
    results, picture = sys.argv[1:]
    with open(results, encoding="utf-8") as file:
        samples = json.load(file)["samples"]
    latencies = {work.name: work.latency_ms for work in WORKS if work.name in ("A0", "A50", "A200")}
    walls: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        if sample["work"] in latencies and not sample["problems"]:
            walls[sample["contender"]][latencies[sample["work"]]].append(sample["wall"])

    matplotlib.rcParams.update({"svg.hashsalt": "benchmarks", "font.size": 10})
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for contender in EVERYBODY:
        points = sorted(walls[contender].items())
        if not points:
            continue
        medians = [median(values) for _, values in points]
        spread = [
            [middle - min(values) for middle, (_, values) in zip(medians, points, strict=True)],
            [max(values) - middle for middle, (_, values) in zip(medians, points, strict=True)],
        ]
        axes.errorbar(
            [latency for latency, _ in points],
            medians,
            yerr=spread,
            label=LABELS[contender].replace("`", ""),
            color=COLOURS[contender],
            marker="o",
            capsize=3,
            linewidth=2.6 if contender == OURS else 1.4,
            linestyle="--" if contender == "floor" else "-",
        )
    axes.set_title("100,000 records of one stream in 100 pages: median, minimum and maximum")
    axes.set_xlabel("latency of the server (ms per request)")
    axes.set_ylabel("wall time of the process (s)")
    axes.set_yscale("log")
    axes.set_yticks([1, 2, 5, 10, 20, 30])
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter("")
    axes.set_xticks(sorted(latencies.values()))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(picture, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
