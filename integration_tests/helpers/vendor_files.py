"""Vendor's OpenAPI files, for tests of the sandbox. They are used if they are next to the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

import yaml

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def get_operations(files: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return the GET operations of the files by path, each with its document, to resolve references."""
    operations: dict[str, dict[str, Any]] = {}
    for file in files:
        text = file.read_text(encoding="utf-8")
        document = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
        for path, item in document["paths"].items():
            if "get" in item:
                operations[path] = {
                    "parameters": item.get("parameters", []),
                    **item["get"],
                    "document": document,
                }
    return operations


def resolve(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve the references of a schema, and merge the parts of an allOf or of a single oneOf."""
    while "$ref" in schema:
        target: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    merged = dict(schema)
    for part in (*merged.pop("allOf", ()), *merged.pop("oneOf", ())):
        inner = resolve(document, part)
        properties = {**merged.get("properties", {}), **inner.get("properties", {})}
        merged = {**inner, **merged, **({"properties": properties} if properties else {})}
    return merged


def reply_schema(operation: Mapping[str, Any]) -> dict[str, Any]:
    responses = operation["responses"]
    response = responses.get("200") or responses[200]
    return resolve(operation["document"], response["content"]["application/json"]["schema"])


def problems(
    document: Mapping[str, Any],
    declared: Mapping[str, Any],
    value: Any,
    where: str,
    undeclared: Set[str] = frozenset(),
) -> Iterable[str]:
    """Yield the violations of the vendor's schema by a value."""
    schema = resolve(document, declared)
    if value is None:
        if not schema.get("nullable") and not declared.get("nullable"):
            yield f"{where}: null"
        return
    kind = schema.get("type")
    if kind in _TYPES and (
        not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))
    ):
        yield f"{where}: {value!r} is no {kind}"
    elif kind == "array":
        for item in value:
            yield from problems(document, schema["items"], item, f"{where}[]", undeclared)
    elif "properties" in schema:
        fields = set(schema["properties"])
        yield from (f"{where}.{name}: missing" for name in fields - set(value))
        yield from (f"{where}.{name}: undeclared" for name in set(value) - fields - undeclared)
        for name in fields & set(value):
            yield from problems(
                document, schema["properties"][name], value[name], f"{where}.{name}", undeclared
            )
    elif schema.get("format") == "guid" and not re.fullmatch(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value
    ):
        yield f"{where}: {value!r} is no GUID"
    elif schema.get("format") == "date-time" and not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value
    ):
        yield f"{where}: {value!r} is no date-time"
    elif kind == "integer" and "enum" in schema and value & ~sum(set(schema["enum"]) - {255}):
        yield f"{where}: {value!r} has unknown flags"
    elif kind == "string" and "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not listed"
