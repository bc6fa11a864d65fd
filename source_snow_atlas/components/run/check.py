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
    NotFound,
    RateLimited,
    SnowAtlasError,
    TransientError,
    failed_request,
    permission_names,
)
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT
from source_snow_atlas.components.identity.oauth import log_tenant
from source_snow_atlas.components.run.endpoint import Endpoint
from source_snow_atlas.components.run.inputs import check_options
from source_snow_atlas.components.run.sync import Sync

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
        sync = Sync(config, fail_fast=True)
        check_options(sync.settings)
        results = _request_areas(logger, sync)
    except SnowAtlasError as error:
        return AirbyteConnectionStatus(status=Status.FAILED, message=error.message), []
    readable = [area for area, failure in results if failure is None]
    failures = [(area, failure) for area, failure in results if failure is not None]
    for area, failure in failures:
        is_of_filter = area["name"] in sync.settings.filters and failure.status in (400, 414)
        if is_of_filter or isinstance(failure, RateLimited):
            return AirbyteConnectionStatus(status=Status.FAILED, message=failure.message), []
    denied = [area for area, failure in failures if failure.status == 403]
    status, message = _verdict(sync.authenticator.host, readable, denied, failures)
    logger.info(message)
    return AirbyteConnectionStatus(status=status, message=message), denied


def _request_areas(logger: logging.Logger, sync: Sync) -> list[tuple[Area, SnowAtlasError | None]]:
    """Return the product areas, each with the reason why it is not readable, if any."""
    deadline = time.monotonic() + LONGEST
    route = sync.authenticator.route
    executor = ThreadPoolExecutor(max_workers=sync.settings.num_workers)
    try:
        token = executor.submit(sync.authenticator.get_access_token)
        if not wait([token], LONGEST).done:
            raise _late(f"The token endpoint of {route.host}{route.through}")
        token.result()
        log_tenant(logger, sync.authenticator)
        requested = {
            executor.submit(_request_one, sync, area): area for area in product_areas(sync.settings.filters)
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


def _verdict(
    host: str,
    readable: Sequence[Area],
    denied: Sequence[Area],
    failures: Sequence[tuple[Area, SnowAtlasError]],
) -> tuple[Status, str]:
    grants = [f"{area['area']} (grant {permission_names(area.get('permission'))})" for area in denied]
    others = _reasons([(area, failure) for area, failure in failures if failure.status != 403])
    if readable:
        lacking = f" Not readable: {'; '.join([*grants, *others])}." if failures else ""
        names = sorted({area["area"] for area in readable})
        return Status.SUCCEEDED, f"Readable: {', '.join(names)}.{lacking}"
    down = [failure for _, failure in failures if isinstance(failure, TransientError)]
    unexplained = [each for _, each in failures if each.status != 403 and not isinstance(each, NotFound)]
    if len(down) == len(unexplained) > len(denied):
        message = f"A token was issued, but the APIs of {host} are down or can't be reached."
    elif denied:
        message = "The credentials are valid, but the client can read nothing."
    else:
        message = "A token was issued, but nothing can be read."
    if grants:
        message += (
            " In Snow Atlas settings, Application registrations, grant it the permissions of the areas you "
            f"want: {'; '.join(grants)}."
        )
    if others:
        message += f" Failed: {'; '.join(others)}."
    return Status.FAILED, message


def _reasons(failures: Sequence[tuple[Area, SnowAtlasError]]) -> list[str]:
    """Return the areas that failed for the same reason together, each time with the first message."""
    alike: dict[object, dict[str, str | None]] = {}
    for area, failure in failures:
        alike.setdefault((type(failure), failure.status), {}).setdefault(area["area"], failure.message)
    return [f"{', '.join(areas)} ({next(iter(areas.values()))})" for areas in alike.values()]


def _request_one(sync: Sync, area: Area) -> SnowAtlasError | None:
    """Request one record. Return the failure, if any."""
    endpoint = Endpoint.of(sync, area)
    conditions = []
    if area.get("cursor_filter") == "window":
        minute_ago = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime(DATETIME_FORMAT)
        conditions.append(f'{area["cursor_field"]} -ge "{minute_ago}"')
    try:
        page = endpoint.fetch(endpoint.path, endpoint.filtered(*conditions), 1, 1, None)
    except SnowAtlasError as error:
        return error
    return None if page else failed_request(endpoint.name, endpoint.path, 204, b"", endpoint.permission)
