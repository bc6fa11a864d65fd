"""Declarative source of the Airbyte CDK with only the CDK's own components."""

import sys
from pathlib import Path
from typing import Any

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

from benchmarks.task import Task, TaskStream


def stream(task: Task, item: TaskStream) -> dict[str, Any]:
    """Return a stream of the manifest."""
    retriever: dict[str, Any] = {
        "type": "SimpleRetriever",
        "requester": {
            "type": "HttpRequester",
            "url_base": task.url,
            "path": item.path.replace("{id}", "{{ stream_partition.computer_id }}"),
            "http_method": "GET",
            "authenticator": {
                "type": "OAuthAuthenticator",
                "token_refresh_endpoint": task.token_url,
                "client_id": task.client_id,
                "client_secret": task.client_secret,
                "grant_type": "client_credentials",
            },
        },
        "record_selector": {
            "type": "RecordSelector",
            "extractor": {"type": "DpathExtractor", "field_path": ["items"]},
        },
        "paginator": {
            "type": "DefaultPaginator",
            "page_token_option": {
                "type": "RequestOption",
                "inject_into": "request_parameter",
                "field_name": "page_number",
            },
            "page_size_option": {
                "type": "RequestOption",
                "inject_into": "request_parameter",
                "field_name": "page_size",
            },
            "pagination_strategy": {
                "type": "PageIncrement",
                "page_size": task.page_size,
                "start_from_page": 1,
                "inject_on_first_request": True,
            },
        },
    }
    if item.per_computer:
        parent = {
            "type": "ParentStreamConfig",
            "stream": stream(task, task.parent),
            "parent_key": "id",
            "partition_field": "computer_id",
        }
        retriever["partition_router"] = {
            "type": "SubstreamPartitionRouter",
            "parent_stream_configs": [parent],
        }
    return {
        "type": "DeclarativeStream",
        "name": item.name,
        "primary_key": list(item.key),
        "retriever": retriever,
        "schema_loader": {
            "type": "InlineSchemaLoader",
            "schema": {"type": "object", "additionalProperties": True, "properties": {}},
        },
    }


def manifest(task: Task) -> dict[str, Any]:
    """Return the manifest of the task."""
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": [task.streams[0].name]},
        "concurrency_level": {"type": "ConcurrencyLevel", "default_concurrency": task.workers},
        "streams": [stream(task, item) for item in task.streams],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def main() -> None:
    """Run the `read` command of the CDK."""
    task = Task.read(sys.argv[1])
    folder = Path(sys.argv[1]).parent
    arguments = ["read", "--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json")]
    source = ConcurrentDeclarativeSource(catalog=None, config={}, state=None, source_config=manifest(task))
    launch(source, arguments)


if __name__ == "__main__":
    main()
