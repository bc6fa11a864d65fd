"""What the pages tell of their collection: how many rows it has, whether there are more, and where the
replies contradict themselves.

A reply says "more" in several ways: a full page, `total_items`, `total_pages`, a link to the next page. Any
of them is enough to ask on; reading ends only where none of them says so. A total that the rows themselves
refute is not believed any more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from source_snow_atlas.components.collection.pages import PageRequest
from source_snow_atlas.components.request.reply import Page

LOGGER = logging.getLogger("airbyte")


class Evidence:
    """Collects what the pages of one collection say. `warn` is told of a contradiction: its kind and a
    sentence.
    """

    def __init__(self, label: str, warn: Callable[[str, str], None]) -> None:
        self._label = label
        self._warn = warn
        self._items_refuted = False
        self._pages_refuted = False
        self._announced = 0
        self.lowest_total: int | None = None
        self.highest_total: int | None = None
        self.total: int | None = None

    @property
    def has_total(self) -> bool:
        """Whether the replies count the rows, and the count was not refuted."""
        return self.total is not None

    def note(self, request: PageRequest, page: Page) -> None:
        """Take what a page says of the collection."""
        reached = request.start + len(page.rows)
        if page.total_items is not None and not self._items_refuted:
            # a count and a query a moment apart may differ by a few rows; at the first page nothing can have
            # moved
            if page.rows and reached - page.total_items > (request.size // 10 if request.start else 0):
                self._items_refuted = True
                self.total = self.lowest_total = self.highest_total = None
                self._contradiction(
                    f"total_items says {page.total_items}, but page {request.number} of {request.size} holds "
                    "rows up to the "
                    f"{reached:,}th"
                )
            else:
                self.total = page.total_items
                lowest, highest = self.lowest_total, self.highest_total
                self.lowest_total = page.total_items if lowest is None else min(lowest, page.total_items)
                self.highest_total = page.total_items if highest is None else max(highest, page.total_items)
        if page.total_pages is not None and not self._pages_refuted:
            if page.rows and page.total_pages < request.number:
                self._pages_refuted = True
                self._contradiction(
                    f"total_pages says {page.total_pages}, but page {request.number} has {len(page.rows)} "
                    "rows"
                )
            else:
                by_items = -(-self.total // request.size) if self.total is not None else page.total_pages
                if by_items != page.total_pages and page.rows:
                    self._contradiction(
                        f"total_items says {self.total} and total_pages {page.total_pages}, with "
                        f"{request.size} rows a page"
                    )
        self._announced = max(self._end_announced(request, page), 0)

    def announced(self) -> int:
        """The offset up to which the newest page announces rows; 0 where it announces none."""
        return self._announced

    def says_more(self, request: PageRequest, page: Page) -> bool:
        """Whether there can be rows behind this page."""
        if not page.rows:
            return False
        if page.has_next or self._end_announced(request, page) > request.end:
            return True
        if len(page.rows) < request.size:
            return False
        # a full page may be the last one only where both totals say so, and say more than the size of this
        # one page
        agreed = (
            self.total == request.start + len(page.rows)
            and page.total_pages == request.number
            and not self._pages_refuted
        )
        return not agreed or (request.number == 1 and self.total == request.size)

    def end_contradicted(self, request: PageRequest, page: Page, cause: str) -> None:
        """Nothing new came behind the last page, although something said that there is more."""
        said = [
            "a link to a next page" if page.has_next else "",
            f"total_pages {page.total_pages}" if (page.total_pages or 0) > request.number else "",
            f"total_items {page.total_items}" if (page.total_items or 0) > request.end else "",
        ]
        if any(said):
            self._contradiction(
                f"page {request.number} says there is more ({', '.join(filter(None, said))}), but {cause}"
            )

    def _end_announced(self, request: PageRequest, page: Page) -> int:
        by_items = page.total_items if page.total_items is not None and not self._items_refuted else 0
        by_pages = (
            (page.total_pages or 0) * request.size
            if not self._pages_refuted and (page.total_pages or 0) * request.size - by_items >= request.size
            else 0
        )
        return max(by_items, by_pages)

    def _contradiction(self, what: str) -> None:
        self._warn(
            "contradiction",
            f"{self._label}: the API contradicts itself: {what}. Reading goes on as long as anything says "
            "that there are more rows.",
        )
