"""The base of our partition routers: the retriever puts a partition into path and query itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers import PartitionRouter


@dataclass
class PathPartitionRouter(PartitionRouter):
    """Adds nothing to requests and keeps no state: every sync generates its partitions anew."""

    def get_stream_state(self) -> Mapping[str, Any] | None:
        """None."""
        return None

    def get_request_params(self, **_: Any) -> Mapping[str, Any]:
        """None."""
        return {}

    def get_request_headers(self, **_: Any) -> Mapping[str, Any]:
        """None."""
        return {}

    def get_request_body_data(self, **_: Any) -> Mapping[str, Any]:
        """None."""
        return {}

    def get_request_body_json(self, **_: Any) -> Mapping[str, Any]:
        """None."""
        return {}
