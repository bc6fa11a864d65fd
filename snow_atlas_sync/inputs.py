"""What the user gives: the configuration, the streams, the database. Checked before PyAirbyte, which takes
seconds to start.

Every mistake is a SyncError with one sentence.
"""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snow_atlas_sync.errors import SyncError
from source_snow_atlas import definitions


def check_configuration(config: dict[str, Any]) -> None:
    """Refuse a configuration that the connector would refuse, in the connector's words."""
    with said_by_the_connector(config):
        from source_snow_atlas.components.identity.configuration import Configuration
        from source_snow_atlas.components.run.inputs import check_filters, check_streams

        settings = Configuration.parse(config)
        check_filters(settings.filters)
        check_streams(settings.accept_missing_rows, "accept_missing_rows")


def load(path: Path) -> dict[str, Any]:
    """The configuration in a file: a JSON object."""
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SyncError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SyncError(f"{path} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise SyncError(f"{path} must hold one JSON object")
    return config


def check_connection(config: dict[str, Any]) -> str:
    """Ask Snow Atlas what can be read with the configuration. SyncError where that is nothing."""
    with said_by_the_connector(config):
        from airbyte_cdk.models import Status
        from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

        from source_snow_atlas.source import SourceSnowAtlas

        status = SourceSnowAtlas().check(logging.getLogger("airbyte"), config)
        message = filter_secrets(status.message or "")
        if status.status != Status.SUCCEEDED:
            raise SyncError(message)
        return message


@contextmanager
def said_by_the_connector(config: dict[str, Any]) -> Iterator[None]:
    """Pass on what the connector says of a configuration, without its secret and without its log."""
    from source_snow_atlas.run import skip_docstrings_of_protocol_classes

    skip_docstrings_of_protocol_classes()
    # these bring the CDK, a second of imports
    from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

    from source_snow_atlas.components.basics.errors import SnowAtlasError

    secret = config.get("client_secret")
    update_secrets([secret] if isinstance(secret, str) and secret else [])
    logging.disable()
    try:
        yield
    except SnowAtlasError as error:
        raise SyncError(error.message or "the connector refuses the configuration") from None
    finally:
        logging.disable(logging.NOTSET)


def choose(wanted: str, available: Sequence[str], readable: str = "") -> list[str]:
    """Names of the streams to read, in the order of the catalog.

    Where the user named none, the ones are left out that lack a permission by what `check` said.
    """
    names = wanted.replace(",", " ").split()
    if not names:
        names = [name for name in suggested_streams() if not (readable and lacks_permission(name, readable))]
    if names == ["all"]:
        return list(available)
    for name in names:
        if name not in available:
            close = " or ".join(difflib.get_close_matches(name, available, n=3))
            hint = f"did you mean {close}?" if close else f"there are: {', '.join(available)}"
            raise SyncError(f"there is no stream {name}; {hint}")
    return [name for name in available if name in names]


def available_streams() -> list[str]:
    """The names of all streams of the connector, in the order of its catalog."""
    return list(definitions.stream_definitions())


def suggested_streams() -> list[str]:
    """The streams that metadata.yaml suggests: read page by page, and without secrets in them."""
    return [
        name
        for name in available_streams()
        if "path" in definitions.parameters(name)  # `tenant` has none: the server may not say who it is
        and not definitions.parent_streams(name)
        and not definitions.parameters(name).get("sensitive")
    ]


def lacks_permission(stream: str, readable: str) -> bool:
    """Whether `check` named the permission of a stream among those to be granted."""
    # brings the CDK, a second of imports
    from source_snow_atlas.components.basics.errors import permission_names

    own = definitions.parameters(stream)
    return f"{own['area']} (grant {permission_names(own.get('permission'))})" in readable
