"""One full refresh of every stream from the sandbox, compared with the sandbox's own rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from integration_tests.helpers.connector import (
    Connector,
    Outcome,
    Record,
    configured_catalog,
    primary_key,
    schema,
)
from integration_tests.helpers.expected import Expected, completed, difference, keys_of
from sandbox import Sandbox
from sandbox.api.recording import Exchange
from sandbox.company.saas_children import INSIGHT_RULE_IDS
from source_snow_atlas import definitions
from source_snow_atlas.components.identity.configuration import ASSET_KINDS
from tools.exclusions import Exclusions

COMPUTERS, UGLY = 30, True
TODAY = datetime.now(timezone.utc).date()
START = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=75)
STREAMS = sorted(definitions.stream_definitions())
WINDOWED = [name for name in STREAMS if definitions.parameters(name).get("window_format")]
FROM_WINDOWS = {*WINDOWED, "audit_logs", "tenant"}
"""Streams whose rows are not simply all that the API holds at their path."""


@dataclass
class FullSync:
    """The sync that all tests here look at."""

    outcome: Outcome
    records: dict[str, list[Record]]
    requests: list[Exchange]
    token_requests: int
    expected: Expected
    sandbox: Sandbox


@pytest.fixture(scope="module")
def full_sync(running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> FullSync:
    config = running.config(
        insight_rule_ids=list(INSIGHT_RULE_IDS),
        asset_kinds=list(ASSET_KINDS),
        start_date=START.strftime("%Y-%m-%dT%H:%M:%SZ"),
        page_size=40,
    )
    folder: Path = tmp_path_factory.mktemp("full")
    outcome = Connector(folder, config).read(STREAMS)
    expected = Expected(running, ASSET_KINDS, INSIGHT_RULE_IDS)
    requests = running.requests
    return FullSync(outcome, outcome.records, requests, running.counts.token_requests, expected, running)


def test_every_line_is_a_message(full_sync: FullSync) -> None:
    """A log line that falls into a record makes both unreadable, and the row is lost without a word."""
    assert full_sync.outcome.other_lines == []


def test_the_sync_succeeds(full_sync: FullSync) -> None:
    """Users would see a failed connection for a healthy tenant."""
    assert full_sync.outcome.errors == []
    assert full_sync.outcome.exit_code == 0
    assert full_sync.outcome.statuses == dict.fromkeys(STREAMS, "COMPLETE")
    assert not full_sync.sandbox.internal_errors


def test_every_stream_has_records(full_sync: FullSync) -> None:
    """A stream that reads nothing where the tenant has rows is an empty table that looks right."""
    for stream in STREAMS:
        assert full_sync.records.get(stream), stream


def test_records_are_the_rows_of_the_api(full_sync: FullSync) -> None:
    """Rows lost, doubled, invented or altered would make every count and sum on the table wrong."""
    for stream in sorted({*STREAMS} - FROM_WINDOWS):
        assert difference(full_sync.records[stream], full_sync.expected.records(stream)) == "", stream


def test_key_figures_are_those_of_each_month(full_sync: FullSync) -> None:
    """Key figures of a month without the month, or a month left out, can't be charted."""
    for stream in WINDOWED:
        path = definitions.parameters(stream)["path"]
        windows = _months_since_start()
        suffix = "T00:00:00Z" if definitions.parameters(stream)["window_format"] == "date_time" else ""
        expected = []
        for first, last in windows:
            asked = {"fromDate": f"{first}{suffix}", "toDate": f"{min(last, TODAY)}{suffix}"}
            query = "&".join(f"{name}={value}" for name, value in asked.items())
            window = {**asked, "toDate": f"{last}{suffix}", "isComplete": last < TODAY}
            expected += [completed(row, window) for row in full_sync.expected.rows(f"{path}?{query}")]
        assert difference(full_sync.records[stream], expected) == "", stream


def test_audit_logs_are_the_entries_since_the_start_date(full_sync: FullSync) -> None:
    """An audit with entries missing, or with those of one moment counted twice, is none."""
    expected = [
        row
        for row in full_sync.expected.rows("/api/audit/v2/logs")
        if datetime.fromisoformat(row["created"][:19] + "+00:00") >= START
    ]
    assert difference(full_sync.records["audit_logs"], expected) == ""


def test_the_tenant_is_named(full_sync: FullSync) -> None:
    """Whoever loads two tenants into one warehouse could not tell whose data is whose."""
    settings = full_sync.sandbox.settings
    assert full_sync.records["tenant"] == [
        {"id": settings.tenant, "name": settings.tenant_name, "region": settings.region}
    ]


def test_records_are_valid(full_sync: FullSync) -> None:
    """Destinations make columns from the schema: a value of another type is lost or fails the sync."""
    for stream in STREAMS:
        validator = jsonschema.Draft7Validator(schema(stream))
        problems = [
            f"{list(error.path)}: {error.message[:200]}"
            for record in full_sync.records[stream]
            for error in validator.iter_errors(record)
        ]
        assert problems[:3] == [], stream


def test_primary_keys_hold(full_sync: FullSync) -> None:
    """A destination that merges by key would keep one row out of several, or refuse a null."""
    for stream in filter(primary_key, STREAMS):
        counted = keys_of(full_sync.records[stream], primary_key(stream))
        assert [key for key in counted if None in key] == [], stream
        assert [key for key, count in counted.items() if count > 1][:3] == [], stream


def test_one_token_is_enough(full_sync: FullSync) -> None:
    """Snow Atlas limits token requests and live tokens: a token per stream locks a tenant out."""
    assert full_sync.token_requests == 1
    refused = [exchange for exchange in full_sync.requests if exchange.status not in (200, 404)]
    # where a page of values is just full, one page more is asked for, with parameters that this operation
    # does not declare
    assert {
        (exchange.status, exchange.path, dict(exchange.query).get("page_number")) for exchange in refused
    } <= {(400, "/api/custom-fields/v1/custom-fields-values", "2")}


def test_parents_are_read_for_all_children_together(full_sync: FullSync) -> None:
    """Parents read once per child stream multiply the hours of a large sync and use up the rate limit."""
    asked = Counter((exchange.path, tuple(sorted(exchange.query))) for exchange in full_sync.requests)
    again = {request: count - 1 for request, count in asked.items() if "/idp/" not in request[0]}
    # by the stream itself, and once for each kind of key that its records have
    assert max(again.values()) <= 3
    assert sum(again.values()) < 0.03 * len(full_sync.requests)


def test_parents_that_are_not_selected_are_read_once(running: Sandbox, connector: Connector) -> None:
    """Children alone must not read the parent collection once each."""
    running.reset_counts()
    children = ["computer_details", "computer_hardware", "computer_costs", "computer_logical_disks"]
    outcome = connector.read_here(children)
    expected = Expected(running)
    assert outcome.exit_code == 0
    assert [difference(outcome.records[child], expected.records(child)) for child in children] == [""] * 4
    assert running.counts.templates["/api/sam/estate/v1/computers"] == 1


def test_every_readable_endpoint_is_read_or_excluded_for_a_reason(full_sync: FullSync) -> None:
    """Data that the API offers would be out of reach without anybody having decided so."""
    asked = {exchange.template for exchange in full_sync.requests}
    served = {route.path for route in full_sync.sandbox.server.router.routes}
    excluded = {endpoint.path for endpoint in Exclusions.load().endpoints if endpoint.reason}
    asked_where_rows_lack_a_field = {
        collection["path"]
        for collection in definitions.key_collections().values()
        if any("lacking" in parent for parent in collection["parents"])
    }
    assert served - asked - excluded == asked_where_rows_lack_a_field
    assert excluded & asked == set()
    assert excluded <= served
    assert len(served) == 241


def test_every_stream_is_discovered_once(connector: Connector) -> None:
    """A stream that discover hides can't be selected; one listed twice breaks the connection's schema."""
    config = connector.file("config", connector.config)
    streams = connector.run_here("discover", "--config", config).catalog
    assert sorted(stream["name"] for stream in streams) == STREAMS
    for stream in streams:
        key = [[name] for name in primary_key(stream["name"])]
        assert stream.get("source_defined_primary_key", []) == key
        assert stream["json_schema"]["properties"]


def test_undeclared_fields_pass(full_sync: FullSync) -> None:
    """The API sends more than its files declare; who needs such a field must not have to wait for a new
    connector.
    """
    known = set(schema("computers")["properties"])
    assert any(set(record) - known for record in full_sync.records["computers"])


def _months_since_start() -> Iterator[tuple[date, date]]:
    first = START.date().replace(day=1)
    while first <= TODAY:
        following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        yield first, following - timedelta(days=1)
        first = following


def test_catalog_fixture_is_whole() -> None:
    """The other tests here stand on a catalog that names every stream."""
    catalog: dict[str, Any] = configured_catalog(STREAMS)
    assert len(catalog["streams"]) == len(STREAMS) == 168
