"""Secrets in texts: the CDK masks a long one wherever it stands, in everything that is logged; a short one is
masked as a word of what the server said.
"""

from __future__ import annotations

import re
from typing import Any

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, update_secrets

SHORTEST = 8
"""Characters of a long secret. A shorter one occurs in ordinary words, and the holes would spell it."""

_short: set[str] = set()


class LongSecrets(list[str]):
    """The CDK's list of secrets, which it appends tokens to."""

    def append(self, secret: str) -> None:
        """Mask the secret from now on."""
        if len(secret) >= SHORTEST:
            super().append(secret)
        elif secret:
            _short.add(secret)


def mask_secret_of(config: Any) -> None:
    """Mask the client secret of a configuration, and nothing that was masked before."""
    _short.clear()
    secrets = LongSecrets()
    secret = config.get("client_secret")
    if isinstance(secret, str):
        secrets.append(secret)
    update_secrets(secrets)


def masked(said: str) -> str:
    """The words of a server without secrets."""
    for secret in list(_short):
        said = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "****", said)
    return filter_secrets(said)
