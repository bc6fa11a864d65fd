"""The pace on servers that limit in every way, in virtual time: near the speed of a client that knows the
rule, and no nuisance. `python -m benchmarks.simulated` measures longer works with more seeds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial

import pytest

from unit_tests.simulation.limits import (
    LEFTOVER,
    LIMITS,
    WITH_SLOW_REQUESTS,
    Bucket,
    InFlight,
    Make,
    Server,
    Unpredictable,
    Window,
    slow_requests,
)
from unit_tests.simulation.pace_run import measure, run

pytestmark = pytest.mark.spread
UNAVOIDABLE: dict[str, Make] = {
    **{LIMITS[kind].name: LIMITS[kind].server for kind in ("shedding", "leftover", "every-11th")},
    "1 % at random": partial(Unpredictable, share=0.01),
    "15 % at random": partial(Unpredictable, share=0.15),
}
"""Servers whose refusals do not depend on the pace."""
VARIED: dict[str, Make] = {
    "10 a second": partial(Bucket, rate=10, burst=10, retry_after=1),
    "50 a second, burst 5": partial(Bucket, rate=50, burst=5, retry_after=1),
    "100 a second, burst 100": partial(Bucket, rate=100, burst=100, retry_after=3),
    "20 in 1 s": partial(Window, allowed=20, seconds=1),
    "600 in 60 s": partial(Window, allowed=600, seconds=60),
    "1 in flight": partial(InFlight, allowed=1),
    "7 in flight, wait of 2 s": partial(InFlight, allowed=7, retry_after=2),
    "5 % at random, wait of 5 s": partial(Unpredictable, share=0.05, retry_after=5),
}
KNOWN_WEAKNESSES = {("bucket-down", True): 1.9, ("in-flight-down", True): 1.85}
"""A short work in which a limit falls to a quarter, and each refusal costs a second or two of ten or 18."""
with_and_without_wait = pytest.mark.parametrize("announces", [True, False], ids=["with wait", "without"])


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """The lines about refusals would fill the output of a failed test."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@with_and_without_wait
@pytest.mark.parametrize("kind", [kind for kind, limit in LIMITS.items() if limit.name not in UNAVOIDABLE])
def test_near_the_speed_of_a_client_that_knows(kind: str, announces: bool) -> None:
    """A sync would take several times as long as the limit asks for, and lock other scripts out."""
    ratio, refused, inside = measure(LIMITS[kind].make(600), 600, announces, range(2))
    assert ratio <= KNOWN_WEAKNESSES.get((kind, announces), 1.6)
    assert inside == 0
    if LIMITS[kind].is_fixed:
        assert refused <= (0.03 if announces else 0.04)


@with_and_without_wait
@pytest.mark.parametrize("kind", list(slow_requests(600)))
@pytest.mark.parametrize("name", list(WITH_SLOW_REQUESTS))
def test_slow_requests_do_not_lower_the_rate(name: str, kind: str, announces: bool) -> None:
    """A few requests of ten seconds would bring a sync that obeys a rate limit to a fifth of the limit."""
    make = partial(WITH_SLOW_REQUESTS[name], **slow_requests(600)[kind])
    ratio, _, inside = measure(make, 600, announces, range(2), in_order=False)
    assert ratio <= (1.9 if name == "4 in flight" else 1.6)
    assert inside == 0


@with_and_without_wait
@pytest.mark.parametrize("name", list(UNAVOIDABLE))
def test_refusals_that_slowing_down_does_not_avoid_never_bring_a_sync_to_a_crawl(
    name: str, announces: bool
) -> None:
    """A gateway that sheds load would make a sync take for ever."""
    ratio, _, inside = measure(UNAVOIDABLE[name], 600, announces, range(3))
    assert ratio <= 2.5
    assert inside == 0


@pytest.mark.parametrize("latency", [0.02, 0.2])
@pytest.mark.parametrize("name", list(VARIED))
def test_other_figures_and_other_latencies(name: str, latency: float) -> None:
    """A pace made for the figures of one server would fail on the next one's."""
    ratio, _, inside = measure(VARIED[name], 1000, True, [0], latency=latency)
    assert ratio <= 2.5
    assert inside == 0


def test_a_server_that_counts_requests_a_little_longer() -> None:
    """A server that still counts a request as in flight for 4 ms after its answer would refuse at the number
    itself, and a sync would take twelve times as long.
    """
    ratio, _, inside = measure(partial(InFlight, linger=0.004), 600, True, [0])
    assert ratio <= 2.5
    assert inside == 0


def test_less_than_one_request_a_second_is_used_too() -> None:
    """A small allowance would never let the sync make headway."""
    make = partial(Bucket, rate=0.5, burst=1, retry_after=4)
    ratio, refused, _ = measure(make, 200, True, [0])
    assert ratio <= 2.2
    assert refused <= 0.4


@pytest.mark.parametrize("workers", [1, 2, 40])
@pytest.mark.parametrize("make", [Bucket, Window])
def test_any_number_of_workers(workers: int, make: type[Server]) -> None:
    """One worker would wait for a second one; forty would all run into the limit."""
    ratio, refused, inside = measure(make, 600, True, [0], workers=workers)
    assert ratio <= 1.6
    assert refused <= 0.03
    assert inside == 0


@pytest.mark.parametrize("announced", [0.0, 0.01, 1.0, None])
def test_a_server_that_refuses_everything_is_not_hammered(announced: float | None) -> None:
    """A gateway that is shut for a minute and says `Retry-After: 0` would be asked a hundred times a
    second.
    """

    class Shut(Server):
        def wait(self, now: float) -> float | None:
            return (announced or 0.0) if now < 60 else None

    outcome = run(Shut(announces=announced is not None), work=100)
    assert outcome.refused <= 80
    assert outcome.seconds <= 60 * 1.5
    assert outcome.inside_waits == 0


def test_refusals_before_the_first_answer_cost_seconds() -> None:
    """The first page is asked for alone: ten refusals that name no wait would cost a sync of five seconds two
    minutes.
    """
    outcome = run(LEFTOVER(announces=False), work=600, first_alone=True, limit=600)
    assert outcome.refused == 10
    assert outcome.seconds <= 12


def test_the_first_page_alone_obeys_every_announced_wait() -> None:
    """A reader that is refused before it has read anything would knock inside the wait."""
    outcome = run(LEFTOVER(), work=600, first_alone=True, limit=600)
    assert outcome.inside_waits == 0
    assert 20 <= outcome.seconds <= 20 * 1.5
