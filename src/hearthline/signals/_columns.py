"""What signals share of columns: documented schemas, groups of sorted rows, instants as days."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["DAY_US", "WHEN", "Floats", "Ints", "days_of", "groups", "made", "micros", "schema", "sorted_by"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHEN: Final = pa.timestamp("us", tz="UTC")
DAY_US: Final = 86_400_000_000


def schema(**columns: tuple[pa.DataType, str]) -> pa.Schema:
    """Return a schema whose fields say what they are.

    >>> schema(unit=(pa.int64(), "key of the household")).field("unit").metadata[b"help"]
    b'key of the household'
    """
    return pa.schema([pa.field(n, kind, metadata={"help": told}) for n, (kind, told) in columns.items()])


def made(kind: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """Return columns as a table of that schema; NaN becomes null."""
    arrays = []
    for field in kind:
        value = columns[field.name]
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            value = pa.array(value, mask=np.isnan(value))
        arrays.append((value if isinstance(value, pa.Array) else pa.array(value)).cast(field.type))
    return pa.Table.from_arrays(arrays, schema=kind)


def sorted_by(rows: pa.Table, *columns: str) -> pa.Table:
    """Return the rows in the order of these columns, then of all others, so that equal rows cannot differ."""
    rest = [n for n in rows.column_names if n not in columns]
    return rows.sort_by([(n, "ascending") for n in (*columns, *rest)])


def groups(*keys: pa.ChunkedArray) -> Ints:
    """Return the number of each row's group (0, 1, ...) where rows of a group are neighbours.

    >>> groups(pa.chunked_array([[7, 7, 9]]), pa.chunked_array([["a", "b", "b"]])).tolist()
    [0, 1, 2]
    """
    n = len(keys[0])
    new = np.zeros(n, dtype=np.bool_)
    for key in keys:
        code = pc.fill_null(key.combine_chunks().dictionary_encode().indices, -1).to_numpy()
        new[1:] |= code[1:] != code[:-1]
    out: Ints = np.cumsum(new)
    return out


def micros(moment: datetime) -> int:
    """Return a moment in microseconds since 1970 (UTC)."""
    return int(moment.timestamp() * 1_000_000)


def days_of(times: pa.ChunkedArray, since: datetime) -> Floats:
    """Return how many days after `since` each time is (negative: before)."""
    us = times.combine_chunks().cast(pa.int64()).to_numpy()
    out: Floats = (us - micros(since)) / DAY_US
    return out
