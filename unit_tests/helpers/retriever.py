"""Retriever of a stream, without the rest of the CDK."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airbyte_cdk.sources.types import Record, StreamSlice

from source_snow_atlas.components.run.sync import SYNC, Sync
from source_snow_atlas.components.stream.retriever import CollectionRetriever

SCHEMA = {"properties": {"id": {}, "name": {}, "created": {}}}


def retriever(config: dict[str, Any], path: str = "/api/x", **parameters: Any) -> CollectionRetriever:
    """Return a retriever, by default of the stream `things`."""
    if SYNC not in config:
        Sync.begin(config)
    name = parameters.pop("name", "things")
    source = CollectionRetriever(
        config=config,
        name=name,
        primary_key=parameters.pop("primary_key", "id"),
        authenticator=Sync.of(config).authenticator,
        parameters={"name": name, "path": path, **parameters},
    )
    source._endpoint = replace(source._endpoint, known_fields=frozenset(SCHEMA["properties"]))
    return source


def messages(source: CollectionRetriever, partition: Any = None, window: Any = None) -> list[Any]:
    """Return the records and messages of a partition."""
    stream_slice = StreamSlice(partition=partition or {}, cursor_slice=window or {})
    return list(source.read_records(SCHEMA, stream_slice))


def rows(source: CollectionRetriever, partition: Any = None, window: Any = None) -> list[dict[str, Any]]:
    """Return the records of a partition."""
    found = messages(source, partition, window)
    return [dict(item.data) for item in found if isinstance(item, Record)]
