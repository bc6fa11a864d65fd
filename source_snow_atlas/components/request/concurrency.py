"""A number of requests in flight that the server allows: how it is found, held, and probed beyond.

It shows at once when requests leave together: so many are answered, the rest is refused. After that it is
held, and one more is tried now and then. What a probe has held for two rounds of answers is the new number;
where a probe is refused, the number stays.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from source_snow_atlas.components.request.cycle import Cycle

PROBE_SECONDS, PROBE_WAITS = 2.0, 4
"""Seconds for which a number is held before one more is tried; or that many announced waits, where they are
longer: a probe may cost one.
"""
PROBE_GROWTH, MOST_GROWN = 1.3, 2.5
"""Growth of this time with every probe that was refused, and the most it grows."""
ROUNDS = 2
"""Answers for each request in flight, after which a probed number counts as allowed."""
QUICK = 2.0
"""Seconds of sending up to which a refusal soon after another one counts."""
MEMORY, SHOWN = 64, 6
"""Replies that are remembered, and refusals among them that show a number."""
MOST_LOWERED = 2
"""Times in a row that the number is lowered."""


@dataclass
class Concurrency:
    """Requests in flight that are allowed. `maximum` is what the user allows; `number` what the server does,
    None where it shows no such limit.
    """

    maximum: int
    number: int | None = None
    is_chance: bool = False
    """Whether numbers fell and fell: a limit is the same number every time, so they came from chance."""
    _since: float = 0.0
    _probe_growth: float = 1.0
    _probed: int | None = None
    _probing_since: float = 0.0
    _answers: int = 0
    _before_probe: int | None = None
    _strikes: int = 0
    _lowered: int = 0
    _shown: int = 0
    _was_chance: bool = False
    _seen: deque[tuple[int, bool]] = field(default_factory=lambda: deque(maxlen=MEMORY))

    def allowed(self, now: float, opened_at: float, announced: float) -> int:
        """The most requests in flight now. `opened_at`: when the gate opened; `announced`: the seconds of
        wait that refusals announce, or 0.
        """
        if self.number is None:
            return self.maximum
        if self._probed is None:
            held = max(PROBE_SECONDS, PROBE_WAITS * announced) * min(self._probe_growth, MOST_GROWN)
            if now - max(opened_at, self._since) < held:
                return self.number
            self._before_probe = None
            self._probe(self.number, now)
        elif self._answers >= ROUNDS * self._probed:
            self._before_probe = self._before_probe or self.number
            self.number = self._probed
            self._lowered = 0
            if self.number >= self.maximum:
                self.forget()
                return self.maximum
            self._probe(self.number, now)
        return self._probed or self.number

    def answered(self, in_flight: int) -> None:
        """A request was answered that left as the last one of so many in flight."""
        self._answers += 1
        self._seen.append((in_flight, True))

    def refused(self, in_flight: int) -> bool:
        """One was refused without an announced wait, while others were answered. Whether that shows a number:
        what is in flight beyond it is refused, what is not is answered.
        """
        self._seen.append((in_flight, False))
        if self.number is not None:
            return False
        number = min(level for level, is_answer in self._seen if not is_answer) - 1
        beyond = [is_answer for level, is_answer in self._seen if level > number]
        if number < 1 or beyond.count(False) < SHOWN or beyond.count(True) > beyond.count(False) / SHOWN:
            return False
        self._set(number)
        return True

    def step_back(self, sent_at: float, now: float) -> bool:
        """A request was refused that left at that moment. Whether it was a probe; the number is held then."""
        if self._probed is None or sent_at < self._probing_since:
            return False
        self._probed = None
        self._since = now
        self._probe_growth *= PROBE_GROWTH
        self._lowered = 0
        return True

    def explains(self, cycle: Cycle) -> bool:
        """Learn from a cycle that a refusal has ended. Whether a number in flight explains it."""
        if not cycle.refused:
            return False
        self._probed = None
        if self._is_shown_by(cycle):
            self._set(cycle.highest_answered)
            return self.number is not None
        if self.number is None:
            return False
        before = self._before_probe
        if cycle.shuts_out() and cycle.sending < QUICK:
            # chance does not do that
            self._lowered = -1
            self._set(min(cycle.highest_answered, self.number - 1))
        elif before is not None:
            # what a probe had held did not hold for long
            self._probe_growth *= PROBE_GROWTH**2
            self._set(before)
        else:
            self._strikes = self._strikes + 1 if cycle.sending < QUICK else 1
            if self._strikes >= 2:
                # a server may count a request a little longer than we do
                self._set(self.number - 1)
        return self.number is not None

    def forget(self) -> None:
        """There is no such limit."""
        self.number = self._probed = self._before_probe = None
        self._strikes = self._lowered = 0

    def _probe(self, held: int, now: float) -> None:
        self._probed = min(self.maximum, held + max(1, held // 8))
        self._probing_since = now
        self._answers = 0

    def _is_shown_by(self, cycle: Cycle) -> bool:
        """Whether all were answered up to a number, and none above it."""
        highest = cycle.highest_answered
        shown, self._shown = self._shown, highest
        if self._was_chance and highest != shown:
            return False
        if cycle.lowest_refused <= highest or highest >= (self.number or self.maximum):
            return False
        # one refusal may be chance, and a long cycle may have seen another limit
        return (cycle.refused >= 2 and cycle.answered <= 2 * self.maximum) or (
            self.number is None and not self.is_chance and highest > 1 and cycle.answered <= self.maximum
        )

    def _set(self, number: int) -> None:
        self._strikes, self._before_probe = 0, None
        self._lowered = self._lowered + 1 if self.number is not None else 0
        self.is_chance = self._lowered > MOST_LOWERED
        self._was_chance = self._was_chance or self.is_chance
        if self.is_chance or number < 1:
            self.forget()
        else:
            self.number = number
