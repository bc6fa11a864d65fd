"""`python -m snow_atlas_sync.check FILE`: what the configuration in a file can read, as one JSON object.

A process of its own, as the framework of the connector takes a second to import, and the memory of a sync.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from source_snow_atlas.run import skip_docstrings_of_protocol_classes


def main(path: str) -> None:
    skip_docstrings_of_protocol_classes()
    from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

    from source_snow_atlas.components.basics.errors import SnowAtlasError

    config = json.loads(Path(path).read_text(encoding="utf-8"))
    secret = config.get("client_secret")
    update_secrets([secret] if isinstance(secret, str) and secret else [])
    logging.disable()
    try:
        answer = ask(config)
    except SnowAtlasError as error:
        answer = {"failed": True, "sentence": error.message}
    print(json.dumps(answer))


def ask(config: dict[str, Any]) -> dict[str, Any]:
    """What the connector's own check says, and what each refused area lacks."""
    from airbyte_cdk.models import Status
    from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

    from snow_atlas_sync.connector import permission
    from source_snow_atlas.components.identity.configuration import Configuration
    from source_snow_atlas.components.run.inputs import check_filters, check_streams
    from source_snow_atlas.source import SourceSnowAtlas

    settings = Configuration.parse(config)
    check_filters(settings.filters)
    check_streams(settings.accept_missing_rows, "accept_missing_rows")
    status, refused = SourceSnowAtlas().check_areas(logging.getLogger("airbyte"), config)
    return {
        "failed": status.status != Status.SUCCEEDED,
        "sentence": filter_secrets(status.message or ""),
        "refused": sorted({(area.name, permission(area.parameters)) for area in refused}),
    }


if __name__ == "__main__":
    main(sys.argv[1])
