"""Verdict on a read of a drawn server.

A read must end. It may be COMPLETE only if all rows were emitted that existed during the whole read and that
the server counts or serves. Otherwise it must be INCOMPLETE, with the reason.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.paging import CollectionReader
from unit_tests.simulation.drawn_server import DrawnServer, label
from unit_tests.simulation.nature import Nature
from unit_tests.simulation.prefetch import InterleavedPrefetch

UNCOUNTED = ("absent", "text", "null", "negative")
"""Totals that are none."""


@dataclass
class Verdict:
    """Result of a read. `wrong` says what is wrong with it, if anything is."""

    nature: Nature
    error: str
    requests: int
    missing: int | None = None
    wrong: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Return whether the read ended without an error."""
        return not self.error


def read(nature: Nature) -> Verdict:
    """Read the collection of a drawn server, and judge the read."""
    server = DrawnServer(nature)
    missing: list[int] = []
    warnings: list[str] = []
    reader = CollectionReader(
        "Stream rows",
        server.fetch,
        nature.page_size,
        nature.key,
        pages_declared=nature.parameters == "declared",
        prefetch=InterleavedPrefetch(nature.room, nature.seed),
        accepts_missing=nature.accepts,
        on_missing=missing.append,
        warn=lambda kind, message: warnings.append(kind),
    )
    emitted: Counter[Any] = Counter()
    error = ""
    try:
        for batch in reader.rows():
            emitted.update(map(label, batch))
            for row in batch:
                row["added"] = True
    except AssertionError as failure:
        return Verdict(nature, str(failure), server.requests, wrong=str(failure))
    except ServerError as failure:
        error = failure.message or "no message"
    except Exception as failure:
        if not hasattr(failure, "failure_type"):
            return Verdict(nature, repr(failure), server.requests, wrong=f"unexpected error: {failure!r}")
        error = str(failure)
    verdict = Verdict(nature, error, server.requests, missing[0] if missing else None, warnings=warnings)
    verdict.wrong = _wrong(verdict, server, emitted)
    return verdict


def _wrong(verdict: Verdict, server: DrawnServer, emitted: Counter[Any]) -> str:
    nature, held = verdict.nature, server.held_back()
    is_still = nature.is_honest and nature.is_still
    if not verdict.is_complete:
        if is_still:
            return f"INCOMPLETE, although nothing is wrong: {verdict.error}"
        if nature.is_honest and nature.is_steady:
            return f"INCOMPLETE for a few changes: {verdict.error}"
        return ""
    lost = server.required() - emitted
    is_counted = nature.items != "right" and server.counted in (sum(emitted.values()), len(emitted))
    # a wrong total that equals the number of emitted rows can't be told from a right one
    if lost and not is_counted and not _can_not_be_known(verdict, sum(lost.values())):
        return f"COMPLETE without {sum(lost.values())} rows: {list(lost)[:5]}"
    is_plain = (
        not nature.begins_with_another_shape
        and nature.order == "holds"
        and nature.begins == "in place"
        # without page numbers, a total below the number of emitted rows contradicts nothing
        and (nature.follows == "page number" or nature.is_still)
        # with an unknown page size, rows are at other offsets, like rows that moved
        and (
            nature.is_still
            or nature.names_size == "yes"
            or (
                nature.sizes == "as asked" and nature.names_size != "rows" and nature.parameters == "declared"
            )
        )
    )
    if is_plain and nature.counts_rows:
        if held and not verdict.missing:
            return f"COMPLETE although {held} rows are counted but not served"
        if nature.is_exact and (verdict.missing or 0) != held:
            return f"{verdict.missing} rows were reported as missing, but {held} are"
    if (
        is_still
        and nature.refused == "nothing"
        and nature.keys != "volatile"
        and emitted != server.required()
    ):
        return f"repeated rows: {list(emitted - server.required())[:5]}"
    return ""


def _can_not_be_known(verdict: Verdict, lost: int) -> bool:
    """Return whether the replies give no sign of the lost rows, or the loss was accepted and counted."""
    nature = verdict.nature
    if nature.accepts:
        lost -= min(lost, verdict.missing or 0)
    # two passes over the few pages of lagging replicas can agree by chance
    has_other_sizes = nature.sizes != "as asked" or nature.names_size == "rows"
    is_read_in_passes = nature.size < 16 or (has_other_sizes and not nature.counts_rows)
    # a wrong total can be that of each pass, if rows of an earlier one are gone
    is_wrong = nature.items not in ("right", *UNCOUNTED)
    are_passes_doubtful = nature.replicas > 1 or (is_wrong and not nature.is_still)
    if not lost or (is_read_in_passes and are_passes_doubtful):
        return True
    if nature.begins_with_another_shape:
        return True
    if nature.parameters != "declared" and not nature.counts_rows:
        # one page is stated, the first reply is of no usual size, or page 1 comes again
        is_told_one = nature.shape == "envelope" and nature.pages in (
            "of the page",
            "half",
            "3 low",
            "flickering",
        )
        may_be_first = nature.refused_page == 1 or nature.refused == "at random"
        lacks_rows = nature.refused != "nothing" and nature.refusal in ("empty", "partial") and may_be_first
        has_odd_size = nature.first_size < 10 or nature.first_size % 5 > 0
        is_repeated = nature.refused != "nothing" and nature.refusal.startswith("page")
        is_unseen = not nature.counts_anything and (has_odd_size or is_repeated or nature.order != "holds")
        if is_told_one or lacks_rows or is_unseen:
            return True
    has_hidden_sizes = nature.sizes != "as asked" and nature.names_size != "yes"
    are_rows_in_place = (nature.drops, nature.held_back, nature.begins) == ("nothing", "nothing", "in place")
    if nature.accepts and has_hidden_sizes and not are_rows_in_place:
        # pages that lack rows or begin elsewhere hide their size, so that the accepted number is not exact
        return True
    if nature.order != "holds" and not nature.is_still and not nature.counts_rows:
        # without a total, a new order is noticed only by chance if rows are inserted and deleted, too
        return True
    lacks_rows = (nature.refused != "nothing" and nature.refusal in ("empty", "partial")) or (
        (nature.begins, nature.drops, nature.follows) != ("in place", "nothing", "page number")
    )
    names_sizes_wrongly = (nature.sizes != "as asked" and nature.names_size != "yes") or (
        nature.drops != "nothing" and nature.names_size == "rows"
    )
    if nature.counts_nothing:
        # an array has no page size: if the server cuts it and rows move to page 1, an empty page 2 is right
        is_cut_and_moves = nature.shape == "array" and nature.sizes != "as asked" and not nature.is_still
        # an array with one size for all pages: equal rows can't be told from those of the next page
        is_cut_and_equal = nature.shape == "array" and nature.sizes != "as asked" and nature.has_equal_rows
        # two pages in a row that page 1 replaces, or one that begins with its last row by chance
        is_list = nature.refused == "at random" and nature.refusal.startswith("page")
        is_list |= nature.order == "changes always"
        # page 1 in place of page 2, and also after the end
        is_replaced = (nature.refused, nature.refused_page, nature.after_end) == ("always", 2, "page 1")
        is_list |= is_replaced and nature.refusal.startswith("page")
        # an array that is cut, with another row at its end in each reply
        is_list |= nature.shape == "array" and nature.sizes != "as asked" and nature.order == "ties"
        # the preceding page again, with the number of its rows as the total, looks like the last page
        is_told_last = "of the page" in (nature.items, nature.pages) and nature.has_equal_rows
        # a first page that states its own rows as the total, or one page of the server's size, and no page 2
        is_told_one = nature.pages in ("of the page", "half") and nature.sizes != "as asked"
        lacks_page_2 = nature.refused == "always" and nature.refused_page == 2
        is_told_all = lacks_page_2 and (nature.items == "of the page" or is_told_one)
        # the page after a lost one has rows, or a smaller page 2 shows that page numbers are ignored
        is_uncounted = nature.shape == "array" or (
            nature.items in UNCOUNTED and nature.pages in UNCOUNTED and nature.links == "none"
        )
        can_be_seen = (
            is_uncounted
            and nature.is_still
            and nature.order == "holds"
            and not (nature.has_equal_rows and nature.size < 16)
        )
        is_followed = (
            can_be_seen
            and nature.refused == "always"
            and 1 < nature.refused_page * max(5, nature.page_size, nature.first_size) < nature.rows
            and (nature.sizes != "fixed" or nature.clamp <= nature.page_size)
            and (nature.sizes in ("as asked", "clamped") or nature.refusal != "partial")
            and (nature.begins, nature.drops, nature.follows) == ("in place", "nothing", "page number")
        )
        is_ignored = (
            can_be_seen
            and nature.follows == "size only"
            and nature.sizes in ("as asked", "clamped")
            and nature.size > 1
            and (nature.refused, nature.begins, nature.drops) == ("nothing", "in place", "nothing")
        )
        is_unseen = lacks_rows and not (is_followed or is_ignored)
        is_unclear = is_cut_and_moves or is_cut_and_equal or is_list or is_told_last or is_told_all
        is_known = not (is_unseen or names_sizes_wrongly or is_unclear)
        return not is_known or ("end" in verdict.warnings and not (is_followed or is_ignored))
    if nature.items == "right":
        # rows with a changing order or unknown offsets are told apart only if nothing moves
        is_out_of_order = nature.order in ("ties", "changes always") or (
            nature.replicas > 1 and (nature.order != "holds" or nature.has_equal_rows)
        )
        # offsets that always differ look like rows that moved, which a second read may explain
        is_always_out_of_place = nature.begins != "in place" and nature.drops == "a row at random"
        is_out_of_place = names_sizes_wrongly or (nature.begins != "in place" and nature.drops != "nothing")
        # page numbers that are ignored look like rows that moved, so the accepted number is not exact
        is_earlier = nature.refused == "always" and nature.refusal.startswith("page")
        is_ignored = (nature.follows != "page number" or is_earlier) and bool(verdict.missing)
        return is_always_out_of_place or (
            not nature.is_still and (is_out_of_order or is_out_of_place or is_ignored)
        )
    if nature.accepts and verdict.missing:
        # without a right total, the number of missing rows is not known exactly
        return True
    if nature.held_back != "nothing" and not nature.is_still and nature.items not in UNCOUNTED:
        # a wrong total may be lower by as many rows as are withheld
        return True
    if (nature.begins, nature.follows) != ("in place", "page number") or (
        nature.order != "holds" and nature.has_equal_rows
    ):
        return True
    # It is unknown how many rows the last page should have, whether an empty first page is right, and
    # what the page size is if the reply names a wrong one.
    has_few_rows = (
        nature.refusal == "partial"
        or nature.rows <= nature.first_size
        or (nature.drops != "nothing" and lost < 3)
        or (nature.accepts and lost <= 3)
    )
    return (lacks_rows and has_few_rows) or names_sizes_wrongly
