"""All operations the sandbox serves: the ``ROUTES`` of every ``routes_*`` module of this package."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import sandbox
from sandbox.model import Route


def all_routes() -> list[Route]:
    """The routes of all modules, in the order of the module names."""
    names = sorted(
        item.name for item in pkgutil.iter_modules(sandbox.__path__) if item.name.startswith("routes_")
    )
    return [route for name in names for route in import_module(f"{sandbox.__name__}.{name}").ROUTES]
