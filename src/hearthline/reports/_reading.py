"""What the reports read alike: the run, the models in order, and typed tables from rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from hearthline.reports import Answer
from hearthline.schema.figure import Column

__all__ = ["LAST", "MONEY", "Row", "default_model", "min_homes", "models", "rows", "run", "table"]

Row = dict[str, Any]
MONEY = pa.decimal128(24, 6)
LAST = "last_touch"
"""The model that others are compared with: what most tools show."""
_TYPES = {
    "text": pa.string(),
    "money": MONEY,
    "share": pa.float64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
}


def rows(answer: Answer, sql: str) -> list[Row]:
    """Return the rows of a SELECT as dicts."""
    found: list[Row] = answer.table(sql).to_pylist()
    return found


def run(answer: Answer) -> Row:
    """Return what is known about the run; an answer without that row gives an empty dict."""
    return next(iter(rows(answer, "SELECT * FROM run")), {})


def models(answer: Answer) -> list[Row]:
    """Return the models that gave an answer, the default one first, then last touch, then by title."""
    sql = f"""SELECT model, title, is_default FROM models WHERE state = 'ok'
             ORDER BY is_default DESC, model <> '{LAST}', title"""
    return rows(answer, sql)


def default_model(answer: Answer) -> Row:
    """Return the model that reports lead with: the default, else the first that gave an answer."""
    return next(iter(models(answer)), {"model": "", "title": "no model"})


def min_homes(about: Mapping[str, Any]) -> int:
    """Return how many homes a percentage needs."""
    return int(about.get("min_homes") or 30)


def _type(column: Column, values: Iterable[Any]) -> pa.DataType:
    if column.kind == "count":
        return pa.float64() if any(isinstance(v, float) for v in values) else pa.int64()
    return _TYPES[column.kind]


def _cast(value: Any, kind: pa.DataType) -> Any:
    return float(value) if value is not None and pa.types.is_floating(kind) else value


def table(found: Sequence[Row], columns: Sequence[Column], hidden: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows as a table: the columns, the ends of their intervals, their reasons, and hidden ones.

    Types follow from the columns' kinds, so that an empty table has the same columns as a full one.
    """
    types: dict[str, pa.DataType] = {}
    for column in columns:
        kind = _type(column, (r.get(column.name) for r in found))
        types[column.name] = kind
        types |= {end: kind for end in (column.low, column.high) if end}
        if column.why:
            types[column.why] = pa.string()
    types |= hidden
    arrays = [pa.array([_cast(r.get(name), kind) for r in found], kind) for name, kind in types.items()]
    return pa.Table.from_arrays(arrays, names=list(types))
