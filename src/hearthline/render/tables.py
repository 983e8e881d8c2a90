"""A figure's rows as the tables that every surface shows: sections of cells, already put into words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hearthline.schema import text
from hearthline.schema.figure import Column, Figure

__all__ = ["Cell", "Opens", "Section", "cell_of", "heading", "matrix", "sections"]

Row = dict[str, Any]
Opens = Callable[[Row, Column], str]
"""Where a value leads when it is followed: an address, or nothing."""


class Cell(NamedTuple):
    """One value in words: its text, its interval in words, why it is missing, its numbers, where it opens."""

    text: str
    interval: str = ""
    why: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    opens: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One table: its title, columns and cells row by row, and how many rows are left out."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int = 0


def _words(value: Any, column: Column, currency: str) -> str:
    """Return one value in words, as its column says."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return text.moment(value).removesuffix(" UTC") if column.kind == "time" else text.day(value.date())
    if isinstance(value, date):
        return text.day(value)
    if isinstance(value, list | tuple):
        return " › ".join(map(str, value))
    if not isinstance(value, int | float | Decimal):
        return str(value)
    say: dict[str, Callable[[Any], str]] = {
        "money": lambda v: text.amount(v, currency),
        "share": text.share,
        "count": text.count,
        "number": lambda v: f"{v:,.2f}".replace("-", text.MINUS),
    }
    return say.get(column.kind, str)(value)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | Decimal) and value != value)  # noqa: PLR0124 - NaN


def _interval(low: Any, high: Any, column: Column, currency: str) -> str:
    if column.kind == "money":
        return text.amount_interval(low, high, currency)
    if column.kind == "share":
        return text.interval(text.share(low, sign=False), text.share(high, sign=False))
    return text.interval(_words(low, column, currency), _words(high, column, currency))


def cell_of(row: Row, column: Column, currency: str) -> Cell:
    """Return one cell of a row: a missing value is a dash with its reason, never 0.

    >>> column = Column("part", "Share", "share", low="a", high="b")
    >>> cell_of({"part": 0.34, "a": 0.31, "b": 0.37}, column, "EUR")[:2]
    ('34%', '31–37')
    """
    value = row.get(column.name)
    if _missing(value):
        reason = row.get(column.why) if column.why else None
        return Cell(text.MISSING, why=str(reason or ""))
    number = float(value) if isinstance(value, int | float | Decimal) else None
    words = _words(value, column, currency)
    low = row[column.low] if column.low else None
    high = row[column.high] if column.high else None
    if low is None or high is None or _missing(low) or _missing(high) or low == value == high:
        return Cell(words, value=number)
    return Cell(words, _interval(low, high, column, currency), "", number, float(low), float(high))


def heading(column: Column, currency: str) -> str:
    """Return a column's title with its unit: the unit stands here, not in each cell."""
    units = {"money": currency, "time": "UTC"}
    unit = column.unit or units.get(column.kind, "")
    return f"{column.title}, {unit}" if unit else column.title


def _grouped(figure: Figure, rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    if figure.group is None:
        yield "", list(rows)
        return
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row[figure.group] or ""), []).append(row)
    yield from groups.items()


def _told(cells: Sequence[Cell]) -> bool:
    """Return whether a column says anything in this section: a value, or why there is none."""
    return any(c.text != text.MISSING or c.why for c in cells)


def _without_silent_columns(section: Section) -> Section:
    if not section.rows:
        return section
    kept = [i for i in range(len(section.columns)) if i == 0 or _told([r[i] for r in section.rows])]
    columns = tuple(section.columns[i] for i in kept)
    return replace(section, columns=columns, rows=tuple(tuple(r[i] for i in kept) for r in section.rows))


def _nowhere(row: Row, column: Column) -> str:  # noqa: ARG001 # the shape of an `Opens`
    return ""


def _cells(row: Row, columns: Sequence[Column], currency: str, opens: Opens) -> tuple[Cell, ...]:
    return tuple(cell_of(row, c, currency)._replace(opens=opens(row, c)) for c in columns)


def sections(figure: Figure, limit: int | None = None, opens: Opens = _nowhere) -> list[Section]:
    """Return the figure's rows as tables, one a group, each cut to `limit` rows and counting the rest."""
    columns = tuple(c for c in figure.columns if c.name != figure.group)
    found = []
    for title, rows in _grouped(figure, figure.rows.to_pylist()):
        shown = rows[:limit]
        cells = tuple(_cells(r, columns, figure.currency, opens) for r in shown)
        found.append(_without_silent_columns(Section(title, columns, cells, len(rows) - len(shown))))
    return found


def matrix(figure: Figure, limit: int | None = None, opens: Opens = _nowhere) -> list[Section]:
    """Return tables with the values of `figure.across` side by side, one a group; none without it.

    Each cell is the chart's value with its interval. Rows and columns keep their order of appearance.
    """
    across, chart = figure.across, figure.chart
    if across is None or chart is None:
        return []
    by_name = {c.name: c for c in figure.columns}
    label, value = by_name[chart.label], by_name[chart.value]
    found = []
    for title, rows in _grouped(figure, figure.rows.to_pylist()):
        heads = list(dict.fromkeys(str(r[across]) for r in rows))
        columns = (label, *(replace(value, name=h, title=h) for h in heads))
        by_label: dict[Any, dict[str, Row]] = {}
        for row in rows:
            by_label.setdefault(row[chart.label], {})[str(row[across])] = row
        cells = tuple(
            (
                cell_of({label.name: name}, label, figure.currency),
                *(c for h in heads for c in _cells(by_head.get(h, {}), [value], figure.currency, opens)),
            )
            for name, by_head in list(by_label.items())[:limit]
        )
        found.append(Section(title, columns, cells, len(by_label) - len(cells)))
    return found
