"""The report's words, drawings and refusals, without a database of marts."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from snow_atlas_sync.process import exit_code
from snow_atlas_sync.report import command
from snow_atlas_sync.report.build import reason
from snow_atlas_sync.report.charts import Bar, Span, bars, timeline
from snow_atlas_sync.report.collect import (
    ONE_REQUEST_EACH,
    leave_history,
    note_tenant,
    reasons,
    refuse_other_tenant,
    refuse_tables_of_others,
    use_tables,
    wanted_streams,
)
from snow_atlas_sync.report.errors import ReportError
from snow_atlas_sync.report.sections.changes import merge_unpriced
from snow_atlas_sync.report.svg import sparkline
from snow_atlas_sync.report.text import (
    amounts,
    breakable,
    count,
    listed,
    money,
    rest,
    share,
    short_money,
    short_number,
    unit_price,
)
from snow_atlas_sync.report.workbook import fitted
from source_snow_atlas import definitions

KINDS = {"used": ("good", "used"), "idle": ("warn", "idle")}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (1_000, "1.0k"), (66_967, "67.0k"), (99_949, "99.9k"), (99_950, "100k"),
     (999_499, "999k"), (999_500, "1.0m"), (17_234_000, "17.2m"), (2_000_000_000, "2.0bn")],
)  # fmt: skip
def test_short_numbers(value: int, text: str) -> None:
    """A CIO reads EUR 17.2m, not 17 m."""
    assert short_number(value) == text


def test_money_has_its_currency_or_says_that_there_is_none() -> None:
    assert money(Decimal("1234567.5"), "EUR") == "EUR\u00a01,234,568"
    assert money(Decimal(12), None) == "12 (currency unknown)"
    assert money(None, "EUR") == "–"  # noqa: RUF001
    assert short_money(Decimal(-3500), "USD") == "\u2212USD\u00a03.5k"


def test_a_number_times_a_price_is_what_stands_beside_it() -> None:
    """With a rounded price 11 licences at 359 would be worth 3,952."""
    assert unit_price(Decimal("359.27"), "EUR") == "EUR\u00a0359.27"
    assert unit_price(Decimal("1289.000000"), "EUR") == "EUR\u00a01,289"
    assert unit_price(None, "EUR") == "–"  # noqa: RUF001


def test_a_long_word_can_be_broken_and_a_long_text_ends() -> None:
    """A name of 300 letters without a space would make its table wider than the page."""
    shown = breakable("x" * 300)
    assert max(map(len, shown.split("\u200b"))) <= 24
    assert len(shown.replace("\u200b", "")) == 160
    assert shown.endswith("…")
    assert breakable("Oracle Database Enterprise Edition") == "Oracle Database Enterprise Edition"


def test_sums_stay_in_their_currency_and_the_commonest_comes_first() -> None:
    rows = [
        {"currency": "SEK", "saving": Decimal(900), "weight": 1},
        {"currency": "EUR", "saving": Decimal(10), "weight": 5},
        {"currency": "EUR", "saving": Decimal(20), "weight": 2},
        {"currency": None, "saving": Decimal(7), "weight": 99},
        {"currency": "USD", "saving": None, "weight": 50},
    ]
    sums = amounts(rows, "saving")
    assert list(sums.items()) == [("EUR", Decimal(30)), ("SEK", Decimal(900)), (None, Decimal(7))]
    assert rest(sums) == ["and SEK\u00a0900 and 7 (currency unknown)"]
    assert amounts([], "saving") == {}


def test_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert count(1, "seat") == "1 seat"
    assert count(1200, "seat") == "1,200 seats"
    assert share(1, 300) == "under 1 %"
    assert share(1, 0) == "–"  # noqa: RUF001


def test_a_chart_takes_its_colours_and_its_font_from_the_page() -> None:
    """Colours of its own would be wrong in the dark, and on paper."""
    picture = bars(
        [Bar("first", {"used": 3, "idle": 1}, "4")], KINDS, caption="Seats", alternative="first has 4"
    )
    for svg in (picture.wide, picture.narrow):
        assert "url(#fill-good)" in svg
        assert "url(#fill-warn)" in svg
        assert "currentColor" in svg
        assert re.findall(r"#[0-9a-fA-F]{6}\b", svg) == []
        assert "font-family" not in svg
        assert "http" not in svg
    assert picture.legend == [("good", "used"), ("warn", "idle")]


def test_a_bar_is_as_long_as_its_value() -> None:
    svg = bars([Bar("a", {"used": 10}), Bar("b", {"used": 5})], KINDS, caption="c", alternative="a").wide
    first, second = (float(width) for width in re.findall(r'd="M0,[\d.]+h([\d.]+)v15h-\1Z" fill="url', svg))
    assert first == pytest.approx(2 * second)


def test_nothing_runs_through_what_a_bar_says() -> None:
    """A line of a grid behind a label makes its digits hard to read."""
    rows = [Bar(f"{place}", {"used": place}, f"{place} of 40 used") for place in range(1, 40, 4)]
    picture = bars(rows, KINDS, caption="c", alternative="a")
    for svg in (picture.wide, picture.narrow):
        assert len(re.findall(r"<line ", svg)) <= 1, "the line that bars begin at"


def test_a_name_is_cut_only_where_there_is_no_room() -> None:
    name = "Microsoft Visual Studio Enterprise with MSDN 2019"
    picture = bars([Bar(name, {"used": 1}, "1")], KINDS, caption="c", alternative="a")
    assert f">{name}<" in picture.wide
    short = bars([Bar("Adobe", {"used": 1}, "1")], KINDS, caption="c", alternative="a").wide

    def length(svg: str) -> float:
        return max(float(width) for width in re.findall(r"h([\d.]+)v15h", svg))

    assert length(short) > 1.3 * length(picture.wide), "bars have the room that short names leave"


def test_what_is_short_goes_to_the_left() -> None:
    svg = bars([Bar("a", {"used": 5, "idle": -10}, "5", "10")], KINDS, caption="c", alternative="a").wide
    left = {
        fill: float(start)
        for start, fill in re.findall(r'd="M([\d.]+),[^"]*" fill="url\(#fill-(\w+)\)"', svg)
    }
    assert left["warn"] < left["good"]


def test_ids_of_two_charts_differ() -> None:
    span = Span("a", date(2027, 1, 1), date(2026, 12, 1))
    svgs = [
        bars([Bar("a", {"used": 1})], KINDS, caption="c", alternative="a").wide,
        timeline([span], date(2026, 11, 1), date(2027, 2, 1), caption="c", alternative="a").wide,
    ]
    first, second = (set(re.findall(r' id="([^"]+)"', svg)) for svg in svgs)
    assert first.isdisjoint(second)


def test_a_name_cannot_bring_markup_into_the_page() -> None:
    svg = bars([Bar("<script>alert(1)</script>", {"used": 1})], KINDS, caption="c", alternative="a").wide
    assert "<script" not in svg


def test_a_day_to_act_that_has_passed_has_a_mark_of_its_own() -> None:
    def marks(acts_on: date) -> list[str]:
        span = Span("a", date(2027, 1, 1), acts_on)
        picture = timeline([span], date(2026, 11, 1), date(2027, 2, 1), caption="c", alternative="a")
        return re.findall(r"url\(#fill-([\w-]+)\)", picture.wide)

    assert marks(date(2026, 10, 1)) == ["bad"]
    assert marks(date(2026, 12, 1)) == ["warn", "accent"]


def test_what_costs_a_request_each_is_read_only_when_asked_for() -> None:
    few, all_of_them = wanted_streams(thorough=False), wanted_streams(thorough=True)
    assert set(all_of_them) - set(few) == set(ONE_REQUEST_EACH)
    assert "tenant" in few
    costly = {"computers", "applications", "user_accounts"}
    assert [name for name in few if costly.intersection(definitions.parent_streams(name))] == []


def test_the_page_on_the_report_names_every_stream_that_costs_a_request_each() -> None:
    told = (Path(__file__).parent.parent / "docs" / "report.md").read_text(encoding="utf-8")
    costly = [name for name in wanted_streams(thorough=True) if definitions.parent_streams(name)]
    assert [name for name in costly if f"`{name}`" not in told] == []


def test_what_dbt_says_comes_without_its_trace() -> None:
    """Four lines of macros say nothing to whoever mistyped a day."""
    message = (
        "Compilation Error in operation snow_atlas-on-run-start-0 (./dbt_project.yml)\n"
        "  snow_atlas_unused_days is to be a number, and not x\n  \n"
        "  > in macro check_variables (macros/checks.sql)\n  > called by macro before_run (macros/checks.sql)"
    )
    said = "snow_atlas_unused_days is to be a number, and not x"
    assert reason({"error": message, "results": []}) == said
    failed = {"id": "operation.x", "status": "error", "message": message}
    assert reason({"error": None, "results": [failed]}) == said


def test_the_help_comes_without_the_extra() -> None:
    """Whoever wonders what the command does has not installed all of it yet."""
    extra = ["altair", "dbt", "dlt", "duckdb", "jinja2", "pyarrow", "vl_convert", "xlsxwriter"]
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({extra})); sys.argv[1:] = ['--help']; "
        "from snow_atlas_sync.process import run_report; run_report()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--since DAY" in done.stdout


def test_a_permission_is_named_only_where_the_api_refused_for_one() -> None:
    why = reasons({"licenses": "sam.license.r"}, {"computers": "the connector was ended by signal 9"})
    assert why == {
        "licenses": "grant the permission sam.license.r",
        "computers": "could not be read or loaded: the connector was ended by signal 9",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vars", "{"], "The variables are not JSON"),
        (["--vars", "[1]"], "The variables must be one JSON object"),
        (
            ["--vars", '{"snow_atlas_today": "soon"}'],
            "snow_atlas_today must be a day, as 2026-01-31, not soon",
        ),
        (
            ["--vars", '{"snow_atlas_today": "2199-01-31"}'],
            "snow_atlas_today is 2199-01-31, a day in the future",
        ),
        (
            ["--vars", '{"snow_atlas_rats": {}}'],
            "There is no variable snow_atlas_rats; did you mean snow_atlas_rates",
        ),
        (["--vars", '{"snow_atlas_rates": [1]}'], "snow_atlas_rates must be one JSON object, as"),
        (
            ["--vars", '{"snow_atlas_rates": {"USD": "0.9"}, "snow_atlas_currency": "EUR"}'],
            "snow_atlas_rates: USD must be a number above 0, not 0.9",
        ),
        (
            ["--vars", '{"snow_atlas_rates": {"dollar": 1}, "snow_atlas_currency": "EUR"}'],
            "snow_atlas_rates: dollar is no currency code",
        ),
        (["--vars", '{"snow_atlas_rates": {"USD": 1}}'], "snow_atlas_rates needs snow_atlas_currency"),
        (["--vars", '{"snow_atlas_saas_currency": 1}'], "snow_atlas_saas_currency must be a currency code"),
        (["--since", "yesterday"], "--since must be a day, as 2026-01-31, not yesterday"),
        (["--since", "2199-01-31"], "--since is 2199-01-31, a day in the future"),
        (["--no-sync", "--database", "missing.duckdb"], "missing.duckdb does not exist"),
        (["--no-sync", "--database", "text.duckdb"], "text.duckdb is not a DuckDB file"),
        (["--no-sync", "--database", "other.duckdb"], "other.duckdb has no table that the report needs"),
        (["--output", "."], "can't be written"),
        (["--output", "report.xlsx"], "report.xlsx is the file of the workbook"),
        (["--config", "missing.json"], "missing.json can't be read: No such"),
        (["--config", "empty.json"], "Set region to one of"),
        ([], "--config FILE"),
    ],
)
def test_a_mistake_is_one_clear_sentence(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.duckdb").write_text("no database, but long enough to be looked at as one " * 100)
    Path("empty.json").write_text("{}")
    with duckdb.connect("other.duckdb") as connection:
        connection.execute("CREATE TABLE something (id INTEGER)")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("SNOW_ATLAS_SYNC_FOLDER", str(tmp_path))
    monkeypatch.setattr(command, "Dbt", lambda _: nullcontext())
    configuration = [] if arguments[:1] in ([], ["--config"], ["--no-sync"]) else ["--config", "empty.json"]
    assert exit_code("report", lambda: command.main([*configuration, *arguments])) == 1
    said = capsys.readouterr().err
    assert said.startswith("report: ")
    assert message in said
    assert said.count("\n") == 1
    assert not Path("snow_atlas_report.html").exists()


def database_of(path: Path, tenant: str | None) -> None:
    """A database as a report leaves it."""
    with duckdb.connect(str(path)) as connection:
        for schema in "main_snow_atlas_history", "main_snow_atlas":
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS main_snow_atlas_history.days AS SELECT DATE '2026-10-31' AS d"
        )
        connection.execute("CREATE OR REPLACE TABLE main_snow_atlas.mart AS SELECT 1 AS a")
        for table in "computers", "_dlt_loads", "_snow_atlas_syncs":
            connection.execute(f"CREATE OR REPLACE TABLE main.{table} AS SELECT 1 AS a")
        connection.execute("DROP TABLE IF EXISTS main.tenant")
        if tenant is not None:
            connection.execute(f"CREATE TABLE main.tenant AS SELECT '{tenant}' AS id")


def tables_of(path: Path) -> set[str]:
    with duckdb.connect(str(path)) as connection:
        found = connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
        ).fetchall()
    return {name for (name,) in found}


HISTORY_OF_A = {"main_snow_atlas_history.days", "main_snow_atlas_history.tenant"}


def test_the_history_is_all_that_stays_of_an_earlier_report(tmp_path: Path) -> None:
    """Without it there is never a month to compare with; with more, what is gone is still shown."""
    path = tmp_path / "report.duckdb"
    database_of(path, "a")
    leave_history(path)
    assert tables_of(path) == HISTORY_OF_A


def test_what_others_keep_in_the_database_stays(tmp_path: Path) -> None:
    path = tmp_path / "report.duckdb"
    database_of(path, "a")
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA own")
        connection.execute("CREATE TABLE own.budget AS SELECT 1 AS a")
        connection.execute("CREATE TABLE main.budget AS SELECT 1 AS a")
        connection.execute("CREATE VIEW main.by_computer AS SELECT * FROM computers")
    leave_history(path)
    assert tables_of(path) == HISTORY_OF_A | {"own.budget", "main.budget", "main.by_computer"}


def test_the_history_of_another_tenant_is_refused(tmp_path: Path) -> None:
    """Two customers of one consultant would be compared with each other."""
    path = tmp_path / "report.duckdb"
    database_of(path, "a")
    leave_history(path)
    database_of(path, "b")
    for _ in range(2):
        with pytest.raises(ReportError, match="keeps the history of another tenant, a, and this one is b"):
            refuse_other_tenant(path)
        leave_history(path)
        database_of(path, "b")


def test_the_tables_of_another_tenant_are_not_taken(tmp_path: Path) -> None:
    """A sync of another customer into the same file would be compared with the history of the first."""
    path = tmp_path / "report.duckdb"
    database_of(path, "a")
    note_tenant(path)
    database_of(path, "b")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE main._snow_atlas_syncs")
    with pytest.raises(ReportError, match="keeps the history of another tenant, a, and this one is b"):
        use_tables(path)


def test_a_sandbox_removes_no_tables_of_a_tenant(tmp_path: Path) -> None:
    """`make report --database` with the file of a real sync would replace it with a made-up company."""
    path = tmp_path / "report.duckdb"
    database_of(path, "real")
    with pytest.raises(ReportError, match="holds the tables of another tenant"):
        refuse_tables_of_others(path, "sandbox")
    refuse_tables_of_others(path, "real")
    leave_history(path)
    refuse_tables_of_others(path, "sandbox")


def test_a_sync_that_fails_costs_no_history(tmp_path: Path) -> None:
    """An hour without the API, or without an answer to who the tenant is, and a year would be gone."""
    path = tmp_path / "report.duckdb"
    database_of(path, "a")
    for tenant in (None, "a"):
        leave_history(path)
        leave_history(path)
        database_of(path, tenant)
        refuse_other_tenant(path)
    assert tables_of(path) >= HISTORY_OF_A


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    path.write_text("text")
    with pytest.raises(ReportError, match="can't be used as the database"):
        leave_history(path)
    assert path.read_text() == "text"


def test_a_database_that_is_open_elsewhere_keeps_its_history(tmp_path: Path) -> None:
    path = tmp_path / "report.duckdb"
    database_of(path, "a")
    script = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(ReportError, match="can't be used as the database"):
            leave_history(path)
        other.communicate()
    assert "main_snow_atlas_history.days" in tables_of(path)


def test_a_cell_holds_as_much_of_a_text_as_excel_does() -> None:
    """Excel refuses to open a workbook with a longer cell, and counts an emoji as two."""
    assert fitted("a" * 40_000) == "a" * 32_767
    emoji = fitted("\U0001f600" * 20_000)
    assert len(emoji.encode("utf-16-le")) == 2 * 32_766
    assert fitted("a" + "\U0001f600" * 16_383) == "a" + "\U0001f600" * 16_383


def test_a_long_name_has_two_lines_on_a_phone() -> None:
    """Half of what is wrong with the data could not be read there."""
    title = "Installed applications of which it is not known when support ends, nor that it ended"
    picture = bars([Bar(title, {"used": 1}, "40 %")], KINDS, caption="c", alternative="a", long_names=True)
    words = re.sub(r"<[^>]*>", " ", picture.narrow).split()
    assert title in " ".join(words)


def test_a_version_in_a_name_is_no_number_to_shorten() -> None:
    """A chart would speak of Python 3.1."""
    picture = bars([Bar("Python 3.12.4", {"used": 1}, "10.25")], KINDS, caption="c", alternative="a")
    for drawn in picture.wide, picture.narrow:
        assert ">Python 3.12.4<" in drawn
        assert ">10.25<" in drawn


def test_a_trend_ends_where_its_last_value_is() -> None:
    assert sparkline([5.0]) == ""
    rising, falling = sparkline([1.0, 2.0, 3.0]), sparkline([3.0, 2.0, 1.0])
    assert 'cx="117.0" cy="3.0"' in rising
    assert 'cx="117.0" cy="25.0"' in falling
    assert "#" not in rising


def synced_database(path: Path, *outcomes: tuple[str, str, str, str | None]) -> None:
    """A database as `snow-atlas-sync` leaves it: a day, a stream, its status and the reason for each."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE computers (id VARCHAR)")
        connection.execute(
            "CREATE TABLE _snow_atlas_syncs (synced_at TIMESTAMPTZ, stream VARCHAR, status VARCHAR,"
            " records BIGINT, reason VARCHAR)"
        )
        for day, stream, status, reason_given in outcomes:
            values = [f"{day}T12:00:00Z", stream, status, reason_given]
            connection.execute("INSERT INTO _snow_atlas_syncs VALUES (?, ?, ?, 0, ?)", values)


def test_what_the_last_sync_could_not_read_is_known_from_its_own_table(tmp_path: Path) -> None:
    """The page says which streams it lacks and why, and names a permission only where the API refused for
    one; what an earlier sync lacked, or no figure needs, is no news.
    """
    path = tmp_path / "synced.duckdb"
    synced_database(
        path,
        ("2026-11-20", "computers", "INCOMPLETE", "an old fault"),
        ("2026-11-21", "computers", "COMPLETE", None),
        ("2026-11-25", "applications", "COMPLETE", None),
        ("2026-11-25", "licenses", "INCOMPLETE", "the connector was ended by signal 9"),
        ("2026-11-25", "saas_users", "NOT PERMITTED", "saas.consolidation.view.r"),
        ("2026-11-25", "organizations", "PENDING", None),
        ("2026-11-25", "audit_logs", "INCOMPLETE", "of no use to the report"),
    )
    collected = use_tables(path)
    assert collected.failed == {
        "licenses": "the connector was ended by signal 9",
        "organizations": "no reason was given",
    }
    assert collected.refused == {"saas_users": "saas.consolidation.view.r"}
    assert [name for name, why in collected.why.items() if "permission" in why] == ["saas_users"]
    assert collected.read_on == (date(2026, 11, 21), date(2026, 11, 25))


def test_computers_without_a_price_share_the_row_of_their_kind() -> None:
    """Two rows of the same kind read as an error, and a total of two currencies would be one."""

    def left(name: str, before: int, amount: int | None) -> dict[str, object]:
        row = {"kind": "computers left", "name": name, "number_before": before, "number_after": 0}
        return {**row, "amount": amount, "cause": None}

    (portable,) = merge_unpriced([left("portable", 4, 6639), left("portable", 1, None)])
    assert (portable["number_before"], portable["amount"]) == (5, 6639)
    assert portable["cause"] == "price of 4 known"
    apart = [
        left("desktop", 2, 500),
        left("desktop", 1, 300),
        left("desktop", 3, None),
        left("other", 1, None),
    ]
    assert merge_unpriced(apart) == apart
