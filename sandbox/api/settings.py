"""Settings of the sandbox, which can be changed before the start or while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

ID_TOKEN_FAULTS = (
    "bad_signature",
    "unknown_key",
    "unsigned",
    "other_region",
    "wrong_audience",
    "wrong_issuer",
    "expired",
    "malformed",
)
DISCOVERY_FAULTS = ("error", "foreign_jwks", "wrong_issuer", "html", "keys_error")
TOKEN_CAP_MODES = ("revoke-oldest", "refuse")
_MINIMUMS = {
    "latency": 0,
    "token_life": 0,
    "max_tokens": 1,
    "token_rate_limit": 0,
    "rate_limit": 0,
    "rate_burst": 1,
    "page_size_clamp": 1,
    "array_cap": 1,
    "months": 0,
}
_REQUIRED = ("latency", "token_life", "months")


@dataclass
class Settings:
    """The settings of a sandbox. Times are in seconds, and ``None`` means no limit.

    ``array_cap`` silently truncates replies that are bare arrays, as some servers do; ``array_newest_first``
    reverses them first. ``months`` is the number of earlier months that can be shown. ``id_token_fault`` and
    ``discovery_fault`` name one of the faults in the tuples above.
    """

    region: str = "westeurope"
    tenant: str = "9f4d2c1e-6f0a-4c58-9a57-3d1f4e0b7a21"
    tenant_name: str = "Nordlicht Foods"
    latency: float = 0.0
    token_life: float = 3600.0
    max_tokens: int | None = 10
    max_tokens_mode: str = "revoke-oldest"
    token_rate_limit: float | None = None
    rate_limit: float | None = None
    rate_burst: int | None = None
    page_size_clamp: int | None = None
    array_cap: int | None = None
    array_newest_first: bool = False
    gzip: bool = False
    months: int = 0
    refuse_resource: bool = False
    refuse_openid: bool = False
    id_token_fault: str | None = None
    discovery_fault: str | None = None

    def __post_init__(self) -> None:
        self._check()

    def update(self, **values: Any) -> None:
        """Change settings by name, or raise ``ValueError`` for an unknown name or an invalid value."""
        known = {item.name for item in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        before = asdict(self)
        for name, value in values.items():
            setattr(self, name, value)
        try:
            self._check()
        except ValueError:
            for name, value in before.items():
                setattr(self, name, value)
            raise

    def as_dict(self) -> dict[str, Any]:
        """Return all settings, for the control interface."""
        return asdict(self)

    def _check(self) -> None:
        for name in _MINIMUMS:
            value = getattr(self, name)
            if value is None and name not in _REQUIRED:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < _MINIMUMS[name]:
                raise ValueError(f"{name} must be a number from {_MINIMUMS[name]}")
        if self.rate_limit == 0 or self.token_rate_limit == 0:
            raise ValueError("a rate limit must be above 0; None turns it off")
        if self.max_tokens_mode not in TOKEN_CAP_MODES:
            raise ValueError(f"max_tokens_mode must be one of {', '.join(TOKEN_CAP_MODES)}")
        if self.id_token_fault is not None and self.id_token_fault not in ID_TOKEN_FAULTS:
            raise ValueError(f"id_token_fault must be one of {', '.join(ID_TOKEN_FAULTS)}")
        if self.discovery_fault is not None and self.discovery_fault not in DISCOVERY_FAULTS:
            raise ValueError(f"discovery_fault must be one of {', '.join(DISCOVERY_FAULTS)}")
