"""Dot and band: one row a label; up to three series each with its band, more as a range of models."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from hearthline.render.svg.axis import Axis, axis_of, said, tick_said
from hearthline.render.svg.canvas import clean, document, element, fit, legend, text, width_of
from hearthline.render.svg.marks import Mark, Picture
from hearthline.schema import text as words

__all__ = ["draw", "words_of"]

_ROWS, _FEW = 12, 3
_SHAPES = {
    "dot": element("circle", r=5.0),
    "diamond": element("polygon", points="0,-5.5 5.5,0 0,5.5 -5.5,0"),
    "square": element("polygon", points="-4,-4 4,-4 4,4 -4,4"),
    "triangle": element("polygon", points="0,-5 5,4 -5,4"),
    "tick": element("line", y1=-5.0, y2=5.0, x1=0.0, x2=0.0),
}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things lie: on a narrow screen the label stands above its band."""

    width: float
    axis: Axis
    label_room: float
    stacked: bool
    few: bool
    shapes: dict[str, str]
    far: set[object]

    @property
    def band_y(self) -> float:
        return 32.0 if self.stacked else 14.0

    @property
    def beside(self) -> bool:
        """Whether each value stands beside its own band."""
        return not self.stacked or (self.few and len(self.shapes) > 1)

    def height(self, marks: int) -> float:
        """Return the height of a label with so many marks."""
        lines = max(1, marks) if self.few else min(2, marks)
        return self.band_y + 19.0 * max(lines, 1) - (1 if self.stacked else 5)


def words_of(mark: Mark, picture: Picture) -> str:
    """Return a mark's value with its interval."""
    value = said(mark.value, picture.kind, picture.currency)
    if mark.low is None or mark.high is None:
        return value
    if picture.kind == "share":
        return words.share_interval(mark.value, mark.low, mark.high)
    ends = (said(e, picture.kind, picture.currency) for e in (mark.low, mark.high))
    return f"{value} ({words.interval(*ends)})"


def _placed(x: float, y: float, shape: str, class_: str) -> str:
    return element("g", _SHAPES[shape], transform=f"translate({x:.1f} {y:.1f})", class_=class_)


def _colour(picture: Picture, label: object) -> str:
    """Return the class of a label's colour: a channel's own, or the accent where nothing is a channel."""
    return f"hl-c{picture.colours.get(str(label), 0)}" if picture.colours else "hl-ca"


def _banded(mark: Mark, layout: _Layout, y: float, colour: str) -> str:
    """Return the band of the interval with the mark of the value upon it."""
    axis, band = layout.axis, ""
    if mark.low is not None and mark.high is not None:
        left, right = axis.at(mark.low), axis.at(mark.high)
        size = {"x": left, "width": max(1.0, right - left), "y": y - 5, "height": 10.0, "rx": 5.0}
        band = element("rect", class_=f"hl-band {colour}", **size)
    shape = layout.shapes[mark.series]
    look = "hl-fill" if shape == "dot" else "hl-hollow"
    return band + _placed(axis.at(mark.value), y, shape, f"{look} {colour}")


def _range(marks: Sequence[Mark], layout: _Layout, y: float) -> str:
    """Return a thin line from the lowest to the highest of the other models, with a mark for each."""
    at = [layout.axis.at(m.value) for m in marks]
    line = element("line", x1=min(at), x2=max(at), y1=y, y2=y, class_="hl-range")
    dots = (_placed(x, y, layout.shapes[m.series], "hl-hollow hl-c0") for x, m in zip(at, marks, strict=True))
    return line + "".join(dots)


def _spread(marks: Sequence[Mark], picture: Picture) -> str:
    values = [m.value for m in marks]
    ends = [said(v, picture.kind, picture.currency).rstrip("%") for v in (min(values), max(values))]
    return f"models {words.interval(*ends) if ends[0] != ends[1] else ends[0]}"


def _beyond(picture: Picture, label: object, y: float, layout: _Layout) -> str:
    """Return a label whose values lie beyond the scale: its words, and a sign that it is not drawn."""
    marks = sorted(picture.of(label), key=lambda m: list(layout.shapes).index(m.series))
    first = y + (13 if layout.stacked else layout.band_y + 4)
    parts = [text(0, first, fit(str(label), layout.label_room))]
    parts.append(text(layout.width, first, words_of(marks[0], picture), "hl-t hl-num", "end"))
    at = y + layout.band_y + (4 if layout.stacked else 0)
    end = layout.axis.end
    parts.append(
        element("line", x1=layout.axis.start, x2=end, y1=at, y2=at, class_="hl-track", stroke_dasharray="2 4")
    )
    if not layout.stacked and len(marks) > 1:
        parts.append(text(layout.width, first + 19, _spread(marks, picture), "hl-t hl-soft hl-num", "end"))
    tip = f"{end - 7:.1f},{at - 4:.1f} {end:.1f},{at:.1f} {end - 7:.1f},{at + 4:.1f}"
    parts.append(element("polygon", points=tip, class_="hl-off"))
    parts.append(text(end - 14, at + 18, "off this scale", "hl-t hl-soft", "end"))
    told = "; ".join(f"{m.series}: {words_of(m, picture)}" for m in marks)
    return element("g", element("title", clean(f"{label}: {told}")) + "".join(parts))


def _far(picture: Picture, labels: Sequence[object]) -> set[object]:
    """Return the baseline, where drawing it would press all channels into less than half of the scale."""
    ends = {n: max(v for m in picture.of(n) for v in (m.value, m.high) if v is not None) for n in labels}
    far = {n for n in labels if str(n).startswith("Baseline")}
    others = [e for n, e in ends.items() if n not in far]
    return {n for n in far if others and ends[n] > 2 * max(others) > 0}


def _row(picture: Picture, label: object, y: float, layout: _Layout) -> str:
    """Return one label with its marks and their values in words."""
    if label in layout.far:
        return _beyond(picture, label, y, layout)
    marks = sorted(picture.of(label), key=lambda m: list(layout.shapes).index(m.series))
    drawn = marks if layout.few else marks[:1]
    first = y + (13 if layout.stacked else layout.band_y + 4)
    parts = [text(0, first, fit(str(label), layout.label_room))]
    for i, mark in enumerate(drawn):
        at = y + layout.band_y + 19 * i
        parts.append(_banded(mark, layout, at, _colour(picture, label)))
        said_at = at + 4 if layout.beside or i else first  # two values of one label never share a line
        parts.append(text(layout.width, said_at, words_of(mark, picture), "hl-t hl-num", "end"))
    if not layout.few and len(marks) > 1:
        at = y + layout.band_y + 19
        parts.append(_range(marks[1:], layout, at))
        if not layout.stacked:
            parts.append(text(layout.width, at + 4, _spread(marks, picture), "hl-t hl-soft hl-num", "end"))
    told = "; ".join(
        f"{m.series}: {words_of(m, picture)}" if m.series else words_of(m, picture) for m in marks
    )
    return element("g", element("title", clean(f"{label}: {told}")) + "".join(parts))


def _grid(axis: Axis, top: float, bottom: float, picture: Picture) -> str:
    parts = []
    for tick in axis.ticks:
        x = axis.at(tick)
        line = "hl-zero" if tick == 0 else "hl-grid"
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_=line))
        word = tick_said(tick, picture.kind, picture.currency)
        parts.append(text(x, bottom + 18, word, "hl-t hl-soft", "middle"))
    return "".join(parts)


def _layout(picture: Picture, labels: Sequence[object], width: float) -> _Layout:
    series = picture.series
    stacked, few = width < 480, len(series) <= _FEW
    names = (
        ["dot", "diamond", "square", "triangle"] if few or len(series) <= 4 else ["dot", "diamond", "square"]
    )
    shapes = {s: names[i] if i < len(names) else "tick" for i, s in enumerate(series)}
    shown = [m for m in picture.marks if m.label in labels]
    said_room = max(width_of(words_of(m, picture)) for m in shown) + 14
    wanted = max(width_of(str(label)) for label in labels) + 16
    room = width - said_room if stacked else min(wanted, width * 0.28)
    far = _far(picture, labels)
    ends = [v for m in shown if m.label not in far for v in (m.value, m.low, m.high) if v is not None]
    right = width - (16 if stacked and not (few and len(series) > 1) else max(said_room, 118))
    start = 14 if stacked else room + 10
    axis = axis_of(ends, start, right, max(2, int((right - start) / 90)))
    return _Layout(width, axis, room - 8, stacked, few, shapes, far)


def _legend(layout: _Layout, width: float) -> tuple[str, float]:
    """Return the names of the series beside their marks; those drawn as ticks share one."""
    if len(layout.shapes) < 2:
        return "", 6.0
    looks = {"dot": "hl-fill"}
    ticks = [s for s, shape in layout.shapes.items() if shape == "tick"]
    named = {s: shape for s, shape in layout.shapes.items() if shape != "tick"}
    if ticks:
        named[ticks[0] if len(ticks) == 1 else f"{len(ticks)} other models"] = "tick"
    items = [(_placed(0, 0, m, f"{looks.get(m, 'hl-hollow')} hl-c0"), s) for s, m in named.items()]
    return legend(items, width, 14)


def draw(picture: Picture, width: float) -> str:
    """Return the chart; labels beyond the first twelve are counted and left to the table."""
    kept = set(picture.labels[:_ROWS])
    labels = picture.labels[:_ROWS]
    layout = _layout(picture, list(kept), width)
    head, top = _legend(layout, width)
    heights = [layout.height(len(picture.of(label)) if label not in layout.far else 2) for label in labels]
    tops = [top, *accumulate(heights, initial=top)][1:]
    bottom = tops[-1]
    rows = "".join(_row(picture, label, y, layout) for label, y in zip(labels, tops, strict=False))
    body = head + _grid(layout.axis, top, bottom, picture) + rows
    height, rest = bottom + 28, len(picture.labels) - len(labels)
    if rest:
        body += text(0, height + 10, f"+ {rest} more, in the table", "hl-t hl-soft")
        height += 20
    told = "; ".join(f"{m.label} {m.series} {words_of(m, picture)}" for m in picture.marks if m.label in kept)
    return document((width, height), picture.title, told, body)
