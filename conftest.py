"""What holds for all tests: how workers share them, and one line about what was skipped and what it needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache

import pytest
from airbyte_cdk.sources.declarative import concurrent_declarative_source


@pytest.fixture(scope="session", autouse=True)
def _schema_of_manifests_parsed_once() -> Iterator[None]:
    """The CDK parses its schema of manifests anew for every source: half the time of a small sync inside the
    test's process.
    """
    with pytest.MonkeyPatch.context() as patch:
        parse = concurrent_declarative_source.get_declarative_component_schema
        patch.setattr(concurrent_declarative_source, "get_declarative_component_schema", cache(parse))
        yield


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where workers share the tests (`make test`), a file's tests stay together, so that its fixtures are
    made once; unless they are in a group of their own.

    Those of a file marked `spread` go one by one to whoever is free. They come last: long files begin first,
    and no worker ends long before the others.
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
    """Say in one line, after all others, what was skipped and what it needs: a clone alone can't run all."""
    yield
    reports = terminalreporter.stats.get("skipped", [])
    if reports:
        reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)
        told = "; ".join(f"{reason}, {count} tests" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"{len(reports)} tests skipped: {told}", yellow=True)
