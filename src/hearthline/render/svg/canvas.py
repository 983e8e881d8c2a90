"""The few SVG elements that charts are made of: every text escaped, sizes in CSS pixels."""

import re
from collections.abc import Iterable
from itertools import accumulate
from unicodedata import east_asian_width
from xml.sax.saxutils import escape, quoteattr

__all__ = ["SIZE", "clean", "document", "element", "fit", "legend", "text", "width_of"]

SIZE = 13
"""Height of a chart's text in CSS pixels; never under 12, also when a phone scales it a little."""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NARROW, _WIDE = set("iljtfrI.,:;|!'()[] -–·"), set("mwMW@%—")


def clean(value: str) -> str:
    """Return text that is legal and inert in XML and HTML: control characters go, markup is escaped.

    >>> clean('<b> & "x"')
    '&lt;b&gt; &amp; &quot;x&quot;'
    """
    return escape(_ILLEGAL.sub("\ufffd", value), {'"': "&quot;", "'": "&#39;"})


def _attribute(name: str, value: object) -> str:
    said = f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f" {name.rstrip('_').replace('_', '-')}={quoteattr(_ILLEGAL.sub('', said))}"


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """Return one element; `content` is markup, attributes are escaped (`class_` for `class`).

    >>> element("circle", r=4.0, class_="dot")
    '<circle r="4" class="dot"/>'
    """
    inside = "".join(_attribute(k, v) for k, v in attributes.items() if v is not None)
    return f"<{name}{inside}>{content}</{name}>" if content else f"<{name}{inside}/>"


def _units(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return 1.05
    if letter in _NARROW:
        return 0.33
    return 0.9 if letter in _WIDE else 0.66 if letter.isupper() else 0.57


def width_of(value: str, size: int = SIZE) -> float:
    """Return about how many pixels a text takes in a system font; a little more rather than less."""
    return sum(map(_units, value)) * size


def fit(value: str, room: float, size: int = SIZE) -> str:
    """Return the text, cut with an ellipsis where it would take more than `room` pixels.

    >>> fit("a rather long name", 60)
    'a rather…'
    """
    if width_of(value, size) <= room:
        return value
    widths = accumulate(_units(c) * size for c in value)
    kept = sum(1 for w in widths if w <= room - size * 0.9)
    return value[:kept].rstrip() + "…"


def text(x: float, y: float, value: str, class_: str = "hl-t", anchor: str = "start") -> str:
    """Return a text with its baseline at y."""
    return element("text", clean(value), x=x, y=y, class_=class_, text_anchor=anchor)


def legend(items: Iterable[tuple[str, str]], width: float, y: float) -> tuple[str, float]:
    """Return marks with their names in rows no wider than `width`, and the y below them.

    An item is the markup of a mark, drawn around (0, 0), and its name.
    """
    x, parts = 6.0, []
    for mark, name in items:
        said = fit(name, width - 30)
        step = width_of(said) + 34
        if x > 6 and x + step - 16 > width:
            x, y = 6.0, y + 20
        parts.append(element("g", mark, transform=f"translate({x:.1f} {y - 4:.1f})"))
        parts.append(text(x + 12, y, said, "hl-t hl-soft"))
        x += step
    return "".join(parts), y + 20


def document(size: tuple[float, float], title: str, description: str, body: str) -> str:
    """Return a whole chart with its name and description for those who do not see it."""
    width, height = size
    inside = element("title", clean(title)) + element("desc", clean(description)) + body
    return element(
        "svg",
        inside,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label=title,
        class_="hl-svg",
    )
