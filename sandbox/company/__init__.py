"""The made-up company: the rows of its tables, in modules named after their area.

Every module of this package is imported, so that an `Estate` finds the builders of all tables by name.
"""

import pkgutil
from importlib import import_module

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
