"""What the user gives: the configuration and the streams. Every mistake is a SyncError with one sentence."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snow_atlas_sync.errors import SyncError
from source_snow_atlas import definitions


def load(path: Path) -> dict[str, Any]:
    """The configuration in a file: a JSON object."""
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SyncError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SyncError(f"{path} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise SyncError(f"{path} must hold one JSON object")
    return config


def choose(wanted: str, available: Sequence[str]) -> list[str]:
    """Names of the streams that the user wants, in the order of the catalog; none where they named none."""
    names = wanted.replace(",", " ").split()
    if wanted.strip() and not names:
        raise SyncError(f"{wanted} names no stream: give names, by comma or space, or all")
    if names == ["all"]:
        return list(available)
    for name in names:
        if name not in available:
            close = difflib.get_close_matches(name, available, n=3, cutoff=0)
            raise SyncError(f"there is no stream {name}; the nearest are {', '.join(close)}")
    return [name for name in available if name in names]


def incremental(wanted: str) -> frozenset[str]:
    """Names of the streams to go on with from the last sync."""
    able = [name for name in available_streams() if "cursor_field" in definitions.parameters(name)]
    names = frozenset(wanted.replace(",", " ").split())
    for name in sorted(names.difference(able)):
        raise SyncError(f"the stream {name} is not incremental; these are: {', '.join(able)}")
    return names


def available_streams() -> list[str]:
    """The names of all streams of the connector, in the order of its catalog."""
    return list(definitions.stream_definitions())


def suggested_streams() -> list[str]:
    """The streams that metadata.yaml suggests: read page by page, and without secrets in them."""
    return [
        name
        for name in available_streams()
        if "path" in definitions.parameters(name)  # `tenant` has none: the server may not say who it is
        and not definitions.parent_streams(name)
        and not definitions.parameters(name).get("sensitive")
    ]
