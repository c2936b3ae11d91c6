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

from sparkify_assets.report.formats import percent, shown, words
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

    def position(row: Row) -> str:
        return ", ".join(str(row[name]) for name in question.x)

    return (
        f"{question.title}: {len(rows)} values; most {words(column)} {shown(most[column], column)} ({position(most)}),"
        f" least {shown(least[column], column)} ({position(least)})."
    )


def _columns(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw a bar for each row, and a line across it for the second column where there is one."""
    x, y, *others = [*question.x, *question.y]
    values = [row[y] or 0 for row in rows]  # a weekday that the data does not reach has no average
    highest = values.index(max(values))
    step = width / len(rows)
    roomy = all(_width_of(shown(row[y])) < step for row in rows)
    crowded = any(_width_of(str(row[x])) > step for row in rows)
    axis = alt.Axis(
        labelAngle=-40 if crowded and len(rows) <= 8 else 0, labelOverlap=len(rows) > 8, labelSeparation=3
    )
    scale = alt.Scale(domain=[0, max(1, *(row[column] or 0 for row in rows for column in question.y))])
    data = [
        {**row, "label": shown(row[y]) if row[y] is not None and (roomy or place == highest) else ""}
        for place, row in enumerate(rows)
    ]
    base = alt.Chart(_data(data)).encode(
        x=alt.X(x, type="ordinal", sort=None, title=None, axis=axis),
        y=alt.Y(y, type="quantitative", title=None, scale=scale, axis=None if roomy else _counts()),
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(
        color=alt.condition(alt.datum[y] == values[highest], alt.value(SERIES[0]), alt.value(SOFT))
    )
    # A number that stands alone may be wider than its bar, and grows away from the nearer edge.
    third = 1 if roomy else 3 * highest // len(rows)
    align: Any = ("left", "center", "right")[third]
    numbers = base.mark_text(dy=-8, dx=(-4, 0, 4)[third], align=align, color=INK, fontSize=11).encode(
        text="label:N"
    )
    lines = [
        base.mark_tick(thickness=2, color=SERIES[1]).encode(y=alt.Y(other, type="quantitative"))
        for other in others
    ]
    chart = alt.layer(bars, numbers, *lines).properties(width=width, height=220)
    if others:
        chart = chart.properties(title=f"bars: {words(y)}, lines: {words(others[0])}")
    return chart


def _ranking(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw each name above its bar, so that long names stay readable on a narrow page."""
    y = question.y[0]
    data = [
        {
            "position": position,
            "name": " · ".join(str(row[x]) for x in question.x if row[x] is not None),
            "value": row[y],
            "label": shown(row[y]),
        }
        for position, row in enumerate(rows)
    ]
    # The renderer shortens names by the widths of its own font, and a browser's may be a fifth wider.
    room = 0.8 * (width - 24 - max(_width_of(row["label"]) for row in data))
    base = alt.Chart(_data(data)).encode(y=alt.Y("position:O", axis=None))
    track = base.mark_bar(height=6, yOffset=8, cornerRadius=3, color=LINE).encode(
        x=alt.value(0), x2=alt.value("width")
    )
    bars = base.mark_bar(height=6, yOffset=8, cornerRadius=3).encode(
        x=alt.X("value:Q", stack=None, axis=None, scale=alt.Scale(zero=True, nice=False))
    )
    names = base.mark_text(align="left", dy=-6, limit=room, color=INK).encode(x=alt.value(0), text="name:N")
    numbers = base.mark_text(align="right", dy=-6, color=MUTED).encode(x=alt.value("width"), text="label:N")
    return alt.layer(track, bars, names, numbers).properties(width=width, height=alt.Step(34))


def _lines(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw a line for each column, faint where its window is not full; a value between two unknown ones is a point."""
    base = _over_time(question, rows, width)
    dashes = alt.Scale(domain=list(question.y), range=list(DASHES))
    strength = alt.Opacity("full:N", legend=None, scale=alt.Scale(domain=[True, False], range=[1, 0.35]))
    lines = base.mark_line(strokeWidth=2).encode(
        strokeDash=alt.StrokeDash("series:N", sort=None, legend=None, scale=dashes), opacity=strength
    )
    return alt.layer(lines, _points(base).encode(opacity=strength))


def _areas(question: Question, rows: Sequence[Row], width: int) -> Any:
    base = _over_time(question, rows, width).encode(order=alt.Order("position:Q"))
    if len(rows) == 1:  # an area of one day has no width
        return base.mark_bar(width=14, opacity=0.78)
    return base.mark_area(opacity=0.78, line={"strokeWidth": 1.5})


def _changes(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw upgrades above the line and downgrades below it."""
    return (
        _over_time(question, rows, width)
        .mark_bar(width=max(1.5, min(14, 0.6 * width / _days(question, rows))))
        .transform_calculate(value="datum.position ? -datum.value : datum.value")
        .encode(y=alt.Y("value:Q", title=None, stack="zero", axis=_counts()))
    )


def _over_time(question: Question, rows: Sequence[Row], width: int) -> alt.Chart:
    """A chart, its mark still to be chosen, of a series for each column over the days."""
    names = list(question.y)
    data = [item for position, name in enumerate(names) for item in _series(question, rows, name, position)]
    time = alt.Axis(
        grid=False,
        tickCount=6 if width > NARROW else 4,
        format="%-d %b" if _days(question, rows) < 200 else "%b %Y",
        labelOverlap=True,
    )
    padding = 8 if question.kind == "changes" or len(rows) == 1 else 0  # room for half a bar
    symbol = "stroke" if question.kind == "lines" else "square"
    legend = alt.Legend(orient="top", direction="horizontal", symbolType=symbol)
    colours = alt.Scale(domain=names, range=list(SERIES[: len(names)]))
    shares = names[0].endswith("_percent")
    chart: alt.Chart = alt.Chart(_data(data), width=width, height=220).encode(
        x=alt.X("x:T", title=None, scale=alt.Scale(type="utc", padding=padding), axis=time),
        y=alt.Y("value:Q", title=None, axis=_shares() if shares else _counts()),
        color=alt.Color(
            "series:N", sort=None, title=None, legend=legend if len(names) > 1 else None, scale=colours
        ),
    )
    return chart


def _series(question: Question, rows: Sequence[Row], name: str, position: int) -> list[dict[str, Any]]:
    """The points of a line. One where the window is full for the first time belongs to both parts of the line; `alone`
    are those without a neighbour, of which a line shows nothing.
    """
    window = question.windows.get(name, 0)
    full = [row.get("in_window", 0) >= window for row in rows]
    values = [row[name] for row in rows]
    points: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        point = {"x": row[question.x[0]], "series": name, "position": position, "value": row[name]}
        begins = place == 0 or full[place - 1] != full[place] or values[place - 1] is None
        ends = place + 1 == len(rows) or values[place + 1] is None
        points.append({**point, "full": full[place], "alone": begins and ends})
        if place and full[place] and not full[place - 1]:
            points.append({**point, "full": False, "alone": False})
    return points


def _points(base: alt.Chart) -> alt.Chart:
    points: alt.Chart = base.mark_point(filled=True, size=28).transform_filter(
        "datum.alone && datum.value !== null"
    )
    return points


def _heat(question: Question, rows: Sequence[Row], width: int) -> Any:
    """Draw a row for each of the latest weeks, with a field for each week after it that holds the share, dashed where
    the data holds only some days of that week.
    """
    week, later = question.x
    share = question.y[0]
    weeks = sorted({row[week] for row in rows})[-MAX_WEEKS:]
    drawn = [
        {**row, "label": percent(row[share], 100).replace(" ", ""), "whole": row["days"] == 7}
        for row in rows
        if row[week] in weeks and row[later] < MAX_WEEKS
    ]
    columns = alt.Scale(domain=list(range(max((row[later] for row in drawn), default=0) + 1)))
    base = alt.Chart(_data(drawn)).encode(
        x=alt.X(
            later,
            type="ordinal",
            title="% of the users, by weeks later",
            scale=columns,
            axis=alt.Axis(labelAngle=0, labelOverlap=False, orient="top"),
        ),
        y=alt.Y(week, type="ordinal", title=None, scale=alt.Scale(domain=weeks)),
    )
    fields = base.mark_rect(color=SERIES[0], cornerRadius=3, stroke=GROUND, strokeWidth=2).encode(
        opacity=alt.Opacity(
            share, type="quantitative", legend=None, scale=alt.Scale(domain=[0, 100], range=[0.05, 0.55])
        )
    )
    partly = base.mark_rect(
        filled=False, cornerRadius=3, stroke=MUTED, strokeWidth=1, strokeDash=[3, 2]
    ).transform_filter("!datum.whole")
    numbers = base.mark_text(color=INK, fontSize=11 if width > NARROW else 8).encode(text="label:N")
    return alt.layer(fields, partly, numbers).properties(width=width, height=alt.Step(32))


def _counts() -> alt.Axis:
    """An axis of whole numbers, in both directions from zero, short from a hundred thousand on."""
    return alt.Axis(
        tickCount=4,
        tickMinStep=1,
        labelExpr="format(abs(datum.value), abs(datum.value) < 1e5 ? ',' : '~s')",
    )


def _shares() -> alt.Axis:
    return alt.Axis(tickCount=4, labelExpr="format(datum.value, '~r') + ' %'")


def _width_of(text: str) -> float:
    """About how many pixels a text takes in a font of 11 or 12, of a wide kind."""
    return 6.7 * len(text)


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
        "padding": {"left": 12, "right": 4, "top": 2, "bottom": 6},  # fonts differ in width from page to page
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
        "title": alt.TitleConfig(anchor="start", color=MUTED, fontSize=11, fontWeight="normal", offset=14),
    }
