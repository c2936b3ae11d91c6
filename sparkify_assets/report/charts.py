"""Charts of answers: static SVG made by Vega-Altair and its bundled renderer (https://altair-viz.github.io).

One drawing serves the light and the dark theme: its colours are CSS variables, which the page sets. An SVG by itself
has no such variables and falls back to the light colours that are given with them.

Belongs here: how each kind of chart looks. Does not: what is asked (`questions`), the page around a chart (`page`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

import altair as alt
import vl_convert

from sparkify_assets.report.questions import Question, Row

INK = "var(--ink, #1d2129)"
MUTED = "var(--muted, #5a6270)"
LINE = "var(--line, #dcdfe4)"
GROUND = "var(--chart-ground, #ffffff)"
SOFT = "var(--soft, #4b8f96)"
SERIES = ("var(--series-1, #0b6b74)", "var(--series-2, #b4501e)", "var(--series-3, #6a4c9c)")
DASHES = ([1, 0], [6, 3], [2, 2])

WIDE, NARROW = 560, 340

#: How many of the latest weeks a heat map shows, and how many weeks after each.
MAX_WEEKS = 12


def picture(question: Question, rows: Sequence[Row], width: int = WIDE) -> str:
    """The SVG of an answer, `width` pixels wide. `rows` are as `questions.answer` returns them, at least one."""
    chart = _DRAW[question.kind](question, rows, width)
    spec = chart.properties(background=GROUND).configure(**_look()).to_dict()
    svg: str = vl_convert.vegalite_to_svg(spec)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alternative(question, rows))}" ', 1)
    # Hundredths of a pixel are precise enough, and keep the file small.
    return re.sub(r"(\.\d\d)\d+", r"\1", svg)


def alternative(question: Question, rows: Sequence[Row]) -> str:
    """A sentence that says what the chart shows."""
    column = question.y[0]
    values = [row for row in rows if row[column] is not None]
    if not values:
        return f"{question.title}: nothing yet."
    most, least = max(values, key=lambda row: row[column]), min(values, key=lambda row: row[column])
    words = column.replace("_", " ")

    def position(row: Row) -> str:
        return ", ".join(str(row[name]) for name in question.x)

    return (
        f"{question.title}: {len(rows)} values; most {words} {most[column]:,} ({position(most)}),"
        f" least {least[column]:,} ({position(least)})."
    )


def _columns(question: Question, rows: Sequence[Row], width: int) -> Any:
    x, y = question.x[0], question.y[0]
    most = max(row[y] for row in rows)
    labels = len(rows) <= 8
    longest = max(len(str(row[x])) for row in rows)
    axis = alt.Axis(
        labelAngle=-40 if width <= NARROW and longest > 3 else 0, labelOverlap=not labels, labelSeparation=3
    )
    base = alt.Chart(_data(rows)).encode(
        x=alt.X(x, type="ordinal", sort=None, title=None, axis=axis),
        y=alt.Y(
            y, type="quantitative", stack=None, title=None, axis=None if labels else alt.Axis(tickCount=4)
        ),
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(
        color=alt.condition(alt.datum[y] == most, alt.value(SERIES[0]), alt.value(SOFT))
    )
    numbers = base.mark_text(dy=-8, color=INK, fontSize=11).encode(
        text=alt.Text(y, type="quantitative", format=",")
    )
    if not labels:
        numbers = numbers.transform_filter(alt.datum[y] == most)
    return alt.layer(bars, numbers).properties(width=width, height=220)


def _ranking(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw each name above its bar, so that long names stay readable on a narrow page."""
    y = question.y[0]
    data = [
        {
            "position": position,
            "name": " · ".join(str(row[x]) for x in question.x if row[x] is not None),
            "value": row[y],
        }
        for position, row in enumerate(rows)
    ]
    base = alt.Chart(_data(data)).encode(y=alt.Y("position:O", axis=None))
    track = base.mark_bar(height=6, yOffset=8, cornerRadius=3, color=LINE).encode(
        x=alt.value(0), x2=alt.value(width)
    )
    bars = base.mark_bar(height=6, yOffset=8, cornerRadius=3).encode(
        x=alt.X("value:Q", stack=None, axis=None, scale=alt.Scale(zero=True, nice=False))
    )
    names = base.mark_text(align="left", dy=-6, limit=width - 70, color=INK).encode(
        x=alt.value(0), text="name:N"
    )
    numbers = base.mark_text(align="right", dy=-6, color=MUTED).encode(
        x=alt.value(width), text=alt.Text("value:Q", format=",")
    )
    return alt.layer(track, bars, names, numbers).properties(width=width, height=alt.Step(34))


def _lines(question: Question, rows: Sequence[Row], width: int) -> Any:
    dashes = alt.Scale(domain=list(question.y), range=list(DASHES))
    return (
        _over_time(question, rows, width)
        .mark_line(strokeWidth=2)
        .encode(strokeDash=alt.StrokeDash("series:N", sort=None, legend=None, scale=dashes))
    )


def _areas(question: Question, rows: Sequence[Row], width: int) -> Any:
    chart = _over_time(question, rows, width)
    return chart.mark_area(opacity=0.78, line={"strokeWidth": 1.5}).encode(order=alt.Order("position:Q"))


def _changes(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw upgrades above the line and downgrades below it."""
    counts = alt.Axis(tickCount=4, tickMinStep=1, labelExpr="format(abs(datum.value), ',')")
    return (
        _over_time(question, rows, width)
        .mark_bar(width=max(1.5, min(14, 0.6 * width / _days(question, rows))))
        .transform_calculate(value="datum.position ? -datum.value : datum.value")
        .encode(y=alt.Y("value:Q", title=None, stack="zero", axis=counts))
    )


def _over_time(question: Question, rows: Sequence[Row], width: int) -> alt.Chart:
    """A chart, its mark still to be chosen, of a series for each column over the days."""
    names = list(question.y)
    data = [
        {"x": row[question.x[0]], "series": name, "position": position, "value": row[name]}
        for position, name in enumerate(names)
        for row in rows
    ]
    time = alt.Axis(
        grid=False,
        tickCount=6 if width > NARROW else 4,
        format="%-d %b" if _days(question, rows) < 200 else "%b %Y",
        labelOverlap=True,
    )
    padding = 8 if question.kind == "changes" else 0  # room for half a bar
    symbol = "stroke" if question.kind == "lines" else "square"
    legend = alt.Legend(orient="top", direction="horizontal", symbolType=symbol)
    colours = alt.Scale(domain=names, range=list(SERIES[: len(names)]))
    chart: alt.Chart = alt.Chart(_data(data), width=width, height=220).encode(
        x=alt.X("x:T", title=None, scale=alt.Scale(type="utc", padding=padding), axis=time),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4)),
        color=alt.Color(
            "series:N", sort=None, title=None, legend=legend if len(names) > 1 else None, scale=colours
        ),
    )
    return chart


def _heat(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw a row for each of the latest weeks, with a field for each week after it that holds the share."""
    week, later = question.x
    weeks = sorted({row[week] for row in rows})[-MAX_WEEKS:]
    drawn = [row for row in rows if row[week] in weeks and row[later] < MAX_WEEKS]
    base = alt.Chart(_data(drawn)).encode(
        x=alt.X(later, type="ordinal", title="weeks later", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y(week, type="ordinal", title=None),
    )
    fields = base.mark_rect(color=SERIES[0], cornerRadius=3, stroke=GROUND, strokeWidth=2).encode(
        opacity=alt.Opacity(
            question.y[0],
            type="quantitative",
            legend=None,
            scale=alt.Scale(domain=[0, 100], range=[0.05, 0.55]),
        )
    )
    numbers = base.mark_text(color=INK, fontSize=11).encode(
        text=alt.Text(question.y[0], type="quantitative", format=".0f")
    )
    return alt.layer(fields, numbers).properties(width=width, height=alt.Step(32))


_DRAW = {
    "columns": _columns,
    "ranking": _ranking,
    "lines": _lines,
    "areas": _areas,
    "changes": _changes,
    "heat": _heat,
}


def _data(rows: Sequence[Row]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _days(question: Question, rows: Sequence[Row]) -> int:
    """How many days the rows span."""
    first, last = (date.fromisoformat(row[question.x[0]]) for row in (rows[0], rows[-1]))
    return (last - first).days + 1


def _look() -> Mapping[str, Any]:
    """What all charts share: quiet axes, one font, and a fixed width for the whole."""
    return {
        "aria": False,  # the chart is one image with a sentence, and its rows are in a table beside it
        "autosize": alt.AutoSizeParams(type="fit", contains="padding"),
        "font": "system-ui, sans-serif",
        "padding": {"left": 8, "right": 2, "top": 2, "bottom": 2},  # fonts differ in width from page to page
        "view": alt.ViewConfig(stroke=None),
        "axis": alt.AxisConfig(
            domain=False,
            gridColor=LINE,
            labelColor=MUTED,
            labelFontSize=11,
            labelPadding=6,
            ticks=False,
            titleColor=MUTED,
            titleFontSize=11,
            titleFontWeight="normal",
        ),
        "axisX": alt.AxisConfig(grid=False),
        "bar": alt.BarConfig(color=SERIES[0]),
        "legend": alt.LegendConfig(
            labelColor=INK, labelFontSize=12, symbolStrokeWidth=3, offset=6, padding=0
        ),
        "text": alt.MarkConfig(fontSize=12),
    }
