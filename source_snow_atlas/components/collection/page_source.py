"""Source of the pages of one collection. It distinguishes complete pages, failed pages and the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from source_snow_atlas.components.basics.errors import ServerError, SnowAtlasError
from source_snow_atlas.components.collection.page_reply import PageReply
from source_snow_atlas.components.collection.pages import Fetch, PageRequest
from source_snow_atlas.components.request.reply import Page

NO_SUCH_PAGE = frozenset({400, 404, 410, 416})
"""HTTP statuses by which a server may say that a page does not exist."""
RETRIES = 3
"""Retries of a page that doesn't hold the rows it counts, as long as its replies differ."""


class PageSource:
    """Source of the pages of one collection whose first page is `first`. `get` is thread-safe.

    `warn` is called with the kind and the text of each warning.
    """

    def __init__(
        self, label: str, fetch: Fetch, key: tuple[str, ...], first: Page, warn: Callable[[str, str], None]
    ) -> None:
        self._label = label
        self._fetch = fetch
        self._key = key
        # a copy, because fields are added to the rows that are emitted
        self._first = replace(first, rows=[dict(row) for row in first.rows])
        self._warn = warn
        self._numbered_from = 1
        self.was_miscounted = False
        self._most_items = self._most_pages = 0
        self.announced = 0
        """The offset up to which the newest page announces rows."""
        if first.number == 0 and first.rows:
            self._numbered_from = 0
            warn(
                "numbering",
                f"{label}: the API calls page 1 page 0 in its reply; page numbers in replies are assumed to "
                "be counted from zero.",
            )

    def get(self, request: PageRequest) -> PageReply:
        """Fetch a page, with retries if it doesn't hold the rows it counts.

        Raises what the fetch raises, except for refusals that may mean that the page does not exist.
        """
        return self.complete(self._request(request))

    def complete(self, reply: PageReply) -> PageReply:
        """Request a page again until it holds the rows it counts, or its replies agree.

        The total and the rows of a reply may come from two queries, between which rows were inserted or
        deleted.
        """
        for _ in range(RETRIES):
            total = reply.page.total_items or 0
            # more rows than it counts are those of another page, unless its total is wrong
            contradicts = reply.request.start < total < reply.reached and not self.was_miscounted
            if not (reply.missing or reply.failure or contradicts):
                break
            again = self._request(reply.request)
            is_same = again.page.rows == reply.page.rows and again.page.total_items == reply.page.total_items
            is_better = reply.failure is not None or (
                (again.is_miscounted, again.missing) <= (reply.is_miscounted, reply.missing)
            )
            if reply.is_malformed or (again.failure is None and is_better):
                reply = again
            if is_same:
                break
        return reply

    def observe(self, reply: PageReply) -> None:
        """Remember what a page states about the collection."""
        if reply.failure is None:
            self.announced = reply.announced
            self._most_items = max(self._most_items, reply.total_items or 0)
            # the last page has one row at least
            least = ((reply.total_pages or 0) - 1) * reply.request.size + 1
            self._most_pages = max(self._most_pages, least)
            self.was_miscounted |= reply.is_miscounted

    def end_after(self, reply: PageReply, before: PageReply) -> PageReply:
        """Return an empty page in place of one that doesn't exist or has no new rows.

        That is the end only if nothing announced the page, or if what announced it no longer does. Raises
        ServerError otherwise.
        """
        nothing = replace(reply, page=replace(reply.page, rows=[], has_next=False), failure=None)
        if not reply.is_malformed:
            announced_by = self._announced_by(reply.request, before)
            # a total that equals the number of rows read is right, whatever else the replies announce
            is_read = (
                before.request.number > 1 and before.reached == before.total_items == nothing.total_items
            )
            if not announced_by or (is_read and not self.was_miscounted):
                self._confirm_end(reply, before)
                self._warn_about_end(before, reply)
                return nothing
            if self._is_retracted(announced_by, nothing, before):
                return nothing
            fresh = self._request(PageRequest(1, reply.request.size))
            now = replace(fresh, request=reply.request, page=replace(fresh.page, rows=[], has_next=False))
            # a total that equals the number of rows on the page counts only those
            is_of_the_page = fresh.total_items == fresh.reached and fresh.announces_more
            is_right = fresh.failure is None and not fresh.is_miscounted and not is_of_the_page
            if is_right and self._is_retracted(announced_by, now, before):
                return now
        raise self.unreadable(reply)

    def _confirm_end(self, reply: PageReply, before: PageReply) -> None:
        """Raise ServerError if rows follow the assumed end of a collection without totals."""
        if self._is_counted(before, reply):
            return
        if not reply.rows and self.is_followed(reply, before):
            raise self.unreadable(reply)
        if reply.rows or (reply.failure is not None and reply.page.number is not None):
            self._confirm_numbers()

    def is_followed(self, reply: PageReply, before: PageReply) -> bool:
        """Return whether the page after this one has new rows. Always False if replies have totals."""
        if self._is_counted(before, reply):
            return False
        requests = [PageRequest(reply.request.number + 1, reply.request.size)]
        if reply.rows:
            # a page that repeats another one may do so only once
            requests.insert(0, reply.request)
        return any(self._is_new(self._request(request), before, reply) for request in requests)

    @staticmethod
    def _is_new(page: PageReply, before: PageReply, reply: PageReply) -> bool:
        """Return whether a page shares no row with the two before it, or is malformed."""
        if not page.rows or page.repeats(before) or page.repeats(reply):
            return page.is_malformed
        # a page that repeats another one may have other rows by now
        return not reply.rows or {*before.contents, *reply.contents}.isdisjoint(page.contents)

    def _is_counted(self, *replies: PageReply) -> bool:
        """Return whether any of the replies has a total, and no total was wrong so far."""
        return any(reply.is_counted for reply in replies) and not self.was_miscounted

    def confirm_total(self, reply: PageReply) -> PageReply:
        """Request a last page again if an earlier reply counted more rows: a replica may lag."""
        if reply.total_items is None or not reply.is_end or reply.total_items >= self._most_items:
            return reply
        again = self.get(reply.request)
        return again if (again.total_items or 0) > reply.total_items else reply

    def unreadable(self, reply: PageReply) -> ServerError:
        """Return the error for a page that could not be read."""
        reason = "it is empty." if reply.failure is None else _reason(reply.failure)
        return ServerError(
            f"{self._label}: page {reply.request.number} of {reply.request.size} rows could not be read: "
            f"{reason} Its rows would be missing. If it happens again, report it to Snow Atlas support."
        )

    def has_counted_pages(self, size: int) -> bool:
        """Return whether a reply has counted more than one page of `size` rows."""
        return self._most_pages > size

    def _announced_by(self, request: PageRequest, before: PageReply) -> set[str]:
        """Return what announced a page: totals of any reply so far, or the link of the preceding page."""
        announced_by = set()
        if self._most_items > request.start:
            announced_by.add("total_items")
        if self._most_pages > request.start:
            announced_by.add("total_pages")
        if before.page.has_next and request.end > before.request.end:
            announced_by.add("link")
        return announced_by

    def _is_retracted(self, announced_by: set[str], now: PageReply, before: PageReply) -> bool:
        """Return whether everything that announced a page has stopped doing so."""
        if self.was_miscounted:
            return False
        items, pages = now.page.total_items, now.page.total_pages
        if "total_items" in announced_by and (items is None or items > now.request.start):
            return False
        if "total_pages" in announced_by and (pages is None or pages >= now.request.number):
            return False
        # a collection that became shorter still serves the rows that it counts before its end
        again = self.get(before.request)
        if again.failure is not None:
            return "link" not in announced_by
        return not (again.missing and not before.missing) and not (
            "link" in announced_by and again.page.has_next
        )

    def _confirm_numbers(self) -> None:
        """Raise ServerError if the server follows page sizes and ignores page numbers.

        Page 2 of half the size is then the first half of page 1. A server that ignores both has no pages.
        """
        count = len(self._first.rows)
        request = PageRequest(2, count // 2 or 1)
        try:
            page = self._fetch(request.number, request.size, None)
        except SnowAtlasError as error:
            if error.status not in NO_SUCH_PAGE:
                raise
            return
        if page is None or not 0 < len(page.rows) < count:
            return
        half = PageReply(request, page, self._key)
        first = PageReply(PageRequest(1, count), self._first, self._key)
        if not (half.is_part_of(first) or any(row in first.rows for row in half.rows)):
            raise self.unreadable(replace(first, failure=self._failure(first.request, "another page came")))
        beginning = replace(first, page=Page(first.rows[: len(half.rows)]))
        if half.repeats(beginning) or half.is_part_of(beginning):
            raise ServerError(
                f"{self._label}: the server ignores page numbers, and no total counts its rows. Rows after "
                f"the first {count} would be missing. Report it to Snow Atlas support."
            )

    def repeats(self, reply: PageReply, before: PageReply, *earlier: PageReply) -> bool:
        """Return whether a page repeats an earlier one, or the preceding one with fewer rows by now."""
        if any(map(reply.repeats, (before, *earlier))):
            return True
        is_counted = reply.is_counted and not reply.is_miscounted
        if self.was_miscounted or is_counted or not reply.is_part_of(before):
            return False
        return reply.repeats(self.get(before.request))

    def as_repeated(self, reply: PageReply) -> PageReply:
        """Return a page that repeats the preceding one as a failed page."""
        return replace(reply, failure=self._failure(reply.request, "the rows of the preceding page came"))

    def end_of(self, reply: PageReply) -> PageReply | None:
        """Request the page after a short one, and return its empty reply, or None if it has new rows.

        Raises ServerError if that page is announced and can't be read.
        """
        self.observe(reply)
        following = self.get(PageRequest(reply.request.number + 1, reply.request.size))
        if following.failure is None and following.rows:
            if not self.repeats(following, reply) or self.is_followed(following, reply):
                return None
            following = self.as_repeated(following)
        return self.end_after(following, reply)

    def is_unchanged(self, *replies: PageReply) -> bool:
        """Request pages again, and return whether all of them have the same rows and totals."""
        again = [self.get(reply.request) for reply in replies]
        return all(
            new.failure is None and new.rows == old.rows and new.total_items == old.total_items
            for new, old in zip(again, replies, strict=True)
        )

    def _request(self, request: PageRequest) -> PageReply:
        number = request.number - 1 + self._numbered_from
        # a page that is announced must have its own number; one that may not exist can be anything
        numbers = frozenset({number}) if request.start < self.announced else None
        try:
            page = self._fetch(request.number, request.size, numbers)
        except SnowAtlasError as error:
            if error.status not in NO_SUCH_PAGE:
                raise
            return PageReply(request, Page([]), failure=error)
        if page is None:
            return PageReply(request, Page([]), failure=self._failure(request, "no content came"))
        if page.is_array != self._first.is_array or not (page.is_array or page.is_collection):
            failure = self._failure(request, "a reply of another shape came")
            return PageReply(request, Page([]), failure=failure, is_malformed=True)
        if page.number is not None and page.number != number and request.number > 1:
            # the totals of another page are valid, its rows are not those of the requested page
            page = replace(page, rows=[])
            return PageReply(request, page, failure=self._failure(request, f"page {page.number} came"))
        return PageReply(request, page, self._key)

    def _failure(self, request: PageRequest, what: str) -> ServerError:
        return ServerError(f"{self._label}: {what} for page {request.number} of {request.size} rows.")

    def _warn_about_end(self, before: PageReply, reply: PageReply) -> None:
        if before.announces_more:
            self._warn(
                "contradiction",
                f"{self._label}: the API contradicts itself: page {before.request.number} announces more "
                "rows, but the page after it counts none.",
            )
        elif reply.failure is not None and not (reply.rows and before.reached == before.total_items):
            self._warn(
                "end",
                f"{self._label}: the collection is assumed to end before page {reply.request.number}, which "
                f"nothing announces and the server does not have: {_reason(reply.failure)}",
            )


def _reason(failure: SnowAtlasError) -> str:
    """Return why a page could not be read, without the advice for a refused collection."""
    message = failure.message or ""
    if failure.status is None:
        return message
    refusal, separator, said = message.partition(" The server said: ")
    return refusal.partition(". ")[0].rpartition(": ")[2].rstrip(".") + "." + separator + said
