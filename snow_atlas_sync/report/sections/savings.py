"""Unused software and SaaS seats that cost money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from snow_atlas_sync.report.charts import Bar, bars
from snow_atlas_sync.report.content import KeyFigure, Part, Picture, Section, Table
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
    share,
    short_money,
    unit_price,
)

SOFTWARE = "snow_atlas__reclaimable_software"
SEATS, SPEND = "snow_atlas__saas_seats", "snow_atlas__saas_spend"
SOFTWARE_NEEDED = ("computer_applications", "applications")
SEATS_NEEDED = ("saas_user_subscriptions",)
SHOWN = 8

HOW_SOFTWARE = (
    "Installations that nobody has used for 90 days, or ever, at the average price paid for a licence of the "
    "application, up to the number of licences owned. A freed licence saves a purchase; it is not money "
    "back. If the application is short of licences, removals lower the shortfall and save nothing."
)
HOW_SEATS = (
    "Monthly price of the seats that were never used, or not for more than 30 days. A seat without a price "
    "of its own counts at its application's cost divided by its seats. Seats that are bought but not "
    "assigned are left out."
)

SEAT_COSTS = (
    "Amounts are for a month. The price is the mean of the unused seats; the total covers all seats, each at "
    "its own price."
)

Row = Mapping[str, Any]


def software_figure(marts: Marts) -> KeyFigure:
    rows = marts.rows(
        f"""SELECT currency, sum(saving) FILTER (NOT is_weak_price) AS saving,
                   sum(saving) FILTER (is_weak_price) AS weak, sum(shortfall_lowered) AS lowered,
                   count(*) AS weight
            FROM {SOFTWARE} GROUP BY currency"""
    )
    sums = amounts(rows, "saving")
    beside = [
        f"{listed([short_money(value, code) for code, value in found.items()])} {words}"
        for found, words in (
            (amounts(rows, "lowered"), "more would lower shortfalls"),
            (amounts(rows, "weak"), "at a doubtful price, not counted"),
        )
        if found
    ]
    counts = _software_counts(marts)
    title = "Reclaimable software"
    if not counts["installations"]:
        absence = marts.absence(SOFTWARE_NEEDED, "Nothing installed is unused.")
        return KeyFigure(title, NOTHING, HOW_SOFTWARE, SOFTWARE, "savings", absence=absence)
    said = (
        f"{number(counts['removable'])} of {count(counts['installations'], 'unused installation')} "
        "could be removed"
    )
    if not sums:
        return KeyFigure(
            title,
            number(counts["removable"]),
            HOW_SOFTWARE,
            SOFTWARE,
            "savings",
            [
                f"of {count(counts['installations'], 'unused installation')} could be removed; none of them "
                "frees a licence with a price",
                *beside,
            ],
            exact=counts["removable"],
        )
    code, value = next(iter(sums.items()))
    more = [*rest(sums), *beside, said]
    worth = short_money(value, code)
    return KeyFigure(
        title, worth, HOW_SOFTWARE, SOFTWARE, "savings", more, is_money=True, currency=code, exact=value
    )


def seats_figure(marts: Marts) -> KeyFigure:
    rows = marts.rows(
        f"SELECT currency, sum(saving_per_month) AS saving, count(*) AS weight FROM {SEATS} WHERE is_unused "
        "GROUP BY currency"
    )
    sums = amounts(rows, "saving")
    counts = _seat_counts(marts)
    title = "Unused SaaS seats"
    if not counts["seats"]:
        absence = marts.absence(SEATS_NEEDED, "Nobody holds a seat of a SaaS subscription.")
        return KeyFigure(title, NOTHING, HOW_SEATS, SEATS, "savings", absence=absence)
    said = (
        f"{number(counts['unused'])} of {count(counts['seats'], 'seat')}, "
        f"{share(counts['unused'], counts['seats'])}"
    )
    if not sums:
        return KeyFigure(
            title, number(counts["unused"]), HOW_SEATS, SEATS, "savings", [said], exact=counts["unused"]
        )
    code, value = next(iter(sums.items()))
    more = [*(f"{line} a month" for line in rest(sums)), said]
    worth = short_money(value, code)
    return KeyFigure(
        title, worth, HOW_SEATS, SEATS, "savings", more, "a month", is_money=True, currency=code, exact=value
    )


def section(marts: Marts, names: bool) -> Section:
    return Section("savings", "Money to save", [_software(marts), _seats(marts, names)])


def _software_counts(marts: Marts) -> Row:
    return marts.row(
        f"""SELECT count(*) AS installations, count(DISTINCT computer_id) AS computers,
                   count(DISTINCT application_id) AS applications,
                   count(*) FILTER (effect = 'use not recorded') AS not_recorded,
                   count(*) FILTER (effect = 'part of a suite') AS in_suites,
                   count(*) FILTER (effect NOT IN ('use not recorded', 'part of a suite')) AS removable
            FROM {SOFTWARE}"""
    )


def _software(marts: Marts) -> Part:
    title = "Which installed software does nobody use?"
    counts = _software_counts(marts)
    if not counts["installations"]:
        return Part(title, SOFTWARE, absence=marts.absence(SOFTWARE_NEEDED, "Nothing installed is unused."))
    rows = marts.rows(
        f"""SELECT coalesce(application_name, application_id) AS application, currency,
                   count(*) AS installations,
                   count(DISTINCT computer_id) AS computers,
                   coalesce(sum(saving) FILTER (reason = 'unused'), 0) AS unused,
                   coalesce(sum(saving) FILTER (reason = 'never used'), 0) AS never_used,
                   count(*) FILTER (effect = 'frees a licence') AS freed,
                   count(*) FILTER (effect = 'lowers the shortfall') AS lowering,
                   sum(saving) FILTER (NOT is_weak_price) AS saving, sum(saving) AS any_saving,
                   count(saving) AS weight, bool_or(is_weak_price) AS is_weak,
                   sum(shortfall_lowered) AS lowered, max(licenses_owned) AS owned,
                   max(licenses_short) AS short, max(license_price) AS price,
                   max(price_purchases) AS purchases,
                   max(price_licenses) AS licenses, max(price_last_bought_on) AS bought_on,
                   max(other_price) AS other_price, any_value(effect) AS effect
            FROM {SOFTWARE} GROUP BY application_id, application, currency
            ORDER BY saving DESC NULLS LAST, lowered DESC NULLS LAST, installations DESC, application"""
    )
    sums = amounts(rows, "saving")
    found = [f"{number(counts['removable'])} could be removed"]
    if counts["not_recorded"]:
        found.append(
            f"{number(counts['not_recorded'])} are of software whose use is not recorded on any computer"
        )
    if counts["in_suites"]:
        found.append(f"{number(counts['in_suites'])} came with a suite")
    weak = [row for row in rows if row["is_weak"] and (row["any_saving"] or row["lowered"])]
    notes = [
        f"Not counted, as the price is doubtful: {row['application']} at "
        f"{unit_price(row['price'], row['currency'])} by {count(row['licenses'], 'licence')}, against "
        f"{unit_price(row['other_price'], row['currency'])} elsewhere."
        for row in weak[:3]
    ]
    picture: Picture | None = None
    if sums:
        code = next(iter(sums))
        shown = [row for row in rows if row["currency"] == code and row["saving"]][:SHOWN]
        rows.sort(key=lambda row: (row["currency"] != code, row["currency"] is None, row["currency"] or ""))
        picture = bars(
            [
                Bar(
                    row["application"],
                    {"unused": row["unused"], "never used": row["never_used"]},
                    f"{short_money(row['saving'], code)}",
                )
                for row in shown
            ],
            {"unused": ("accent", "not used for 90 days"), "never used": ("accent-soft", "never used")},
            caption=(
                "Value of licences that would be freed, by application, in "
                f"{code or 'money without a currency'}"
            ),
            alternative=(
                f"Bars by application, the largest first: {listed([row['application'] for row in shown])}. "
                "The first would free"
                f" {money(shown[0]['saving'], code)} on {count(shown[0]['computers'], 'computer')}."
            ),
        )
        if len(sums) > 1:
            others = listed([f"{short_money(value, other)}" for other, value in list(sums.items())[1:]])
            notes.append(f"Not in the chart, as it is in other currencies: {others}.")
    lead = (
        f"Of {count(counts['installations'], 'unused installation')} "
        f"({count(counts['applications'], 'application')} on {count(counts['computers'], 'computer')}), "
        f"{listed(found)}."
    )
    reasons = [_why_not_all(row) for row in rows[:SHOWN]]
    table = Table(
        [
            ("Application", False),
            ("Unused on", True),
            ("Owned", True),
            ("Frees", True),
            ("Licence price", True),
            ("Saves", True),
            *([("Why not all", False)] if any(reasons) else []),
            ("Price from", False),
        ],
        [
            (
                row["application"],
                number(row["installations"]),
                number(row["owned"]),
                number(row["freed"]),
                unit_price(row["price"], row["currency"]),
                money(row["saving"], row["currency"]),
                *([reason or NOTHING] if any(reasons) else []),
                price_evidence(row),
            )
            for row, reason in zip(rows, reasons, strict=False)
        ],
        f"The first {SHOWN} of {count(len(rows), 'application')}." if len(rows) > SHOWN else "",
    )
    return Part(title, SOFTWARE, lead, picture, table, notes)


def _why_not_all(row: Row) -> str:
    """Return why an application frees fewer licences than it has unused installations, if it does."""
    if row["is_weak"]:
        return "doubtful price"
    if row["lowering"]:
        lowered = f", worth {money(row['lowered'], row['currency'])}" if row["lowered"] else ""
        return f"{number(row['short'])} short: {number(row['lowering'])} lower that{lowered}"
    if row["freed"] == row["installations"]:
        return ""
    return str(row["effect"]) if not row["freed"] else f"only {number(row['owned'])} owned"


def _seat_counts(marts: Marts) -> Row:
    return marts.row(
        f"""SELECT count(*) AS seats, count(*) FILTER (is_unused) AS unused,
                   count(*) FILTER (is_unused AND is_account_enabled = false) AS leavers
            FROM {SEATS}"""
    )


def _seats(marts: Marts, names: bool) -> Part:
    title = "Which SaaS seats does nobody use?"
    counts = _seat_counts(marts)
    if not counts["seats"]:
        absence = marts.absence(SEATS_NEEDED, "Nobody holds a seat of a SaaS subscription.")
        return Part(title, SEATS, absence=absence)
    rows = marts.rows(
        f"""SELECT coalesce(application_name, application_id, 'Unknown application') AS application,
                   currency, count(*) AS seats,
                   count(*) FILTER (activity = 'active') AS active,
                   count(*) FILTER (activity = 'idle') AS idle,
                   count(*) FILTER (activity = 'never used') AS never_used,
                   count(*) FILTER (activity IN ('not monitored', 'unknown')) AS other,
                   count(*) FILTER (is_unused) AS unused, sum(saving_per_month) AS saving
            FROM {SEATS} GROUP BY application_id, application, currency
            ORDER BY saving DESC NULLS LAST, unused DESC, application"""
    )
    shown = rows[:SHOWN]
    picture = bars(
        [
            Bar(
                row["application"],
                {kind: row[kind] for kind in ("active", "idle", "never_used", "other")},
                f"{number(row['unused'])} of {number(row['seats'])} unused",
            )
            for row in shown
        ],
        {
            "active": ("good-soft", "active"),
            "idle": ("warn", "idle for more than 30 days"),
            "never_used": ("bad", "never used"),
            "other": ("neutral", "not monitored"),
        },
        caption="Seats by application, those first whose unused seats cost most",
        alternative=(
            "Bars of seats by application: "
            + listed(
                [f"{row['application']} with {row['unused']} of {row['seats']} seats unused" for row in shown]
            )
            + "."
        ),
    )
    lead = (
        f"{number(counts['unused'])} of {count(counts['seats'], 'seat')} are idle or were never used"
        f" ({share(counts['unused'], counts['seats'])})"
        + (
            f"; {number(counts['leavers'])} of them belong to accounts that are switched off."
            if counts["leavers"]
            else "."
        )
    )
    table = _seat_holders(marts) if names else _seat_applications(marts, rows)
    return Part(title, SEATS, lead, picture, table, () if names else [SEAT_COSTS])


def _seat_applications(marts: Marts, rows: list[Row]) -> Table:
    spend = {
        row["application"]: row
        for row in marts.rows(
            f"""SELECT coalesce(application_name, application_id, 'Unknown application') AS application,
                   cost, unassigned_seats, cost_of_unassigned, is_sanctioned
                FROM {SPEND} WHERE is_current"""
        )
    }
    shown = rows[:SHOWN]
    approved = {True: "yes", False: "no", None: NOTHING}
    return Table(
        [
            ("Application", False),
            ("Seats held", True),
            ("Unused", True),
            ("Price", True),
            ("Cost of unused", True),
            ("Bought, not assigned", True),
            ("Cost of unassigned", True),
            ("Total cost", True),
            ("Approved", False),
        ],
        [
            (
                row["application"],
                number(row["seats"]),
                number(row["unused"]),
                unit_price(_mean(row), row["currency"]),
                money(row["saving"], row["currency"]),
                number(whole.get("unassigned_seats")),
                money(whole.get("cost_of_unassigned"), row["currency"]),
                money(whole.get("cost"), row["currency"]),
                approved[whole.get("is_sanctioned")],
            )
            for row, whole in ((row, spend.get(row["application"], {})) for row in shown)
        ],
        f"The first {SHOWN} of {count(len(rows), 'application')}." if len(rows) > SHOWN else "",
    )


def _mean(row: Row) -> Decimal | None:
    """Return what an unused seat costs on average."""
    return row["saving"] / row["unused"] if row["saving"] is not None and row["unused"] else None


def _seat_holders(marts: Marts) -> Table:
    rows = marts.rows(
        f"""SELECT coalesce(users.display_name, users.username, seats.user_id) AS holder, seats.department,
                   coalesce(seats.application_name, seats.application_id) AS application, seats.activity,
                   seats.last_active_on,
                   seats.saving_per_month, seats.currency
            FROM {SEATS} AS seats LEFT JOIN stg_snow_atlas__saas_users AS users ON users.id = seats.user_id
            WHERE seats.is_unused ORDER BY seats.saving_per_month DESC NULLS LAST, holder,
                application LIMIT 12"""
    )
    return Table(
        [
            ("Seat of", False),
            ("Department", False),
            ("Application", False),
            ("Last active", False),
            ("Would save a month", True),
        ],
        [
            (
                row["holder"],
                row["department"] or NOTHING,
                row["application"] or NOTHING,
                row["activity"] if row["last_active_on"] is None else f"{row['last_active_on']:%Y-%m-%d}",
                money(row["saving_per_month"], row["currency"]),
            )
            for row in rows
        ],
        "The unused seats that cost most.",
    )
