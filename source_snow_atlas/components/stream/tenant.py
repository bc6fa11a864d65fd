"""Retriever of the stream `tenant`, whose only record is the tenant that the identity token names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.retrievers import Retriever
from airbyte_cdk.sources.streams.core import StreamData
from airbyte_cdk.sources.types import Record, StreamSlice

from source_snow_atlas.components.basics.errors import ConfigurationError
from source_snow_atlas.components.identity.identity_token import IdentityUnavailable, read_tenant
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator


@dataclass
class TenantRetriever(Retriever):
    """Retriever of the one record, which costs no request to the APIs."""

    config: Mapping[str, Any]
    name: str
    authenticator: SnowAtlasOauth2Authenticator

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[StreamData]:
        """Yield the tenant as {id, name, region}. Raises ConfigurationError if it is not known."""
        try:
            tenant = read_tenant(self.authenticator)
        except IdentityUnavailable as reason:
            raise ConfigurationError(
                f"Stream {self.name}: the tenant is not known, because {reason}. Leave the stream out of the "
                "connection. All other streams are unaffected.",
                self.name,
            ) from None
        yield Record({"id": tenant.id, "name": tenant.name, "region": tenant.region}, self.name, stream_slice)
