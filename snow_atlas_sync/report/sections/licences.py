"""Licences that are short or to spare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snow_atlas_sync.report.charts import Bar, bars
from snow_atlas_sync.report.content import Absence, KeyFigure, Part, Picture, Section, Table
from snow_atlas_sync.report.marts import Marts
from snow_atlas_sync.report.text import (
    NOTHING,
    amounts,
    count,
    listed,
    money,
    number,
    price_evidence,
    rest,
    short_money,
    short_number,
    unit_price,
)

MART = "snow_atlas__license_position"
NEEDED = ("license_compliance_summary",)
SHOWN, MAKERS, REASONS = 10, 8, 4

HOW = (
    "Licences that are short by Snow Atlas' own compliance figures, at the average price paid for a licence "
    "of the application; if none was bought, at the list price in Snow Atlas."
)


def key_figure(marts: Marts) -> KeyFigure:
    rows = marts.rows(
        f"""SELECT currency, sum(exposure) FILTER (NOT is_weak_price) AS exposure,
                   sum(exposure) FILTER (is_weak_price) AS weak, count(*) AS weight
            FROM {MART} WHERE scope = 'estate' AND under_licensed > 0 GROUP BY currency"""
    )
    sums = amounts(rows, "exposure")
    counts = _counts(marts)
    title = "Licence shortfall"
    if not counts["positions"]:
        return KeyFigure(title, NOTHING, HOW, MART, "licences", absence=_absence(marts))
    more = [
        *rest(sums),
        *[
            f"{short_money(value, code)} at a doubtful price, not counted"
            for code, value in amounts(rows, "weak").items()
        ],
        f"{count(counts['short'], 'position')} short"
        + (f", {number(counts['unpriced'])} of them without a price" if counts["unpriced"] else ""),
    ]
    value = (
        short_money(next(iter(sums.values())), next(iter(sums))) if sums else number(counts["licences_short"])
    )
    if not sums:
        more = [f"licences short in {count(counts['short'], 'position')}; no price is known"]
    return KeyFigure(
        title,
        value,
        HOW,
        MART,
        "licences",
        more,
        is_money=bool(sums),
        currency=next(iter(sums), None),
        exact=next(iter(sums.values()), counts["licences_short"]),
    )


def section(marts: Marts) -> Section:
    counts = _counts(marts)
    title = "What are we short of, and what have we too much of?"
    if not counts["positions"]:
        return Section("licences", "Licence position", [Part(title, MART, absence=_absence(marts))])
    lead = (
        f"Of {count(counts['positions'], 'licence position')} (an application with its metric), "
        f"{number(counts['short'])} are short,"
        f" {number(counts['balanced'])} balanced and {number(counts['surplus'])} have licences to spare."
    )
    picture, notes = _picture(marts)
    return Section(
        "licences",
        "Licence position",
        [Part(title, MART, lead, picture, _table(marts, counts["short"]), notes)],
    )


def _absence(marts: Marts) -> Absence:
    return marts.absence(NEEDED, "No application has a licence position.")


def _counts(marts: Marts) -> dict[str, int]:
    return dict(
        marts.row(
            f"""SELECT count(*) AS positions,
                       count(*) FILTER (position = 'short') AS short,
                       count(*) FILTER (position = 'balanced') AS balanced,
                       count(*) FILTER (position = 'surplus') AS surplus,
                       count(*) FILTER (position = 'short' AND unit_price IS NULL) AS unpriced,
                       coalesce(sum(under_licensed), 0) AS licences_short
                FROM {MART} WHERE scope = 'estate'"""
        )
    )


def _picture(marts: Marts) -> tuple[Picture | None, list[str]]:
    """Draw shortfall and surplus by maker, in the currency of most of the money."""
    rows = marts.rows(
        f"""SELECT coalesce(manufacturer, 'Unknown maker') AS maker, currency,
                   coalesce(sum(exposure), 0) AS exposure, coalesce(sum(surplus_value), 0) AS surplus,
                   coalesce(sum(exposure), 0) + coalesce(sum(surplus_value), 0) AS money, count(*) AS weight
            FROM {MART} WHERE scope = 'estate' AND NOT is_weak_price
            GROUP BY ALL HAVING money > 0 ORDER BY money DESC, maker"""
    )
    sums = amounts(rows, "money")
    if not sums:
        return None, [
            "No price is known of any of these licences, so there is no chart of what they are worth."
        ]
    currency = next(iter(sums))
    own = [row for row in rows if row["currency"] == currency]
    shown = own[:MAKERS]
    top = shown[0]
    picture = bars(
        [
            Bar(
                row["maker"],
                {"short": -float(row["exposure"]), "surplus": float(row["surplus"])},
                short_number(row["surplus"]) if row["surplus"] else "",
                short_number(row["exposure"]) if row["exposure"] else "",
            )
            for row in shown
        ],
        {
            "short": ("bad", "licences short, to the left"),
            "surplus": ("good", "licences to spare, to the right"),
        },
        caption=f"What is short and to spare, by maker, in {currency or 'money without a currency'}",
        alternative=(
            f"Bars by maker. The largest is {top['maker']} with a shortfall of "
            f"{money(top['exposure'], currency)} and a surplus of"
            f" {money(top['surplus'], currency)}. The makers shown are "
            f"{listed([row['maker'] for row in shown])}."
        ),
    )
    notes = []
    if len(sums) > 1:
        others = listed([short_money(value, code) for code, value in list(sums.items())[1:]])
        notes.append(f"Not in the chart, as amounts of different currencies are never added up: {others}.")
    return picture, notes


def _table(marts: Marts, short: int) -> Table | None:
    rows = marts.rows(
        f"""SELECT application_name, application_id, metric_name, required, covered, under_licensed,
                   exposure, currency, installations, own_count, own_count_of, adjusted_by, is_weak_price,
                   unit_price AS price, other_price, price_purchases AS purchases, price_licenses AS licenses,
                   price_last_bought_on AS bought_on,
                   sum(CASE WHEN exposure > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY currency) AS alike
            FROM {MART} WHERE scope = 'estate' AND under_licensed > 0
            ORDER BY is_weak_price, exposure IS NULL, alike DESC, currency, exposure DESC,
                under_licensed DESC, application_name LIMIT {SHOWN}"""
    )
    if not rows:
        return None
    return Table(
        [
            ("Application", False),
            ("Metric", False),
            ("Requirement", False),
            ("Covered", True),
            ("Short", True),
            ("Licence price", True),
            ("Worth", True),
            ("Price from", False),
        ],
        [
            (
                row["application_name"] or row["application_id"],
                row["metric_name"] or NOTHING,
                _requirement(row),
                number(row["covered"]),
                number(row["under_licensed"]),
                unit_price(row["price"], row["currency"]),
                money(row["exposure"], row["currency"]),
                _evidence(row),
            )
            for row in rows
        ],
        f"The {len(rows)} largest of {count(short, 'shortfall')}." if short > len(rows) else "",
    )


def _requirement(row: Mapping[str, Any]) -> str:
    """Return how many licences are required, and what they are counted from, as far as known."""
    found = []
    if row["installations"] is not None:
        found.append(count(row["installations"], "installation"))
    if row["own_count"] is not None and row["own_count_of"] != "devices":
        found.append(f"{number(row['own_count'])} {row['own_count_of']}")
    said = ", ".join([f"{number(row['required'])} required", *found])
    reasons = (row["adjusted_by"] or "").split("; ")
    if len(reasons) > REASONS:
        reasons[REASONS:] = [count(len(reasons) - REASONS, "more reason")]
    return f"{said} ({', '.join(reasons)})" if row["adjusted_by"] else said


def _evidence(row: Mapping[str, Any]) -> str:
    """Return what a price is based on; a doubtful one is shown with the price that contradicts it."""
    said = price_evidence(row)
    if not row["is_weak_price"]:
        return said
    other = f", {unit_price(row['other_price'], row['currency'])} elsewhere" if row["other_price"] else ""
    return f"{said}; doubtful, not counted{other}"
