"""Rows that the API counts and does not serve: how many, and whether the user accepts that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.served import Served

EMPTY_PAGES = 10
"""Pages in a row that hold none of their rows, after which the stream fails without reading on."""
UNPROVED_PAGES = 100
"""Pages that share no row with what came before where rows are missing, after which it fails likewise."""
SHORT_PAGES = 100
"""Pages in a row that lack rows; and those without any of their rows, where missing rows are accepted:
what lies behind must be read then.
"""


@dataclass
class NotServed:
    """Counts the rows of one collection that its pages count and do not hold.

    `accepted`: whether the stream goes on without them; then `on_missing` is told how many they are.
    """

    label: str
    accepted: bool
    warn: Callable[[str, str], None]
    on_missing: Callable[[int], None]
    rows: int = 0
    is_exact: bool = True
    """False where rows that were given out may have gone since or may have been given out twice, or where a
    total was wrong.
    """
    _empty_pages: int = 0
    _short_pages: int = 0
    _unproved_pages: int = 0
    _last: Served | None = None
    _given: int = 0
    _totals: set[int | None] = field(default_factory=set)

    def note(self, served: Served, shared: int = 0) -> None:
        """Count the missing rows of a page that shares so many rows with what came before.

        Raises ServerError after many pages in a row that share nothing and lack rows.
        """
        before = self._last
        self._last = served
        self._totals.add(served.page.total_items)
        self.is_exact &= not served.miscounts
        if served.missing and before is not None and before.missing:
            # a row that neither of two overlapping pages holds is missing on both
            common = before.request.end - served.request.start - shared
            self.rows -= max(0, min(common, before.missing, served.missing))
        self.rows += served.missing
        self._short_pages = self._short_pages + 1 if served.missing else 0
        self._empty_pages = self._empty_pages + 1 if served.missing and not shared else 0
        self._unproved_pages += self.rows > 0 and not shared
        is_hopeless = self._unproved_pages >= UNPROVED_PAGES or self._short_pages >= 10 * SHORT_PAGES
        if (is_hopeless and not self.accepted) or self._empty_pages >= (
            SHORT_PAGES if self.accepted else EMPTY_PAGES
        ):
            self.rows += max(0, served.announced - served.request.end)
            self._fail("about ", f" {self._short_pages} pages in a row lack rows.", "")

    def note_uncounted(self, served: Served) -> None:
        """Count what a page lacks that is not full, although more rows lie behind it. Raises as `note`
        does.
        """
        self.rows += max(0, served.request.size - len(served.rows))
        self._unproved_pages += 1
        if self._unproved_pages >= UNPROVED_PAGES:
            self._fail("about ", f" {self._unproved_pages} pages lack rows.", "")

    def given(self, rows: int) -> None:
        """Count rows that were given out."""
        self._given += rows

    def uncounted(self) -> int:
        """How many rows more than were given out the totals count, less what they moved by."""
        totals = [0 if total is None else total for total in self._totals] or [0]
        return max(0, 2 * min(totals) - max(totals) - self._given)

    def say_what_is_not_counted(self, first: Served) -> None:
        """Warn of a collection whose replies have no total of rows."""
        if first.total_pages is not None:
            lacks = "the API counts pages and not rows, so a row that its last page lacks can't be noticed."
        else:
            lacks = (
                "the API counts neither rows nor pages, so rows that it does not serve can't be noticed "
                "where nothing follows them."
            )
        self.warn("no total", f"{self.label}: {lacks}")

    def restart(self) -> None:
        """Count from the first page again."""
        self.rows = self._empty_pages = self._short_pages = self._unproved_pages = 0
        self._last = None

    def conclude(self) -> None:
        """Say how many rows are missing, if any. Raises ServerError where that is not accepted."""
        if not self.rows:
            return
        # a count that never moved is more exact than the sum over pages that overlap
        uncounted = self.uncounted() or self.rows
        is_exact = self.is_exact and len(self._totals) == 1
        self.rows = uncounted if is_exact else max(uncounted, self.rows)
        if not self.accepted:
            self._fail("", "", "; to sync without them, name the stream in the option accept_missing_rows")
        self.warn(
            "missing",
            f"{self.label}: {self._counted()}; the stream goes on without them, as accept_missing_rows "
            "asks for.",
        )
        self.on_missing(self.rows)

    def _counted(self, about: str = "") -> str:
        total = self._last.page.total_items if self._last is not None else None
        if total is None or total < self.rows:
            return f"{about}{self.rows} rows that the API counts are not served"
        return f"the API counts {total} rows, but {about}{self.rows} of them are not served"

    def _fail(self, about: str, detail: str, remedy: str) -> None:
        raise ServerError(
            f"{self.label}: {self._counted(about)}: pages asked for again stay short.{detail} This does not "
            "come from data that changes. Check whether this client may see these rows, or ask Snow Atlas "
            f"support{remedy}."
        )
