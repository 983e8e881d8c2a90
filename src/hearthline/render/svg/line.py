"""Lines over days, with a band where there is an interval, and a gap where there is no value."""

from datetime import date
from itertools import pairwise

from hearthline.render.svg.axis import Axis, axis_of, said, tick_said
from hearthline.render.svg.canvas import clean, document, element, fit, text, width_of
from hearthline.render.svg.marks import Mark, Picture
from hearthline.schema import text as words

__all__ = ["draw"]

_DASHES = ("", "6 4", "2 3", "8 3 2 3")


def _runs(marks: list[Mark], gap: int) -> list[list[Mark]]:
    """Return the marks in runs without a missing day, week or month between them."""
    runs: list[list[Mark]] = [marks[:1]]
    for one, other in pairwise(marks):
        if (other.label - one.label).days > gap:
            runs.append([])
        runs[-1].append(other)
    return runs


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _curve(run: list[Mark], x: Axis, y: Axis, i: int) -> str:
    days = [x.at(m.label.toordinal()) for m in run]
    parts = []
    ends = [
        (d, m.low, m.high) for d, m in zip(days, run, strict=True) if m.low is not None and m.high is not None
    ]
    if len(ends) > 1:
        around = [(d, y.at(high)) for d, _, high in ends] + [(d, y.at(low)) for d, low, _ in reversed(ends)]
        parts.append(element("path", d=_path(around) + "Z", class_=f"hl-band hl-c{i + 1}"))
    points = [(d, y.at(m.value)) for d, m in zip(days, run, strict=True)]
    if len(points) > 1:
        dash = _DASHES[i % len(_DASHES)] or None
        parts.append(element("path", d=_path(points), class_=f"hl-line hl-c{i + 1}", stroke_dasharray=dash))
    else:
        parts.append(
            element("circle", cx=points[0][0], cy=points[0][1], r=3.0, class_=f"hl-fill hl-c{i + 1}")
        )
    return "".join(parts)


def _axes(picture: Picture, x: Axis, y: Axis, days: list[date]) -> str:
    parts = []
    for tick in y.ticks:
        at = y.at(tick)
        line = "hl-zero" if tick == 0 else "hl-grid"
        parts.append(element("line", x1=x.start, x2=x.end, y1=at, y2=at, class_=line))
        parts.append(
            text(x.start - 8, at + 4, tick_said(tick, picture.kind, picture.currency), "hl-t hl-soft", "end")
        )
    most = max(2, int((x.end - x.start) / 110))
    step = max(1, -(-len(days) // most))
    for day in days[::step]:
        at = x.at(day.toordinal())
        parts.append(text(at, y.start + 20, f"{day.day} {day:%b}", "hl-t hl-soft", "middle"))
    return "".join(parts)


def _names(lasts: list[tuple[str, float]], x: float, room: float) -> str:
    """Return the series' names at their lines' ends, moved apart where they would touch."""
    parts, least = [], -1e9
    for i, (name, y) in sorted(enumerate(lasts), key=lambda e: e[1][1]):
        least = max(y + 4, least + 16)
        parts.append(text(x, least, fit(name, room), f"hl-t hl-name hl-c{i + 1}"))
    return "".join(parts)


def draw(picture: Picture, width: float) -> str:
    """Return the chart; labels are days, series are told apart by dash and by a name at their end."""
    series = picture.series[:4]
    marks = {s: sorted((m for m in picture.marks if m.series == s), key=lambda m: m.label) for s in series}
    days = sorted({m.label for ms in marks.values() for m in ms})
    gap = min(((b - a).days for a, b in pairwise(days)), default=1)
    values = [v for ms in marks.values() for m in ms for v in (m.value, m.low, m.high) if v is not None]
    left = (
        max(width_of(tick_said(t, picture.kind, picture.currency)) for t in axis_of(values, 0, 1).ticks) + 14
    )
    room = min(max(width_of(s) for s in series) + 14, width * 0.3)
    y = axis_of(values, 220.0, 16.0)
    first, last = days[0].toordinal(), days[-1].toordinal()
    x = Axis(first, max(last, first + 1), left + 8, width - room - 6, ())
    body = _axes(picture, x, y, days)
    for i, name in enumerate(series):
        body += "".join(_curve(run, x, y, i) for run in _runs(marks[name], gap))
    body += _names([(s, y.at(marks[s][-1].value)) for s in series], width - room + 2, room)
    told = "; ".join(
        f"{s} {words.day(m.label)} {said(m.value, picture.kind, picture.currency)}"
        for s in series
        for m in marks[s]
    )
    return document((width, 250), picture.title, clean(told) and told, body)
