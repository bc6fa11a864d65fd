"""Reader of the streams' JSON schemas in the connector's package."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from source_snow_atlas.definitions import PACKAGE


def schema(stream: str) -> dict[str, Any]:
    """Return the schema of a stream's records."""
    file = resources.files(PACKAGE).joinpath("schemas").joinpath(f"{stream}.json")
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document
