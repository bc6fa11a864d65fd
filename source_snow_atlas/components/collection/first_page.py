"""The first page of a collection: the page size that the server goes by, and whether it is the only one."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from source_snow_atlas.components.basics.errors import ServerError
from source_snow_atlas.components.collection.page_source import PageSource
from source_snow_atlas.components.collection.pages import Fetch, PageRequest
from source_snow_atlas.components.collection.served import Served


class FirstPage(NamedTuple):
    """The page, of the size that the server goes by. `is_all`: nothing lies behind it; `is_short`: it lacks
    rows that no reply counts, as more lie behind it.
    """

    served: Served
    is_all: bool = False
    is_short: bool = False


def first_page(source: PageSource, asked: Served) -> FirstPage:
    """Find the server's page size: the one that the reply to the first request names, or what it held."""
    page, size = asked.page, asked.request.size
    count = len(page.rows)
    if page.size and page.size not in (size, count):
        return FirstPage(source.whole(replace(asked, request=PageRequest(1, page.size))))
    if count > size:
        # a server of larger pages, or one that knows none and sent the whole
        asked = replace(asked, request=PageRequest(1, count))
        return FirstPage(asked, is_all=not asked.says_more and source.ends_behind(asked))
    if count == size:
        return FirstPage(asked)
    asked = source.whole(asked)
    count = len(asked.rows)
    # where no page size is named, the count may be that of a page that was cut
    is_end = asked.is_end and page.size == size and not asked.missing
    if is_end or count == size or (not count and (asked.missing or asked.is_counted)):
        return FirstPage(asked, is_all=not (asked.missing or asked.says_more or count))
    if not asked.missing and source.ends_behind(asked):
        # where more was announced, the rows after it may have moved to this page since
        return FirstPage(asked, is_all=not asked.says_more or source.stands_still(asked))
    # a server that cuts its pages to a size of its own fills a page of that size, and goes on behind it
    cut = source.serve(PageRequest(1, count or 1))
    is_cut = cut.failure is None and len(cut.rows) == count and not cut.is_of_other_size
    if is_cut and asked.missing and page.size != count:
        is_cut = not set(source.serve(PageRequest(2, count)).contents) <= set(cut.contents)
    if is_cut:
        return FirstPage(cut)
    return FirstPage(asked, is_short=not asked.missing)


def confirm_object(label: str, fetch: Fetch, size: int) -> None:
    """Raise ServerError where a single object came in place of the first page of a list."""
    page = fetch(2, size, None)
    if page is not None and (page.is_array or page.is_collection):
        raise ServerError(
            f"{label}: page 1 came as a single object and page 2 as a list: the rows of page 1 would be "
            "missing. If it happens again, report it to Snow Atlas support."
        )
