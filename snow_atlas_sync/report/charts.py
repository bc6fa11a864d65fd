"""Charts of the report, each for a wide and for a narrow page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import altair as alt

from snow_atlas_sync.report.content import Picture
from snow_atlas_sync.report.svg import FILLS, GROUND, LINE, MUTED, TEXT, themed

MARGIN, AXIS = 6, 36
LETTER, NAME_LETTER = 7.2, 7.6
"""Maximum width of a letter at the end of a bar, and in a name."""
NAME_LINE = 15
"""Height of a line of a name."""

Values = list[dict[str, Any]]


@dataclass(frozen=True)
class Layout:
    """Width of a chart, and where its names stand: above the marks, or in a margin on the left."""

    total: int
    left: int
    letters: int
    above: bool = True

    @property
    def width(self) -> int:
        """Return the width that is left for the marks."""
        return self.total - self.left - MARGIN

    def cut(self, name: str) -> str:
        """Return as much of a name as fits."""
        return name if len(name) <= self.letters else name[: self.letters - 1].rstrip() + "…"

    def lines(self, name: str) -> list[str]:
        """Return a name in up to two lines if it stands above its bar, and in one if it does not."""
        if not self.above or len(name) <= self.letters:
            return [self.cut(name)]
        first = textwrap.wrap(name, self.letters)[0]
        return [first, self.cut(name[len(first) :].lstrip())]

    def fitted(self, names: Iterable[str]) -> Layout:
        """Return the layout with a margin as wide as the longest name."""
        longest = max((len(name) for name in names), default=0)
        if self.above or longest >= self.letters:
            return self
        return replace(self, left=max(round(longest * NAME_LETTER) + 14, 100))


BESIDE = Layout(total=880, left=420, letters=53, above=False)
ABOVE = Layout(total=880, left=MARGIN, letters=110)
PHONE = Layout(total=340, left=MARGIN, letters=50)


@dataclass(frozen=True)
class Bar:
    """Bar of one or more pieces, with texts at its ends. Negative pieces go to the left."""

    name: str
    pieces: Mapping[str, float]
    said: str = ""
    said_left: str = ""


@dataclass(frozen=True)
class Span:
    """Something that ends on a day, with the day by which to act."""

    name: str
    ends_on: date
    acts_on: date | None
    said: str = ""


def bars(
    rows: Sequence[Bar],
    kinds: Mapping[str, tuple[str, str]],
    *,
    caption: str,
    alternative: str,
    long_names: bool = False,
) -> Picture:
    """Draw horizontal bars.

    `kinds` has the fill and the meaning of each kind of piece, in drawing order. Long names stand above
    their bars on a wide page, too.
    """
    legend = [
        (fill, meaning)
        for kind, (fill, meaning) in kinds.items()
        if any(row.pieces.get(kind) for row in rows)
    ]
    wide, narrow = (
        _bars(rows, kinds, layout.fitted(row.name for row in rows))
        for layout in (ABOVE if long_names else BESIDE, PHONE)
    )
    return Picture(
        wide, narrow, alternative=alternative, caption=caption, legend=legend if len(kinds) > 1 else ()
    )


def _bars(rows: Sequence[Bar], kinds: Mapping[str, tuple[str, str]], layout: Layout) -> str:
    step, thick = (36, 13) if layout.above else (27, 15)
    middle = step - thick / 2 - 6 if layout.above else step / 2
    pieces: Values = []
    ends: Values = []
    top = bottom = height = 0.0
    for row in rows:
        names = layout.lines(row.name)
        height += (len(names) - 1) * NAME_LINE
        line = height + middle
        height += step
        low = high = 0.0
        for kind, (fill, _) in kinds.items():
            value = float(row.pieces.get(kind, 0) or 0)
            first, second = (low + value, low) if value < 0 else (high, high + value)
            low, high = min(low, first), max(high, second)
            if value:
                pieces.append(
                    {
                        "from": first,
                        "to": second,
                        "over": line - thick / 2,
                        "under": line + thick / 2,
                        "fill": fill,
                    }
                )
        top, bottom = max(top, high), min(bottom, low)
        ends.append(
            {
                "y": line,
                "high": high,
                "low": low,
                "name": names,
                "name_y": line - (len(names) - 1) * NAME_LINE,
                "said": row.said,
                "left": row.said_left,
            }
        )
    span = (top - bottom) or 1.0
    right = max((len(row.said) for row in rows), default=0) * LETTER + 12
    left = max((len(row.said_left) for row in rows), default=0) * (LETTER + 1)
    # what a pixel is worth when the bars have the width that the texts at their ends leave
    pixel = span / max(layout.width - left - right, layout.width / 4)
    scale = alt.Scale(domain=[bottom - left * pixel, top + right * pixel], nice=False, zero=True)
    height = max(height, step)
    down = alt.Scale(domain=[0, height], reverse=True)
    y = alt.Y("y:Q", scale=down, axis=None)
    # No axis: each bar says its value, and a grid would run through that.
    x = alt.X("from:Q", scale=scale, axis=None)
    layers = [
        _chart([{"zero": 0}]).mark_rule(color=LINE).encode(x=alt.X("zero:Q", scale=scale, axis=None)),
        _chart(pieces)
        .mark_rect(stroke=GROUND, strokeWidth=1)
        .encode(
            x=x,
            x2="to:Q",
            y=alt.Y("over:Q", scale=down, axis=None),
            y2="under:Q",
            fill=alt.Fill(
                "fill:N", scale=alt.Scale(domain=list(FILLS), range=list(FILLS.values())), legend=None
            ),
        ),
        _chart(ends)
        .mark_text(align="left", dx=6, baseline="middle", color=TEXT, fontSize=12)
        .encode(x=alt.X("high:Q", scale=scale), y=y, text="said:N"),
        _chart(ends)
        .mark_text(align="right", dx=-6, baseline="middle", color=TEXT, fontSize=12)
        .encode(x=alt.X("low:Q", scale=scale), y=y, text="left:N"),
        _chart(ends)
        .mark_text(
            align="left" if layout.above else "right",
            dx=0 if layout.above else -10,
            dy=-thick / 2 - 8 if layout.above else 0,
            baseline="middle",
            color=TEXT,
            fontSize=12.5,
            lineHeight=NAME_LINE,
        )
        .encode(x=alt.value(0), y=alt.Y("name_y:Q", scale=down, axis=None), text="name:N"),
    ]
    return _drawn(layers, height, layout, below=4)


def timeline(rows: Sequence[Span], first: date, last: date, *, caption: str, alternative: str) -> Picture:
    """Draw a line from the day to act to the end of each span, on an axis of months."""
    late = [row.acts_on is not None and row.acts_on < first for row in rows]
    marks = [
        (
            "mark-act",
            "act by this day",
            any(row.acts_on is not None and row.acts_on >= first for row in rows),
        ),
        ("mark-end", "ends", not all(late)),
        ("mark-late", "ends, the day to act has passed", any(late)),
    ]
    legend = [(mark, meaning) for mark, meaning, is_drawn in marks if is_drawn]
    wide, narrow = (
        _timeline(rows, first, last, layout.fitted(row.name for row in rows)) for layout in (BESIDE, PHONE)
    )
    return Picture(wide, narrow, alternative=alternative, caption=caption, legend=legend)


def _timeline(rows: Sequence[Span], first: date, last: date, layout: Layout) -> str:
    step = 42 if layout.above else 28
    height = step * max(len(rows), 1)
    values: Values = []
    for place, row in enumerate(rows):
        acts = row.acts_on
        late = acts is not None and acts < first
        start = max(acts, first) if acts is not None else row.ends_on
        values.append(
            {
                "y": place * step + (step - 13 if layout.above else step / 2),
                "start": start.isoformat(),
                "end": row.ends_on.isoformat(),
                "act": acts.isoformat() if acts is not None and not late else None,
                "late": late,
                "name": layout.cut(row.name),
                "said": row.said,
            }
        )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, height], reverse=True), axis=None)
    # room for the text at the last end
    beyond = last + timedelta(days=(last - first).days * (0.24 if layout.above else 0.12))
    days = alt.Scale(domain=[first.isoformat(), beyond.isoformat()], type="utc")
    x = alt.X(
        "start:T",
        scale=days,
        axis=alt.Axis(
            title=None,
            format="%b",
            labelExpr=(
                "utcFormat(datum.value, '%m') == '01' || datum.index == 0 ? [utcFormat(datum.value, '%b'), "
                "utcFormat(datum.value, '%Y')] : utcFormat(datum.value, '%b')"
            ),
            tickCount={"interval": "month", "step": 2 if layout.above else 1},
            grid=False,
            domainColor=LINE,
            tickColor=LINE,
            labelColor=MUTED,
            labelOverlap=True,
        ),
    )
    chart = _chart(values)
    layers = [
        chart.mark_rule(strokeWidth=4, color=MUTED, opacity=0.45).encode(x=x, x2="end:T", y=y),
        chart.transform_filter("datum.act != null")
        .mark_point(shape="triangle-right", size=90, filled=True, fill=FILLS["warn"], opacity=1)
        .encode(x=alt.X("act:T", scale=days), y=y),
        chart.transform_filter("!datum.late")
        .mark_point(shape="circle", size=95, filled=True, fill=FILLS["accent"], opacity=1)
        .encode(x=alt.X("end:T", scale=days), y=y),
        chart.transform_filter("datum.late")
        .mark_point(shape="diamond", size=120, filled=True, fill=FILLS["bad"], opacity=1)
        .encode(x=alt.X("end:T", scale=days), y=y),
        chart.mark_text(align="left", dx=10, baseline="middle", color=TEXT, fontSize=12).encode(
            x=alt.X("end:T", scale=days), y=y, text="said:N"
        ),
        chart.mark_text(
            align="left" if layout.above else "right",
            dx=0 if layout.above else -10,
            dy=-16 if layout.above else 0,
            baseline="middle",
            color=TEXT,
            fontSize=12.5,
        ).encode(x=alt.value(0), y=y, text="name:N"),
    ]
    return _drawn(layers, height, layout)


def _chart(values: Values) -> Any:
    return alt.Chart(alt.Data(values=values))  # type: ignore[no-untyped-call]


def _drawn(layers: Sequence[Any], height: float, layout: Layout, below: int = AXIS) -> str:
    """Return SVG with names on the left of the marks, or above them, and an axis below."""
    chart = alt.layer(*layers).properties(
        width=layout.width,
        height=height,
        autosize={"type": "none"},
        padding={"left": layout.left, "right": MARGIN, "top": 2, "bottom": below},
    )
    configured = chart.configure(aria=False, background="transparent", font="sans-serif")
    return themed(configured.configure_view(stroke=None))
