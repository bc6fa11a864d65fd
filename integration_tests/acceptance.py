"""Airbyte's standard test suite for sources, run against the sandbox.

    python -m integration_tests.acceptance                          without the image tests
    python -m integration_tests.acceptance --connector-image IMAGE  with them; needs the docker client

Other arguments are passed to pytest. The scenarios are in acceptance-test-config.yml. Their configurations in
secrets/ exist only while the suite runs, and do not replace secrets/config.json.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.test.entrypoint_wrapper import EntrypointOutput, read
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase
from airbyte_cdk.test.state_builder import StateBuilder

from sandbox import Sandbox
from sandbox.company.saas_children import INSIGHT_RULE_IDS
from source_snow_atlas import SourceSnowAtlas

ROOT = Path(__file__).parent.parent
SECRETS = ROOT / "secrets"
COMPUTERS = 60
MARKERS = "image_tests: runs the image through the docker client\nrequires_creds: needs a file in secrets/"


@contextmanager
def configurations_of_the_sandbox() -> Iterator[None]:
    """Run the sandbox, with a valid configuration and one with a wrong secret in secrets/."""
    written: list[Path] = []
    made_folder = not SECRETS.exists()
    with Sandbox(COMPUTERS) as running:
        valid = running.config(insight_rule_ids=list(INSIGHT_RULE_IDS))
        wrong_secret = {**valid, "client_secret": "not the secret of this application"}
        try:
            SECRETS.mkdir(exist_ok=True)
            for name, configuration in (("valid_config", valid), ("wrong_secret_config", wrong_secret)):
                path = SECRETS / f"{name}.json"
                path.write_text(json.dumps(configuration), encoding="utf-8")
                written.append(path)
            yield
        finally:
            for path in written:
                path.unlink()
            if made_folder and SECRETS.exists():
                SECRETS.rmdir()


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> Iterator[None]:
    """Run the sandbox during the tests of this module."""
    with configurations_of_the_sandbox():
        yield


class TestSnowAtlas(SourceTestSuiteBase):
    """Airbyte's suite. It needs the connector's name, as the folder of a clone may have another one."""

    connector = SourceSnowAtlas
    connector_name = "source-snow-atlas"

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return ROOT


def load(name: str) -> Any:
    """Read a JSON file of the repository."""
    return json.loads((ROOT / name).read_text(encoding="utf-8"))


def configured_catalog() -> ConfiguredAirbyteCatalog:
    """Return the catalog of integration_tests/ with only its incremental streams."""
    catalog = load("integration_tests/configured_catalog.json")
    incremental = [stream for stream in catalog["streams"] if stream["sync_mode"] == "incremental"]
    loaded: ConfiguredAirbyteCatalog = ConfiguredAirbyteCatalogSerializer.load({"streams": incremental})
    return loaded


def read_from(state: list[Mapping[str, Any]]) -> EntrypointOutput:
    """Read the incremental streams from a state."""
    builder = StateBuilder()
    for message in state:
        stream = message["stream"]
        builder = builder.with_stream_state(stream["stream_descriptor"]["name"], stream["stream_state"])
    config = load("secrets/valid_config.json")
    return read(SourceSnowAtlas(), config, configured_catalog(), builder.build())


def test_a_read_continues_from_the_example_state() -> None:
    """A sync with the state of an earlier one would start again or fail."""
    state = load("integration_tests/sample_state.json")
    output = read_from(state)
    assert not output.errors
    records = [message.record for message in output.records if message.record is not None]
    for message in state:
        name = message["stream"]["stream_descriptor"]["name"]
        ((cursor_field, since),) = message["stream"]["stream_state"].items()
        # reads overlap by a day, for rows that arrive late
        earliest = datetime.fromisoformat(since.replace("Z", "+00:00")) - timedelta(days=1)
        dates = [record.data[cursor_field] for record in records if record.stream == name]
        assert dates
        assert min(dates)[:10] >= earliest.date().isoformat()


def test_a_state_of_the_future_counts_as_now() -> None:
    """A clock that was once wrong would make every later sync fail or skip rows."""
    state = load("integration_tests/abnormal_state.json")
    # reads overlap by a day, for rows that arrive late
    earliest = datetime.now(timezone.utc) - timedelta(days=1)
    output = read_from(state)
    assert not output.errors
    fields = {
        message["stream"]["stream_descriptor"]["name"]: next(iter(message["stream"]["stream_state"]))
        for message in state
    }
    for message in output.records:
        assert message.record is not None
        timestamp = str(message.record.data[fields[message.record.stream]])
        assert timestamp[:19] >= earliest.isoformat()[:19], message.record.stream


def main(arguments: list[str]) -> int:
    """Run the tests of this file. The image tests run only if an image is named."""
    with_image = any(argument.startswith("--connector-image") for argument in arguments)
    return pytest.main(
        [
            *("-p", "airbyte_cdk.test.standard_tests.pytest_hooks"),
            *("-o", f"markers={MARKERS}"),
            *([] if with_image else ["-m", "not image_tests"]),
            *arguments,
            __file__,
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
