"""`check`: a token, the tenant, and one record of every product area, so that the user learns which
permissions are missing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from airbyte_cdk.models import AirbyteConnectionStatus, Status

from source_snow_atlas.components.basics.errors import (
    RateLimited,
    SnowAtlasError,
    TransientError,
    permission_names,
    plain,
)
from source_snow_atlas.components.identity.configuration import DATETIME_FORMAT, Configuration
from source_snow_atlas.components.identity.identity_token import IdentityUnavailable, read_tenant
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
from source_snow_atlas.components.request.client import SnowAtlasClient
from source_snow_atlas.components.request.reply import parse_page
from source_snow_atlas.components.run.inputs import check_options
from source_snow_atlas.definitions import schema_fields

LONGEST = 18.0
"""Seconds for all requests together: with the start of the process, an answer comes within 30."""

Result = TypeVar("Result")


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

    Those that lack a permission are added to `refused`. It ends in time, whatever the server does: threads
    that still wait for a reply are left behind.
    """
    deadline = time.monotonic() + LONGEST
    try:
        settings = Configuration.parse(config)
        check_options(settings)
        authenticator = SnowAtlasOauth2Authenticator(config=config)
        authenticator.fail_fast = True
        executor = ThreadPoolExecutor(max_workers=settings.num_workers)
        try:
            route = authenticator.route
            token = executor.submit(authenticator.get_access_token)
            _result(token, deadline, f"The token endpoint of {route.host}{route.through}")
            hint = log_tenant(logger, authenticator, settings.region)
            client = SnowAtlasClient(authenticator, settings.num_workers, fail_fast=True)
            asked = [(area, executor.submit(_ask, client, area)) for area in areas]
            failures = [(area, _failure(area, future, deadline)) for area, future in asked]
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
    except SnowAtlasError as error:
        return AirbyteConnectionStatus(status=Status.FAILED, message=error.message)
    if refused is not None:
        refused += [area for area, failure in failures if failure is not None and failure.status == 403]
    status, message = _verdict(authenticator.host, failures)
    logger.info(message)
    return AirbyteConnectionStatus(status=status, message=f"{message} {hint}".rstrip())


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
            f"A token was issued, but the APIs of {host} are down or can't be reached, so nothing is known "
            f"of permissions. The first of {len(failed)} failures: {failed[0][1].message}"
        )
    advice = (
        "In Snow Atlas settings, Application registrations, grant it the permissions of the areas you want: "
        f"{'; '.join(grants)}."
    )
    return Status.FAILED, " ".join(
        [
            "The client is genuine, but it can read nothing.",
            *([advice] if grants else []),
            *([f"Not answered as they should be: {'; '.join(others)}."] if others else []),
        ]
    )


def log_tenant(logger: logging.Logger, authenticator: SnowAtlasOauth2Authenticator, region: str) -> str:
    """Name the tenant in the log. A hint where it lies in another region than the configured one, else
    empty.
    """
    try:
        tenant = read_tenant(authenticator)
    except IdentityUnavailable as reason:
        logger.info("The tenant is not known: %s.", reason)
        return ""
    logger.info(
        "Tenant %s (%s), region %s.",
        plain(tenant.name or "without a name"),
        plain(tenant.id),
        plain(tenant.region or region),
    )
    hint = tenant.region_hint(region)
    if hint:
        logger.warning(hint)
    return hint


def _result(future: Future[Result], deadline: float, what: str) -> Result:
    """The result in time, or a TransientError that says what was too late."""
    try:
        return future.result(max(0.0, deadline - time.monotonic()))
    except FutureTimeoutError:
        raise TransientError(f"{what} did not answer within {LONGEST:.0f} s: try again later.") from None


def _failure(area: Area, future: Future[SnowAtlasError | None], deadline: float) -> SnowAtlasError | None:
    try:
        return _result(future, deadline, f"Stream {area.stream}: GET {area.parameters['path']}")
    except TransientError as late:
        return late


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
