"""Base class of the partition routers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers import PartitionRouter


@dataclass
class PathPartitionRouter(PartitionRouter):
    """Router without state that adds nothing to requests: the retriever puts a partition into the path."""

    def get_stream_state(self) -> Mapping[str, Any] | None:
        """Return None."""
        return None

    def get_request_params(self, **_: Any) -> Mapping[str, Any]:
        """Return nothing."""
        return {}

    def get_request_headers(self, **_: Any) -> Mapping[str, Any]:
        """Return nothing."""
        return {}

    def get_request_body_data(self, **_: Any) -> Mapping[str, Any]:
        """Return nothing."""
        return {}

    def get_request_body_json(self, **_: Any) -> Mapping[str, Any]:
        """Return nothing."""
        return {}
