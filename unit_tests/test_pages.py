"""Links and file names on the pages that people write; test_tools_docs.py has the generated pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "*/README.md", "dbt/*.md", "benchmarks/*.md", ".github/*.md")
    for path in ROOT.glob(pattern)
)
FOR_DEVELOPERS = [
    ROOT / page
    for page in (
        "docs/development.md",
        "docs/testing.md",
        "docs/proofs.md",
        "benchmarks/README.md",
        "benchmarks/results.md",
        "sandbox/README.md",
        "dbt/DEVELOPMENT.md",
    )
]
FOLDERS = (
    "benchmarks",
    "dbt",
    "integration_tests",
    "sandbox",
    "snow_atlas_sync",
    "source_snow_atlas",
    "tools",
)
FILES = [path.as_posix() for folder in (*FOLDERS, "unit_tests") for path in (ROOT / folder).rglob("*.py")]
FILES += [path.as_posix() for path in ROOT.glob("*.py")]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_section(page: Path) -> None:
    """A reader would be sent to a page or section that does not exist."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", FOR_DEVELOPERS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    """A developer would look for a file that was renamed or removed."""
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)(?:::\w+)?`", page.read_text(encoding="utf-8")))
    assert named
    assert [name for name in sorted(named) if not any(path.endswith(f"/{name}") for path in FILES)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    """A reader would run a command that make does not know."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)make ((?:[a-z-]+ ?)+)", text, re.M)
    assert {target for targets_of_one in named for target in targets_of_one.split()} - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_image_has_one_name(page: Path) -> None:
    """A reader would look for an image that nobody builds."""
    script = (ROOT / "tools" / "image.sh").read_text(encoding="utf-8")
    (built,) = re.findall(r"^IMAGE=\$\{IMAGE:-(\S+)\}$", script, re.M)
    assert set(re.findall(r"\bairbyte/source-snow-atlas[\w:.-]*", page.read_text(encoding="utf-8"))) <= {
        built
    }


def test_the_setup_guide_names_the_fields_of_the_form() -> None:
    """A user would look for a field under a name that the form does not show."""
    manifest = yaml.safe_load((ROOT / "source_snow_atlas" / "manifest.yaml").read_text(encoding="utf-8"))
    fields = manifest["spec"]["connection_specification"]["properties"].values()
    page = (ROOT / "docs" / "snow-atlas.md").read_text(encoding="utf-8")
    rows = re.findall(r"^   \| (\*\*.*?) \|", page.split("#### The form")[1], re.M)
    assert [name for row in rows for name in re.findall(r"\*\*(.+?)\*\*", row)] == [
        field["title"] for field in sorted(fields, key=lambda field: field["order"])
    ]
