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
    in_own_size = replace(reply, request=PageRequest(1, stated or requested))
    if stated and count > stated:
        if in_own_size.total_items == in_own_size.announced == count < requested:
            # the server ignores page numbers and sizes
            return reply, True
        stated = None
    if count == requested and stated in (None, requested):
        return reply, False
    # a full page without more may be a last one that states the number of its rows
    is_clear = in_own_size.is_end or (count == stated and in_own_size.announces_more)
    if stated and is_clear and not in_own_size.missing:
        return in_own_size, in_own_size.is_end
    if stated and stated not in (requested, count):
        reply = source.get(PageRequest(1, stated))
    elif count > requested:
        # the server has larger pages, or none and sent everything
        reply = replace(reply, request=PageRequest(1, count))
    reply = source.complete(reply)
    if reply.failure is not None or (count and not reply.rows):
        # a page that had rows in another size is not empty
        raise source.unreadable(reply)
    count = len(reply.rows)
    if reply.is_end and not (reply.missing or count):
        return reply, True
    if not (reply.missing or reply.announces_more) and _is_alone(source, reply, requested):
        return reply, True
    if not count:
        again = source.get(PageRequest(1, requested))
        if reply.missing:
            return reply, False
        if not again.rows:
            raise source.unreadable(reply)
        # the first rows were inserted since
        return first_page(source, again)
    # a server that truncates pages to a size of its own fills a page of that size and continues after it
    truncated = source.get(PageRequest(1, count))
    is_full = truncated.failure is None and len(truncated.rows) == count and not truncated.has_other_size
    return truncated if is_full else reply, False


def _is_alone(source: PageSource, first: PageReply, requested: int) -> bool:
    """Return whether no rows follow a page whose totals don't prove it."""
    count = len(first.rows)
    follows_sizes = False
    if 2 < count <= requested:
        # a page that begins with the last rows shows whether more follow
        other = source.get(PageRequest(2, count - min(OVERLAP, (count - 1) // 2)))
        source.observe(other)
        # a page of another size that is not stated may end where the first one ends, and more rows follow
        is_last = not other.has_other_size and other.reached == count and other.ends_as(first)
        if is_last and not other.ends_as(first, before_end=1):
            return True
        # if page 1 was received instead, page numbers may be ignored
        is_same = other.page.rows == first.rows
        is_another = other.failure is not None and other.page.number is not None and not is_same
        if is_another or other.adds_to(first) or (other.total_items or 0) > count:
            return False
        follows_sizes = not is_same
    others = [source.get(PageRequest(number, max(requested, count))) for number in (2, 3)]
    if count and all(page.page.rows == first.rows for page in others):
        # a server that ignores page numbers and sizes has no pages, unless page 1 replaced page 2 just once
        again = [source.get(page.request) for page in (first, others[0])]
        return not follows_sizes and all(page.page.rows == first.rows for page in again)
    if any(page.page.rows or page.is_malformed for page in others):
        return False
    if others[0].failure is not None and not first.is_counted:
        source.warn_of_end(others[0])
    # rows after a full page may have moved to it since
    is_full = count in (requested, first.page.size)
    return not is_full or source.is_unchanged(first)
