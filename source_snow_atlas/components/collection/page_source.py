"""Asks for the pages of one collection, and judges what comes: a whole page, a page behind the end, a failed
page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from source_snow_atlas.components.basics.errors import ServerError, SnowAtlasError
from source_snow_atlas.components.collection.pages import Fetch, PageRequest
from source_snow_atlas.components.collection.served import Served
from source_snow_atlas.components.request.reply import Page

NO_SUCH_PAGE = frozenset({400, 404, 410, 416})
"""HTTP statuses by which a server may say that a page does not exist."""
REPEATS = 3
"""How often a page is asked for again that does not hold the rows it counts, while its replies differ."""


class PageSource:
    """The pages of one collection, whose first page is `first`. `serve` may be called by several threads.

    `warn` is told of what contradicts itself or can't be known: the kind, and a sentence.
    """

    def __init__(
        self, label: str, fetch: Fetch, key: tuple[str, ...], first: Page, warn: Callable[[str, str], None]
    ) -> None:
        self._label = label
        self._fetch = fetch
        self._key = key
        self._is_array = first.is_array
        self._warn = warn
        self._numbered_from = 1
        self._was_miscounted = False
        self._most_items = self._most_pages = 0
        self.announced = 0
        """The offset up to which the newest page announces rows."""
        if first.number == 0 and first.rows:
            self._numbered_from = 0
            warn(
                "numbering",
                f"{label}: the API calls page 1 page 0 in its reply; its pages are taken to be counted "
                "from zero there.",
            )

    def serve(self, request: PageRequest) -> Served:
        """Fetch a page, and ask again where it does not hold the rows it counts, or is none.

        Raises what the fetch raises, but for refusals that may mean that there is no such page.
        """
        return self.whole(self._ask(request))

    def whole(self, served: Served) -> Served:
        """Ask again for a page that does not hold the rows it counts, until it does or its replies agree.

        A count and its rows may come from two queries a moment apart, between which rows came or went.
        """
        for _ in range(REPEATS):
            total = served.page.total_items or 0
            # more rows than it counts are those of another page, or its total is wrong
            contradicts = served.request.start < total < served.reached and not self._was_miscounted
            if not (served.missing or served.failure or contradicts):
                break
            again = self._ask(served.request)
            is_steady = (
                again.page.rows == served.page.rows and again.page.total_items == served.page.total_items
            )
            if served.is_malformed or (
                again.failure is None
                and (
                    served.failure is not None
                    or (again.miscounts, again.missing) <= (served.miscounts, served.missing)
                )
            ):
                served = again
            if is_steady:
                break
        return served

    def learn(self, served: Served) -> None:
        """Take what a page says of the collection."""
        if served.failure is None:
            self.announced = served.announced
            self._most_items = max(self._most_items, served.total_items or 0)
            # of the last page one row is certain
            certain = ((served.total_pages or 0) - 1) * served.request.size + 1
            self._most_pages = max(self._most_pages, certain)
            self._was_miscounted |= served.miscounts

    def behind(self, served: Served, before: Served) -> Served:
        """Return an empty page in place of one that the server does not have, or that brought nothing new.

        It is the end only where nothing announces it, or its own reply or a fresh one counts no rows there.
        Raises ServerError where it is announced.
        """
        nothing = replace(served, page=replace(served.page, rows=[], has_next=False), failure=None)
        if not served.is_malformed:
            announces = self._announcing(served.request, before)
            # a count that is exactly what was read is right, whatever else the replies announce
            is_read = (
                before.request.number > 1 and before.reached == before.total_items == nothing.total_items
            )
            if not announces or (is_read and not self._was_miscounted):
                self._say_end(before, served)
                return nothing
            if self._is_denied(announces, nothing, before):
                return nothing
            fresh = self._ask(PageRequest(1, served.request.size))
            now = replace(fresh, request=served.request, page=replace(fresh.page, rows=[], has_next=False))
            # a total that is the number of the rows on the page counts nothing else
            is_of_the_page = fresh.total_items == fresh.reached and fresh.says_more
            is_right = fresh.failure is None and not fresh.miscounts and not is_of_the_page
            if is_right and self._is_denied(announces, now, before):
                return now
        raise self.unread(served)

    def unread(self, served: Served) -> ServerError:
        """Return the error for a page that is missing."""
        cause = "it is empty." if served.failure is None else _cause(served.failure)
        return ServerError(
            f"{self._label}: page {served.request.number} of {served.request.size} rows could not be read: "
            f"{cause} Its rows would be missing. If it happens again, report it to Snow Atlas support."
        )

    def _announcing(self, request: PageRequest, before: Served) -> set[str]:
        """What announces a page: counts that the replies had so far, or the link of the page before it."""
        announces = set()
        if self._most_items > request.start:
            announces.add("total_items")
        if self._most_pages > request.start:
            announces.add("total_pages")
        if before.page.has_next and request.end > before.request.end:
            announces.add("link")
        return announces

    def _is_denied(self, announces: set[str], now: Served, before: Served) -> bool:
        """Whether all that announced a page counts it no more. What never announced it can't deny it."""
        if self._was_miscounted:
            return False
        items, pages = now.page.total_items, now.page.total_pages
        if "total_items" in announces and (items is None or items > now.request.start):
            return False
        if "total_pages" in announces and (pages is None or pages >= now.request.number):
            return False
        # a collection that became shorter still serves the rows that it counts before its end
        again = self.serve(before.request)
        if again.failure is not None:
            return "link" not in announces
        return not (again.missing and not before.missing) and not (
            "link" in announces and again.page.has_next
        )

    def repeated(self, served: Served) -> Served:
        """Return a page that holds what the page before it held as one that failed."""
        return replace(served, failure=self._failure(served.request, "the page before it came once more"))

    def ends_behind(self, served: Served) -> bool:
        """Whether the collection ends in a page that is not full, though something says more or nothing is
        counted: the page behind it is asked for, and has no rows of its own.

        Raises ServerError where that page is announced and can't be read.
        """
        self.learn(served)
        behind = self.serve(PageRequest(served.request.number + 1, served.request.size))
        if behind.failure is None and behind.rows:
            if not behind.repeats(served):
                return False
            behind = self.repeated(behind)
        self.behind(behind, served)
        return True

    def stands_still(self, *pages: Served) -> bool:
        """Whether the pages come once more as they were."""
        again = [self.serve(page.request) for page in pages]
        return all(
            page.failure is None and page.rows == earlier.rows and page.total_items == earlier.total_items
            for page, earlier in zip(again, pages, strict=True)
        )

    def _ask(self, request: PageRequest) -> Served:
        number = request.number - 1 + self._numbered_from
        # a page that is announced must name itself; for one that may not be there anything may come
        numbers = frozenset({number}) if request.start < self.announced else None
        try:
            page = self._fetch(request.number, request.size, numbers)
        except SnowAtlasError as error:
            if error.status not in NO_SUCH_PAGE:
                raise
            return Served(request, Page([]), failure=error)
        if page is None:
            return Served(request, Page([]), failure=self._failure(request, "no content came"))
        if page.is_array != self._is_array or not (page.is_array or page.is_collection):
            failure = self._failure(request, "a reply of another shape came")
            return Served(request, Page([]), failure=failure, is_malformed=True)
        if page.number is not None and page.number != number and request.number > 1:
            # what it counts is believed, its rows are not those of the page asked for
            page = replace(page, rows=[])
            return Served(request, page, failure=self._failure(request, f"page {page.number} came"))
        return Served(request, page, self._key)

    def _failure(self, request: PageRequest, what: str) -> ServerError:
        return ServerError(f"{self._label}: {what} for page {request.number} of {request.size} rows.")

    def _say_end(self, before: Served, served: Served) -> None:
        if before.says_more:
            self._warn(
                "contradiction",
                f"{self._label}: the API contradicts itself: page {before.request.number} announces more "
                "rows, but the page behind it counts none.",
            )
        elif served.failure is not None and not (served.rows and before.reached == before.total_items):
            self._warn(
                "end",
                f"{self._label}: page {served.request.number} is taken to lie behind the end, as nothing "
                f"announces it and the server does not have it: {_cause(served.failure)}",
            )


def _cause(failure: SnowAtlasError) -> str:
    """Why there is no page. What a refusal of the whole collection would mean is no advice for one of its
    pages.
    """
    message = failure.message or ""
    if failure.status is None:
        return message
    refusal, says, said = message.partition(" The server said: ")
    return refusal.partition(". ")[0].rpartition(": ")[2].rstrip(".") + "." + says + said
