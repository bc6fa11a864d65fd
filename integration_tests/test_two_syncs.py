"""Two syncs with the same client side by side in one process, as in a notebook: neither ends or empties the
other.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)

from integration_tests.helpers.connector import Record, configured_catalog
from integration_tests.helpers.expected import Expected, difference
from sandbox import Sandbox
from source_snow_atlas import SourceSnowAtlas
from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator

LOGGER = logging.getLogger("airbyte")
COMPUTERS = 60
LONG = ["computers", "computer_costs", "computer_logical_disks", "organizations"]
"""A parent, its children and a stream of its own: they share what a sync holds."""
SHORT = ["computers", "computer_costs"]
SECONDS = 60


@pytest.fixture(autouse=True)
def _no_tokens() -> None:
    SnowAtlasOauth2Authenticator._endpoints.clear()


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    """The configuration of both: small pages, so that there is much to interleave."""
    return {**sandbox.config(), "page_size": 7, "num_workers": 3}


def catalog(streams: list[str]) -> ConfiguredAirbyteCatalog:
    found: ConfiguredAirbyteCatalog = ConfiguredAirbyteCatalogSerializer.load(configured_catalog(streams))
    return found


def read(
    config: dict[str, Any], streams: list[str], after: int, then: Callable[[Iterator[AirbyteMessage]], None]
) -> dict[str, list[Record]]:
    """The records by stream. After so many records, `then` is called with the read itself."""
    records: dict[str, list[Record]] = defaultdict(list)
    messages = iter(SourceSnowAtlas().read(LOGGER, config, catalog(streams), []))
    for message in messages:
        if message.type == Type.RECORD and message.record is not None:
            records[message.record.stream].append(dict(message.record.data))
            if sum(map(len, records.values())) == after:
                then(messages)
    return records


def assert_whole(records: dict[str, list[Record]], sandbox: Sandbox, streams: list[str]) -> None:
    expected = Expected(sandbox)
    for stream in streams:
        assert difference(records[stream], expected.records(stream)) == "", stream


@pytest.mark.parametrize("ends", ["whole", "abandoned"])
def test_a_sync_that_ends_first_leaves_the_other_whole(
    sandbox: Sandbox, config: dict[str, Any], ends: str
) -> None:
    """The run that goes on would lose its threads, its parents' keys or its progress to the one that
    ended.
    """
    both_read = threading.Barrier(2)
    ended = threading.Event()

    def wait_for_the_end(_: Iterator[AirbyteMessage]) -> None:
        both_read.wait(SECONDS)
        assert ended.wait(SECONDS)

    def go_on_or_give_up(messages: Any) -> None:
        both_read.wait(SECONDS)
        if ends == "abandoned":
            messages.close()

    with ThreadPoolExecutor(2) as executor:
        long = executor.submit(read, config, LONG, 5, wait_for_the_end)
        short = executor.submit(read, config, SHORT, 3, go_on_or_give_up)
        short_records = short.result(SECONDS)
        ended.set()
        long_records = long.result(SECONDS)
    assert_whole(long_records, sandbox, LONG)
    if ends == "whole":
        assert_whole(short_records, sandbox, SHORT)
    assert sandbox.counts.tokens_issued == 1, "the token is the one thing that is shared"


def test_two_syncs_in_step(sandbox: Sandbox, config: dict[str, Any]) -> None:
    """Rows of one run would turn up in the other, or pages and keys be handed to the wrong one."""
    reads = [iter(SourceSnowAtlas().read(LOGGER, config, catalog(LONG), [])) for _ in range(2)]
    found: list[dict[str, list[Record]]] = [defaultdict(list), defaultdict(list)]
    open_reads = {0, 1}
    while open_reads:
        for number in sorted(open_reads):
            message = next(reads[number], None)
            if message is None:
                open_reads.discard(number)
            elif message.record is not None:
                found[number][message.record.stream].append(dict(message.record.data))
    for records in found:
        assert_whole(records, sandbox, LONG)
