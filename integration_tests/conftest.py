"""Fixtures of the integration tests: a sandbox for each module, reset for each test, and a connector."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from integration_tests.helpers import postgres_server

if TYPE_CHECKING:
    from integration_tests.helpers.connector import Connector
    from sandbox import Sandbox

# PyAirbyte keeps its files in the clone.
os.environ["AIRBYTE_CACHE_ROOT"] = str(Path(__file__).resolve().parent.parent / ".cache" / "airbyte")


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """Forget the secrets of a test, which could by chance match letters of a message in another test."""
    from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets

    from source_snow_atlas.components.basics import secrets

    yield
    secrets._secrets.clear()
    update_secrets([])


@pytest.fixture(scope="session", autouse=True)
def _no_server_outlives_the_tests() -> Iterator[None]:
    yield
    postgres_server.stop_shared_server()


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Start the sandbox of a module, which may set `COMPUTERS`, and `UGLY` for data that is hard to read."""
    from sandbox import Sandbox

    size, ugly = getattr(request.module, "COMPUTERS", 20), getattr(request.module, "UGLY", False)
    with Sandbox(size, ugly=ugly) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """Reset the sandbox: no faults, limits or counts of earlier tests."""
    from sandbox import Settings

    defaults = Settings()
    running.control.set(**{item.name: getattr(defaults, item.name) for item in fields(Settings)})
    running.control.clear_faults()
    running.control.revoke_tokens()
    running.churn.reset()
    running.reset_counts()
    running.server.limiter.reset()
    running.server.tokens.limiter.reset()
    yield running
    assert not running.internal_errors


@pytest.fixture
def connector(sandbox: Sandbox, tmp_path: Path) -> Connector:
    """Return a connector that is configured for the sandbox."""
    from integration_tests.helpers.connector import Connector

    return Connector(tmp_path, sandbox.config())


@pytest.fixture
def connector_with(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Connector]:
    """Return a function that creates a connector with additional options."""
    from integration_tests.helpers.connector import Connector

    return lambda **overrides: Connector(tmp_path, sandbox.config(**overrides))


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Skip the waits before retries in this process, and return a list of their seconds."""
    from source_snow_atlas.components.identity import token_endpoint
    from source_snow_atlas.components.request import client

    waited: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=waited.append)
    monkeypatch.setattr(token_endpoint, "time", clock)
    make = client.SnowAtlasClient.__init__

    def impatient(self: client.SnowAtlasClient, *arguments: object, **options: object) -> None:
        make(self, *arguments, **{**options, "sleep": waited.append})  # type: ignore[arg-type]

    monkeypatch.setattr(client.SnowAtlasClient, "__init__", impatient)
    return waited
