"""The report of whole databases, as HTML, as a workbook and in a browser."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from integration_tests.dbt_package.building import PROJECT, parsed_folder, run_dbt
from integration_tests.dbt_package.scenarios import RATES, Rows, Scenario, company, scenario
from integration_tests.dbt_package.warehouses import DuckDB
from sandbox import Sandbox
from sandbox.company.estate import Estate
from snow_atlas_sync.errors import Stopped
from snow_atlas_sync.folder import FOLDER
from snow_atlas_sync.report import command, workbook
from snow_atlas_sync.report.build import Checks, Dbt, scratch
from snow_atlas_sync.report.collect import collect
from snow_atlas_sync.report.marts import MARTS, STAGING, Marts, streams_of
from snow_atlas_sync.report.page import FIGURES, Origin, key_figures, page, sections
from source_snow_atlas import definitions
from tools.chromium import ChromiumUnavailable
from tools.report import RATES as DEFAULTS
from tools.report_months import NO_HISTORY, rebuild_history, write_tables
from tools.report_pictures import take

SECTIONS = {"licences", "savings", "risks", "renewals", "hardware", "quality", "about"}
COMPANY = "rates"
"""Scenario of the company with data that is hard to read, and exchange rates."""
PLAUSIBLE = "plausible"
"""Company of `make report`."""
PICTURES = PROJECT / ".cache" / "report" / "pictures"

Written = Callable[..., str]
Built = Callable[[str], tuple[Path, Scenario]]


@pytest.fixture(scope="session")
def marts_of(company_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return a function that builds the database of a scenario."""

    @cache
    def made(name: str) -> tuple[Path, Scenario]:
        warehouse = DuckDB(tmp_path_factory.mktemp("report") / f"{name}.duckdb")
        chosen = plausible() if name == PLAUSIBLE else scenario(name, company_rows)
        warehouse.fill(chosen.rows)
        with Dbt(warehouse.path) as dbt:
            dbt.build(chosen.variables)
        return warehouse.path, chosen

    return made


@pytest.fixture(scope="session")
def written(marts_of: Built) -> Written:
    """Return a function that writes the page of a scenario."""

    @cache
    def html(name: str, names: bool = False, why: tuple[tuple[str, str], ...] = ()) -> str:
        path, chosen = marts_of(name)
        with Marts(path, dict(why)) as marts:
            return page(
                marts, Origin(chosen.today, names=names, rates=chosen.rates, currency=chosen.currency)
            )

    return html


def plausible() -> Scenario:
    return Scenario(PLAUSIBLE, company(ugly=False), rates=RATES, currency="EUR", saas_currency="EUR")


def changed(marts_of: Built, folder: Path, name: str, *statements: str) -> Path:
    """Return a copy of a scenario's database with changed marts."""
    path, _ = marts_of(name)
    copy = folder / "changed.duckdb"
    shutil.copy(path, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("SET search_path = 'main_snow_atlas'")
        for statement in statements:
            connection.execute(statement)
    return copy


class Elements(HTMLParser):
    """Elements of a page with their attributes, and its text."""

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
    assert sum("card" in attributes.get("class", "").split() for _, attributes in found.elements) == 6
    answers, appendix = found.text.split("Where each figure comes from")
    assert "snow_atlas__" not in answers.replace(found.text[: found.text.index("Snow Atlas report")], "")
    for mart in MARTS:
        if mart != "snow_atlas__saas_spend":
            assert mart in appendix
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
    text = {"aria-label", "d"}
    assert not [
        (tag, attributes)
        for tag, attributes in found.elements
        if any("://" in value for name, value in attributes.items() if name not in text)
    ]
    assert "://" not in html[: html.index("</style>")]
    inner = set(re.findall(r"url\(#([^)]+)\)", html)) | set(re.findall(r'href="#([^"]+)"', html))
    assert inner <= set(found.ids())


def test_what_was_not_synced_is_said_with_its_reason(written: Written) -> None:
    """An empty chart would look like good news; a permission that nothing refused would be asked for in
    vain.
    """
    found = Elements(written("nothing_synced"))
    assert not [tag for tag, _ in found.elements if tag == "figure"]
    assert found.text.count("Not synced") >= len(MARTS)
    assert (
        "license_compliance_summary : was not selected, as it takes a request for each record" in found.text
    )
    assert "permission" not in found.text
    why = (("license_compliance_summary", "grant the permission sam.license.r"),)
    refused = Elements(written("nothing_synced", why=why)).text
    assert "license_compliance_summary : grant the permission sam.license.r" in refused


def test_streams_without_a_row_are_not_called_missing(written: Written) -> None:
    """Nothing found is something else than nothing read."""
    text = Elements(written("empty")).text
    assert "Not synced" not in text
    assert "Not all streams" not in text
    assert "Snow Atlas knows no Oracle product in use." in text
    assert "computer_costs" not in text


def test_the_reason_of_the_sync_comes_before_the_permission(written: Written) -> None:
    reason = "could not be read: HTTP 500"
    text = Elements(written("nothing_synced", why=(("license_compliance_summary", reason),))).text
    assert f"license_compliance_summary: {reason}" in text.replace(" :", ":")


def test_every_area_of_the_company_has_a_chart_with_its_words(written: Written) -> None:
    found = Elements(written(PLAUSIBLE))
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
    assert [name for name in people | logins | clients if name.strip() and name in without] == []
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
    card = Elements(written("two_currencies")).text.split("Licence shortfall", 1)[1].split("Licences", 1)[0]
    assert "EUR" in card
    assert "USD" in card
    assert "exchange rates" in Elements(written("two_currencies")).text


def test_rates_are_named(written: Written) -> None:
    assert "1 USD = 0.92 EUR" in Elements(written(COMPANY)).text


def test_the_checks_of_the_marts_are_run(marts_of: Built) -> None:
    path, chosen = marts_of(COMPANY)
    with Dbt(path) as dbt:
        checks = dbt.check(chosen.variables)
        share, text = dbt.progress()
    assert checks.number > 50
    assert share == 1
    assert text == f"{checks.number} of {checks.number} tests"
    assert checks.failed == ()


def test_two_reports_at_once_do_not_share_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each would read what the other has half written, and log into the other's log."""
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with scratch() as first:
        with scratch() as second:
            assert first != second
        with scratch() as third:
            assert third == second  # what dbt has kept there is used again


def test_every_stream_that_dbt_reads_for_a_mart_is_known(tmp_path: Path) -> None:
    """A stream missed would not be read, and its figures would be missing."""
    run_dbt(DuckDB(tmp_path / "none.duckdb"), ["parse"], {}, tmp_path)
    manifest = parsed_folder("duckdb", "{}") / "manifest.json"
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]

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
    assert seen.heights["phone"] <= 10_000
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
        read_on = (date(2026, 11, 10), date(2026, 11, 12))
        refused = Elements(
            page(marts, Origin(chosen.today, refused={"licenses": "sam.license.r"}, read_on=read_on))
        ).text
    assert text.index("The last sync is incomplete.") < text.index("Key figures")
    assert "computers : the connector was ended by signal 9" in text
    assert "not whole" not in whole
    assert refused.index("Snow Atlas refused some streams.") < refused.index("Key figures")
    assert "licenses : grant the permission sam.license.r" in refused
    assert "from tables read between 10 Nov 2026 and 12 Nov 2026" in refused.replace("\u00a0", " ")
    assert text.index("Not all streams were selected.") < text.index("Key figures")
    assert "so figures on licence position, unused software," in text
    assert "the permission" not in whole, "a permission is named only where the API refused for one"


def test_the_workbook_has_a_sheet_for_each_mart_and_runs_nothing(
    marts_of: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program whose name begins with `=` would run in the Excel of whoever opens it; a mart that is cut
    without a word would be taken for whole.
    """
    monkeypatch.setattr(workbook, "MOST_ROWS", 20)
    _, chosen = marts_of(COMPANY)
    renamed = [
        f"UPDATE snow_atlas__{mart} SET application_name = concat('{begins}SUM(A1)', application_name)"
        for mart, begins in (
            ("license_position", "="),
            ("reclaimable_software", "+"),
            ("software_lifecycle", "-"),
            ("saas_spend", "@"),
        )
    ]
    with Marts(changed(marts_of, tmp_path, COMPANY, *renamed)) as marts:
        figures = key_figures(marts, Origin(chosen.today))
        workbook.write_workbook(tmp_path / "report.xlsx", marts, figures, title="Software assets")
    with zipfile.ZipFile(tmp_path / "report.xlsx") as parts:
        book = parts.read("xl/workbook.xml").decode()
        texts = parts.read("xl/sharedStrings.xml").decode()
        sheets = [parts.read(name).decode() for name in parts.namelist() if "/worksheets/sheet" in name]
    assert len(sheets) == len(workbook.SHEETS) + 1
    assert all(f'name="{mart.removeprefix(workbook.PREFIX)}"' in book for mart in workbook.SHEETS)
    assert not [sheet for sheet in sheets if "<f>" in sheet or "<hyperlink" in sheet]
    for begins in "=+-@":
        assert f">{begins}SUM(A1)" in texts
    assert sum("<autoFilter" in sheet and 'state="frozen"' in sheet for sheet in sheets) == len(
        workbook.SHEETS
    )
    assert "20 of " in texts
    clients = {
        str(row["hostName"]) for row in chosen["computers"] if row.get("hostName") and not row.get("isServer")
    }
    assert [name for name in clients if f">{name}<" in texts] == []


def test_a_report_that_is_stopped_while_it_is_written_leaves_the_one_before(
    marts_of: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a workbook would lie beside the page of another month."""
    path, chosen = marts_of(COMPANY)
    page_of_before, workbook_of_before = tmp_path / "report.html", tmp_path / "report.xlsx"
    page_of_before.write_text("of last month")
    workbook_of_before.write_text("of last month")

    built = SimpleNamespace(build=lambda _: None, check=lambda _: Checks(1, ()), progress=lambda _: (1, ""))

    def stopped(*_: object) -> None:
        raise Stopped(signal.SIGINT)

    monkeypatch.setattr(command, "Dbt", lambda _: nullcontext(built))
    monkeypatch.setattr(workbook, "_for_paper", stopped)
    arguments = ["--no-sync", "--database", str(path), "--output", str(page_of_before)]
    with pytest.raises(Stopped):
        command.main([*arguments, "--vars", json.dumps(chosen.variables)])
    assert {each.name for each in tmp_path.iterdir()} == {"report.html", "report.xlsx"}
    assert page_of_before.read_text() == workbook_of_before.read_text() == "of last month"


def test_without_an_earlier_month_the_page_says_when_there_will_be_one(written: Written) -> None:
    """An empty section would look as if nothing had changed."""
    text = Elements(written(COMPANY)).text.replace("\u00a0", " ")
    assert "the first report from 1 Dec 2026 on shows what has changed" in text


def test_the_page_is_small_enough_to_be_sent(written: Written) -> None:
    assert len(written(COMPANY, names=True).encode()) <= 200_000


def test_every_figure_leads_to_its_mart_and_to_a_query(written: Written) -> None:
    """Who doubts a figure has to find out how it was computed, down to the tables of the sync."""
    html = written(COMPANY)
    found = Elements(html)
    queries = {path.stem for path in FIGURES.glob("*.sql")}
    assert queries
    assert {each.removeprefix("query-") for each in found.ids() if each.startswith("query-")} == queries
    assert set(re.findall(r'href="#query-(\w+)"', html)) == queries
    assert ":today" not in found.text
    assert "DATE &#39;2026-11-15&#39;" in html


def test_a_name_of_300_letters_breaks_no_table(marts_of: Built, tmp_path: Path) -> None:
    """One such name would make the page wider than a phone, a window and paper."""
    path = changed(
        marts_of,
        tmp_path,
        COMPANY,
        *(
            f"UPDATE snow_atlas__{mart} SET {column} = concat('{letter}', repeat('m', 299))"
            for mart, column, letter in (
                ("license_position", "application_name", "a"),
                ("license_position", "metric_name", "b"),
                ("reclaimable_software", "application_name", "c"),
                ("renewals", "name", "d"),
                ("renewals", "supplier", "e"),
                ("saas_spend", "application_name", "f"),
                ("software_lifecycle", "application_name", "g"),
                ("oracle_exposure", "estate_name", "h"),
            )
        ),
    )
    report = tmp_path / "report.html"
    with Marts(path) as marts:
        report.write_text(page(marts, Origin(date(2026, 11, 15))), encoding="utf-8")
    try:
        seen = take(report, tmp_path / "pictures")
    except ChromiumUnavailable as error:
        pytest.skip(str(error))
    assert seen.overflow == {"desk": 0, "phone": 0}


def amount(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.]", "", text))


def test_a_number_times_its_price_is_what_the_row_says(marts_of: Built) -> None:
    """Whoever checks a row on paper must not come to another sum."""
    path, chosen = marts_of(COMPANY)
    with Marts(path) as marts:
        parts = {part.title: part for each in sections(marts, Origin(chosen.today)) for part in each.parts}
    checked = 0
    for title, numbers, price, worth in (
        ("What are we short of, and what have we too much of?", "Short", "Licence price", "Worth"),
        ("Which installed software does nobody use?", "Frees", "Licence price", "Saves"),
        ("Which SaaS seats does nobody use?", "Unused", "Price", "Cost of unused"),
    ):
        table = parts[title].table
        assert table is not None
        places = [[name for name, _ in table.columns].index(name) for name in (numbers, price, worth)]
        for row in table.rows:
            number, each, total = (row[place] for place in places)
            if any(character.isdigit() for character in total):
                assert abs(amount(number) * amount(each) - amount(total)) <= 1 + amount(number) / 200
                checked += 1
    assert checked > 10


def test_a_doubtful_price_stands_beside_the_headline(marts_of: Built, tmp_path: Path) -> None:
    """A mean of one licence that is a hundred times another price made a million of a shortfall."""
    path, chosen = marts_of(COMPANY)
    with Marts(path) as marts:
        largest = marts.row(
            "SELECT application_id, metric_id, exposure FROM snow_atlas__license_position"
            " WHERE scope = 'estate' AND exposure > 0 AND NOT is_weak_price AND currency = 'EUR'"
            " ORDER BY exposure DESC LIMIT 1"
        )
        before, *_ = key_figures(marts, Origin(chosen.today))
    weak = changed(
        marts_of,
        tmp_path,
        COMPANY,
        "UPDATE snow_atlas__license_position SET is_weak_price = true, other_price = 12.5"
        f" WHERE application_id = '{largest['application_id']}' AND metric_id = '{largest['metric_id']}'",
    )
    with Marts(weak) as marts:
        after, *_ = key_figures(marts, Origin(chosen.today))
        text = Elements(page(marts, Origin(chosen.today))).text
    assert before.exact is not None
    assert after.exact is not None
    assert before.exact - after.exact == largest["exposure"]
    assert [line for line in after.more if "at a doubtful price, not counted" in line]
    assert "at a doubtful price, not counted" in text


def test_unused_installations_add_up(marts_of: Built) -> None:
    """ "342 could be removed" had 197 in it that came with a suite, and its note counted some twice."""
    path, chosen = marts_of(COMPANY)
    with Marts(path) as marts:
        (part,) = (
            part
            for each in sections(marts, Origin(chosen.today))
            for part in each.parts
            if part.title == "Which installed software does nobody use?"
        )
        in_suites = marts.row(
            "SELECT count(*) AS number FROM snow_atlas__reclaimable_software WHERE is_in_suite"
        )["number"]
    whole, *parts = (
        int(found.replace(",", ""))
        for found in re.findall(r"([\d,]+) (?:unused|could|are of|came)", part.lead)
    )
    assert whole == sum(parts)
    assert in_suites in parts[1:]


def test_what_oracle_lacks_is_counted_once_in_a_place(marts_of: Built, tmp_path: Path) -> None:
    """Half of it were processors and users of the same machines, of which either is enough."""
    path, chosen = marts_of(PLAUSIBLE)
    copy = tmp_path / "other.duckdb"
    shutil.copy(path, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            """INSERT INTO main_snow_atlas.snow_atlas__oracle_exposure BY NAME
               SELECT * REPLACE ('Nup' AS metric, 2 * shortfall_cost_base AS shortfall_cost_base)
               FROM main_snow_atlas.snow_atlas__oracle_exposure
               WHERE finding = 'short' AND metric = 'Processor' AND shortfall_cost_base > 0"""
        )
    said, charts = [], []
    for each in path, copy:
        with Marts(each) as marts:
            text = Elements(page(marts, Origin(chosen.today))).text
            risks = next(
                found.parts for found in sections(marts, Origin(chosen.today)) if found.id == "risks"
            )
        charts.append(risks[-1].picture)
        said += re.findall(r"Oracle: .*? worth [\d,]+ at the prices of your own orders", text)
    assert len(said) == 2
    assert said[0] == said[1]
    assert charts[0] == charts[1], "the chart adds up to other numbers than the card"


def test_what_oracle_costs_is_among_the_key_figures(marts_of: Built) -> None:
    """It can be ten times the shortfall that the first card has, and stood on the third page."""
    path, chosen = marts_of(PLAUSIBLE)
    with Marts(path) as marts:
        text = Elements(page(marts, Origin(chosen.today))).text
        (oracle,) = (each for each in key_figures(marts, Origin(chosen.today)) if "Oracle" in each.title)
    assert oracle.exact
    assert f"worth {oracle.exact:,.0f} at the prices of your own orders" in text
    assert f"Oracle shortfall {oracle.value} (base currency of the tenant)" in text
    assert text.index("Oracle shortfall") < text.index("What are we short of")


def test_renewals_come_in_the_order_of_what_has_to_be_decided(marts_of: Built) -> None:
    """A page of contracts without an amount hides the million that has to be decided next week."""
    path, chosen = marts_of(COMPANY)
    with Marts(path) as marts:
        (part,) = next(each.parts for each in sections(marts, Origin(chosen.today)) if each.id == "renewals")
    assert part.table is not None
    decided = [row for row in part.table.rows if "passed" not in row[0]]
    days = [datetime.strptime(row[0].replace("\u00a0", " "), "%d %b %Y") for row in decided]
    assert days == sorted(days)
    priced = [row for row in decided if any(character.isdigit() for character in row[-1])]
    assert len(priced) >= len(decided) * 3 // 4
    assert any("renewal dates of ServiceNow only" in note for note in part.notes)


def test_renewals_past_their_day_of_notice_come_first(marts_of: Built, tmp_path: Path) -> None:
    """The card counts them, and nobody could find which they are: contracts have no amount."""
    path, chosen = marts_of(PLAUSIBLE)
    ending = "FROM snow_atlas__renewals WHERE kind = 'contract' AND status <> 'ended' AND NOT is_renewed"
    with Marts(path) as marts:
        ids = [row["source_id"] for row in marts.rows(f"SELECT DISTINCT source_id {ending} LIMIT 2")]
    late = changed(
        marts_of,
        tmp_path,
        PLAUSIBLE,
        "UPDATE snow_atlas__renewals SET notice_on = NULL",
        f"UPDATE snow_atlas__renewals SET ends_on = DATE '{chosen.today}' + 30, name = 'Missed',"
        f" notice_on = DATE '{chosen.today}' - 1 WHERE source_id IN ('{ids[0]}', '{ids[-1]}')"
        " AND kind = 'contract' AND status <> 'ended' AND NOT is_renewed",
    )
    with Marts(late) as marts:
        (part,) = next(each.parts for each in sections(marts, Origin(chosen.today)) if each.id == "renewals")
        (card,) = (each for each in key_figures(marts, Origin(chosen.today)) if "Renewals" in each.title)
    assert part.table is not None
    missed = [row for row in part.table.rows if row[0].startswith("passed ")]
    assert missed
    assert part.table.rows[: len(missed)] == missed
    assert {row[2] for row in missed} == {"Missed"}
    assert f"{len(missed)} past the day of notice" in card.more


COMPUTERS, MONTHS = 60, 2


@pytest.fixture(scope="module")
def with_months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the history of the last months, and with today's tables of a sync."""
    path = tmp_path_factory.mktemp("months") / "report.duckdb"
    options = argparse.Namespace(computers=COMPUTERS, months=MONTHS, ugly=False, database=path)
    with Sandbox(computers=COMPUTERS) as sandbox, Dbt(path) as dbt:
        rebuild_history(options, dbt, DEFAULTS)
        collect(sandbox.config(), path, thorough=True)
        dbt.build({**DEFAULTS, "snow_atlas_today": f"{sandbox.estate.now:%Y-%m-%d}"})
    return path


@pytest.fixture(scope="module")
def months() -> list[date]:
    return [moment.date() for moment in Estate(COMPUTERS).month_ends(MONTHS)]


def test_each_key_figure_has_its_trend(with_months: Path, months: list[date]) -> None:
    """A figure alone says nothing about whether it gets better."""
    with Marts(with_months) as marts:
        figures = key_figures(marts, Origin(months[-1]))
        built = marts.rows("SELECT DISTINCT built_on FROM snow_atlas__renewals_history ORDER BY built_on")
    assert [row["built_on"] for row in built] == months
    for figure in figures:
        assert figure.trend.count(",") == len(months), figure.title
        assert re.match(r"(up|down) .+ since |unchanged since ", figure.change), figure.title


def test_the_change_of_a_figure_is_that_of_two_days(with_months: Path, months: list[date]) -> None:
    with Marts(with_months) as marts:
        held = marts.rows(
            "SELECT built_on, sum(computers_in_use - computers_in_use_by_suite) AS number"
            " FROM snow_atlas__software_lifecycle_history WHERE status = 'ended' GROUP BY built_on"
        )
        by_day = {row["built_on"]: row["number"] for row in held}
        for origin, earlier in (
            (Origin(months[-1]), months[-2]),
            (Origin(months[-1], since=months[0]), months[0]),
        ):
            figure = next(
                each for each in key_figures(marts, origin) if each.title == "Software without support"
            )
            moved = by_day[months[-1]] - by_day[earlier]
            assert figure.exact == by_day[months[-1]]
            said = f"{'up' if moved > 0 else 'down'} {abs(moved)}" if moved else "unchanged"
            assert figure.change.startswith(f"{said} since {earlier.day}\u00a0")


def test_amounts_of_another_currency_are_no_change(
    with_months: Path, months: list[date], tmp_path: Path
) -> None:
    """With rates that came this month, everything would be up by all of it."""
    copy = tmp_path / "other.duckdb"
    shutil.copy(with_months, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "UPDATE main_snow_atlas_history.snow_atlas__license_position_history SET currency = 'SEK'"
            f" WHERE built_on < DATE '{months[-1]}'"
        )
    with Marts(copy) as marts:
        shortfall, oracle, *_ = key_figures(marts, Origin(months[-1]))
    assert (shortfall.change, shortfall.trend) == ("", "")
    assert oracle.change


def test_what_has_changed_since_last_month_is_listed(with_months: Path, months: list[date]) -> None:
    with Marts(with_months) as marts:
        text = Elements(page(marts, Origin(months[-1]))).text.replace("\u00a0", " ")
        chosen = Elements(page(marts, Origin(months[-1], since=months[0]))).text.replace("\u00a0", " ")
        early = Elements(page(marts, Origin(months[-1], since=date(2001, 1, 1)))).text
        rows = marts.rows("SELECT * FROM snow_atlas__changes")
    assert rows
    assert f"Since {months[-2].day} {months[-2]:%b %Y}: " in text
    assert "Since last month" in text
    assert f"Since {months[0].day} {months[0]:%b %Y}" in chosen
    assert "the history begins on" in early


def test_what_was_not_compared_is_said(with_months: Path, months: list[date], tmp_path: Path) -> None:
    """Without a word, "nothing was released" could be that nothing was read; a trend of two halves of the
    seats would be one of the sync.
    """
    copy = tmp_path / "other.duckdb"
    shutil.copy(with_months, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "INSERT INTO main_snow_atlas.snow_atlas__changes (kind, name, cause, since_on) VALUES"
            " ('not compared', 'SaaS seats', 'not synced on the later day: saas_subscription_users',"
            f" DATE '{months[-2]}')"
        )
        connection.execute(
            "UPDATE main_snow_atlas_history.snow_atlas__saas_seats_history"
            f" SET lacking_streams = 'saas_subscription_users' WHERE built_on < DATE '{months[-1]}'"
        )
    with Marts(copy) as marts:
        text = Elements(page(marts, Origin(months[-1]))).text
        changes = {each.title: each.change for each in key_figures(marts, Origin(months[-1]))}
    assert "Not compared: SaaS seats (not synced on the later day: saas_subscription_users)." in text
    assert not changes["Unused SaaS seats"]
    assert changes["Licence shortfall"]


def test_changes_since_another_day_say_so(with_months: Path, months: list[date], tmp_path: Path) -> None:
    """Computers are kept once a month: those of a fortnight would be those of six weeks."""
    copy = tmp_path / "other.duckdb"
    shutil.copy(with_months, copy)
    chosen = months[-1].replace(day=1)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "INSERT INTO main_snow_atlas_history.snow_atlas__data_quality_history (built_on)"
            f" VALUES (DATE '{chosen}')"
        )
    with Marts(copy) as marts:
        text = Elements(page(marts, Origin(months[-1], since=chosen))).text.replace("\u00a0", " ")
    assert f"Since {chosen.day} {chosen:%b %Y}: " in text
    assert f" (since {months[-2].day} {months[-2]:%b %Y})" in text


def test_the_tables_of_a_month_are_those_that_a_sync_leaves(with_months: Path, tmp_path: Path) -> None:
    """A history of other tables than those of the last sync would show changes that never were."""
    made = tmp_path / "made.duckdb"
    write_tables(made, Estate(COMPUTERS))
    with duckdb.connect(str(made)) as connection:
        connection.execute(f"ATTACH '{with_months}' AS synced (READ_ONLY)")
        found = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'made'"
        ).fetchall()
        assert len(found) > 30
        for (name,) in found:
            assert name not in NO_HISTORY
            columns = [
                column
                for column, *_ in connection.execute(f'DESCRIBE "{name}"').fetchall()
                if column != "_airbyte_extracted_at"
            ]
            chosen = ", ".join(f'CAST("{column}" AS VARCHAR)' for column in columns)
            mine, theirs = (f'SELECT {chosen} FROM {place}.main."{name}"' for place in ("made", "synced"))
            for first, second in ((mine, theirs), (theirs, mine)):
                left = connection.execute(f"{first} EXCEPT ALL {second}").fetchall()
                assert left == [], name
