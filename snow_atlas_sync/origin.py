"""Origin of the tables in a destination, so that those of two tenants are not mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Origin:
    """The tenant that tables were read from, as far as it is known."""

    tenant: str | None = None
    """The id of the tenant, if the connection was checked and the API names it."""
    sandbox: bool = False
    """Whether the API is on this machine."""

    @classmethod
    def of(cls, config: Mapping[str, Any], tenant: str | None) -> Origin:
        """Return the origin of what is read with a configuration."""
        try:
            host = urlsplit(str(config.get("api_url") or "")).hostname or ""
        except ValueError:  # the connector reports it
            host = ""
        return cls(tenant, host in ("localhost", "::1") or host.startswith("127."))

    @property
    def title(self) -> str:
        """Return the name for messages."""
        name = "a sandbox" if self.sandbox else "a tenant"
        return f"{name} ({self.tenant})" if self.tenant else name

    def is_other(self, before: Origin) -> bool:
        """Return whether tables that were read before are not of this tenant. All sandboxes count as one."""
        if self.tenant and before.tenant and not (self.sandbox and before.sandbox):
            return self.tenant != before.tenant
        return self.sandbox != before.sandbox

    def state(self, before: Origin | None) -> dict[str, Any]:
        """Return the origin for the state of the destination, with the tenant that is known from before."""
        known = self.tenant or (before.tenant if before else None)
        return asdict(Origin(known, self.sandbox))
