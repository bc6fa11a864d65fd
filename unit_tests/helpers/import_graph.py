"""Imports between the modules of a package, for tests of their directions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = dict[str, set[str]]


def import_graph(root: Path, package: str) -> Graph:
    """Return the modules of a package in `root`, each with the modules of the package that it imports.

    Imports inside functions and for type checkers are included.
    """
    files = {_name(path.relative_to(root)): path for path in (root / package).rglob("*.py")}
    return {
        name: {found for found in _imports(path, name, files) if found != name}
        for name, path in files.items()
    }


def cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or indirectly."""
    reached = {name: _reach(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return sorted(map(list, groups))


def parts(graph: Mapping[str, set[str]], package: str) -> Graph:
    """Return the graph of the parts directly below a package, and of the package itself."""
    result: Graph = {}
    for name, imported in graph.items():
        part = _part(name, package)
        result.setdefault(part, set()).update(_part(other, package) for other in imported)
        result[part].discard(part)
    return result


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
    queue = list(graph[start])
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue += graph[name]
    return reached


def _part(name: str, package: str) -> str:
    inside = name.removeprefix(package).lstrip(".")
    return inside.partition(".")[0] or package
