"""Configuration of the connector: validation and defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from airbyte_cdk.utils.datetime_helpers import ab_datetime_parse

from source_snow_atlas import definitions
from source_snow_atlas.components.basics.errors import ConfigurationError, plain
from source_snow_atlas.components.basics.network import LOOPBACK, is_host
from source_snow_atlas.components.basics.paths import reason_not_an_id, reason_unsafe, shown

OPTIONS = definitions.options()
REGIONS: list[str] = OPTIONS["region"]["enum"]
ASSET_KINDS: list[str] = OPTIONS["asset_kinds"]["items"]["enum"]
EVERY_STREAM = "all"
"""Value of an option that lists streams, for all of them."""
DATETIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
API_URL = re.compile(r"https?://[^/?#@\x00-\x20\x7f]+/?", re.IGNORECASE)
NOT_IN_A_CREDENTIAL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates."""
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""The earliest timestamp: no data in Snow Atlas is older, and the CDK can't write the year 1."""


@dataclass(frozen=True)
class Configuration:
    """Valid configuration. `host` is scheme and authority without a final slash; `start_date` is in UTC."""

    host: str
    client_id: str
    client_secret: str
    start_date: datetime | None
    page_size: int
    num_workers: int
    filters: Mapping[str, str]
    asset_kinds: tuple[str, ...]
    insight_rule_ids: tuple[str, ...]
    accept_missing_rows: tuple[str, ...]

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Configuration:
        """Parse the configuration. Raises ConfigurationError for the first mistake.

        Empty options (null, "", [] or {}) are treated as missing, because forms send them for cleared fields.
        """
        config = {name: value for name, value in config.items() if not _is_empty(value)}
        region = config.get("region")
        if region not in REGIONS:
            raise ConfigurationError(
                f"Set region to one of {', '.join(REGIONS)}. Snow Atlas shows it as the Data region in "
                "Snow Atlas settings, Application registrations, General information."
            )
        return cls(
            host=_host(config.get("api_url", f"https://{region}.snowsoftware.io")),
            client_id=_text(config, "client_id"),
            client_secret=_text(config, "client_secret"),
            start_date=_start_date(config["start_date"]) if "start_date" in config else None,
            page_size=_number(config, "page_size"),
            num_workers=_number(config, "num_workers"),
            filters=_filters(config.get("filters", [])),
            asset_kinds=_asset_kinds(config),
            insight_rule_ids=_insight_rule_ids(config),
            accept_missing_rows=_accept_missing_rows(config),
        )

    def accepts_missing_rows(self, stream: str) -> bool:
        """Return whether the stream may continue without rows that the API counts and never serves."""
        return stream in self.accept_missing_rows or EVERY_STREAM in self.accept_missing_rows

    def normalized(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration for the manifest's templates, with defaults and a formatted start date."""
        normalized = {**config, "page_size": self.page_size, "num_workers": self.num_workers}
        normalized.pop("start_date", None)
        if self.start_date:
            normalized["start_date"] = self.start_date.strftime(DATETIME_FORMAT)
        return normalized


def parse_timestamp(value: Any) -> datetime:
    """Parse a timestamp, in UTC and not before 1970. Raises ValueError if the value is none."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(value)
    try:
        timestamp: datetime = ab_datetime_parse(value)
        return max(EPOCH, timestamp.astimezone(timezone.utc))
    except OverflowError:
        raise ValueError(value) from None


def _is_empty(value: Any) -> bool:
    return value in (None, [], {}) or (isinstance(value, str) and not value.strip())


def _text(config: Mapping[str, Any], name: str) -> str:
    value = config.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(
            f"Set {name} to the value that Snow Atlas showed when the application registration was added. "
            "It can't be empty."
        )
    if value != value.strip() or NOT_IN_A_CREDENTIAL.search(value):
        raise ConfigurationError(
            f"Enter {name} again: it has spaces or line breaks around it, or a character that can't be sent."
        )
    return value


def _number(config: Mapping[str, Any], name: str) -> int:
    default, maximum = OPTIONS[name]["default"], OPTIONS[name]["maximum"]
    value = config.get(name, default)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= maximum:
        raise ConfigurationError(
            f"Set {name} to a whole number from 1 to {maximum}, or leave it out for {default}."
        )
    return value


def _host(api_url: Any) -> str:
    text = api_url.strip() if isinstance(api_url, str) else ""
    try:
        parts = urlsplit(text)
        hostname, port = parts.hostname or "", parts.port
    except ValueError:
        hostname, port = "", None
    if not API_URL.fullmatch(text) or not is_host(hostname) or port == 0:
        raise ConfigurationError(
            "Set api_url to the API URL of Snow Atlas settings alone, for example "
            "https://snowatlas-westeurope.flexera.eu: https:// and a host, without a path, query or "
            "credentials."
        )
    if parts.scheme == "http" and not LOOPBACK.fullmatch(hostname):
        raise ConfigurationError(
            "Set api_url to an address that begins with https://, because http would send the credentials "
            "unencrypted."
        )
    authority = f"[{hostname}]" if ":" in hostname else hostname
    return f"{parts.scheme}://{authority}" + (f":{port}" if port is not None else "")


def _start_date(value: Any) -> datetime:
    try:
        timestamp = parse_timestamp(value)
    except ValueError:
        raise ConfigurationError(
            "Set start_date to a date and time such as 2026-01-01T00:00:00Z, or leave it out."
        ) from None
    if timestamp > datetime.now(timezone.utc):
        raise ConfigurationError(
            "Set start_date to a time in the past, or leave it out: "
            f"{timestamp.strftime(DATETIME_FORMAT)} is in the future."
        )
    return timestamp


def _texts(config: Mapping[str, Any], name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
    value = config.get(name, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ConfigurationError(f"Set {name} to a list of texts, or leave it out.")
    return tuple(dict.fromkeys(value))


def _accept_missing_rows(config: Mapping[str, Any]) -> tuple[str, ...]:
    streams = _texts(config, "accept_missing_rows")
    if EVERY_STREAM in streams and len(streams) > 1:
        raise ConfigurationError(
            f"Set accept_missing_rows to {EVERY_STREAM} alone, or to the names of streams."
        )
    return streams


def _insight_rule_ids(config: Mapping[str, Any]) -> tuple[str, ...]:
    ids = _texts(config, "insight_rule_ids")
    for rule_id in ids:
        if reason := reason_not_an_id(rule_id) or reason_unsafe(rule_id):
            raise ConfigurationError(
                f"Correct insight_rule_ids: {shown(rule_id)} can't be the id of anything ({reason})."
            )
    return ids


def _asset_kinds(config: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = _texts(config, "asset_kinds", ASSET_KINDS[:3])
    for kind in kinds:
        if kind not in ASSET_KINDS:
            raise ConfigurationError(
                f"Set asset_kinds to some of {', '.join(ASSET_KINDS)}: {kind!r} is not one of them."
            )
    return kinds


def _filters(value: Any) -> dict[str, str]:
    if not isinstance(value, list):
        raise ConfigurationError(
            "Set filters to a list of objects with a stream and a filter, or leave it out."
        )
    filters: dict[str, str] = {}
    for entry in value:
        texts = [entry.get(field) for field in ("stream", "filter")] if isinstance(entry, dict) else [None]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise ConfigurationError("Give every entry of filters a stream and a filter, both as text.")
        stream, expression = map(str, texts)
        if LONE_SURROGATE.search(stream + expression):
            raise ConfigurationError(
                f"Enter the filter of stream {plain(stream)} again: it has a character that can't be sent."
            )
        if stream in filters:
            raise ConfigurationError(
                f"Give stream {stream} one filter only: join several conditions with -and or -or."
            )
        filters[stream] = expression.strip()
    return filters
