"""Source of dlt's rest_api. Rows are only extracted, and neither normalized nor loaded.

With the second argument `parallelized` resources are read concurrently, which is not dlt's default.
"""

import os
import sys
from typing import Any

import dlt
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_source

from benchmarks.task import Task, TaskStream


def resource(task: Task, item: TaskStream) -> dict[str, Any]:
    """Return a resource of the source."""
    endpoint: dict[str, Any] = {
        "path": item.path.lstrip("/"),
        "params": {"page_size": task.page_size},
        "data_selector": "items",
        "paginator": PageNumberPaginator(
            base_page=1, page_param="page_number", total_path="pagination.total_pages"
        ),
    }
    if item.per_computer:
        endpoint["params"]["id"] = {"type": "resolve", "resource": task.parent.name, "field": "id"}
    return {"name": item.name, "endpoint": endpoint, "max_table_nesting": 0}


def main() -> None:
    """Extract the streams of the task."""
    task = Task.read(sys.argv[1])
    parallelized = sys.argv[2:] == ["parallelized"]
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    parents = (task.parent,) if task.children else ()
    auth = OAuth2ClientCredentials(
        access_token_url=task.token_url, client_id=task.client_id, client_secret=task.client_secret
    )
    source = rest_api_source(
        {
            "client": {"base_url": task.url, "auth": auth},
            "resources": [resource(task, item) for item in (*parents, *task.streams)],
        },
        parallelized=parallelized,
    )
    pipeline = dlt.pipeline(
        "benchmark", pipelines_dir=task.output, destination="dummy", dataset_name="benchmark"
    )
    pipeline.extract(source.with_resources(*(item.name for item in task.streams)), workers=task.workers)


if __name__ == "__main__":
    main()
