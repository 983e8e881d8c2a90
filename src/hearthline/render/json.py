"""A figure as plain values that any JSON writer takes; money stays exact as a string."""

from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from hearthline.schema.figure import Column, Figure

__all__ = ["json_ready", "scalar"]

_SAFE = 2**53
"""From here on a whole number, such as a household's key, is text: scripts would round it."""


def scalar(value: Any) -> Any:
    """Return one value as JSON and CSV write it: exact money, ISO times in UTC, null for NaN."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return None if isinstance(value, float) and not isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, int) and abs(value) >= _SAFE:
        return str(value)
    return scalar(value)


def _column(column: Column, currency: str) -> dict[str, str]:
    unit = column.unit or (currency if column.kind == "money" else "")
    told = {"name": column.name, "title": column.title, "kind": column.kind, "unit": unit}
    more = {"low": column.low, "high": column.high, "n": column.n, "why": column.why, "help": column.help}
    return told | {key: value for key, value in more.items() if value}


def _chart(figure: Figure) -> dict[str, Any] | None:
    """Return how the chart reads its table; `own`: it has one that is not the rows (`?table=chart`)."""
    if figure.chart is None:
        return None
    names = ("kind", "label", "value", "series", "low", "high", "order", "target", "title")
    return {n: getattr(figure.chart, n) for n in names} | {"own": figure.chart.data is not None}


def json_ready(figure: Figure) -> dict[str, Any]:
    """Return the figure as dicts, lists, strings and numbers.

    Money is a string with all its digits, a time is ISO 8601 in UTC, a share is a part of 1, a value
    that is missing or not a number is null, a key too long for a script's numbers is text. Rows hold
    every column, also those not shown.
    """
    return {
        "name": figure.name,
        "title": figure.title,
        "question": figure.question,
        "definition": figure.definition,
        "currency": figure.currency,
        "group": figure.group,
        "across": figure.across,
        "chart": _chart(figure),
        "columns": [_column(c, figure.currency) for c in figure.columns],
        "rows": [_plain(row) for row in figure.rows.to_pylist()],
        "notes": list(figure.notes),
        "key_numbers": dict(figure.extra),
        "source": figure.source,
    }
