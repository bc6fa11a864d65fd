"""Fast reader without a framework: asyncio, aiohttp, uvloop and orjson. No retries, schema or state."""

import asyncio
import sys
import time
from collections.abc import Coroutine, Iterable
from typing import Any

import aiohttp
import orjson
import uvloop

from benchmarks.task import Task


class Reader:
    """Reader of collections with a limited number of requests in flight."""

    def __init__(self, task: Task, session: aiohttp.ClientSession) -> None:
        self._task = task
        self._session = session
        self._slots = asyncio.Semaphore(task.workers)

    async def read(self) -> None:
        """Read all streams of the task."""
        bulk = [self._pages(stream.name, stream.path) for stream in self._task.bulk]
        parents = [self._pages("", self._task.parent.path)] if self._task.children else []
        await asyncio.gather(*bulk, *parents)

    async def _pages(self, stream: str, path: str) -> None:
        """Read page 1, and then concurrently the other pages. Without a stream, the rows are parents."""
        total, children = await self._page(stream, path, 1)
        following = [self._page(stream, path, number) for number in range(2, total + 1)]
        if not children and not following:
            return
        await asyncio.gather(*map(self._children_of_page, following), self._children(children))

    async def _children_of_page(self, page: Coroutine[Any, Any, tuple[int, list[str]]]) -> None:
        _, children = await page
        await self._children(children)

    async def _children(self, parents: list[str]) -> None:
        """Read the child collections of computers."""
        await asyncio.gather(
            *(
                self._pages(child.name, child.path.replace("{id}", parent))
                for parent in parents
                for child in self._task.children
            )
        )

    async def _page(self, stream: str, path: str, number: int) -> tuple[int, list[str]]:
        """Read a page. Returns the number of pages and the ids of parents; other rows are written."""
        parameters = {"page_number": number, "page_size": self._task.page_size}
        async with self._slots, self._session.get(self._task.url + path, params=parameters) as reply:
            reply.raise_for_status()
            body = orjson.loads(await reply.read())
        if stream:
            write(stream, body["items"])
        ids = [] if stream else [row["id"] for row in body["items"]]
        return int(body["pagination"]["total_pages"]), ids


def write(stream: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write a RECORD line per row to stdout."""
    now = int(time.time() * 1000)
    sys.stdout.buffer.write(
        b"".join(
            orjson.dumps(
                {"type": "RECORD", "record": {"stream": stream, "data": row, "emitted_at": now}},
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for row in rows
        )
    )


async def run(task: Task) -> None:
    """Request a token and read the task."""
    form = task.token_form
    async with aiohttp.ClientSession() as session:
        async with session.post(task.token_url, data=form) as reply:
            token = (await reply.json())["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        await Reader(task, session).read()


if __name__ == "__main__":
    uvloop.run(run(Task.read(sys.argv[1])))
