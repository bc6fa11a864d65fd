"""Serial loop with `requests`, as users write it: one token, and one request after the other."""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import requests

from benchmarks.task import Task


def items(session: requests.Session, url: str, page_size: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of a collection."""
    number = 1
    while True:
        reply = session.get(url, params={"page_number": number, "page_size": page_size}, timeout=300)
        reply.raise_for_status()
        body = reply.json()
        yield from body["items"]
        if number >= body["pagination"]["total_pages"]:
            return
        number += 1


def write(stream: str, row: dict[str, Any]) -> None:
    """Write a record to stdout."""
    record = {"stream": stream, "data": row, "emitted_at": int(time.time() * 1000)}
    print(json.dumps({"type": "RECORD", "record": record}))


def main() -> None:
    """Read the streams of the task."""
    task = Task.read(sys.argv[1])
    session = requests.Session()
    form = task.token_form
    token = session.post(task.token_url, data=form, timeout=60)
    token.raise_for_status()
    session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    for stream in task.bulk:
        for row in items(session, task.url + stream.path, task.page_size):
            write(stream.name, row)
    if task.children:
        computers = [row["id"] for row in items(session, task.url + task.parent.path, task.page_size)]
        for stream in task.children:
            for computer in computers:
                path = stream.path.replace("{id}", computer)
                for row in items(session, task.url + path, task.page_size):
                    write(stream.name, row)


if __name__ == "__main__":
    main()
