"""Configuration of all tests: their distribution to workers, and a summary of skipped tests."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from source_snow_atlas.run import skip_docstrings_of_protocol_classes

NO_PARAMETERS = SimpleNamespace(params={})

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
def _types_and_capabilities_of_dlt_looked_up_once() -> Iterator[None]:
    """Cache what dlt looks up again and again: it takes two thirds of the time of a small load.

    A load asks thousands of times what a type is, and fifty times what its destination is capable of, which
    dlt answers each time by looking for fifty options in the environment and in files.
    """
    with pytest.MonkeyPatch.context() as patch:
        if "dlt" in sys.modules:
            from dlt.common.configuration import resolve
            from dlt.common.configuration.providers import environ
            from dlt.common.destination.reference import Destination

            is_secret = cache(resolve.is_secret_hint)
            for module in (resolve, environ):
                patch.setattr(module, "is_secret_hint", is_secret)
            for name in ("get_all_types_of_class_in_union", "is_hint_not_resolvable", "is_optional_type"):
                patch.setattr(resolve, name, cache(getattr(resolve, name)))
            patch.setattr(Destination, "capabilities", _looked_up_once(Destination.capabilities))
        yield


def _looked_up_once(capabilities: Callable[..., Any]) -> Callable[..., Any]:
    """Keep a destination's own capabilities, which have no other configuration, for each way of naming."""

    def kept(self: Any, config: Any = None, naming: Any = None) -> Any:
        if config is not None:
            return capabilities(self, config, naming)
        known = vars(self).setdefault("_known_capabilities", {})
        if type(naming) not in known:
            known[type(naming)] = capabilities(self, None, naming)
        return known[type(naming)].copy()

    return kept


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group the tests of a file, so that one worker runs them and sets up their fixtures once.

    Tests of files marked `spread` are distributed one by one. They run last, so that all workers finish at
    about the same time. Of those with PostgreSQL one worker runs all but the thorough ones,
    so that only one server is started.
    """
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        parameters = getattr(item, "callspec", NO_PARAMETERS).params.values()
        if "postgres" in parameters and not item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.xdist_group("postgres"))
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
