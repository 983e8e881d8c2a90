"""Figures as one HTML file that asks nothing of the network: no script, no font, no request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from hearthline.render import svg
from hearthline.render.palette import DARK, LIGHT, assigned
from hearthline.render.svg.canvas import clean
from hearthline.render.svg.marks import picture_of
from hearthline.render.tables import Cell, Section, heading, matrix, sections
from hearthline.schema.figure import Column, Figure

__all__ = ["fragment", "page", "style"]

_WIDTHS = (("narrow", 300), ("middle", 520), ("wide", 800))
_ROWS, _ALL_ROWS, _MATRIX_ROWS = 40, 200, 30
_NUMERIC = ("count", "money", "share", "number")
_BRACKETS = re.compile(r"\([\d.,%–− to]+\)")


@cache
def style() -> str:
    """Return the style sheet of pages and fragments, colours included."""
    text = files("hearthline.render").joinpath("page.css").read_text("utf-8")
    for mark, colours in (("/*LIGHT*/", LIGHT), ("/*DARK*/", DARK)):
        text = text.replace(mark, " ".join(f"--hl-c{i}: {c};" for i, c in enumerate(colours)))
    classes = "\n".join(f".hl-c{i} {{ --hl-c: var(--hl-c{i}); }}" for i in range(len(LIGHT)))
    return text.replace("/*CLASSES*/", classes)


def _sentence(value: str) -> str:
    """Return a sentence as HTML whose intervals do not break over two lines."""
    return _BRACKETS.sub(lambda m: f'<span class="hl-whole">{m[0]}</span>', clean(value))


def _numeric(column: Column) -> bool:
    return column.kind in _NUMERIC


def _head(section: Section, currency: str) -> str:
    cells = []
    for column in section.columns:
        look = ' class="hl-n"' if _numeric(column) else ""
        hint = f' title="{clean(column.help)}"' if column.help else ""
        cells.append(f'<th scope="col"{look}{hint}>{clean(heading(column, currency))}</th>')
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _cell(cell: Cell, column: Column, *, first: bool) -> str:
    said = clean(cell.text)
    if cell.interval:
        said += f' <span class="hl-ends">({clean(cell.interval)})</span>'
    if cell.why:
        said += f' <span class="hl-why">{clean(cell.why)}</span>'
    if first:
        return f'<th scope="row">{said}</th>'
    return f'<td class="{"hl-n" if _numeric(column) else "hl-text"}">{said}</td>'


def _row(row: Sequence[Cell], section: Section) -> str:
    cells = enumerate(zip(row, section.columns, strict=True))
    return f"<tr>{''.join(_cell(cell, column, first=i == 0) for i, (cell, column) in cells)}</tr>"


def _left_out(section: Section, name: str) -> str:
    if not section.left_out:
        return ""
    rows = f"{section.left_out:,} more rows" if section.left_out > 1 else "1 more row"
    return f'<p class="hl-left">{rows}: <code>hearthline report {clean(name)} --csv</code></p>'


def _table(section: Section, figure: Figure, hint: str = "", look: str = "") -> str:
    """Return a table with its caption, in a box that scrolls by itself on a narrow screen."""
    title = section.title or figure.title
    seen = f"<strong>{clean(section.title)}</strong>" if section.title else ""
    hint = hint or ("In brackets: 90% interval" if any(c.interval for r in section.rows for c in r) else "")
    caption = " ".join(part for part in (seen, clean(hint)) if part) or clean(title)
    return (
        f'<div class="hl-scroll" role="region" tabindex="0" aria-label="{clean(title)}"><table{look}>'
        f"<caption>{caption}</caption>{_head(section, figure.currency)}"
        f"<tbody>{''.join(_row(row, section) for row in section.rows)}</tbody></table></div>"
        f"{_left_out(section, figure.name)}"
    )


def _side_by_side(figure: Figure) -> str:
    column = next(c for c in figure.columns if figure.chart and c.name == figure.chart.value)
    hint = f"{heading(column, figure.currency)} by {figure.across}; in brackets: 90% interval"
    look = ' class="hl-matrix"'
    return "".join(_table(s, figure, hint, look) for s in matrix(figure, _MATRIX_ROWS) if s.rows)


def _tables(figure: Figure) -> str:
    if not figure.rows.num_rows:
        return '<p class="hl-left">No rows.</p>'
    if figure.across is None:
        return "".join(_table(s, figure) for s in sections(figure, _ROWS))
    whole = "".join(_table(s, figure) for s in sections(figure, _ALL_ROWS))
    return f"{_side_by_side(figure)}<details><summary>All numbers</summary>{whole}</details>"


def _chart(figure: Figure, colours: Mapping[str, int]) -> str:
    drawings = []
    for name, width in _WIDTHS:
        drawn = svg.draw(figure, width, colours)
        drawings.append(drawn.replace('class="hl-svg"', f'class="hl-svg hl-{name}"', 1))
    if not drawings[0] or figure.chart is None:
        return ""
    caption = clean(figure.chart.title or figure.title)
    return f'<figure class="hl-chart"><figcaption>{caption}</figcaption>{"".join(drawings)}</figure>'


def _tiles(figure: Figure) -> str:
    looks = {k: ' class="hl-long"' if len(v) > 12 else "" for k, v in figure.extra.items()}
    tiles = "".join(
        f"<div><dt>{clean(k)}</dt><dd{looks[k]}>{clean(v)}</dd></div>" for k, v in figure.extra.items()
    )
    return f'<dl class="hl-tiles">{tiles}</dl>' if tiles else ""


def _notes(figure: Figure) -> str:
    notes = "".join(f"<li>{_sentence(n)}</li>" for n in figure.notes)
    return f'<ul class="hl-notes">{notes}</ul>' if notes else ""


def _section(figure: Figure, colours: Mapping[str, int]) -> str:
    name = clean(figure.name)
    return (
        f'<section class="hl-figure" id="{name}" aria-labelledby="{name}-title">'
        f'<p class="hl-question">{clean(figure.question)}</p>'
        f'<h2 id="{name}-title">{_sentence(figure.title)}</h2>'
        f"{_tiles(figure)}{_notes(figure)}{_chart(figure, colours)}{_tables(figure)}"
        f"<details><summary>How it is made</summary><p>{clean(figure.definition)}</p></details>"
        f'<p class="hl-source">{clean(figure.source)} · <code>hearthline report {name} --csv</code></p>'
        "</section>"
    )


def _colours(figures: Iterable[Figure]) -> Mapping[str, int]:
    """Return one colour for each channel that is drawn, the same in every figure of a page."""
    names: list[str] = []
    for figure in figures:
        picture = picture_of(figure)
        if picture and figure.chart and figure.chart.label in ("channel", "from"):
            names += [str(label) for label in picture.labels[:12]]
    return assigned(names)


def fragment(figure: Figure) -> str:
    """Return one figure with its style, to stand in a notebook or a page of another's making."""
    return f'<style>{style()}</style><div class="hl">{_section(figure, _colours([figure]))}</div>'


def page(figures: Sequence[Figure], title: str, banner: str | None = None) -> str:
    """Return a whole HTML file: contents, every figure with picture and table, light and dark.

    `banner` stands above all, such as that the data is made up. Whatever comes from data is escaped, and
    a content policy in the file forbids scripts and requests.
    """
    colours = _colours(figures)
    contents = "".join(f'<li><a href="#{clean(f.name)}">{clean(_entry(f))}</a></li>' for f in figures)
    sources = " · ".join(dict.fromkeys(f.source for f in figures if f.source))
    above = f'<div class="hl-banner" role="note">{clean(banner)}</div>' if banner else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="color-scheme" content="light dark"><title>{clean(title)}</title>'
        f"<style>{style()}</style></head>"
        f'<body class="hl"><a class="hl-skip" href="#figures">Skip to the figures</a>{above}'
        '<div class="hl-shell">'
        f'<header class="hl-top"><h1>{clean(title)}</h1><p>{clean(sources)}</p></header>'
        f'<nav class="hl-toc" aria-label="Contents"><ol>{contents}</ol></nav><main id="figures">'
        f"{''.join(_section(f, colours) for f in figures)}</main></div></body></html>"
    )


def _entry(figure: Figure) -> str:
    return figure.name.replace("_", " ").capitalize()
