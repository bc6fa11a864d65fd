"""The first page of a collection: the page size of the server, and whether the page is the only one."""

from __future__ import annotations

from dataclasses import replace

from source_snow_atlas.components.collection.page_reply import PageReply, PageRequest
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.plan import OVERLAP


def first_page(source: PageSource, reply: PageReply) -> tuple[PageReply, bool]:
    """Return the first page, in the page size of the server, and whether no page follows.

    The page size is the one that the first reply states, or the number of its rows.
    """
    stated, requested, count = reply.page.size, reply.request.size, len(reply.rows)
    if count == requested and stated in (None, requested):
        return reply, False
    in_own_size = replace(reply, request=PageRequest(1, stated or requested))
    if stated and stated < count < requested and in_own_size.total_items == in_own_size.announced == count:
        # the server ignores page numbers and sizes
        return reply, True
    # a full page without more may be a last one that states the number of its rows
    is_clear = in_own_size.is_end or (count == stated and in_own_size.announces_more)
    if stated and count <= stated and is_clear and not in_own_size.missing:
        return in_own_size, in_own_size.is_end
    size = stated if stated and count < stated else max(count, requested)
    reply = source.complete(replace(reply, request=PageRequest(1, size)))
    if not (reply.rows or reply.missing):
        return _first_rows(source, reply)
    if not (reply.missing or reply.announces_more) and _is_alone(source, reply, requested):
        return reply, True
    if not reply.rows:
        return reply, False
    # a server that truncates pages to a size of its own fills a page of that size and continues after it
    truncated = source.get(PageRequest(1, len(reply.rows)))
    is_full = len(truncated.rows) == len(reply.rows) and not truncated.has_other_size
    return truncated if is_full else reply, False


def _first_rows(source: PageSource, empty: PageReply) -> tuple[PageReply, bool]:
    """Return page 1 after an empty reply that counts no rows, and whether no page follows.

    Raises ServerError if it is empty again, although page 2 has rows.
    """
    if empty.is_end:
        return empty, True
    following, again = source.get(PageRequest(2, empty.request.size)), source.get(empty.request)
    if again.failure is not None:
        raise source.unreadable(empty)
    if following.page.rows or following.is_malformed:
        if not again.rows:
            raise source.unreadable(empty)
        return first_page(source, again)
    if following.failure is not None and not empty.is_counted:
        source.warn_of_end(following)
    # rows that came now were inserted meanwhile, or the first reply was empty by mistake
    return again, not (again.is_full or again.missing or again.announces_more)


def _is_alone(source: PageSource, first: PageReply, requested: int) -> bool:
    """Return whether no rows follow a page whose totals don't prove it."""
    count = len(first.rows)
    numbers_are_ignored = True
    if count > 2:
        # a page that begins with the last rows shows whether more follow
        other = source.get(PageRequest(2, count - min(OVERLAP, (count - 1) // 2)))
        source.observe(other)
        is_last = not other.has_other_size and other.reached == count and other.ends_as(first)
        if is_last and not other.ends_as(first, before_end=1):
            return True
        if other.adds_to(first):
            return False
        numbers_are_ignored = other.page.rows == first.rows
    size = count if count == first.page.size else first.request.size
    others = [source.get(PageRequest(number, size)) for number in (2, 3)]
    if numbers_are_ignored and all(page.page.rows == first.rows for page in others):
        return True
    if any(page.page.rows or page.is_malformed for page in others):
        return False
    if others[0].failure is not None and not first.is_counted:
        source.warn_of_end(others[0])
    # rows after a full page may have moved to it since
    return count not in (requested, first.page.size) or source.is_unchanged(first)
