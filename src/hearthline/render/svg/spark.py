"""A course of values as a line without axes, to stand under one number: its words say what it shows."""

from collections.abc import Sequence

from hearthline.render.svg.canvas import clean, element

__all__ = ["spark"]

_WIDE, _HIGH, _EDGE = 160.0, 36.0, 4.0


def spark(values: Sequence[float], said: str) -> str:
    """Return the drawing from zero to the largest value; empty where fewer than three are known.

    >>> spark([1.0, 3.0, 2.0], "a rise")[:22], spark([1.0, 2.0], "too few")
    ('<svg class="hl-spark" ', '')
    """
    top = max(values, default=0.0)
    if len(values) < 3 or top <= 0:
        return ""
    step = (_WIDE - 2 * _EDGE) / (len(values) - 1)
    at = [
        (_EDGE + i * step, _HIGH - _EDGE - max(v, 0.0) / top * (_HIGH - 2 * _EDGE))
        for i, v in enumerate(values)
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    under = f"{line}L{at[-1][0]:.1f} {_HIGH:g}L{at[0][0]:.1f} {_HIGH:g}Z"
    drawn = (
        element("path", d=under, class_="hl-spark-under")
        + element("path", d=line, class_="hl-spark-line")
        + element("circle", cx=at[-1][0], cy=at[-1][1], r=3.0, class_="hl-point")
    )
    size = f'viewBox="0 0 {_WIDE:g} {_HIGH:g}" width="{_WIDE:g}" height="{_HIGH:g}"'
    return f'<svg class="hl-spark" {size} role="img" aria-label="{clean(said)}">{drawn}</svg>'
