"""`python -m snow_atlas_sync.check FILE`: what the configuration in a file can read, as one JSON object.

A process of its own, as the framework of the connector takes a second to import, and the memory of a sync.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from pathlib import Path

from source_snow_atlas.run import skip_docstrings_of_protocol_classes


def main(path: str) -> None:
    skip_docstrings_of_protocol_classes()
    from airbyte_cdk.models import Status
    from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, update_secrets

    from snow_atlas_sync.connector import permission
    from source_snow_atlas.components.basics.errors import SnowAtlasError
    from source_snow_atlas.components.identity.identity_token import IdentityUnavailable, read_tenant
    from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
    from source_snow_atlas.source import SourceSnowAtlas

    config = json.loads(Path(path).read_text(encoding="utf-8"))
    secret = config.get("client_secret")
    update_secrets([secret] if isinstance(secret, str) and secret else [])
    logging.disable()
    status, refused = SourceSnowAtlas().check_areas(logging.getLogger("airbyte"), config)
    answer = {
        "failed": status.status != Status.SUCCEEDED,
        "sentence": filter_secrets(status.message or ""),
        "refused": sorted({(area.name, permission(area.parameters)) for area in refused}),
    }
    if not answer["failed"]:
        with suppress(IdentityUnavailable, SnowAtlasError):
            # the token of the check: no other one is asked for
            answer["tenant"] = read_tenant(SnowAtlasOauth2Authenticator(config=config)).id
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
