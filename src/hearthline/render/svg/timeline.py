"""What happened on which device, over time: one lane a device, one mark a happening."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hearthline.render.svg.axis import Axis
from hearthline.render.svg.canvas import clean, document, element, fit, legend, text, width_of
from hearthline.render.svg.marks import Mark, Picture

__all__ = ["draw"]

_LANE, _TOP = 34.0, 6.0
_SHAPES = {
    "touch": element("circle", r=4.5),
    "order": element("polygon", points="0,-8 8,0 0,8 -8,0"),
    "switched on": element("polygon", points="-5,-6 6,0 -5,6"),
    "switched off": element("rect", x=-5.0, y=-5.0, width=10.0, height=10.0),
}
_STEPS = (1, 2, 7, 14, 28, 61, 122, 365)


def _shape(kind: str) -> str:
    return next((s for k, s in _SHAPES.items() if kind.startswith(k)), _SHAPES["touch"])


def _look(mark: Mark, picture: Picture) -> str:
    if mark.series == "touch":
        return f"hl-fill hl-c{picture.colours.get(mark.target, 0)}"
    person = mark.series in ("order placed by a person", "switched on")
    return "hl-ink" if person else "hl-ink-hollow"


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _said(mark: Mark) -> str:
    when = _when(mark.value)
    return f"{when.day} {when:%b %H:%M} {mark.series}: {mark.target}"


def _ticks(first: datetime, last: datetime, most: int) -> Sequence[datetime]:
    days = max(1, (last - first).days)
    step = next((s for s in _STEPS if days / s <= most), 365 * (days // (365 * most) + 1))
    start = first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return [
        start + timedelta(days=step * i) for i in range(most + 1) if start + timedelta(days=step * i) <= last
    ]


def _lane(marks: Sequence[Mark], picture: Picture, x: Axis, y: float) -> str:
    """Return the marks of one lane; those that would hide each other are moved apart a little."""
    parts, least, turn = [], -1e9, 0
    for mark in sorted(marks, key=lambda m: m.value):
        at = x.at(mark.value)
        turn = (turn + 1) % 3 if at - least < 7 else 0
        least = at
        told = element("title", clean(_said(mark)))
        move = f"translate({at:.1f} {y + (0, -6, 6)[turn]:.1f})"
        parts.append(element("g", told + _shape(mark.series), transform=move, class_=_look(mark, picture)))
    return "".join(parts)


def _named(picture: Picture, width: float) -> tuple[str, float]:
    touched = list(dict.fromkeys(m.target for m in picture.marks if m.series == "touch"))
    items = [
        (element("g", _SHAPES["touch"], class_=f"hl-fill hl-c{picture.colours.get(n, 0)}"), n)
        for n in touched
        if picture.colours.get(n, 0)
    ]
    if any(not picture.colours.get(n, 0) for n in touched):
        items.append((element("g", _SHAPES["touch"], class_="hl-fill hl-c0"), "other touches"))
    for kind in dict.fromkeys(m.series for m in picture.marks if m.series != "touch"):
        mark = next(m for m in picture.marks if m.series == kind)
        items.append((element("g", _shape(kind), class_=_look(mark, picture)), kind))
    return legend(items, width, 14)


def draw(picture: Picture, width: float) -> str:
    """Return the chart; every mark says what it is when it is pointed at, and the table says it, too."""
    lanes = sorted(picture.labels, key=lambda n: (n in ("Orders", "Enrolments"), n == "Orders", str(n)))
    stacked = width < 480
    room = 0.0 if stacked else min(max(width_of(str(n)) for n in lanes) + 20, width * 0.25)
    times = [m.value for m in picture.marks]
    low, high = min(times), max(times)
    if high - low < 86400:
        low, high = low - 43200, high + 43200
    x = Axis(low, high, room + 10, width - 12, ())
    head, top = _named(picture, width)
    top += _TOP
    step = _LANE + (18 if stacked else 0)
    bottom = top + step * len(lanes)
    parts = [head]
    for tick in _ticks(_when(low), _when(high), max(2, int((x.end - x.start) / 90))):
        at = x.at(tick.timestamp())
        parts.append(element("line", x1=at, x2=at, y1=top, y2=bottom, class_="hl-grid"))
        anchor = "end" if at > width - 30 else "middle"
        parts.append(text(at, bottom + 18, f"{tick.day} {tick:%b}", "hl-t hl-soft", anchor))
    for i, lane in enumerate(lanes):
        y = top + step * i + step / 2 + (8 if stacked else 0)
        parts.append(element("line", x1=x.start - 10, x2=width, y1=y, y2=y, class_="hl-lane"))
        name_y = y - 14 if stacked else y + 4
        parts.append(text(0, name_y, fit(str(lane), room - 8 if room else width)))
        parts.append(_lane(picture.of(lane), picture, x, y))
    told = "; ".join(f"{m.label} {_said(m)}" for m in picture.marks[:200])
    return document((width, bottom + 28), picture.title, told, "".join(parts))
