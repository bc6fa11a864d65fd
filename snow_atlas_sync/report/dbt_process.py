"""Run dbt in a process of its own, so that the package is parsed once.

Parsing takes longer than most builds. Each line on standard input is a JSON list of arguments. Each line on
standard output is the index and the total of the model or test that starts, or else the result.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(*common: str) -> None:
    """Answer requests until standard input ends; `common` are options of all of them."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what dbt prints is no answer
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    def write(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    def tell_progress(event: Any) -> None:
        if event.info.name == "LogStartLine":
            write({"index": event.data.index, "total": event.data.total})

    # Without variables, so that what an earlier report has parsed is still good: they count when SQL is made.
    parsed = dbtRunner().invoke(["parse", *common])
    for line in sys.stdin:
        done = parsed
        if parsed.success:
            runner = dbtRunner(manifest=parsed.result, callbacks=[tell_progress])  # type: ignore[arg-type]
            done = runner.invoke([*json.loads(line), *common])
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # others wait for it
        write(_told(done))


def _told(done: Any) -> dict[str, Any]:
    results = getattr(done.result, "results", None)
    return {
        "error": None if done.exception is None else str(done.exception),
        "results": [
            {"id": each.node.unique_id, "status": str(each.status), "message": each.message or ""}
            for each in results or ()
        ],
    }
