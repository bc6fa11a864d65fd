"""Puts the report together: one HTML file, complete in itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from snow_atlas_sync.report.content import KeyFigure, Section
from snow_atlas_sync.report.marts import MARTS, Marts
from snow_atlas_sync.report.sections import changes, hardware, licences, quality, renewals, risks, savings
from snow_atlas_sync.report.text import day, listed

TEMPLATES = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True)
class Origin:
    """Where the figures come from, for the page to say so."""

    today: date
    since: date | None = None
    """The day that was chosen to compare with."""
    made_up: bool = False
    names: bool = False
    rates: Mapping[str, Any] = field(default_factory=dict)
    currency: str | None = None
    incomplete: Mapping[str, str] = field(default_factory=dict)
    """Streams that could not be read, and why."""
    failed_checks: Sequence[str] = ()
    """Tests of the marts that failed."""
    checks: int = 0


def page(marts: Marts, origin: Origin) -> str:
    """The report as HTML."""
    tenant = tenant_name(marts)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            tenant=tenant,
            origin=origin,
            date=day(origin.today),
            figures=key_figures(marts, origin),
            sections=sections(marts, origin),
            lacking=lacking(marts),
            rates=_rates(origin),
            style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        )
    )


def key_figures(marts: Marts, origin: Origin) -> list[KeyFigure]:
    """The five figures at the top."""
    figures = [
        licences.key_figure(marts),
        savings.software_figure(marts),
        savings.seats_figure(marts),
        risks.key_figure(marts),
        renewals.key_figure(marts, origin.today),
    ]
    return [changes.with_trend(figure, marts, origin.today, origin.since) for figure in figures]


def sections(marts: Marts, origin: Origin) -> list[Section]:
    """All that follows."""
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
    """Streams that were not synced, why, and the marts that would have more from them."""
    found: dict[str, tuple[str, list[str]]] = {}
    for mart in MARTS:
        for stream, reason in marts.lacking(mart):
            found.setdefault(stream, (reason, []))[1].append(mart)
    return [(stream, reason, ", ".join(names)) for stream, (reason, names) in sorted(found.items())]


def tenant_name(marts: Marts) -> str:
    """The tenant's name, or its id; empty where the stream was not synced."""
    rows = marts.rows("SELECT coalesce(name, id) AS tenant FROM stg_snow_atlas__tenant")
    return str(rows[0]["tenant"]) if rows and rows[0]["tenant"] else ""


def _rates(origin: Origin) -> str:
    said = [f"1 {code} = {rate} {origin.currency}" for code, rate in origin.rates.items()]
    return listed(said) if said else ""


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
