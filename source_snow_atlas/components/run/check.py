"""`check`: requests a token, the tenant and one record of every product area."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_cdk.models import AirbyteConnectionStatus, Status

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
from source_snow_atlas.components.request.reply import parse_page
from source_snow_atlas.components.run.inputs import check_options
from source_snow_atlas.definitions import schema_fields, stream_definitions

LONGEST = 18.0
"""Seconds for all requests together: with the start of the process, an answer comes within 30."""


@dataclass(frozen=True)
class Area:
    """A product area, and one of its streams that is requested for it."""

    name: str
    stream: str
    parameters: Mapping[str, Any]


def product_areas(filtered: Collection[str]) -> list[Area]:
    """Return the areas by their permissions; every filtered stream is requested, too."""
    areas: dict[tuple[str, ...], Area] = {}
    for name in stream_definitions():
        parameters = stream_definitions()[name]["$parameters"]
        if "path" not in parameters or parameters.get("parents") or parameters.get("window_format"):
            continue
        key = (name,) if name in filtered else (parameters["area"], str(parameters.get("permission")))
        areas.setdefault(key, Area(parameters["area"], name, parameters))
    return list(areas.values())


def check_connection(
    logger: logging.Logger, config: Mapping[str, Any]
) -> tuple[AirbyteConnectionStatus, list[Area]]:
    """Return whether at least one area is readable, and the areas that lack a permission.

    The message says what the others lack. The check ends within LONGEST seconds. Threads that still
    wait for a reply are abandoned.
    """
    deadline = time.monotonic() + LONGEST
    try:
        settings = Configuration.parse(config)
        check_options(settings)
        authenticator = SnowAtlasOauth2Authenticator(config, fail_fast=True)
        executor = ThreadPoolExecutor(max_workers=settings.num_workers)
        try:
            route = authenticator.route
            token = executor.submit(authenticator.get_access_token)
            if not wait([token], LONGEST).done:
                raise _late(f"The token endpoint of {route.host}{route.through}")
            token.result()
            log_tenant(logger, authenticator)
            client = SnowAtlasClient(authenticator, settings.num_workers, fail_fast=True)
            failures = _request_areas(executor, client, settings.filters, deadline)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
        for area, failure in failures:
            if area.stream in settings.filters and failure is not None and failure.status == 400:
                raise failure
    except SnowAtlasError as error:
        return AirbyteConnectionStatus(status=Status.FAILED, message=error.message), []
    status, message = _verdict(authenticator.host, failures)
    logger.info(message)
    refused = [area for area, failure in failures if failure is not None and failure.status == 403]
    return AirbyteConnectionStatus(status=status, message=message), refused


def _request_areas(
    executor: Executor, client: SnowAtlasClient, filters: Mapping[str, str], deadline: float
) -> list[tuple[Area, SnowAtlasError | None]]:
    """Return the product areas, each with the reason why it is not readable, if any."""
    requested = {
        executor.submit(_request_one, client, area, filters.get(area.stream)): area
        for area in product_areas(filters)
    }
    answered = wait(requested, deadline - time.monotonic()).done
    return [
        (area, future.result() if future in answered else _late(f"GET {area.parameters['path']}"))
        for future, area in requested.items()
    ]


def _late(what: str) -> TransientError:
    return TransientError(f"{what} did not answer within {LONGEST:.0f} s. Try again later.")


def _verdict(host: str, failures: Sequence[tuple[Area, SnowAtlasError | None]]) -> tuple[Status, str]:
    readable = sorted({area.name for area, failure in failures if failure is None})
    denied = [area for area, failure in failures if failure is not None and failure.status == 403]
    failed = [(area, failure) for area, failure in failures if failure is not None and failure.status != 403]
    grants = [f"{area.name} (grant {permission_names(area.parameters.get('permission'))})" for area in denied]
    others = [f"{area.name} ({failure.message})" for area, failure in failed]
    limited = [failure for _, failure in failed if isinstance(failure, RateLimited)]
    if limited:
        return Status.FAILED, limited[0].message or ""
    if readable:
        lacking = f" Not readable: {'; '.join([*grants, *others])}." if grants or others else ""
        return Status.SUCCEEDED, f"Readable: {', '.join(readable)}.{lacking}"
    if not denied and all(isinstance(failure, TransientError) for _, failure in failed):
        return Status.FAILED, (
            f"A token was issued, but the APIs of {host} are down or can't be reached. Permissions were "
            f"not checked. The first of {len(failed)} failures: {failed[0][1].message}"
        )
    advice = (
        "In Snow Atlas settings, Application registrations, grant it the permissions of the areas you want: "
        f"{'; '.join(grants)}."
    )
    return Status.FAILED, " ".join(
        [
            "The credentials are valid, but the client can read nothing.",
            *([advice] if grants else []),
            *([f"Failed: {'; '.join(others)}."] if others else []),
        ]
    )


def log_tenant(logger: logging.Logger, authenticator: SnowAtlasOauth2Authenticator) -> None:
    """Log the tenant that the identity token names."""
    try:
        tenant = read_tenant(authenticator)
    except IdentityUnavailable as reason:
        logger.info("The tenant is not known: %s.", reason)
        return
    name, region = tenant.name or "without a name", tenant.region or "not named"
    logger.info("Tenant %s (%s), region %s.", plain(name), plain(tenant.id), plain(region))


def _request_one(client: SnowAtlasClient, area: Area, user_filter: str | None) -> SnowAtlasError | None:
    """Request one record. Return the failure, if any."""
    parameters = area.parameters
    query: dict[str, Any] = {}
    if parameters.get("page_parameters", True):
        query = {"page_number": 1, "page_size": 1}
    filters = [user_filter] if user_filter else []
    if parameters.get("cursor_filter") == "window":
        minute_ago = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime(DATETIME_FORMAT)
        filters.append(f'{parameters["cursor_field"]} -ge "{minute_ago}"')
    if filters:
        query["filter"] = joined(filters)
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
