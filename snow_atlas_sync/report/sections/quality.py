"""Checks of the data that the other figures depend on."""

from __future__ import annotations

from snow_atlas_sync.report.charts import Bar, bars
from snow_atlas_sync.report.content import Absence, Part, Section, Table
from snow_atlas_sync.report.marts import SUBJECTS, Marts, streams_of
from snow_atlas_sync.report.text import NOTHING, count, listed, number, share

MART = "snow_atlas__data_quality"
SHOWN = 10


def section(marts: Marts, names: bool) -> Section:
    return Section("quality", "Data quality", [_part(marts, names)])


def _part(marts: Marts, names: bool) -> Part:
    title = "How far can these figures be trusted?"
    rows = marts.rows(
        f"SELECT title, area, failing, checked, share, status, examples, affected_marts FROM {MART}"
        # the end of the page says which streams are missing
        " WHERE check_name NOT LIKE 'streams_%' ORDER BY share DESC NULLS LAST, failing DESC, title"
    )
    if streams_of(MART).isdisjoint(marts.synced):
        return Part(title, MART, absence=marts.absence(sorted(streams_of(MART)), ""))
    looked_at = [row for row in rows if row["status"] not in ("nothing to check", "not synced")]
    if not [row for row in looked_at if row["area"] != "streams"]:
        return Part(
            title, MART, absence=Absence("There is nothing to check: no stream that was synced has a row.")
        )
    found = [row for row in looked_at if row["failing"]]
    lead = (
        f"{number(len(found))} of {count(len(looked_at), 'check')} found something to mend in Snow Atlas"
        + (
            f"; {number(len(rows) - len(looked_at))} had nothing to look at."
            if len(rows) > len(looked_at)
            else "."
        )
    )
    shown = found[:SHOWN]
    picture = (
        bars(
            [
                Bar(
                    row["title"],
                    {"failing": 100 * row["failing"] / row["checked"]},
                    f"{share(row['failing'], row['checked'])}, {number(row['failing'])} of "
                    f"{number(row['checked'])}",
                )
                for row in shown
            ],
            {"failing": ("warn", "failing")},
            caption="Share of the rows that fail each check",
            alternative="Bars by check: "
            + listed([f"{row['title']}, {share(row['failing'], row['checked'])}" for row in shown])
            + ".",
            long_names=True,
        )
        if shown
        else None
    )
    columns = [
        ("What is wrong", False),
        ("Area", False),
        ("Found", True),
        ("Looked at", True),
        ("Figures that suffer", False),
    ]
    if names:
        columns.append(("Examples", False))
    table = Table(
        columns,
        [
            (
                row["title"],
                row["area"],
                number(row["failing"]),
                number(row["checked"]),
                _figures(row["affected_marts"]),
                *([row["examples"] or NOTHING] if names else []),
            )
            for row in shown
        ],
        f"The first {SHOWN} of {number(len(found))}." if len(found) > SHOWN else "",
    )
    return Part(title, MART, lead, picture, table if shown else None)


def _figures(marts: str | None) -> str:
    """Return the marts of a check under the page's names."""
    names = [name.strip() for name in (marts or "").split(",") if name.strip()]
    return ", ".join(SUBJECTS.get(name, name) for name in names) or NOTHING
