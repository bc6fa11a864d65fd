"""Comparison of neighbouring pages by the rows they share.

Rows keep their order while others are inserted and deleted. So two pages that share a row have no gap between
them, whenever each was served: rows before the shared row are on the first page or before it, rows after it
on the second page or after it. A row counts as shared only if it is unambiguous: its key is not null, occurs
once on each page, and its values are the same on both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise

from source_snow_atlas.components.collection.page_reply import PageReply
from source_snow_atlas.components.request.reply import Row

MIN_SHARED = 4
"""Rows that two pages must share if offsets have shifted. Fewer may be in the same order by chance."""


@dataclass(frozen=True)
class Overlap:
    """What the second of two pages that share a row adds to the first one.

    `new`: the rows that the first page doesn't hold. `shared`: the number of rows that both hold. `reaches`:
    whether the second page reaches at least to the last row of the first. `again`: the number of shared rows
    that are among the new ones because their values changed. `between`: the number of new rows before the
    last shared one. `is_end`: whether no row can follow the second page.
    """

    new: list[Row]
    shared: int
    reaches: bool
    again: int = 0
    between: int = 0
    is_end: bool = False


def overlap_of(left: PageReply, right: PageReply) -> Overlap | None:
    """Return the overlap of two pages, or None if no shared row proves that there is no gap."""
    # rows without a unique key are compared by content; one alone may equal another row
    is_keyed = left.has_unique_keys and right.has_unique_keys
    left_tokens, tokens = (left.keys, right.keys) if is_keyed else (left.contents, right.contents)
    needed = 1 if is_keyed else 2
    left_index, right_index = _unique(left_tokens), _unique(tokens)
    expected = (left.request.end if left.missing else left.reached) - right.request.start
    # the last page may hold fewer rows than the overlap
    count = min(expected, len(right.rows))
    if 0 < count <= len(left.rows) and left.rows[-count:] == right.rows[:count]:
        # nothing changed: the second page begins with the last rows of the first, as requested
        proofs = sum(token in right_index and token in left_index for token in tokens[:count])
        # in a new order, other rows of the first page come again, too; without a key they may be equal ones
        again = len(left_index.keys() & set(tokens[count:]))
        if proofs >= needed and (again == 0 or (not is_keyed and again < proofs)):
            return Overlap(right.rows[count:], count, reaches=True)
    pairs = sorted((left_index[token], index) for token, index in right_index.items() if token in left_index)
    same = [(one, other) for one, other in pairs if left.rows[one] == right.rows[other]]
    # rows that are edited all the time share their keys only
    pairs = same if len(same) >= MIN_SHARED or 2 * len(same) >= len(pairs) else pairs
    # several shared rows must agree if offsets shifted; fewer may be left if rows of the overlap are missing
    begin, missing = len(left.rows) - len(pairs), left.missing + right.missing
    is_aligned = pairs == [(begin + index, index) for index in range(len(pairs))]
    is_rest = len(pairs) + missing >= expected > 0
    fewest = needed if is_aligned and is_rest else MIN_SHARED
    if len(pairs) < fewest or any(one[1] > other[1] for one, other in pairwise(pairs)):
        return None
    return _join(left, right, pairs, [token in left_index for token in tokens])


def has_smaller_size(left: PageReply, right: PageReply) -> bool:
    """Return whether the second page lacks rows because the server has a smaller page size, unstated.

    Its rows then lie where pages of that size do, and some of them are on the first page.
    """
    before, count = right.request.number - 1, len(right.rows)
    if not before or left.missing or right.missing < MIN_SHARED:
        return False
    offsets = {row: offset for offset, row in enumerate(left.identities, left.request.start)}
    starts = (offsets[row] - index for index, row in enumerate(right.identities) if row in offsets)
    size, rest = divmod(next(starts, -1), before)
    # a few rows may be missing from the page as well
    return rest == 0 and count <= size < right.request.size and size <= count + count // 4


def _unique(tokens: list[Hashable]) -> dict[Hashable, int]:
    """Return the index of each token that occurs once."""
    index = {token: position for position, token in enumerate(tokens)}
    if len(index) < len(tokens):
        counts = Counter(tokens)
        return {token: position for token, position in index.items() if counts[token] == 1}
    return index


def _join(
    left: PageReply, right: PageReply, pairs: list[tuple[int, int]], is_known: list[bool]
) -> Overlap | None:
    """Return the overlap for `pairs` of indexes of the same row, or None if they agree by chance only."""
    (first, begin), (last, end) = pairs[0], pairs[-1]
    shared = {index for one, index in pairs if left.rows[one] == right.rows[index]}
    if begin > first and not left.request.start:
        # no rows can be before page 1, unless more were inserted than a page holds or it was another page
        return None
    # rows before the first page were emitted with an earlier one, unless other rows have the same keys
    skipped = begin if begin > first and shared else 0
    deleted = (len(left.rows) if end + 1 < len(right.rows) else last + 1) - first - len(pairs)
    inserted = end + 1 - skipped - len(pairs)
    if max(deleted, inserted) > len(pairs):
        # random orders share some rows, too; here most rows in between must be shared
        return None
    # rows between two pairs of the first page can only be those between them on the second page
    ends = [one for one, _ in pairs[1:]] + [len(left.rows)]
    between = {pair[1]: slice(pair[0] + 1, until) for pair, until in zip(pairs, ends, strict=True)}
    known = left.rows[:first]
    new: list[Row] = []
    again = appended = 0
    for index, row in enumerate(right.rows[skipped:], skipped):
        known = left.rows[between[index]] if index in between else known
        if index in shared:
            continue
        if row in known:
            known.remove(row)
            continue
        again += is_known[index]
        appended += index > end
        new.append(row)
    return Overlap(
        new,
        len(right.rows) - len(new) + again,
        reaches=bool(appended) or not known,
        again=again,
        between=len(new) - appended,
    )


def overlap_by_offset(left: PageReply, right: PageReply) -> Overlap | None:
    """Return the overlap of two pages that lie at the requested offsets, or None if their rows disagree."""
    shared = max(0, left.request.end - right.request.start)
    new = list(right.rows)
    edge = left.rows[-shared:] if shared else []
    # equal rows may lie after the shared ones, if the second page lacks some of those
    is_unambiguous = left.has_unique_rows and right.has_unique_rows
    for row in right.rows[: shared if is_unambiguous else max(0, shared - right.missing)]:
        if row in edge:
            edge.remove(row)
            new.remove(row)
    same = len(right.rows) - len(new)
    if not left.rows or not (shared or left.missing or right.missing):
        return None
    if same + left.missing + right.missing < shared:
        return None
    return Overlap(new, same, reaches=bool(right.rows))
