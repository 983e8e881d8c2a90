"""One value with its interval as a small dot on its band, to stand in a table's cell beside its words."""

from collections.abc import Sequence
from typing import Protocol

from hearthline.render.svg.canvas import element

__all__ = ["band", "scale"]

_WIDE, _HIGH = 64.0, 12.0


class _Numbers(Protocol):
    @property
    def value(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...


def scale(cells: Sequence[_Numbers]) -> float:
    """Return where a column's scale ends: its largest end; 0 where nothing is drawn.

    A column with fewer than two intervals has nothing to compare, and one below zero no left end.
    """
    known = [c for c in cells if c.low is not None and c.high is not None]
    if len(known) < 2 or min(float(c.low or 0.0) for c in known) < 0:
        return 0.0
    return max(float(c.high or 0.0) for c in known)


def band(value: float, low: float | None, high: float | None, top: float) -> str:
    """Return the drawing; it repeats what the words beside it say, and is hidden from readers.

    >>> band(0.5, 0.25, 0.75, 1.0).count("rect")
    1
    """
    at = (_WIDE - 6) / top
    parts = element("line", x1=0.0, x2=_WIDE, y1=_HIGH / 2, y2=_HIGH / 2, class_="hl-track")
    if low is not None and high is not None:
        size = {"x": 3 + low * at, "width": max(1.0, (high - low) * at), "y": 3.0, "height": 6.0, "rx": 3.0}
        parts += element("rect", class_="hl-span", **size)
    parts += element("circle", cx=3 + min(value, top) * at, cy=_HIGH / 2, r=3.0, class_="hl-point")
    return (
        f'<svg class="hl-band-of" viewBox="0 0 {_WIDE:g} {_HIGH:g}" width="{_WIDE:g}" height="{_HIGH:g}" '
        f'aria-hidden="true">{parts}</svg>'
    )
