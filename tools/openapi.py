"""Reader of the vendor's OpenAPI files: their GET operations with parameters and replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.shape import Shape

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SUFFIXES = frozenset({".json", ".yaml", ".yml"})
FORMATS = frozenset({"date", "date-time"})
"""Formats that change how a value is stored; the others (guid, int64 …) only describe it."""

Document = Mapping[str, Any]


class SpecificationError(Exception):
    """Error if a folder can't be compared with; the message says why."""


@dataclass(frozen=True)
class Operation:
    """A GET operation as a file declares it."""

    path: str
    file: str
    permissions: frozenset[str]
    parameters: Mapping[str, bool]
    """The query parameters by name, and whether each is required."""
    reply: Shape

    def rows(self, items_field: str) -> Shape:
        """Return the shape of one record: an item of the envelope, an element of an array, or the reply."""
        reply = self.reply
        if reply.items is not None:
            return reply.items
        envelope = reply.properties.get(items_field)
        return envelope.items if envelope is not None and envelope.items is not None else reply


def normalized(path: str) -> str:
    """Return a path without the names of its placeholders, which may differ from the vendor's."""
    return re.sub(r"{[^}]*}", "{}", path)


def read_folder(folder: Path) -> dict[str, list[Operation]]:
    """Return the GET operations of a folder's files by normalized path; several files may declare a path."""
    if not folder.is_dir():
        raise SpecificationError(f"{folder} is not a folder")
    operations: dict[str, list[Operation]] = {}
    for file in sorted(entry for entry in folder.iterdir() if entry.suffix in SUFFIXES):
        for operation in read_file(file):
            operations.setdefault(normalized(operation.path), []).append(operation)
    if not operations:
        raise SpecificationError(f"{folder} has no OpenAPI file with a GET operation")
    return operations


def read_file(file: Path) -> Iterator[Operation]:
    """Yield the GET operations of one file.

    All files are read as YAML, since one of the JSON files has a trailing comma.
    """
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SpecificationError(f"{file} can't be read: {error}") from None
    if not isinstance(document, dict) or "paths" not in document:
        return
    for path, item in document["paths"].items():
        if "get" in item:
            yield _operation(document, path, item, file.name)


def _operation(document: Document, path: str, item: Mapping[str, Any], file: str) -> Operation:
    get = item["get"]
    declared = [
        _resolved(document, each) for each in (*item.get("parameters", ()), *get.get("parameters", ()))
    ]
    return Operation(
        path=path,
        file=file,
        permissions=frozenset(
            name
            for alternative in get.get("security") or ()
            for names in alternative.values()
            for name in names
        ),
        parameters={
            each["name"]: bool(each.get("required")) for each in declared if each.get("in") == "query"
        },
        reply=_shape(document, _reply(document, get["responses"])),
    )


def _reply(document: Document, responses: Mapping[Any, Any]) -> Mapping[str, Any]:
    response = _resolved(document, responses.get("200") or responses.get(200) or {})
    for content in response.get("content", {}).values():
        schema: Mapping[str, Any] = content.get("schema", {})
        return schema
    return {}


def _resolved(document: Document, value: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in value:
        target: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def _shape(document: Document, schema: Mapping[str, Any], above: tuple[int, ...] = ()) -> Shape:
    """Return the shape that a schema declares; a recursive schema ends where it repeats."""
    schema = _resolved(document, schema)
    if id(schema) in above:
        return Shape()
    above = (*above, id(schema))
    properties = {
        name: _shape(document, each, above) for name, each in (schema.get("properties") or {}).items()
    }
    shape = Shape(
        types=frozenset({schema["type"]} if "type" in schema else {"object"} if properties else ()),
        format=schema["format"] if schema.get("format") in FORMATS else None,
        properties=properties,
        items=_shape(document, schema["items"], above) if "items" in schema else None,
    )
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        shape = shape.joined(_shape(document, part, above))
    return shape
