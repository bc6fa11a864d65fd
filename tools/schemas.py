"""The JSON schemas of the streams, as the connector's package holds them."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from source_snow_atlas.definitions import PACKAGE


def schema(stream: str) -> dict[str, Any]:
    """The schema of a stream's records."""
    file = resources.files(PACKAGE).joinpath("schemas").joinpath(f"{stream}.json")
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document
