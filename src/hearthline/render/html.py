"""Figures as one HTML file that asks nothing of the network: no script, no font, no request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from hearthline.render import svg
from hearthline.render.palette import DARK, LIGHT, assigned, most_of
from hearthline.render.svg.band import band, scale
from hearthline.render.svg.canvas import clean
from hearthline.render.svg.marks import picture_of
from hearthline.render.tables import Cell, Opens, Section, heading, matrix, sections
from hearthline.schema.figure import Column, Figure

__all__ = ["Around", "colours_of", "fragment", "page", "section", "sentence", "style"]

_WIDTHS = (("least", 288), ("narrow", 358), ("middle", 520), ("wide", 800), ("full", 980))
_ROWS, _ALL_ROWS, _MATRIX_ROWS, _FEW = 40, 200, 30, 5
_NUMERIC = ("count", "money", "share", "number")
_FILES = ("CSV", "Parquet", "Arrow", "SVG")
_BRACKETS = re.compile(r"(?:[^\s()]*\d[^\s()]*\s)?\([\d.,%–− to]+\)")
_CODE = re.compile(r"`([^`]+)`")
_BY = re.compile(r" \(([A-Z][\w ,-]*)\)$")


def _alone(row: Mapping[str, object], column: Column) -> str:  # noqa: ARG001 # the shape of an `Opens`
    return ""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a figure where a server answers: nothing of it is in a file that stands alone.

    Attributes:
        opens: where a cell leads when it is followed.
        exports: the figure in other forms, name to address; the first is its permanent address.
        titled: whether the figure's own title is shown; a screen that shows it above leaves it out.
        level: the level of the figure's heading.
        rows: how many rows a table shows.
        folded: whether the tables lie behind a line that opens them, below the chart.
    """

    opens: Opens = _alone
    exports: Mapping[str, str] = field(default_factory=dict)
    titled: bool = True
    level: int = 2
    rows: int = _ROWS
    folded: bool = False


@cache
def style() -> str:
    """Return the style sheet of pages and fragments, colours included."""
    text = files("hearthline.render").joinpath("page.css").read_text("utf-8")
    dark = text[text.index("/*DARK-BEGIN*/") : text.index("/*DARK-END*/")].removeprefix("/*DARK-BEGIN*/")
    text = text.replace("/*DARK-AGAIN*/", dark)
    for mark, colours in (("/*LIGHT*/", LIGHT), ("/*DARK*/", DARK)):
        text = text.replace(mark, " ".join(f"--hl-c{i}: {c};" for i, c in enumerate(colours)))
    text = re.sub(r"/\*DARK-(?:BEGIN|END)\*/", "", text)
    classes = "\n".join(f".hl-c{i} {{ --hl-c: var(--hl-c{i}); }}" for i in range(len(LIGHT)))
    return text.replace("/*CLASSES*/", classes)


def sentence(value: str) -> str:
    """Return a sentence as HTML: a number and its interval stay on one line, `code` is shown as such.

    >>> sentence("smart-tv 9.0% (6.9–11) leads")
    'smart-tv <span class="hl-whole">9.0% <span class="hl-int">(6.9–11)</span></span> leads'
    """
    whole = _CODE.sub(r"<code>\1</code>", _BRACKETS.sub(_quieter, clean(value)))
    return _BY.sub(r' <span class="hl-int hl-whole">(\1)</span>', whole)


def _quieter(found: re.Match[str]) -> str:
    number, _, ends = found[0].rpartition("(")
    return f'<span class="hl-whole">{number}<span class="hl-int">({ends}</span></span>'


def _numeric(column: Column) -> bool:
    return column.kind in _NUMERIC


def _head(section: Section, currency: str) -> str:
    cells = []
    for column in section.columns:
        look = ' class="hl-n"' if _numeric(column) else ""
        hint = f' title="{clean(column.help)}"' if column.help else ""
        cells.append(f'<th scope="col"{look}{hint}>{_head_words(heading(column, currency))}</th>')
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _head_words(value: str) -> str:
    return clean(value).replace("/", "/<wbr>")


def _cell(cell: Cell, column: Column, top: float, *, first: bool) -> str:
    said = clean(cell.text)
    if cell.opens:
        said = f'<a href="{clean(cell.opens)}">{said}</a>'
    if cell.interval:
        said += f' <span class="hl-ends">({clean(cell.interval)})</span>'
    if cell.why:
        said += f' <span class="hl-why">{clean(cell.why)}</span>'
    if first:
        return f'<th scope="row">{said}</th>'
    if top < 0 and cell.value is not None:
        return f'<td class="{_look(column)} hl-h{_depth(cell.value, -top)}">{said}</td>'
    if top and cell.value is not None:
        said = f'{band(cell.value, cell.low, cell.high, top)}<span class="hl-words">{said}</span>'
    return f'<td class="{_look(column)}">{said}</td>'


def _depth(value: float, top: float) -> int:
    """Return how deep a cell is tinted, 0 to 5: values side by side are compared at a glance.

    >>> [_depth(v, 0.2) for v in (0.0, 0.05, 0.2, 0.6)]
    [0, 1, 5, 0]
    """
    return 0 if not 0 < value <= top else max(1, round(value / top * 5))


def _look(column: Column) -> str:
    if _numeric(column):
        return "hl-n"
    return "hl-when" if column.kind in ("time", "date") else "hl-text"


def _row(row: Sequence[Cell], section: Section, tops: Sequence[float]) -> str:
    cells = enumerate(zip(row, section.columns, tops, strict=True))
    if row[0].text.startswith("Baseline"):  # what nobody earned is not ranked with what channels did
        cells = enumerate(zip(row, section.columns, (max(t, 0.0) for t in tops), strict=True))
    said = "".join(_cell(cell, column, top, first=i == 0) for i, (cell, column, top) in cells)
    return f"<tr>{said}</tr>"


def _tops(section: Section, look: str) -> list[float]:
    """Return the end of the scale of each column that is drawn in its cells; 0 for the others.

    Below zero it is the deepest tint's value: that of cells side by side, which the chart above draws.
    """
    if look:
        own = (r for r in section.rows if not r[0].text.startswith("Baseline"))
        return [-max((c.value or 0.0 for r in own for c in r[1:]), default=0.0)] * len(section.columns)
    cells = ([row[i] for row in section.rows] for i in range(len(section.columns)))
    return [
        scale(c) if column.kind == "share" else 0.0 for c, column in zip(cells, section.columns, strict=True)
    ]


def _left_out(section: Section, name: str, around: Around) -> str:
    if not section.left_out:
        return ""
    rows = f"{section.left_out:,} more rows" if section.left_out > 1 else "1 more row"
    where = f"<code>hearthline report {clean(name)} --csv</code>"
    if "CSV" in around.exports:
        where = f'<a href="{clean(around.exports["CSV"])}">all as CSV</a>'
    return f'<p class="hl-left">{rows}: {where}</p>'


def _table(section: Section, figure: Figure, around: Around, hint: str = "", look: str = "") -> str:
    """Return a table with its caption, in a box that scrolls by itself on a narrow screen."""
    title = section.title or figure.title
    seen = f"<strong>{clean(section.title)}</strong>" if section.title else ""
    hint = hint or ("In brackets: 90% interval" if any(c.interval for r in section.rows for c in r) else "")
    caption = " ".join(part for part in (seen, clean(hint)) if part) or clean(title)
    tops = _tops(section, look)
    look = look or (' class="hl-many"' if len(section.columns) > _FEW else "")
    return (
        f'<div class="hl-scroll" role="region" tabindex="0" aria-label="Table: {clean(title)}"><table{look}>'
        f"<caption>{caption}</caption>{_head(section, figure.currency)}"
        f"<tbody>{''.join(_row(row, section, tops) for row in section.rows)}</tbody></table></div>"
        f"{_left_out(section, figure.name, around)}"
    )


def _side_by_side(figure: Figure, around: Around) -> str:
    column = next(c for c in figure.columns if figure.chart and c.name == figure.chart.value)
    hint = f"{heading(column, figure.currency)} by {figure.across}; in brackets: 90% interval"
    look = ' class="hl-matrix"'
    shown = matrix(figure, _MATRIX_ROWS, around.opens)
    return "".join(_table(s, figure, around, hint, look) for s in shown if s.rows)


def _tables(figure: Figure, around: Around) -> str:
    if not figure.rows.num_rows:
        return "" if figure.notes else '<p class="hl-left">No rows.</p>'
    limit = around.rows if figure.across is None else _ALL_ROWS
    whole = "".join(_table(s, figure, around) for s in sections(figure, limit, around.opens))
    if figure.across is not None:
        side = _side_by_side(figure, around)
        return f"{side}<details><summary>All numbers{_of(figure)}</summary>{whole}</details>"
    if around.folded and figure.chart is not None:
        return f"<details><summary>The numbers as a table{_of(figure)}</summary>{whole}</details>"
    return whole


def _of(figure: Figure) -> str:
    """Return whose it is, for those who hear a link or a line without what stands around it."""
    return f'<span class="hl-out"> of {clean(figure.name)}</span>'


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
    notes = "".join(f"<li>{sentence(n)}</li>" for n in figure.notes)
    return f'<ul class="hl-notes">{notes}</ul>' if notes else ""


def _source(figure: Figure, around: Around) -> str:
    """Return where the figure comes from and how to take it along."""
    if not around.exports:
        form = "--json" if figure.command else "--csv"
        return f"{clean(figure.source)} · <code>{clean(figure.again)} {form}</code>"
    links = " ".join(
        f'<a href="{clean(where)}"{" download" if name in _FILES else ""}>{clean(name)}{_of(figure)}</a>'
        for name, where in around.exports.items()
    )
    return f'<span class="hl-exports">{links}</span><span>{clean(figure.source)}</span>'


def section(figure: Figure, colours: Mapping[str, int], around: Around | None = None) -> str:
    """Return one figure as a section of a page: finding, key numbers, notes, chart, tables, definition."""
    around = around or Around()
    name, level = clean(figure.name), around.level
    head = (
        f'<p class="hl-question">{clean(figure.question)}</p>'
        f'<h{level} class="hl-title" id="{name}-title">{sentence(figure.title)}</h{level}>'
    )
    return (
        f'<section class="hl-figure" id="{name}"'
        f"{_labelled(figure, titled=around.titled)}>"
        f"{head if around.titled else ''}"
        f"{_tiles(figure)}{_notes(figure)}{_chart(figure, colours)}{_tables(figure, around)}"
        f"<details><summary>How it is made{_of(figure)}</summary><p>{clean(figure.definition)}</p></details>"
        f'<p class="hl-source">{_source(figure, around)}</p>'
        "</section>"
    )


def _labelled(figure: Figure, *, titled: bool) -> str:
    name = clean(figure.name)
    return f' aria-labelledby="{name}-title"' if titled else f' aria-label="{clean(figure.question)}"'


def colours_of(figures: Iterable[Figure]) -> Mapping[str, int]:
    """Return one colour for each channel that is drawn, the same in every figure of a page."""
    names: list[str] = []
    for figure in figures:
        picture = picture_of(figure)
        if picture and figure.chart and figure.chart.label in ("channel", "from"):
            names += [str(label) for label in picture.labels[:12]]
    return assigned(most_of(names))


def fragment(figure: Figure) -> str:
    """Return one figure with its style, to stand in a notebook or a page of another's making."""
    return f'<style>{style()}</style><div class="hl">{section(figure, colours_of([figure]))}</div>'


def page(figures: Sequence[Figure], title: str, banner: str | None = None) -> str:
    """Return a whole HTML file: contents, every figure with picture and table, light and dark.

    `banner` stands above all, such as that the data is made up. Whatever comes from data is escaped, and
    a content policy in the file forbids scripts and requests.
    """
    colours = colours_of(figures)
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
        f"{''.join(section(f, colours) for f in figures)}</main></div></body></html>"
    )


def _entry(figure: Figure) -> str:
    return figure.name.replace("_", " ").capitalize()
