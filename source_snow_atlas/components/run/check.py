"""`check`: requests a token, the tenant and one record of every product area."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.models import AirbyteConnectionStatus, Status

from source_snow_atlas import definitions
from source_snow_atlas.components.basics.errors import (
    RateLimited,
    SnowAtlasError,
    TransientError,
    permission_names,
    plain,
)
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, Configuration, joined
from source_snow_atlas.components.identity.identity_token import IdentityUnavailable, read_tenant
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient
from source_snow_atlas.components.request.reply import Page, parse_page
from source_snow_atlas.components.run.inputs import check_options

LONGEST = 18.0
"""Seconds for all requests together: with the start of the process, an answer comes within 30."""


Area = Mapping[str, Any]
"""A product area: the parameters of one of its streams, which is requested for it."""


def product_areas(filtered: Collection[str]) -> list[Area]:
    """Return the areas by their permissions; every filtered stream is requested, too."""
    areas: dict[tuple[str, ...], Area] = {}
    for name in definitions.stream_definitions():
        area = definitions.parameters(name)
        if "path" not in area or area.get("parents") or area.get("window_format"):
            continue
        key = (name,) if name in filtered else (area["area"], str(area.get("permission")))
        areas.setdefault(key, area)
    return list(areas.values())


def check_connection(
    logger: logging.Logger, config: Mapping[str, Any]
) -> tuple[AirbyteConnectionStatus, list[Area]]:
    """Return whether at least one area is readable, and the areas that lack a permission.

    The message says what the others lack. The check ends within LONGEST seconds. Threads that still
    wait for a reply are abandoned.
    """
    try:
        settings = Configuration.parse(config)
        check_options(settings)
        authenticator = SnowAtlasOauth2Authenticator(config, fail_fast=True)
        failures = _request_areas(logger, settings, authenticator)
        for area, failure in failures:
            if area["name"] in settings.filters and failure is not None and failure.status == 400:
                raise failure
    except SnowAtlasError as error:
        return AirbyteConnectionStatus(status=Status.FAILED, message=error.message), []
    status, message = _verdict(authenticator.host, failures)
    logger.info(message)
    return AirbyteConnectionStatus(status=status, message=message), _denied(failures)


def _request_areas(
    logger: logging.Logger, settings: Configuration, authenticator: SnowAtlasOauth2Authenticator
) -> list[tuple[Area, SnowAtlasError | None]]:
    """Return the product areas, each with the reason why it is not readable, if any."""
    deadline = time.monotonic() + LONGEST
    route = authenticator.route
    executor = ThreadPoolExecutor(max_workers=settings.num_workers)
    try:
        token = executor.submit(authenticator.get_access_token)
        if not wait([token], LONGEST).done:
            raise _late(f"The token endpoint of {route.host}{route.through}")
        token.result()
        log_tenant(logger, authenticator)
        client = SnowAtlasClient(authenticator, settings.num_workers, fail_fast=True)
        requested = {
            executor.submit(_request_one, client, area, settings.filters.get(area["name"])): area
            for area in product_areas(settings.filters)
        }
        answered = wait(requested, deadline - time.monotonic()).done
        return [
            (area, future.result() if future in answered else _late(f"GET {area['path']}"))
            for future, area in requested.items()
        ]
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _late(what: str) -> TransientError:
    return TransientError(f"{what} did not answer within {LONGEST:.0f} s. Try again later.")


def _denied(failures: Sequence[tuple[Area, SnowAtlasError | None]]) -> list[Area]:
    return [area for area, failure in failures if failure is not None and failure.status == 403]


def _verdict(host: str, failures: Sequence[tuple[Area, SnowAtlasError | None]]) -> tuple[Status, str]:
    readable = sorted({area["area"] for area, failure in failures if failure is None})
    failed = [(area, failure) for area, failure in failures if failure is not None and failure.status != 403]
    grants = [
        f"{area['area']} (grant {permission_names(area.get('permission'))})" for area in _denied(failures)
    ]
    others = [f"{area['area']} ({failure.message})" for area, failure in failed]
    for _, failure in failed:
        if isinstance(failure, RateLimited):
            return Status.FAILED, failure.message or ""
    if readable:
        lacking = f" Not readable: {'; '.join([*grants, *others])}." if grants or others else ""
        return Status.SUCCEEDED, f"Readable: {', '.join(readable)}.{lacking}"
    if not grants and all(isinstance(failure, TransientError) for _, failure in failed):
        return Status.FAILED, (
            f"A token was issued, but the APIs of {host} are down or can't be reached. Permissions were "
            f"not checked. The first of {len(failed)} failures: {failed[0][1].message}"
        )
    message = "The credentials are valid, but the client can read nothing."
    if grants:
        message += (
            " In Snow Atlas settings, Application registrations, grant it the permissions of the areas you "
            f"want: {'; '.join(grants)}."
        )
    if others:
        message += f" Failed: {'; '.join(others)}."
    return Status.FAILED, message


def log_tenant(logger: logging.Logger, authenticator: SnowAtlasOauth2Authenticator) -> None:
    """Log the tenant that the identity token names."""
    try:
        tenant = read_tenant(authenticator)
    except IdentityUnavailable as reason:
        logger.info(f"The tenant is not known: {reason}.")
        return
    name, region = plain(tenant.name or "without a name"), plain(tenant.region or "not named")
    logger.info(f"Tenant {name} ({plain(tenant.id)}), region {region}.")


def _request_one(client: SnowAtlasClient, area: Area, user_filter: str | None) -> SnowAtlasError | None:
    """Request one record. Return the failure, if any."""
    query: dict[str, Any] = {"page_number": 1, "page_size": 1} if area.get("page_parameters", True) else {}
    filters = [user_filter] if user_filter else []
    if area.get("cursor_filter") == "window":
        minute_ago = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime(DATETIME_FORMAT)
        filters.append(f'{area["cursor_field"]} -ge "{minute_ago}"')
    if filters:
        query["filter"] = joined(filters)
    known = definitions.schema_fields(area["name"])

    def parse(body: bytes | bytearray) -> Page:
        return parse_page(body, area.get("items_field", "items"), known, None)

    try:
        client.get(area["name"], area["path"], query, parse, area.get("permission"))
    except SnowAtlasError as error:
        return error
    return None
