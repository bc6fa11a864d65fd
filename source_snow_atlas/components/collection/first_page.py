"""The first page of a collection: the page size of the server, and whether the page is the only one."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.page_reply import PageReply
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.pages import Fetch, PageRequest
from source_snow_atlas.components.request.reply import Page


class FirstPage(NamedTuple):
    """First page, in the page size of the server.

    `is_all`: no page follows. `is_short`: pages follow although the page is not full and no total counts its
    missing rows.
    """

    reply: PageReply
    is_all: bool = False
    is_short: bool = False


def first_page(source: PageSource, reply: PageReply) -> FirstPage:
    """Find the page size of the server: the one that the first reply states, or the number of its rows."""
    page, size = reply.page, reply.request.size
    count = len(page.rows)
    if page.size and page.size not in (size, count):
        reply = source.complete(replace(reply, request=PageRequest(1, page.size)))
        return FirstPage(reply, is_all=reply.is_end)
    if count > size:
        # the server has larger pages, or none and sent everything
        reply = replace(reply, request=PageRequest(1, count))
        is_all = not reply.announces_more and source.end_of(reply) is not None
        # if it is a full page, the row after it may have moved to it since
        return FirstPage(reply, is_all=is_all and (page.size != count or source.is_unchanged(reply)))
    if count == size:
        return FirstPage(reply)
    reply = source.complete(reply)
    count = len(reply.rows)
    # without a page size in the reply, the total may be that of a truncated page
    is_end = reply.is_end and page.size == size and not reply.missing
    if is_end or count == size or (not count and (reply.missing or reply.is_counted)):
        return FirstPage(reply, is_all=reply.is_end or not (reply.missing or reply.announces_more or count))
    end = None if reply.missing else source.end_of(reply)
    if end is not None:
        # if more was announced or the total changed, the rows after it may have moved to this page since
        is_steady = not reply.announces_more and end.total_items in (None, reply.total_items)
        return FirstPage(reply, is_all=is_steady or source.is_unchanged(reply))
    if not count:
        # rows follow an empty page
        raise source.unreadable(reply)
    # a server that truncates pages to a size of its own fills a page of that size and continues after it
    truncated = source.get(PageRequest(1, count))
    is_truncated = truncated.failure is None and len(truncated.rows) == count and not truncated.has_other_size
    if is_truncated and reply.missing and page.size != count:
        is_truncated = not set(source.get(PageRequest(2, count)).contents) <= set(truncated.contents)
    if is_truncated:
        return FirstPage(truncated)
    return FirstPage(reply, is_all=bool(reply.missing) and reply.is_end, is_short=not reply.missing)


def is_without_pages(page: Page, label: str, fetch: Fetch, size: int, pages_declared: bool) -> bool:
    """Return whether the first reply is all: a single object, or a list of an operation without pages.

    Raises ServerError if a single object came as page 1 of a collection.
    """
    if page.is_collection or page.is_array:
        announces_more = page.has_next or (page.total_pages or 0) > 1
        return not (pages_declared or announces_more or (page.total_items or 0) > len(page.rows))
    following = fetch(2, size, None) if pages_declared else None
    if following is not None and (following.is_array or following.is_collection):
        raise ServerError(
            f"{label}: page 1 came as a single object and page 2 as a list: the rows of page 1 would be "
            "missing. If it happens again, report it to Snow Atlas support."
        )
    return True
