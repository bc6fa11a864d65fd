"""Works that are measured, with their goals."""

from dataclasses import dataclass

from benchmarks.data import BULK, CHILDREN, COMPUTERS, Collection

OURS = "source-snow-atlas"
FLOOR = "floor"
CDK = "cdk_plain"
PLAIN = "plain_loop"
SINGER = "singer_tap"
DLT = "dlt_source"
DLT_PARALLEL = "dlt_parallel"
EVERYBODY = (OURS, FLOOR, CDK, PLAIN, SINGER, DLT)
PAGE_SIZE = 1000
WORKERS = 10
SLOW_CONSUMER = 10_000_000
"""Bytes per second that a slow consumer reads."""


@dataclass(frozen=True)
class Work:
    """Streams to read from a server."""

    name: str
    title: str
    streams: tuple[Collection, ...]
    latency_ms: int = 50
    computers: int = 1000
    records: int = 0
    """Number of rows in each bulk collection except computers."""
    secure: bool = False
    """Whether TLS and gzip are used."""
    bytes_per_second: int = 0
    """Rate at which stdout is read. With 0 it is a file."""
    contenders: tuple[str, ...] = EVERYBODY
    most_rounds: int = 99


_ONE = (COMPUTERS,)
_OURS_ALONE = (OURS,)
_FAST = (OURS, FLOOR, CDK)
_FEW = (*_FAST, PLAIN)
_WITH_BOTH_DLT = (*EVERYBODY, DLT_PARALLEL)
WORKS = (
    Work("A0", "A: 100,000 records of one stream, 0 ms", _ONE, 0, 100_000),
    Work("A50", "A: 100,000 records of one stream, 50 ms", _ONE, 50, 100_000),
    Work("A200", "A: 100,000 records of one stream, 200 ms", _ONE, 200, 100_000),
    Work("A50-page", "A: its first page alone, 50 ms (start-up)", _ONE, 50, 1000),
    Work("A50-secure", "A: over TLS, with gzip, 50 ms", _ONE, 50, 100_000, secure=True, contenders=_FEW),
    Work(
        "B",
        "B: 20 streams of 5,000 records, 50 ms",
        BULK,
        records=5000,
        contenders=(*EVERYBODY, DLT_PARALLEL),
    ),
    Work("C", "C: a child collection of each of 1,000 computers, 50 ms", CHILDREN[:1]),
    Work(
        "D",
        "D: five child collections of each of 1,000 computers, 50 ms",
        CHILDREN,
        contenders=(OURS, FLOOR, CDK),
    ),
    Work(
        "M100k-slow",
        "A: 100,000 records, 50 ms, read at 10 MB/s",
        _ONE,
        computers=100_000,
        bytes_per_second=SLOW_CONSUMER,
        contenders=_OURS_ALONE,
        most_rounds=1,
    ),
    Work(
        "M1M",
        "A: 1,000,000 records, 50 ms",
        _ONE,
        computers=1_000_000,
        contenders=_OURS_ALONE,
        most_rounds=1,
    ),
    Work(
        "M1M-slow",
        "A: 1,000,000 records, 50 ms, read at 10 MB/s",
        _ONE,
        computers=1_000_000,
        bytes_per_second=SLOW_CONSUMER,
        contenders=_OURS_ALONE,
        most_rounds=1,
    ),
    Work(
        "P100k",
        "C: a child collection of each of 100,000 computers, 0 ms",
        CHILDREN[:1],
        latency_ms=0,
        computers=100_000,
        contenders=_OURS_ALONE,
        most_rounds=1,
    ),
)
START_UP = "start-up"
RATE_LIMIT = "rate-limit"
RATE_LIMITS = "rate-limits"
NAMES = (*(work.name for work in WORKS), START_UP, RATE_LIMIT, RATE_LIMITS)


@dataclass(frozen=True)
class Goal:
    """Maximum ratio of wall time to another contender."""

    work: str
    against: str
    ratio: float


GOALS = (
    Goal("A50", CDK, 0.33),
    Goal("A50", PLAIN, 0.45),
    Goal("A50", FLOOR, 2.0),
    Goal("A200", PLAIN, 0.18),
    Goal("A200", FLOOR, 1.25),
    Goal("A0", CDK, 0.6),
    Goal("B", CDK, 0.5),
    Goal("C", PLAIN, 0.14),
    Goal("C", FLOOR, 1.2),
    Goal("D", FLOOR, 1.2),
)
PROCESSOR_GOAL = 0.45
"""Ratio of processor time per record of A, without start-up, to the CDK's declarative components."""
COMMAND_GOALS = {"spec": 1.2, "discover": 1.8}
"""Ratio of wall time to `python -c "import airbyte_cdk.entrypoint"`."""
MEMORY_GROWTH_GOAL = 1.25
"""Ratio of the peak memory of 1,000,000 records to that of 100,000."""
MEBIBYTE = 1024 * 1024
MEMORY_GOAL = 200 * MEBIBYTE
PARENTS_MEMORY_GOAL = 250 * MEBIBYTE
REFUSED_GOAL = 0.05
"""Share of requests that may be answered with 429."""
KNOWING_GOAL = 1.5
"""Time over that of an ideal client, which knows the limit."""
REFUSED_OF_FIXED_GOAL = 0.03
"""Share of requests that may be refused if the limit does not change."""
RATE_GOAL = 0.85
"""Share of the allowed rate that must be used."""
