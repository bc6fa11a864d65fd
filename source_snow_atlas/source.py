"""SourceSnowAtlas: the Airbyte protocol's commands on a manifest composed of the streams that are asked
for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConnectorSpecification,
    ConnectorSpecificationSerializer,
)
from airbyte_cdk.sources.source import Source

from source_snow_atlas import definitions
from source_snow_atlas.components.basics.input_files import read_json

if TYPE_CHECKING:
    from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

    from source_snow_atlas.components.run.check import Area

# The declarative framework and our components are imported where a command needs them: `spec` does not.


class SourceSnowAtlas(Source):
    """The connector. Stateless: every command builds what it needs from the configuration, catalog and state
    handed to it.
    """

    check_config_against_spec = False
    """Configuration.parse checks more than the specification can say, and says it in a sentence."""

    @property
    def name(self) -> str:
        """The connector's name in logs."""
        return "source-snow-atlas"

    # The CDK's own readers of files stumble over a byte order mark.

    @staticmethod
    def read_config(config_path: str) -> Any:
        """The configuration in a file."""
        return read_json(config_path, "configuration")

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """The catalog in a file."""
        return ConfiguredAirbyteCatalogSerializer.load(read_json(catalog_path, "catalog"))

    @classmethod
    def read_state(cls, state_path: str | None) -> list[AirbyteStateMessage]:
        """The state messages in a file; none without a file."""
        messages = read_json(state_path, "state") if state_path else None
        return [AirbyteStateMessageSerializer.load(message) for message in messages or []]

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """The specification in manifest.yaml."""
        spec = definitions.manifest()["spec"]
        return ConnectorSpecificationSerializer.load(
            {
                "documentationUrl": spec["documentation_url"],
                "connectionSpecification": spec["connection_specification"],
            }
        )

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Whether the client is genuine and can read at least one product area; the message says what is
        missing.
        """
        return self.check_areas(logger, config)[0]

    def check_areas(
        self, logger: logging.Logger, config: Mapping[str, Any]
    ) -> tuple[AirbyteConnectionStatus, list[Area]]:
        """What `check` answers, and the product areas that lack a permission."""
        from source_snow_atlas.components.run.check import Area, check_connection

        areas: dict[tuple[str, str], Area] = {}
        for name in definitions.stream_definitions():
            parameters = definitions.parameters(name)
            if "path" in parameters and not parameters.get("parents") and not parameters.get("window_format"):
                area = parameters["area"]
                areas.setdefault((area, str(parameters.get("permission"))), Area(area, name, parameters))
        refused: list[Area] = []
        return check_connection(logger, config, list(areas.values()), refused), refused

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """All streams with their schemas."""
        from source_snow_atlas.components.identity.configuration import Configuration

        return self._build(Configuration.parse(config).normalized(config)).discover(logger, config)

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the catalog's streams. Raises ConfigurationError before the first record where the input can't
        be used.
        """
        from source_snow_atlas.components.identity.configuration import Configuration
        from source_snow_atlas.components.run.check import log_tenant
        from source_snow_atlas.components.run.failures import one_error_per_stream
        from source_snow_atlas.components.run.inputs import (
            check_options,
            incremental_streams,
            usable_catalog,
            usable_state,
        )
        from source_snow_atlas.components.run.not_served import with_rows_not_served
        from source_snow_atlas.components.run.sync import Sync

        settings = Configuration.parse(config)
        config = Sync.marked(settings.normalized(config))
        catalog = usable_catalog(catalog)
        check_options(settings)
        selected = [stream.stream.name for stream in catalog.streams]
        incremental = incremental_streams(catalog)
        state = usable_state(state or [], incremental)
        without_cursor = {
            name
            for name in selected
            if name not in incremental and definitions.parameters(name).get("cursor_filter") == "from"
        }
        whole = {
            name
            for name in selected
            if name in without_cursor or "cursor_field" not in definitions.parameters(name)
        }  # read from end to end
        sync = Sync.begin(config, whole)
        sync.start_heartbeat()
        try:
            with ThreadPoolExecutor(max_workers=1) as executor:
                # the token and the tenant are on their way while the streams are built
                named = executor.submit(log_tenant, logger, sync.authenticator, settings.region)
                declarative = self._build(config, selected, without_cursor, catalog, state)
                named.result()
            messages = declarative.read(logger, config, catalog, state)
            yield from one_error_per_stream(with_rows_not_served(messages, sync.progress), selected)
        finally:
            sync.end()

    def _build(
        self,
        config: Mapping[str, Any],
        streams: list[str] | None = None,
        without_cursor: set[str] | None = None,
        catalog: ConfiguredAirbyteCatalog | None = None,
        state: list[AirbyteStateMessage] | None = None,
    ) -> ConcurrentDeclarativeSource:
        from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

        resumed = {message.stream.stream_descriptor.name for message in state or [] if message.stream}
        return ConcurrentDeclarativeSource(
            catalog=catalog,
            config=config,
            state=state,
            source_config=definitions.compose(streams, without_cursor or (), resumed),
        )
