"""Which modules of a package import each other, read from the source: what tests of the rooms' directions
build on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = dict[str, set[str]]


def import_graph(root: Path, package: str) -> Graph:
    """Each module of a package in the folder `root`, and the modules of the package that it imports.

    All import statements count, those inside functions and those for type checkers alone included. That
    Python runs the package of a module before the module is not counted.
    """
    files = {_name(path.relative_to(root)): path for path in (root / package).rglob("*.py")}
    return {
        name: {found for found in _imports(path, name, files) if found != name}
        for name, path in files.items()
    }


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, directly or by way of others."""
    reached = {name: _reach(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return sorted(map(list, groups))


def rooms(graph: Mapping[str, set[str]], package: str) -> Graph:
    """The same graph for the rooms: what lies directly below the package, and the package itself."""
    found: Graph = {}
    for name, imported in graph.items():
        room = _room(name, package)
        found.setdefault(room, set()).update(_room(other, package) for other in imported)
        found[room].discard(room)
    return found


def modules_imported(folder: Path) -> set[str]:
    """Return the full names of all modules that the files of a folder import: `json`, `sandbox.settings`."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue  # environments of the benchmarks
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return found


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path, name: str, modules: Mapping[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                found = f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base
                if found in modules:
                    yield found


def _reach(graph: Mapping[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph[name]
    return reached


def _room(name: str, package: str) -> str:
    inside = name.removeprefix(package).lstrip(".")
    return inside.partition(".")[0] or package
