"""Changes since an earlier day, and trends of the key figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from snow_atlas_sync.report.content import Absence, KeyFigure, Part, Section, Table
from snow_atlas_sync.report.marts import Marts
from snow_atlas_sync.report.sections import licences, renewals, risks, savings
from snow_atlas_sync.report.svg import sparkline
from snow_atlas_sync.report.text import NOTHING, count, day, listed, money, number, short_money, short_number

MART = "snow_atlas__changes"
POSITIONS = "snow_atlas__license_position_history"
DAYS = "snow_atlas__data_quality_history"
"""Table with rows of every day on which marts were built."""
EACH = 4
"""Number of changes of a kind that are shown."""
MONTHS = 13

KINDS: Mapping[str, tuple[str, str]] = {
    "turned short": ("position turned short", "positions turned short"),
    "healed": ("position is no longer short", "positions are no longer short"),
    "lost support": ("application lost support", "applications lost support"),
    "ended without successor": ("period ended without a successor", "periods ended without a successor"),
    "ended, renewal unknown": (
        "subscription ended, not known whether it was renewed",
        "subscriptions ended, not known whether they were renewed",
    ),
    "seats released": ("application has fewer seats", "applications have fewer seats"),
    "seats taken": ("application has more seats", "applications have more seats"),
    "application appeared": ("application appeared", "applications appeared"),
    "application vanished": ("application vanished", "applications vanished"),
    "computers left": ("kind of computer", "kinds of computers"),
    "computers came": ("kind of computer", "kinds of computers"),
}
"""Each kind of change, in singular and plural, in the order of the page."""
WORDS = {"healed": "no longer short"}
"""Kinds that the page names otherwise than the mart."""
UNCOMPARED = "not compared"


@dataclass(frozen=True)
class Trend:
    """History of a key figure: its expression for a day, and the condition of its rows."""

    history: str
    value: str
    condition: str = "true"
    is_money: bool = False
    rows: str = ""
    """Subquery to use instead of the history's table."""


TRENDS: Mapping[str, Trend] = {
    licences.MART: Trend(
        "license_position",
        "sum(exposure) FILTER (NOT is_weak_price)",
        "scope = 'estate' AND under_licensed > 0",
        is_money=True,
    ),
    savings.SOFTWARE: Trend("reclaimable_software", "sum(saving) FILTER (NOT is_weak_price)", is_money=True),
    savings.SEATS: Trend("saas_seats", "sum(saving_per_month)", is_money=True),
    risks.LIFECYCLE: Trend("software_lifecycle", f"sum({risks.IN_USE})", "status = 'ended'"),
    risks.ORACLE: Trend(
        "oracle_exposure", "sum(shortfall_cost_base)", risks.MACHINE, is_money=True, rows=risks.ORACLE_DAYS
    ),
    renewals.MART: Trend(
        "renewals",
        "count(held.source_id)",
        f"held.ends_on BETWEEN held.built_on AND held.built_on + {renewals.SOON}",
    ),
}
"""Trends by the mart of the key figure."""


def compared_day(marts: Marts, today: date, since: date | None) -> date | None:
    """Return the last build before this month, or on the chosen day or before it."""
    last = "built_on <= ? AND built_on < ?" if since else "built_on < ?"
    values = [since, today] if since else [today.replace(day=1)]
    found: date | None = marts.row(f"SELECT max(built_on) AS day FROM {DAYS} WHERE {last}", values)["day"]
    return found


def with_trend(figure: KeyFigure, marts: Marts, today: date, since: date | None) -> KeyFigure:
    """Return the figure with its change since the earlier day and a line of month-end values."""
    earlier = compared_day(marts, today, since)
    trend = TRENDS[figure.mart]
    if figure.absence or earlier is None or trend.is_money != figure.is_money:
        return figure
    history = trend.rows or f"snow_atlas__{trend.history}_history"
    alike = "AND currency IS NOT DISTINCT FROM ?" if trend.is_money else ""
    values = [figure.currency] if trend.is_money else []
    rows = marts.rows(
        f"""SELECT days.built_on, coalesce({trend.value}, 0) AS value
            FROM (SELECT max(built_on) AS built_on FROM {DAYS} WHERE built_on <= ?
                  GROUP BY date_trunc('month', built_on)
                  UNION SELECT CAST(? AS DATE)) AS days
            LEFT JOIN {history} AS held
                ON held.built_on = days.built_on AND {trend.condition} {alike}
            GROUP BY days.built_on
            HAVING days.built_on IN (
                SELECT built_on FROM {history}
                WHERE coalesce(lacking_streams, '') = (
                    SELECT max(coalesce(lacking_streams, '')) FROM {history} WHERE built_on = ?
                ) {alike}
            )
            ORDER BY days.built_on""",
        [today, earlier, *values, today, *values],
    )
    by_day = {row["built_on"]: row["value"] for row in rows}
    # the history of today may have more than this sync has read
    if earlier not in by_day or by_day.get(today) != figure.exact:
        return figure
    moved = by_day[today] - by_day[earlier]
    size = number(abs(moved))
    if trend.is_money:
        # Oracle's money is in the currency that the card names
        size = short_number(abs(moved)) if trend.rows else short_money(abs(moved), figure.currency)
    said = f"{'up' if moved > 0 else 'down'} {size}" if moved else "unchanged"
    line = sparkline([float(row["value"]) for row in rows[-MONTHS:]])
    return replace(figure, change=f"{said} since {day(earlier)}", trend=line)


def section(marts: Marts, today: date, since: date | None) -> Section:
    earlier = compared_day(marts, today, since)
    title = f"Since {day(since)}" if since else "Since last month"
    part = _changes(marts, earlier) if earlier else _nothing_yet(marts, today, since)
    return Section("changes", title, [part])


def _nothing_yet(marts: Marts, today: date, since: date | None) -> Part:
    first = marts.row(f"SELECT min(built_on) AS day FROM {DAYS}")["day"] or today
    if since:
        text = f"Nothing was built on {day(since)} or before: the history begins on {day(first)}."
    else:
        months = today.year * 12 + today.month
        text = (
            f"There is nothing to compare with yet. The history begins on {day(first)}; the first report "
            f"from {day(date(months // 12, months % 12 + 1, 1))} on shows what has changed."
        )
    return Part("What has changed?", MART, absence=Absence(text))


def _changes(marts: Marts, earlier: date) -> Part:
    title = "What has changed?"
    rows = marts.rows(
        f"""WITH doubtful AS (
                SELECT DISTINCT application_id, built_on FROM {POSITIONS}
                WHERE is_weak_price AND scope = 'estate'
            ),
            changes AS (
                SELECT *, kind IN ('turned short', 'healed') AND EXISTS (
                    SELECT 1 FROM doubtful
                    WHERE application_id = entity_id AND built_on IN (since_on, until_on)
                ) AS is_weak
                FROM {MART}
            )
            SELECT *, CASE WHEN kind = 'lost support' THEN (
                       SELECT sum({risks.IN_USE}) FROM {risks.LIFECYCLE} AS lifecycle
                       WHERE lifecycle.application_id = entity_id AND lifecycle.status = 'ended'
                   ) END AS in_use,
                   row_number() OVER (
                       PARTITION BY kind, currency
                       ORDER BY is_weak, abs(amount) DESC NULLS LAST,
                           greatest(number_before, number_after) DESC, name
                   ) AS place
            FROM changes"""
    )
    if not rows:
        return Part(title, MART, absence=Absence(f"Nothing has changed since {day(earlier)}."))
    uncompared = [
        f"Not compared: {row['name']} ({row['cause']})." for row in rows if row["kind"] == UNCOMPARED
    ]
    rows = merge_unpriced([row for row in rows if row["kind"] != UNCOMPARED])
    if not rows:
        lead = f"Nothing of what can be compared has changed since {day(earlier)}."
        return Part(title, MART, lead, notes=uncompared)
    order = list(KINDS)
    rows.sort(key=lambda row: (order.index(row["kind"]), row["currency"] or "", row["place"]))
    said = []
    for kind in order:
        found = [row for row in rows if row["kind"] == kind]
        if not found:
            continue
        text = count(len(found), *KINDS[kind])
        if kind.startswith("computers"):
            column = "number_before" if kind == "computers left" else "number_after"
            computers = count(sum(row[column] for row in found), "computer")
            text = f"{computers} {kind.removeprefix('computers ')}"
        # computers are kept once a month, and what was not synced on a day is compared with one before it
        since = min(row["since_on"] for row in found)
        said.append(text if since == earlier else f"{text} (since {day(since)})")
    shown = [row for row in rows if row["place"] <= EACH]
    table = Table(
        [
            ("What", False),
            ("Name", False),
            ("Before", True),
            ("After", True),
            ("Money", True),
            ("Why", False),
        ],
        [
            (
                WORDS.get(row["kind"]) or row["kind"],
                *_name_and_numbers(row),
                money(row["amount"] or None, row["currency"]),
                _why(row),
            )
            for row in shown
        ],
        f"The largest of each kind; {number(len(rows))} changes in all." if len(rows) > len(shown) else "",
    )
    lead = f"Since {day(earlier)}: {listed(said)}."
    return Part(title, MART, lead, None, table, [*uncompared, *_notes(rows)])


def _name_and_numbers(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the name and the numbers before and after; computers that left or came have one number."""
    before, after = row["number_before"], row["number_after"]
    if row["kind"].startswith("computers"):
        return f"{number(before or after)} {row['name'] or 'of unknown kind'}", NOTHING, NOTHING
    return row["name"] or NOTHING, number(before), number(after)


def merge_unpriced(rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows, with computers that have no price added to those of their kind that have one."""
    merged = list(rows)
    for row in rows:
        if not row["kind"].startswith("computers") or row["amount"] is not None:
            continue
        same = [each for each in merged if (each["kind"], each["name"]) == (row["kind"], row["name"])]
        priced = [each for each in same if each["amount"] is not None]
        if len(same) != 2 or len(priced) != 1:
            continue
        (other,) = priced
        column = "number_before" if row["kind"] == "computers left" else "number_after"
        whole = {
            **other,
            column: other[column] + row[column],
            "cause": f"price of {number(other[column])} known",
        }
        merged = [whole if each is other else each for each in merged if each is not row]
    return merged


def _why(row: Mapping[str, Any]) -> str:
    reasons = [row["cause"], "at a doubtful price" if row["is_weak"] else ""]
    if row["in_use"] is not None:
        reasons.append(f"installed; {number(row['in_use'])} in use")
    return ", ".join(filter(None, reasons)) or NOTHING


def _notes(rows: list[Mapping[str, Any]]) -> list[str]:
    if all(row["amount"] is None for row in rows):
        return []
    return [
        "Money: for shortfalls and for seats (a month), the difference in cost; for periods that ended and "
        "for computers, their cost."
    ]
