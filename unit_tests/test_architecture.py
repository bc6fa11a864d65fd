"""The house of the connector: its rooms import one way, and no two modules import each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit_tests.helpers.import_graph import Graph, cycles, import_graph, modules_imported, parts

PROJECT = Path(__file__).parent.parent
PACKAGE = "source_snow_atlas"
COMPONENTS = f"{PACKAGE}.components"
ROOMS = ["stream", "run", "collection", "request", "identity", "basics"]
"""Each room may import those behind it."""
TESTS = {"unit_tests", "integration_tests"}
"""What only tests may import."""
OUTSIDE_THE_WHEEL = {*TESTS, "benchmarks", "sandbox", "tools"}
MODELS = "unit_tests.simulation"
"""Models of servers, which the benchmarks use as well."""


def packages_imported(folder: Path) -> set[str]:
    """The first names of the modules that a folder imports, other than the models."""
    return {name.partition(".")[0] for name in modules_imported(folder) if not name.startswith(MODELS)}


def components(root: Path = PROJECT) -> Graph:
    """The modules of the rooms, and what they import of each other."""
    graph = import_graph(root, PACKAGE)
    inside = {name for name in graph if name.startswith(f"{COMPONENTS}.")}
    return {name: graph[name] & inside for name in inside}


def wrong_ways(graph: Graph) -> list[str]:
    """The imports from a room to one in front of it, or to a room that is not in the list."""
    found = parts(graph, COMPONENTS)
    allowed = {room: set(ROOMS[place + 1 :]) for place, room in enumerate(ROOMS)}
    return sorted(
        f"{room} imports {other}" for room in found for other in found[room] - allowed.get(room, set())
    )


def test_the_rooms_of_the_components_import_one_way() -> None:
    """A reader who follows a value through the rooms would be sent back and forth."""
    assert set(parts(components(), COMPONENTS)) == set(ROOMS)
    assert wrong_ways(components()) == []


def test_no_modules_of_the_connector_import_each_other() -> None:
    """An import inside a function would hide the next circle until somebody moves it to the top."""
    graph = import_graph(PROJECT, PACKAGE)
    # the package itself names its version, and gives out the source when it is asked for
    names = graph.keys() - {PACKAGE}
    assert cycles({name: graph[name] & names for name in names}) == []


@pytest.mark.parametrize(
    "folder", ["benchmarks", "sandbox", "snow_atlas_sync", "tools", "unit_tests/simulation"]
)
def test_only_tests_import_tests(folder: str) -> None:
    """A test that is renamed would break a benchmark that nobody runs before the next release."""
    imported = packages_imported(PROJECT / folder)
    assert len(imported) > 5
    assert imported & TESTS == set()


def test_the_connector_imports_only_what_its_wheel_holds() -> None:
    """The connector would work in the clone, and fail where it is installed."""
    imported = packages_imported(PROJECT / PACKAGE)
    assert PACKAGE in imported
    assert imported & OUTSIDE_THE_WHEEL == set()


def test_a_wrong_way_and_a_circle_are_seen(tmp_path: Path) -> None:
    """The tests above could hold because nothing is found at all."""
    texts = {
        "stream/endpoint.py": "from source_snow_atlas.components.run import sync\n",
        "run/sync.py": "def start():\n    from source_snow_atlas.components.stream.endpoint import read\n",
        "basics/errors.py": "import source_snow_atlas.components.identity.oauth\n",
        "identity/oauth.py": "",
    }
    for name, text in texts.items():
        path = tmp_path / PACKAGE / "components" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    graph = components(tmp_path)
    assert wrong_ways(graph) == ["basics imports identity", "run imports stream"]
    assert cycles(graph) == [[f"{COMPONENTS}.run.sync", f"{COMPONENTS}.stream.endpoint"]]
