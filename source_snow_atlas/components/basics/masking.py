"""Which secrets the CDK masks by their exact text in everything that is logged."""

from __future__ import annotations

from typing import Any

from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

SHORTEST = 8
"""Characters from which a text is masked wherever it stands. A shorter one occurs in ordinary words, and the
holes would spell it.
"""


class MaskedSecrets(list[str]):
    """The CDK's list of secrets, which it appends tokens to; it takes no short one."""

    def append(self, secret: str) -> None:
        """Mask the secret from now on, if it is long enough."""
        if len(secret) >= SHORTEST:
            super().append(secret)


def mask_secret_of(config: Any) -> None:
    """Mask the client secret of a configuration, and nothing that was masked before."""
    secrets = MaskedSecrets()
    secret = config.get("client_secret")
    if isinstance(secret, str):
        secrets.append(secret)
    update_secrets(secrets)
