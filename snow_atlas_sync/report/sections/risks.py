"""Software without support, and Oracle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snow_atlas_sync.report.charts import Bar, bars
from snow_atlas_sync.report.content import KeyFigure, Part, Section, Table
from snow_atlas_sync.report.marts import Marts
from snow_atlas_sync.report.text import NOTHING, count, day, listed, number, short_number

LIFECYCLE, ORACLE = "snow_atlas__software_lifecycle", "snow_atlas__oracle_exposure"
LIFECYCLE_NEEDED = ("applications", "computer_applications")
ORACLE_NEEDED = (
    "oracle_database_product_compliance",
    "oracle_middleware_product_compliance",
    "oracle_java_installations",
)
SHOWN = 10
EACH = {"ended": 5, "ending": 3, "extended support": 2}
"""Applications of each status that the chart shows; more where another status has fewer."""
SUITES = "The programs of a suite are counted with the suite, unless they are used without it."
NOTHING_ENDS = "No installed software is out of support, or will be within a year."
NO_ORACLE = "Snow Atlas knows no Oracle product in use."

HOW = (
    "Installations on active computers, used in the last 90 days, whose maker has ended regular and extended "
    "support. Operating systems always count as used, and a suite counts once, with all its programs."
)
IN_USE = "computers_in_use - coalesce(computers_in_use_by_suite, 0)"
"""Installations in use; a suite counts as one."""

HOW_ORACLE = (
    "Oracle licences that servers and virtual machines lack by Snow Atlas' compliance figures, at the prices "
    "of your own orders, in the tenant's base currency, which the API does not name. If processor and user "
    "licences are short in one place, the cheaper of the two counts."
)

Row = Mapping[str, Any]


def oracle_figure(marts: Marts) -> KeyFigure:
    title = "Oracle shortfall"
    found = _oracle_counts(marts)
    if not found["findings"]:
        absence = marts.absence(ORACLE_NEEDED, NO_ORACLE)
        return KeyFigure(title, NOTHING, HOW_ORACLE, ORACLE, "risks", absence=absence)
    more = [_oracle_short(found) or "no licences short", _oracle_products(found)]
    if found["cost"]:
        value, unit = short_number(found["cost"]), "(base currency of the tenant)"
    else:
        value, _, unit = count(found["products"], "product").partition(" ")
        more[1] = "with too few licences or none" + ("; no price is known" if found["products"] else "")
    if found["datacenter_cost"]:
        further = " more" if found["cost"] else ""
        cost = short_number(found["datacenter_cost"])
        more.append(f"{cost}{further} on datacenters, which may be the same processors")
    return KeyFigure(
        title,
        value,
        HOW_ORACLE,
        ORACLE,
        "risks",
        more,
        unit,
        is_money=bool(found["cost"]),
        exact=found["cost"] or found["products"],
    )


def key_figure(marts: Marts) -> KeyFigure:
    counts = _counts(marts)
    title = "Software without support"
    if not counts["applications"]:
        return KeyFigure(
            title, NOTHING, HOW, LIFECYCLE, "risks", absence=marts.absence(LIFECYCLE_NEEDED, NOTHING_ENDS)
        )
    return KeyFigure(
        title,
        number(counts["ended"]),
        HOW,
        LIFECYCLE,
        "risks",
        [
            f"in use, of {count(counts['applications_ended'], 'application')}",
            f"{number(counts['ending'])} more lose support within a year",
        ],
        "installation" if counts["ended"] == 1 else "installations",
        exact=counts["ended"],
    )


def section(marts: Marts) -> Section:
    return Section("risks", "Risks", [_lifecycle(marts), _oracle(marts)])


def _counts(marts: Marts) -> Row:
    return marts.row(
        f"""SELECT count(*) AS applications,
                   coalesce(sum({IN_USE}) FILTER (status = 'ended'), 0) AS ended,
                   count(DISTINCT application_id) FILTER (status = 'ended') AS applications_ended,
                   coalesce(sum({IN_USE}) FILTER (status = 'ending'), 0) AS ending,
                   coalesce(sum({IN_USE}) FILTER (status = 'extended support'), 0) AS extended
            FROM {LIFECYCLE}"""
    )


def _lifecycle(marts: Marts) -> Part:
    title = "Which software do we use that nobody supports?"
    counts = _counts(marts)
    if not counts["applications"]:
        return Part(title, LIFECYCLE, absence=marts.absence(LIFECYCLE_NEEDED, NOTHING_ENDS))
    rows = marts.rows(
        f"""SELECT coalesce(application_name, application_id) AS application, status, ends_on,
                   bool_or(is_operating_system) AS is_system,
                   sum({IN_USE}) AS in_use, sum(computers_in_use_by_suite) AS by_suite,
                   sum(computers) AS computers, sum(servers) AS servers
            FROM {LIFECYCLE} GROUP BY application_id, application, status, ends_on
            ORDER BY CASE status WHEN 'ended' THEN 0 WHEN 'ending' THEN 1 ELSE 2 END, in_use DESC,
                application"""
    )
    used = [row for row in rows if row["in_use"]]
    shown = _spread(used)
    picture = (
        bars(
            [
                Bar(
                    row["application"],
                    {row["status"]: row["in_use"]},
                    f"{number(row['in_use'])}, {_until(row)}",
                )
                for row in shown
            ],
            {
                "ended": ("bad", "all support has ended"),
                "ending": ("warn", "support ends within a year"),
                "extended support": ("neutral", "only extended support is left"),
            },
            caption="Computers that use it, by application",
            alternative="Bars by application: "
            + listed([f"{row['application']} on {row['in_use']} computers, {_until(row)}" for row in shown])
            + ".",
        )
        if shown
        else None
    )
    lead = (
        f"{count(counts['ended'], 'installation')} in use are out of support, "
        f"{number(counts['ending'])} lose it within a year, and"
        f" {number(counts['extended'])} are left with extended support."
    )
    table = Table(
        [
            ("Application", False),
            ("Support", False),
            ("Ends", False),
            ("Computers", True),
            ("In use", True),
            ("Servers", True),
        ],
        [
            (
                row["application"],
                row["status"],
                day(row["ends_on"]),
                number(row["computers"]),
                number(row["in_use"]),
                number(row["servers"]),
            )
            for row in rows[:SHOWN]
        ],
        f"The first {SHOWN} of {count(len(rows), 'application')}, those without support first."
        if len(rows) > SHOWN
        else "",
    )
    notes = [SUITES] if any(row["by_suite"] for row in rows) else []
    return Part(title, LIFECYCLE, lead, picture, table, notes)


def _until(row: Row) -> str:
    ended = row["status"] == "ended"
    if row["ends_on"] is None:
        return "ended" if ended else "ends"
    return f"{'ended' if ended else 'until'} {row['ends_on']:%b %Y}"


def _spread(rows: list[Row]) -> list[Row]:
    """Return the rows of the chart: the first of each status, then others until it is full."""
    first = [
        row
        for status, most in EACH.items()
        for row in [row for row in rows if row["status"] == status][:most]
    ]
    others = [row for row in rows if row not in first][: SHOWN - len(first)]
    return sorted([*first, *others], key=rows.index)


def _oracle(marts: Marts) -> Part:
    title = "Where do we use Oracle without the licences it needs?"
    counts = marts.row(f"SELECT count(*) AS findings, count(*) FILTER (kind = 'java') AS java FROM {ORACLE}")
    if not counts["findings"]:
        return Part(title, ORACLE, absence=marts.absence(ORACLE_NEEDED, NO_ORACLE))
    rows = marts.rows(
        f"""SELECT {_PRODUCT} AS product, metric, estate_type = 'datacenter' AS is_datacenter,
                   sum(shortfall) AS shortfall, sum({_REQUIRED}) AS required,
                   sum(shortfall_cost_base) AS cost
            FROM {_CHEAPEST} WHERE metric IS NOT NULL AND finding = 'short'
            GROUP BY ALL ORDER BY cost DESC NULLS LAST, shortfall DESC, product, metric, is_datacenter"""
    )
    shown = rows[:SHOWN]
    picture = (
        bars(
            [
                Bar(
                    row["product"],
                    {"assigned": 100 - _missing(row), "short": _missing(row)},
                    f"{number(row['shortfall'])} of {number(row['required'])} "
                    f"{_METRICS.get(row['metric'], row['metric'])} short"
                    + (", datacenters" if row["is_datacenter"] else "")
                    + (f", {short_number(row['cost'])}" if row["cost"] else ""),
                )
                for row in shown
            ],
            {"assigned": ("accent-soft", "assigned"), "short": ("bad", "short")},
            caption="Oracle licences assigned and short, as a share of what each product needs; "
            + (
                f"the {len(shown)} that cost most of {len(rows)}"
                if len(rows) > len(shown)
                else "what costs most comes first"
            ),
            alternative="Bars by product: "
            + listed(
                [
                    f"{row['product']}{' on datacenters' if row['is_datacenter'] else ''}, "
                    f"{row['shortfall']} {row['metric']} licences short"
                    for row in shown
                ]
            )
            + ".",
        )
        if shown
        else None
    )
    lead = _oracle_headline(marts)
    if counts["java"]:
        lead += (
            f" Java from Oracle was found {count(counts['java'], 'time')}; Snow Atlas has no compliance "
            "figures for it."
        )
    return Part(
        title,
        ORACLE,
        lead,
        picture,
        _oracle_table(marts),
        [
            "A datacenter and the machines in it may use the same processors, so their rows aren't summed. "
            "If processor and user licences are short in one place, the cheaper of the two is counted."
        ],
    )


def _oracle_counts(marts: Marts) -> Row:
    """Return the products and places with too few licences, the licences short, and their cost.

    Licences are those of machines, because those of a datacenter may be about the same processors; if
    only datacenters are short, theirs. A product needs processor or user licences, so the cheaper of the
    two counts.
    """
    return marts.row(
        f"""SELECT count(*) AS findings, count(*) FILTER (finding = 'short') AS places,
                   count(DISTINCT product_id)
                       FILTER (finding = 'short' OR is_used_without_license) AS products,
                   count(DISTINCT product_id) FILTER ((finding = 'short' OR is_used_without_license)
                       AND kind IN ('option', 'management pack')) AS options,
                   coalesce(sum(shortfall) FILTER ({MACHINE} AND metric = 'Processor'), 0) AS processors,
                   coalesce(sum(shortfall) FILTER ({MACHINE} AND metric = 'Nup'), 0) AS users,
                   sum(shortfall_cost_base) FILTER ({MACHINE}) AS cost,
                   sum(shortfall_cost_base) FILTER (estate_type = 'datacenter') AS datacenter_cost,
                   coalesce(sum(shortfall) FILTER (metric = 'Processor'), 0) AS in_datacenters
            FROM {_CHEAPEST}"""
    )


def _oracle_products(found: Row) -> str:
    options = count(found["options"], "of them an option or pack", "of them options and packs")
    of_them = f", {options}" if found["options"] else ""
    return f"{count(found['products'], 'product')} with too few licences or none{of_them}"


def _oracle_short(found: Row) -> str:
    short = [
        count(found[kind], f"{kind.removesuffix('s')} licence")
        for kind in ("processors", "users")
        if found[kind]
    ]
    if short:
        return f"{listed(short)} short on servers and virtual machines"
    if found["in_datacenters"]:
        return f"{count(found['in_datacenters'], 'processor licence')} short in datacenters"
    return ""


def _oracle_headline(marts: Marts) -> str:
    found = _oracle_counts(marts)
    said = [_oracle_products(found)]
    if _oracle_short(found):
        said.append(_oracle_short(found))
    worth = f", worth {number(found['cost'])} at the prices of your own orders" if found["cost"] else ""
    more = ""
    if found["datacenter_cost"]:
        further = " more" if found["cost"] else ""
        cost = number(found["datacenter_cost"])
        more = f" {cost}{further} on datacenters, which may be the same processors."
    return f"Oracle: {'; '.join(said)}{worth}.{more} Licences are short in {count(found['places'], 'place')}."


def _missing(row: Row) -> float:
    """Return the share of the required licences that is short, in percent."""
    return 100 * float(row["shortfall"]) / max(float(row["required"]), float(row["shortfall"]), 1.0)


MACHINE = "estate_type <> 'datacenter'"
_WAY = """row_number() OVER (
    PARTITION BY tenant_id, kind, product_id, estate_type, estate_id, version
    ORDER BY coalesce(shortfall, 0) > 0, shortfall_cost_base NULLS LAST, shortfall, metric
)"""
"""Ways to license a product in one place, the cheapest first."""
_CHEAPEST = f"(SELECT * FROM {ORACLE} QUALIFY {_WAY} = 1)"
"""The cheapest way to license each product in each place."""
ORACLE_DAYS = f"""(
    SELECT *, CAST(NULL AS VARCHAR) AS currency
    FROM {ORACLE}_history
    QUALIFY {_WAY.replace("PARTITION BY", "PARTITION BY built_on,")} = 1
)"""
"""The history with the cheapest way to license a product in each place, for its trend."""
_METRICS = {"Processor": "processors", "Nup": "users"}
_PRODUCT = "concat_ws(' ', coalesce(product_name, product_id, kind), product_edition)"
_REQUIRED = "coalesce(CASE metric WHEN 'Nup' THEN required_users ELSE required_processors END, 0)"
_ASSIGNED = "coalesce(CASE metric WHEN 'Nup' THEN assigned_users ELSE assigned_processors END, 0)"


def _oracle_table(marts: Marts) -> Table:
    rows = marts.rows(
        f"""SELECT {_PRODUCT} AS product, coalesce(estate_name, estate_id) AS estate, estate_type, metric,
                   {_REQUIRED} AS required,
                   {_ASSIGNED} AS assigned, shortfall, finding, shortfall_cost_base
            FROM {_CHEAPEST} WHERE kind <> 'java' AND (finding = 'short' OR is_used_without_license)
            ORDER BY shortfall_cost_base DESC NULLS LAST, coalesce(shortfall, 0) DESC, product, estate
            LIMIT 8"""
    )
    return Table(
        [
            ("Product", False),
            ("Where", False),
            ("Metric", False),
            ("Required", True),
            ("Assigned", True),
            ("Short", True),
            ("At own prices", True),
            ("Finding", False),
        ],
        [
            (
                row["product"],
                " ".join(filter(None, [row["estate_type"], row["estate"]])) or NOTHING,
                _METRICS.get(row["metric"], row["metric"] or NOTHING),
                number(row["required"]) if row["metric"] else NOTHING,
                number(row["assigned"]) if row["metric"] else NOTHING,
                number(row["shortfall"]),
                number(row["shortfall_cost_base"]),
                row["finding"],
            )
            for row in rows
        ],
        "Prices are those of your own Oracle orders in the tenant's base currency, which the API does not "
        "name."
        if rows
        else "",
    )
