"""The `tenant` stream: one record that says whose data the warehouse holds, from the identity token's
verified claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.sources.declarative.retrievers import Retriever
from airbyte_cdk.sources.streams.core import StreamData
from airbyte_cdk.sources.types import Record, StreamSlice

from source_snow_atlas.components.basics.errors import TransientError
from source_snow_atlas.components.identity.configuration import Configuration
from source_snow_atlas.components.identity.identity_token import IdentityUnavailable, read_tenant
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator


@dataclass
class TenantRetriever(Retriever):
    """Its one record comes with the token, so it costs no request to the APIs."""

    config: Mapping[str, Any]
    name: str
    authenticator: DeclarativeAuthenticator

    def __post_init__(self) -> None:
        self._region = Configuration.parse(self.config).region

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[StreamData]:
        """The tenant as {id, name, region}. Raises TransientError where the server does not say,
        ConfigurationError where it lies.
        """
        assert isinstance(self.authenticator, SnowAtlasOauth2Authenticator)
        try:
            tenant = read_tenant(self.authenticator, self._region)
        except IdentityUnavailable as reason:
            raise TransientError(
                f"Stream {self.name}: who the tenant is can't be told now: {reason}. Leave the stream out of "
                "the connection "
                "if this stays so; all other streams are unaffected.",
                self.name,
            ) from None
        yield Record({"id": tenant.id, "name": tenant.name, "region": tenant.region}, self.name, stream_slice)
