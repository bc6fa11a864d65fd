"""metadata.yaml and the image's files agree with Airbyte's models and with the connector itself."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from airbyte_connector_models.metadata.v0.connector_metadata_definition_v0 import (
    ConnectorMetadataDefinitionV0,
)
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from source_snow_atlas import __version__, definitions

ROOT = Path(__file__).parent.parent
METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))
DATA: dict[str, Any] = METADATA["data"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def pinned_versions() -> dict[str, str]:
    """The versions of constraints.txt by normalized name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def test_metadata_is_valid_by_airbytes_model() -> None:
    """Otherwise the registry refuses the connector: a key is unknown, missing or of the wrong type."""
    ConnectorMetadataDefinitionV0.model_validate(METADATA)


def test_one_version_everywhere() -> None:
    """Otherwise a user of image 0.1.0 runs other code than 0.1.0, and bug reports name the wrong version."""
    image = re.search(r"^ARG VERSION=(\S+)$", DOCKERFILE, re.MULTILINE)
    changelog = re.search(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert image is not None
    assert changelog is not None
    assert {DATA["dockerImageTag"], image[1], changelog[1]} == {__version__}


def test_the_image_is_built_on_the_base_that_metadata_names() -> None:
    """Otherwise Airbyte's own build of the connector runs on another base than the one that was tested."""
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", DOCKERFILE, re.MULTILINE)
    base = DATA["connectorBuildOptions"]["baseImage"]
    assert stages == [(base, "base"), ("base", "builder"), ("base", "")]
    assert re.search(r"@sha256:[0-9a-f]{64}$", base)


def test_suggested_streams_are_the_bulk_streams_that_are_not_sensitive() -> None:
    """Otherwise a new connection reads secrets, or costs a request per record, without being asked to."""
    expected = [
        name
        for name in definitions.stream_definitions()
        if "path" in definitions.parameters(name)  # `tenant` has none: the server may not say who it is
        and not definitions.parent_streams(name)
        and not definitions.parameters(name).get("sensitive")
    ]
    assert DATA["suggestedStreams"]["streams"] == sorted(expected)


def test_the_example_catalog_reads_the_suggested_streams_and_the_audit_logs() -> None:
    """Otherwise a pipeline that starts from the example lacks streams, or fails at the first sync."""
    catalog = json.loads((ROOT / "integration_tests" / "configured_catalog.json").read_text(encoding="utf-8"))
    configured = {stream["stream"]["name"]: stream for stream in catalog["streams"]}
    assert set(configured) == {*DATA["suggestedStreams"]["streams"], "audit_logs"}
    incremental = [name for name, stream in configured.items() if stream["sync_mode"] == "incremental"]
    assert incremental == [
        name for name in configured if "incremental_sync" in definitions.stream_definitions()[name]
    ]


@pytest.mark.parametrize(
    "host",
    [
        "westeurope.snowsoftware.io",
        "australiasoutheast.snowsoftware.io",
        "eastus2.snowsoftware.io",
        "uksouth.snowsoftware.io",
        "snowatlas-westeurope.flexera.eu",
    ],
)
def test_every_known_host_is_allowed(host: str) -> None:
    """Otherwise Airbyte blocks the connection to a whole region."""
    patterns = [re.escape(pattern).replace(r"\*", "[^.]+") for pattern in DATA["allowedHosts"]["hosts"]]
    assert any(re.fullmatch(pattern, host) for pattern in patterns)


def test_the_pinned_versions_are_ones_that_the_package_allows() -> None:
    """Otherwise the image runs with dependencies that the package itself would refuse."""
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    block = re.search(r"install_requires=\[(.*?)\]", setup, re.DOTALL)
    assert block is not None
    pins = pinned_versions()
    requirements = [Requirement(text) for text in re.findall(r'"([^"]+)"', block[1].replace("[crypto]", ""))]
    assert requirements
    for requirement in requirements:
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_every_dependency_of_the_image_is_pinned_to_one_version() -> None:
    """Otherwise two builds of the same commit differ."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = re.compile(r"[\w.-]+==[\w.+!]+")
    loose = [line for line in lines if line and not line.startswith("#") and not pinned.fullmatch(line)]
    assert loose == []


def test_the_icon_is_a_square_drawing_without_outside_content() -> None:
    """Otherwise Airbyte's list of connectors shows a distorted or broken picture."""
    icon = ElementTree.parse(ROOT / DATA["icon"]).getroot()
    left, top, width, height = (float(number) for number in icon.attrib["viewBox"].split())
    assert (left, top) == (0, 0)
    assert width == height
    outside = ("image", "script", "foreignObject")
    assert not [element for element in icon.iter() if element.tag.endswith(outside)]
