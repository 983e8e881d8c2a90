"""Bars from zero: one row a label, a second series as the part within the first."""

from hearthline.render.svg.axis import axis_of, said
from hearthline.render.svg.canvas import clean, document, element, fit, legend, text, width_of
from hearthline.render.svg.marks import Mark, Picture

__all__ = ["draw"]

_ROWS = 24


def _words(marks: list[Mark], picture: Picture) -> str:
    """Return the values of a row: the whole, then the part with its name."""
    first, *rest = (said(m.value, picture.kind, picture.currency) for m in marks)
    parts = [f"{value} {m.series.lower()}" for value, m in zip(rest, marks[1:], strict=True)]
    return " · ".join([first, *parts])


def _bar(mark: Mark, start: float, end: float, y: float, class_: str) -> str:
    size = {"x": min(start, end), "y": y, "width": max(1.0, abs(end - start)), "height": 14.0, "rx": 3.0}
    return element("rect", element("title", clean(f"{mark.label} {mark.series}")), class_=class_, **size)


def draw(picture: Picture, width: float) -> str:
    """Return the chart; rows beyond the first two dozen are counted and left to the table."""
    labels = picture.labels[:_ROWS]
    rows = {label: picture.of(label) for label in labels}
    stacked = width < 480
    said_room = max(width_of(_words(r, picture)) for r in rows.values()) + 12
    wanted = max(width_of(str(label)) for label in labels) + 12
    room = width - said_room if stacked else min(wanted, width * 0.3)
    start, end = (0.0, width) if stacked else (room, width - said_room)
    axis = axis_of([m.value for r in rows.values() for m in r], start, end)
    series = picture.series
    head, top = "", 4.0
    if len(series) > 1:
        square = {"x": -5.0, "y": -5.0, "width": 10.0, "height": 10.0, "rx": 2.0}
        looks = ("hl-tint", "hl-solid")
        head, top = legend(
            [(element("rect", class_=c, **square), s) for c, s in zip(looks, series, strict=False)], width, 14
        )
    step = 42.0 if stacked else 24.0
    parts = [head]
    for i, (label, marks) in enumerate(rows.items()):
        y = top + step * i
        at = y + 18 if stacked else y
        parts.append(text(0, y + 12, fit(str(label), room - 8)))
        for j, mark in enumerate(marks):
            look = "hl-tint" if j == 0 and len(series) > 1 else "hl-solid"
            parts.append(_bar(mark, axis.at(0), axis.at(mark.value), at, look))
        said_x, anchor = (width, "end") if stacked else (axis.at(max(m.value for m in marks)) + 8, "start")
        parts.append(text(said_x, y + 12, _words(marks, picture), "hl-t hl-num", anchor))
    height = top + step * len(labels) + 4
    rest = len(picture.labels) - len(labels)
    if rest:
        parts.append(text(0, height + 12, f"+ {rest} more, in the table", "hl-t hl-soft"))
        height += 20
    told = "; ".join(f"{label} {_words(marks, picture)}" for label, marks in rows.items())
    return document((width, height), picture.title, told, "".join(parts))
