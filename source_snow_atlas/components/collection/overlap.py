"""What two pages of a collection have in common.

Rows keep their order while others come and go. So two pages that share a row leave no gap between them,
whenever each of them was served: what stands before the shared row is on the first page or in front of it,
what stands behind it on the second page or behind it. A row counts as shared only where it is told apart: its
key is whole, it occurs once on either page, and it holds the same on both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise

from source_snow_atlas.components.collection.served import Served
from source_snow_atlas.components.request.reply import Row

MOVED = 4
"""Rows that two pages must share where something moved: fewer may be in the same order by chance."""


@dataclass(frozen=True)
class Overlap:
    """What the right one of two pages that share a row adds to the left one."""

    new: list[Row]
    """The rows that the left page does not hold."""
    shared: int
    """How many rows both pages hold."""
    reaches: bool
    """Whether the right page ends at the left one's last row or after it."""
    again: int = 0
    """How many of the shared rows are among the new ones, because they hold other values."""
    between: int = 0
    """How many of the new rows stand before a shared one."""


def overlap_of(left: Served, right: Served) -> Overlap | None:
    """Return what the two pages have in common; None where no row proves that nothing lies between them."""
    if left.has_unique_keys and right.has_unique_keys:
        return _compared(left, left.keys, right, right.keys, needed=1)
    # rows without a key of their own are told apart by all they hold; two of them, as equal rows may be
    # others
    return _compared(left, left.contents, right, right.contents, needed=2)


def _compared(
    left: Served, known: list[Hashable], right: Served, tokens: list[Hashable], needed: int
) -> Overlap | None:
    left_places, right_places = _once(known), _once(tokens)
    # a page behind which nothing is left holds fewer rows than it shares
    count = min(left.request.end - right.request.start, len(right.rows))
    if 0 < count <= len(left.rows) and left.rows[-count:] == right.rows[:count]:
        # nothing moved: the end of the left page is the beginning of the right one, as asked for
        proofs = sum(token in right_places and token in left_places for token in tokens[:count])
        if proofs >= needed and (needed > 1 or left_places.keys().isdisjoint(tokens[count:])):
            return Overlap(right.rows[count:], count, reaches=True)
    pairs = sorted(
        (left_places[token], place) for token, place in right_places.items() if token in left_places
    )
    alike = [(one, other) for one, other in pairs if left.rows[one] == right.rows[other]]
    # rows that are edited all the time share their keys only
    pairs = alike if len(alike) >= MOVED or 2 * len(alike) >= len(pairs) else pairs
    # where rows moved, several of them must agree; where rows are not served, fewer may be left
    begin = len(left.rows) - len(pairs)
    is_clean = pairs == [(begin + place, place) for place in range(len(pairs))]
    fewest = needed if is_clean and (left.missing or right.missing) else MOVED
    if len(pairs) < fewest or any(one[1] > other[1] for one, other in pairwise(pairs)):
        return None
    return _joined(left, right, pairs, [token in left_places for token in tokens])


def _once(tokens: list[Hashable]) -> dict[Hashable, int]:
    """The places of the tokens that occur once."""
    places = {token: place for place, token in enumerate(tokens)}
    if len(places) < len(tokens):
        counts = Counter(tokens)
        return {token: place for token, place in places.items() if counts[token] == 1}
    return places


def _joined(
    left: Served, right: Served, pairs: list[tuple[int, int]], is_known: list[bool]
) -> Overlap | None:
    """What the right page adds where `pairs` of places on either page hold the same rows; None where too much
    lies between them.
    """
    (first, begin), (last, end) = pairs[0], pairs[-1]
    # rows in front of the left page were given out with an earlier one
    skipped = begin if begin > first else 0
    gone = (len(left.rows) if end + 1 < len(right.rows) else last + 1) - first - len(pairs)
    came = end + 1 - skipped - len(pairs)
    if max(gone, came) > len(pairs):
        # in an order of chance some rows are shared, too: here most of what lies between them must be
        return None
    proved = {place for one, place in pairs if left.rows[one] == right.rows[place]}
    before, behind = left.rows[:last], left.rows[last + 1 :]
    new: list[Row] = []
    again = added = 0
    for place, row in enumerate(right.rows[skipped:], skipped):
        # a row in front of the last shared one was on the left page as well, or is new; behind it likewise
        held = before if place < end else behind
        if place in proved:
            continue
        if row in held:
            held.remove(row)
            continue
        again += is_known[place]
        added += place > end
        new.append(row)
    return Overlap(
        new,
        len(right.rows) - len(new) + again,
        reaches=bool(added) or not behind,
        again=again,
        between=len(new) - added,
    )


def in_place(left: Served, right: Served) -> Overlap | None:
    """Return what two pages have in common if they are where they were asked for, and nothing moved; None
    where their rows contradict that.
    """
    shared = max(0, left.request.end - right.request.start)
    new = list(right.rows)
    edge = left.rows[-shared:] if shared else []
    # rows that can't be told apart may lie behind what is shared, where the right page lacks some in front
    are_told_apart = left.has_unique_rows and right.has_unique_rows
    for row in right.rows[: shared if are_told_apart else max(0, shared - right.missing)]:
        if row in edge:
            edge.remove(row)
            new.remove(row)
    alike = len(right.rows) - len(new)
    if not left.rows or not (shared or left.missing or right.missing):
        return None
    if alike + left.missing + right.missing < shared:
        return None
    return Overlap(new, alike, reaches=bool(right.rows))
