"""Run Airbyte's QA checks of connectors that need no network and fit this repository: `make qa`.

They are part of the package airbyte-internal-ops, which is made for Airbyte's monorepo. Here its checks get a
connector that knows the folders of this repository. The documentation has to pass the checks of Airbyte's
highest support level, most of which don't apply to community connectors.

Importing any part of the package imports clients for many services. The packages in BARE are therefore
registered without their __init__, so that only what the checks use is imported and has to be installed.
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
    "CheckConnectorUsesPoetry": "packaging uses setup.py, and constraints.txt instead of a lock file",
    "CheckConnectorLicenseMatchInPyproject": (
        "it reads Poetry's table of pyproject.toml, but the licence is in setup.py"
    ),
    "CheckConnectorVersionMatchInPyproject": (
        "it reads Poetry's table of pyproject.toml; unit_tests/test_metadata.py compares all versions"
    ),
    "CheckConnectorUsesPythonBaseImage": (
        "it forbids a Dockerfile; this one starts from the base image of metadata.yaml"
    ),
}
# Folders without code of the connector: environments, caches, and benchmarks against local servers.
NOT_SHIPPED = {".cache", ".git", ".mypy_cache", "benchmarks", "dist"}


def register_bare(name: str) -> None:
    """Register a package without running its __init__; its modules can still be imported."""
    parent = name.rpartition(".")[0]
    spec = importlib.machinery.PathFinder.find_spec(name, sys.modules[parent].__path__ if parent else None)
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit("qa: airbyte-internal-ops is not installed; `make qa` installs it")
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = package


def load_checks() -> Mapping[str, Any]:
    """Return all of Airbyte's checks by class name, adapted to this repository."""
    for name in BARE:
        register_bare(name)
    metadata: Any = importlib.import_module("airbyte_ops_mcp.connector_qa.checks.metadata")
    metadata.ValidatorOptions = functools.partial(metadata.ValidatorOptions, disable_dockerhub_checks=True)
    security: Any = importlib.import_module("airbyte_ops_mcp.connector_qa.checks.security")
    security.CheckConnectorUsesHTTPSOnly.ignored_directories_for_https_checks |= NOT_SHIPPED
    checks = importlib.import_module("airbyte_ops_mcp.connector_qa.checks").ENABLED_CHECKS
    return {type(check).__name__: check for check in checks}


def this_connector() -> Any:
    """Return the connector of this repository as the checks expect it.

    `is_released` is false, which saves a request to the registry.
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
    """Run the checks and return 1 if one fails, or if an omitted check no longer exists."""
    checks = load_checks()
    omitted = {**NEEDS_NETWORK, **DOES_NOT_FIT}
    connector = this_connector()
    failed = sorted(omitted.keys() - checks.keys())
    for name in failed:
        print(f"FAILED   {name}: it is omitted, but no longer exists")
    counts = {"PASSED": 0, "SKIPPED": 0, "FAILED": 0}
    for name, check in checks.items():
        if name in omitted:
            print(f"omitted  {name}: {omitted[name]}")
            continue
        result = check.run(connector)
        outcome = result.status.name
        counts[outcome] += 1
        print(f"{outcome if outcome == 'FAILED' else outcome.lower():8} {name}: {result.message.strip()}")
    summary = [f"{count} {outcome.lower()}" for outcome, count in counts.items()]
    print(", ".join([*summary, f"{len(omitted)} omitted"]))
    return 1 if failed or counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
