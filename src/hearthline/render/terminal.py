"""A figure in the terminal: as wide as it is, plain when piped, nothing left out without saying so."""

from collections.abc import Sequence
from dataclasses import replace

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hearthline.render.svg.marks import kind_of
from hearthline.render.tables import Cell, Section, heading, matrix, sections
from hearthline.schema.figure import Column, Figure

__all__ = ["show"]

_ROWS, _MATRIX_ROWS = 14, 12
_NUMERIC = ("count", "money", "share", "number")
_BAR = 22
_MOST_TEXT = (44, 34, 26, 20)


def _said(cell: Cell) -> str:
    return f"{cell.text} ({cell.interval})" if cell.interval else cell.text


def _head(column: Column, currency: str) -> str:
    return heading(column, currency).replace(", ", " ") if column.kind in _NUMERIC else column.title


def _width(section: Section, i: int, currency: str, most: int) -> int:
    """Return how many columns of the screen a table's column takes; text beyond `most` wraps."""
    column = section.columns[i]
    cells = max((Text(_said(r[i])).cell_len for r in section.rows), default=0)
    head = _head(column, currency)
    if column.kind in _NUMERIC:
        return max(cells, *(Text(w).cell_len for w in head.split()))
    return min(most, max(cells, Text(head).cell_len))


def _fitting(section: Section, currency: str, width: int) -> dict[int, int]:
    """Return the columns that fit with their widths; text is wrapped before a column is left out."""
    found: dict[int, int] = {}
    for most in _MOST_TEXT:
        kept, used = {}, 0
        for i in range(len(section.columns)):
            need = _width(section, i, currency, most)
            if i == 0 or used + need <= width:
                kept[i] = need
                used += need + 2
        if len(kept) > len(found):
            found = kept
        if len(found) == len(section.columns):
            break
    return found


def _bar(cell: Cell, low: float, high: float) -> str:
    """Return a dot on its band, drawn with signs, on a scale from low to high."""
    if cell.value is None or cell.low is None or cell.high is None or high <= low:
        return ""
    place = [round((v - low) / (high - low) * (_BAR - 1)) for v in (cell.low, cell.value, cell.high)]
    first, dot, last = (max(0, min(_BAR - 1, p)) for p in place)
    return " " * first + "━" * (dot - first) + "●" + "━" * (last - dot)


def _bars(section: Section, i: int) -> list[str]:
    cells = [r[i] for r in section.rows]
    ends = [e for c in cells for e in (c.low, c.high) if e is not None]
    if not ends:
        return []
    return [_bar(c, min(0.0, *ends), max(ends)) for c in cells]


def _charted(section: Section, kept: Sequence[int]) -> int | None:
    """Return the first shown column with intervals: the one that gets a bar."""
    found = (i for i in kept if any(r[i].low is not None for r in section.rows))
    shares = [i for i in found if section.columns[i].kind == "share"]
    return shares[0] if shares else None


def _table(section: Section, figure: Figure, console: Console, room: int) -> tuple[Table, list[Column]]:
    """Return the table and the columns that do not fit; `room` is kept free for a bar."""
    kept = _fitting(section, figure.currency, console.width - room)
    dropped = [c for i, c in enumerate(section.columns) if i not in kept]
    plain = not console.is_terminal
    # The heads' rule brings a column of its own between columns: with it, two signs apart either way.
    between = (0, 2, 0, 0) if plain else (0, 1, 0, 0)
    rule = None if plain else box.SIMPLE_HEAD
    table = Table(box=rule, pad_edge=False, padding=between, header_style="dim")
    table.show_edge = False
    used = sum(kept.values()) + 2 * len(kept)
    charted = _charted(section, list(kept))
    bars = _bars(section, charted) if charted is not None and not plain else []
    if used + _BAR > console.width:
        bars = []
    for i, width in kept.items():
        column = section.columns[i]
        head = Text(_head(column, figure.currency))
        numeric = column.kind in _NUMERIC
        table.add_column(head, justify="right" if numeric else "left", overflow="fold", width=width)
        if bars and i == charted:
            table.add_column("", no_wrap=True, width=_BAR)
    for n, row in enumerate(section.rows):
        cells: list[Text] = []
        for i in kept:
            cells.append(_styled(row[i], first=i == 0))
            if bars and i == charted:
                cells.append(Text(bars[n], style="cyan"))
        table.add_row(*cells)
    return table, dropped


def _styled(cell: Cell, *, first: bool) -> Text:
    said = Text(cell.text, style="" if first else "default")
    if cell.interval:
        said.append(f" ({cell.interval})", style="dim")
    return said


def _reasons(section: Section) -> list[str]:
    """Return the reasons of missing values, each once."""
    return list(dict.fromkeys(c.why for row in section.rows for c in row if c.why))


def _put(section: Section, figure: Figure, console: Console, at: str, room: int = 0) -> None:
    if section.title:
        console.print()
        console.print(Text(section.title, style="bold"))
    if not section.rows:
        console.print(Text("no rows", style="dim"))
        return
    table, dropped = _table(section, figure, console, room)
    console.print()
    console.print(table)
    told = [f"–: {'; '.join(_reasons(section)[:4])}"] if _reasons(section) else []
    if section.left_out:
        told.append(
            f"{section.left_out:,} more rows: {figure.again}{at} {'--json' if figure.command else '--csv'}"
        )
    if dropped:
        names = ", ".join(dict.fromkeys(c.title for c in dropped))
        told.append(f"not shown at this width: {names}")
    for line in told:
        console.print(Text(line, style="dim"))


def _tiles(figure: Figure, console: Console) -> None:
    """Print the key numbers, as many beside each other as fit."""
    if not figure.extra:
        return
    wide = max(max(Text(k).cell_len, Text(v).cell_len) for k, v in figure.extra.items()) + 3
    most = max(1, console.width // wide)
    items = list(figure.extra.items())
    for start in range(0, len(items), most):
        grid = Table.grid(padding=(0, 3, 0, 0))
        part = items[start : start + most]
        for _ in part:
            grid.add_column(overflow="fold")
        grid.add_row(*(Text(v, style="bold") for _, v in part))
        grid.add_row(*(Text(k, style="dim") for k, _ in part))
        console.print(Padding(grid, (0, 0, 1, 0)))


def _picture(figure: Figure, console: Console, at: str) -> None:
    """Print a chart of intervals that the tables do not hold: series side by side, the first with bars."""
    chart = figure.chart
    named = {c.name for c in figure.columns}
    if chart is None or chart.kind != "intervals" or chart.series is None or chart.label in named:
        return
    if chart.data is None or not chart.data.num_rows:
        return
    titles = {c.name: c.title for c in figure.columns}
    kind = kind_of(figure, chart)
    value = titles.get(chart.value, "Share" if kind == "share" else chart.value.capitalize())
    columns = (
        Column(chart.label, chart.label.capitalize()),
        Column(chart.value, value, kind, low=chart.low, high=chart.high),
    )
    drawn = replace(figure, columns=columns, rows=chart.data, group=None, across=chart.series)
    room = _BAR + 2 if console.is_terminal else 0
    for section in matrix(drawn, _MATRIX_ROWS):
        _put(replace(section, title=chart.title), drawn, console, at, room)


def show(figure: Figure, console: Console, at: str = "") -> None:
    """Print the figure: finding, question, key numbers, notes, tables, and where it comes from."""
    console.print(Text(figure.title, style="bold"))
    console.print(Text(figure.question, style="dim"))
    console.print()
    _tiles(figure, console)
    for note in figure.notes:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(Text("›", style="yellow"), Text(note))
        console.print(grid)
    _picture(figure, console, at)
    wide = _BAR + 2 if console.is_terminal and console.width >= 100 and figure.across else 0
    for section in matrix(figure, _MATRIX_ROWS) or sections(figure, _ROWS):
        _put(section, figure, console, at, wide)
    console.print()
    more = f"{figure.again}{at} --json" if figure.command else f"{figure.again}{at} --csv | --json | --html"
    console.print(Text(f"{figure.source} · intervals are 90% · {more}", style="dim"))
