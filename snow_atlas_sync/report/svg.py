"""Convert a chart into SVG that takes its colours, font and width from the page."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from typing import Any

import altair
import vl_convert

FILLS = {
    "bad": "#0000a1",
    "bad-soft": "#0000a2",
    "warn": "#0000a3",
    "good": "#0000a4",
    "good-soft": "#0000a5",
    "accent": "#0000a6",
    "accent-soft": "#0000a7",
    "neutral": "#0000a8",
}
"""Placeholder colours of the charts; the page has a colour or pattern of the same name for each."""

TEXT, MUTED, LINE, GROUND = "#0000f1", "#0000f2", "#0000f3", "#0000f4"

PAINT = {
    **{stand_in: f"url(#fill-{name})" for name, stand_in in FILLS.items()},
    TEXT: "currentColor",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    GROUND: "var(--surface)",
}

_charts = itertools.count(1)


def themed(chart: Any) -> str:
    """Return the SVG of an Altair chart."""
    specification = altair.layer(*chart) if isinstance(chart, list) else chart
    svg = vl_convert.vegalite_to_svg(json.dumps(specification.to_dict(validate=False)))
    for stand_in, paint in PAINT.items():
        svg = svg.replace(f'"{stand_in}"', f'"{paint}"')
    svg = re.sub(r' font-family="[^"]*"', "", svg)
    svg = _own_ids(svg, f"chart{next(_charts)}-")
    svg = _slim(svg)
    return re.sub(
        r'<svg width="([\d.]+)" height="([\d.]+)"',
        r'<svg aria-hidden="true" style="max-width:\1px"',
        svg,
        count=1,
    )


SAYS_NOTHING = (
    # the page has the size and the text alternative, and its namespaces are those of HTML
    r' (xmlns(:xlink)?|version|class|role|aria-\w+|pointer-events|stroke-miterlimit)="[^"]*"',
    r' (opacity|stroke-width)="1"',
    r'<path d="(M0,0h[^"]*Z)?"( display="none")?/>',
    r"<g></g>",
)


def _slim(svg: str) -> str:
    """Return a chart without invisible markup, a third shorter."""
    for pattern in SAYS_NOTHING:
        svg = re.sub(pattern, "", svg)
    return re.sub(r"<[^>]*>", lambda tag: re.sub(r"\d+\.\d{2,}", _short, tag.group()), svg)


def _short(number: re.Match[str]) -> str:
    return f"{float(number.group()):.1f}"


def sparkline(values: Sequence[float]) -> str:
    """Return a line of values without axes, with a dot at the last one."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    points = [
        (3 + 114 * place / (len(values) - 1), 25 - 22 * (value - low) / ((high - low) or 1))
        for place, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        '<svg class="trend" viewBox="0 0 120 28" aria-hidden="true">'
        f'<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3"/></svg>'
    )


def _own_ids(svg: str, prefix: str) -> str:
    """Return the SVG with ids that are unique on the page."""
    for name in set(re.findall(r' id="([^"]+)"', svg)):
        svg = svg.replace(f'id="{name}"', f'id="{prefix}{name}"').replace(
            f"url(#{name})", f"url(#{prefix}{name})"
        )
    return svg
