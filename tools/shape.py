"""Types of a record's fields, including nested ones, to compare schemas by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Shape:
    """The types of a value besides null, its format, and the shapes of its properties or elements."""

    types: frozenset[str] = frozenset()
    format: str | None = None
    properties: Mapping[str, Shape] = field(default_factory=dict)
    items: Shape | None = None

    def joined(self, other: Shape) -> Shape:
        """Return the shape that holds the values of both."""
        properties = dict(self.properties)
        for name, shape in other.properties.items():
            properties[name] = properties[name].joined(shape) if name in properties else shape
        items = self.items.joined(other.items) if self.items and other.items else self.items or other.items
        return Shape(self.types | other.types, self.format or other.format, properties, items)

    def fields(self, prefix: str = "") -> Iterator[tuple[str, Shape]]:
        """Yield every field with its path: `a`, `a.b` within an object, `a[].b` within an array."""
        for name, shape in self.properties.items():
            path = f"{prefix}{name}"
            yield path, shape
            yield from shape.inner(path)

    def inner(self, path: str) -> Iterator[tuple[str, Shape]]:
        """Yield the fields within a field, and the elements of an array."""
        yield from self.fields(f"{path}.")
        if self.items is not None:
            yield f"{path}[]", self.items
            yield from self.items.inner(f"{path}[]")

    def __str__(self) -> str:
        names = " or ".join(sorted(self.types)) or "any type"
        return f"{names} ({self.format})" if self.format else names


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """Return the shape of a stream's JSON schema."""
    declared = schema.get("type", ())
    return Shape(
        types=frozenset([declared] if isinstance(declared, str) else declared) - {"null"},
        format=schema.get("format"),
        properties={name: shape_of(each) for name, each in schema.get("properties", {}).items()},
        items=shape_of(schema["items"]) if "items" in schema else None,
    )
