"""Airbyte's own QA checks of connectors, as far as they need no network and fit this repository: `make qa`.

They come with the package airbyte-internal-ops, which is made for Airbyte's monorepo. Here its checks are
handed a connector that knows this repository's folders instead. The documentation is held to the rules for
connectors of Airbyte's highest support level, though community connectors are let off most of them.

The package imports clients for many services as soon as any part of it is imported. The packages in BARE are
therefore put in place empty, so that only what the checks use is loaded, and has to be installed.
"""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
BARE = ("airbyte_ops_mcp", "airbyte_ops_mcp.airbyte_repo", "airbyte_ops_mcp.registry")
HIGHEST_SUPPORT_LEVEL = 300

NEEDS_NETWORK = {
    "CheckDocumentationLinks": "it opens every link of the documentation",
    "CheckVersionIncrement": "it compares the version with the one in Airbyte's repository",
}
DOES_NOT_FIT = {
    "CheckConnectorUsesPoetry": "packaging is setup.py's; constraints.txt is what a lock file would be",
    "CheckConnectorLicenseMatchInPyproject": (
        "it reads Poetry's table of pyproject.toml; setup.py has the licence"
    ),
    "CheckConnectorVersionMatchInPyproject": (
        "it reads Poetry's table; unit_tests/test_metadata.py compares all versions"
    ),
    "CheckConnectorUsesPythonBaseImage": (
        "it wants no Dockerfile; ours starts from the base that metadata.yaml names"
    ),
}
# Not the connector's code: its environments and caches, and what talks to servers on this machine alone.
NOT_SHIPPED = {".cache", ".git", ".mypy_cache", "benchmarks", "dist"}


def put_in_place_empty(name: str) -> None:
    """Register a package without running its __init__; its modules can be imported all the same."""
    parent = name.rpartition(".")[0]
    spec = importlib.machinery.PathFinder.find_spec(name, sys.modules[parent].__path__ if parent else None)
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit("qa: airbyte-internal-ops is not installed; `make qa` does that")
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = package


def load_checks() -> Mapping[str, Any]:
    """All of Airbyte's checks by the names of their classes, told where this repository differs."""
    for name in BARE:
        put_in_place_empty(name)
    metadata: Any = importlib.import_module("airbyte_ops_mcp.connector_qa.checks.metadata")
    metadata.ValidatorOptions = functools.partial(metadata.ValidatorOptions, disable_dockerhub_checks=True)
    security: Any = importlib.import_module("airbyte_ops_mcp.connector_qa.checks.security")
    security.CheckConnectorUsesHTTPSOnly.ignored_directories_for_https_checks |= NOT_SHIPPED
    checks = importlib.import_module("airbyte_ops_mcp.connector_qa.checks").ENABLED_CHECKS
    return {type(check).__name__: check for check in checks}


def this_connector() -> Any:
    """The connector of this repository, as the checks see one. That it is published nowhere saves a
    look-up.
    """
    base = importlib.import_module("airbyte_ops_mcp.connector_ops.utils").Connector
    known = {
        "code_directory": PROJECT,
        "documentation_file_path": PROJECT / "docs" / "snow-atlas.md",
        "migration_guide_file_path": PROJECT / "docs" / "snow-atlas-migrations.md",
        "ab_internal_sl": HIGHEST_SUPPORT_LEVEL,
        "is_released": False,
    }
    return type("ThisConnector", (base,), known)("source-snow-atlas")


def main() -> int:
    """Run the checks; the exit code is 1 if one fails, or if one that is left out no longer exists."""
    checks = load_checks()
    left_out = {**NEEDS_NETWORK, **DOES_NOT_FIT}
    connector = this_connector()
    failed = sorted(left_out.keys() - checks.keys())
    for name in failed:
        print(f"FAILED   {name}: it is left out, but there is no such check any more")
    counts = {"PASSED": 0, "SKIPPED": 0, "FAILED": 0}
    for name, check in checks.items():
        if name in left_out:
            print(f"left out {name}: {left_out[name]}")
            continue
        result = check.run(connector)
        outcome = result.status.name
        counts[outcome] += 1
        print(f"{outcome if outcome == 'FAILED' else outcome.lower():8} {name}: {result.message.strip()}")
    print(
        ", ".join(f"{count} {outcome.lower()}" for outcome, count in counts.items())
        + f", {len(left_out)} left out"
    )
    return 1 if failed or counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
