"""Counter of rows that the API counts and doesn't serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.page_reply import PageReply
from source_snow_atlas.components.collection.totals import Totals

MAX_EMPTY_PAGES = 100
"""Consecutive pages that lack most of their rows, or pages that share no row with the preceding one because
of that, after which the stream fails at once: a tenth of them if missing rows are not accepted.
"""


@dataclass
class MissingRows:
    """Counter of the rows of one collection that its pages count and don't hold.

    `accepted`: whether the stream continues without them; `on_missing` is then called with their number.
    `is_exact` turns false if rows may have been deleted or emitted twice, or if a total was wrong.
    """

    label: str
    accepted: bool
    warn: Callable[[str, str], None]
    on_missing: Callable[[int], None]
    rows: int = 0
    is_exact: bool = True
    is_counted: bool = False
    emitted: int = 0
    totals: set[int | None] = field(default_factory=set)
    observed: Totals = field(default_factory=Totals)
    _empty_pages: int = 0
    _unproven_pages: int = 0
    _last: PageReply | None = None

    def count(self, reply: PageReply, shared: int = 0) -> None:
        """Count the missing rows of a page that shares a number of rows with the preceding one.

        Raises ServerError after too many pages without rows.
        """
        before = self._last
        self._last = reply
        self.totals.add(reply.page.total_items)
        self.is_counted |= reply.is_counted
        self.is_exact &= not reply.is_miscounted
        if reply.missing and before is not None and before.missing:
            # a row that neither of two overlapping pages holds is missing from both
            common = before.request.end - reply.request.start - shared
            self.rows -= max(0, min(common, before.missing, reply.missing))
        self.rows += reply.missing
        self._empty_pages = self._empty_pages + 1 if reply.missing > len(reply.rows) else 0
        if self._empty_pages >= (MAX_EMPTY_PAGES if self.accepted else MAX_EMPTY_PAGES // 10):
            self._give_up(reply, f"{self._empty_pages} pages in a row lack most of their rows")

    def count_unproven(self, reply: PageReply, is_exact: bool) -> None:
        """Count a page that shares no row with the preceding one. Raises ServerError after too many."""
        self.is_exact &= is_exact
        self._unproven_pages += 1
        if self._unproven_pages >= MAX_EMPTY_PAGES:
            self._give_up(reply, f"{self._unproven_pages} pages share no row with the page before them")

    def _give_up(self, reply: PageReply, why: str) -> None:
        self.rows += max(0, (reply.total_items or 0) - reply.request.end)
        self._fail("about ", f" {why}.", "")

    def not_emitted(self, distinct: int = 0, repeated: int = 0) -> int:
        """Return the number of rows that the totals count and that were not emitted, less the totals' spread.

        `distinct` is the number of different rows that were emitted, if known.
        """
        totals = [total for total in self.totals if total is not None] or [0]
        return max(0, 2 * min(totals) - max(totals) - max(self.emitted - repeated, distinct))

    def count_by_total(self, repeated: int = 0) -> bool:
        """Count missing rows by the totals if no page lacks rows, and return whether there are any.

        `repeated` is the number of rows that were emitted more than once.
        """
        if self.rows:
            return False
        self.rows = self.not_emitted(repeated=repeated)
        return self.rows > 0

    def check_totals(self, *, was_read_again: bool) -> None:
        """Raise ServerError if rows are missing because a part of the data was out of reach."""
        if self.observed.lack_a_part(self.emitted, was_read_again=was_read_again):
            raise ServerError(
                f"{self.label}: the API counted {self.observed.least} rows, and {self.observed.fall} fewer "
                "in another reply. A part of its data seems to be out of reach, such as while an index is "
                "rebuilt. Whether all rows were received can't be known: sync again later."
            )

    def has_steady_total(self) -> bool:
        """Return whether every page counted the same number of rows."""
        return len(self.totals) == 1

    def restart(self) -> None:
        """Count from the first page again."""
        self.rows = self._empty_pages = 0
        self._last = None

    def conclude(self) -> None:
        """Report missing rows, if any. Raises ServerError if they are not accepted."""
        if not self.rows:
            return
        # a total that never changed is more exact than the sum over overlapping pages
        by_totals = self.not_emitted() or self.rows
        is_exact = self.is_exact and self.has_steady_total()
        self.rows = by_totals if is_exact else max(by_totals, self.rows)
        if not self.accepted:
            self._fail("", "", "; to sync without them, name the stream in the option accept_missing_rows")
        self.warn(
            "missing",
            f"{self.label}: {self._counted()}. They are left out.",
        )
        self.on_missing(self.rows)

    def _counted(self, about: str = "") -> str:
        total = self._last.page.total_items if self._last is not None else None
        if total is not None and total >= self.rows:
            return f"the API counts {total} rows, but {about}{self.rows} of them are not served"
        if self.rows == 1:
            return f"{about}1 row that the API counts is not served"
        return f"{about}{self.rows} rows that the API counts are not served"

    def _fail(self, about: str, detail: str, remedy: str) -> None:
        raise ServerError(
            f"{self.label}: {self._counted(about)}. Pages that were requested again still lack rows.{detail} "
            f"{'This is not caused by changing data. ' if self.is_exact else ''}"
            f"Check whether this client may see these rows, or ask Snow Atlas support{remedy}."
        )
