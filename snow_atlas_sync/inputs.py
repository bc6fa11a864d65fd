"""Input from the user: the configuration and the names of streams. Mistakes raise SyncError."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snow_atlas_sync.errors import SyncError
from source_snow_atlas import definitions

NOT_A_FILE = re.compile(r":memory:|[A-Za-z]\w+:")
"""Beginning of the names that DuckDB opens as something other than a local file, such as md:name."""
MAGIC, MAGIC_OFFSET = b"DUCK", 8
"""Bytes that mark a DuckDB file."""


def load(path: Path) -> dict[str, Any]:
    """Read the configuration from a JSON file, as the connector does."""
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        config = _load_by_connector(path)
    if not isinstance(config, dict):
        raise SyncError(f"The configuration file {path} must hold a JSON object.")
    return config


def _load_by_connector(path: Path) -> Any:
    """Read a file with the connector's function. Raises SyncError with the connector's message."""
    # imported for its message only: it takes a second and much memory
    from source_snow_atlas.components.basics.errors import ConfigurationError
    from source_snow_atlas.source import read_json

    try:
        return read_json(str(path), "configuration")
    except ConfigurationError as error:
        raise SyncError(str(error.message)) from None


def check_database(path: Path) -> None:
    """Raise SyncError if a path does not name a DuckDB file or a new file.

    DuckDB would open a CSV, JSON or Parquet file as a database in memory, which is lost at the end.
    """
    if NOT_A_FILE.match(str(path)):
        raise SyncError(f"{path} is no file: name a file for the tables with --database")
    try:
        with path.open("rb") as file:
            start = file.read(MAGIC_OFFSET + len(MAGIC))
    except OSError:  # the file is new, or DuckDB says why it can't be opened
        return
    if start[MAGIC_OFFSET:] != MAGIC:
        raise SyncError(f"{path} is not a DuckDB file: name another file with --database")


def choose(wanted: str, available: Sequence[str]) -> list[str]:
    """Return the streams named in the option, in the order of the catalog; an empty list if it is empty."""
    names = wanted.replace(",", " ").split()
    if wanted.strip() and not names:
        raise SyncError(f"{wanted} names no stream: separate names by commas or spaces, or give all")
    if names == ["all"]:
        return list(available)
    if "all" in names:
        raise SyncError("The name all stands alone: remove the other names, or remove all")
    unknown = [name for name in dict.fromkeys(names) if name not in available]
    if unknown:
        raise SyncError(" ".join(_unknown_stream(name, available) for name in unknown))
    return [name for name in available if name in names]


def _unknown_stream(name: str, available: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, available, n=3)
    if not nearest:
        return f"There is no stream {name} and none with a similar name (docs/streams/README.md lists all)."
    return f"There is no stream {name}; did you mean {' or '.join(nearest)}?"


def incremental(wanted: str) -> frozenset[str]:
    """Return the streams that the option `--incremental` names."""
    capable = [name for name in available_streams() if "cursor_field" in definitions.parameters(name)]
    names = frozenset(wanted.replace(",", " ").split())
    for name in sorted(names.difference(capable)):
        raise SyncError(f"The stream {name} is not incremental; these are: {', '.join(capable)}")
    return names


def available_streams() -> list[str]:
    """Return the names of all streams, in the order of the catalog."""
    return list(definitions.stream_definitions())


def suggested_streams() -> list[str]:
    """Return the streams that metadata.yaml suggests: read page by page and not sensitive."""
    return [
        name
        for name in available_streams()
        if "path" in definitions.parameters(name)  # not `tenant`: some servers do not name the tenant
        and not definitions.parent_streams(name)
        and not definitions.parameters(name).get("sensitive")
    ]
