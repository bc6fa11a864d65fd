"""Server of one collection that changes while it is read: `python -m benchmarks.changing_server --rate 5`.

It prints its port. A change inserts or deletes a row at a random offset. A page contains the rows at the end
of its latency, and their total unless `--no-total`. `/truth` returns the number of initial rows, the deleted
rows and the counts of requests and changes. `/reset` starts again with another rate and seed.
"""

import argparse
import random
import time

import orjson
from aiohttp import web

from unit_tests.simulation.changes import ChangesByClock, ChangingRows

PATH = "/api/sam/estate/v1/computers"


class Changing:
    """Collection with changes over time. They are made when the rows are requested."""

    def __init__(self, rows: int, rate: float, seed: int) -> None:
        self.rows = ChangingRows(rows)
        self.requests = 0
        self._rate, self._seed = rate, seed
        self._changes: ChangesByClock | None = None

    def current(self) -> ChangingRows:
        """Return the current rows. The first call starts the clock."""
        now = time.monotonic()
        if self._changes is None:
            chance = random.Random(self._seed + 1)
            self._changes = ChangesByClock(self.rows, self._seed, self._rate, chance, start=now)
        self._changes.until(now)
        return self.rows


def application(arguments: argparse.Namespace) -> web.Application:
    """Return the web application."""
    import asyncio

    state = {"changing": Changing(arguments.rows, arguments.rate, 0)}

    async def token(request: web.Request) -> web.Response:
        return web.json_response({"access_token": "benchmark", "expires_in": 3600, "token_type": "Bearer"})

    async def page(request: web.Request) -> web.Response:
        changing = state["changing"]
        changing.requests += 1
        number, size = int(request.query["page_number"]), min(int(request.query["page_size"]), 1000)
        await asyncio.sleep(arguments.latency_ms / 1000)
        rows = changing.current()
        pagination = {"page_number": number, "page_size": size, "total_pages": -(-len(rows) // size)}
        if not arguments.no_total:
            pagination["total_items"] = len(rows)
        items = [
            {"id": f"{row:012d}", "hostName": f"WS-{row}", "manufacturer": "Dell Inc.", "status": "Active"}
            for row in rows.numbers((number - 1) * size, number * size)
        ]
        return web.Response(
            body=orjson.dumps({"items": items, "pagination": pagination}), content_type="application/json"
        )

    async def truth(request: web.Request) -> web.Response:
        changing = state["changing"]
        return web.json_response(
            {
                "initial": changing.rows.initial,
                "gone": sorted(changing.rows.deleted),
                "requests": changing.requests,
                "changes": changing.rows.changes,
            }
        )

    async def reset(request: web.Request) -> web.Response:
        state["changing"] = Changing(arguments.rows, float(request.query["rate"]), int(request.query["seed"]))
        return web.Response()

    served = web.Application()
    served.router.add_post("/idp/api/connect/token", token)
    served.router.add_get(PATH, page)
    served.router.add_get("/truth", truth)
    served.router.add_post("/reset", reset)
    return served


def main() -> None:
    """Parse the arguments and serve."""
    import asyncio

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--no-total", action="store_true")
    arguments = parser.parse_args()

    async def serve() -> None:
        runner = web.AppRunner(application(arguments), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
