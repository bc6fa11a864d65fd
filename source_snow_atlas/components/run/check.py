"""`check`: a token, the tenant, and one record of every product area, so that the user learns which
permissions are missing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.models import AirbyteConnectionStatus, Status

from source_snow_atlas.components.basics.errors import RateLimited, SnowAtlasError, permission_names, plain
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, Configuration
from source_snow_atlas.components.identity.identity_token import IdentityUnavailable, read_tenant
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient
from source_snow_atlas.components.request.reply import parse_page
from source_snow_atlas.definitions import schema_fields


@dataclass(frozen=True)
class Area:
    """A product area, asked through one of its bulk streams (`parameters` are those of the stream's
    definition).
    """

    name: str
    stream: str
    parameters: Mapping[str, Any]


def check_connection(
    logger: logging.Logger,
    config: Mapping[str, Any],
    areas: Sequence[Area],
    refused: list[Area] | None = None,
) -> AirbyteConnectionStatus:
    """Succeeds when at least one area is readable. The message says which are, and what the others lack.
    Those that lack a permission are added to `refused`.
    """
    try:
        settings = Configuration.parse(config)
        authenticator = SnowAtlasOauth2Authenticator(config=config)
        authenticator.fail_fast = True
        authenticator.get_access_token()
        log_tenant(logger, authenticator, settings.region)
        client = SnowAtlasClient(authenticator, settings.num_workers, fail_fast=True)
        with ThreadPoolExecutor(max_workers=settings.num_workers) as executor:
            failures = list(executor.map(lambda area: _ask(client, area), areas))
        for failure in failures:
            if isinstance(failure, RateLimited):
                raise failure
    except SnowAtlasError as error:
        return AirbyteConnectionStatus(status=Status.FAILED, message=error.message)
    if refused is not None:
        refused += [
            area for area, failure in zip(areas, failures, strict=True) if failure and failure.status == 403
        ]
    readable = sorted({area.name for area, failure in zip(areas, failures, strict=True) if failure is None})
    lacking = [
        _lack(area, failure) for area, failure in zip(areas, failures, strict=True) if failure is not None
    ]
    if not readable:
        return AirbyteConnectionStatus(
            status=Status.FAILED,
            message="The client is genuine, but it can read nothing. In Snow Atlas settings, "
            "Application registrations, grant it the permissions of the areas you want: "
            + "; ".join(lacking)
            + ".",
        )
    message = f"Readable: {', '.join(readable)}." + (
        f" Not readable: {'; '.join(lacking)}." if lacking else ""
    )
    logger.info(message)
    return AirbyteConnectionStatus(status=Status.SUCCEEDED, message=message)


def log_tenant(logger: logging.Logger, authenticator: SnowAtlasOauth2Authenticator, region: str) -> None:
    """Name the tenant in the log. Raises ConfigurationError where it lies in another region or its token is
    not genuine.
    """
    try:
        tenant = read_tenant(authenticator, region)
    except IdentityUnavailable as reason:
        logger.info("The tenant is not known: %s.", reason)
    else:
        logger.info(
            "Tenant %s (%s), region %s.",
            plain(tenant.name or "without a name"),
            plain(str(tenant.id)),
            plain(str(tenant.region or region)),
        )


def _ask(client: SnowAtlasClient, area: Area) -> SnowAtlasError | None:
    """Ask for one record. The failure, if any."""
    parameters = area.parameters
    query: dict[str, Any] = {}
    if parameters.get("page_parameters", True):
        query = {"page_number": 1, "page_size": 1}
    if parameters.get("cursor_filter") == "window":
        minute_ago = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime(DATETIME_FORMAT)
        query["filter"] = f'{parameters["cursor_field"]} -ge "{minute_ago}"'
    items_field = parameters.get("items_field", "items")
    known = schema_fields(area.stream)
    try:
        client.get(
            area.stream,
            parameters["path"],
            query,
            lambda body: parse_page(body, items_field, known, None),
            parameters.get("permission"),
        )
    except SnowAtlasError as error:
        return error
    return None


def _lack(area: Area, failure: SnowAtlasError) -> str:
    if failure.status == 403:
        return f"{area.name} (grant {permission_names(area.parameters.get('permission'))})"
    return f"{area.name} ({failure.message})"
