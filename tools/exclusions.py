"""exclusions.yaml: the endpoints that are no stream, and the differences from the vendor's files that are
meant.
"""

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
    """The stream whose records have all of its fields, where that is the reason."""


@dataclass(frozen=True)
class MeantDifference:
    """Something in which a stream differs from the vendor's files on purpose."""

    stream: str
    aspect: str
    field: str
    declared: str
    reason: str

    def __str__(self) -> str:
        return f"{self.stream}: {self.aspect} of {self.field}"


@dataclass(frozen=True)
class Exclusions:
    """All of them."""

    endpoints: tuple[ExcludedEndpoint, ...] = ()
    differences: tuple[MeantDifference, ...] = ()

    @classmethod
    def load(cls) -> Exclusions:
        """Those of the file beside this module."""
        return cls.of(yaml.safe_load(FILE.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Exclusions:
        """Those of a document with the file's structure."""
        return cls(
            endpoints=tuple(
                ExcludedEndpoint(path, group["reason"], stream)
                for group in document.get("endpoints", ())
                for path, stream in (group.get("covered_by") or dict.fromkeys(group.get("paths", ()))).items()
            ),
            differences=tuple(
                MeantDifference(stream, group["aspect"], field, group["declared"], group["reason"])
                for group in document.get("differences", ())
                for stream, fields in group["fields"].items()
                for field in fields
            ),
        )
