"""Masking of secrets in texts.

The CDK masks long secrets in everything that is logged. Short ones are masked only as words in texts of the
server.
"""

from __future__ import annotations

import re
from typing import Any

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, update_secrets

SHORTEST = 8
"""Characters of a long secret. Shorter ones occur in ordinary words, which the mask would reveal."""

_short: set[str] = set()


class LongSecrets(list[str]):
    """List of secrets for the CDK, which appends tokens to it."""

    def append(self, secret: str) -> None:
        """Add a secret to mask."""
        if len(secret) >= SHORTEST:
            super().append(secret)
        elif secret:
            _short.add(secret)


def mask_secret_of(config: Any) -> None:
    """Mask the client secret of a configuration, instead of all secrets before."""
    _short.clear()
    secrets = LongSecrets()
    secret = config.get("client_secret")
    if isinstance(secret, str):
        secrets.append(secret)
    update_secrets(secrets)


def masked(said: str) -> str:
    """Return a text of the server without secrets."""
    for secret in list(_short):
        said = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "****", said)
    return filter_secrets(said)
