"""The stream definitions: reads manifest.yaml and streams/*.yaml, and puts one declarative manifest together
from them.

A stream's definition names its parents; here each name is replaced by what is needed to read the parent's
keys. Nothing is added that does not stand in the YAML files.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

PACKAGE = "source_snow_atlas"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PARENT_PARAMETERS = ("path", "permission", "page_parameters", "items_field", "schema")
BEGINNING = "1970-01-01T00:00:00Z"
"""The start of an incremental stream that begins with its first row."""

Definition = dict[str, Any]


@lru_cache(maxsize=1)
def manifest() -> Definition:
    """manifest.yaml: the specification, and what every stream refers to."""
    return _load("manifest.yaml")


@lru_cache(maxsize=1)
def stream_definitions() -> Mapping[str, Definition]:
    """The definition of every stream by name, its area (the name of its file) among its parameters."""
    return {
        stream["name"]: {
            **stream,
            "$parameters": {"name": stream["name"], "area": area, **stream.get("$parameters", {})},
        }
        for area, document in _areas()
        for stream in document["streams"]
    }


@lru_cache(maxsize=1)
def key_collections() -> Mapping[str, Definition]:
    """Collections that only lend their keys to a stream and are none themselves, by name."""
    return {
        name: {"name": name, **definition}
        for _, document in _areas()
        for name, definition in document.get("key_collections", {}).items()
    }


def parameters(stream: str) -> Mapping[str, Any]:
    """The parameters of a stream's definition: path, permission, parents and so on."""
    found: Mapping[str, Any] = stream_definitions()[stream]["$parameters"]
    return found


def parent_streams(stream: str) -> list[str]:
    """The names of the streams and key collections that a stream takes its keys from."""
    holder = key_collections().get(stream) or parameters(stream)
    return [parent["stream"] for parent in holder.get("parents", ())]


def depth(stream: str) -> int:
    """How many generations of parents stand above the stream."""
    return max((1 + depth(parent) for parent in parent_streams(stream)), default=0)


def compose(
    streams: Iterable[str] | None = None, without_cursor: Collection[str] = (), resumed: Collection[str] = ()
) -> Definition:
    """A declarative manifest of the named streams, all where None. The streams `without_cursor` get no
    incremental part; those `resumed` have state, which alone says where they start.
    """
    document = dict(manifest())
    names = list(stream_definitions()) if streams is None else list(streams)
    document["streams"] = [_composed(name, name in without_cursor, name in resumed) for name in names]
    return document


def _composed(name: str, without_cursor: bool, is_resumed: bool) -> Definition:
    definition = dict(stream_definitions()[name])
    own = dict(definition["$parameters"])
    if "parents" in own:
        own["parents"] = [_with_definition(parent) for parent in own["parents"]]
    if without_cursor:
        definition.pop("incremental_sync", None)
        own.pop("cursor_field", None)
        own.pop("cursor_filter", None)
    elif is_resumed:
        # the CDK reads nothing before the start, whatever the state says
        definition["incremental_sync"] = {**definition["incremental_sync"], "start_datetime": BEGINNING}
    definition["$parameters"] = own
    return definition


def _with_definition(parent: Mapping[str, Any]) -> Definition:
    name = parent["stream"]
    source = key_collections().get(name) or parameters(name)
    definition: Definition = {
        "name": name,
        **{key: source[key] for key in PARENT_PARAMETERS if key in source},
    }
    if source.get("parents"):
        definition["parents"] = [_with_definition(grandparent) for grandparent in source["parents"]]
    key = () if name in key_collections() else stream_definitions()[name].get("primary_key", ())
    identity = [key] if isinstance(key, str) else list(key) or list(parent["keys"].values())
    return {**parent, "identity": identity, "definition": definition}


def schema_fields(stream: str) -> frozenset[str]:
    """The fields that a stream's schema file names; none for a collection that only lends its keys."""
    try:
        document = pkgutil.get_data(PACKAGE, f"schemas/{stream}.json")
    except FileNotFoundError:
        return frozenset()
    return frozenset(json.loads(document or b"{}").get("properties", ()))


@lru_cache(maxsize=1)
def _areas() -> list[tuple[str, Definition]]:
    files = sorted(
        entry.name
        for entry in resources.files(PACKAGE).joinpath("streams").iterdir()
        if entry.name.endswith(".yaml")
    )
    return [(file.removesuffix(".yaml"), _load(f"streams/{file}")) for file in files]


def _load(path: str) -> Definition:
    document: Definition = yaml.load(pkgutil.get_data(PACKAGE, path) or b"", Loader=LOADER)
    return document
