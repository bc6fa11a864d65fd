"""Connection check: `python -m snow_atlas_sync.check FILE` prints its result as a JSON object.

It runs in a process of its own, so that the command need not import the Airbyte CDK, which takes a second and
much memory.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from pathlib import Path

from source_snow_atlas.run import skip_docstrings_of_protocol_classes


def main(path: str) -> None:
    """Print whether the check failed, its message, the refused areas and the id of the tenant."""
    skip_docstrings_of_protocol_classes()
    from airbyte_cdk.models import Status
    from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

    from snow_atlas_sync.connector import permission
    from source_snow_atlas.components.basics.errors import SnowAtlasError
    from source_snow_atlas.components.basics.secrets import remember
    from source_snow_atlas.components.identity.oauth import (
        IdentityUnavailable,
        SnowAtlasOauth2Authenticator,
        read_tenant,
    )
    from source_snow_atlas.source import SourceSnowAtlas

    config = json.loads(Path(path).read_text(encoding="utf-8"))
    remember(config.get("client_secret"))
    logging.disable()
    status, refused = SourceSnowAtlas().check_areas(logging.getLogger("airbyte"), config)
    result = {
        "failed": status.status != Status.SUCCEEDED,
        "message": filter_secrets(status.message or ""),
        "refused": sorted({(area["area"], permission(area)) for area in refused}),
    }
    if not result["failed"]:
        with suppress(IdentityUnavailable, SnowAtlasError):
            # reuses the token of the check
            result["tenant"] = read_tenant(SnowAtlasOauth2Authenticator(config=config)).id
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
