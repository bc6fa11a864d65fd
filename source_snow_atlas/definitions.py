"""Stream definitions: manifest.yaml and streams/*.yaml, composed into one declarative manifest.

A stream's definition names its parents. In the manifest each name is followed by what is needed to read the
parent's keys.
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
"""Start of incremental streams that have a state."""

Definition = dict[str, Any]


@lru_cache(maxsize=1)
def manifest() -> Definition:
    """Return manifest.yaml: the configuration form and the definitions that all streams refer to."""
    return _load("manifest.yaml")


def options() -> Definition:
    """Return the options of the configuration form by name, each as a JSON schema."""
    properties: Definition = manifest()["spec"]["connection_specification"]["properties"]
    return properties


@lru_cache(maxsize=1)
def stream_definitions() -> Mapping[str, Definition]:
    """Return the definition of every stream by name. Its parameters include the area, its file's name."""
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
    """Return the collections that are read only for the keys of other streams, by name."""
    return {
        name: {"name": name, **definition}
        for _, document in _areas()
        for name, definition in document.get("key_collections", {}).items()
    }


def parameters(stream: str) -> Mapping[str, Any]:
    """Return the parameters of a stream's definition: path, permission, parents and so on."""
    result: Mapping[str, Any] = stream_definitions()[stream]["$parameters"]
    return result


def parent_streams(stream: str) -> list[str]:
    """Return the names of a stream's parents: streams and key collections."""
    definition = key_collections().get(stream) or parameters(stream)
    return [parent["stream"] for parent in definition.get("parents", ())]


def depth(stream: str) -> int:
    """Return the number of levels of parents above a stream."""
    return max((1 + depth(parent) for parent in parent_streams(stream)), default=0)


def compose(
    streams: Iterable[str] | None = None, without_cursor: Collection[str] = (), resumed: Collection[str] = ()
) -> Definition:
    """Return a declarative manifest of the named streams, or of all.

    Streams `without_cursor` are not incremental. Streams that are `resumed` start at their state.
    """
    document = dict(manifest())
    names = list(stream_definitions()) if streams is None else list(streams)
    composed = {name: _compose_stream(name, name in without_cursor, name in resumed) for name in names}
    document["streams"] = list(composed.values())
    document["stream_groups"] = _groups(composed)
    return document


def _groups(composed: Mapping[str, Definition]) -> Definition:
    """Return the parents that cost a request per parent of their own, each with its children.

    The streams of a group are not read at the same time, so the children use the keys that their parent read.
    """
    groups = {}
    for parent in filter(depth, composed):
        children = [composed[name] for name in composed if parent in parent_streams(name)]
        if children:
            action = {"type": "BlockSimultaneousSyncsAction"}
            groups[parent] = {"streams": [composed[parent], *children], "action": action}
    return groups


def _compose_stream(name: str, without_cursor: bool, is_resumed: bool) -> Definition:
    definition = dict(stream_definitions()[name])
    parameters = dict(definition["$parameters"])
    if "parents" in parameters:
        parameters["parents"] = [_with_definition(parent) for parent in parameters["parents"]]
    if without_cursor:
        definition.pop("incremental_sync", None)
        parameters.pop("cursor_field", None)
        parameters.pop("cursor_filter", None)
    elif is_resumed:
        # the CDK would start no earlier than at the start date, even if the state is older
        definition["incremental_sync"] = {**definition["incremental_sync"], "start_datetime": BEGINNING}
    definition["$parameters"] = parameters
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
    definition["key"] = [key] if isinstance(key, str) else list(key)
    identity = definition["key"] or list(parent["keys"].values())
    return {**parent, "identity": identity, "definition": definition}


def schema_fields(stream: str) -> frozenset[str]:
    """Return the fields of a stream's schema; none for a key collection."""
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
