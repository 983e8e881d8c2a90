"""What is shown: a report is a named table with units, intervals, n and a definition."""

from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

__all__ = ["Chart", "Column", "Figure", "Kind"]

Kind = Literal["text", "count", "money", "share", "number", "date", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is shown: its title, kind and unit, and where its interval lies.

    `low` and `high` name the columns with the ends of the 90 % interval; those are not shown alone.
    `why` names the column that says why a value is missing.
    """

    name: str
    title: str
    kind: Kind = "text"
    unit: str = ""
    low: str | None = None
    high: str | None = None
    n: str | None = None
    help: str = ""
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Which picture shows the table best.

    `kind` is `intervals` (dot and band, one row a label, one dot a series), `bars`, `flow` (headed
    columns and ribbons), `line` or `timeline` (lanes over time; the value is a second of the epoch, UTC, and
    `target` names what happened). The other fields name columns of the table, or of `data` where
    the picture has a table of its own. A ribbon goes from `label` to `target`, out of the column
    with the heading `order`. `title` says what is drawn and its unit.
    """

    kind: Literal["intervals", "bars", "flow", "line", "timeline"]
    label: str
    value: str
    series: str | None = None
    low: str | None = None
    high: str | None = None
    order: str | None = None
    target: str | None = None
    data: pa.Table | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A report's answer: the table and everything needed to read it rightly.

    Attributes:
        name: the report's name, as in `hearthline report NAME`.
        title: the finding as a sentence where it is computed, else a neutral noun.
        question: the question that it answers.
        definition: how the numbers are made: numerator, denominator, window, traps.
        columns: how each shown column is read, in order.
        rows: the table; may hold more columns than are shown (interval ends, keys).
        notes: warnings and mismatches, in words; never hidden.
        chart: the picture, where there is one.
        source: what it was computed from: the home, the run, the day.
        extra: key numbers in words, shown as tiles above the table.
        group: the column whose values part the table into sections, in order of appearance.
        across: the column (a model, say) whose values stand side by side: the chart's value by its
            label, before the whole table.
        command: what shows it, where that is not `hearthline report NAME`; prints JSON with `--json`.
    """

    name: str
    title: str
    question: str
    definition: str
    columns: tuple[Column, ...]
    rows: pa.Table
    notes: tuple[str, ...] = ()
    chart: Chart | None = None
    source: str = ""
    currency: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    group: str | None = None
    across: str | None = None
    command: str = ""

    @property
    def again(self) -> str:
        """The command that shows it, but for its form."""
        return self.command or f"hearthline report {self.name}"
