"""Lost rows when data changes while it is read: `python -m benchmarks.churn` prints a table in Markdown.

The connector's reader, with ten concurrent requests, and a serial loop read the same model of a collection.
Rows are inserted and deleted at random offsets between requests. The table is in docs/proofs.md.
"""

from __future__ import annotations

import argparse
import logging

from unit_tests.simulation.paged_api import measure_by_request

TOTALS = {"both": "items and pages", "pages": "pages only", "none": "none"}
CHANGES = ((0.01, 0.01), (0.1, 0.1), (0.5, 0.5), (0.5, 0.0), (0.0, 0.5))
ROWS, PAGE_SIZE = 5_000, 100


def main() -> None:
    """Print the table."""
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=100)
    seeds = range(parser.parse_args().reads)
    print(
        "| totals in the reply | inserts, deletes per request | rows lost by a serial loop "
        "| rows repeated by it | rows lost here | reads with a loss here | rows repeated here "
        "| requests per page here |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for totals, name in TOTALS.items():
        for inserts, deletes in CHANGES:
            options = {
                "rows": ROWS,
                "page_size": PAGE_SIZE,
                "inserts": inserts,
                "deletes": deletes,
                "totals": totals,
            }
            loop = measure_by_request(seeds, plain=True, **options)
            connector = measure_by_request(seeds, parallel=10, **options)
            print(
                f"| {name} | {inserts}, {deletes} | {loop.rows_lost_silently} | {loop.rows_repeated} "
                f"| {connector.rows_lost_silently} | {connector.reads_with_silent_loss} "
                f"| {connector.rows_repeated} | {connector.requests / (len(seeds) * ROWS / PAGE_SIZE):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
