"""What the tests of the connector share: a sandbox for each module, reset for each test, and a connector that
reads it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from integration_tests.helpers.connector import Connector
from sandbox import Sandbox, Settings
from source_snow_atlas.components.basics import secrets

# PyAirbyte's files stay in the clone, as those of `make sync` do.
os.environ["AIRBYTE_CACHE_ROOT"] = str(Path(__file__).resolve().parent.parent / ".cache" / "airbyte")


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """What a test reads inside this process is judged by its own secrets: a message that shares a few letters
    with another's token by chance would not be quoted.
    """
    yield
    secrets.forget()


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """The module's sandbox; a module sets `COMPUTERS` for its size, `UGLY` for data that are hard to read."""
    size, ugly = getattr(request.module, "COMPUTERS", 20), getattr(request.module, "UGLY", False)
    with Sandbox(size, ugly=ugly) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """The module's sandbox with no faults, no limits and no counts from the tests before."""
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
    """The connector with a right configuration for the sandbox."""
    return Connector(tmp_path, sandbox.config())


@pytest.fixture
def connector_with(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Connector]:
    """Makes a connector whose configuration has further properties."""
    return lambda **overrides: Connector(tmp_path, sandbox.config(**overrides))


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Repeats inside this process come at once; the list gets the seconds they would have waited for."""
    from source_snow_atlas.components.identity import oauth
    from source_snow_atlas.components.request import client

    waited: list[float] = []
    monkeypatch.setattr(
        oauth.SnowAtlasOauth2Authenticator, "_sleep", lambda _self, seconds: waited.append(seconds)
    )
    make = client.SnowAtlasClient.__init__

    def impatient(self: client.SnowAtlasClient, *arguments: object, **options: object) -> None:
        make(self, *arguments, **{**options, "sleep": waited.append})  # type: ignore[arg-type]

    monkeypatch.setattr(client.SnowAtlasClient, "__init__", impatient)
    return waited
