"""The rooms of the sandbox: what may import what, and where a stream's operation is found."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import yaml

from sandbox import routes
from unit_tests.helpers.import_graph import cycles, import_graph, parts

PROJECT = Path(__file__).parents[1]


def test_no_modules_of_the_sandbox_import_each_other() -> None:
    """Without it, an import inside a function would hide the next circle."""
    assert cycles(import_graph(PROJECT, "sandbox")) == []


def test_the_sandboxs_rooms_import_one_way() -> None:
    """The API serves any company and the company knows of no API: only the routes know both."""
    found = parts(import_graph(PROJECT, "sandbox"), "sandbox")
    assert found["api"] == set()
    assert found["company"] == set()
    assert found["routes"] == {"api", "company"}
    assert found["runner"] == {"api", "company", "routes"}


def test_the_operation_of_a_stream_is_in_the_file_of_its_area() -> None:
    """`streams/licenses.yaml` and `routes/licenses….py`: a reader finds it without a search."""
    files = {
        re.sub(r"{\w+}", "{}", route.path): module.name
        for module in pkgutil.iter_modules(routes.__path__)
        for route in getattr(import_module(f"{routes.__name__}.{module.name}"), "ROUTES", ())
    }
    seen = 0
    for area in sorted((PROJECT / "source_snow_atlas" / "streams").glob("*.yaml")):
        for stream in yaml.safe_load(area.read_text(encoding="utf-8"))["streams"]:
            path = stream.get("$parameters", {}).get("path")
            if path is not None:  # the tenant comes from the identity token
                seen += 1
                assert files[re.sub(r"{\w+}", "{}", path)].startswith(area.stem), stream["name"]
    assert seen > 150


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
    assert cycles(graph) == [
        ["house.cellar.barrel", "house.cellar.wine", "house.garden", "house.kitchen"],
    ]
    assert parts(graph, "house")["cellar"] == {"garden"}
