"""Charts in SVG, drawn in pure Python: the same for notebooks, pages and documents."""

from collections.abc import Callable, Mapping

from hearthline.render.palette import assigned, most_of
from hearthline.render.svg import bars, flow, intervals, line, timeline
from hearthline.render.svg.marks import Picture, picture_of
from hearthline.schema.figure import Figure

__all__ = ["alone", "draw"]

_DRAWN: Mapping[str, Callable[[Picture, float], str]] = {
    "intervals": intervals.draw,
    "bars": bars.draw,
    "flow": flow.draw,
    "line": line.draw,
    "timeline": timeline.draw,
}


def draw(figure: Figure, width: float = 760, colours: Mapping[str, int] | None = None) -> str:
    """Return the figure's chart as one `<svg>` element; empty where there is nothing to draw.

    Text keeps its size whatever the width, so a small screen is given its own, narrower drawing.
    Colours come from the classes `hl-c0` to `hl-c7`; see `page.css`.
    """
    picture = picture_of(figure, colours)
    if picture is None or figure.chart is None:
        return ""
    return _DRAWN[figure.chart.kind](picture, width)


def alone(figure: Figure, width: float, style: str) -> str:
    """Return the chart as a file of its own, with the style sheet inside; empty where none is drawn."""
    picture = picture_of(figure)
    if picture is None:
        return ""
    drawn = draw(figure, width, assigned(most_of(map(str, picture.labels))))
    inside = f'class="hl hl-svg"><style>{style} .hl-svg {{ display: block; }}</style>'
    named = drawn.replace('class="hl-svg">', inside, 1)
    return named.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
