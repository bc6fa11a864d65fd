"""All operations the sandbox serves: the ``ROUTES`` of every module of this package."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from sandbox.api.route import Route


def all_routes() -> list[Route]:
    """Return the routes of all modules, in the order of the module names."""
    names = sorted(item.name for item in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return [route for module in modules for route in getattr(module, "ROUTES", ())]
