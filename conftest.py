"""Configuration of all tests: their distribution to workers, and a summary of skipped tests."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache

import pytest

from source_snow_atlas.run import skip_docstrings_of_protocol_classes

# the conftest files import the CDK only in fixtures, so that the process that starts the workers does not
skip_docstrings_of_protocol_classes()


@pytest.fixture(scope="session", autouse=True)
def _schema_of_manifests_parsed_once() -> Iterator[None]:
    """Cache the CDK's schema of manifests, as parsing it takes half the time of a small sync."""
    from airbyte_cdk.sources.declarative import concurrent_declarative_source

    with pytest.MonkeyPatch.context() as patch:
        parse = concurrent_declarative_source.get_declarative_component_schema
        patch.setattr(concurrent_declarative_source, "get_declarative_component_schema", cache(parse))
        yield


@pytest.fixture(scope="session", autouse=True)
def _secret_types_looked_up_once() -> Iterator[None]:
    """Cache whether dlt treats a type as secret: it asks 16,000 times a load, in half of the load's time."""
    with pytest.MonkeyPatch.context() as patch:
        if "dlt" in sys.modules:
            from dlt.common.configuration import resolve
            from dlt.common.configuration.providers import environ

            is_secret = cache(resolve.is_secret_hint)
            for module in (resolve, environ):
                patch.setattr(module, "is_secret_hint", is_secret)
        yield


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group the tests of a file, so that one worker runs them and sets up their fixtures once.

    Tests of files marked `spread` are distributed one by one. They run last, so that all workers finish at
    about the same time.
    """
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        if not {"spread", "xdist_group"} & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))
    items.sort(
        key=lambda item: ("unit_tests" in item.path.parts, item.get_closest_marker("spread") is not None)
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Print the number of skipped tests, with the reasons, as the last line."""
    yield
    reports = terminalreporter.stats.get("skipped", [])
    if reports:
        reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
        summary = "; ".join(f"{reason}, {count} tests" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"{len(reports)} tests skipped: {summary}", yellow=True)
