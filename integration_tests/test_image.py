"""The container image, run as Airbyte and as plain pipelines run it, against the sandbox on this machine.

`tools/image.sh test` builds the image and names it in the environment; without that the tests are skipped, as
they need a container engine.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_tests.helpers.connector import ROOT, Connector, Message, Outcome, configured_catalog
from sandbox import Sandbox
from source_snow_atlas import definitions

IMAGE = os.environ.get("SNOW_ATLAS_IMAGE", "")
ENGINE = os.environ.get("SNOW_ATLAS_IMAGE_ENGINE", "docker")

pytestmark = [
    pytest.mark.skipif(not IMAGE, reason="needs an image (make image-test)"),
    pytest.mark.timeout(900),
]

COMPUTERS = 60

# An id that no system knows, as OpenShift gives to its containers.
ARBITRARY_USER = ["--user", "1234567:0"]
READ_ONLY = ["--read-only", "--tmpfs", "/tmp"]
# Docker leaves /tmp read-only with --read-only alone; podman lays a tmpfs over it unless told not to.
READ_ONLY_WITHOUT_SCRATCH = ["--read-only", *(["--read-only-tmpfs=false"] if ENGINE == "podman" else [])]

SECONDS = 600
"""No command takes longer in a container, on a machine that builds other things meanwhile."""


@dataclass(frozen=True)
class Pipeline:
    """A folder with what a pipeline hands to the connector, which runs inside a container or outside."""

    folder: Path
    config: Message

    def write(self, name: str, content: object) -> None:
        """Write one JSON file that any user of the container may read."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        path.chmod(0o644)

    def inside(self, *arguments: str, options: Sequence[str] = (), mount: str = "/secrets") -> Outcome:
        """Run one command of the connector in a container to its end, the folder mounted at `mount`."""
        finished = subprocess.run(
            self.command(arguments, options, mount), capture_output=True, timeout=SECONDS, check=False
        )
        return faultless(Outcome.of_process(finished.returncode, finished.stdout, finished.stderr))

    def outside(self, *arguments: str) -> Outcome:
        """Run the same command with the connector beside this Python."""
        paths = [str(self.folder / word) if word.endswith(".json") else word for word in arguments]
        return faultless(Connector(self.folder, self.config).run(*paths))

    def command(self, arguments: Sequence[str], options: Sequence[str], mount: str = "/secrets") -> list[str]:
        """The command line of a container, its files read-only."""
        paths = [f"{mount}/{word}" if word.endswith(".json") else word for word in arguments]
        volume = f"{self.folder}:{mount}:ro"
        return [ENGINE, "run", "--rm", "--network", "host", "--volume", volume, *options, IMAGE, *paths]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, running: Sandbox) -> Pipeline:
    """The folder, with a configuration for the sandbox in it."""
    folder = tmp_path_factory.mktemp("pipeline")
    # The folders above are the test user's alone; the container reaches this one by its mount.
    folder.chmod(0o755)
    prepared = Pipeline(folder, running.config())
    prepared.write("config.json", prepared.config)
    return prepared


def faultless(outcome: Outcome) -> Outcome:
    """The outcome of a command that has to succeed, and to say nothing but protocol messages."""
    assert outcome.exit_code == 0, (outcome.errors, outcome.stderr[-4000:])
    assert outcome.other_lines == []
    return outcome


def records(outcome: Outcome) -> Counter[tuple[str, str]]:
    """How often each record came, by stream and content."""
    return Counter(
        (stream, json.dumps(record, sort_keys=True))
        for stream, of_stream in outcome.records.items()
        for record in of_stream
    )


def bulk_streams() -> list[str]:
    """Every stream that costs no request per parent record, the sensitive ones too."""
    return [name for name in definitions.stream_definitions() if not definitions.parent_streams(name)]


def specification(outcome: Outcome) -> Message:
    (message,) = [message for message in outcome.messages if message["type"] == "SPEC"]
    return message


def metadata() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))
    data: dict[str, Any] = document["data"]
    return data


def test_spec_is_the_same_as_outside(pipeline: Pipeline) -> None:
    """Otherwise the form in Airbyte, which comes from the image, is not that of the documentation."""
    inside, outside = pipeline.inside("spec"), pipeline.outside("spec")
    assert specification(inside) == specification(outside)


def test_check_succeeds(pipeline: Pipeline) -> None:
    """Otherwise nobody can set the source up."""
    status, _ = pipeline.inside("check", "--config", "config.json").connection_status
    assert status == "SUCCEEDED"


def test_discover_is_the_same_as_outside(pipeline: Pipeline) -> None:
    """Otherwise a schema or a whole stream was left behind when the image was made."""
    arguments = ("discover", "--config", "config.json")
    assert pipeline.inside(*arguments).catalog == pipeline.outside(*arguments).catalog


def test_a_whole_sync_of_the_bulk_streams_gives_the_records_of_a_sync_outside(pipeline: Pipeline) -> None:
    """Otherwise the warehouse gets other rows from the image than from the package."""
    streams = bulk_streams()
    pipeline.write("catalog.json", configured_catalog(streams))
    arguments = ("read", "--config", "config.json", "--catalog", "catalog.json")
    inside, outside = pipeline.inside(*arguments), pipeline.outside(*arguments)
    assert records(inside) == records(outside)
    assert set(outside.records) == set(streams)


@pytest.mark.parametrize(
    ("options", "mount"),
    [
        pytest.param([*READ_ONLY, *ARBITRARY_USER], "/secrets", id="read-only-arbitrary-user"),
        pytest.param([*READ_ONLY_WITHOUT_SCRATCH, *ARBITRARY_USER], "/secrets", id="read-only-without-tmpfs"),
        pytest.param(
            ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"], "/config/of/a/job", id="other-path"
        ),
    ],
)
def test_reads_in_a_hardened_container(pipeline: Pipeline, options: list[str], mount: str) -> None:
    """Otherwise the image can't run where the cluster's rules forbid writing, root or known users."""
    streams = ["computers", "computer_details", "organizations"]
    pipeline.write("few.json", configured_catalog(streams))
    arguments = ("read", "--config", "config.json", "--catalog", "few.json")
    inside = pipeline.inside(*arguments, options=options, mount=mount)
    assert records(inside) == records(pipeline.outside(*arguments))
    assert set(inside.records) == set(streams)


def test_state_goes_out_and_in(pipeline: Pipeline) -> None:
    """Otherwise every run of a pipeline reads all audit logs again."""
    pipeline.write("audit.json", configured_catalog(["audit_logs"], incremental=["audit_logs"]))
    arguments = ("read", "--config", "config.json", "--catalog", "audit.json")
    first = pipeline.inside(*arguments)
    pipeline.write("state.json", first.state)
    second = pipeline.inside(*arguments, "--state", "state.json")
    assert records(second) == records(pipeline.outside(*arguments, "--state", "state.json"))
    assert records(second).total() < records(first).total()


def test_a_stop_ends_the_sync_at_once_with_whole_lines(pipeline: Pipeline, running: Sandbox) -> None:
    """Otherwise a cancelled sync goes on for the ten seconds until it is killed, and its last line is cut."""
    pipeline.write("long.json", configured_catalog(["computers", "computer_details"]))
    name = f"source-snow-atlas-test-{uuid.uuid4().hex}"
    arguments = ("read", "--config", "config.json", "--catalog", "long.json")
    running.control.set(latency=0.5)
    try:
        process = subprocess.Popen(
            pipeline.command(arguments, ["--name", name]), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        output = b""
        for line in process.stdout:
            output += line
            if json.loads(line)["type"] == "RECORD":
                break
        # The output is read on meanwhile, as every consumer does.
        stop = subprocess.Popen([ENGINE, "stop", "-t", "60", name], stdout=subprocess.DEVNULL)
        output += process.stdout.read()
        assert stop.wait(timeout=90) == 0
        exit_code = process.wait(timeout=30)
    finally:
        running.control.set(latency=0.0)
    outcome = Outcome.of_process(exit_code, output, b"")
    assert outcome.exit_code == 128 + signal.SIGTERM
    assert outcome.other_lines == []
    assert outcome.records


def test_lines_leave_the_container_as_they_are_written() -> None:
    """Otherwise Airbyte sees nothing for minutes and takes a slow source for a dead one."""
    assert inspect()["Env"].count("PYTHONUNBUFFERED=1") == 1


def test_the_image_says_what_it_is_and_does_not_run_as_root() -> None:
    """Otherwise a registry can't show the version, and a cluster that forbids root refuses the image."""
    configuration = inspect()
    labels = configuration["Labels"]
    assert labels["io.airbyte.name"] == metadata()["dockerRepository"]
    assert labels["io.airbyte.version"] == metadata()["dockerImageTag"]
    assert labels["org.opencontainers.image.version"] == metadata()["dockerImageTag"]
    assert configuration["Entrypoint"] == ["/entrypoint.sh"]
    assert "AIRBYTE_ENTRYPOINT=/entrypoint.sh" in configuration["Env"]
    assert int(configuration["User"]) > 0


def test_the_image_holds_no_tests_and_no_build_tools() -> None:
    """Otherwise every pull carries megabytes that no sync needs, and an intruder finds a compiler."""
    finished = subprocess.run(
        [
            *(ENGINE, "run", "--rm", "--entrypoint", "sh", IMAGE, "-c"),
            "ls /opt/source-snow-atlas/bin; command -v gcc cc make git; "
            "find /opt/source-snow-atlas /airbyte -name tests -o -name unit_tests -o -name integration_tests",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = finished.stdout.split()
    assert "source-snow-atlas" in found
    assert not {"pip", "pip3"} & set(found)
    assert not [line for line in found if line.startswith("/")]


def inspect() -> dict[str, Any]:
    """The image's configuration as the engine shows it."""
    finished = subprocess.run(
        [ENGINE, "image", "inspect", "--format", "{{json .Config}}", IMAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    configuration: dict[str, Any] = json.loads(finished.stdout)
    return configuration
