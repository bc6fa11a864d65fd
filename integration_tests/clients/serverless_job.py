"""One job of airbyte-serverless: `python serverless_job.py JOB.json`, in the environment that it is installed
in.

JOB.json names the source's executable, its configuration, a state or null, and the file for what is loaded.
The client does all the rest: it asks the source for its catalog, selects every stream, incremental where it
can be, starts the read, and hands buffers of rows to a destination. Only this destination is ours: its own
ones print, or write to BigQuery.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airbyte_serverless import destinations
from airbyte_serverless.connections import Connection


class FileDestination(destinations.BaseDestination):  # type: ignore[misc]  # the package has no types
    """Writes a line of JSON for each row: the table, and what the client put into its column for the data."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(**options)
        self.path = path

    def _write(self, record_type: str, records: list[dict[str, Any]]) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            for record in records:
                row = {"table": record_type, "data": json.loads(record["_airbyte_data"])}
                file.write(json.dumps(row) + "\n")


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    destinations.DESTINATION_CLASS_MAP["file"] = FileDestination
    settings = {
        "source": {"executable": job["executable"], "config": job["config"]},
        "destination": {"connector": "file", "config": {"path": job["loaded"]}},
    }
    # With no state the client would ask the destination for the one of the run before.
    Connection(settings).run(state=job["state"] or {})


if __name__ == "__main__":
    main(sys.argv[1])
