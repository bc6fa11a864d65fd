"""Reader of exclusions.yaml: endpoints without a stream, and intended differences from the vendor's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("exclusions.yaml")


@dataclass(frozen=True)
class ExcludedEndpoint:
    """A GET endpoint that no stream reads."""

    path: str
    reason: str
    stream: str | None = None
    """The stream whose records have all of its fields, if that is the reason."""


@dataclass(frozen=True)
class IntendedDifference:
    """An intended difference between a stream and the vendor's files."""

    stream: str
    aspect: str
    field: str
    declared: str
    reason: str

    def __str__(self) -> str:
        return f"{self.stream}: {self.aspect} of {self.field}"


@dataclass(frozen=True)
class Exclusions:
    """The endpoints and differences of exclusions.yaml."""

    endpoints: tuple[ExcludedEndpoint, ...] = ()
    differences: tuple[IntendedDifference, ...] = ()

    @classmethod
    def load(cls) -> Exclusions:
        """Read exclusions.yaml from the folder of this module."""
        return cls.of(yaml.safe_load(FILE.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Exclusions:
        """Return the exclusions of a document with the structure of exclusions.yaml."""
        return cls(
            endpoints=tuple(
                ExcludedEndpoint(path, group["reason"], stream)
                for group in document.get("endpoints", ())
                for path, stream in (group.get("covered_by") or dict.fromkeys(group.get("paths", ()))).items()
            ),
            differences=tuple(
                IntendedDifference(stream, group["aspect"], field, group["declared"], group["reason"])
                for group in document.get("differences", ())
                for stream, fields in group["fields"].items()
                for field in fields
            ),
        )
