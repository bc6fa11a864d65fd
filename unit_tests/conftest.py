"""Fixtures of the unit tests, which use no network, never sleep and share no state."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets
from hypothesis import HealthCheck, settings
from requests.adapters import HTTPAdapter

from unit_tests.helpers.fake_http import TOKEN_URL, FakeHttp, token_reply
from unit_tests.helpers.fakes import SECRET, FakeClock

# `too_slow` and the deadline measure time, which means little on two busy cores
settings.register_profile("unit", deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _clean_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from source_snow_atlas.components.basics.secrets import _secrets
    from source_snow_atlas.components.identity.oauth import SnowAtlasOauth2Authenticator
    from source_snow_atlas.components.run.sync import Sync

    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("a unit test tried to use the network")

    def no_sleep(seconds: float) -> None:
        raise AssertionError(f"a unit test tried to sleep {seconds} s")

    monkeypatch.setattr(HTTPAdapter, "send", no_network)
    monkeypatch.setattr(time, "sleep", no_sleep)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    SnowAtlasOauth2Authenticator._endpoints.clear()
    syncs: list[Sync] = []
    begin = Sync.begin.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(
        Sync, "begin", classmethod(lambda *arguments: syncs.append(begin(*arguments)) or syncs[-1])
    )
    yield
    for sync in syncs:
        sync.close()
    SnowAtlasOauth2Authenticator._endpoints.clear()
    _secrets.clear()
    update_secrets([])
    gc.collect(0)


@pytest.fixture
def config() -> dict[str, Any]:
    """Return a configuration with the required options."""
    return {"region": "westeurope", "client_id": "client-1", "client_secret": SECRET}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Replace the clock of the token endpoint. Other code takes a clock as an argument."""
    from source_snow_atlas.components.identity import token_endpoint

    fake = FakeClock()
    monkeypatch.setattr(token_endpoint, "time", SimpleNamespace(monotonic=fake, sleep=fake.sleep))
    return fake


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> FakeHttp:
    """Replace the network with a fake that grants tokens."""
    fake = FakeHttp()
    fake.on("POST", TOKEN_URL, token_reply())
    monkeypatch.setattr(
        HTTPAdapter, "send", lambda self, request, **options: fake.send(self, request, **options)
    )
    return fake


@pytest.fixture
def every_log_line(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Capture log records of all loggers and levels."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="airbyte")
    return caplog
