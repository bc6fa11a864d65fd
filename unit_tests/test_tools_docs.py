"""The generated pages: users choose streams, permissions and queries by them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from source_snow_atlas import definitions
from tools import docs, reading
from tools.schemas import schema
from tools.sensitive import PERSONAL, SECRET
from tools.shape import shape_of

pages = cache(docs.pages)
STREAMS = list(definitions.stream_definitions())


@pytest.fixture(autouse=True)
def _pages_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the text of all pages once, as it takes a third of a second and is the same each time."""
    monkeypatch.setattr(docs, "pages", pages)


def test_the_pages_are_up_to_date() -> None:
    """The documentation would tell of streams as they once were: run `make docs` and commit what it
    writes.
    """
    assert sorted(path.name for path in docs.stale_pages(docs.DOCS)) == []


def test_stale_missing_and_left_over_pages_are_found_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CI could not tell that somebody forgot to write the pages anew."""
    monkeypatch.setattr(docs, "DOCS", tmp_path / "docs")
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    streams = tmp_path / "docs" / "streams"
    (streams / "saas.md").write_text("old", encoding="utf-8")
    (streams / "former.md").write_text("old", encoding="utf-8")
    (tmp_path / "docs" / "permissions.md").unlink()
    capsys.readouterr()
    assert docs.main(["--check"]) == 1
    told = capsys.readouterr().out
    assert all(name in told for name in ("saas.md", "former.md", "permissions.md"))
    assert "agreements.md" not in told
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    assert not (streams / "former.md").exists()


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_is_in_the_index_and_on_its_page(stream: str) -> None:
    """A stream that can't be found is not used."""
    area = definitions.parameters(stream)["area"]
    assert f"[{stream}]({area}.md#{stream})" in pages()["streams/README.md"]
    section = pages()[f"streams/{area}.md"].split(f"\n## {stream}\n")[1].split("\n## ")[0]
    for field in schema(stream)["properties"]:
        assert field == "_links" or f"| `{field}` |" in section


def test_every_link_leads_somewhere() -> None:
    """A reader would be sent to a page or section that is not there."""
    for page, text in pages().items():
        folder = Path(page).parent
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            linked = (folder / file).as_posix().replace("streams/../", "") if file else page
            assert linked in pages(), f"{page}: {target}"
            assert not anchor or f"\n## {anchor}\n" in pages()[linked], f"{page}: {target}"


def test_every_stream_with_a_permission_is_listed_under_it() -> None:
    """An administrator would not know what to grant."""
    page = pages()["permissions.md"]
    for stream in STREAMS:
        for permission in reading.permissions(stream):
            (row,) = [
                line
                for line in page.splitlines()
                if line.startswith("| `") and f"[{stream}](" in line.split(" | ")[1]
            ]
            assert f"`{permission}`" in row.split(" | ")[0]


def test_fields_that_hold_secrets_are_only_in_sensitive_streams() -> None:
    """A secret would be copied to a warehouse by a stream that is suggested to everybody."""
    for stream in STREAMS:
        names = {path.split(".")[-1] for path, _ in shape_of(schema(stream)).fields()}
        assert definitions.parameters(stream).get("sensitive") or not names & SECRET, stream


def test_every_field_that_is_marked_exists() -> None:
    """A mark for a field that was renamed is a field without its mark."""
    names = {path.split(".")[-1] for stream in STREAMS for path, _ in shape_of(schema(stream)).fields()}
    assert (SECRET | PERSONAL) - names == set()


@pytest.mark.parametrize(
    ("stream", "cost"),
    [
        ("computers", "one request per page: N / `page_size` for N records"),
        ("computer_hardware", "one request per record of `computers`"),
        ("computer_contracts", "one request per record of `computers`, more if it has more than one page"),
        (
            "license_compliance_summary",
            "one request per different `applicationId` of `computer_application_usage_summaries`, "
            "`license_entitlements` and `licenses`",
        ),
        (
            "application_bundles",
            "one request per record of `applications` whose `isBundle` is not false,"
            " more if it has more than one page",
        ),
        (
            "custom_object_property_values",
            "one request per record of `/api/sam/estate/v1/customobjects/{objectId}/propertyvalues`,"
            " which is read once per record of `custom_objects`",
        ),
        ("saas_users_kpi", "one request per calendar month since the start date, 12 without one"),
        (
            "audit_logs",
            "one request per day since the start date, 90 without one;"
            " afterwards per day since the last sync",
        ),
        ("organizations", "one request"),
        ("tenant", "no request: the identity token has it"),
    ],
)
def test_the_cost_of_a_stream_is_told(stream: str, cost: str) -> None:
    """A user would switch on a stream of 100,000 requests without knowing it."""
    assert reading.cost(stream) == cost


def test_a_key_that_is_put_together_is_told_with_its_parts() -> None:
    """A user could not join on what the key is made of."""
    assert reading.primary_key("computer_logical_disks") == "`recordKey` (made of `computerId` and `name`)"


def test_parents_of_another_permission_are_told() -> None:
    """A stream would fail although its own permission is granted."""
    rows = pages()["permissions.md"].split("## Streams that also need the permission of their parents")[1]
    (row,) = [line for line in rows.splitlines() if line.startswith("| [license_compliance_summary]")]
    assert "`sam.computer.r`" in row
