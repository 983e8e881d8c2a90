"""A figure narrowed by what an address asks for: equality on its text columns, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from hearthline import reports
from hearthline.schema.figure import Chart, Column, Figure
from hearthline.server.api.errors import Refusal

__all__ = ["RESERVED", "asked_of", "choices", "narrowed"]

RESERVED = frozenset({"limit", "offset", "format", "theme", "model", "token", "table"})
Asked = Mapping[str, Sequence[str]]


def _text_columns(table: pa.Table) -> set[str]:
    return {f.name for f in table.schema if pa.types.is_string(f.type)}


def asked_of(figure: Figure, pairs: Sequence[tuple[str, str]], *, strict: bool) -> dict[str, list[str]]:
    """Return what an address asks of a figure: column to wanted values.

    Args:
        figure: the figure.
        pairs: the address's parameters in order; a name may come several times.
        strict: whether a name that is no text column of the figure is refused, or left to others.

    Raises:
        Refusal: 400, with the columns that there are.
    """
    known, asked = _text_columns(figure.rows), dict[str, list[str]]()
    for name, value in pairs:
        if name in known:
            asked.setdefault(name, []).append(value)
        elif strict and name not in RESERVED - {"model"}:
            cure = f"filter by one of {', '.join(sorted(known))}"
            raise Refusal(400, "bad-request", f"{figure.name} has no text column {name[:60]!r}", cure)
    return asked


def choices(figure: Figure, column: str) -> list[str]:
    """Return the values of a text column in order of appearance."""
    if column not in figure.rows.column_names:
        return []
    return [v for v in dict.fromkeys(figure.rows[column].to_pylist()) if v is not None]


def _kept(table: pa.Table, asked: Asked) -> pa.Table:
    for column, wanted in asked.items():
        table = table.filter(pc.is_in(table[column], value_set=pa.array(wanted, pa.string())))
    return table


def _chart(chart: Chart | None, figure: Figure, asked: Asked) -> Chart | None:
    """Return the chart of the rows that are left: from its own table, or else from the rows."""
    if chart is None or chart.data is None:
        return chart
    if set(asked) <= set(chart.data.column_names):
        return replace(chart, data=_kept(chart.data, asked))
    needed = {n for n in (chart.label, chart.value, chart.series, chart.low, chart.high) if n}
    return replace(chart, data=None) if needed <= set(figure.rows.column_names) else None


def _told_already(column: Column, rows: pa.Table, figure: Figure) -> bool:
    """Return whether a column of words says the same in every row that is left: what was asked for."""
    label = figure.chart.label if figure.chart else figure.columns[0].name
    if column.kind != "text" or column.name in (label, figure.across) or rows.num_rows < 2:
        return False
    values = rows[column.name].to_pylist()
    return values[0] is not None and len(set(values)) == 1


def narrowed(figure: Figure, asked: Asked) -> Figure:
    """Return the figure with the rows that were asked for, and a title that is true of them."""
    if not asked:
        return figure
    report = reports.load(figure.name)
    rows = _kept(figure.rows, asked)
    columns = tuple(c for c in figure.columns if c.name == figure.group or not _told_already(c, rows, figure))
    less = replace(figure, rows=rows, columns=columns, chart=_chart(figure.chart, figure, asked))
    said = getattr(report, "titled", None)
    return replace(less, title=said(less) if said else report.TITLE)
