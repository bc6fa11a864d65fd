"""The report from whole databases: nothing synced, nothing there, the company, two currencies; and as a
browser shows it.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dbt_tests.building import PROJECT
from dbt_tests.scenarios import Rows, Scenario, scenario
from dbt_tests.warehouses import DuckDB
from snow_atlas_sync.report import workbook
from snow_atlas_sync.report.build import SCRATCH, Dbt
from snow_atlas_sync.report.marts import MARTS, STAGING, Marts, streams_of
from snow_atlas_sync.report.page import Origin, key_figures, page
from source_snow_atlas import definitions
from tools.chromium import ChromiumUnavailable
from tools.report_pictures import take

SECTIONS = {"licences", "savings", "risks", "renewals", "hardware", "quality", "about"}
COMPANY = "rates"
"""The scenario of the company as it is, with exchange rates."""
PICTURES = PROJECT / ".cache" / "report" / "pictures"

Written = Callable[..., str]
Built = Callable[[str], tuple[Path, Scenario]]


@pytest.fixture(scope="session")
def marts_of(company_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A scenario's database with the marts in it."""

    @cache
    def made(name: str) -> tuple[Path, Scenario]:
        warehouse = DuckDB(tmp_path_factory.mktemp("report") / f"{name}.duckdb")
        chosen = scenario(name, company_rows)
        warehouse.fill(chosen.rows)
        with Dbt(warehouse.path) as dbt:
            dbt.build(chosen.variables)
        return warehouse.path, chosen

    return made


@pytest.fixture(scope="session")
def written(marts_of: Built) -> Written:
    """The page of a scenario."""

    @cache
    def html(name: str, names: bool = False, why: tuple[tuple[str, str], ...] = ()) -> str:
        path, chosen = marts_of(name)
        with Marts(path, dict(why)) as marts:
            return page(
                marts, Origin(chosen.today, names=names, rates=chosen.rates, currency=chosen.currency)
            )

    return html


class Elements(HTMLParser):
    """What a page consists of: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


@pytest.mark.parametrize("name", [COMPANY, "two_currencies", "empty", "nothing_synced", "nulls"])
def test_the_page_is_whole_whatever_was_synced(written: Written, name: str) -> None:
    """A report that fails on a tenant without Oracle, or without prices, is of no use there."""
    found = Elements(written(name))
    assert {attributes.get("id") for tag, attributes in found.elements if tag == "section"} >= SECTIONS
    assert sum("card" in attributes.get("class", "").split() for _, attributes in found.elements) == 5
    for mart in MARTS:
        if mart != "snow_atlas__saas_spend":
            assert f"Mart {mart}" in found.text
    assert len(found.ids()) == len(set(found.ids()))
    assert "None" not in re.sub(r"\bNone\b(?= (Nothing|Nobody|No |Snow))", "", found.text)
    assert "nan" not in found.text.lower().split()


@pytest.mark.parametrize("name", [COMPANY, "nothing_synced"])
def test_the_page_refers_to_nothing_outside_of_itself(written: Written, name: str) -> None:
    """It is sent by mail and opened anywhere: nothing may be fetched, and nothing may run."""
    html = written(name)
    found = Elements(html)
    tags = {tag for tag, _ in found.elements}
    assert tags.isdisjoint({"script", "img", "iframe", "object", "embed", "base", "form"})
    for tag, attributes in found.elements:
        for attribute in ("src", "href", "xlink:href", "action", "srcset"):
            if attribute in attributes:
                assert attributes[attribute].startswith(("#", "data:,")), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert re.findall(r"url\((?!#)", html) == []
    assert "@import" not in html
    assert "://" not in html
    inner = set(re.findall(r"url\(#([^)]+)\)", html)) | set(re.findall(r'href="#([^"]+)"', html))
    assert inner <= set(found.ids())


def test_what_was_not_synced_is_said_with_the_permission_that_is_missing(written: Written) -> None:
    """An empty chart would look like good news."""
    found = Elements(written("nothing_synced"))
    assert not [tag for tag, _ in found.elements if tag == "figure"]
    for permission in (
        "sam.license.r",
        "sam.computer.r",
        "sam.oracle.r",
        "saas.consolidation.view.r",
        "sam.contracts.contract.r",
    ):
        assert permission in found.text
    assert found.text.count("Not synced") >= len(MARTS)


def test_streams_without_a_row_are_not_called_missing(written: Written) -> None:
    """Nothing found is something else than nothing read."""
    text = Elements(written("empty")).text
    assert "Not synced" not in text
    assert "Snow Atlas knows no Oracle product in use." in text
    assert "Streams that were not synced" not in text


def test_the_reason_of_the_sync_comes_before_the_permission(written: Written) -> None:
    reason = "could not be read: HTTP 500"
    text = Elements(written("nothing_synced", why=(("license_compliance_summary", reason),))).text
    assert f"license_compliance_summary: {reason}" in text.replace(" :", ":")


def test_every_area_of_the_company_has_a_chart_with_its_words(written: Written) -> None:
    found = Elements(written(COMPANY))
    charts = [attributes for _, attributes in found.elements if attributes.get("role") == "img"]
    # each for a wide and for a narrow page; seats and spend share one
    assert len(charts) == 2 * (len(MARTS) - 1)
    assert all(len(attributes["aria-label"]) > 40 for attributes in charts)


def test_names_are_left_out_unless_asked_for(written: Written, company_rows: Rows) -> None:
    """The report goes to people who may not see who uses what."""
    people = {str(row["fullName"]) for row in company_rows["user_accounts"] if row.get("fullName")}
    people |= {str(row["displayName"]) for row in company_rows["saas_users"] if row.get("displayName")}
    logins = {str(row["userName"]) for row in company_rows["user_accounts"] if row.get("userName")}
    clients = {str(row["hostName"]) for row in company_rows["computers"] if not row.get("isServer")}
    without = written(COMPANY)
    assert [name for name in people | logins | clients if name in without] == []
    assert "@" not in Elements(without).text
    asked_for = written(COMPANY, names=True)
    assert [name for name in people if name in asked_for]
    assert [name for name in clients if name in asked_for]


def test_amounts_of_two_currencies_stay_apart(written: Written, marts_of: Built) -> None:
    """Euros and dollars make no sum."""
    path, _ = marts_of("two_currencies")
    with Marts(path) as marts:
        rows = marts.rows(
            "SELECT currency, sum(exposure) AS exposure FROM snow_atlas__license_position"
            " WHERE scope = 'estate' AND exposure > 0 GROUP BY currency"
        )
    assert {"EUR", "USD"} <= {row["currency"] for row in rows}
    card = Elements(written("two_currencies")).text.split("Licence shortfall", 1)[1].split("Mart", 1)[0]
    assert "EUR" in card
    assert "USD" in card
    assert "exchange rates" in Elements(written("two_currencies")).text


def test_rates_are_named(written: Written) -> None:
    assert "1 USD = 0.92 EUR" in Elements(written(COMPANY)).text


def test_the_checks_of_the_marts_are_run(marts_of: Built) -> None:
    path, chosen = marts_of(COMPANY)
    with Dbt(path) as dbt:
        checks = dbt.check(chosen.variables)
    assert checks.number > 50
    assert checks.failed == ()


def test_every_stream_that_dbt_reads_for_a_mart_is_known(
    marts_of: Built,
) -> None:
    """A stream missed would not be read, and its figures would be missing."""
    marts_of(COMPANY)
    nodes = json.loads((SCRATCH / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]

    def above(name: str) -> set[str]:
        parents = {each for each in nodes[name]["depends_on"]["nodes"] if each.startswith("model.")}
        parents -= {"model.snow_atlas.int_snow_atlas__streams"}
        return parents.union(*(above(each) for each in parents))

    for mart in MARTS:
        read = {name.split(STAGING)[1] for name in above(f"model.snow_atlas.{mart}") if STAGING in name}
        assert read == streams_of(mart)
        assert read <= set(definitions.stream_definitions())


def test_a_browser_shows_it_and_asks_for_nothing(written: Written, tmp_path: Path) -> None:
    """No message on the console, no request but for the file, no chart wider than a phone. The pictures are
    kept.
    """
    report = tmp_path / "report.html"
    report.write_text(written(COMPANY), encoding="utf-8")
    try:
        seen = take(report, PICTURES)
    except ChromiumUnavailable as error:
        pytest.skip(str(error))
    assert seen.messages == []
    assert seen.requests == [report.resolve().as_uri()]
    assert seen.overflow == {"desk": 0, "phone": 0}
    for name in ("light.png", "dark.png", "phone.png", "printed.pdf", "top.webp"):
        assert (PICTURES / name).stat().st_size > 10_000
    assert (PICTURES / "light.png").read_bytes() != (PICTURES / "dark.png").read_bytes()


def test_what_the_last_sync_could_not_read_stands_at_the_top(marts_of: Built) -> None:
    """A CIO would take the figures of half an estate for those of all of it."""
    path, chosen = marts_of("nothing_synced")
    with Marts(path) as marts:
        incomplete = {"computers": "the connector was ended by signal 9"}
        text = Elements(page(marts, Origin(chosen.today, incomplete=incomplete))).text
        whole = Elements(page(marts, Origin(chosen.today))).text
    assert text.index("The last sync was not whole.") < text.index("Key figures")
    assert "computers : the connector was ended by signal 9" in text
    assert "not whole" not in whole
    assert "the permission" not in whole, "a permission is named only where the API refused for one"


def test_the_workbook_has_a_sheet_for_each_mart_and_runs_nothing(
    marts_of: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program whose name begins with `=` would run in the Excel of whoever opens it; a mart that is cut
    without a word would be taken for whole.
    """
    monkeypatch.setattr(workbook, "MOST_ROWS", 20)
    path, chosen = marts_of(COMPANY)
    with Marts(path) as marts:
        figures = key_figures(marts, Origin(chosen.today))
        workbook.write_workbook(tmp_path / "report.xlsx", marts, figures, title="Software assets")
    with zipfile.ZipFile(tmp_path / "report.xlsx") as parts:
        book = parts.read("xl/workbook.xml").decode()
        texts = parts.read("xl/sharedStrings.xml").decode()
        sheets = [parts.read(name).decode() for name in parts.namelist() if "/worksheets/sheet" in name]
    assert len(sheets) == len(workbook.SHEETS) + 1
    assert all(f'name="{mart.removeprefix(workbook.PREFIX)}"' in book for mart in workbook.SHEETS)
    assert not [sheet for sheet in sheets if "<f>" in sheet or "<hyperlink" in sheet]
    assert [text for text in re.findall(r"<t[^>]*>([^<]*)</t>", texts) if text.startswith("=")]
    assert sum("<autoFilter" in sheet and 'state="frozen"' in sheet for sheet in sheets) == len(
        workbook.SHEETS
    )
    assert "20 of " in texts
    clients = {
        str(row["hostName"]) for row in chosen["computers"] if row.get("hostName") and not row.get("isServer")
    }
    assert [name for name in clients if f">{name}<" in texts] == []


def test_without_an_earlier_month_the_page_says_when_there_will_be_one(written: Written) -> None:
    """An empty section would look as if nothing had changed."""
    text = Elements(written(COMPANY)).text.replace("\u00a0", " ")
    assert "the first report from 1 Dec 2026 on shows what has changed" in text
