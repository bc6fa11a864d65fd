"""Agreements, contracts and subscriptions that end in the next twelve months."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from snow_atlas_sync.report.charts import Span, timeline
from snow_atlas_sync.report.content import Absence, KeyFigure, Part, Section, Table
from snow_atlas_sync.report.marts import Marts
from snow_atlas_sync.report.text import (
    NOTHING,
    amounts,
    breakable,
    count,
    day,
    listed,
    money,
    number,
    rest,
    short_money,
)

MART, SPEND = "snow_atlas__renewals", "snow_atlas__saas_spend"
NEEDED = (
    "agreement_periods",
    "contract_periods",
    "license_maintenance_periods",
    "licenses",
    "saas_servicenow_subscriptions",
)
AHEAD, SOON, SHOWN = 365, 90, 12
MISSED = SHOWN // 2
"""Maximum number of periods past their day of notice that are shown."""
NAMED = 4
"""Number of products named in a sentence."""
OPEN = "status <> 'ended' AND coalesce(is_renewed, false) = false AND ends_on IS NOT NULL"
NONE_KNOWN = "No agreement, contract, maintenance or subscription period is known."

HOW = (
    f"Periods of agreements, contracts, maintenance and subscriptions that end within {SOON} days and have "
    "no later period. The money is that of maintenance and subscriptions: Snow Atlas has no amounts of "
    "agreements and contracts."
)

Row = Mapping[str, Any]


def key_figure(marts: Marts, today: date) -> KeyFigure:
    title = f"Renewals in {SOON} days"
    if not _known(marts):
        return KeyFigure(title, NOTHING, HOW, MART, "renewals", absence=_absence(marts))
    rows = _ending(marts, today, SOON)
    sums = amounts(rows, "amount")
    more = []
    if sums:
        code, value = next(iter(sums.items()))
        more = [f"worth {short_money(value, code)}", *rest(sums)]
    late = sum(_is_late(row, today) for row in rows)
    if late:
        more.append(f"{number(late)} past the day of notice")
    return KeyFigure(
        title,
        number(len(rows)),
        HOW,
        MART,
        "renewals",
        more,
        "period" if len(rows) == 1 else "periods",
        exact=len(rows),
    )


def section(marts: Marts, today: date) -> Section:
    return Section("renewals", "Renewals", [_part(marts, today)])


def _absence(marts: Marts) -> Absence:
    return marts.absence(NEEDED, NONE_KNOWN)


def _known(marts: Marts) -> bool:
    return bool(marts.row(f"SELECT count(*) AS periods FROM {MART}")["periods"])


def _ending(marts: Marts, today: date, days: int) -> list[Row]:
    return marts.rows(
        f"""SELECT kind, coalesce(name, source_id) AS name, supplier, ends_on, notice_on, amount, currency
            FROM {MART} WHERE {OPEN} AND ends_on BETWEEN ? AND ?
            ORDER BY amount IS NULL, count(amount) OVER (PARTITION BY currency) DESC, currency, amount DESC,
                coalesce(notice_on, ends_on), name, kind""",
        [today, today + timedelta(days=days)],
    )


def _part(marts: Marts, today: date) -> Part:
    title = "What ends when, and until when do we have to act?"
    if not _known(marts):
        return Part(title, MART, absence=_absence(marts))
    rows = _ending(marts, today, AHEAD)
    if not rows:
        return Part(title, MART, absence=Absence("Nothing ends in the next twelve months."))
    sums = amounts(rows, "amount")
    worth = (
        f", worth {listed([money(value, code) for code, value in sums.items()])} where an amount is known"
        if sums
        else ""
    )
    missed = sorted((row for row in rows if _is_late(row, today)), key=lambda row: row["ends_on"])
    late = missed[:MISSED]
    # then the largest amounts, and beside them what has none and has to be decided next
    ahead = [row for row in rows if not _is_late(row, today)]
    room = SHOWN - len(late)
    priced = [row for row in ahead if row["amount"] is not None]
    unpriced = sorted((row for row in ahead if row["amount"] is None), key=_decided_by)
    beside = unpriced[: max(room // 4, room - len(priced))]
    chosen = sorted(
        [*priced[: room - len(beside)], *beside],
        key=lambda row: (_decided_by(row), row["ends_on"], row["name"]),
    )
    shown = [*late, *chosen]
    picture = timeline(
        [
            Span(
                row["name"],
                row["ends_on"],
                row["notice_on"],
                f"{row['ends_on'].day} {row['ends_on']:%b}",
            )
            for row in shown
        ],
        today,
        _axis_end(today, max(row["ends_on"] for row in shown)),
        caption="What ends and has to be decided, from the day to act to the end",
        alternative="A timeline: "
        + listed([f"the {row['kind']} {row['name']} ends on {day(row['ends_on'])}" for row in shown])
        + ".",
    )
    table = Table(
        [
            ("Decide by", False),
            ("Ends", False),
            ("What", False),
            ("Kind", False),
            ("Supplier", False),
            ("Amount", True),
        ],
        [
            (
                _decision(row, today),
                day(row["ends_on"]),
                row["name"],
                row["kind"],
                row["supplier"] or NOTHING,
                money(row["amount"], row["currency"]),
            )
            for row in shown
        ],
        _order(len(missed), len(late), len(chosen), len(rows)),
    )
    lead = (
        f"{count(len(rows), 'period')} without a later one {'ends' if len(rows) == 1 else 'end'} in the next "
        f"twelve months{worth}."
    )
    return Part(title, MART, lead, picture, table, _undated(marts))


def _order(missed: int, late: int, chosen: int, periods: int) -> str:
    """Return which periods the table shows, and in what order."""
    which = []
    if missed:
        of_all = f" of {number(missed)}" if missed > late else ""
        which.append(f"{number(late)}{of_all} past the day of notice first")
    if periods > missed + chosen:
        which.append(f"{number(chosen)} with the largest amounts, or without one and to be decided next")
    shown = f"Of {count(periods, 'period')}, {', then '.join(which)}. " if which else ""
    return f"{shown}In the order in which they have to be decided."


def _is_late(row: Row, today: date) -> bool:
    """Return whether the day of notice has passed."""
    return row["notice_on"] is not None and row["notice_on"] < today


def _decided_by(row: Row) -> date:
    """Return the day of notice, or else the end."""
    decided: date = row["notice_on"] or row["ends_on"]
    return decided


def _decision(row: Row, today: date) -> str:
    return f"{'passed ' if _is_late(row, today) else ''}{day(_decided_by(row))}"


def _undated(marts: Marts) -> list[str]:
    """Return a sentence about SaaS products without a renewal date: only ServiceNow's are known."""
    rows = marts.rows(
        f"""SELECT DISTINCT coalesce(application_name, application_id) AS name, cost
            FROM {SPEND} WHERE is_current AND name NOT ILIKE '%servicenow%'
                AND NOT EXISTS (SELECT 1 FROM {MART} AS known WHERE known.kind = 'saas subscription'
                                AND known.name = coalesce(application_name, application_id))
            ORDER BY cost DESC NULLS LAST, name"""
    )
    if not rows:
        return []
    named = [breakable(row["name"]) for row in rows[:NAMED]]
    if len(rows) > NAMED:
        named.append(f"{number(len(rows) - NAMED)} more")
    return [
        "Of the SaaS products, Snow Atlas has renewal dates of ServiceNow only. It has none of "
        f"{listed(named)}."
    ]


def _axis_end(today: date, last: date) -> date:
    """Return the last end, or two months from now if that is later."""
    return max(last, today + timedelta(days=60))
