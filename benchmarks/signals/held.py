"""What a report says of a town beside what is true of it, with its interval: one line of the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Line", "Rows", "cell", "row_of", "rows_of"]

Rows = list[dict[str, Any]]
_FORMS = {
    "share": "{:.0%}",
    "percent": "{:.1%}",
    "count": "{:,.0f}",
    "number": "{:.1f}",
    "times": "{:.2f}",
    "points": "{:+.1f} pp",
    "money": "€{:,.0f}",
    "euros": "€{:,.2f}",
}


@dataclass(frozen=True)
class Line:
    """One figure of a report: what it says, the ends of its 90 % interval if it has one, what is true."""

    report: str
    what: str
    form: str
    said: float | None
    true: float | None
    low: float | None = None
    high: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the interval holds the truth; None: it has none, or nothing was said."""
        if self.said is None or self.true is None or self.low is None or self.high is None:
            return None
        return self.low - 1e-9 <= self.true <= self.high + 1e-9


def cell(line: Line | None) -> str:
    """Return what was said with its interval, and what is true; a star where the interval misses it."""
    if line is None:
        return "–"
    form = _FORMS[line.form].format
    if line.said is None:
        return "–" if line.true is None else f"not said / {form(line.true)}".replace("-", "−")
    ends = "" if line.low is None else f" ({form(line.low)} to {form(line.high)})"
    true = "–" if line.true is None or np.isnan(line.true) else form(line.true)
    return f"{form(line.said)}{ends} / {true}{' *' if line.holds is False else ''}".replace("-", "−")


def rows_of(home: Any, report: str) -> Rows:
    """Return the rows of a report of a home."""
    found: Rows = home.report(report).figure.rows.to_pylist()
    return found


def row_of(rows: Sequence[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """Return the first row with these values; an empty one where there is none."""
    return next((r for r in rows if all(r.get(k) == v for k, v in wanted.items())), {})
