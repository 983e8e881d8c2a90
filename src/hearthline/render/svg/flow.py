"""Headed columns of nodes with their counts, and ribbons between them; a ranked list on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from hearthline.render.svg import bars
from hearthline.render.svg.canvas import clean, document, element, fit, text
from hearthline.render.svg.marks import Mark, Picture
from hearthline.schema import text as words

__all__ = ["draw"]

_NODE, _GAP, _TOP, _HEIGHT = 10.0, 20.0, 40.0, 400.0
_LIST = 12


@dataclass(slots=True)
class _Node:
    """One node: where it lies, and how far its ribbons have come on either side."""

    name: str
    x: float
    y: float
    height: float
    count: float
    left: float = 0.0
    right: float = 0.0


def _columns(picture: Picture) -> tuple[list[str], list[dict[str, float]]]:
    """Return the headings and the nodes of each column with their counts."""
    heads = list(dict.fromkeys(m.order for m in picture.marks))
    out: list[dict[str, float]] = [{} for _ in range(len(heads) + 1)]
    into: list[dict[str, float]] = [{} for _ in range(len(heads) + 1)]
    for mark in picture.marks:
        i, name = heads.index(mark.order), str(mark.label)
        out[i][name] = out[i].get(name, 0.0) + mark.value
        into[i + 1][mark.target] = into[i + 1].get(mark.target, 0.0) + mark.value
    nodes = [{n: max(a.get(n, 0.0), b.get(n, 0.0)) for n in a | b} for a, b in zip(into, out, strict=True)]
    return [*heads, "Outcome"], nodes


def _rest(name: str) -> tuple[bool, str]:
    return name.startswith(("Other", "No ", "Open")), name


def _nodes(columns: Sequence[dict[str, float]], width: float) -> list[dict[str, _Node]]:
    most = max(sum(c.values()) for c in columns) or 1
    tall = max(len(c) for c in columns)
    scale = max(60.0, _HEIGHT - _GAP * (tall - 1)) / most
    step = (width - 150 - _NODE) / max(1, len(columns) - 1)
    placed = []
    for i, column in enumerate(columns):
        y, nodes = _TOP, {}
        for name in sorted(column, key=lambda n: (_rest(n)[0], -column[n], n)):
            height = max(2.0, column[name] * scale)
            nodes[name] = _Node(name, step * i, y, height, column[name])
            y += height + _GAP
        placed.append(nodes)
    return placed


def _ribbon(one: _Node, other: _Node, mark: Mark, colour: int) -> str:
    """Return a band from the right side of one node to the left side of the other."""
    thick = max(1.0, one.height * mark.value / one.count)
    start, end = one.y + one.right + thick / 2, other.y + other.left + thick / 2
    one.right += thick
    other.left += thick
    x1, x2 = one.x + _NODE, other.x
    middle = (x1 + x2) / 2
    d = f"M{x1:.1f} {start:.1f}C{middle:.1f} {start:.1f} {middle:.1f} {end:.1f} {x2:.1f} {end:.1f}"
    told = element("title", clean(f"{one.name} to {other.name}: {words.count(mark.value)}"))
    return element("path", told, d=d, stroke_width=thick, class_=f"hl-ribbon hl-c{colour}")


def _label(node: _Node, room: float) -> str:
    said = f" {words.count(node.count)}"
    name = fit(node.name, room - 8 * len(said))
    y = node.y + max(node.height / 2, 4) + 5
    spans = element("tspan", clean(name), class_="hl-head") + element("tspan", clean(said), class_="hl-num")
    return element("text", spans, x=node.x + _NODE + 8, y=y, class_="hl-t hl-halo")


def _as_list(picture: Picture, width: float) -> str:
    """Return the ribbons as bars, the widest first; those left out are summed up in one."""
    first = picture.marks[0].order
    ranked = sorted((m for m in picture.marks if m.order == first), key=lambda m: -m.value)
    rows = [Mark(f"{m.label} → {m.target}", "", m.value) for m in ranked[:_LIST]]
    rest = ranked[_LIST:]
    if rest:
        rows.append(Mark(f"Other ({len(rest)} pairs)", "", sum(m.value for m in rest)))
    return bars.draw(Picture(tuple(rows), picture.kind, picture.currency, picture.title), width)


def draw(picture: Picture, width: float) -> str:
    """Return the chart: fixed order of columns, counts at nodes, nothing left out."""
    if width < 480:
        return _as_list(picture, width)
    heads, columns = _columns(picture)
    nodes = _nodes(columns, width)
    ordered = sorted(
        picture.marks, key=lambda m: (nodes[heads.index(m.order)][str(m.label)].y, _target(m, heads, nodes))
    )
    parts = []
    for mark in ordered:
        i = heads.index(mark.order)
        one, other = nodes[i][str(mark.label)], nodes[i + 1][mark.target]
        parts.append(_ribbon(one, other, mark, picture.colours.get(one.name, 0)))
    for head, column in zip(heads, nodes, strict=True):
        x = next(iter(column.values())).x
        parts.append(text(x, 16, head, "hl-t hl-head"))
        room = (width - 150) / max(1, len(heads) - 1) - 24 if x < width - 200 else 140
        for node in column.values():
            look = f"hl-node hl-c{picture.colours.get(node.name, 0)}"
            size = {"x": node.x, "y": node.y, "width": _NODE, "height": node.height, "rx": 2.0}
            parts.append(element("rect", class_=look, **size))
            parts.append(_label(node, room))
    bottom = max(n.y + n.height for column in nodes for n in column.values())
    told = "; ".join(f"{m.label} to {m.target} {words.count(m.value)}" for m in ordered)
    return document((width, bottom + 16), picture.title, told, "".join(parts))


def _target(mark: Mark, heads: list[str], nodes: Sequence[dict[str, _Node]]) -> float:
    return nodes[heads.index(mark.order) + 1][mark.target].y
