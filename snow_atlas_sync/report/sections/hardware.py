"""Computers to replace."""

from __future__ import annotations

from snow_atlas_sync.report.charts import Bar, bars
from snow_atlas_sync.report.content import Part, Section, Table
from snow_atlas_sync.report.marts import Marts
from snow_atlas_sync.report.text import NOTHING, amounts, count, day, listed, money, number, share

MART = "snow_atlas__hardware_refresh"
NEEDED = ("computers",)
SHOWN = 8
OLDEST = 6
"""Years of age from which computers are counted together."""


def section(marts: Marts, names: bool) -> Section:
    return Section("hardware", "Hardware refresh", [_part(marts, names)])


def _part(marts: Marts, names: bool) -> Part:
    title = "Which computers should be replaced?"
    counts = marts.row(
        f"""SELECT count(*) AS computers, count(*) FILTER (is_virtual) AS virtual,
                   count(*) FILTER (advice = 'replace') AS replace,
                   count(*) FILTER (advice = 'plan') AS plan, count(*) FILTER (advice = 'keep') AS keep,
                   count(*) FILTER (NOT is_virtual AND in_service_on IS NULL) AS ageless,
                   count(*) FILTER (advice IS NOT NULL AND unknown_parts > 0) AS partly
            FROM {MART}"""
    )
    if not counts["computers"]:
        return Part(title, MART, absence=marts.absence(NEEDED, "Snow Atlas knows no computer."))
    rows = marts.rows(
        f"""SELECT CASE WHEN age_days IS NULL THEN -1
                   ELSE least(cast(floor(age_days / 365.25) AS integer), {OLDEST}) END AS years,
                   count(*) AS computers, count(*) FILTER (advice = 'replace') AS replace,
                   count(*) FILTER (advice = 'plan') AS plan,
                   count(*) FILTER (advice = 'keep') AS keep
            FROM {MART} WHERE advice IS NOT NULL GROUP BY years ORDER BY years = -1, years DESC"""
    )
    physical = counts["computers"] - counts["virtual"]
    picture = (
        bars(
            [
                Bar(
                    _age(row["years"]),
                    {kind: row[kind] for kind in ("replace", "plan", "keep")},
                    f"{number(row['computers'])}"
                    + (f", replace {number(row['replace'])}" if row["replace"] else ""),
                )
                for row in rows
            ],
            {"replace": ("bad", "replace"), "plan": ("warn", "plan"), "keep": ("good-soft", "keep")},
            caption="Physical computers by age, and what to do with them",
            alternative="Bars by age: "
            + listed(
                [
                    f"{_age(row['years'])}, {row['computers']} computers, {row['replace']} to replace and "
                    f"{row['plan']} to plan for"
                    for row in rows
                ]
            )
            + ".",
        )
        if rows
        else None
    )
    lead = (
        f"Of {count(physical, 'physical computer')}, {number(counts['replace'])} should be replaced"
        f" ({share(counts['replace'], physical)}) and {number(counts['plan'])} planned for. The score counts "
        "age, the support of the"
        " operating system, whether the owner is still there, and the last scan."
    )
    notes = []
    if counts["partly"]:
        notes.append(
            f"Of {count(counts['partly'], 'computer')} a part of the score is not known and counts as none; "
            "of"
            f" {number(counts['ageless'])} that is the age."
        )
    value = amounts(
        marts.rows(
            f"SELECT currency, sum(purchase_value) AS cost, count(*) AS weight FROM {MART} WHERE advice = "
            "'replace' GROUP BY currency"
        ),
        "cost",
    )
    if value:
        notes.append(
            f"Those to replace once cost {listed([money(amount, code) for code, amount in value.items()])}, "
            "where a price is known."
        )
    return Part(title, MART, lead, picture, _computers(marts) if names else _models(marts), notes)


def _age(years: int) -> str:
    if years < 0:
        return "age unknown"
    if years == OLDEST:
        return f"{years} years and older"
    return "under 1 year" if years == 0 else f"{years} to {years + 1} years"


def _models(marts: Marts) -> Table | None:
    rows = marts.rows(
        f"""SELECT coalesce(concat_ws(' ', nullif(trim(manufacturer), ''),
                   nullif(trim(model), '')), '') AS machine,
                   count(*) AS computers, count(*) FILTER (advice = 'replace') AS replace,
                   count(*) FILTER (advice = 'plan') AS plan,
                   min(in_service_on) AS oldest, count(*) FILTER (system_support = 'ended') AS unsupported,
                   count(*) FILTER (owner_status IN ('gone', 'nobody')) AS ownerless
            FROM {MART} WHERE advice IS NOT NULL GROUP BY machine HAVING replace + plan > 0
            ORDER BY replace DESC, plan DESC, machine LIMIT {SHOWN}"""
    )
    if not rows:
        return None
    return Table(
        [
            ("Model", False),
            ("Computers", True),
            ("Replace", True),
            ("Plan", True),
            ("Oldest from", False),
            ("System unsupported", True),
            ("No owner", True),
        ],
        [
            (
                row["machine"] or "unknown",
                number(row["computers"]),
                number(row["replace"]),
                number(row["plan"]),
                day(row["oldest"]),
                number(row["unsupported"]),
                number(row["ownerless"]),
            )
            for row in rows
        ],
        "The models with most computers to replace.",
    )


def _computers(marts: Marts) -> Table | None:
    rows = marts.rows(
        f"""SELECT coalesce(host_name, computer_id) AS computer, model, in_service_on, operating_system,
                   last_scanned_on, score,
                   coalesce(owners.full_name, owners.user_name, owner_id) AS owner, owner_status
            FROM {MART} LEFT JOIN stg_snow_atlas__user_accounts AS owners ON owners.id = owner_id
            WHERE advice IS NOT NULL AND score > 0 ORDER BY score DESC, in_service_on, computer LIMIT 12"""
    )
    if not rows:
        return None
    return Table(
        [
            ("Computer", False),
            ("Model", False),
            ("Owner", False),
            ("In service", False),
            ("System", False),
            ("Last scan", False),
            ("Score", True),
        ],
        [
            (
                row["computer"],
                row["model"] or NOTHING,
                " ".join(filter(None, [row["owner"], f"({row['owner_status']})"])),
                day(row["in_service_on"]),
                row["operating_system"] or NOTHING,
                day(row["last_scanned_on"]),
                number(row["score"]),
            )
            for row in rows
        ],
        "The computers with the highest score.",
    )
