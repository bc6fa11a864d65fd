"""Render the report as one HTML file without external resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from snow_atlas_sync.report.collect import NOT_WORTH_IT, ONE_REQUEST_EACH
from snow_atlas_sync.report.content import KeyFigure, Section
from snow_atlas_sync.report.marts import MARTS, SUBJECTS, Marts
from snow_atlas_sync.report.sections import changes, hardware, licences, quality, renewals, risks, savings
from snow_atlas_sync.report.text import breakable, day, listed

TEMPLATES = Path(__file__).resolve().parent / "templates"
FIGURES = Path(__file__).resolve().parent / "figures"
QUERIES: Mapping[str, Sequence[str]] = {
    "snow_atlas__license_position": ("licence_shortfall", "positions_short"),
    "snow_atlas__reclaimable_software": ("reclaimable_software", "unused_installations"),
    "snow_atlas__saas_seats": ("unused_saas_seats",),
    "snow_atlas__software_lifecycle": ("software_without_support",),
    "snow_atlas__oracle_exposure": ("oracle_shortfall",),
    "snow_atlas__renewals": ("renewals",),
    "snow_atlas__hardware_refresh": ("physical_computers",),
    "snow_atlas__data_quality": ("computers_not_scanned",),
}
"""The queries that recompute figures of each mart."""


@dataclass(frozen=True)
class Origin:
    """Origin of the figures, for the page to name it."""

    today: date
    since: date | None = None
    """The day that the user chose to compare with."""
    made_up: bool = False
    names: bool = False
    rates: Mapping[str, Any] = field(default_factory=dict)
    currency: str | None = None
    incomplete: Mapping[str, str] = field(default_factory=dict)
    """Streams that could not be read, and why."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Streams that the API refused, with the permission that they need."""
    read_on: tuple[date, date] | None = None
    """The first and the last day on which existing tables were read."""
    failed_checks: Sequence[str] = ()
    """Tests of the marts that failed."""
    checks: int = 0


def page(marts: Marts, origin: Origin) -> str:
    """Return the report as HTML."""
    tenant = tenant_name(marts)
    shown = sections(marts, origin)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            tenant=tenant,
            origin=origin,
            date=day(origin.today),
            figures=key_figures(marts, origin),
            sections=shown,
            lacking=lacking(marts),
            unselected=unselected(marts, origin),
            read_on=_read_on(origin),
            sources=sources(shown),
            queries=queries(origin.today),
            rates=_rates(origin),
            style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        )
    )


def key_figures(marts: Marts, origin: Origin) -> list[KeyFigure]:
    """Return the figures at the top."""
    figures = [
        licences.key_figure(marts),
        risks.oracle_figure(marts),
        savings.software_figure(marts),
        savings.seats_figure(marts),
        risks.key_figure(marts),
        renewals.key_figure(marts, origin.today),
    ]
    return [changes.with_trend(figure, marts, origin.today, origin.since) for figure in figures]


def sections(marts: Marts, origin: Origin) -> list[Section]:
    """Return the sections after the key figures."""
    return [
        changes.section(marts, origin.today, origin.since),
        licences.section(marts),
        savings.section(marts, origin.names),
        risks.section(marts),
        renewals.section(marts, origin.today),
        hardware.section(marts, origin.names),
        quality.section(marts, origin.names),
    ]


def lacking(marts: Marts) -> list[tuple[str, str, str]]:
    """Return the streams that were not synced, with the reason and the marts that read them."""
    found: dict[str, tuple[str, list[str]]] = {}
    for mart in MARTS:
        for stream, reason in marts.lacking(mart):
            found.setdefault(stream, (reason, []))[1].append(mart)
    return [(stream, reason, ", ".join(names)) for stream, (reason, names) in sorted(found.items())]


def unselected(marts: Marts, origin: Origin) -> tuple[int, str]:
    """Return the number of streams that the user did not select, and the subjects that lack them."""
    known = {*origin.incomplete, *origin.refused, *ONE_REQUEST_EACH, *NOT_WORTH_IT}
    streams = set()
    subjects = []
    for mart in MARTS:
        lacked = {stream for stream, _ in marts.lacking(mart)} - known
        streams |= lacked
        if lacked:
            subjects.append(SUBJECTS[mart])
    return len(streams), listed(subjects) if subjects else ""


@dataclass(frozen=True)
class Source:
    """Source of the answer to a question: a mart, and queries that recompute its figures."""

    section: str
    question: str
    mart: str
    queries: Sequence[str]


@dataclass(frozen=True)
class Query:
    """Query of the appendix over the tables of the sync."""

    name: str
    title: str
    sql: str


def sources(shown: Sequence[Section]) -> list[Source]:
    """Return the source of each part of the page."""
    there = {path.stem for path in FIGURES.glob("*.sql")}
    return [
        Source(
            section.id, part.title, part.mart, [name for name in QUERIES.get(part.mart, ()) if name in there]
        )
        for section in shown
        for part in section.parts
    ]


def queries(today: date) -> list[Query]:
    """Return the queries that recompute figures of the page from the tables of the sync."""
    found = []
    for path in sorted(FIGURES.glob("*.sql")):
        title, _, sql = path.read_text(encoding="utf-8").partition("\n")
        text = sql.strip().replace(":today", f"DATE '{today}'")
        found.append(Query(path.stem, title.removeprefix("--").strip(), text))
    return found


def tenant_name(marts: Marts) -> str:
    """Return the tenant's name or id; empty if the stream was not synced."""
    rows = marts.rows("SELECT coalesce(name, id) AS tenant FROM stg_snow_atlas__tenant")
    return str(rows[0]["tenant"]) if rows and rows[0]["tenant"] else ""


def _read_on(origin: Origin) -> str:
    """Return when the tables were read, if that was not today."""
    if origin.read_on is None or origin.read_on == (origin.today, origin.today):
        return ""
    first, last = origin.read_on
    return f"read on {day(first)}" if first == last else f"read between {day(first)} and {day(last)}"


def _rates(origin: Origin) -> str:
    said = [f"1 {code} = {rate} {origin.currency}" for code, rate in origin.rates.items()]
    return listed(said) if said else ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment
