"""Airbyte source: runs the commands on a manifest of the selected streams."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
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
from source_snow_atlas.components.basics.errors import ConfigurationError

if TYPE_CHECKING:
    from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

    from source_snow_atlas.components.run.check import Area

# The declarative framework and the components are imported by the commands that need them. `spec` does not.


def read_json(path: str, what: str) -> Any:
    """Read the document in a file, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises ConfigurationError with the line and column of a mistake. `what` describes the file in the message.
    """
    try:
        # json.loads finds the encoding of bytes by itself
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise ConfigurationError(f"The {what} file {path} can't be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except UnicodeDecodeError as error:
        where = f"it is not {error.encoding.upper()} text"
    except (ValueError, RecursionError) as error:
        where = str(error).partition(";")[0]  # advice to programmers follows
    raise ConfigurationError(f"The {what} file {path} is not valid JSON ({where}): correct it.")


class SourceSnowAtlas(Source):
    """Airbyte source for Snow Atlas. It is stateless: commands use only their arguments."""

    check_config_against_spec = False
    """False, because Configuration.parse checks more than the specification, with better messages."""

    @property
    def name(self) -> str:
        """Return the name for logs."""
        return "source-snow-atlas"

    # The CDK's own methods fail if a file has a byte order mark.

    @staticmethod
    def read_config(config_path: str) -> Any:
        """Read the configuration from a file."""
        return read_json(config_path, "configuration")

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """Read the catalog from a file."""
        return ConfiguredAirbyteCatalogSerializer.load(read_json(catalog_path, "catalog"))

    @classmethod
    def read_state(cls, state_path: str | None) -> list[AirbyteStateMessage]:
        """Read one or several states from a file, if there is one: bare, or as whole STATE messages."""
        document = (read_json(state_path, "state") if state_path else None) or []
        messages = document if isinstance(document, list) else [document]
        if not all(isinstance(message, dict) for message in messages):
            raise ConfigurationError(
                f"The state file {state_path} can't be used, because every state must be a JSON object."
            )
        return [AirbyteStateMessageSerializer.load(message.get("state", message)) for message in messages]

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """Return the specification from manifest.yaml."""
        spec = definitions.manifest()["spec"]
        return ConnectorSpecificationSerializer.load(
            {
                "documentationUrl": spec["documentation_url"],
                "connectionSpecification": spec["connection_specification"],
            }
        )

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Check whether the client can read at least one product area. The message lists what is missing."""
        return self.check_areas(logger, config)[0]

    def check_areas(
        self, logger: logging.Logger, config: Mapping[str, Any]
    ) -> tuple[AirbyteConnectionStatus, list[Area]]:
        """Return the result of `check` and the product areas that lack a permission."""
        from source_snow_atlas.components.run.check import check_connection

        return check_connection(logger, config)

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """Return all streams with their schemas."""
        from source_snow_atlas.components.identity.configuration import Configuration
        from source_snow_atlas.components.run.sync import Sync

        config = Configuration.parse(config).normalized(config)
        Sync.begin(config)
        return self._build(config).discover(logger, config)

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the streams of the catalog. Raises ConfigurationError if the input can't be used."""
        from source_snow_atlas.components.identity.configuration import Configuration
        from source_snow_atlas.components.identity.oauth import log_tenant
        from source_snow_atlas.components.run.failures import one_error_per_stream
        from source_snow_atlas.components.run.inputs import (
            check_options,
            incremental_streams,
            usable_catalog,
            usable_state,
        )
        from source_snow_atlas.components.run.sync import Sync

        settings = Configuration.parse(config)
        config = settings.normalized(config)
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
        sync = Sync.begin(config)
        try:
            with ThreadPoolExecutor(max_workers=1) as executor:
                # requests the token and the tenant while the streams are built
                tenant_logged = executor.submit(log_tenant, logger, sync.authenticator)
                declarative = self._build(config, selected, without_cursor, catalog, state)
                tenant_logged.result()
            messages = declarative.read(logger, config, catalog, state)
            yield from one_error_per_stream(sync.progress.with_missing_counts(messages), selected)
        finally:
            sync.close()

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
