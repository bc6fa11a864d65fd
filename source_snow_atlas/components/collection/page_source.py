"""Source of the pages of one collection, and what they state about it."""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Hashable
from dataclasses import dataclass, replace

from source_snow_atlas.components.basics.errors import ServerError, SnowAtlasError
from source_snow_atlas.components.collection.missing_rows import MissingRows
from source_snow_atlas.components.collection.page_reply import PageReply, PageRequest
from source_snow_atlas.components.collection.prefetch import Prefetch, in_flight
from source_snow_atlas.components.request.reply import Page

NO_SUCH_PAGE = frozenset({400, 404, 410, 416, 422})
"""HTTP statuses by which a server may say that a page does not exist."""
RETRIES = 3
"""Retries of a page that doesn't hold the rows it counts, as long as its replies differ."""


Fetch = Callable[[int, int, "frozenset[int] | None"], "Page | None"]
"""Fetches a page, given its number, the page size and the page numbers that the reply may state (None: any).
Returns None if the server sends no content.
"""


@dataclass
class Changes:
    """Changes of the data that were seen during a read.

    `seen` is the least number of rows inserted or deleted, `read_again` the number of pages read because of
    them, and `again` the number of rows emitted once more because another page held them with other values.
    """

    seen: int = 0
    read_again: int = 0
    again: int = 0

    def __bool__(self) -> bool:
        """Return whether the data changed."""
        return bool(self.seen or self.again)


@dataclass
class PageSource:
    """Source of the pages of one collection, and what they state. `first` is its first page.

    `get` is thread-safe. `on_page` is called with every page, `warn` with the kind and the text of each
    warning.
    """

    label: str
    fetch: Fetch
    key: tuple[str, ...]
    prefetch: Prefetch
    missing_rows: MissingRows
    on_page: Callable[[Page], None]
    warn: Callable[[str, str], None]
    first: Page

    def __post_init__(self) -> None:
        self._numbered_from = 1
        self.changes = Changes()
        self.was_miscounted = False
        """Whether the rows of a page have contradicted a total."""
        self.announced = 0
        """The offset up to which the newest page announces rows."""
        if self.first.number == 0 and self.first.rows:
            self._numbered_from = 0
            self.warn(
                "numbering",
                f"{self.label}: the API numbers the first page 0 in its reply; page numbers in replies "
                "are assumed to be counted from zero.",
            )

    def get(self, request: PageRequest) -> PageReply:
        """Fetch a page, with retries if it doesn't hold the rows it counts.

        Raises what the fetch raises, except for refusals that may mean that the page does not exist.
        """
        return self.complete(self._request(request))

    def replies(
        self, following: Callable[[PageRequest | None], PageRequest]
    ) -> Generator[PageReply, None, None]:
        """Yield the replies to requests, with as many in flight as are announced, and at least one.

        `following` returns the next request, given the newest one in flight, or None if there is none.
        """

        def next_request(newest: PageRequest | None) -> PageRequest | None:
            return None if newest is not None and newest.end >= self.announced else following(newest)

        yield from in_flight(next_request, self.get, self.prefetch)

    def complete(self, reply: PageReply) -> PageReply:
        """Request a page again until it holds the rows it counts, or its replies agree.

        The total and the rows of a reply may come from two queries, between which rows were inserted or
        deleted.
        """
        for _ in range(RETRIES):
            total = reply.page.total_items or 0
            # more rows than it counts are those of another page, unless its total is wrong
            contradicts = reply.request.start < total < reply.reached and not self.was_miscounted
            # a page that nothing announces may not exist
            has_failed = reply.failure is not None and reply.request.start < self.announced
            if not (reply.missing or reply.is_malformed or has_failed or contradicts):
                return reply
            again = self._request(reply.request)
            is_same = again.page.rows == reply.page.rows and again.page.total_items == reply.page.total_items
            is_better = reply.failure is not None or (
                (again.is_miscounted, again.missing) <= (reply.is_miscounted, reply.missing)
            )
            if reply.is_malformed or (again.failure is None and is_better):
                reply = again
            if is_same:
                return reply
        if reply.missing and reply.request.start and len(again.rows) != len(reply.rows):
            # rows were inserted or deleted at the end of the collection meanwhile
            return self.failed(reply.request, "different replies were received", reply.page)
        return reply

    def observe(self, reply: PageReply) -> None:
        """Remember what a page states about the collection."""
        if reply.failure is None:
            self.announced = reply.announced
            self.missing_rows.observed.observe(reply)
            self.was_miscounted |= reply.is_miscounted

    def count(self, reply: PageReply, shared: int) -> None:
        """Count a page as read that shares a number of rows with the preceding one, and its missing rows."""
        self.missing_rows.count(reply, shared)
        self.on_page(reply.page)

    def confirm_total(self, reply: PageReply) -> PageReply:
        """Request a last page again if an earlier reply counted more rows: a replica may lag."""
        if not reply.is_end or reply.counted[1] >= self.missing_rows.observed.least:
            return reply
        again = self.get(reply.request)
        return again if again.counted[1] > reply.counted[1] else reply

    def is_unchanged(self, *replies: PageReply) -> bool:
        """Request pages again, and return whether all of them have the same rows and totals."""
        again = [self.get(reply.request) for reply in replies]
        return all(
            new.failure is None and new.rows == old.rows and new.total_items == old.total_items
            for new, old in zip(again, replies, strict=True)
        )

    def failed(self, request: PageRequest, what: str, page: Page | None = None) -> PageReply:
        """Return a failed page for a request that got another reply, whose totals may be valid."""
        failure = self.error(f"{what} for page {request.number} of {request.size} rows.")
        return PageReply(request, page or Page([]), failure=failure)

    def is_followed(self, reply: PageReply, known: Container[Hashable] = ()) -> bool:
        """Return whether any of the two pages after this one has rows, or may have.

        `known` are the pages, as tuples of identities, that were read before: they may come after the end.
        """
        number, size = reply.request.number, reply.request.size
        pages = [self.get(PageRequest(number + one, size)) for one in (1, 2)]
        if any(page.is_malformed or (page.rows and tuple(page.identities) not in known) for page in pages):
            return True
        if pages[0].failure is not None:
            self.warn_of_end(pages[0])
        return False

    def warn_of_end(self, reply: PageReply) -> None:
        """Warn that a page that was refused is assumed not to exist."""
        self.warn(
            "end",
            f"{self.label}: nothing announces page {reply.request.number}, and the server does not have it. "
            f"The collection is assumed to end before it: {self._reason(reply)}",
        )

    def warn_of_contradiction(self, reply: PageReply) -> None:
        """Warn that a last page announces more pages."""
        self.warn(
            "contradiction",
            f"{self.label}: two pages end with row {reply.reached}, so the collection is assumed to end "
            "there, although a link or the number of pages announces more.",
        )

    def unreadable(self, reply: PageReply) -> ServerError:
        """Return the error for a page that could not be read."""
        return self.error(
            f"page {reply.request.number} of {reply.request.size} rows could not be read: "
            f"{self._reason(reply)} Its rows would be missing. If it happens again, report it to Snow Atlas "
            "support."
        )

    def error(self, message: str) -> ServerError:
        """Return an error that names the collection."""
        return ServerError(f"{self.label}: {message}")

    def _reason(self, reply: PageReply) -> str:
        """Return why a page could not be read, without the advice for a refused collection."""
        if reply.failure is None:
            return "it is empty, although a total counts rows there or a later page has some."
        message = reply.failure.message or ""
        if reply.failure.status is None:
            return message.removeprefix(f"{self.label}: ")
        refusal, separator, said = message.partition(" The server said: ")
        return refusal.partition(". ")[0].rpartition(": ")[2].rstrip(".") + "." + separator + said

    def _request(self, request: PageRequest) -> PageReply:
        number = request.number - 1 + self._numbered_from
        # a page that is announced must have its own number; one that may not exist can be anything
        numbers = frozenset({number}) if request.start < self.announced else None
        try:
            page = self.fetch(request.number, request.size, numbers)
        except SnowAtlasError as error:
            if error.status not in NO_SUCH_PAGE:
                raise
            return PageReply(request, Page([]), failure=error)
        if page is None:
            return self.failed(request, "no content was received")
        if page.is_array != self.first.is_array or not (page.is_array or page.is_collection):
            return replace(self.failed(request, "a reply of another shape was received"), is_malformed=True)
        if page.number is not None and page.number != number and request.number > 1:
            return self.failed(request, f"page {page.number} was received", page)
        return PageReply(request, page, self.key)
