"""Resolution of a request target to a route: percent-decoding, templates and query parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from sandbox.api.route import Route


@dataclass(frozen=True)
class Target:
    """A request target, split into its parts.

    Segments are decoded one by one, so that an encoded slash does not split one.
    """

    path: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    raw_query: str

    @classmethod
    def parse(cls, raw: str) -> Target:
        """Split a raw target such as ``/api/x/a%2Fb?page_number=2``."""
        path, _, query = raw.partition("?")
        segments = tuple(unquote(segment) for segment in path.split("/")[1:])
        return cls(path, segments, tuple(parse_qsl(query, keep_blank_values=True)), query)

    def first(self, name: str) -> str | None:
        """Return the first value of a query parameter, if present."""
        return next((value for key, value in self.query if key == name), None)


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameters: dict[str, _Node] = field(default_factory=dict)
    route: Route | None = None


class Router:
    """Router for decoded path segments; a literal segment wins over a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            node = self._root
            for segment in route.path.split("/")[1:]:
                if segment.startswith("{") and segment.endswith("}"):
                    node = node.parameters.setdefault(segment[1:-1], _Node())
                else:
                    node = node.literals.setdefault(segment, _Node())
            node.route = node.route or route

    def match(self, segments: tuple[str, ...]) -> tuple[Route, Mapping[str, str]] | None:
        """Return the route and its path parameters, or ``None`` if no template matches."""
        return self._descend(self._root, segments, {})

    def _descend(
        self, node: _Node, segments: tuple[str, ...], found: dict[str, str]
    ) -> tuple[Route, Mapping[str, str]] | None:
        if not segments:
            return (node.route, found) if node.route else None
        head, rest = segments[0], segments[1:]
        literal = node.literals.get(head)
        if literal is not None:
            match = self._descend(literal, rest, found)
            if match:
                return match
        if not head:
            return None
        for name, child in node.parameters.items():
            match = self._descend(child, rest, {**found, name: head})
            if match:
                return match
        return None
