"""The rooms of the sandbox: what may import what."""

from __future__ import annotations

from pathlib import Path

from unit_tests.import_graph import circles, import_graph, rooms

PROJECT = Path(__file__).parents[1]


def test_no_modules_of_the_sandbox_import_each_other() -> None:
    """Without it, an import inside a function would hide the next circle."""
    assert circles(import_graph(PROJECT, "sandbox")) == []


def test_the_sandboxs_rooms_import_one_way() -> None:
    """The API serves any company and the company knows of no API: only the routes know both."""
    found = rooms(import_graph(PROJECT, "sandbox"), "sandbox")
    assert found["api"] == set()
    assert found["company"] == set()
    assert found["routes"] == {"api", "company"}
    assert found["runner"] == {"api", "company", "routes"}


def test_circles_and_rooms_are_seen(tmp_path: Path) -> None:
    """Without it, the tests above could hold because nothing is found at all."""
    texts = {
        "house/__init__.py": "",
        "house/hall.py": "from house import kitchen\nfrom house.cellar import wine\n",
        "house/kitchen.py": "def cook():\n    from house.cellar import wine, barrel\n",
        "house/cellar/__init__.py": "",
        "house/cellar/wine.py": "from . import barrel\nimport json\n",
        "house/cellar/barrel.py": "from ..garden import VINES\n",
        "house/garden.py": "import house.kitchen\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    graph = import_graph(tmp_path, "house")
    assert graph["house.hall"] == {"house.kitchen", "house.cellar.wine"}
    assert circles(graph) == [
        ["house.cellar.barrel", "house.cellar.wine", "house.garden", "house.kitchen"],
    ]
    assert rooms(graph, "house")["cellar"] == {"garden"}
