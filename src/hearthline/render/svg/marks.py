"""What a chart draws, read from a figure: labels, series, values and the ends of their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from hearthline.schema.figure import Chart, Figure, Kind

__all__ = ["Mark", "Picture", "kind_of", "picture_of"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of one series at one label; `low` and `high` are both there or both None."""

    label: Any
    series: str
    value: float
    low: float | None = None
    high: float | None = None
    target: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The marks of a figure and how their values are said."""

    marks: tuple[Mark, ...]
    kind: str
    currency: str
    title: str
    colours: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> list[Any]:
        """The labels in order of appearance."""
        return list(dict.fromkeys(m.label for m in self.marks))

    @property
    def series(self) -> list[str]:
        """The series in order of appearance."""
        return list(dict.fromkeys(m.series for m in self.marks))

    def of(self, label: Any) -> list[Mark]:
        """Return the marks at one label."""
        return [m for m in self.marks if m.label == label]


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if isfinite(number) else None


def _mark(row: Mapping[str, Any], chart: Chart) -> Mark | None:
    value = _number(row[chart.value])
    if value is None or row[chart.label] is None:
        return None
    low = _number(row[chart.low]) if chart.low else None
    high = _number(row[chart.high]) if chart.high else None
    known = low is not None and high is not None
    return Mark(
        row[chart.label],
        str(row[chart.series]) if chart.series else "",
        value,
        low if known else None,
        high if known else None,
        str(row[chart.target] or "") if chart.target else "",
        str(row[chart.order] or "") if chart.order else "",
    )


def kind_of(figure: Figure, chart: Chart) -> Kind:
    """Return how the value is said: as its column does, else by the type of its numbers."""
    for column in figure.columns:
        if column.name == chart.value:
            return column.kind
    data = figure.rows if chart.data is None else chart.data
    whole = data.schema.field(chart.value).type in ("int64", "int32")
    return "count" if whole else "money"


def picture_of(figure: Figure, colours: Mapping[str, int] | None = None) -> Picture | None:
    """Return what the figure's chart draws; None where there is no chart, or nothing to draw."""
    chart = figure.chart
    if chart is None:
        return None
    data: Sequence[Mapping[str, Any]] = (figure.rows if chart.data is None else chart.data).to_pylist()
    marks = tuple(m for m in (_mark(row, chart) for row in data) if m is not None)
    if not marks:
        return None
    return Picture(marks, kind_of(figure, chart), figure.currency, chart.title or figure.title, colours or {})
