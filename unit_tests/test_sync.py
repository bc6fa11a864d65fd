"""What the streams of one sync share, and that two syncs share nothing they should not."""

from __future__ import annotations

import threading
from typing import Any

from source_snow_atlas.components.collection.prefetch import PagePrefetch
from source_snow_atlas.components.run.sync import Sync


def test_components_of_one_configuration_share_a_sync(config: dict[str, Any]) -> None:
    """Every stream would have a session, a token and a pace of its own, and read its parents by itself."""
    sync = Sync.begin(config)
    assert Sync.of({**config, "page_size": 100}) is sync


def test_ahead_goes_no_further_than_there_is_room() -> None:
    """Memory would grow with the number of pages, not with the requests in flight."""
    prefetch = PagePrefetch(4)
    gate = threading.Event()
    futures = []
    while (future := prefetch.try_submit(lambda: gate.wait(20))) is not None:
        futures.append(future)
        assert len(futures) <= 8
    assert len(futures) >= 4
    prefetch.done()
    assert prefetch.try_submit(lambda: True) is not None
    assert prefetch.try_submit(lambda: True) is None
    gate.set()
    assert all(future.result(20) for future in futures)
    prefetch.close()


def test_two_runs_with_the_same_client_share_no_sync(config: dict[str, Any]) -> None:
    """In a notebook that reads twice side by side, the run that ends first would end the other, or take its
    parents' keys.
    """
    one, other = {**config}, {**config}
    first, second = Sync.begin(one), Sync.begin(other)
    assert Sync.of(one) is first
    assert Sync.of(other) is second
